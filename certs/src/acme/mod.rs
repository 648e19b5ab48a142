//! Certificates from a certificate authority that speaks ACME (RFC 8555), such as Let's Encrypt.
//!
//! The authority validates a domain by tls-alpn-01 (RFC 8737): it connects to the TCP port with its own
//! ALPN protocol and checks for a certificate that only the holder of the account can make. So no other
//! port and no other server is needed.
//!
//! - [`authority`]: the account and the steps to a certificate; [`order`] runs them once.
//! - [`challenge`]: what the TCP port shows to the authority, and to others during an order.
//! - [`cache`]: account and certificate in a folder, so that a restart makes no request.
//! - [`keeper`]: when to ask, and how long to wait after a failure.
//! - [`http`]: the bounded HTTP client underneath.

mod authority;
mod cache;
mod challenge;
mod error;
mod http;
mod keeper;
mod order;

pub(crate) use authority::{Authority, renewal};
pub use authority::{LETS_ENCRYPT, MAX_DOMAINS, Settings};
pub use challenge::ALPN_ACME;
pub use error::AcmeError;
pub(crate) use keeper::keep;
