//! What is refused.

/// What keeps a POST or an event from being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub &'static str);

/// Why a POST was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It cannot be read. If it names a stream, that one ends.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// There is no such stream, or none any more.
    #[error("there is no such stream, or it has ended")]
    Ended,
    /// Those before it did not come in time.
    #[error("number {0} did not come before this one")]
    OutOfTurn(u64),
    /// What came before is not worked off yet, or too many wait.
    #[error("too much waits on this stream")]
    Full,
}
