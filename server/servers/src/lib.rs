//! Real servers for tests: started on free ports of 127.0.0.1 with their files in a temporary folder, and
//! killed when their handle is dropped.
//!
//! Everything here panics if something is missing, so that a test which needs a server never passes
//! without one. Such tests are ignored by default; `cargo xtask test --only servers` installs the servers
//! and runs them.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

pub mod redis;
