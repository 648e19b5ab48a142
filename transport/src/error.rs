//! Why a connection could not be made.

use std::{io, time::Duration};

/// Why a client could not connect.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The address does not parse or has another scheme.
    #[error("{0:?} is not an address of this transport")]
    Address(String),
    /// The name was not found, or has no address.
    #[error("no address was found for {0:?}")]
    NotFound(String),
    /// The socket failed.
    #[error("the socket failed: {0}")]
    Io(#[from] io::Error),
    /// TLS failed, or its settings cannot be used.
    #[error("TLS failed: {0}")]
    Tls(#[from] rustls::Error),
    /// The machine's certificate authorities could not be loaded.
    #[error("the machine's certificate authorities could not be loaded: {0}")]
    NativeRoots(String),
    /// QUIC failed before the handshake.
    #[error("QUIC could not start: {0}")]
    Start(#[from] quinn::ConnectError),
    /// QUIC failed in or after the handshake.
    #[error("QUIC failed: {0}")]
    Quic(#[from] quinn::ConnectionError),
    /// WebTransport was refused.
    #[error("WebTransport was refused: {0}")]
    WebTransport(String),
    /// The server answered with another status than 101.
    #[error("the server answered {0} instead of switching to WebSocket")]
    Refused(u16),
    /// The server opened no stream of events, but answered with this status.
    #[error("the server answered {0} instead of a stream of events")]
    NoStream(u16),
    /// The server's answer is not a valid handshake.
    #[error("the server's handshake is malformed: {0}")]
    Handshake(&'static str),
    /// It took too long.
    #[error("connecting took longer than {0:?}")]
    TimedOut(Duration),
}
