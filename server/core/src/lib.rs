//! (crate docs follow)
pub mod ports;
pub mod settings;
