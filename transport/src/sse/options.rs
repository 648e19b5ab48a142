//! Settings and limits of both sides.

use std::{net::IpAddr, time::Duration};

use caffis_link::Codec;

use crate::{limits::WRITE_BUFFER, tls::Trust};

/// How long a POST waits for those before it, and for room.
pub const TURN_WAIT: Duration = Duration::from_secs(3);

/// POSTs of one stream that wait at the same time.
pub const POSTS_WAITING: usize = 4;

/// Frames in one POST.
pub const POST_FRAMES: usize = 256;

/// Settings of streams on the server's side.
#[derive(Clone, Debug)]
pub struct Options {
    /// The largest payload of a frame in bytes. Default 256 KiB.
    pub max_frame: usize,
    /// How long nothing may be written before a comment is, so that proxies keep the response. Default 15 s.
    pub heartbeat: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_frame: 256 * 1024, heartbeat: Duration::from_secs(15) }
    }
}

/// Settings of a client.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// How payloads are written. Default binary.
    pub codec: Codec,
    /// The largest payload of a frame in bytes. Default 256 KiB.
    pub max_frame: usize,
    /// Which certificates are trusted on `https`. Default the machine's authorities.
    pub trust: Trust,
    /// The local address to connect from. Default any.
    pub bind: Option<IpAddr>,
    /// The `Origin` header. Default none.
    pub origin: Option<String>,
    /// How long connecting, and each POST, may take. Default 10 s.
    pub timeout: Duration,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            codec: Codec::Binary,
            max_frame: 256 * 1024,
            trust: Trust::Native,
            bind: None,
            origin: None,
            timeout: Duration::from_secs(10),
        }
    }
}

/// The most bytes of a POST on a link with such frames: the largest one in base64, what waited before it,
/// and the first line.
#[must_use]
pub const fn post_bytes(max_frame: usize) -> usize {
    max_frame.div_ceil(3) * 4 + WRITE_BUFFER + 1_024
}
