//! Journeys: real clients, a real server, and everything that may come between them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests")]

#[path = "../common/mod.rs"]
#[allow(dead_code, unused_imports, reason = "shared with the tests of the edge")]
mod common;

mod devices;
mod friend;
mod kill;
mod limits;
mod load;
#[allow(dead_code, reason = "shared with the tests of several nodes")]
mod plug;
mod resume;
mod terminal;
