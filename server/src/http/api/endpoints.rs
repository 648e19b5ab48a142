//! The endpoints of webhooks to other services: seen by all who may, and those made here also changed.

use std::time::Duration;

use caffis_schema::{
    Error, ErrorCode, List, Text,
    endpoints::{
        ENDPOINT_FILTERS, ENDPOINT_GRACE_S, ENDPOINT_SECRET_BYTES, ENDPOINT_URL_BYTES,
        EndpointChange, EndpointSecret, EndpointSettings, EndpointState, WEBHOOK_KIND_BYTES,
    },
    limits::CONTEXT_TYPE_BYTES,
    open::Empty,
};
use postcard_schema::Schema;
use serde::Deserialize;

use super::{
    answer::Answer,
    input::Given,
    operation::{Answering, Method, Operation, body},
    problem::Problem,
};
use crate::{config::new_webhook_secret, system::SystemEntropy};

/// How long the secret before signs beside a new one, unless the caller says it: a day, in seconds.
const GRACE_S: u32 = 86_400;

const PATH: &str = "/api/chat/webhooks/endpoints/{endpoint}";

/// A secret of an endpoint.
type Secret = Text<ENDPOINT_SECRET_BYTES>;

/// An endpoint as it is made.
#[derive(Deserialize, Schema)]
#[serde(deny_unknown_fields)]
struct NewEndpoint {
    url: Text<ENDPOINT_URL_BYTES>,
    kinds: List<Text<WEBHOOK_KIND_BYTES>, ENDPOINT_FILTERS>,
    #[serde(default)]
    contexts: List<Text<CONTEXT_TYPE_BYTES>, ENDPOINT_FILTERS>,
    #[serde(default)]
    secret: Option<Secret>,
}

/// How a secret is replaced.
#[derive(Deserialize, Schema)]
#[serde(deny_unknown_fields)]
struct Rotation {
    #[serde(default)]
    secret: Option<Secret>,
    #[serde(default)]
    grace_s: Option<u32>,
}

const fn operation<T: Schema>(
    method: Method,
    path: &'static str,
    id: &'static str,
    about: &'static str,
    handle: fn(Given) -> Answering,
) -> Operation {
    let operation = Operation::get::<T>(path, id, about, handle);
    Operation { method, rights: &["webhooks"], people: false, ..operation }
}

pub(super) static OPERATIONS: &[Operation] = &[
    operation::<EndpointState>(
        Method::Get,
        PATH,
        "get_endpoint",
        "An endpoint that the chat tells what happens: how it is set up, and what became of its webhooks.",
        |given| {
            Box::pin(async move {
                let name: String = given.path("endpoint")?;
                Answer::of(&given.app.core.endpoint_state(&given.by, &name).await?)
            })
        },
    ),
    Operation {
        body: body::<NewEndpoint>(&["contexts", "secret"]),
        ..operation::<EndpointSecret>(
            Method::Post,
            PATH,
            "create_endpoint",
            "Makes an endpoint, which is told what happens from now on. Its secret is made here unless it is given, and \
             shown this once.",
            |given| Box::pin(create(given)),
        )
    },
    Operation {
        body: body::<EndpointChange>(&["contexts"]),
        ..operation::<EndpointSettings>(
            Method::Put,
            PATH,
            "change_endpoint",
            "Changes where an endpoint is that was made here, and what it is told.",
            |given| {
                Box::pin(async move {
                    let (name, change): (String, EndpointChange) =
                        (given.path("endpoint")?, given.body()?);
                    let core = &given.app.core;
                    Answer::of(&core.change_endpoint(&given.by, &name, &change).await?)
                })
            },
        )
    },
    operation::<Empty>(
        Method::Delete,
        PATH,
        "delete_endpoint",
        "Deletes an endpoint that was made here, with its secrets. Its dead letters are not listed any more.",
        |given| {
            Box::pin(async move {
                let name: String = given.path("endpoint")?;
                given.app.core.delete_endpoint(&given.by, &name).await?;
                Answer::of(&Empty {})
            })
        },
    ),
    Operation {
        body: body::<Rotation>(&["secret", "grace_s"]),
        ..operation::<EndpointSecret>(
            Method::Post,
            "/api/chat/webhooks/endpoints/{endpoint}/rotate",
            "rotate_endpoint",
            "Gives an endpoint that was made here a new secret. The one before signs beside it for grace_s seconds, a day \
             unless it is said; 0 if it has leaked.",
            |given| Box::pin(rotate(given)),
        )
    },
];

fn secret_or_new(secret: Option<Secret>) -> Secret {
    secret.unwrap_or_else(|| Text::cut(&new_webhook_secret(&SystemEntropy::default())))
}

async fn create(given: Given) -> Result<Answer, Problem> {
    let name: String = given.path("endpoint")?;
    let NewEndpoint { url, kinds, contexts, secret } = given.body()?;
    let (change, secret) = (EndpointChange { url, kinds, contexts }, secret_or_new(secret));
    let core = &given.app.core;
    let settings = core.create_endpoint(&given.by, &name, &change, secret.as_str()).await?;
    Answer::of(&EndpointSecret { endpoint: Text::cut(&name), settings, secret })
}

async fn rotate(given: Given) -> Result<Answer, Problem> {
    let name: String = given.path("endpoint")?;
    let Rotation { secret, grace_s } = given.body()?;
    let grace = grace_s.unwrap_or(GRACE_S);
    if grace > ENDPOINT_GRACE_S {
        let sentence = format!("grace_s is at most {ENDPOINT_GRACE_S}.");
        return Err(Error::refused(ErrorCode::Invalid, &sentence).into());
    }
    let (secret, grace) = (secret_or_new(secret), Duration::from_secs(grace.into()));
    let core = &given.app.core;
    let settings = core.rotate_endpoint(&given.by, &name, secret.as_str(), grace).await?;
    Answer::of(&EndpointSecret { endpoint: Text::cut(&name), settings, secret })
}
