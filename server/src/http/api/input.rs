//! What came with a request, read strictly: what is unknown, twice or of the wrong form is refused.

use std::{
    fmt::Display,
    str::FromStr,
    sync::{Arc, Mutex},
};

use axum::{
    body::Body,
    extract::{Query, RawPathParams},
    http::{HeaderMap, Uri, header},
};
use bytes::Bytes;
use caffis_core::Inquirer;
use caffis_schema::{
    Command, Error, ErrorCode, json,
    room::{ClientKey, Context},
};
use serde::de::DeserializeOwned;

use super::{answer::Answer, key, parameter::Parameter, problem::Problem};
use crate::http::app::App;

/// How many come in one answer when nothing is said.
pub(super) const DEFAULT_LIMIT: u8 = 50;

/// The most that come in one answer.
pub(super) const MAX_LIMIT: u8 = 100;

/// What came with a request, and who sent it.
pub(super) struct Given {
    pub(super) app: Arc<App>,
    pub(super) by: Inquirer,
    pub(super) path: Vec<(String, String)>,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The body of what is read line by line. A body alone cannot be shared by tasks.
    pub(super) lines: Mutex<Body>,
}

/// The parts of a path.
pub(super) fn path_of(params: &RawPathParams) -> Vec<(String, String)> {
    params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The parameters of a query that an operation takes.
pub(super) fn query_of(known: &[Parameter], uri: &Uri) -> Result<Vec<(String, String)>, Problem> {
    let query = Query::<Vec<(String, String)>>::try_from_uri(uri);
    let Query(query) = query.map_err(|error| invalid(&error.body_text()))?;
    for (index, (name, _)) in query.iter().enumerate() {
        if !known.iter().any(|parameter| parameter.name == name) {
            return Err(invalid(&format!("There is no parameter {name:?} here.")));
        }
        if query[..index].iter().any(|(before, _)| before == name) {
            return Err(invalid(&format!("The parameter {name} is there twice.")));
        }
    }
    Ok(query)
}

/// Whether a body says that it is of one of these kinds.
pub(super) fn is_one_of(headers: &HeaderMap, kinds: &[&str]) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let essence = kind.map(|kind| kind.split(';').next().unwrap_or_default().trim());
    essence.is_some_and(|essence| kinds.iter().any(|kind| essence.eq_ignore_ascii_case(kind)))
}

fn invalid(sentence: &str) -> Problem {
    Problem::bad(ErrorCode::Invalid, sentence)
}

impl Given {
    /// A part of the path.
    pub(super) fn path<T: FromStr<Err: Display>>(&self, name: &str) -> Result<T, Problem> {
        let found = self.path.iter().find(|(known, _)| known == name);
        let value = found.map(|(_, value)| value.as_str()).unwrap_or_default();
        value.parse().map_err(|error| invalid(&format!("In the address, {name} is {error}.")))
    }

    /// The context in the path.
    pub(super) fn context(&self) -> Result<Context, Problem> {
        let text = |name: &str| -> Result<String, Problem> { self.path(name) };
        let too_long = |error: caffis_schema::bounded::TooLong| invalid(&error.to_string());
        Ok(Context {
            kind: caffis_schema::Text::new(text("kind")?).map_err(too_long)?,
            id: caffis_schema::Text::new(text("id")?).map_err(too_long)?,
        })
    }

    /// A parameter of the query.
    pub(super) fn query<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<T>, Problem> {
        let found = self.query.iter().find(|(known, _)| known == name);
        let parsed = found.map(|(_, value)| value.parse()).transpose();
        parsed.map_err(|error| invalid(&format!("The parameter {name} is {error}.")))
    }

    /// How many are wanted.
    pub(super) fn limit(&self) -> Result<u8, Problem> {
        match self.query::<u8>("limit") {
            Ok(None) => Ok(DEFAULT_LIMIT),
            Ok(Some(limit)) if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
            _ => Err(invalid("The parameter limit is a number from 1 to 100.")),
        }
    }

    /// The body.
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        json::from_slice(&self.body).map_err(|error| {
            Problem::bad(
                ErrorCode::Malformed,
                &format!("The body is not what it should be: {error}."),
            )
        })
    }

    /// The idempotency key.
    pub(super) fn key(&self) -> Result<ClientKey, Problem> {
        key::of(&self.headers)
    }

    /// Gives a command for the caller.
    pub(super) async fn call(&self, command: Command) -> Result<Answer, Problem> {
        let Inquirer { user, service } = &self.by;
        let reply = self.app.core.call(user, *service, command).await;
        Answer::reply(reply.map_err(|error: Error| Problem::from(error))?)
    }
}
