//! QUIC links: native QUIC and WebTransport, both sides, and the endpoint that serves both.
//!
//! Lane 0 is the one bidirectional stream, opened by the client, that carries frames of
//! [`caffis_link::frame`]. Every other lane is a unidirectional stream that its sender opens with
//! the first frame; its first byte is the lane's number. Datagrams carry at most
//! [`MAX_DATAGRAM`] bytes. A client makes its stream known by an unasked pong.

mod client;
mod config;
mod lane;
mod link;
mod server;
mod stream;

pub use client::{ClientOptions, Connector, connect, connect_webtransport};
pub use config::{LANES, MAX_DATAGRAM};
pub use server::{EndpointKeys, OriginCheck, QuicServer, ServerOptions};
