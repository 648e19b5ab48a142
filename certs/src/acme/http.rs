//! The HTTP client of ACME: https only, bounded in time and size, without redirects.

use std::{
    path::Path,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, StatusCode, header};
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use reqwest::{Certificate, Client, Response, redirect::Policy};

use super::error::{Failure, whole};
use crate::{CertError, identity};

/// How long one request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The largest answer, in bytes; certificate chains are the largest.
const MAX_BODY: usize = 256 * 1024;

/// The longest wait that an authority may ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// A client for one authority. Clones are the same client.
#[derive(Clone, Debug)]
pub(super) struct Http {
    client: Client,
    /// The wait that the authority asked for last.
    retry_after: Arc<Mutex<Option<Duration>>>,
}

impl Http {
    /// Trusts the roots in this file only, or the machine's.
    pub(super) fn new(root: Option<&Path>) -> Result<Self, CertError> {
        let mut builder = Client::builder()
            .timeout(REQUEST_TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(Policy::none())
            .no_proxy()
            .https_only(true);
        if let Some(path) = root {
            builder = builder.tls_certs_only(roots(path)?);
        }
        let client = builder.build().map_err(|error| CertError::Client(whole(&error)))?;
        Ok(Self { client, retry_after: Arc::default() })
    }

    /// The wait that the authority asked for since the last call.
    pub(super) fn take_retry_after(&self) -> Option<Duration> {
        self.retry_after.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    async fn send(&self, request: Request<BodyWrapper<Bytes>>) -> Result<BytesResponse, Failure> {
        let request = request.map(reqwest::Body::wrap);
        let mut response = self.client.execute(request.try_into()?).await?;
        self.note(&response);
        let status = response.status();
        if is_error(status) && !is_problem(&response) {
            return Err(Failure::Status(status));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(Failure::TooLarge(MAX_BODY));
            }
            body.extend_from_slice(&chunk);
        }
        let (parts, _) = http::Response::<reqwest::Body>::from(response).into_parts();
        Ok(BytesResponse { parts, body: Box::new(Bytes::from(body)) })
    }

    /// Remembers the `Retry-After` of an error; dates are not supported.
    fn note(&self, response: &Response) {
        let header = response.headers().get(header::RETRY_AFTER);
        let seconds = header.and_then(|header| header.to_str().ok()?.trim().parse().ok());
        if let Some(seconds) = seconds.filter(|_| is_error(response.status())) {
            let wait = Duration::from_secs(seconds).min(MAX_RETRY_AFTER);
            *self.retry_after.lock().unwrap_or_else(PoisonError::into_inner) = Some(wait);
        }
    }
}

impl HttpClient for Http {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let http = self.clone();
        Box::pin(async move {
            http.send(request).await.map_err(|failure| Error::Other(Box::new(failure)))
        })
    }
}

fn is_error(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

/// Whether an answer is a problem document, as RFC 8555 requires.
fn is_problem(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/problem+json"))
}

fn roots(path: &Path) -> Result<Vec<Certificate>, CertError> {
    let none = || CertError::NoCertificate { path: path.to_owned() };
    let pem = identity::read(path)?;
    let roots = Certificate::from_pem_bundle(&pem).map_err(|_| none())?;
    if roots.is_empty() { Err(none()) } else { Ok(roots) }
}
