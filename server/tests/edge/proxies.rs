//! Limits by address, behind proxies too.

use std::net::Ipv6Addr;

use caffis_schema::CloseCode;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::common::{Over, Person, Server, Setup, http, soon, token_of};

#[tokio::test]
async fn of_200_connections_from_one_address_only_the_allowed_ones_stay() {
    let server = Setup::dev().flags(&["--address-connects-per-second", "1000"]).start().await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let mut refused = 0;
    let mut kept = Vec::new();
    for _ in 0..200 {
        let mut person = Person::stranger(&server, Over::WebSocket).await;
        if kept.len() < 99 {
            kept.push(person);
        } else {
            let farewell = person.farewell().await;
            assert_eq!(farewell.code, CloseCode::TooManyConnections.number());
            refused += 1;
        }
    }
    assert_eq!(refused, 101);
    let room = giulia.direct("marco").await;
    giulia.say(room, "Nobody else notices.").await.unwrap();
    drop(kept);
}

#[tokio::test]
async fn sockets_that_say_nothing_are_bounded_per_address_too() {
    let server = Setup::dev().flags(&["--connections-per-address", "1"]).start().await;
    let mut silent = Vec::new();
    for _ in 0..101 {
        silent.push(TcpStream::connect(server.tcp()).await.unwrap());
    }
    let mut one_too_many = TcpStream::connect(server.tcp()).await.unwrap();
    let read = soon("the end of the connection", one_too_many.read(&mut [0])).await;
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    silent.clear();
    // The server hears of each end in its own time.
    let places_come_back =
        async { while http().get(server.url("/healthz")).send().await.is_err() {} };
    soon("an answer", places_come_back).await;
}

/// Upgrades by hand with a header of a proxy; gives what comes after the head of the answer.
async fn through_proxy(server: &Server, forwarded: &str) -> (TcpStream, String) {
    upgrade(server, b"", forwarded).await
}

/// Upgrades by hand, after what a proxy says first.
async fn upgrade(server: &Server, first: &[u8], forwarded: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(server.tcp()).await.unwrap();
    stream.write_all(first).await.unwrap();
    let head = format!(
        "GET /api/chat/ws HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\n\
         upgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: caffis.v1\r\n\
         x-forwarded-for: {forwarded}\r\n\r\n"
    );
    // A server that has closed already does not take it.
    let _ = stream.write_all(head.as_bytes()).await;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        match soon("the answer's head", stream.read_u8()).await {
            Ok(byte) => answer.push(byte),
            // Closed without an answer.
            Err(_) => break,
        }
    }
    (stream, String::from_utf8(answer).unwrap())
}

/// Whether the server says that there are too many connections, instead of answering a ping.
async fn is_refused(stream: &mut TcpStream) -> bool {
    const PONG: u8 = 0x8a;
    let masked_ping = [0x89, 0x80, 1, 2, 3, 4];
    // A server that has closed already does not take it.
    let _ = stream.write_all(&masked_ping).await;
    let mut answer = [0; 256];
    let read = soon("an answer", stream.read(&mut answer)).await.unwrap();
    let words = String::from_utf8_lossy(&answer[..read]);
    let refused = words.contains("Too many connections from this address.");
    assert!(refused || answer[0] == PONG, "{words}");
    refused
}

#[tokio::test]
async fn limits_count_the_client_behind_a_trusted_proxy() {
    let limit = ["--connections-per-address", "2"];
    let server = Setup::dev().flags(&limit).flags(&["--trusted-proxies", "127.0.0.0/8"]);
    let server = server.start().await;
    let mut open = Vec::new();
    for client in ["192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.2"] {
        let (mut stream, head) = through_proxy(&server, client).await;
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        assert!(!is_refused(&mut stream).await, "{client}");
        open.push(stream);
    }
    // What a client writes in front of the proxy's word changes nothing; a /64 is one address.
    let (mut forged, _) = through_proxy(&server, "198.51.100.9, 192.0.2.1").await;
    assert!(is_refused(&mut forged).await);
    for (client, refused) in [("2001:db8::1", false), ("2001:db8::2", false), ("2001:db8::3", true)]
    {
        let (mut stream, _) = through_proxy(&server, client).await;
        assert_eq!(is_refused(&mut stream).await, refused, "{client}");
        open.push(stream);
    }
}

#[tokio::test]
async fn the_word_of_others_does_not_count() {
    let server = Setup::dev().flags(&["--connections-per-address", "2"]).start().await;
    let mut giulia = Person::stranger(&server, Over::WebSocket).await;
    giulia.greet(&token_of("giulia")).await.unwrap();
    let (mut second, _) = through_proxy(&server, "192.0.2.1").await;
    assert!(!is_refused(&mut second).await);
    let (mut third, _) = through_proxy(&server, "192.0.2.2").await;
    assert!(is_refused(&mut third).await);
}

/// The header of version 2 for a client.
fn version_2(client: Ipv6Addr) -> Vec<u8> {
    let addresses = [&client.octets()[..], &Ipv6Addr::LOCALHOST.octets(), &[0; 4]].concat();
    [&b"\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x24"[..], &addresses].concat()
}

#[tokio::test]
async fn the_proxy_header_gives_the_client_address() {
    let limit = ["--connections-per-address", "2", "--proxy-protocol"];
    let server = Setup::dev().flags(&limit).flags(&["--trusted-proxies", "127.0.0.0/8"]);
    let server = server.start().await;
    let version_1 =
        |client: &str| format!("PROXY TCP4 {client} 10.0.0.1 4711 443\r\n").into_bytes();
    let version_2 = |client: &str| version_2(client.parse().unwrap());
    let mut open = Vec::new();
    for (header, refused) in [
        (version_1("192.0.2.1"), false),
        (version_1("192.0.2.1"), false),
        (version_1("192.0.2.1"), true),
        (version_1("192.0.2.2"), false),
        (version_2("2001:db8::1"), false),
        (version_2("2001:db8::2"), false),
        (version_2("2001:db8::3"), true),
    ] {
        // What a client writes into its request does not count.
        let (mut stream, head) = upgrade(&server, &header, "198.51.100.9").await;
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        assert_eq!(is_refused(&mut stream).await, refused, "{header:?}");
        open.push(stream);
    }
    let (_, head) = upgrade(&server, b"", "192.0.2.3").await;
    assert_eq!(head, "", "a proxy that does not say for whom it connects is let go");
}

#[tokio::test]
async fn a_header_from_a_peer_that_is_not_a_proxy_is_refused() {
    let flags = ["--proxy-protocol", "--trusted-proxies", "192.0.2.0/24"];
    let server = Setup::dev().flags(&flags).start().await;
    let line = b"PROXY TCP4 192.0.2.1 10.0.0.1 4711 443\r\n";
    for header in [&line[..], &version_2(Ipv6Addr::LOCALHOST)] {
        let (_, head) = upgrade(&server, header, "192.0.2.1").await;
        assert!(head.is_empty() || head.starts_with("HTTP/1.1 400"), "{head}");
    }
    assert_eq!(server.get("/healthz").await.0, 200);
}
