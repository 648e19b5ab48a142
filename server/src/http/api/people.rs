//! What can be asked about people.

use caffis_core::model::caller::Rights;
use caffis_schema::{
    Command, List, UserId,
    command::Profiles,
    limits::USERS_PER_COMMAND,
    people::{Connections, MayWrite, SharesRoom, Unread},
    reply::ProfileList,
};
use postcard_schema::Schema;
use serde::Deserialize;

use super::{
    answer::Answer,
    operation::{Method, Operation, body},
};

pub(super) static OPERATIONS: &[Operation] = &[
    Operation {
        rights: &["people"],
        ..Operation::get::<MayWrite>(
            "/api/chat/people/{user}/may-write/{other}",
            "may_write",
            "Whether a person may write to another one directly. People may ask for themselves.",
            |given| {
                Box::pin(async move {
                    let (user, other) = (given.path("user")?, given.path("other")?);
                    Answer::of(&given.app.core.may_write(&given.by, &user, &other).await?)
                })
            },
        )
    },
    Operation {
        rights: &["people"],
        ..Operation::get::<SharesRoom>(
            "/api/chat/people/{user}/shares-room/{other}",
            "shares_room",
            "Whether two people are members of the same room. People may ask for themselves.",
            |given| {
                Box::pin(async move {
                    let (user, other) = (given.path("user")?, given.path("other")?);
                    Answer::of(&given.app.core.share_room(&given.by, &user, &other).await?)
                })
            },
        )
    },
    Operation {
        rights: &["people"],
        ..Operation::get::<Unread>(
            "/api/chat/people/{user}/unread",
            "get_unread",
            "What a person has not read, over all of their rooms. People may ask for themselves.",
            |given| {
                Box::pin(async move {
                    let user = given.path("user")?;
                    Answer::of(&given.app.core.unread(&given.by, &user).await?)
                })
            },
        )
    },
    Operation {
        method: Method::Post,
        rights: &["people"],
        people: false,
        body: body::<Named>(&[]),
        ..Operation::get::<Connections>(
            "/api/chat/people/connections",
            "list_connections",
            "Whether each of some people is connected. It changes nothing.",
            |given| {
                Box::pin(async move {
                    let Named { users } = given.body()?;
                    Answer::of(&given.app.core.connections(&given.by, &users).await?)
                })
            },
        )
    },
    Operation {
        method: Method::Post,
        rights: &Rights::NAMES,
        body: body::<Named>(&[]),
        ..Operation::get::<ProfileList>(
            "/api/chat/people/profiles",
            "list_profiles",
            "The names and pictures of those who are known. It changes nothing.",
            |given| {
                Box::pin(async move {
                    let Named { users } = given.body()?;
                    given.call(Command::Profiles(Profiles { users })).await
                })
            },
        )
    },
];

/// About whom.
#[derive(Deserialize, Schema)]
#[serde(deny_unknown_fields)]
struct Named {
    users: List<UserId, USERS_PER_COMMAND>,
}
