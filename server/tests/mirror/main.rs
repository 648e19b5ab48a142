//! `caffis-chat pg-relay` as processes on a real PostgreSQL. `cargo xtask test --only servers` runs these.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests")]

mod commands;
#[path = "../common/mod.rs"]
#[allow(dead_code, unused_imports, reason = "shared with the tests of the edge")]
mod common;
mod killed;
mod product;
#[path = "../../relay/tests/postgres/receiver.rs"]
#[allow(dead_code, reason = "shared with the tests of the relay")]
mod receiver;
mod refused;
mod relays;
