//! A frame that many sessions get: encoded once for each codec, when the first one needs it.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use caffis_schema::{Codec, Event, ServerFrame, ServerSignal, codec};

/// A frame on its way to any number of sessions.
#[derive(Debug)]
pub struct Encoded {
    frame: ServerFrame,
    binary: OnceLock<Bytes>,
    json: OnceLock<Bytes>,
}

impl Encoded {
    /// A frame with an event.
    #[must_use]
    pub fn event(event: Event) -> Arc<Self> {
        Self::new(ServerFrame::Event(event))
    }

    /// A frame with a signal.
    #[must_use]
    pub fn signal(signal: ServerSignal) -> Arc<Self> {
        Self::new(ServerFrame::Signal(signal))
    }

    fn new(frame: ServerFrame) -> Arc<Self> {
        Arc::new(Self { frame, binary: OnceLock::new(), json: OnceLock::new() })
    }

    /// The frame's bytes.
    #[must_use]
    pub fn bytes(&self, codec: Codec) -> Bytes {
        let cell = match codec {
            Codec::Binary => &self.binary,
            Codec::Json => &self.json,
        };
        cell.get_or_init(|| encode(&self.frame, codec)).clone()
    }
}

/// Encodes a frame of the server.
///
/// Every part of a frame is bounded by its type so that the whole fits; should one not fit all the
/// same, an empty payload goes out, which no client takes for a frame.
#[must_use]
pub fn encode(frame: &ServerFrame, codec: Codec) -> Bytes {
    match codec::encode(frame, codec) {
        // It may wait in queues for long. A copy of the right size costs less than to shrink the buffer.
        Ok(bytes) => Bytes::copy_from_slice(&bytes),
        Err(error) => {
            tracing::error!(%error, "a frame could not be encoded");
            Bytes::new()
        }
    }
}
