//! The client against a server of which the test plays every word, on paused time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "these are tests"
)]

mod calls;
mod connection;
mod rooms;
mod server;
mod slow;
