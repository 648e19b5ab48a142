//! A running server of each transport, on loopback, that hands its links to the test.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]

use std::{any::Any, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{any, get},
};
use bytes::Bytes;
use caffis_link::{
    Codec, Kind, Link,
    conformance::{Pair, Raw},
};
use caffis_transport::{
    ALPN_HTTP3, ALPN_QUIC,
    quic::{self, ClientOptions, QuicServer, ServerOptions},
    sse::{self, Streams},
    tcp::{self, TcpServer},
    tls::Trust,
    ws,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
};

pub type Links = mpsc::Receiver<Box<dyn Link>>;

/// A TCP listener whose `/ws` gives its links to the answer's channel.
pub fn websocket_server(max_frame: usize, options: tcp::Options) -> (TcpServer, Links) {
    let (sender, links) = mpsc::channel(1024);
    let options_ws = ws::Options { max_frame, ..ws::Options::default() };
    let handler = move |upgrade: ws::Upgrade| async move {
        upgrade.accept(&options_ws, move |arrival| async move {
            assert!(arrival.place.keep());
            let _ = sender.send(arrival.link).await;
        })
    };
    let router = Router::new().route("/ws", any(handler));
    (tcp::serve(options, router).unwrap(), links)
}

pub fn loopback() -> tcp::Options {
    tcp::Options::new(vec!["127.0.0.1:0".parse().unwrap()])
}

/// A connected pair over WebSocket.
pub async fn websocket_pair(codec: Codec, max_frame: usize) -> Pair {
    let (server, mut links) = websocket_server(max_frame, loopback());
    let url = format!("ws://{}/ws", server.addresses()[0]);
    let options = ws::ClientOptions { codec, max_frame, ..ws::ClientOptions::default() };
    let client = ws::connect(&url, &options).await.unwrap();
    let link = links.recv().await.unwrap();
    Pair { client, server: link, guard: Box::new((server, links)) }
}

/// A WebSocket whose client writes raw bytes after the handshake.
pub async fn websocket_raw(codec: Codec, bytes: Vec<u8>, finish: bool) -> Raw {
    let (server, mut links) = websocket_server(4_096, loopback());
    let (mut stream, _) = upgraded(server.addresses()[0], codec, "").await;
    let link = links.recv().await.unwrap();
    stream.write_all(&bytes).await.unwrap();
    if finish {
        stream.shutdown().await.unwrap();
    }
    let guard: Box<dyn Any + Send> = Box::new((server, links, Arc::new(stream)));
    Raw { server: link, guard }
}

