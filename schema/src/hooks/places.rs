//! Places on a map.

use postcard_schema::{
    Schema,
    schema::{DataModelType, NamedType},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Millionths of a degree: some ten centimetres.
const MICRO: f64 = 1_000_000.0;

/// Declares degrees within a bound. In JSON a number; between nodes millionths of a degree.
macro_rules! degrees {
    ($(#[$meta:meta])* $name:ident, $most:literal, $expected:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(i32);

        impl $name {
            /// The most degrees in either direction.
            pub const MOST: i32 = $most;

            /// Degrees; none when they are out of bounds.
            #[must_use]
            pub fn new(degrees: f64) -> Option<Self> {
                let inside = degrees.abs() <= f64::from(Self::MOST);
                #[allow(clippy::cast_possible_truncation, reason = "it is within 180 million")]
                inside.then(|| Self((degrees * MICRO).round() as i32))
            }

            /// The degrees as text: `45.4642`.
            #[must_use]
            pub fn to_text(self) -> String {
                format!("{}", f64::from(self.0) / MICRO)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match serializer.is_human_readable() {
                    true => serializer.serialize_f64(f64::from(self.0) / MICRO),
                    false => serializer.serialize_i32(self.0),
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let degrees = match deserializer.is_human_readable() {
                    true => f64::deserialize(deserializer)?,
                    false => f64::from(i32::deserialize(deserializer)?) / MICRO,
                };
                Self::new(degrees).ok_or_else(|| de::Error::custom($expected))
            }
        }

        impl Schema for $name {
            const SCHEMA: &'static NamedType =
                &NamedType { name: stringify!($name), ty: &DataModelType::F64 };
        }
    };
}

degrees!(
    /// How far north.
    Latitude,
    90,
    "degrees from -90 to 90"
);

degrees!(
    /// How far east.
    Longitude,
    180,
    "degrees from -180 to 180"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_stay_within_their_bounds() {
        for good in ["0", "-90", "90", "45.4642", "45.46420012"] {
            assert!(serde_json::from_str::<Latitude>(good).is_ok(), "{good}");
        }
        for bad in ["90.1", "-91", "1e9", "\"45\"", "null"] {
            assert!(serde_json::from_str::<Latitude>(bad).is_err(), "{bad}");
        }
        assert!(Latitude::new(f64::NAN).is_none() && Longitude::new(180.0).is_some());
        let rome = Longitude::new(12.496_366).expect("within bounds");
        assert_eq!(rome.to_text(), "12.496366");
        let bytes = postcard::to_allocvec(&rome).expect("encodes");
        assert_eq!(postcard::from_bytes::<Longitude>(&bytes), Ok(rome));
    }
}
