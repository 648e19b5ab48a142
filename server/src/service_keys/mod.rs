//! The keys with which services sign in to the REST API.
//!
//! A key is called by a name and carries rights, the same that a service's token has. It is text that is
//! shown once (`secret`); the store has its SHA-256. `orders` are what the command line makes, lists,
//! rotates and revokes; [`ServiceKeys`] checks what comes with a request.

mod checker;
mod orders;
mod secret;

pub use checker::ServiceKeys;
pub use orders::{KeyInfo, KeyOrder, OrderError, carry_out};
pub use secret::{NewKey, PREFIX, is_name};
