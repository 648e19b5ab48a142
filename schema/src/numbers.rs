//! Numbers that count different things, as different types: mixing them does not compile. On the wire
//! and in JSON each is a plain number, never above [`MAX_EXACT`].

use std::{
    fmt,
    ops::{Add, AddAssign},
    time::Duration,
};

use postcard_schema::{Schema, schema::NamedType};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ids::{MAX_EXACT, exact};

/// Declares a number of its own type.
macro_rules! number {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u64);

        impl $name {
            /// The smallest one.
            pub const ZERO: Self = Self(0);

            /// The largest one that travels.
            pub const MAX: Self = Self(MAX_EXACT);

            /// The number itself.
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0
            }

            /// How many come after `earlier`, up to this one; 0 when this one is not later.
            #[must_use]
            pub const fn since(self, earlier: Self) -> u64 {
                self.0.saturating_sub(earlier.0)
            }

            /// This many earlier, but not before the first.
            #[must_use]
            pub const fn back(self, count: u64) -> Self {
                Self(self.0.saturating_sub(count))
            }
        }

        impl Add<u64> for $name {
            type Output = Self;

            fn add(self, count: u64) -> Self {
                Self(self.0.saturating_add(count))
            }
        }

        impl AddAssign<u64> for $name {
            fn add_assign(&mut self, count: u64) {
                *self = *self + count;
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_u64(self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                exact(deserializer).map(Self)
            }
        }

        impl Schema for $name {
            const SCHEMA: &'static NamedType = u64::SCHEMA;
        }
    };
}

number!(
    /// The place of an entry in its room's log: 1, 2, 3, …; 0 is before the first.
    Position
);
number!(
    /// The number of a message in its room: 1, 2, 3, …; 0 is before the first. Entries that are not
    /// messages have a position but no number.
    MessageNumber
);
number!(
    /// The number of a reply in its thread: 1, 2, 3, …; 0 is before the first.
    ReplyNumber
);
number!(
    /// Milliseconds since 1970-01-01 UTC.
    Timestamp
);

impl Timestamp {
    /// The time this long after 1970-01-01 UTC.
    #[must_use]
    pub fn after_epoch(duration: Duration) -> Self {
        Self(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    /// The time by a clock that is ahead by this many milliseconds, or behind when negative.
    #[must_use]
    pub const fn offset(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_add_signed(milliseconds))
    }

    /// By how many milliseconds this time is ahead of another; negative when it is behind.
    #[must_use]
    pub fn ahead_of(self, other: Self) -> i64 {
        let ahead = i64::try_from(self.since(other)).unwrap_or(i64::MAX);
        let behind = i64::try_from(other.since(self)).unwrap_or(i64::MAX);
        ahead - behind
    }

    /// The time that passed since `earlier`; zero when that is later.
    #[must_use]
    pub const fn elapsed_since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.since(earlier))
    }
}
