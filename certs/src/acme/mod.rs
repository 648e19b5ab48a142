//! Certificates from a certificate authority that speaks ACME (RFC 8555), such as Let's Encrypt.
//!
//! The authority proves that a domain is ours by tls-alpn-01 (RFC 8737): it connects to the TCP port
//! with a protocol of its own and looks for a certificate that only the holder of the account can
//! make. So no other port and no other server is needed.
//!
//! - [`authority`]: the account and the way to a certificate; [`order`] is one walk of it.
//! - [`challenge`]: what the TCP port answers to the authority, and to others meanwhile.
//! - [`cache`]: account and certificate in a folder, so that a restart asks for nothing.
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
