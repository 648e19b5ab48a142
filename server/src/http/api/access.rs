//! Who calls: a service by its key, or a person or a service by a token, as a bearer of either (RFC 6750).

use std::net::IpAddr;

use axum::http::{HeaderMap, header};
use caffis_core::Inquirer;
use caffis_schema::{Error, ErrorCode};

use super::{operation::Operation, problem::Problem};
use crate::{
    http::{
        app::App,
        rates::{Counted, Left, group},
    },
    service_keys::PREFIX,
};

/// Requests of one address that may be refused in a second before it is not even listened to.
const REFUSED_PER_SECOND: u32 = 20;

/// Who calls.
///
/// # Errors
/// 401 for who is not known, and what keeps that from being found out.
pub(super) async fn caller(
    app: &App,
    address: IpAddr,
    headers: &HeaderMap,
) -> Result<Inquirer, Problem> {
    let refused = Counted::Refused(group(address));
    app.rates.look(refused.clone(), REFUSED_PER_SECOND)?;
    let found = match bearer(headers) {
        None => {
            let sentence =
                "This needs the header Authorization: Bearer, with a service key or a token.";
            Err(Error::refused(ErrorCode::TokenInvalid, sentence))
        }
        Some(key) if key.starts_with(PREFIX) => app.keys.check(key).await,
        Some(token) => app
            .core
            .identify(token)
            .await
            .map(|identity| Inquirer { user: identity.user, service: identity.service }),
    };
    found.map_err(|error| {
        if error.retry_after_ms.is_none() {
            // Only counts: this one is answered in any case.
            let _ = app.rates.take(refused, REFUSED_PER_SECOND);
        }
        Problem::from(error)
    })
}

/// Counts a request against what its caller may do.
///
/// # Errors
/// 429 with the time to wait.
pub(super) fn count(app: &App, by: &Inquirer, operation: &Operation) -> Result<Left, Problem> {
    let user = by.user.clone();
    if by.service.is_some() {
        let rate = app.config.service_requests_per_second;
        return Ok(app.rates.take(Counted::Service(user), rate)?);
    }
    let settings = app.core.settings();
    let left = app.rates.take(Counted::Person(user.clone()), settings.commands_per_second)?;
    if operation.message {
        app.rates.take(Counted::Messages(user.clone()), settings.messages_per_second)?;
    }
    // What they do over a connection counts too.
    app.core.take(&user, operation.message)?;
    Ok(left)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
