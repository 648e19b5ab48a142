//! What other services tell the chat by webhook: the envelope, the kinds of events, the answer.
//!
//! An event tells the whole state of one thing (a user, a room's context, what is between two people) and
//! that state's version, so late and repeated ones are told from new ones. A body is
//! `{"type": kind, "timestamp": time, "data": {…}}`. The JSON Schemas in `schema/hooks` are generated
//! from these types. Within [`HOOKS_VERSION`] kinds and optional fields are added, nothing else changes.

mod clock;
pub mod contexts;
pub mod limits;
pub mod places;
pub mod relationships;
pub mod users;
pub mod values;

use postcard_schema::{Schema as _, schema::NamedType};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use self::{
    contexts::{BookingParticipants, BusinessOpened, CafeOpened, Ended, MatchCreated, Meetup},
    relationships::Relationship,
    users::{UserDeleted, UserUpserted},
    values::{ContextId, Moment},
};
use crate::{
    ids::{RoomId, UserId},
    json,
};

/// The version of the kinds and their schemas.
pub const HOOKS_VERSION: u32 = 1;

/// Declares the kinds of events.
macro_rules! kinds {
    ($( $(#[$meta:meta])* $wire:literal $variant:ident($data:ident), )*) => {
        /// What happened elsewhere.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum HookEvent {
            $( $(#[$meta])* $variant($data), )*
        }

        impl HookEvent {
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

            fn from_data(kind: &str, data: &RawValue) -> Result<Self, HookError> {
                match kind {
                    $( $wire => json::from_slice(data.get().as_bytes())
                        .map(Self::$variant)
                        .map_err(|error| HookError::Data { kind: $wire, reason: plain(&error) }), )*
                    _ => Err(HookError::UnknownKind),
                }
            }
        }
    };
}

kinds! {
    /// A user is new or changed.
    "user.upserted" UserUpserted(UserUpserted),
    /// A user is gone.
    "user.deleted" UserDeleted(UserDeleted),
    /// An invitation to a meetup was accepted.
    "invitation.accepted" InvitationAccepted(Meetup),
    /// A meetup is new or changed.
    "meetup.updated" MeetupUpdated(Meetup),
    /// A meetup will not take place.
    "meetup.cancelled" MeetupCancelled(Ended),
    /// People matched.
    "match.created" MatchCreated(MatchCreated),
    /// A match is over: nobody writes in its room any more.
    "match.ended" MatchEnded(Ended),
    /// A booking is new, changed or open again.
    "booking.opened" BookingOpened(BusinessOpened),
    /// Who belongs to a booking changed.
    "booking.participants" BookingParticipants(BookingParticipants),
    /// A booking is over: nobody writes in its room any more.
    "booking.closed" BookingClosed(Ended),
    /// A dispute is new, changed or open again.
    "dispute.opened" DisputeOpened(BusinessOpened),
    /// A dispute is over: nobody writes in its room any more.
    "dispute.closed" DisputeClosed(Ended),
    /// A cafe is new, changed or open again.
    "cafe.opened" CafeOpened(CafeOpened),
    /// A cafe has closed: nobody writes in its room any more.
    "cafe.closed" CafeClosed(Ended),
    /// A person blocks another one.
    "relationship.blocked" RelationshipBlocked(Relationship),
    /// A person blocks another one no longer.
    "relationship.unblocked" RelationshipUnblocked(Relationship),
    /// A person broke off with another one.
    "relationship.disconnected" RelationshipDisconnected(Relationship),
}

impl HookEvent {
    /// The user whose state it tells.
    #[must_use]
    pub fn user(&self) -> Option<&UserId> {
        match self {
            Self::UserUpserted(user) => Some(&user.id),
            Self::UserDeleted(user) => Some(&user.id),
            _ => None,
        }
    }

    /// What it tells of two people: who did it, and to whom.
    #[must_use]
    pub fn relationship(&self) -> Option<&Relationship> {
        match self {
            Self::RelationshipBlocked(event)
            | Self::RelationshipUnblocked(event)
            | Self::RelationshipDisconnected(event) => Some(event),
            _ => None,
        }
    }

    /// What a room is about of which it tells: the type of the context, and which one.
    #[must_use]
    pub fn context(&self) -> Option<(&'static str, &ContextId)> {
        Some(match self {
            Self::UserUpserted(_)
            | Self::UserDeleted(_)
            | Self::RelationshipBlocked(_)
            | Self::RelationshipUnblocked(_)
            | Self::RelationshipDisconnected(_) => return None,
            Self::InvitationAccepted(event) | Self::MeetupUpdated(event) => ("meetup", &event.id),
            Self::MeetupCancelled(event) => ("meetup", &event.id),
            Self::MatchCreated(event) => ("match", &event.id),
            Self::MatchEnded(event) => ("match", &event.id),
            Self::BookingOpened(event) => ("booking", &event.id),
            Self::BookingParticipants(event) => ("booking", &event.id),
            Self::BookingClosed(event) => ("booking", &event.id),
            Self::DisputeOpened(event) => ("dispute", &event.id),
            Self::DisputeClosed(event) => ("dispute", &event.id),
            Self::CafeOpened(event) => ("cafe", &event.id),
            Self::CafeClosed(event) => ("cafe", &event.id),
        })
    }
}

/// The body of a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// When it happened.
    pub time: Moment,
    /// What happened.
    pub event: HookEvent,
}

/// Why a body is no webhook.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HookError {
    /// It is not JSON, or not with these three fields.
    #[error("The body is not {{\"type\", \"timestamp\", \"data\"}}: {0}.")]
    Envelope(String),
    /// There is no such kind of event.
    #[error("There is no such kind of event.")]
    UnknownKind,
    /// The data do not fit the kind.
    #[error("The data of {kind} do not fit its schema: {reason}.")]
    Data {
        /// The kind.
        kind: &'static str,
        /// What does not fit.
        reason: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    r#type: String,
    timestamp: Moment,
    /// As it came, so that a field that is there twice is seen.
    data: Box<RawValue>,
}

impl Hook {
    /// The webhook in a body.
    ///
    /// # Errors
    /// Why there is none.
    pub fn decode(body: &[u8]) -> Result<Self, HookError> {
        let envelope: Envelope =
            json::from_slice(body).map_err(|error| HookError::Envelope(plain(&error)))?;
        let event = HookEvent::from_data(&envelope.r#type, &envelope.data)?;
        Ok(Self { time: envelope.timestamp, event })
    }
}

/// What is wrong, in the parser's words, without values: those may be anybody's data.
fn plain(error: &serde_json::Error) -> String {
    let words = error.to_string();
    let words = words.split(" at line ").next().unwrap_or_default();
    // Names of fields stand in backticks, values in quotes.
    let mut parts = words.split('"');
    let mut kept = parts.next().unwrap_or_default().to_owned();
    while let (Some(_), Some(after)) = (parts.next(), parts.next()) {
        kept.push('…');
        kept.push_str(after);
    }
    kept
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HookResult {
    /// The chat is as the event says, durably.
    Applied,
    /// The chat knows something newer.
    Ignored,
}

/// The answer to an event that is done. The same id gets the same answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookAnswer {
    /// What became of it.
    pub result: HookResult,
    /// The version that the chat has now; of rooms' contexts only if it was applied.
    pub version: Option<u64>,
    /// The room that it is about.
    pub room: Option<RoomId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(kind: &str, data: &str) -> Result<Hook, HookError> {
        let body =
            format!(r#"{{"type":"{kind}","timestamp":"2026-11-26T12:00:00Z","data":{data}}}"#);
        Hook::decode(body.as_bytes())
    }

    fn reason(kind: &str, data: &str) -> String {
        decode(kind, data).expect_err(data).to_string()
    }

    #[test]
    fn a_user_is_read_as_agreed() {
        let whole = r#"{"id":"u1","version":7,"name":"Giulia","picture":"https://a/b.png",
            "locale":"it-IT","time_zone":"Europe/Rome","quiet_hours":{"start":"22:00","end":"07:00"},
            "roles":["member"]}"#;
        let HookEvent::UserUpserted(user) = decode("user.upserted", whole).expect("good").event
        else {
            panic!("another kind");
        };
        assert_eq!((user.version.get(), user.roles.len()), (7, 1));
        assert_eq!(user.quiet_hours.expect("hours").end.as_str(), "07:00");
        let least = r#"{"id":"u1","version":1,"name":"G","picture":null}"#;
        assert!(decode("user.upserted", least).is_ok());
        assert_eq!(
            decode("user.deleted", r#"{"id":"u1","version":8}"#).expect("good").event.kind(),
            "user.deleted"
        );
    }

    #[test]
    fn what_does_not_fit_is_named_without_its_value() {
        assert_eq!(decode("user.renamed", "{}"), Err(HookError::UnknownKind));
        for (data, part) in [
            ("{}", "missing field `id`"),
            (r#"{"id":"a","version":1}"#, "missing field `name`"),
            (r#"{"id":"a","version":0,"name":"b"}"#, "version from 1"),
            (r#"{"id":"a","version":-1,"name":"b"}"#, "invalid value"),
            (r#"{"id":"a","version":1,"name":"b","email":"c"}"#, "unknown field `email`"),
            (r#"{"id":"a","version":1,"name":"b","picture":"ftp://hidden"}"#, "http"),
            (r#"{"id":"a","version":1,"name":7}"#, "invalid type"),
            (r#"{"id":"","version":1,"name":"b"}"#, "user id"),
            ("[]", "invalid"),
        ] {
            let said = reason("user.upserted", data);
            assert!(said.contains(part) && !said.contains("hidden"), "{data}: {said}");
        }
        let secret = reason("user.upserted", r#"{"id":"a","version":"hunter2","name":"b"}"#);
        assert!(!secret.contains("hunter2"), "{secret}");
        for body in
            ["", "{}", "[]", "nonsense", r#"{"type":"user.deleted","data":{}}"#, "\u{feff}{}"]
        {
            assert!(matches!(Hook::decode(body.as_bytes()), Err(HookError::Envelope(_))), "{body}");
        }
        let extra = r#"{"type":"user.deleted","timestamp":"2026-11-26T12:00:00Z","data":{},"x":1}"#;
        assert!(matches!(Hook::decode(extra.as_bytes()), Err(HookError::Envelope(_))));
    }
}
