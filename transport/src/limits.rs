//! Names and limits that the transports share.

use std::time::Duration;

/// The ALPN of native QUIC.
pub const ALPN_QUIC: &[u8] = b"caffis/1";

/// The ALPN of HTTP/3, which WebTransport runs on.
pub const ALPN_HTTP3: &[u8] = b"h3";

/// Bytes that wait to be written on one lane before `poll_ready` is pending.
pub const WRITE_BUFFER: usize = 64 * 1024;

/// How long a closing link waits for the peer to take the farewell.
pub const CLOSE_WAIT: Duration = Duration::from_secs(1);
