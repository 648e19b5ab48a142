//! The streams of a node.

use std::{
    collections::BTreeMap,
    fmt,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use caffis_link::{Codec, Kind, Link, LinkInfo};

use super::{
    error::Refused,
    link::SseLink,
    options::Options,
    post::{Post, StreamName},
    shared::Shared,
    stream::Events,
};

/// The streams of a node. Clones are the same streams.
#[derive(Clone)]
pub struct Streams(Arc<Inner>);

struct Inner {
    most: usize,
    open: Mutex<BTreeMap<u128, Arc<Shared>>>,
}

/// A new stream.
pub struct Opened {
    /// The link.
    pub link: Box<dyn Link>,
    /// The response of the request that opened it.
    pub events: Events,
}

/// An open stream's place among the others; free again when it is dropped.
struct Registered {
    streams: Streams,
    secret: u128,
}

impl Streams {
    /// At most so many at once.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self(Arc::new(Inner { most, open: Mutex::default() }))
    }

    /// Opens a stream on the node with this number. None if there are too many.
    #[must_use]
    pub fn open(
        &self,
        node: u64,
        codec: Codec,
        peer: Option<SocketAddr>,
        options: &Options,
    ) -> Option<Opened> {
        let name = StreamName { node, secret: rand::random() };
        let shared = Arc::new(Shared::new(codec, options.max_frame));
        {
            let mut open = self.all();
            if open.len() >= self.0.most {
                return None;
            }
            open.insert(name.secret, shared.clone());
        }
        let registered = Box::new(Registered { streams: self.clone(), secret: name.secret });
        let info = LinkInfo {
            kind: Kind::Sse,
            codec,
            peer,
            lanes: 1,
            max_frame: options.max_frame,
            max_datagram: None,
        };
        let link = Box::new(SseLink::new(shared.clone(), info, name, registered));
        Some(Opened { link, events: Events::new(shared, options.heartbeat) })
    }

    /// Takes a POST to a stream of this node.
    ///
    /// # Errors
    /// Why it was not applied.
    pub async fn take(&self, body: Bytes) -> Result<(), Refused> {
        let post = Post::read(body)?;
        let shared = self.all().get(&post.name.secret).cloned();
        shared.ok_or(Refused::Ended)?.take(post).await
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.all().len()
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<u128, Arc<Shared>>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.streams.all().remove(&self.secret);
    }
}

impl fmt::Debug for Streams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streams").field("count", &self.count()).finish()
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("link", self.link.info()).finish_non_exhaustive()
    }
}
