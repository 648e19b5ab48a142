//! Real servers for tests: started on free ports or loopback addresses with their files in a temporary
//! folder, and killed when their handle is dropped.
//!
//! [`CqlServers`] is Apache Cassandra: one node, or several that form a ring. Its program comes by
//! `cargo xtask setup`, and needs Java 17. Its addresses are chosen at random from 127.0.0.0/8 and held by a
//! lock that the system releases (`address`). [`redis`], [`HaProxy`], [`prometheus`] and [`PostgresServer`] come
//! from Debian.
//! All of them end when the process of the test ends in any other way, too (`process`), and files that it
//! leaves behind are removed by the next one (`folder`).
//!
//! [`demo`] starts all of them with two nodes of the product, for people: `cargo xtask cluster`. [`story`] starts
//! the services of `examples` with the chat: `cargo xtask demo`.
//!
//! Everything here panics if something is missing, so that a test which needs a server never passes
//! without one. Such tests are ignored by default; `cargo xtask test --only servers` installs the servers
//! and runs them.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod address;
pub mod certificates;
mod cql;
pub mod demo;
pub mod ending;
mod folder;
mod haproxy;
mod postgres;
mod process;
pub mod prometheus;
pub mod redis;
pub mod story;

pub use cql::{Clock, CommitLog, CqlNode, CqlServers, CqlSetup, Encryption, MadeTables};
pub use haproxy::HaProxy;
pub use postgres::PostgresServer;
