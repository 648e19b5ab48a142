//! A running server of each transport, on loopback, that hands its links to the test.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]

use std::{any::Any, sync::Arc};

use axum::{Router, routing::any};
use caffis_link::{
    Codec, Link,
    conformance::{Pair, Raw},
};
use caffis_transport::{
    tcp::{self, TcpServer},
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
        upgrade.accept(&options_ws, move |link| async move {
            let _ = sender.send(link).await;
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
    let mut stream = TcpStream::connect(server.addresses()[0]).await.unwrap();
    let protocol = if codec == Codec::Binary { ws::BINARY } else { ws::JSON };
    let request = format!(
        "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: chat, {protocol}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    let answer = String::from_utf8(answer).unwrap().to_ascii_lowercase();
    assert!(answer.contains("s3pplmbitxaq9kygzzhzrbk+xoo="), "{answer}");
    let link = links.recv().await.unwrap();
    stream.write_all(&bytes).await.unwrap();
    if finish {
        stream.shutdown().await.unwrap();
    }
    let guard: Box<dyn Any + Send> = Box::new((server, links, Arc::new(stream)));
    Raw { server: link, guard }
}
