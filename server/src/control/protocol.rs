//! What both ends of the control socket know.

use std::{
    fs::File,
    io,
    os::fd::AsRawFd,
    path::{Path, PathBuf},
    time::Duration,
};

use caffis_schema::{
    Timestamp, UserId,
    endpoints::{DeadLetterPage, EndpointStates, InspectedDeadLetter, Redriven},
};
use serde::{Deserialize, Serialize};

use super::{
    search::SearchStatus,
    status::{ClusterStatus, NodeStatus},
};
use crate::service_keys::{KeyInfo, KeyOrder};

/// The longest line of a request, in bytes.
pub(super) const MAX_LINE: u64 = 4 * 1024;

/// The longest line of an answer, in bytes: a thousand nodes or keys, or a page of dead letters.
pub(super) const MAX_ANSWER: u64 = 1024 * 1024;

/// The largest chunk of a backup, in bytes.
pub(super) const MAX_CHUNK: usize = 64 * 1024;

/// How long one read or write may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

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
    /// Nothing but an answer.
    Health,
    /// What the node knows of the others.
    Cluster,
    /// That the node hands its rooms over, drains and ends.
    Leave,
    /// That the node hands one shard over.
    HandOver {
        /// The shard.
        shard: u64,
        /// The node that gets it, by its id or its name; none: the one with the fewest shards.
        to: Option<String>,
    },
    /// The endpoints of webhooks.
    Endpoints,
    /// A page of the webhooks that were given up, oldest first.
    DeadLetters {
        /// Of this endpoint only.
        endpoint: Option<String>,
        /// Those that follow another page.
        after: Option<String>,
    },
    /// One of them.
    DeadLetter {
        /// Its `webhook-id`.
        id: String,
    },
    /// That some of them are sent again.
    Redrive {
        /// Those of this endpoint only.
        endpoint: Option<String>,
        /// The one with this `webhook-id` only.
        id: Option<String>,
    },
    /// That the search index is made again, on all nodes.
    RebuildSearch,
    /// How far that is.
    SearchRebuilding,
    /// Something about the keys of services.
    Keys {
        /// What.
        order: KeyOrder,
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
    /// The nodes.
    Cluster(ClusterStatus),
    /// The shard is another node's.
    HandedOver(NodeStatus),
    /// The endpoints.
    Endpoints(EndpointStates),
    /// Dead letters.
    DeadLetters(DeadLetterPage),
    /// A dead letter.
    DeadLetter(InspectedDeadLetter),
    /// What became of dead letters that were sent again.
    Redriven(Redriven),
    /// How far a rebuild of the search index is.
    SearchRebuilding(SearchStatus),
    /// The keys that it was about.
    Keys(Vec<KeyInfo>),
    /// It did not work; a backup that was begun is not whole.
    Failed(String),
}

/// Where the socket is.
#[must_use]
pub fn socket_path(data: &Path) -> PathBuf {
    data.join(SOCKET)
}

pub(super) const SOCKET: &str = "control.sock";

/// The longest path that an address of a socket takes, in bytes: `sun_path` without its last 0, on
/// the system with the shortest one.
const MAX_SOCKET_PATH: usize = 103;

/// A socket in a folder, by a path that fits an address however long the folder's own one is.
pub(super) struct SocketAddress {
    pub(super) path: PathBuf,
    /// The path goes through this descriptor.
    _folder: Option<File>,
}

impl SocketAddress {
    pub(super) fn new(folder: &Path, name: &str) -> io::Result<Self> {
        let path = folder.join(name);
        if path.as_os_str().len() <= MAX_SOCKET_PATH {
            return Ok(Self { path, _folder: None });
        }
        let folder = File::open(folder)?;
        let path = format!("/proc/self/fd/{}/{name}", folder.as_raw_fd()).into();
        Ok(Self { path, _folder: Some(folder) })
    }
}
