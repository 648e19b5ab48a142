//! What an idle stream of server-sent events costs. Alone in its process, because it reads the process's memory.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::task::Poll;

use caffis_link::Codec;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Streams that are measured, after as many that warm the allocator up.
const STREAMS: usize = 500;

/// Its HTTP connection goes on, where that of a WebSocket is handed over: hyper keeps 8 KiB to read and as much to
/// write.
const MOST: usize = 26 * 1024;

fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

async fn bare_client(address: std::net::SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    // Until the end of the first event: lines of HTTP itself end otherwise.
    let mut last = [0; 2];
    while last != *b"\n\n" {
        last.rotate_left(1);
        last[1] = stream.read_u8().await.unwrap();
    }
    stream
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_idle_stream_is_small() {
    let (server, _streams, mut links) = common::sse_server(Codec::Binary, 65_536);
    let mut held = Vec::with_capacity(2 * STREAMS);
    let mut before = 0;
    for index in 0..2 * STREAMS {
        if index == STREAMS {
            before = resident();
        }
        let client = bare_client(server.addresses()[0]).await;
        let mut link = links.recv().await.unwrap();
        // A session waits for the first frame.
        std::future::poll_fn(|cx| {
            assert!(link.poll_recv(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        held.push((client, link));
    }
    let each = (resident() - before) / STREAMS;
    println!("{each} bytes for each idle stream, its bare client included");
    assert!(each <= MOST, "{each} bytes for each stream");
}
