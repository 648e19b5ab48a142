//! Server-sent events and POST as links, both sides: the last way through proxies that let neither UDP
//! nor WebSocket pass.
//!
//! What the server sends are the events of one response that does not end ([`event`]); the first of them
//! names the stream. What the client sends are POSTs ([`post`]) that name the stream and carry a number,
//! 1 and up. An answer may be lost and connections may overtake each other, so a POST that comes again is
//! answered and not applied, and one that comes too early waits a moment for its turn. Whoever has the
//! name of a stream can send on it, so it travels in bodies and never in an address, which proxies log.
//!
//! A stream lives on one node. [`Streams`] are those of a node, and [`post::destination`] says to which one a
//! POST has to go.
//!
//! Payloads are those of WebSocket: text for [`JSON`](crate::ws::JSON), one line each, and base64 for
//! [`BINARY`](crate::ws::BINARY).

mod client;
mod error;
mod event;
mod http;
mod link;
mod options;
mod payload;
pub mod post;
mod shared;
mod stream;
mod streams;
#[cfg(test)]
mod tests;

pub use client::connect;
pub use error::{Malformed, Refused};
pub use options::{ClientOptions, Options, POST_FRAMES, POSTS_WAITING, TURN_WAIT, post_bytes};
pub use post::StreamName;
pub use stream::Events;
pub use streams::{Opened, Streams};
