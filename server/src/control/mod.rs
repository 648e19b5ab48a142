//! The control socket: how the command line speaks to a running server on the same machine.
//!
//! A client connects to `control.sock` in the data folder, writes one line of JSON (a [`Request`])
//! and reads the answer: for a backup chunks of bytes, each after its length as four bytes (big
//! endian) and a length of 0 after the last; then for every request one line of JSON (an
//! [`Answer`]). Only the server's own user may connect (mode 0600).

mod client;
mod server;

use std::{
    fs::File,
    io,
    os::fd::AsRawFd,
    path::{Path, PathBuf},
};

use caffis_schema::{Timestamp, UserId};
use serde::{Deserialize, Serialize};

pub use client::{Connection, ControlError};
pub use server::{ControlServer, Services};

/// The longest line of a request or an answer, in bytes.
const MAX_LINE: u64 = 4 * 1024;

/// The largest chunk of a backup, in bytes.
const MAX_CHUNK: usize = 64 * 1024;

/// How long one read or write may take.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Request {
    /// A copy of the store as it is now.
    Backup,
    /// The end of a user's sessions from before a time.
    Revoke {
        /// Whose.
        user: UserId,
        /// Tokens made before this are refused.
        before: Timestamp,
    },
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Done; of a backup the rows in it.
    Done {
        /// The rows of a backup, 0 for the rest.
        rows: u64,
    },
    /// It did not work; a backup that was begun is not whole.
    Failed(String),
}

/// Where the socket is.
#[must_use]
pub fn socket_path(data: &Path) -> PathBuf {
    data.join(SOCKET)
}

const SOCKET: &str = "control.sock";

/// The longest path that an address of a socket takes, in bytes: `sun_path` without its last 0, on
/// the system with the shortest one.
const MAX_SOCKET_PATH: usize = 103;

/// A socket in a folder, by a path that fits an address however long the folder's own one is.
struct SocketAddress {
    path: PathBuf,
    /// The path goes through this descriptor.
    _folder: Option<File>,
}

impl SocketAddress {
    fn new(folder: &Path, name: &str) -> io::Result<Self> {
        let path = folder.join(name);
        if path.as_os_str().len() <= MAX_SOCKET_PATH {
            return Ok(Self { path, _folder: None });
        }
        let folder = File::open(folder)?;
        let path = format!("/proc/self/fd/{}/{name}", folder.as_raw_fd()).into();
        Ok(Self { path, _folder: Some(folder) })
    }
}
