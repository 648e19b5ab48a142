//! The transports: WebTransport, native QUIC, WebSocket and server-sent events as [`Link`](caffis_link::Link)s.
//!
//! The server binary listens through [`quic::QuicServer`] (one UDP port, the ALPN chooses between
//! native QUIC and WebTransport) and [`tcp::serve`] (one TCP port: HTTP/1.1, HTTP/2 and, through
//! [`ws::Upgrade`], WebSocket). The Rust client, the load generator and the tests connect through
//! [`quic::connect`], [`ws::connect`], [`sse::connect`] and [`quic::connect_webtransport`]. The layers above see
//! only links; this crate knows neither the protocol's schema nor the server's core.
//!
//! - [`ws`]: WebSocket, both sides. An idle link holds no buffers, frames that are flushed together
//!   leave in one write, and large ones are compressed.
//! - [`sse`]: server-sent events and POST, both sides, where nothing else passes.
//! - [`quic`]: both QUIC transports and the endpoint that serves them.
//! - [`http3`]: HTTP/3 for some host names, on the port of QUIC.
//! - [`tcp`]: the HTTP listener, optionally with TLS. [`proxy`]: the PROXY header, in which
//!   proxies send the client's address.
//! - [`lobby`]: how many connections there may be. [`admit`]: who may connect.
//! - [`tls`]: which server certificates a client trusts.
#![warn(missing_docs)]

pub mod admit;
mod error;
pub mod http3;
mod limits;
pub mod lobby;
pub mod proxy;
pub mod quic;
mod socket;
pub mod sse;
pub mod tcp;
pub mod tls;
pub mod ws;

pub use error::ConnectError;
pub use limits::{ALPN_HTTP3, ALPN_QUIC, CLOSE_WAIT, WRITE_BUFFER};
