//! The relay on a real PostgreSQL. `cargo xtask test --only servers` runs these.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests")]

mod encrypted;
mod failures;
mod harness;
mod installing;
mod receiver;
mod refused;
mod relaying;
mod resyncing;
mod triggers;
