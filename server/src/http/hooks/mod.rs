//! `POST /api/chat/hooks/{source}`: what other services tell, one event for each request, signed as Standard
//! Webhooks 1.0 says. docs/integration.md is for those who send.

mod problem;

use std::{sync::Arc, time::Duration};

use axum::{
    body::Bytes,
    extract::{Path, State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use caffis_core::model::delivery::Delivery;
use caffis_schema::{
    Error, ErrorCode,
    hooks::{Hook, HookAnswer},
};
use tokio::time::timeout;

use self::problem::Problem;
use super::{
    app::App,
    reply,
    sources::{self, Source},
};

/// Where webhooks are taken.
pub(super) const PATH: &str = "/api/chat/hooks/{source}";

/// How long an event may take: less than a request may, so that the sender hears that it may be sent again.
const WITHIN: Duration = Duration::from_secs(9);

/// Takes a webhook: who sent it, whether they may, what it says; then does it.
pub(super) async fn receive(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let source = app.hooks.find(&name);
    match take(&app, source, &headers, body).await {
        Ok(answer) => reply::json(StatusCode::OK, &answer),
        Err(problem) => {
            if app.hooks.may_log() {
                // The name is the sender's word until there is a source of this name.
                let name = source.map_or("unknown", |source| source.name());
                problem.log(name, sources::id(&headers).unwrap_or("unreadable"));
            }
            problem.answer()
        }
    }
}

async fn take(
    app: &App,
    source: Option<&Source>,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<HookAnswer, Problem> {
    let source = source.ok_or(Problem::UnknownSource)?;
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::TooLarge,
        _ => Problem::Unread,
    })?;
    let id = source.check(headers, &body)?;
    source.take()?;
    let Hook { time, event } = Hook::decode(&body)?;
    if !source.may_send(event.kind()) {
        return Err(Problem::KindNotAllowed(event.kind()));
    }
    let (source, id, kind) = (source.name().to_owned(), id.to_owned(), event.kind());
    let doing = app.core.deliver(Delivery { source, id, time: time.0, event });
    let late =
        || Error::unknown(ErrorCode::Unavailable, "This takes too long: send it again.", 1_000);
    let done = timeout(WITHIN, doing).await.unwrap_or_else(|_| Err(late()));
    done.map_err(|error| Problem::NotDone(kind, error))
}
