//! WebSocket links, both sides.
//!
//! Two subprotocols: [`BINARY`], whose messages are a kind byte and a payload, and [`JSON`], whose
//! text messages are payloads as they are. Pings are those of WebSocket. Pages cannot send them, so on
//! the binary form a client may ping by a message of its own kind too. A farewell is the close frame,
//! with the code 4000 plus the farewell's; the binary form says it in a message before that.

#[cfg(test)]
mod cases;
mod client;
mod deflate;
mod link;
mod options;
mod server;
#[cfg(test)]
mod tests;
mod wire;

pub use client::connect;
pub use options::{BINARY, ClientOptions, JSON, Options};
pub use server::{Rejection, Upgrade};
