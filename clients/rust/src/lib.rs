//! The client library of Caffis Chat.
//!
//! A [`Client`] keeps a conversation with a server going for as long as the application wants it:
//! it connects over native QUIC or WebSocket, says hello, comes back after a break with full jitter,
//! resumes every room at its position, and repeats what was not answered with the same id until the
//! server says what became of it; what the server puts off, it asks again at the time that the server
//! says. What happens comes out of [`Events`], per room in order, each
//! entry once.
//!
//! ```text
//! Client (handle) --actions--> Driver (one future, spawned by the application) --> Connection --> Link
//! Events          <--events---
//! ```
//!
//! [`Connection`] is the layer below, for those who want one link without comfort: commands and
//! their answers, events, heartbeats. A [`Connector`] makes links; [`transports`] has the real ones.
//!
//! Modules import only downwards: `client` and `driver`, then `session`, `application`, `state`, then
//! the plain values in `rooms` and `outbox`; a test keeps it so.
//!
//! Nothing here reads a clock of the system, makes randomness or spawns: time is tokio's, the rest
//! comes through [`Environment`], so that a simulation can run this very code.

#![warn(missing_docs)]

mod application;
mod backoff;
mod calls;
mod client;
mod connection;
mod connector;
mod driver;
mod end;
mod environment;
mod events;
mod heads;
mod invites;
mod options;
mod outbox;
mod rooms;
mod session;
mod state;
pub mod transports;

pub use backoff::Backoff;
pub use calls::CallError;
pub use client::Client;
pub use connection::{Connection, ConnectionError, Heartbeat, Received, RequestId};
pub use connector::{ConnectError, ConnectFuture, Connector, Preferred};
pub use driver::Driver;
pub use environment::{Environment, SystemEnvironment};
pub use events::{ClientEvent, Ended, Events, State};
pub use options::{Options, TokenFuture, TokenSource};
