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
