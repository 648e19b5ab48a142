//! Several nodes: real processes that share CQL servers and Redis, real clients, and what goes wrong.
//! `cargo xtask test --only servers` runs these.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests")]

mod balance;
mod chaos;
#[path = "../common/mod.rs"]
#[allow(dead_code, unused_imports, reason = "shared with the tests of the edge")]
mod common;
mod faults;
#[path = "../journey/friend.rs"]
#[allow(dead_code, reason = "shared with the journeys")]
mod friend;
#[path = "../journey/load.rs"]
mod load;
mod metrics;
mod nodes;
#[path = "../journey/plug.rs"]
#[allow(dead_code, reason = "shared with the journeys")]
mod plug;
#[path = "../edge/outgoing/receiver.rs"]
#[allow(dead_code, reason = "shared with the tests of the edge")]
mod receiver;
mod rest;
mod start;
mod streams;
mod together;
mod traffic;
mod webhooks;
mod wire;
