//! Errors as they travel: a code, a sentence, what became of the command, and when to try again.

use std::fmt;

use postcard_schema::{
    Schema,
    schema::{DataModelType, DataModelVariant, NamedType, NamedVariant},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{bounded::Text, limits::SENTENCE_BYTES, open::RawBytes};

/// Declares the codes: an open enum whose payloads are empty and stay so; in JSON the name as a
/// string.
macro_rules! error_codes {
    ($( $(#[doc = $doc:literal])* $tag:literal $wire:literal $variant:ident, )*) => {
        /// What went wrong. A code keeps its meaning for ever; new ones are appended.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $( $(#[doc = $doc])* $variant, )*
            /// A code that is newer than this build.
            Unknown(u32),
        }

        impl ErrorCode {
            /// Every code of this build.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )* ];

            /// The name, as in JSON.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $( Self::$variant => $wire, )*
                    Self::Unknown(_) => "unknown",
                }
            }

            /// What it means, in a sentence or two; the lines as they are in the source.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self {
                    $( Self::$variant => concat!($($doc, "\n"),*), )*
                    Self::Unknown(_) => "A code that is newer than this build.",
                }
            }

            const fn tag(self) -> u32 {
                match self {
                    $( Self::$variant => $tag, )*
                    Self::Unknown(tag) => tag,
                }
            }

            const fn from_tag(tag: u32) -> Self {
                match tag {
                    $( $tag => Self::$variant, )*
                    tag => Self::Unknown(tag),
                }
            }

            fn from_name(name: &str) -> Self {
                match name {
                    $( $wire => Self::$variant, )*
                    other => {
                        let tag = other.strip_prefix("unknown:").and_then(|tag| tag.parse().ok());
                        tag.map_or(Self::Unknown(u32::MAX), Self::from_tag)
                    }
                }
            }
        }

        impl Schema for ErrorCode {
            const SCHEMA: &'static NamedType = &NamedType {
                name: "Open:ErrorCode",
                ty: &DataModelType::Enum(&[
                    $( &NamedVariant {
                        name: concat!($tag, ":", $wire),
                        ty: &DataModelVariant::UnitVariant,
                    }, )*
                ]),
            };
        }
    };
}

