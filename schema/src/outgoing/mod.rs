//! What the chat tells other services by webhook: the kinds of events and their bodies.
//!
//! A body is `{"type": kind, "timestamp": time, "data": {…}}`, as of the webhooks that come in. The JSON
//! Schemas in `schema/events` are generated from these types. Within [`EVENTS_VERSION`] kinds and fields are
//! added, nothing else changes, so receivers skip what they do not know. To add a kind, write its data in a
//! file here and give it a line in `events!`; core says from what it follows (`outgoing/kinds`).

mod changes;
mod members;
mod messages;
mod presence;
mod reports;
mod rooms;

use postcard_schema::{Schema as _, schema::NamedType};
use serde::Serialize;

pub use self::{
    changes::{MessageDeleted, MessageEdited},
    members::{MembersJoined, MembersLeft},
    messages::{BodyKind, MessageCreated, RECIPIENTS, Recipient},
    presence::UserPresence,
    reports::MessageReported,
    rooms::{About, ContextState, ContextUpdated, RoomCreated},
};
use crate::{hooks::values::Moment, numbers::Timestamp};

/// The version of the kinds and their schemas.
pub const EVENTS_VERSION: u32 = 1;

/// Declares the kinds of events.
macro_rules! events {
    ($( $(#[$meta:meta])* $wire:literal $variant:ident($data:ident), )*) => {
        /// What happened in the chat.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        #[serde(untagged)]
        #[allow(clippy::large_enum_variant, reason = "events are made and written one by one")]
        pub enum ChatEvent {
            $( $(#[$meta])* $variant($data), )*
        }

        impl ChatEvent {
            /// The names of the kinds.
            pub const KINDS: &'static [&'static str] = &[ $( $wire, )* ];

            /// What the data of each kind is made of, in the same order.
            pub const SCHEMAS: &'static [&'static NamedType] = &[ $( <$data>::SCHEMA, )* ];

            /// The name of the event's kind.
            #[must_use]
            pub fn kind(&self) -> &'static str {
                match self {
                    $( Self::$variant(_) => $wire, )*
                }
            }
        }
    };
}

events! {
    /// A message was sent.
    "chat.message.created" MessageCreated(MessageCreated),
    /// The words of a message changed.
    "chat.message.edited" MessageEdited(MessageEdited),
    /// A message was deleted for everyone.
    "chat.message.deleted" MessageDeleted(MessageDeleted),
    /// A room was made.
    "room.created" RoomCreated(RoomCreated),
    /// What a room is about is new or changed.
    "room.context.updated" ContextUpdated(ContextUpdated),
    /// Members joined a room.
    "member.joined" MembersJoined(MembersJoined),
    /// A member left a room, or was removed.
    "member.left" MembersLeft(MembersLeft),
    /// Somebody reported a message to the moderators.
    "message.reported" MessageReported(MessageReported),
    /// A person can be reached, or not any more.
    "user.presence" UserPresence(UserPresence),
}

#[derive(Serialize)]
struct Envelope<'a> {
    r#type: &'static str,
    timestamp: Moment,
    data: &'a ChatEvent,
}

impl ChatEvent {
    /// The body of the webhook that tells this event, which happened at a time.
    #[must_use]
    pub fn body(&self, time: Timestamp) -> Vec<u8> {
        let envelope = Envelope { r#type: self.kind(), timestamp: Moment(time), data: self };
        // Nothing in an event fails to be written: no maps, and no numbers but whole ones.
        serde_json::to_vec(&envelope).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{ids::UserId, room::Availability};

    #[test]
    fn a_body_has_its_kind_its_time_and_its_data() {
        let user = UserId::new("u_81").expect("an id");
        let availability = Availability::Offline;
        let event = ChatEvent::UserPresence(UserPresence { user, availability, last_seen: None });
        let body: serde_json::Value =
            serde_json::from_slice(&event.body(Timestamp(1_764_158_400_000))).expect("JSON");
        let data = json!({"user": "u_81", "availability": "offline", "last_seen": null});
        let whole = json!({
            "type": "user.presence", "timestamp": "2025-11-26T12:00:00Z", "data": data,
        });
        assert_eq!(body, whole);
    }
}
