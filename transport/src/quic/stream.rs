//! One shape for the connections and streams of native QUIC and of WebTransport.

use std::{future::Future, pin::Pin};

use bytes::Bytes;
use caffis_link::{Farewell, Kind};
use quinn::{ConnectionError, ReadError, VarInt, WriteError};

/// Something that is awaited by a link, kept between polls.
pub(super) type Waiting<T> = Pin<Box<dyn Future<Output = Result<T, Farewell>> + Send>>;

/// A connection of either transport. Dropping it closes the connection.
pub(super) enum Connection {
    Quic(quinn::Connection),
    Web(wtransport::Connection),
}

impl Connection {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Quic(_) => Kind::Quic,
            Self::Web(_) => Kind::WebTransport,
        }
    }

    /// The QUIC connection below.
    pub(super) fn quic(&self) -> &quinn::Connection {
        match self {
            Self::Quic(connection) => connection,
            Self::Web(connection) => connection.quic_connection(),
        }
    }

    /// The next unidirectional stream of the peer.
    pub(super) fn accept_uni(&self) -> Waiting<ReceiveHalf> {
        match self {
            Self::Quic(connection) => {
                let connection = connection.clone();
                Box::pin(async move {
                    connection.accept_uni().await.map(ReceiveHalf::Quic).map_err(|e| lost(&e))
                })
            }
            Self::Web(connection) => {
                let connection = connection.clone();
                Box::pin(async move {
                    let stream = connection.accept_uni().await.map_err(Farewell::from_error)?;
                    Ok(ReceiveHalf::Web(stream))
                })
            }
        }
    }

    /// A new unidirectional stream.
    pub(super) fn open_uni(&self) -> Waiting<SendHalf> {
        match self {
            Self::Quic(connection) => {
                let connection = connection.clone();
                Box::pin(async move {
                    connection.open_uni().await.map(SendHalf::Quic).map_err(|e| lost(&e))
                })
            }
            Self::Web(connection) => {
                let connection = connection.clone();
                Box::pin(async move {
                    let opening = connection.open_uni().await.map_err(Farewell::from_error)?;
                    Ok(SendHalf::Web(opening.await.map_err(Farewell::from_error)?))
                })
            }
        }
    }

    /// The next datagram.
    pub(super) fn read_datagram(&self) -> Waiting<Bytes> {
        match self {
            Self::Quic(connection) => {
                let connection = connection.clone();
                Box::pin(async move { connection.read_datagram().await.map_err(|e| lost(&e)) })
            }
            Self::Web(connection) => {
                let connection = connection.clone();
                Box::pin(async move {
                    let datagram =
                        connection.receive_datagram().await.map_err(Farewell::from_error)?;
                    Ok(datagram.payload())
                })
            }
        }
    }

    /// Sends a datagram or drops it.
    pub(super) fn send_datagram(&self, payload: Bytes) {
        // A full buffer drops the oldest one; other failures come out of the streams.
        match self {
            Self::Quic(connection) => drop(connection.send_datagram(payload)),
            Self::Web(connection) => drop(connection.send_datagram(payload)),
        }
    }

    /// The end of the connection, as a farewell.
    pub(super) fn closed(&self) -> Waiting<()> {
        let connection = self.quic().clone();
        Box::pin(async move { Err(lost(&connection.closed().await)) })
    }

    pub(super) fn close(&self, code: u16, reason: &str) {
        self.quic().close(VarInt::from(code), reason.as_bytes());
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.close(0, "");
    }
}

/// What the loss of a connection means.
pub(super) fn lost(error: &ConnectionError) -> Farewell {
    Farewell::abrupt(error.to_string())
}

/// What a failed read means.
pub(super) fn unreadable(error: &ReadError) -> Farewell {
    match error {
        ReadError::ConnectionLost(error) => lost(error),
        error => Farewell::abrupt(error.to_string()),
    }
}

/// What a failed write means.
pub(super) fn unwritable(error: &WriteError) -> Farewell {
    match error {
        WriteError::ConnectionLost(error) => lost(error),
        error => Farewell::abrupt(error.to_string()),
    }
}

/// An error of WebTransport as a farewell.
trait FromError {
    fn from_error(error: impl ToString) -> Self;
}

impl FromError for Farewell {
    fn from_error(error: impl ToString) -> Self {
        Self::abrupt(error.to_string())
    }
}

/// The sending half of a stream.
pub(super) enum SendHalf {
    Quic(quinn::SendStream),
    Web(wtransport::SendStream),
}

impl SendHalf {
    pub(super) fn quic(&mut self) -> &mut quinn::SendStream {
        match self {
            Self::Quic(stream) => stream,
            Self::Web(stream) => stream.quic_stream_mut(),
        }
    }
}

/// The receiving half of a stream.
pub(super) enum ReceiveHalf {
    Quic(quinn::RecvStream),
    Web(wtransport::RecvStream),
}

impl ReceiveHalf {
    pub(super) fn quic(&mut self) -> &mut quinn::RecvStream {
        match self {
            Self::Quic(stream) => stream,
            Self::Web(stream) => stream.quic_stream_mut(),
        }
    }
}