error_codes! {
    /// The frame is not what the protocol allows: truncated, overlong, with bytes left over, or with
    /// a value outside its type.
    0 "malformed" Malformed,
    /// The server does not know this command.
    1 "unknown_command" UnknownCommand,
    /// The first command has to be hello, and only the first.
    2 "hello_expected" HelloExpected,
    /// The server does not speak the client's protocol version.
    3 "version_unsupported" VersionUnsupported,
    /// The token is not valid here: signature, algorithm, issuer, audience or form.
    4 "token_invalid" TokenInvalid,
    /// The token has expired: get a new one.
    5 "token_expired" TokenExpired,
    /// The user's sessions from before a time were ended: sign in again.
    6 "token_revoked" TokenRevoked,
    /// The person may not do this here.
    7 "forbidden" Forbidden,
    /// There is no such room, message or user, or none that this person may know of.
    8 "not_found" NotFound,
    /// A field has a value that makes no sense; the sentence says which.
    9 "invalid" Invalid,
    /// The text is empty.
    10 "text_empty" TextEmpty,
    /// The text is longer than this room allows.
    11 "text_too_long" TextTooLong,
    /// The text has control characters or overrides of the writing direction.
    12 "text_not_allowed" TextNotAllowed,
    /// The position or number lies beyond the room's head.
    13 "out_of_range" OutOfRange,
    /// The same client id came before with different content.
    14 "client_id_reused" ClientIdReused,
    /// The client id is older than the server remembers: whether the command happened before is no
    /// longer known, and a person has to decide.
    15 "expired" Expired,
    /// Too many in too short a time.
    16 "rate_limited" RateLimited,
    /// Too many rooms, members, open rooms or connections.
    17 "limit_reached" LimitReached,
    /// The store is out of disk space; reads still work.
    18 "storage_full" StorageFull,
    /// A part of the service that this needs cannot be reached right now.
    19 "unavailable" Unavailable,
    /// The service failed unexpectedly.
    20 "internal" Internal,
    /// The room's class forbids it.
    21 "room_class" RoomClass,
    /// The room needs at least one owner or admin.
    22 "last_admin" LastAdmin,
    /// The frame is larger than the limit.
    23 "too_large" TooLarge,
    /// The same version of the same thing came before with different content.
    24 "conflict" Conflict,
    /// A newer version of the same thing is known.
    25 "outdated" Outdated,
    /// The time in which this could be done is over.
    26 "too_late" TooLate,
    /// The message was deleted.
    27 "deleted" Deleted,
    /// Somebody else has read the message.
    28 "already_read" AlreadyRead,
    /// A reaction is one emoji, and this is something else.
    29 "not_an_emoji" NotAnEmoji,
    /// Slow mode: the person wrote in this room a moment ago.
    30 "slow_mode" SlowMode,
    /// Only those who moderate write in this room now.
    31 "read_only" ReadOnly,
    /// The invite link has ended.
    32 "invite_expired" InviteExpired,
    /// This invite link has reached its limit of uses.
    33 "invite_used_up" InviteUsedUp,
    /// The invite link was revoked.
    34 "invite_revoked" InviteRevoked,
    /// The person was removed from this room, and comes back only when somebody adds them.
    35 "removed" Removed,
    /// This message is no poll.
    36 "not_a_poll" NotAPoll,
    /// The poll is closed.
    37 "poll_closed" PollClosed,
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let (true, Self::Unknown(tag)) = (serializer.is_human_readable(), self) {
            serializer.collect_str(&format_args!("unknown:{tag}"))
        } else if serializer.is_human_readable() {
            serializer.serialize_str(self.name())
        } else {
            (self.tag(), RawBytes(&[])).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for ErrorCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return Ok(Self::from_name(&String::deserialize(deserializer)?));
        }
        let (tag, payload): (u32, &[u8]) = Deserialize::deserialize(deserializer)?;
        if payload.is_empty() {
            Ok(Self::from_tag(tag))
        } else {
            Err(serde::de::Error::custom("bytes after the code"))
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What became of a command that was answered with an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Schema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It did not happen and will not.
    Refused,
    /// It may have happened: ask again with the same client id.
    Unknown,
}

/// An error as the client sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema, thiserror::Error)]
#[error("{code}: {sentence}")]
pub struct Error {
    /// What went wrong.
    pub code: ErrorCode,
    /// A sentence for people who read logs.
    pub sentence: Text<SENTENCE_BYTES>,
    /// What became of the command.
    pub outcome: Outcome,
    /// Try the same again after this many milliseconds; without it, trying again changes nothing.
    pub retry_after_ms: Option<u32>,
}

impl Error {
    /// A permanent refusal: trying the same again changes nothing.
    #[must_use]
    pub fn refused(code: ErrorCode, sentence: &str) -> Self {
        Self {
            code,
            sentence: Text::cut(sentence),
            outcome: Outcome::Refused,
            retry_after_ms: None,
        }
    }

    /// A temporary refusal.
    #[must_use]
    pub fn later(code: ErrorCode, sentence: &str, retry_after_ms: u32) -> Self {
        Self { retry_after_ms: Some(retry_after_ms), ..Self::refused(code, sentence) }
    }

    /// It is not known whether it happened.
    #[must_use]
    pub fn unknown(code: ErrorCode, sentence: &str, retry_after_ms: u32) -> Self {
        Self { outcome: Outcome::Unknown, ..Self::later(code, sentence, retry_after_ms) }
    }
}

/// Why a connection ends: the code of the farewell. On WebSocket the close code is 4000 + this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum CloseCode {
    /// The link broke without a farewell.
    Abrupt = 0,
    /// One side is done.
    Normal = 1,
    /// The bytes were not what the protocol allows.
    Protocol = 2,
    /// The server is shutting down; reconnect after the announced delay.
    Shutdown = 3,
    /// No hello came in time.
    HelloTimeout = 4,
    /// The token was refused; the answer to hello says why.
    Unauthenticated = 5,
    /// The token expired and was not refreshed.
    TokenExpired = 6,
    /// The user's sessions were ended.
    Revoked = 7,
    /// Too many connections from this address or of this user.
    TooManyConnections = 8,
    /// Nothing was heard from the other side for too long.
    Idle = 9,
    /// Too many bad or too many frames.
    Abuse = 10,
    /// The page's origin is not allowed.
    Origin = 11,
    /// The server does not speak the client's protocol version.
    Version = 12,
    /// The service failed.
    Internal = 13,
}

impl CloseCode {
    /// Every code.
    pub const ALL: &'static [Self] = &[
        Self::Abrupt,
        Self::Normal,
        Self::Protocol,
        Self::Shutdown,
        Self::HelloTimeout,
        Self::Unauthenticated,
        Self::TokenExpired,
        Self::Revoked,
        Self::TooManyConnections,
        Self::Idle,
        Self::Abuse,
        Self::Origin,
        Self::Version,
        Self::Internal,
    ];

    /// The code's number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// The code with this number, if this build knows it.
    #[must_use]
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.number() == number)
    }

    /// Whether a client should reconnect by itself.
    #[must_use]
    pub const fn reconnects(self) -> bool {
        matches!(
            self,
            Self::Abrupt
                | Self::Shutdown
                | Self::HelloTimeout
                | Self::TooManyConnections
                | Self::Idle
                | Self::Internal
                | Self::TokenExpired
        )
    }
}
