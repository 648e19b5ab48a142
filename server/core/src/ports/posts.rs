//! The port to the connections of this node that send by POST: a proxy may hand a POST to any node, and
//! the connection is on one.

use std::{future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;
use caffis_schema::Error;

/// Whether a POST was taken, to come.
pub type Taking = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// Takes POSTs for connections of this node. The same one twice is taken once.
pub trait Posts: Send + Sync {
    /// Takes a POST, within a few seconds.
    fn take(&self, body: Bytes) -> Taking;
}

/// Shared.
pub type SharedPosts = Arc<dyn Posts>;
