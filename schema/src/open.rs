//! Enums that will grow.
//!
//! On the wire a value is its tag (a varint), then its payload behind a length. A tag that this build
//! does not know decodes to `Unknown` with its bytes, and encodes back to the same bytes. In
//! JSON a value is an object with one key, the kind's name.

use serde::{Deserialize, Serialize};

use crate::{bounded::Blob, limits::FRAME_BYTES};

/// A payload without fields.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, postcard_schema::Schema,
)]
pub struct Empty {}

/// A kind that this build does not know, kept as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, postcard_schema::Schema)]
pub struct Unknown {
    /// The kind's tag; [`Unknown::NAMED`] when JSON gave only a name.
    pub tag: u32,
    /// Its payload.
    pub bytes: Blob<FRAME_BYTES>,
}

impl Unknown {
    /// The tag of a kind of which only the name is known; `bytes` holds the name.
    pub const NAMED: u32 = u32::MAX;

    /// A kind of which JSON gave only the name.
    #[must_use]
    pub(crate) fn named(name: &str) -> Self {
        let name = &name[..name.floor_char_boundary(64)];
        Self { tag: Self::NAMED, bytes: Blob::new(name.as_bytes()).unwrap_or_default() }
    }
}

/// Declares an open enum: `tag "name" Variant(Payload)`. Variants are only ever appended.
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $(#[$variant_meta:meta])* $tag:literal $wire:literal $variant:ident($payload:ty), )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[allow(clippy::large_enum_variant, reason = "they are made and written one by one")]
        pub enum $name {
            $( $(#[$variant_meta])* $variant($payload), )*
            /// A kind that is newer than this build.
            Unknown($crate::open::Unknown),
        }

        impl $name {
            /// The tags of the kinds that this build knows.
            pub const TAGS: &'static [u32] = &[ $( $tag, )* ];

            /// Their names, in the same order.
            pub const NAMES: &'static [&'static str] = &[ $( $wire, )* ];

            /// The kind's tag.
            #[must_use]
            pub fn tag(&self) -> u32 {
                match self {
                    $( Self::$variant(_) => $tag, )*
                    Self::Unknown(unknown) => unknown.tag,
                }
            }

            /// The kind's name, as in JSON.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self {
                    $( Self::$variant(_) => $wire, )*
                    Self::Unknown(_) => "unknown",
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if let Self::Unknown(unknown) = self
                    && Self::TAGS.contains(&unknown.tag)
                {
                    return Err(serde::ser::Error::custom("a known kind as an unknown one"));
                }
                if serializer.is_human_readable() {
                    return match self {
                        $( Self::$variant(payload) => serializer.serialize_newtype_variant(
                            stringify!($name), $tag, $wire, payload), )*
                        Self::Unknown(unknown) => serializer.serialize_newtype_variant(
                            stringify!($name), u32::MAX, "unknown", unknown),
                    };
                }
                let (tag, bytes): (u32, Vec<u8>) = match self {
                    $( Self::$variant(payload) => ($tag, $crate::open::payload_bytes(payload)?), )*
                    Self::Unknown(unknown) => (unknown.tag, unknown.bytes.to_vec()),
                };
                (tag, $crate::open::RawBytes(&bytes)).serialize(serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct ByName;

                impl<'de> serde::de::Visitor<'de> for ByName {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("an object with one key, a kind of ", stringify!($name)))
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> Result<$name, A::Error> {
                        let kind: String = map.next_key()?.ok_or_else(|| {
                            serde::de::Error::custom("an object with one key is expected")
                        })?;
                        let value = match kind.as_str() {
                            $( $wire => $name::$variant(map.next_value()?), )*
                            "unknown" => {
                                let unknown: $crate::open::Unknown = map.next_value()?;
                                if $name::TAGS.contains(&unknown.tag) {
                                    return Err(serde::de::Error::custom(
                                        "a known kind as an unknown one",
                                    ));
                                }
                                $name::Unknown(unknown)
                            }
                            other => {
                                map.next_value::<serde::de::IgnoredAny>()?;
                                $name::Unknown($crate::open::Unknown::named(other))
                            }
                        };
                        match map.next_key::<String>()? {
                            None => Ok(value),
                            Some(_) => Err(serde::de::Error::custom("only one key is expected")),
                        }
                    }
                }

                if deserializer.is_human_readable() {
                    return deserializer.deserialize_map(ByName);
                }
                let (tag, bytes): (u32, &[u8]) = serde::Deserialize::deserialize(deserializer)?;
                Ok(match tag {
                    $( $tag => Self::$variant($crate::open::payload(bytes)?), )*
                    tag => Self::Unknown($crate::open::Unknown {
                        tag,
                        bytes: $crate::bounded::Blob::new(bytes).map_err(serde::de::Error::custom)?,
                    }),
                })
            }
        }

        impl postcard_schema::Schema for $name {
            const SCHEMA: &'static postcard_schema::schema::NamedType =
                &postcard_schema::schema::NamedType {
                    name: concat!("Open:", stringify!($name)),
                    ty: &postcard_schema::schema::DataModelType::Enum(&[
                        $( &postcard_schema::schema::NamedVariant {
                            name: concat!($tag, ":", $wire),
                            ty: &postcard_schema::schema::DataModelVariant::NewtypeVariant(
                                <$payload as postcard_schema::Schema>::SCHEMA,
                            ),
                        }, )*
                    ]),
                };
        }
    };
}

pub(crate) use open_enum;

/// Bytes that serialize as a byte array, not as a sequence.
pub(crate) struct RawBytes<'a>(pub(crate) &'a [u8]);

impl Serialize for RawBytes<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

pub(crate) fn payload_bytes<T: Serialize, E: serde::ser::Error>(payload: &T) -> Result<Vec<u8>, E> {
    crate::output::to_bytes(payload).map_err(E::custom)
}

pub(crate) fn payload<'de, T: Deserialize<'de>, E: serde::de::Error>(
    bytes: &'de [u8],
) -> Result<T, E> {
    let (value, rest) = postcard::take_from_bytes(bytes).map_err(E::custom)?;
    if rest.is_empty() { Ok(value) } else { Err(E::custom("bytes after the payload")) }
}
