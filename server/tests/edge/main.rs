//! The product at its edge: the real binary, real sockets, bad input.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests")]

#[path = "../common/mod.rs"]
mod common;

mod acme;
mod backup;
mod drain;
mod example_session;
mod full;
mod hello;
mod http;
mod input;
mod metrics;
mod origins;
mod proxies;
mod reload;
mod start;
mod stops;
mod tokens;
