//! The system's limit of open files.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that are open besides connections: the store's, sockets, logs.
const OTHER_FILES: u64 = 1_000;

/// Raises the limit as far as the system allows, and says when it is too low for the connections
/// that the settings promise.
pub(super) fn check(max_connections: u32) {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::debug!(%error, "the limit of open files stays");
        }
    }
    let needed = u64::from(max_connections) + OTHER_FILES;
    if let Some(files) = getrlimit(Resource::Nofile).current.filter(|files| *files < needed) {
        tracing::warn!(
            files,
            needed,
            "this process may open fewer files than max_connections needs: raise the limit \
             (ulimit -n, LimitNOFILE) or lower max_connections"
        );
    }
}
