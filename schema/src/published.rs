//! The JSON Schemas of webhooks, as a server gives them to those who send and receive; written by caffis-gen.

/// The schema of one kind of webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// The kind, such as `user.upserted`.
    pub kind: &'static str,
    /// Where it lies among the others, such as `hooks/v1/user.upserted.json`.
    pub path: &'static str,
    /// The schema (JSON Schema 2020-12) of the whole body.
    pub text: &'static str,
}

macro_rules! published {
    ($folder:literal: $($kind:literal)*) => {
        &[$(Published {
            kind: $kind,
            path: concat!($folder, "/", $kind, ".json"),
            text: include_str!(concat!("../", $folder, "/", $kind, ".json")),
        }),*]
    };
}

/// Of what other services tell the chat, in the order of [`HookEvent::KINDS`](crate::hooks::HookEvent::KINDS).
pub const HOOKS: &[Published] = published!("hooks/v1":
    "user.upserted"
    "user.deleted"
    "invitation.accepted"
    "meetup.updated"
    "meetup.cancelled"
    "match.created"
    "match.ended"
    "booking.opened"
    "booking.participants"
    "booking.closed"
    "dispute.opened"
    "dispute.closed"
    "cafe.opened"
    "cafe.closed"
    "relationship.blocked"
    "relationship.unblocked"
    "relationship.disconnected");

/// Of what the chat tells other services, in the order of [`ChatEvent::KINDS`](crate::outgoing::ChatEvent::KINDS).
pub const EVENTS: &[Published] = published!("events/v1":
    "chat.message.created"
    "chat.message.edited"
    "chat.message.deleted"
    "room.created"
    "room.context.updated"
    "member.joined"
    "member.left"
    "message.reported"
    "user.presence");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{hooks::HookEvent, outgoing::ChatEvent};

    #[test]
    fn every_kind_is_published() {
        let kinds = |list: &[Published]| list.iter().map(|each| each.kind).collect::<Vec<_>>();
        assert_eq!(kinds(HOOKS), HookEvent::KINDS);
        assert_eq!(kinds(EVENTS), ChatEvent::KINDS);
    }
}
