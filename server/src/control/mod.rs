//! The control socket: how the command line speaks to a running server on the same machine.
//!
//! A client connects to `control.sock` in the data folder, writes one line of JSON (a [`Request`])
//! and reads the answer: for a backup chunks of bytes, each after its length as four bytes (big
//! endian) and a length of 0 after the last; then for every request one line of JSON (an
//! [`Answer`]). Only the server's own user may connect (mode 0600).

mod client;
mod hooks;
mod protocol;
mod search;
mod server;
mod status;

pub use client::{Connection, ControlError};
pub use hooks::{DeadLetterTable, EndpointTable, Inspected, RedriveResult};
pub use protocol::{Answer, Request, socket_path};
pub use search::SearchStatus;
pub use server::{ControlServer, Services};
pub use status::{ClusterStatus, LeaseStatus, NodeStatus};
