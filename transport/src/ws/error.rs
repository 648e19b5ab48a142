//! Why the bytes of a WebSocket connection cannot be read.

/// What is wrong with a frame or a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum WireError {
    #[error("a WebSocket message over the limit of {0} bytes")]
    TooLarge(usize),
    #[error("a malformed WebSocket frame: {0}")]
    Malformed(&'static str),
}
