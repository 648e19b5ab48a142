//! Carrying a webhook to its endpoint: one attempt.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;

/// What is carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outbound {
    /// The name of the endpoint. Its address and its secrets are the sender's to know.
    pub endpoint: Arc<str>,
    /// The `webhook-id`: the same in each attempt.
    pub id: String,
    /// The body.
    pub body: Bytes,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// An answer.
    Said {
        /// Its status.
        status: u16,
        /// How long it wants to be left alone.
        retry_after: Option<Duration>,
        /// What it says, as far as a person who looks for the reason wants to read it.
        reason: String,
    },
    /// None in time.
    Late,
    /// No connection, or one that broke; and why.
    Unreachable(String),
}

/// An answer, to come.
pub type AnswerFuture<'a> = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

/// Carries webhooks. It signs them, gives up after a time, follows no redirect, and tries once.
pub trait WebhookSender: Send + Sync + 'static {
    /// One attempt.
    fn send<'a>(&'a self, webhook: &'a Outbound) -> AnswerFuture<'a>;
}

/// A sender, shared.
pub type SharedSender = Arc<dyn WebhookSender>;

/// Where an endpoint is that was made by API, and by what it knows that a webhook is ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The endpoint's name.
    pub endpoint: Arc<str>,
    /// Its address.
    pub url: Arc<str>,
    /// Each of these signs: `whsec_…`.
    pub secrets: Vec<Arc<str>>,
}

/// Whether webhooks may go to an address, or why not; to come.
pub type Checking<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

/// Reaches endpoints that were made by API.
pub trait Dialer: Send + Sync + 'static {
    /// Whether webhooks may go to an address as things are now; each delivery checks it again.
    fn check<'a>(&'a self, url: &'a str) -> Checking<'a>;

    /// What carries webhooks to an endpoint.
    ///
    /// # Errors
    /// What is wrong with its address or its secrets.
    fn dial(&self, target: &Target) -> Result<SharedSender, String>;
}

/// A dialer, shared.
pub type SharedDialer = Arc<dyn Dialer>;
