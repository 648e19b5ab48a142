//! Links against WebSocket as others implement it: fastwebsockets, and what browsers compress.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use bytes::Bytes;
use caffis_link::{Codec, Farewell, Incoming, Lane, Link, LinkExt};
use caffis_transport::tcp::TcpServer;
use fastwebsockets::{FragmentCollector, Frame, OpCode, Payload, Role, WebSocket};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What the server calls the largest frame.
const LIMIT: usize = 100_000;

type Foreign = FragmentCollector<TcpStream>;

async fn foreign() -> (Foreign, Box<dyn Link>, TcpServer) {
    let (server, mut links) = common::websocket_server(LIMIT, common::loopback());
    let (stream, _) = common::upgraded(server.addresses()[0], Codec::Json, "").await;
    let link = links.recv().await.unwrap();
    let socket = WebSocket::after_handshake(stream, Role::Client);
    (FragmentCollector::new(socket), link, server)
}

fn frame(fin: bool, opcode: OpCode, payload: &[u8]) -> Frame<'static> {
    Frame::new(fin, opcode, None, Payload::Owned(payload.to_vec()))
}

fn text(payload: impl Into<Bytes>) -> Incoming {
    Incoming::Frame { lane: Lane::MAIN, payload: payload.into() }
}

#[tokio::test]
async fn messages_of_every_length_encoding_pass_both_ways() {
    let (mut foreign, mut link, _server) = foreign().await;
    for size in [0, 1, 125, 126, 127, 65_535, 65_536, LIMIT] {
        let payload = vec![b'x'; size];
        foreign.write_frame(frame(true, OpCode::Text, &payload)).await.unwrap();
        assert_eq!(link.recv().await, text(payload.clone()), "{size} bytes from the client");
        let send = link.send(Lane::MAIN, payload.clone().into());
        let (sent, got) = tokio::join!(send, foreign.read_frame());
        assert_eq!(sent, Ok(()));
        let got = got.unwrap();
        assert!(got.opcode == OpCode::Text && *got.payload == *payload, "{size} bytes back");
    }
}

#[tokio::test]
async fn fragments_with_pings_between_them_are_joined() {
    let (mut foreign, mut link, _server) = foreign().await;
    let words = "καλημέρα 日本";
    for at in 0..=words.len() {
        let (front, back) = words.as_bytes().split_at(at);
        foreign.write_frame(frame(false, OpCode::Text, front)).await.unwrap();
        foreign.write_frame(frame(true, OpCode::Ping, &[at as u8])).await.unwrap();
        foreign.write_frame(frame(true, OpCode::Continuation, back)).await.unwrap();
        assert_eq!(link.recv().await, Incoming::Ping);
        assert_eq!(link.recv().await, text(words));
        let pong = foreign.read_frame().await.unwrap();
        assert!(pong.opcode == OpCode::Pong && *pong.payload == [at as u8]);
    }
}

#[tokio::test]
async fn pings_of_the_server_are_answered_and_its_close_is_understood() {
    let (mut foreign, mut link, _server) = foreign().await;
    link.ping().unwrap();
    link.flush().await.unwrap();
    link.send(Lane::MAIN, "after the ping".into()).await.unwrap();
    let got = foreign.read_frame().await.unwrap();
    assert_eq!(&*got.payload, b"after the ping");
    assert_eq!(link.recv().await, Incoming::Pong);
    let close = link.close(Farewell::new(9, "nothing was heard"));
    let (close_frame, ()) = tokio::join!(foreign.read_frame(), close);
    let close_frame = close_frame.unwrap();
    assert_eq!(close_frame.opcode, OpCode::Close);
    assert_eq!(*close_frame.payload, *[&4009_u16.to_be_bytes()[..], b"nothing was heard"].concat());
}

/// As Chromium and Firefox offer it.
const OFFER: &str = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";

