//! Peers that connect and go no further.

use caffis_schema::{Command, open::Empty};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::common::{Over, Person, Setup, soon, token_of};

const UPGRADE: &[u8] = b"GET /api/chat/ws HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\n\
    upgrade: websocket\r\nsec-websocket-version: 13\r\n\
    sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: caffis.v1\r\n\r\n";

async fn ends(mut stream: TcpStream, what: &str) {
    // A connection may end by a reset: what is unread is thrown away.
    let _ = soon(what, stream.read_to_end(&mut Vec::new())).await;
}

#[tokio::test]
async fn a_peer_that_stops_before_hello_is_disconnected_at_every_step() {
    let flags = ["--handshake-timeout", "300ms", "--hello-timeout", "300ms"];
    let server = Setup::dev().flags(&flags).start().await;
    let stops: [(&str, &[u8]); 7] = [
        ("nothing", b""),
        ("the first byte of a request", b"G"),
        ("half a preface of HTTP/2", b"PRI * HTTP/2"),
        ("a preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"),
        ("half a head", b"GET / HTTP/1.1\r\nhost: local"),
        ("one request", b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"),
        ("an upgrade", UPGRADE),
    ];
    let mut streams = Vec::new();
    for (what, said) in stops {
        let mut stream = TcpStream::connect(server.tcp()).await.unwrap();
        stream.write_all(said).await.unwrap();
        streams.push((what, stream));
    }
    for (what, stream) in streams {
        ends(stream, what).await;
    }
}

#[tokio::test]
async fn a_silent_proxy_is_disconnected() {
    let flags = ["--handshake-timeout", "300ms", "--proxy-protocol"];
    let server =
        Setup::dev().flags(&flags).flags(&["--trusted-proxies", "127.0.0.0/8"]).start().await;
    for said in [&b""[..], b"PROXY TCP4 192.0"] {
        let mut stream = TcpStream::connect(server.tcp()).await.unwrap();
        stream.write_all(said).await.unwrap();
        ends(stream, "the end of a proxy").await;
    }
}

#[tokio::test]
async fn peers_that_never_say_hello_lock_nobody_out() {
    let flags = ["--max-waiting", "5", "--max-connections", "10"];
    let server = Setup::dev().flags(&flags).start().await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let mut silent = Vec::new();
    for round in 0..20 {
        let mut stream = TcpStream::connect(server.tcp()).await.unwrap();
        if round % 2 == 0 {
            stream.write_all(UPGRADE).await.unwrap();
        }
        silent.push(stream);
    }
    for over in Over::ALL {
        let mut marco = Person::stranger(&server, over).await;
        marco.greet(&token_of("marco")).await.unwrap();
        marco.ask(Command::Ping(Empty {})).await.unwrap();
    }
    for stream in silent.drain(..15) {
        ends(stream, "the oldest make way").await;
    }
    giulia.ask(Command::Ping(Empty {})).await.unwrap();
    soon("the warning", async {
        while !server.log().contains("the oldest make way") {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    })
    .await;
}
