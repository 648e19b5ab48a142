//! The alerts: a real Prometheus reads a real server, a test causes the fault of each alert, and the alert's
//! expression becomes true. `cargo xtask test --only servers` runs these.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests")]

mod clients;
mod cluster;
#[path = "../common/mod.rs"]
#[allow(dead_code, unused_imports, reason = "shared with the tests of the edge")]
mod common;
mod disk;
#[path = "../journey/friend.rs"]
#[allow(dead_code, reason = "shared with the journeys")]
mod friend;
mod hooks;
mod limits;
#[path = "../several/nodes.rs"]
#[allow(dead_code, reason = "shared with the tests of several nodes")]
mod nodes;
#[path = "../journey/plug.rs"]
#[allow(dead_code, reason = "shared with the journeys")]
mod plug;
mod process;
mod rules;
mod watching;
