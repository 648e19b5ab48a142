//! Webhooks to other services: their endpoints, and those that were given up.

use caffis_core::model::webhooks::DeadLetterFilter;
use caffis_schema::endpoints::{
    DeadLetterPage, EndpointName, EndpointStates, InspectedDeadLetter, Redriven,
};
use postcard_schema::Schema;

use super::{
    answer::Answer,
    operation::{Method, Operation},
    parameter::{Holds, LIMIT, Parameter},
};

const ENDPOINT: Parameter = Parameter {
    name: "endpoint",
    about: "Those of this endpoint only.",
    holds: Holds::Type(EndpointName::SCHEMA),
};

pub(super) static OPERATIONS: &[Operation] = &[
    Operation {
        rights: &["webhooks"],
        people: false,
        ..Operation::get::<EndpointStates>(
            "/api/chat/webhooks/endpoints",
            "list_endpoints",
            "The endpoints that the chat tells what happens, what became of their webhooks and what waits, on all \
             nodes together.",
            |given| {
                Box::pin(
                    async move { Answer::of(&given.app.core.endpoint_states(&given.by).await?) },
                )
            },
        )
    },
    Operation {
        rights: &["webhooks"],
        people: false,
        query: &[
            ENDPOINT,
            Parameter {
                name: "after",
                about: "What the page before gave as next.",
                holds: Holds::Type(String::SCHEMA),
            },
            LIMIT,
        ],
        ..Operation::get::<DeadLetterPage>(
            "/api/chat/webhooks/dead-letters",
            "list_dead_letters",
            "The webhooks that were given up, oldest first.",
            |given| {
                Box::pin(async move {
                    let (endpoint, after) =
                        (given.query::<String>("endpoint")?, given.query::<String>("after")?);
                    let (core, limit) = (&given.app.core, given.limit()?);
                    let page =
                        core.dead_letters(&given.by, endpoint.as_deref(), after.as_deref(), limit);
                    Answer::of(&page.await?)
                })
            },
        )
    },
    Operation {
        rights: &["webhooks"],
        people: false,
        ..Operation::get::<InspectedDeadLetter>(
            "/api/chat/webhooks/dead-letters/{webhook}",
            "get_dead_letter",
            "A webhook that was given up, with the body that it would have now.",
            |given| {
                Box::pin(async move {
                    let id: String = given.path("webhook")?;
                    Answer::of(&given.app.core.dead_letter(&given.by, &id).await?)
                })
            },
        )
    },
    Operation {
        method: Method::Post,
        rights: &["webhooks"],
        people: false,
        ..Operation::get::<Redriven>(
            "/api/chat/webhooks/dead-letters/{webhook}/redrive",
            "redrive_dead_letter",
            "Sends a webhook that was given up again.",
            |given| {
                Box::pin(async move {
                    let id = Some(given.path("webhook")?);
                    let which = DeadLetterFilter { endpoint: None, id };
                    Answer::of(&given.app.core.redrive(&given.by, &which).await?)
                })
            },
        )
    },
    Operation {
        method: Method::Post,
        rights: &["webhooks"],
        people: false,
        query: &[ENDPOINT],
        ..Operation::get::<Redriven>(
            "/api/chat/webhooks/redrive",
            "redrive_dead_letters",
            "Sends webhooks that were given up again, oldest first, until one of an endpoint is not taken or it has \
             taken long.",
            |given| {
                Box::pin(async move {
                    let endpoint = given.query("endpoint")?;
                    let which = DeadLetterFilter { endpoint, id: None };
                    Answer::of(&given.app.core.redrive(&given.by, &which).await?)
                })
            },
        )
    },
];
