//! Texts, lists and bytes with a maximum in their type, checked before anything is allocated.

use std::{
    borrow::Borrow,
    fmt,
    marker::PhantomData,
    ops::{Deref, DerefMut},
};

use postcard_schema::{
    Schema,
    schema::{DataModelType, NamedType},
};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, SeqAccess, Visitor},
};

/// Something is longer than its type allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{size} is over the maximum of {maximum}")]
pub struct TooLong {
    /// The size found, in bytes or items.
    pub size: usize,
    /// The most allowed.
    pub maximum: usize,
}

fn check(size: usize, maximum: usize) -> Result<(), TooLong> {
    if size > maximum { Err(TooLong { size, maximum }) } else { Ok(()) }
}

/// A schema name with the bound in it (`Text:64`), so that generated codecs know the maximum.
struct BoundName {
    buffer: [u8; 24],
    length: usize,
}

impl BoundName {
    const fn new(prefix: &str, bound: usize) -> Self {
        let mut buffer = [0; 24];
        let prefix = prefix.as_bytes();
        let mut length = 0;
        while length < prefix.len() {
            buffer[length] = prefix[length];
            length += 1;
        }
        let mut scale = 1;
        while bound / scale >= 10 {
            scale *= 10;
        }
        while scale > 0 {
            buffer[length] = b'0' + ((bound / scale) % 10) as u8;
            length += 1;
            scale /= 10;
        }
        Self { buffer, length }
    }

    const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.buffer.split_at(self.length).0) {
            Ok(name) => name,
            Err(_) => "",
        }
    }
}

/// UTF-8 text of at most `N` bytes.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text<const N: usize>(Box<str>);

impl<const N: usize> Text<N> {
    const NAME: BoundName = BoundName::new("Text:", N);

    /// The text, if it is not too long.
    ///
    /// # Errors
    /// [`TooLong`] with the size in bytes.
    pub fn new(text: impl Into<Box<str>>) -> Result<Self, TooLong> {
        let text = text.into();
        check(text.len(), N)?;
        Ok(Self(text))
    }

    /// As much of the text as fits, cut between characters.
    #[must_use]
    pub fn cut(text: &str) -> Self {
        Self(text[..text.floor_char_boundary(N)].into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const N: usize> Deref for Text<N> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const N: usize> Borrow<str> for Text<N> {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl<const N: usize> fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<const N: usize> fmt::Display for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const N: usize> Serialize for Text<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Text<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor<const N: usize>;

        impl<const N: usize> Visitor<'_> for TextVisitor<N> {
            type Value = Text<N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "text of at most {N} bytes")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<N>, E> {
                check(text.len(), N).map_err(E::custom)?;
                Ok(Text(text.into()))
            }
        }

        deserializer.deserialize_str(TextVisitor::<N>)
    }
}

impl<const N: usize> Schema for Text<N> {
    const SCHEMA: &'static NamedType =
        &NamedType { name: Self::NAME.as_str(), ty: &DataModelType::String };
}

/// A list of at most `N` items.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct List<T, const N: usize>(Vec<T>);

impl<T, const N: usize> List<T, N> {
    const NAME: BoundName = BoundName::new("List:", N);

    /// The list, if it is not too long.
    ///
    /// # Errors
    /// [`TooLong`] with the number of items.
    pub fn new(items: Vec<T>) -> Result<Self, TooLong> {
        check(items.len(), N)?;
        Ok(Self(items))
    }

    /// The first items, as many as fit.
    #[must_use]
    pub fn cut(mut items: Vec<T>) -> Self {
        items.truncate(N);
        Self(items)
    }

    /// The items.
    #[must_use]
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

impl<T, const N: usize> Default for List<T, N> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const N: usize> Deref for List<T, N> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T, const N: usize> DerefMut for List<T, N> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<T: fmt::Debug, const N: usize> fmt::Debug for List<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<T, const N: usize> IntoIterator for List<T, N> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T, const N: usize> IntoIterator for &'a List<T, N> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<T: Serialize, const N: usize> Serialize for List<T, N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.0)
    }
}

impl<'de, T: Deserialize<'de>, const N: usize> Deserialize<'de> for List<T, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor<T, const N: usize>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>, const N: usize> Visitor<'de> for ListVisitor<T, N> {
            type Value = List<T, N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of at most {N} items")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<T, N>, A::Error> {
                let promised = seq.size_hint().unwrap_or(0);
                check(promised, N).map_err(de::Error::custom)?;
                // The hint comes from the sender: memory is reserved only as items arrive.
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    check(items.len() + 1, N).map_err(de::Error::custom)?;
                    items.push(item);
                }
                Ok(List(items))
            }
        }

        deserializer.deserialize_seq(ListVisitor::<T, N>(PhantomData))
    }
}

impl<T: Schema, const N: usize> Schema for List<T, N> {
    const SCHEMA: &'static NamedType =
        &NamedType { name: Self::NAME.as_str(), ty: &DataModelType::Seq(T::SCHEMA) };
}

/// Bytes, at most `N`. In JSON: base64.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Blob<const N: usize>(Box<[u8]>);

impl<const N: usize> Blob<N> {
    const NAME: BoundName = BoundName::new("Blob:", N);

    /// The bytes, if they are not too many.
    ///
    /// # Errors
    /// [`TooLong`] with the number of bytes.
    pub fn new(bytes: impl Into<Box<[u8]>>) -> Result<Self, TooLong> {
        let bytes = bytes.into();
        check(bytes.len(), N)?;
        Ok(Self(bytes))
    }
}

impl<const N: usize> Deref for Blob<N> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl<const N: usize> fmt::Debug for Blob<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blob({} bytes)", self.0.len())
    }
}

impl<const N: usize> Serialize for Blob<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        if serializer.is_human_readable() {
            serializer.serialize_str(&STANDARD.encode(&self.0))
        } else {
            serializer.serialize_bytes(&self.0)
        }
    }
}

impl<'de, const N: usize> Deserialize<'de> for Blob<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BlobVisitor<const N: usize>;

        impl<const N: usize> Visitor<'_> for BlobVisitor<N> {
            type Value = Blob<N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "at most {N} bytes")
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Blob<N>, E> {
                check(bytes.len(), N).map_err(E::custom)?;
                Ok(Blob(bytes.into()))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Blob<N>, E> {
                use base64::{Engine as _, engine::general_purpose::STANDARD};
                // Four characters carry three bytes.
                check(text.len() / 4 * 3, N.saturating_add(3)).map_err(E::custom)?;
                let bytes = STANDARD.decode(text).map_err(E::custom)?;
                self.visit_bytes(&bytes)
            }
        }

        if deserializer.is_human_readable() {
            deserializer.deserialize_str(BlobVisitor::<N>)
        } else {
            deserializer.deserialize_bytes(BlobVisitor::<N>)
        }
    }
}

impl<const N: usize> Schema for Blob<N> {
    const SCHEMA: &'static NamedType =
        &NamedType { name: Self::NAME.as_str(), ty: &DataModelType::ByteArray };
}
