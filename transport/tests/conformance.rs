//! Every transport keeps the contract of a link.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use caffis_link::{
    Codec, Kind,
    conformance::{self, Harness, Pair, Raw},
};
use caffis_transport::sse;

struct WebSocket(Codec);

impl Harness for WebSocket {
    async fn pair(&self, max_frame: usize) -> Pair {
        common::websocket_pair(self.0, max_frame).await
    }

    async fn raw(&self, bytes: Vec<u8>, finish: bool) -> Option<Raw> {
        Some(common::websocket_raw(self.0, bytes, finish).await)
    }

    fn garbage(&self) -> Vec<Vec<u8>> {
        let masked = |first: u8, payload: &[u8]| {
            [&[first, 0x80 | payload.len() as u8, 0, 0, 0, 0], payload].concat()
        };
        let wrong_payload = match self.0 {
            // An unknown kind; a message without a kind; a farewell that is none; text.
            Codec::Binary => vec![
                masked(0x82, &[9, 1, 2]),
                masked(0x82, &[]),
                masked(0x82, &[1, 7]),
                masked(0x81, b"text"),
            ],
            // Bytes; text that is not UTF-8.
            Codec::Json => vec![masked(0x82, &[0]), masked(0x81, &[0xff, 0xfe])],
        };
        let wrong_frames = vec![
            vec![0xff; 64],
            // Reserved opcode, unmasked, continuation of nothing, long and fragmented control frames.
            masked(0x83, b"x"),
            vec![0x82, 0x01, 0x00],
            masked(0x80, b"x"),
            vec![0x89, 0xfe, 0x01, 0x00, 0, 0, 0, 0],
            masked(0x09, b""),
            // A length over the limit, of 16 and of 64 bits, without the payload.
            vec![0x82, 0xfe, 0xff, 0xff, 0, 0, 0, 0],
            vec![0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0],
            // Fragments that are over the limit together.
            [masked(0x02, &[0; 100]), vec![0x80, 0xfe, 0x10, 0x00, 0, 0, 0, 0]].concat(),
            masked(0x88, &[3]),
        ];
        [wrong_payload, wrong_frames].concat()
    }

    fn truncated(&self) -> Vec<u8> {
        vec![0x82, 0x85, 1, 2, 3, 4, 5]
    }
}

#[tokio::test]
async fn websocket_binary_conforms() {
    conformance::run(&WebSocket(Codec::Binary)).await;
}

#[tokio::test]
async fn websocket_json_conforms() {
    conformance::run(&WebSocket(Codec::Json)).await;
}

struct Sse(Codec);

impl Harness for Sse {
    async fn pair(&self, max_frame: usize) -> Pair {
        common::sse_pair(self.0, max_frame).await
    }

    async fn raw(&self, bytes: Vec<u8>, finish: bool) -> Option<Raw> {
        Some(common::sse_raw(self.0, bytes, finish).await)
    }

    fn garbage(&self) -> Vec<Vec<u8>> {
        let wrong_payload = match self.0 {
            // Something else than base64, base64 cut short, and with bits left over.
            Codec::Binary => vec![b"{}\n".to_vec(), b"YWI\n".to_vec(), b"YWJ=\n".to_vec()],
            Codec::Json => vec![vec![0xff, 0xfe, b'\n']],
        };
        let wrong_lines = vec![
            vec![0xff; 64],
            // A control that there is not, farewells that are none, a frame over the limit, too many.
            b":pang\n".to_vec(),
            b":bye\n".to_vec(),
            b":bye 70000 x\n".to_vec(),
            vec![b'a'; 8_192],
            b"\n".repeat(sse::POST_FRAMES + 1),
        ];
        [wrong_payload, wrong_lines].concat()
    }

    fn truncated(&self) -> Vec<u8> {
        b"YQ==".to_vec()
    }
}

#[tokio::test]
async fn sse_binary_conforms() {
    conformance::run(&Sse(Codec::Binary)).await;
}

#[tokio::test]
async fn sse_json_conforms() {
    conformance::run(&Sse(Codec::Json)).await;
}

struct Quic(Kind);

impl Harness for Quic {
    async fn pair(&self, max_frame: usize) -> Pair {
        common::quic_pair(self.0, max_frame).await
    }

    async fn raw(&self, bytes: Vec<u8>, finish: bool) -> Option<Raw> {
        // WebTransport has the same streams below its session; raw ones are made on native QUIC.
        if self.0 == Kind::Quic { Some(common::quic_raw(bytes, finish).await) } else { None }
    }

    fn garbage(&self) -> Vec<Vec<u8>> {
        vec![
            vec![0xff; 64],
            vec![9, 0],
            // A data frame over the limit, an overlong length, a length of more than 32 bits.
            vec![0, 0xff, 0xff, 0x7f],
            vec![0, 0x80, 0x00],
            vec![0, 0xff, 0xff, 0xff, 0xff, 0x10],
            // A ping over its limit and a farewell that is none.
            vec![2, 9],
            vec![1, 2, 0x80, 0x00],
        ]
    }

    fn truncated(&self) -> Vec<u8> {
        vec![0, 10, 1, 2, 3]
    }
}

#[tokio::test]
async fn quic_conforms() {
    conformance::run(&Quic(Kind::Quic)).await;
}

#[tokio::test]
async fn webtransport_conforms() {
    conformance::run(&Quic(Kind::WebTransport)).await;
}
