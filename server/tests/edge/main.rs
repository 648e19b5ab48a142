//! The product at its edge: the real binary, real sockets, bad input.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests")]

#[path = "../common/mod.rs"]
#[allow(dead_code, reason = "shared with the tests of several nodes")]
mod common;

mod acme;
mod api;
mod backup;
mod drain;
mod events;
mod example_session;
mod full;
mod hello;
mod hooks;
mod http;
mod http3;
mod input;
mod metrics;
mod origins;
mod outgoing;
mod proxies;
mod reload;
mod start;
mod stops;
mod tokens;
mod traces;
