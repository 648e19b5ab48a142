//! What comes by POST for connections, which may be on other nodes.

use bytes::Bytes;
use caffis_schema::Error;

use crate::{
    Core, errors::no_stream, model::node::NodeId, ports::posts::SharedPosts, services::Services,
};

impl Core {
    /// This node among several.
    #[must_use]
    pub fn node(&self) -> Option<NodeId> {
        self.services().nodes.as_ref().map(|nodes| nodes.id())
    }

    /// From now on these take POSTs for connections of this node, also those that come to other nodes. Set
    /// once.
    pub fn take_posts(&self, posts: SharedPosts) {
        // The first ones stay.
        let _ = self.services().posts.set(posts);
    }

    /// Hands a POST to the node with this number, which has its connection. The same one may be handed over
    /// again.
    ///
    /// # Errors
    /// `not_found` if there is no such connection, what keeps it from being taken, or that it may have been.
    pub async fn pass_post(&self, node: u64, body: Bytes) -> Result<(), Error> {
        let services = self.services();
        match &services.nodes {
            Some(nodes) if nodes.id().get() != node => {
                nodes.pass_post(NodeId::from_random(node), body).await
            }
            _ => take_here(services, body).await,
        }
    }
}

/// Takes a POST for a connection of this node.
pub(crate) async fn take_here(services: &Services, body: Bytes) -> Result<(), Error> {
    match services.posts.get() {
        Some(posts) => posts.take(body).await,
        None => Err(no_stream()),
    }
}
