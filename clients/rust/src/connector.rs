//! Where links come from.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use caffis_link::Link;

/// Why there is no link.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The server cannot be reached now, or does not answer.
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
    /// Something is set up wrongly; trying again changes nothing.
    #[error("the connection is misconfigured: {0}")]
    Setup(String),
}

/// A link, to come.
pub type ConnectFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Box<dyn Link>, ConnectError>> + Send + 'a>>;

/// Makes links to one server.
pub trait Connector: Send + Sync + 'static {
    /// A new link. The client gives up after a time of its own by dropping the future.
    fn connect(&self) -> ConnectFuture<'_>;
}

/// Two transports to one server: the preferred one gets a head start, then the first link wins.
pub struct Preferred {
    first: Arc<dyn Connector>,
    second: Arc<dyn Connector>,
    head_start: Duration,
}

impl Preferred {
    /// How long the preferred transport is alone.
    pub const HEAD_START: Duration = Duration::from_millis(500);

    /// Prefers `first`, falls back to `second`.
    #[must_use]
    pub fn new(first: Arc<dyn Connector>, second: Arc<dyn Connector>) -> Self {
        Self { first, second, head_start: Self::HEAD_START }
    }
}

impl Connector for Preferred {
    fn connect(&self) -> ConnectFuture<'_> {
        Box::pin(async move {
            let mut first = self.first.connect();
            tokio::select! {
                biased;
                link = &mut first => match link {
                    Ok(link) => return Ok(link),
                    Err(_) => return self.second.connect().await,
                },
                () = tokio::time::sleep(self.head_start) => {}
            }
            let mut second = self.second.connect();
            tokio::select! {
                biased;
                link = &mut first => match link {
                    Ok(link) => Ok(link),
                    Err(_) => second.await,
                },
                link = &mut second => match link {
                    Ok(link) => Ok(link),
                    Err(_) => first.await,
                },
            }
        })
    }
}
