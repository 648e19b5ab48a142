//! Answers about webhooks to other services, of the shards of this node.

use std::{future::ready, sync::Arc};

use bytes::Bytes;
use caffis_schema::{Error, Text, endpoints::Redriven};

use super::Answering;
use crate::{
    errors::no_owner,
    outgoing::Outgoing,
    peers::questions::{Answered, WebhookQuestion},
};

/// Answers a question. A node without endpoints has nothing to say of any.
pub(super) fn respond(outgoing: Option<&Arc<Outgoing>>, question: WebhookQuestion) -> Answering {
    let outgoing = outgoing.cloned();
    match question {
        WebhookQuestion::States => {
            let states = outgoing.map(|outgoing| outgoing.states_here()).unwrap_or_default();
            Box::pin(ready(Answered::EndpointStates(states)))
        }
        WebhookQuestion::Redrive(_, which) => Box::pin(async move {
            Answered::Redriven(match outgoing {
                Some(outgoing) => outgoing.redrive_here(&which).await,
                None => Ok(Redriven::default()),
            })
        }),
        WebhookQuestion::Body(_, id) => Box::pin(async move {
            let body: Result<_, Error> = match outgoing {
                Some(outgoing) => outgoing.body_here(&id).await,
                None => Err(no_owner()),
            };
            let text = |body: Bytes| Text::cut(&String::from_utf8_lossy(&body));
            Answered::DeadLetterBody(body.map(|body| body.map(text)))
        }),
    }
}