/// The stream after a handshake by hand, with these extensions, and the head of the answer.
pub async fn upgraded(address: SocketAddr, codec: Codec, extensions: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let protocol = if codec == Codec::Binary { ws::BINARY } else { ws::JSON };
    let request = format!(
        "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: chat, {protocol}\r\n{extensions}\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    let answer = String::from_utf8(answer).unwrap().to_ascii_lowercase();
    assert!(answer.contains("s3pplmbitxaq9kygzzhzrbk+xoo="), "{answer}");
    (stream, answer)
}

/// A TCP listener whose `/events` gives its links to the answer's channel, of the node 7.
pub fn sse_server(codec: Codec, max_frame: usize) -> (TcpServer, Streams, Links) {
    let (sender, links) = mpsc::channel(1024);
    let streams = Streams::new(4096);
    let (opening, posting) = (streams.clone(), streams.clone());
    let open = move || async move {
        let options = sse::Options { max_frame, ..sse::Options::default() };
        let opened = opening.open(7, codec, None, &options).unwrap();
        let _ = sender.send(opened.link).await;
        opened.events.into_response()
    };
    let post = move |body: Bytes| async move { posted(posting.take(body).await) };
    let router = Router::new().route("/events", get(open).post(post));
    (tcp::serve(loopback(), router).unwrap(), streams, links)
}

fn posted(taken: Result<(), sse::Refused>) -> Response {
    match taken {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(refused) => (StatusCode::BAD_REQUEST, refused.to_string()).into_response(),
    }
}

/// A connected pair over server-sent events.
pub async fn sse_pair(codec: Codec, max_frame: usize) -> Pair {
    let (server, streams, mut links) = sse_server(codec, max_frame);
    let url = format!("http://{}/events", server.addresses()[0]);
    let options = sse::ClientOptions { codec, max_frame, ..sse::ClientOptions::default() };
    let client = sse::connect(&url, &options).await.unwrap();
    let link = links.recv().await.unwrap();
    assert_eq!((client.info().kind, link.info().kind), (Kind::Sse, Kind::Sse));
    Pair { client, server: link, guard: Box::new((server, streams, links)) }
}

/// A stream whose client posts raw lines.
pub async fn sse_raw(codec: Codec, lines: Vec<u8>, finish: bool) -> Raw {
    let (server, streams, mut links) = sse_server(codec, 4_096);
    let address = server.addresses()[0];
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let named = loop {
        answer.push(stream.read_u8().await.unwrap());
        let text = str::from_utf8(&answer).unwrap();
        if let Some((_, name)) = text.split_once("data: ").filter(|(_, name)| name.ends_with('\n'))
        {
            break name.trim().to_owned();
        }
    };
    let link = links.recv().await.unwrap();
    let head = format!("{named} 1\n");
    let _ = streams.take([head.as_bytes(), &lines].concat().into()).await;
    let stream = if finish { None } else { Some(stream) };
    let guard: Box<dyn Any + Send> = Box::new((server, streams, links, stream));
    Raw { server: link, guard }
}

/// A certificate for localhost, its configuration for QUIC, and the trust in it.
pub fn certificate() -> (Arc<rustls::ServerConfig>, Trust) {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    let certificate = rcgen::CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
    let hash = ring::digest::digest(&ring::digest::SHA256, certificate.der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![ALPN_QUIC.to_vec(), ALPN_HTTP3.to_vec(), b"other".to_vec()];
    (Arc::new(config), Trust::Hashes(vec![hash.as_ref().try_into().unwrap()]))
}

pub fn any_port() -> Vec<SocketAddr> {
    vec!["127.0.0.1:0".parse().unwrap()]
}

pub fn port(server: &QuicServer) -> u16 {
    server.addresses()[0].port()
}

/// A connected pair over native QUIC or WebTransport.
pub async fn quic_pair(kind: Kind, max_frame: usize) -> Pair {
    let (tls, trust) = certificate();
    let options = ServerOptions { max_frame, ..ServerOptions::new(any_port(), tls) };
    let server = QuicServer::bind(options).unwrap();
    let options = ClientOptions { max_frame, trust, ..ClientOptions::default() };
    let address = format!("127.0.0.1:{}", port(&server));
    let client = if kind == Kind::Quic {
        quic::connect(&address, &options).await.unwrap()
    } else {
        let url = format!("https://{address}/api/chat/wt");
        quic::connect_webtransport(&url, &options).await.unwrap()
    };
    let link = server.accept().await.unwrap().link;
    assert_eq!((client.info().kind, link.info().kind), (kind, kind));
    Pair { client, server: link, guard: Box::new(server) }
}

/// A QUIC connection whose client writes raw bytes on its first stream.
pub async fn quic_raw(bytes: Vec<u8>, finish: bool) -> Raw {
    let (tls, trust) = certificate();
    let options = ServerOptions { max_frame: 4_096, ..ServerOptions::new(any_port(), tls) };
    let server = QuicServer::bind(options).unwrap();
    let (connection, guard) = raw_connection(port(&server), &trust, ALPN_QUIC).await;
    let (mut send, receive) = connection.open_bi().await.unwrap();
    send.write_all(&bytes).await.unwrap();
    if finish {
        send.finish().unwrap();
    }
    let link = server.accept().await.unwrap().link;
    let guard: Box<dyn Any + Send> = Box::new((server, connection, guard, send, receive));
    Raw { server: link, guard }
}

/// A bare QUIC connection of this protocol.
pub async fn raw_connection(
    port: u16,
    trust: &Trust,
    alpn: &[u8],
) -> (quinn::Connection, quinn::Endpoint) {
    let endpoint = quinn::Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
    let tls = trust.client_config(&[alpn]).unwrap();
    let crypto = quinn::crypto::rustls::QuicClientConfig::try_from(tls).unwrap();
    let config = quinn::ClientConfig::new(Arc::new(crypto));
    let address = (std::net::Ipv4Addr::LOCALHOST, port).into();
    let connection = endpoint.connect_with(config, address, "localhost").unwrap().await.unwrap();
    (connection, endpoint)
}

/// A WebTransport session without a stream.
pub async fn bare_session(port: u16, trust: &Trust) -> wtransport::Connection {
    let tls = trust.client_config(&[ALPN_HTTP3]).unwrap();
    let crypto = quinn::crypto::rustls::QuicClientConfig::try_from(tls).unwrap();
    let config = wtransport::ClientConfig::builder()
        .with_bind_default()
        .build_with_quic_config(quinn::ClientConfig::new(Arc::new(crypto)));
    let endpoint = wtransport::Endpoint::client(config).unwrap();
    endpoint.connect(format!("https://127.0.0.1:{port}/api/chat/wt")).await.unwrap()
}
