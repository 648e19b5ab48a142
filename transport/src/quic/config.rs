//! How QUIC is configured, on both sides.

use std::{sync::Arc, time::Duration};

use quinn::{IdleTimeout, TransportConfig, VarInt};

/// Lanes of a link, lane 0 included.
pub const LANES: u8 = 4;

/// The largest datagram: what the paths of all browsers carry.
pub const MAX_DATAGRAM: usize = 1_000;

/// Unidirectional streams that a peer may have open: its lanes, the three of HTTP/3 and room for
/// reserved ones that a browser opens to keep servers tolerant.
const MAX_UNI_STREAMS: u32 = LANES as u32 - 1 + 3 + 4;

/// Bidirectional streams that a peer may have open: lane 0, the session of WebTransport, and one that
/// a browser may probe with.
const MAX_BIDI_STREAMS: u32 = 3;

/// Bytes that a peer may send ahead of the reader on one stream, and on all of them.
const STREAM_WINDOW: u32 = 128 * 1024;
const CONNECTION_WINDOW: u32 = 384 * 1024;

/// Bytes that are kept until the peer has acknowledged them.
const SEND_WINDOW: u64 = 256 * 1024;

/// Bytes of datagrams that wait in either direction.
const DATAGRAM_BUFFER: usize = 64 * 1024;

/// The configuration of connections that end after this silence.
pub(super) fn transport(idle: Duration, keep_alive: Option<Duration>) -> Arc<TransportConfig> {
    let idle = u32::try_from(idle.as_millis()).unwrap_or(u32::MAX);
    let mut config = TransportConfig::default();
    config
        .max_concurrent_uni_streams(MAX_UNI_STREAMS.into())
        .max_concurrent_bidi_streams(MAX_BIDI_STREAMS.into())
        .stream_receive_window(STREAM_WINDOW.into())
        .receive_window(CONNECTION_WINDOW.into())
        .send_window(SEND_WINDOW)
        .datagram_receive_buffer_size(Some(DATAGRAM_BUFFER))
        .datagram_send_buffer_size(DATAGRAM_BUFFER)
        .max_idle_timeout(Some(IdleTimeout::from(VarInt::from_u32(idle))))
        .keep_alive_interval(keep_alive);
    Arc::new(config)
}
