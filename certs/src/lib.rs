//! Server certificates: a self-signed one for development, PEM files, or those of an authority that
//! speaks ACME. All of them can be replaced while the server runs.
//!
//! [`Certificates`] is the handle that the server binary holds. It gives the current TLS
//! configurations of the TCP port and the UDP port, each as a watch channel that the listeners follow;
//! open connections are not affected by a change. [`Certificates::check`] renews the
//! development certificate when it is due and rereads files that changed; call it at intervals, or
//! use [`Certificates::keep`], which also requests certificates from authorities.
//! [`Certificates::reload`] is for SIGHUP.
//!
//! - [`identity`]: a chain with its key, and every check that it must pass.
//! - [`development`]: the self-signed certificate that browsers trust by its hash.
//! - [`acme`]: certificates of an authority, obtained and renewed.
//!
//! The time is passed in, so that tests can age certificates.
#![warn(missing_docs)]

pub mod acme;
pub mod development;
mod error;
mod handle;
pub mod identity;
mod private_file;

pub use error::CertError;
pub use handle::{Certificates, Source, Status};
pub use identity::Identity;
