//! Values in events: texts that have to look like something, versions and times.

use std::{fmt, ops::Deref};

use postcard_schema::{
    Schema,
    schema::{DataModelType, NamedType},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{
    clock::{format_time, parse_time},
    limits::LANGUAGE_BYTES,
};
use crate::{
    bounded::Text,
    ids::{IdError, MAX_EXACT},
    limits::{CONTEXT_ID_BYTES, TIME_ZONE_BYTES, URL_BYTES, WORD_BYTES},
    numbers::Timestamp,
};

/// What a text has to look like: for the published JSON Schemas.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// The type's name.
    pub name: &'static str,
    /// The most bytes.
    pub bytes: usize,
    /// A regular expression (ECMA-262) that every value matches.
    pub pattern: &'static str,
}

/// Declares a text that has to look like something.
macro_rules! formatted {
    ($(#[$meta:meta])* $name:ident, $bytes:expr, $pattern:literal, $expected:literal, $good:expr) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Text<{ $bytes }>);

        impl $name {
            /// What it looks like.
            pub const FORMAT: Format =
                Format { name: stringify!($name), bytes: $bytes, pattern: $pattern };

            /// The value, if the text can be one.
            ///
            /// # Errors
            /// [`IdError`] with what is expected.
            pub fn new(text: &str) -> Result<Self, IdError> {
                let good: fn(&str) -> bool = $good;
                match Text::new(text) {
                    Ok(text) if good(&text) => Ok(Self(text)),
                    _ => Err(IdError { expected: $expected }),
                }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                self.as_str()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Text::<{ $bytes }>::deserialize(deserializer)?;
                Self::new(text.as_str()).map_err(de::Error::custom)
            }
        }

        impl Schema for $name {
            const SCHEMA: &'static NamedType =
                &NamedType { name: stringify!($name), ty: &DataModelType::String };
        }
    };
}

formatted!(
    /// An `http` or `https` address.
    Url,
    URL_BYTES,
    r"^https?://[^\s\x00-\x1f\x7f]+$",
    "an http or https address of at most 512 bytes without spaces",
    |text| {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        rest.is_some_and(|rest| !rest.is_empty())
            && !text.chars().any(|c| c.is_control() || c.is_whitespace())
    }
);

formatted!(
    /// A language, as BCP 47 writes it: `it`, `en-GB`, `zh-Hans-CN`.
    Locale,
    LANGUAGE_BYTES,
    r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$",
    "a language tag (BCP 47) such as it or en-GB",
    |text| {
        let mut parts = text.split('-');
        let first = parts.next().unwrap_or_default();
        let is_language = (2..=8).contains(&first.len());
        is_language
            && first.bytes().all(|b| b.is_ascii_alphabetic())
            && parts.all(|part| {
                (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
            })
    }
);

formatted!(
    /// A time zone, as the IANA database names it: `Europe/Rome`.
    TimeZone,
    TIME_ZONE_BYTES,
    r"^[A-Za-z][A-Za-z0-9_+/-]*$",
    "a time zone (IANA) such as Europe/Rome",
    |text| {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'+' | b'-' | b'/');
        text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.bytes().all(allowed)
    }
);

formatted!(
    /// A time of day, on a clock of 24 hours: `22:00`.
    ClockTime,
    5,
    r"^([01][0-9]|2[0-3]):[0-5][0-9]$",
    "a time of day from 00:00 to 23:59",
    |text| {
        let digits = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        text.split_once(':').is_some_and(|(hour, minute)| {
            digits(hour) && digits(minute) && hour < "24" && minute < "60"
        })
    }
);

formatted!(
    /// A word of the business: the name of a role.
    Word,
    WORD_BYTES,
    r"^[^,\x00-\x1f\x7f-\x9f]+$",
    "a word of 1 to 64 bytes without commas and control characters",
    |text| !text.is_empty() && !text.chars().any(|c| c == ',' || c.is_control())
);

formatted!(
    /// Which meetup, match, booking, dispute or cafe: any text without control characters.
    ContextId,
    CONTEXT_ID_BYTES,
    r"^[^\x00-\x1f\x7f-\x9f]+$",
    "an id of 1 to 160 bytes without control characters",
    |text| !text.is_empty() && !text.chars().any(char::is_control)
);

/// What all of these look like.
pub const FORMATS: [Format; 6] = [
    Url::FORMAT,
    Locale::FORMAT,
    TimeZone::FORMAT,
    ClockTime::FORMAT,
    Word::FORMAT,
    ContextId::FORMAT,
];

/// Which state of an entity an event tells: it grows with each change of that entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version(u64);

impl Version {
    const EXPECTED: &'static str = "a version from 1 to 9007199254740991";

    /// The version with this number.
    ///
    /// # Errors
    /// [`IdError`] for 0 and for numbers over 2^53 - 1.
    pub fn new(number: u64) -> Result<Self, IdError> {
        match number {
            1..=MAX_EXACT => Ok(Self(number)),
            _ => Err(IdError { expected: Self::EXPECTED }),
        }
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(u64::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl Schema for Version {
    const SCHEMA: &'static NamedType = &NamedType { name: "Version", ty: &DataModelType::U64 };
}

/// A moment, in JSON as RFC 3339 writes it: `2026-11-26T12:00:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Moment(pub Timestamp);

impl Moment {
    const EXPECTED: &'static str = "a time (RFC 3339) such as 2026-11-26T12:00:00Z";
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match serializer.is_human_readable() {
            true => serializer.serialize_str(&format_time(self.0)),
            false => self.0.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return Timestamp::deserialize(deserializer).map(Self);
        }
        let text = Text::<64>::deserialize(deserializer)?;
        parse_time(&text).map(Self).ok_or_else(|| de::Error::custom(Self::EXPECTED))
    }
}

impl Schema for Moment {
    const SCHEMA: &'static NamedType = &NamedType { name: "Moment", ty: &DataModelType::String };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_look_as_they_should() {
        for good in ["https://a", "http://example.org/a.png?b=c#d"] {
            assert!(Url::new(good).is_ok(), "{good}");
        }
        for bad in ["", "https://", "ftp://a", "https://a b", "javascript:alert(1)", "https://a\n"]
        {
            assert!(Url::new(bad).is_err(), "{bad}");
        }
        assert!(Url::new(&format!("https://{}", "a".repeat(505))).is_err());
        for good in ["it", "en-GB", "zh-Hans-CN", "de-1996"] {
            assert!(Locale::new(good).is_ok(), "{good}");
        }
        for bad in ["", "i", "en_GB", "en-", "englishenglish", "en-toolongsubtag"] {
            assert!(Locale::new(bad).is_err(), "{bad}");
        }
        for good in ["UTC", "Europe/Rome", "Etc/GMT+8", "America/Port-au-Prince"] {
            assert!(TimeZone::new(good).is_ok(), "{good}");
        }
        for bad in ["", "+01:00", "Europe Rome", "../zone"] {
            assert!(TimeZone::new(bad).is_err(), "{bad}");
        }
        for good in ["00:00", "23:59"] {
            assert!(ClockTime::new(good).is_ok(), "{good}");
        }
        for bad in ["", "24:00", "7:00", "07:60", "07:00:00", "ab:cd"] {
            assert!(ClockTime::new(bad).is_err(), "{bad}");
        }
        assert!(Word::new("Borrower Admin").is_ok() && Word::new("a,b").is_err());
    }

    #[test]
    fn versions_begin_with_one_and_stay_exact() {
        assert!(Version::new(1).is_ok() && Version::new(MAX_EXACT).is_ok());
        assert!(Version::new(0).is_err() && Version::new(MAX_EXACT + 1).is_err());
        for bad in ["0", "-1", "1.5", "\"1\"", "9007199254740992"] {
            assert!(serde_json::from_str::<Version>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn moments_are_texts_in_json_and_numbers_between_nodes() {
        let moment = Moment(Timestamp(1_764_158_400_000));
        let json = serde_json::to_string(&moment).expect("encodes");
        assert_eq!(json, "\"2025-11-26T12:00:00Z\"");
        assert_eq!(serde_json::from_str::<Moment>(&json).expect("decodes"), moment);
        let bytes = postcard::to_allocvec(&moment).expect("encodes");
        assert_eq!(postcard::from_bytes::<Moment>(&bytes).expect("decodes"), moment);
    }
}
