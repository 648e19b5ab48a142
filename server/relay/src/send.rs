//! One event as a signed request, and what the answer means.

use std::{
    error::Error as _,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use reqwest::{
    Certificate, Client, Response, StatusCode, Url,
    header::{CONTENT_TYPE, RETRY_AFTER},
    redirect::Policy,
};
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook,
};

use crate::{connect::certificates, error::RelayError, event::Change, settings::EndpointSettings};

/// How much of an answer is read for its reason, in bytes.
const REASON_BYTES: usize = 300;
/// The longest wait that a receiver may ask for.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3_600);
/// How long a connection to the receiver may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a connection is kept for the next event.
const IDLE: Duration = Duration::from_secs(60);

/// Where events go.
#[derive(Clone)]
pub(crate) struct Endpoint {
    http: Client,
    url: Url,
    signers: Arc<Vec<Webhook>>,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The receiver has made it durable.
    Delivered,
    /// The receiver will never accept it.
    Dead(String),
    /// It may work later.
    Later {
        /// Why it did not.
        reason: String,
        /// The least wait that the receiver asks for.
        after: Option<Duration>,
        /// What else is likely to fail for the same reason.
        scope: Scope,
    },
    /// It was not tried.
    Unsent,
}

/// What a failure says about other events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Nothing: it may be about this one.
    Event,
    /// The receiver takes nothing now.
    Receiver,
    /// The receiver takes nothing from us until somebody changes a setting.
    Settings,
}

impl Outcome {
    /// Its name in statements.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Dead(_) => "dead",
            Self::Later { .. } => "later",
            Self::Unsent => "unsent",
        }
    }

    /// Why it was not delivered.
    pub(crate) fn reason(&self) -> Option<&str> {
        match self {
            Self::Dead(reason) | Self::Later { reason, .. } => Some(reason),
            Self::Delivered | Self::Unsent => None,
        }
    }
}

impl Endpoint {
    /// Reads the settings.
    pub(crate) fn new(settings: &EndpointSettings) -> Result<Self, RelayError> {
        let url = Url::parse(&settings.url);
        let url = url.map_err(|error| RelayError::Endpoint(error.to_string()))?;
        let secrets = settings.secrets.iter().map(|secret| Webhook::new(secret));
        let signers: Result<Vec<_>, _> = secrets.collect();
        let signers =
            signers.map_err(|_| RelayError::Endpoint("a secret is not Base64".to_owned()))?;
        let mut http = Client::builder()
            .connect_timeout(CONNECT)
            .pool_idle_timeout(IDLE)
            .redirect(Policy::none())
            .no_proxy()
            .user_agent(concat!("caffis-chat/", env!("CARGO_PKG_VERSION"), " pg-relay"));
        if let Some(path) = &settings.ca {
            for der in certificates("pg_relay_endpoint_ca", path)? {
                let root = Certificate::from_der(&der).map_err(unusable)?;
                http = http.add_root_certificate(root);
            }
        }
        let http = http.build().map_err(unusable)?;
        Ok(Self { http, url, signers: Arc::new(signers) })
    }

    /// Where it is, without a query, which may be a secret.
    pub(crate) fn place(&self) -> String {
        let mut url = self.url.clone();
        url.set_query(None);
        url.to_string()
    }

    /// Sends an event and waits for the answer, at most so long.
    pub(crate) async fn send(&self, change: &Change, limit: Duration) -> Outcome {
        let body = match change.body() {
            Ok(body) => body,
            Err(error) => return Outcome::Dead(error.to_string()),
        };
        let id = change.id();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let timestamp = i64::try_from(now).unwrap_or(i64::MAX);
        let signatures = self.signers.iter().map(|key| key.sign(&id, timestamp, body.as_bytes()));
        let signatures: Result<Vec<_>, _> = signatures.collect();
        let signatures = match signatures {
            Ok(signatures) => signatures.join(" "),
            Err(error) => return Outcome::Dead(error.to_string()),
        };
        let request = self
            .http
            .post(self.url.clone())
            .timeout(limit)
            .header(CONTENT_TYPE, "application/json")
            .header(HEADER_WEBHOOK_ID, id)
            .header(HEADER_WEBHOOK_TIMESTAMP, timestamp)
            .header(HEADER_WEBHOOK_SIGNATURE, signatures)
            .body(body);
        match request.send().await {
            Ok(response) => judge(response).await,
            Err(error) => {
                let mut reason = error.to_string();
                let mut source = error.source();
                while let Some(cause) = source {
                    reason = cause.to_string();
                    source = cause.source();
                }
                if error.is_timeout() {
                    reason = format!("no answer within {} ms", limit.as_millis());
                }
                let scope = if error.is_timeout() { Scope::Event } else { Scope::Receiver };
                Outcome::Later { reason, after: None, scope }
            }
        }
    }
}

fn unusable(error: reqwest::Error) -> RelayError {
    RelayError::Endpoint(error.to_string())
}

/// What an answer means.
async fn judge(mut response: Response) -> Outcome {
    let status = response.status();
    if status.is_success() {
        // Read to its end, so that the connection can be used again.
        while let Ok(Some(_)) = response.chunk().await {}
        return Outcome::Delivered;
    }
    let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let after = after.and_then(|value| retry_after(value, SystemTime::now()));
    let after = after.map(|after| after.min(LONGEST_RETRY_AFTER));
    let mut bytes = Vec::new();
    while bytes.len() < REASON_BYTES
        && let Ok(Some(chunk)) = response.chunk().await
    {
        bytes.extend_from_slice(&chunk[..chunk.len().min(REASON_BYTES - bytes.len())]);
    }
    let said = String::from_utf8_lossy(&bytes);
    // No control characters in logs and tables.
    let said: String = said.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let reason = format!("{status}: {}", said.trim());
    let advice = match status {
        StatusCode::UNAUTHORIZED => {
            "the receiver refuses the signature; check pg_relay_secrets and this machine's clock"
        }
        StatusCode::FORBIDDEN => {
            "the receiver does not allow this source to send users; check its settings"
        }
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
            "there is no receiver at pg_relay_endpoint; check its path and the name of the source"
        }
        _ if status.is_redirection() => {
            "redirects are not followed; set pg_relay_endpoint to where they lead"
        }
        _ => "",
    };
    if !advice.is_empty() {
        let reason = format!("{advice} ({reason})");
        return Outcome::Later { reason, after, scope: Scope::Settings };
    }
    let again = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS];
    if status.is_client_error() && !again.contains(&status) {
        return Outcome::Dead(reason);
    }
    let busy = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(&status);
    Outcome::Later { reason, after, scope: if busy { Scope::Receiver } else { Scope::Event } }
}

/// The wait that a `Retry-After` asks for, in seconds or as a date; none if it is neither, or over.
#[must_use]
pub fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    match value.trim().parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(value.trim()).ok()?.duration_since(now).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_retry_after_are_read() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000);
        assert_eq!(retry_after("7", now), Some(Duration::from_secs(7)));
        let date = httpdate::fmt_http_date(now + Duration::from_secs(60));
        assert_eq!(retry_after(&date, now), Some(Duration::from_secs(60)));
        let past = httpdate::fmt_http_date(now - Duration::from_secs(60));
        assert_eq!(retry_after(&past, now), None);
        assert_eq!(retry_after("soon", now), None);
        assert_eq!(retry_after("-1", now), None);
    }
}