/// The payload of a frame of the server, and whether it is compressed.
async fn next_frame(stream: &mut TcpStream) -> (bool, Vec<u8>) {
    let first = stream.read_u8().await.unwrap();
    let size = match stream.read_u8().await.unwrap() {
        126 => u64::from(stream.read_u16().await.unwrap()),
        127 => stream.read_u64().await.unwrap(),
        size => u64::from(size),
    };
    let mut payload = vec![0; size as usize];
    stream.read_exact(&mut payload).await.unwrap();
    (first & 0x40 != 0, payload)
}

#[tokio::test]
async fn large_messages_are_compressed_if_the_client_offers_it_and_small_ones_never() {
    let (server, mut links) = common::websocket_server(LIMIT, common::loopback());
    for (offer, agreed) in [(OFFER, true), ("", false)] {
        let (mut stream, answer) =
            common::upgraded(server.addresses()[0], Codec::Json, offer).await;
        let terms = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
        assert_eq!(answer.contains(&format!("sec-websocket-extensions: {terms}")), agreed);
        let mut link = links.recv().await.unwrap();
        let page = "[a page of history]".repeat(4_000);
        for payload in ["small", &page, "small again", &page] {
            link.send(Lane::MAIN, payload.to_owned().into()).await.unwrap();
            let (compressed, bytes) = next_frame(&mut stream).await;
            assert_eq!(compressed, agreed && payload.len() > 20_000);
            let mut plain = Vec::with_capacity(LIMIT);
            if compressed {
                assert!(bytes.len() * 10 < payload.len());
                // Without the context of the page before.
                let mut state = Decompress::new(false);
                let bytes = [&bytes[..], &[0, 0, 0xff, 0xff]].concat();
                state.decompress_vec(&bytes, &mut plain, FlushDecompress::Sync).unwrap();
            } else {
                plain = bytes;
            }
            assert!(plain == payload.as_bytes());
        }
    }
}

/// A frame of a client, masked with zeros.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let size = (payload.len() as u16).to_be_bytes();
    [&[first, 0xfe, size[0], size[1], 0, 0, 0, 0][..], payload].concat()
}

fn compressed(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 100);
    let mut state = Compress::new(Compression::best(), false);
    state.compress_vec(payload, &mut out, FlushCompress::Sync).unwrap();
    out.truncate(out.len() - 4);
    out
}

#[tokio::test]
async fn compressed_messages_are_read_in_fragments_too_and_bombs_end_the_link() {
    let (server, mut links) = common::websocket_server(LIMIT, common::loopback());
    let (mut stream, _) = common::upgraded(server.addresses()[0], Codec::Json, OFFER).await;
    let mut link = links.recv().await.unwrap();
    let words = "pagine di storia, ".repeat(3_000);
    let small = compressed(words.as_bytes());
    let (front, back) = small.split_at(small.len() / 2);
    let ping = [0x89, 0x80, 0, 0, 0, 0];
    let parts = [&masked(0x41, front)[..], &ping, &masked(0x80, back), &masked(0x81, b"plain")];
    stream.write_all(&parts.concat()).await.unwrap();
    assert_eq!(link.recv().await, Incoming::Ping);
    assert_eq!(link.recv().await, text(words));
    assert_eq!(link.recv().await, text("plain"));
    for wrong in [
        masked(0xc1, &compressed(&[b' '; LIMIT + 10])),
        masked(0xc1, &[0xff; 20]),
        masked(0xc1, &compressed(b"\xed\xa0\x80")),
        // On a fragment that is not the first one, and on a control frame.
        [masked(0x41, front), masked(0xc0, back)].concat(),
        vec![0xc9, 0x80, 0, 0, 0, 0],
    ] {
        let (mut stream, _) = common::upgraded(server.addresses()[0], Codec::Json, OFFER).await;
        let mut link = links.recv().await.unwrap();
        stream.write_all(&wrong).await.unwrap();
        drop(stream);
        let heard = link.recv().await;
        let protocol = matches!(&heard, Incoming::Closed(farewell) if farewell.code == 2);
        assert!(protocol, "{heard:?}");
    }
}
