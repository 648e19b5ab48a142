//! What core needs from outside: a store, a bus, clocks, randomness. Traits only; the adapters live in
//! crates of their own, and every adapter runs the suites of `caffis-conformance`.

pub mod authenticator;
pub(crate) mod bounded;
pub mod bus;
pub mod check;
pub mod clock;
pub mod entropy;
pub mod index;
pub mod posts;
pub(crate) mod split;
pub mod stamps;
pub mod store;
pub mod webhooks;
