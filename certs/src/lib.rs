//! Server certificates: a development one of our own making, or PEM files, both replaced while the
//! server runs.
//!
//! [`Certificates`] is the handle that the server binary holds. It gives the TLS configuration of
//! the moment for the TCP port and for the UDP port, each as a watch channel that the listeners
//! follow; connections that are open never notice a change. [`Certificates::check`] renews the
//! development certificate when it is due and rereads files that changed; call it in intervals or
//! let [`Certificates::keep`] do so. [`Certificates::reload`] is for SIGHUP.
//!
//! - [`identity`]: a chain with its key, and every check that it must pass.
//! - [`development`]: the self-signed certificate that browsers trust by its hash.
//!
//! The time is passed in, so that tests can age certificates.
#![warn(missing_docs)]

pub mod development;
mod error;
mod handle;
pub mod identity;

pub use error::CertError;
pub use handle::{Certificates, Source, Status};
pub use identity::Identity;
