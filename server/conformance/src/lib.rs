//! Test suites that every adapter of a port must pass, and the models that they are compared with.
//!
//! [`memory::MemoryStore`] is the store that tests and the simulation run on; [`faulty::FaultyStore`]
//! wraps any store and misbehaves as a real one may. [`store::suite`] drives a store with fixed
//! cases and seeded random sequences, and compares every answer with a plain map.
//!
//! Used by tests only: the suites panic with what they expected.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "suites fail by panicking")]

pub mod bus;
pub mod clock;
pub mod faulty;
pub mod memory;
pub mod random;
pub mod store;
