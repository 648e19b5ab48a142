//! The client library of Caffis Chat.
//!
//! A [`Client`] keeps a conversation with a server going for as long as the application wants it:
//! it connects over native QUIC or WebSocket, says hello, comes back after a break with full jitter,
//! resumes every room at its position, and repeats what was not answered with the same id until the
//! server says what became of it. What happens comes out of [`Events`], per room in order, each
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
//! Nothing here reads a clock of the system, makes randomness or spawns: time is tokio's, the rest
//! comes through [`Environment`], so that a simulation can run this very code.

mod backoff;
mod client;
mod connection;
mod connector;
mod driver;
mod environment;
mod held;
mod outbox;
mod session;
pub mod transports;

pub use backoff::Backoff;
pub use client::{
    CallError, Client, ClientEvent, Ended, Events, Options, State, TokenFuture, TokenSource,
};
pub use connection::{Connection, ConnectionError, Heartbeat, Received, RequestId};
pub use connector::{ConnectError, ConnectFuture, Connector, Preferred};
pub use driver::Driver;
pub use environment::{Environment, SystemEnvironment};
