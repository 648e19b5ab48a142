//! Development: the demo users, and tokens for everybody. Only routed with `dev`.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{FromRequest, Request, State, rejection::JsonRejection},
    http::StatusCode,
    response::Response,
};
use caffis_schema::{Error, ErrorCode, UserId};
use serde::Deserialize;
use serde_json::json;

use super::{app::App, origin::is_loopback, reply, security::host};
use crate::{
    demo,
    tokens::{Grant, mint},
};

/// How long a development token holds.
const LIFETIME: Duration = Duration::from_secs(12 * 3600);

/// Who wants to be whom.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    user: UserId,
}

/// The demo users.
pub(super) async fn users() -> Response {
    let users = demo::PEOPLE.iter().map(|(user, name)| json!({"user": user, "name": name}));
    reply::json(StatusCode::OK, &json!({"users": users.collect::<Vec<_>>()}))
}

/// A token for anybody.
pub(super) async fn token(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    // A page of another site can make its own name lead here; it cannot choose this header.
    if !host(&parts).is_some_and(is_loopback) {
        let sentence = "Development tokens are given on this machine only.";
        let error = Error::refused(ErrorCode::Forbidden, sentence);
        return reply::error(StatusCode::FORBIDDEN, &error);
    }
    let request = Request::from_parts(parts, body);
    let wanted: Result<_, JsonRejection> = Json::<Wanted>::from_request(request, &()).await;
    let user = match wanted {
        Ok(Json(Wanted { user })) => user,
        Err(rejection) => {
            let error = Error::refused(ErrorCode::Invalid, &rejection.body_text());
            return reply::error(StatusCode::BAD_REQUEST, &error);
        }
    };
    let now = app.clock.now();
    let grant = Grant {
        name: Some(demo::name_of(&user).to_owned()),
        user,
        issued: now,
        lifetime: LIFETIME,
        service: None,
        issuer: app.config.tokens.issuers.first().cloned(),
        audience: app.config.tokens.audiences.first().cloned(),
    };
    match mint(app.config.token_secret().unwrap_or_default(), &grant) {
        Ok(token) => {
            let expires = now.get() / 1000 * 1000 + LIFETIME.as_secs() * 1000;
            reply::json(StatusCode::OK, &json!({"token": token, "expires": expires}))
        }
        Err(error) => {
            tracing::error!(%error, "a development token could not be made");
            let error = Error::refused(ErrorCode::Internal, "The token could not be made.");
            reply::error(StatusCode::INTERNAL_SERVER_ERROR, &error)
        }
    }
}
