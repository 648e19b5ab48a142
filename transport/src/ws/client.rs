//! The client's side: connecting and the HTTP/1.1 handshake.

use std::{net::SocketAddr, sync::Arc};

use axum::http::Uri;
use base64::{Engine, prelude::BASE64_STANDARD};
use caffis_link::{Kind, Link, LinkInfo};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_rustls::TlsConnector;

use super::{
    deflate::{TERMS, is_accepted},
    link::WsLink,
    options::{ClientOptions, subprotocol},
    server::accept_key,
    wire::Role,
};
use crate::{error::ConnectError, socket};

/// Bytes of the server's answer at most.
const MAX_RESPONSE: usize = 8 * 1024;

/// Connects to a `ws://` or `wss://` address.
///
/// # Errors
/// Any [`ConnectError`] but those of QUIC.
pub async fn connect(url: &str, options: &ClientOptions) -> Result<Box<dyn Link>, ConnectError> {
    let timeout = options.timeout;
    tokio::time::timeout(timeout, connect_now(url, options))
        .await
        .map_err(|_| ConnectError::TimedOut(timeout))?
}

async fn connect_now(url: &str, options: &ClientOptions) -> Result<Box<dyn Link>, ConnectError> {
    let bad = || ConnectError::Address(url.to_owned());
    let uri: Uri = url.parse().map_err(|_| bad())?;
    let secure = match uri.scheme_str() {
        Some("ws") => false,
        Some("wss") => true,
        _ => return Err(bad()),
    };
    let host = uri.host().ok_or_else(bad)?.trim_matches(['[', ']']);
    let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let stream = socket::connect(host, port, options.bind).await?;
    let peer = stream.peer_addr()?;
    if secure {
        let config = options.trust.client_config(&[b"http/1.1"])?;
        let name = ServerName::try_from(host.to_owned()).map_err(|_| bad())?;
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
        switch(stream, &uri, peer, options).await
    } else {
        switch(stream, &uri, peer, options).await
    }
}

/// The HTTP handshake on a connected stream.
async fn switch<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    mut stream: S,
    uri: &Uri,
    peer: SocketAddr,
    options: &ClientOptions,
) -> Result<Box<dyn Link>, ConnectError> {
    let key = BASE64_STANDARD.encode(rand::random::<[u8; 16]>());
    let protocol = subprotocol(options.codec);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let host = uri.authority().map_or("", |authority| authority.as_str());
    let origin = match &options.origin {
        Some(origin) if origin.contains(['\r', '\n']) => {
            return Err(ConnectError::Handshake("an origin cannot hold a line break"));
        }
        Some(origin) => format!("Origin: {origin}\r\n"),
        None => String::new(),
    };
    let extensions = match options.compress {
        true => format!("Sec-WebSocket-Extensions: {TERMS}\r\n"),
        false => String::new(),
    };
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\
         Sec-WebSocket-Protocol: {protocol}\r\n{extensions}{origin}\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
    let mut answer = Vec::new();
    let end = loop {
        if let Some(at) = answer.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        if answer.len() > MAX_RESPONSE {
            return Err(ConnectError::Handshake("the answer is too long"));
        }
        let mut chunk = [0; 1024];
        let count = stream.read(&mut chunk).await?;
        if count == 0 {
            return Err(ConnectError::Handshake("the connection ended"));
        }
        answer.extend_from_slice(&chunk[..count]);
    };
    let deflate = check_answer(&answer[..end], &accept_key(key.as_bytes()), protocol)?;
    if deflate && !options.compress {
        return Err(ConnectError::Handshake("compression was not offered"));
    }
    let info = LinkInfo {
        kind: Kind::WebSocket,
        codec: options.codec,
        peer: Some(peer),
        lanes: 1,
        max_frame: options.max_frame,
        max_datagram: None,
    };
    Ok(Box::new(WsLink::new(stream, Role::Client, info, deflate, &answer[end + 4..])))
}

/// Whether large messages are compressed, if the answer is what it should be.
fn check_answer(answer: &[u8], accept: &str, protocol: &str) -> Result<bool, ConnectError> {
    let answer = str::from_utf8(answer).map_err(|_| ConnectError::Handshake("not text"))?;
    let mut lines = answer.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    match status.ok_or(ConnectError::Handshake("no status"))? {
        101 => {}
        status => return Err(ConnectError::Refused(status)),
    }
    let header = |name: &str| {
        let mut pairs = lines.clone().filter_map(|line| line.split_once(':'));
        pairs.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    };
    if header("sec-websocket-accept") != Some(accept) {
        return Err(ConnectError::Handshake("the answer to the key is wrong"));
    }
    if header("sec-websocket-protocol") != Some(protocol) {
        return Err(ConnectError::Handshake("another subprotocol was chosen"));
    }
    is_accepted(header("sec-websocket-extensions"))
        .ok_or(ConnectError::Handshake("an extension was chosen that was not offered"))
}
