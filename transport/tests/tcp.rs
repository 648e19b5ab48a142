//! The TCP port: HTTP, WebSocket, TLS, limits and shutdown.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::{sync::Arc, time::Duration};

use axum::{Extension, Router, routing::get};
use caffis_link::{Codec, Farewell, Incoming, Lane, Link, LinkExt};
use caffis_transport::{
    ConnectError,
    admit::Admit,
    lobby::Lobby,
    proxy::Proxies,
    tcp::{self, PeerAddr, TcpServer},
    ws::{self, ClientOptions},
};
use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
    time::timeout,
};
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::{
    Message, client::IntoClientRequest, http::HeaderValue, protocol::frame::coding::CloseCode,
};

const STEP: Duration = Duration::from_secs(5);

fn http(options: tcp::Options) -> TcpServer {
    let answer = |Extension(peer): Extension<PeerAddr>| async move { peer.0.to_string() };
    tcp::serve(options, Router::new().route("/", get(answer))).unwrap()
}

async fn exchange(stream: &mut TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(STEP, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    answer
}

#[tokio::test]
async fn handlers_see_the_address_of_the_peer() {
    let server = http(common::loopback());
    let mut stream = TcpStream::connect(server.addresses()[0]).await.unwrap();
    let own = stream.local_addr().unwrap().to_string();
    let request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    assert!(exchange(&mut stream, request).await.ends_with(&own));
}

#[tokio::test]
async fn a_head_that_never_ends_is_ended() {
    let header_timeout = Duration::from_millis(200);
    let server = http(tcp::Options { header_timeout, ..common::loopback() });
    let mut stream = TcpStream::connect(server.addresses()[0]).await.unwrap();
    exchange(&mut stream, "GET / HTTP/1.1\r\nHost: ").await;
}

/// The connection preface of HTTP/2, empty SETTINGS after it.
const HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// What a peer may have said when it stops on its way to the first request.
const STOPS: [&[u8]; 6] =
    [b"", b"G", b"PRI * HT", HTTP2.split_at(24).0, HTTP2, b"GET / HTTP/1.1\r\nHost: "];

/// Short limits, because the tests wait for them.
fn hasty() -> tcp::Options {
    let short = Duration::from_millis(200);
    tcp::Options { header_timeout: short, stall_timeout: short, ..common::loopback() }
}

async fn ends(stream: &mut (impl tokio::io::AsyncRead + Unpin), what: &str) {
    let mut rest = Vec::new();
    // A connection may end by a reset: what is unread is thrown away.
    let _ = timeout(STEP, stream.read_to_end(&mut rest)).await.expect(what);
}

#[tokio::test]
async fn a_peer_that_stops_before_its_first_request_is_disconnected() {
    let server = http(hasty());
    let mut streams = Vec::new();
    for said in STOPS {
        let mut stream = TcpStream::connect(server.addresses()[0]).await.unwrap();
        stream.write_all(said).await.unwrap();
        streams.push((said, stream));
    }
    for (said, mut stream) in streams {
        ends(&mut stream, &format!("{said:?}")).await;
    }
}

#[tokio::test]
async fn a_peer_that_stops_after_the_tls_handshake_is_disconnected() {
    let (tls, trust) = common::certificate();
    let mut tls = (*tls).clone();
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let (_sender, receiver) = watch::channel(Arc::new(tls));
    let server = http(tcp::Options { tls: Some(receiver), ..hasty() });
    let mut streams = Vec::new();
    for alpn in [&[][..], &[&b"h2"[..]], &[&b"http/1.1"[..]]] {
        for said in STOPS {
            let connector = TlsConnector::from(Arc::new(trust.client_config(alpn).unwrap()));
            let stream = TcpStream::connect(server.addresses()[0]).await.unwrap();
            let mut stream =
                connector.connect("localhost".try_into().unwrap(), stream).await.unwrap();
            stream.write_all(said).await.unwrap();
            stream.flush().await.unwrap();
            streams.push((format!("{alpn:?} {said:?}"), stream));
        }
    }
    for (what, mut stream) in streams {
        ends(&mut stream, &what).await;
    }
}

#[tokio::test]
async fn an_idle_http_connection_is_closed() {
    let server = http(hasty());
    let mut stream = TcpStream::connect(server.addresses()[0]).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    ends(&mut stream, "HTTP/1.1 after an answer").await;
    let mut stream = TcpStream::connect(server.addresses()[0]).await.unwrap();
    // HEADERS of a whole request: GET, http, / (indexed), and an authority.
    let request = b"\0\0\x06\x01\x05\0\0\0\x01\x82\x86\x84\x41\x01x";
    stream.write_all(&[HTTP2, request].concat()).await.unwrap();
    ends(&mut stream, "HTTP/2 after an answer").await;
}

#[tokio::test]
async fn a_peer_that_does_not_read_its_answer_is_disconnected() {
    let options = hasty();
    let lobby = options.lobby.clone();
    let large = || async { "x".repeat(16 * 1024 * 1024) };
    let server = tcp::serve(options, Router::new().route("/", get(large))).unwrap();
    let mut stream = TcpStream::connect(server.addresses()[0]).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    stream.read_u8().await.unwrap();
    let freed = async {
        while lobby.taken() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(STEP, freed).await.expect("the place is free again");
}

#[tokio::test]
async fn silent_peers_are_dropped_for_newer_ones_and_links_past_hello_are_not() {
    let lobby = Lobby::new(10, 3);
    let options = tcp::Options { lobby: lobby.clone(), ..common::loopback() };
    let (server, mut links) = common::websocket_server(4_096, options);
    let address = server.addresses()[0];
    let url = format!("ws://{address}/ws");
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    let mut client = ws::connect(&url, &ClientOptions::default()).await.unwrap();
    let mut link = links.recv().await.unwrap();
    for mut stream in silent.drain(..18) {
        ends(&mut stream, "the oldest make way").await;
    }
    for _ in 0..20 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    client.send(Lane::MAIN, "still here".into()).await.unwrap();
    assert!(matches!(link.recv().await, Incoming::Frame { .. }));
    assert!(lobby.waiting() <= 3 && lobby.taken() <= 4);
}

#[tokio::test]
async fn connections_are_counted_upgraded_ones_too() {
    let options = tcp::Options { lobby: Lobby::new(1, 1), ..common::loopback() };
    let (server, mut links) = common::websocket_server(4_096, options);
    let url = format!("ws://{}/ws", server.addresses()[0]);
    let mut first = ws::connect(&url, &ClientOptions::default()).await.unwrap();
    let mut link = links.recv().await.unwrap();
    assert!(ws::connect(&url, &ClientOptions::default()).await.is_err());
    let close = first.close(Farewell::new(1, ""));
    tokio::join!(close, async { link.recv().await });
    drop(link);
    // The place is given back with the link; the task that holds the rest ends on its own.
    let again = async {
        while ws::connect(&url, &ClientOptions::default()).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(STEP, again).await.unwrap();
}

#[tokio::test]
async fn an_address_that_is_not_admitted_gets_no_answer() {
    let options = tcp::Options { admit: Admit::new(|_| None), ..common::loopback() };
    let server = http(options);
    let mut stream = TcpStream::connect(server.addresses()[0]).await.unwrap();
    let mut answer = Vec::new();
    let _ = timeout(STEP, stream.read_to_end(&mut answer)).await.unwrap();
    assert!(answer.is_empty());
}

fn proxied() -> tcp::Options {
    let handshake_timeout = Duration::from_millis(200);
    let proxies = Proxies::new(|peer| peer.is_loopback());
    tcp::Options { proxies, handshake_timeout, ..common::loopback() }
}

#[tokio::test]
async fn a_proxy_header_comes_before_tls() {
    let (tls, trust) = common::certificate();
    let (_sender, receiver) = watch::channel(tls);
    let server = http(tcp::Options { tls: Some(receiver), ..proxied() });
    let mut stream = TcpStream::connect(server.addresses()[0]).await.unwrap();
    stream.write_all(b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 443\r\n").await.unwrap();
    let connector = TlsConnector::from(Arc::new(trust.client_config(&[]).unwrap()));
    let name = "localhost".try_into().unwrap();
    let mut stream = connector.connect(name, stream).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    timeout(STEP, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert!(answer.ends_with("192.0.2.7:4711"), "{answer}");
}

#[tokio::test]
async fn a_silent_proxy_and_one_whose_client_is_not_admitted_are_disconnected() {
    let admit = Admit::new(|address| address.is_loopback().then(|| Box::new(()) as _));
    let server = http(tcp::Options { admit, ..proxied() });
    for said in ["", "GET / HTTP/1.1\r\n\r\n", "PROXY TCP4 192.0.2.7 10.0.0.1 4711 443\r\n"] {
        let mut stream = TcpStream::connect(server.addresses()[0]).await.unwrap();
        stream.write_all(said.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = timeout(STEP, stream.read_to_end(&mut answer)).await.unwrap();
        assert!(answer.is_empty(), "{said:?}");
    }
}

#[tokio::test]
async fn tls_works_and_its_certificate_can_be_replaced() {
    let tcp_alpn = |tls: Arc<rustls::ServerConfig>| {
        let mut tls = (*tls).clone();
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Arc::new(tls)
    };
    let (tls, trust) = common::certificate();
    let (sender, receiver) = watch::channel(tcp_alpn(tls));
    let options = tcp::Options { tls: Some(receiver), ..common::loopback() };
    let (server, mut links) = common::websocket_server(4_096, options);
    let url = format!("wss://{}/ws", server.addresses()[0]);
    let options = ClientOptions { trust, ..ClientOptions::default() };
    let mut old = ws::connect(&url, &options).await.unwrap();
    let mut link = links.recv().await.unwrap();

    let (tls, trust) = common::certificate();
    sender.send_replace(tcp_alpn(tls));
    assert!(ws::connect(&url, &options).await.is_err(), "the old hash is not served any more");
    ws::connect(&url, &ClientOptions { trust, ..options }).await.unwrap();
    old.send(Lane::MAIN, "still here".into()).await.unwrap();
    assert!(matches!(link.recv().await, Incoming::Frame { .. }), "the old link goes on");
}

#[tokio::test]
async fn a_tls_handshake_that_never_ends_is_ended() {
    let (tls, _) = common::certificate();
    let (_sender, receiver) = watch::channel(tls);
    let handshake_timeout = Duration::from_millis(200);
    let options = tcp::Options { tls: Some(receiver), handshake_timeout, ..common::loopback() };
    let server = http(options);
    let mut stream = TcpStream::connect(server.addresses()[0]).await.unwrap();
    assert_eq!(timeout(STEP, stream.read(&mut [0; 9])).await.unwrap().unwrap(), 0);
}

#[tokio::test]
async fn other_requests_are_told_why_they_are_not_a_handshake() {
    let (server, _links) = common::websocket_server(4_096, common::loopback());
    let handshake = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n";
    for (headers, status) in [
        ("", "426"),
        (handshake, "426"),
        (&format!("{handshake}Sec-WebSocket-Version: 13\r\n") as &str, "400"),
    ] {
        let mut stream = TcpStream::connect(server.addresses()[0]).await.unwrap();
        let connection = if headers.is_empty() { "Connection: close\r\n" } else { headers };
        let request = format!("GET /ws HTTP/1.1\r\nHost: x\r\n{connection}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        timeout(STEP, stream.read_exact(&mut answer)).await.unwrap().unwrap();
        assert_eq!(str::from_utf8(&answer).unwrap(), format!("HTTP/1.1 {status}"));
    }
    let url = format!("ws://{}/nowhere", server.addresses()[0]);
    let refused = ws::connect(&url, &ClientOptions::default()).await;
    assert!(matches!(refused, Err(ConnectError::Refused(404))));
}

/// A foreign client: fragments, pings, and both subprotocols in its offer.
#[tokio::test]
async fn another_implementation_is_understood() {
    let (server, mut links) = common::websocket_server(100_000, common::loopback());
    let url = format!("ws://{}/ws", server.addresses()[0]);
    let mut request = url.into_client_request().unwrap();
    let offer = HeaderValue::from_static("caffis.v1.json, caffis.v1");
    request.headers_mut().insert("sec-websocket-protocol", offer);
    let (mut foreign, answer) = tokio_tungstenite::connect_async(request).await.unwrap();
    assert_eq!(answer.headers()["sec-websocket-protocol"], "caffis.v1.json");
    let mut link = links.recv().await.unwrap();
    assert_eq!(link.info().codec, Codec::Json);
    let big = "ü".repeat(40_000);
    foreign.send(Message::Ping("hi".into())).await.unwrap();
    foreign.send(Message::text(big.clone())).await.unwrap();
    assert_eq!(link.recv().await, Incoming::Ping);
    let got = link.recv().await;
    assert_eq!(got, Incoming::Frame { lane: Lane::MAIN, payload: big.clone().into() });
    assert_eq!(foreign.next().await.unwrap().unwrap(), Message::Pong("hi".into()));
    for text in ["", "x", &big] {
        link.send(Lane::MAIN, text.to_owned().into()).await.unwrap();
        assert_eq!(foreign.next().await.unwrap().unwrap(), Message::text(text));
    }
    let close = link.close(Farewell::new(3, "shutting down"));
    let hear = async {
        let Message::Close(Some(frame)) = foreign.next().await.unwrap().unwrap() else {
            panic!("no close frame")
        };
        assert_eq!((frame.code, &*frame.reason), (CloseCode::from(4003), "shutting down"));
        foreign.next().await
    };
    tokio::join!(close, hear);
}

/// Libraries answer pings of WebSocket by themselves, and send their own.
#[tokio::test]
async fn pings_of_both_subprotocols_are_those_of_websocket() {
    let (server, mut links) = common::websocket_server(4_096, common::loopback());
    for protocol in ["caffis.v1", "caffis.v1.json"] {
        let url = format!("ws://{}/ws", server.addresses()[0]);
        let mut request = url.into_client_request().unwrap();
        let offer = HeaderValue::from_static(protocol);
        request.headers_mut().insert("sec-websocket-protocol", offer);
        let (mut foreign, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        let mut link = links.recv().await.unwrap();
        link.ping().unwrap();
        link.flush().await.unwrap();
        assert_eq!(foreign.next().await.unwrap().unwrap(), Message::Ping("".into()), "{protocol}");
        foreign.flush().await.unwrap();
        assert_eq!(link.recv().await, Incoming::Pong, "{protocol}");
        for own in [Message::Ping("".into()), Message::Pong("".into())] {
            foreign.send(own).await.unwrap();
            assert_eq!(link.recv().await, Incoming::Ping, "{protocol}");
        }
    }
}

#[tokio::test]
async fn shutting_down_ends_requests_and_keeps_links() {
    let (server, mut links) = common::websocket_server(4_096, common::loopback());
    let address = server.addresses()[0];
    let url = format!("ws://{address}/ws");
    let mut client = ws::connect(&url, &ClientOptions::default()).await.unwrap();
    let mut link = links.recv().await.unwrap();
    let mut idle = TcpStream::connect(address).await.unwrap();
    timeout(STEP, server.shutdown(STEP)).await.unwrap();
    assert_eq!(idle.read(&mut [0; 1]).await.unwrap_or(0), 0);
    assert!(TcpStream::connect(address).await.is_err());
    client.send(Lane::MAIN, "still here".into()).await.unwrap();
    assert!(matches!(link.recv().await, Incoming::Frame { .. }));
}
