//! The bus against real Redis servers: the suite of the port, and what goes wrong with a server.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod cluster;
mod common;
mod faults;
mod login;
mod suite;
