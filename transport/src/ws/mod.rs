//! WebSocket links, both sides.
//!
//! Two subprotocols: [`BINARY`], whose messages are a kind byte and a payload, and [`JSON`], whose
//! text messages are payloads as they are. Pings are those of WebSocket. Pages cannot send them, so on
//! the binary form a client may ping by a message of its own kind too. A farewell is the close frame,
//! with the code 4000 plus the farewell's; the binary form says it in a message before that.
//!
//! The codec of RFC 6455 (`wire`) is our own for one reason: it compresses large messages
//! (permessage-deflate, `deflate`), and tungstenite refuses the reserved bit that says so. It is not
//! faster. A message written by itself costs the same 5.7 µs of CPU with tokio-tungstenite 0.29, down
//! to the socket; of sixteen at once each costs 0.37 µs against 0.40. An idle connection takes 7.1 KB,
//! the HTTP listener in front of it included, and 4.9 KB with tungstenite alone (medians of three,
//! measured while other work ran):
//!
//! ```sh
//! cargo run --release -p caffis-transport --example websocket_cost
//! ```
//!
//! `cases` holds it against tungstenite's reader over the Autobahn cases, `tests/foreign.rs` against
//! fastwebsockets. Once tungstenite has permessage-deflate, it should take the place of `wire`.

#[cfg(test)]
mod cases;
mod client;
mod deflate;
mod error;
mod link;
mod options;
mod server;
#[cfg(test)]
mod tests;
mod wire;

pub use client::connect;
pub use options::{BINARY, ClientOptions, JSON, Options};
pub use server::{Rejection, Upgrade};
