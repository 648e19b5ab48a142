//! Where postcard writes to: a buffer with room from the start, or bytes that it has to match.

use postcard::{Error, Result, ser_flavors::Flavor};
use serde::Serialize;

/// Room for a message of a few lines, so that most values are written without growing the buffer.
const ROOM: usize = 512;

/// The bytes of a value.
pub(crate) fn to_bytes<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>> {
    postcard::serialize_with_flavor(value, Growing(Vec::with_capacity(ROOM)))
}

/// Whether these are the bytes of a value; nothing is allocated for the comparison.
pub(crate) fn is_encoded_as<T: Serialize + ?Sized>(value: &T, bytes: &[u8]) -> bool {
    postcard::serialize_with_flavor(value, Matching(bytes)).is_ok_and(|rest| rest.is_empty())
}

struct Growing(Vec<u8>);

impl Flavor for Growing {
    type Output = Vec<u8>;

    fn try_extend(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn try_push(&mut self, byte: u8) -> Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn finalize(self) -> Result<Vec<u8>> {
        Ok(self.0)
    }
}

/// What is still to be matched.
struct Matching<'a>(&'a [u8]);

impl<'a> Flavor for Matching<'a> {
    type Output = &'a [u8];

    fn try_extend(&mut self, bytes: &[u8]) -> Result<()> {
        self.0 = self.0.strip_prefix(bytes).ok_or(Error::SerializeBufferFull)?;
        Ok(())
    }

    fn try_push(&mut self, byte: u8) -> Result<()> {
        self.try_extend(&[byte])
    }

    fn finalize(self) -> Result<&'a [u8]> {
        Ok(self.0)
    }
}
