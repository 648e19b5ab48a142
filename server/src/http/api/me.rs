//! What a person sets of themselves.

use caffis_schema::{
    Command, Text, command::SetPreferences, limits::STATUS_BYTES, open::Empty, room::OwnState,
};
use postcard_schema::Schema;
use serde::Deserialize;

use super::{
    answer::Answer,
    operation::{Method, Operation, body},
};

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::get::<OwnState>(
        "/api/chat/me",
        "get_me",
        "The person themselves: their presence as others see it, and whether they keep to themselves what they have read.",
        |given| Box::pin(async move { Answer::of(&given.app.core.own_state(&given.by).await?) }),
    ),
    Operation {
        method: Method::Put,
        body: body::<Status>(&[]),
        ..Operation::get::<OwnState>(
            "/api/chat/me/status",
            "set_status",
            "Changes the person's own words beside their presence; an empty text takes them away.",
            |given| {
                Box::pin(async move {
                    let Status { status } = given.body()?;
                    Answer::of(&given.app.core.set_status(&given.by, status).await?)
                })
            },
        )
    },
    Operation {
        method: Method::Put,
        body: body::<Preferences>(&[]),
        ..Operation::get::<Empty>(
            "/api/chat/me/preferences",
            "set_preferences",
            "Whether others are told what the person has read.",
            |given| {
                Box::pin(async move {
                    let Preferences { private_receipts } = given.body()?;
                    given.call(Command::SetPreferences(SetPreferences { private_receipts })).await
                })
            },
        )
    },
];

/// A person's own words.
#[derive(Deserialize, Schema)]
#[serde(deny_unknown_fields)]
struct Status {
    status: Text<STATUS_BYTES>,
}

/// A person's own settings.
#[derive(Deserialize, Schema)]
#[serde(deny_unknown_fields)]
struct Preferences {
    private_receipts: bool,
}
