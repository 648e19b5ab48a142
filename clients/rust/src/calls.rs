//! What the application asks for, and why a command was not done.

use caffis_schema::{ClientSignal, Command, Error, Reply};
use tokio::sync::oneshot;

/// Where the answer to a command goes.
pub(crate) type Answerer = oneshot::Sender<Result<Reply, CallError>>;

/// Why a command was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The server refused: it did not happen. If the error says when to ask again, the client has asked
    /// again, and was put off each time.
    #[error(transparent)]
    Refused(Error),
    /// Too many commands are waiting; this one was not accepted.
    #[error("too many commands are waiting")]
    OutboxFull,
    /// The command is larger than servers accept.
    #[error("the command is too large: {size} bytes")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// The client ended before the command was settled.
    #[error("the client has ended")]
    Ended,
    /// The server answered with a reply that this command does not have.
    #[error("unexpected reply: {0}")]
    Unexpected(&'static str),
}

/// What the application asks of the driver.
pub(crate) enum Action {
    Call(Box<Command>, Answerer),
    Signal(ClientSignal),
    SetActive(bool),
    Reconnect,
    Dispose,
}
