//! Identifiers. In JSON and TypeScript they are strings of fixed width that sort as they count.

use std::{fmt, str::FromStr, sync::Arc};

use postcard_schema::{
    Schema,
    schema::{DataModelType, NamedType},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::limits::USER_ID_BYTES;

/// A string that is not an identifier of the expected kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not {expected}")]
pub struct IdError {
    /// What it should be.
    pub expected: &'static str,
}

/// A user: the main app's `sub` as it is, 1 to 64 bytes without control characters.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(Arc<str>);

impl UserId {
    const EXPECTED: &'static str = "a user id: 1 to 64 bytes without control characters";

    /// The identifier, if the text can be one.
    ///
    /// # Errors
    /// [`IdError`] when it is empty, too long, or has control characters.
    pub fn new(text: &str) -> Result<Self, IdError> {
        if text.is_empty() || text.len() > USER_ID_BYTES || text.chars().any(char::is_control) {
            return Err(IdError { expected: Self::EXPECTED });
        }
        Ok(Self(text.into()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, shared.
    #[must_use]
    pub fn shared(&self) -> Arc<str> {
        self.0.clone()
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for UserId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::new(text)
    }
}

impl Serialize for UserId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for UserId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct UserIdVisitor;

        impl de::Visitor<'_> for UserIdVisitor {
            type Value = UserId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(UserId::EXPECTED)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<UserId, E> {
                UserId::new(text).map_err(E::custom)
            }
        }

        deserializer.deserialize_str(UserIdVisitor)
    }
}

impl Schema for UserId {
    const SCHEMA: &'static NamedType = &NamedType { name: "UserId", ty: &DataModelType::String };
}

/// A room: unguessable, claimed once, below 2^63. In JSON: 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomId(u64);

impl RoomId {
    const EXPECTED: &'static str = "a room id: 16 hexadecimal digits below 2^63";

    /// The room with this number; the top bit is cleared, so that it fits a signed column.
    #[must_use]
    pub const fn from_random(number: u64) -> Self {
        Self(number & (u64::MAX >> 1))
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    fn checked(number: u64) -> Result<Self, IdError> {
        if number > u64::MAX >> 1 {
            return Err(IdError { expected: Self::EXPECTED });
        }
        Ok(Self(number))
    }
}

impl TryFrom<u64> for RoomId {
    type Error = IdError;

    fn try_from(number: u64) -> Result<Self, IdError> {
        Self::checked(number)
    }
}

impl fmt::Debug for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for RoomId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let expected = IdError { expected: Self::EXPECTED };
        if text.len() != 16 || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(expected);
        }
        Self::checked(u64::from_str_radix(text, 16).map_err(|_| expected)?)
    }
}

impl Serialize for RoomId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_u64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for RoomId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
        } else {
            Self::checked(u64::deserialize(deserializer)?).map_err(de::Error::custom)
        }
    }
}

impl Schema for RoomId {
    const SCHEMA: &'static NamedType = &NamedType { name: "RoomId", ty: &DataModelType::U64 };
}

/// Declares 16 bytes, in JSON 32 hexadecimal digits.
macro_rules! sixteen_bytes {
    ($(#[$meta:meta])* $name:ident, $expected:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub [u8; 16]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let expected = IdError { expected: $expected };
                let digits = text.as_bytes();
                if digits.len() != 32
                    || !digits.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
                {
                    return Err(expected);
                }
                let number = u128::from_str_radix(text, 16).map_err(|_| expected)?;
                Ok(Self(number.to_be_bytes()))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    self.0.serialize(serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
                } else {
                    Ok(Self(<[u8; 16]>::deserialize(deserializer)?))
                }
            }
        }

        impl Schema for $name {
            const SCHEMA: &'static NamedType =
                &NamedType { name: stringify!($name), ty: <[u8; 16]>::SCHEMA.ty };
        }
    };
}

/// Declares an identifier of 16 random bytes.
macro_rules! random_id {
    ($(#[$meta:meta])* $name:ident, $expected:literal) => {
        sixteen_bytes!($(#[$meta])* $name, $expected);

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

random_id!(
    /// The idempotency key: made by a client for one action of a person and kept on every resend.
    ClientId,
    "a client id: 32 hexadecimal digits"
);
random_id!(
    /// One connection of one device, made by the server.
    SessionId,
    "a session id: 32 hexadecimal digits"
);
sixteen_bytes!(
    /// The secret of an invite link, made by a client. Whoever has it may join, so it is in no log and no store.
    InviteSecret,
    "an invite's secret: 32 hexadecimal digits"
);

impl fmt::Debug for InviteSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InviteSecret(…)")
    }
}

random_id!(
    /// The first half of the SHA-256 of an invite link's secret.
    InviteDigest,
    "an invite's digest: 32 hexadecimal digits"
);
random_id!(
    /// One installation of a client, which makes it once and keeps it.
    DeviceId,
    "a device id: 32 hexadecimal digits"
);

/// The largest number that every client can represent exactly: JavaScript's.
pub const MAX_EXACT: u64 = (1 << 53) - 1;

/// Reads a number and refuses those that a client could not represent exactly.
pub(crate) fn exact<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let number = u64::deserialize(deserializer)?;
    if number > MAX_EXACT { Err(de::Error::custom("a number over 2^53 - 1")) } else { Ok(number) }
}
