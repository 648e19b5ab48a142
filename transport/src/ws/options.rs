//! Settings and names of both sides.

use std::{net::IpAddr, time::Duration};

use caffis_link::Codec;

use crate::tls::Trust;

/// The subprotocol whose payloads are binary.
pub const BINARY: &str = "caffis.v1";

/// The subprotocol whose payloads are JSON text.
pub const JSON: &str = "caffis.v1.json";

/// The subprotocol of a codec.
pub(super) fn subprotocol(codec: Codec) -> &'static str {
    match codec {
        Codec::Binary => BINARY,
        Codec::Json => JSON,
    }
}

/// Settings of WebSocket links on the server's side.
#[derive(Clone, Debug)]
pub struct Options {
    /// The largest payload of a frame in bytes. Default 256 KiB.
    pub max_frame: usize,
    /// How long the switch of protocols may take. Default 10 s.
    pub upgrade_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_frame: 256 * 1024, upgrade_timeout: Duration::from_secs(10) }
    }
}

/// Settings of a client.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// How payloads are written. Default binary.
    pub codec: Codec,
    /// The largest payload of a frame in bytes. Default 256 KiB.
    pub max_frame: usize,
    /// Which certificates are trusted on `wss`. Default the machine's authorities.
    pub trust: Trust,
    /// The local address to connect from. Default any.
    pub bind: Option<IpAddr>,
    /// The `Origin` header. Default none.
    pub origin: Option<String>,
    /// Whether to offer the compression of large messages. Default yes.
    pub compress: bool,
    /// How long connecting may take. Default 10 s.
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
            compress: true,
            timeout: Duration::from_secs(10),
        }
    }
}
