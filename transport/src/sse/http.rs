//! The client's HTTP connections.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    body::Body,
    http::{HeaderValue, Method, Request, StatusCode, Uri, header, uri::PathAndQuery},
};
use bytes::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::AbortHandle,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::options::ClientOptions;
use crate::{error::ConnectError, limits::WRITE_BUFFER, socket};

/// Attempts at one POST: an answer may be lost, and a server closes connections that are not used.
const ATTEMPTS: usize = 3;

/// A request failed.
pub(super) fn broken(error: hyper::Error) -> ConnectError {
    std::io::Error::other(error).into()
}

/// Where the server is, and how to talk to it.
pub(super) struct Http {
    pub(super) uri: Uri,
    pub(super) options: ClientOptions,
}

trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// An HTTP connection. Dropping it closes it.
pub(super) struct Connection {
    pub(super) sender: http1::SendRequest<Body>,
    pub(super) peer: SocketAddr,
    driver: AbortHandle,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Http {
    pub(super) async fn connect(&self) -> Result<Connection, ConnectError> {
        let bad = || ConnectError::Address(self.uri.to_string());
        let secure = match self.uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(bad()),
        };
        let host = self.uri.host().ok_or_else(bad)?.trim_matches(['[', ']']);
        let port = self.uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let stream = socket::connect(host, port, self.options.bind).await?;
        let peer = stream.peer_addr()?;
        let io: Box<dyn Io> = if secure {
            let config = self.options.trust.client_config(&[b"http/1.1"])?;
            let name = ServerName::try_from(host.to_owned()).map_err(|_| bad())?;
            Box::new(TlsConnector::from(Arc::new(config)).connect(name, stream).await?)
        } else {
            Box::new(stream)
        };
        let (sender, connection) = http1::handshake(TokioIo::new(io)).await.map_err(broken)?;
        // A connection that fails fails its requests too.
        let driver = tokio::spawn(async move { drop(connection.await) }).abort_handle();
        Ok(Connection { sender, peer, driver })
    }

    pub(super) fn request(
        &self,
        method: Method,
        path: &str,
        body: Body,
    ) -> Result<Request<Body>, ConnectError> {
        let bad = |_| ConnectError::Address(self.uri.to_string());
        let path: PathAndQuery =
            path.parse().map_err(|_| ConnectError::Address(path.to_owned()))?;
        let host = self.uri.authority().map_or("", |authority| authority.as_str());
        let mut request = Request::builder()
            .method(method)
            .uri(Uri::from(path))
            .header(header::HOST, host)
            .body(body)
            .map_err(bad)?;
        if let Some(origin) = &self.options.origin {
            let origin = HeaderValue::try_from(origin)
                .map_err(|_| ConnectError::Handshake("an origin cannot hold a line break"))?;
            request.headers_mut().insert(header::ORIGIN, origin);
        }
        Ok(request)
    }
}

/// Sends POSTs, one after the other.
pub(super) struct Poster {
    http: Arc<Http>,
    connection: Option<Connection>,
}

impl Poster {
    pub(super) fn new(http: Arc<Http>) -> Self {
        Self { http, connection: None }
    }

    /// Sends a POST until it is answered. The number in it makes that safe.
    pub(super) async fn post(mut self, body: Bytes) -> (Self, Result<(), String>) {
        let mut result = Err(String::new());
        for _ in 0..ATTEMPTS {
            let within = self.http.options.timeout;
            result = match timeout(within, self.attempt(body.clone())).await {
                Ok(Ok(status)) if status.is_success() => return (self, Ok(())),
                Ok(Ok(status)) if status.is_client_error() => {
                    return (self, Err(format!("the server answered {status} to a POST")));
                }
                Ok(Ok(status)) => Err(format!("the server answered {status} to a POST")),
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err("the server did not answer a POST".to_owned()),
            };
            self.connection = None;
        }
        (self, result)
    }

    async fn attempt(&mut self, body: Bytes) -> Result<StatusCode, ConnectError> {
        let mut connection = match self.connection.take() {
            Some(connection) if !connection.sender.is_closed() => connection,
            _ => self.http.connect().await?,
        };
        let request = self.http.request(Method::POST, self.http.uri.path(), Body::from(body))?;
        let response = connection.sender.send_request(request).await.map_err(broken)?;
        let status = response.status();
        // Nothing is in it that matters; read to the end, the connection can be used again.
        if axum::body::to_bytes(Body::new(response.into_body()), WRITE_BUFFER).await.is_ok() {
            self.connection = Some(connection);
        }
        Ok(status)
    }
}
