//! Ids that callers give to what they import.

use caffis_schema::{ClientId, imports::ImportId};
use ring::digest::{SHA256, digest};

/// What an id of a caller becomes: of one length, and evenly spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hashed {
    /// It stands for the id.
    pub id: ClientId,
    /// Bits that do not follow from it.
    pub bits: u16,
}

impl Hashed {
    /// Of an id.
    #[must_use]
    pub fn of(id: &ImportId) -> Self {
        let hash = digest(&SHA256, id.as_bytes());
        let (mut id, mut bits) = ([0; 16], [0; 2]);
        id.copy_from_slice(&hash.as_ref()[..16]);
        bits.copy_from_slice(&hash.as_ref()[16..18]);
        Self { id: ClientId(id), bits: u16::from_le_bytes(bits) }
    }
}
