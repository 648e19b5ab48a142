//! Randomness, for identifiers that nobody may guess.

use std::sync::Arc;

/// A source of unpredictable bytes; the simulation gives a seeded one.
pub trait Entropy: Send + Sync + 'static {
    /// Fills the buffer.
    fn fill(&self, buffer: &mut [u8]);
}

/// A source of randomness, shared.
pub type SharedEntropy = Arc<dyn Entropy>;

/// Random bytes in an array.
#[must_use]
pub fn bytes<const N: usize>(source: &dyn Entropy) -> [u8; N] {
    let mut buffer = [0; N];
    source.fill(&mut buffer);
    buffer
}
