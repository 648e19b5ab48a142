//! How a client behaves.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use caffis_schema::DeviceId;

use crate::{connector::Connector, environment::Environment};

/// A token that is being fetched; the error is a sentence for people.
pub type TokenFuture = Pin<Box<dyn Future<Output = Result<String, String>> + Send>>;

/// Gives the person's token: called for every connection and when the present token ends soon.
pub type TokenSource = Arc<dyn Fn() -> TokenFuture + Send + Sync>;

/// How a client behaves.
#[derive(Clone)]
pub struct Options {
    /// Makes the links.
    pub connector: Arc<dyn Connector>,
    /// Gives the tokens.
    pub tokens: TokenSource,
    /// Clock and randomness.
    pub environment: Arc<dyn Environment>,
    /// This installation, kept over restarts.
    pub device: DeviceId,
    /// The application's name and version, for the server's logs.
    pub name: String,
    /// The first bound of the delay before connecting again.
    pub backoff_base: Duration,
    /// The largest bound of that delay.
    pub backoff_cap: Duration,
    /// How long a link and its hello may take.
    pub connect_timeout: Duration,
}

impl Options {
    /// The default behaviour.
    #[must_use]
    pub fn new(
        connector: Arc<dyn Connector>,
        tokens: TokenSource,
        environment: Arc<dyn Environment>,
    ) -> Self {
        let mut device = [0; 16];
        environment.fill(&mut device);
        Self {
            connector,
            tokens,
            environment,
            device: DeviceId(device),
            name: concat!("caffis-client/", env!("CARGO_PKG_VERSION")).to_owned(),
            backoff_base: Duration::from_millis(200),
            backoff_cap: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(10),
        }
    }
}
