//! What an idle WebSocket link costs. Alone in its process, because it reads the process's memory.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::task::Poll;

use caffis_transport::ws;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Links that are measured, after as many that warm the allocator up.
const LINKS: usize = 500;

/// The aim is 8 KiB for a joined connection, the session's own state included.
const MOST: usize = 6 * 1024;

fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

async fn bare_client(address: std::net::SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: {}\r\n\r\n",
        ws::BINARY
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut last = [0; 4];
    while last != *b"\r\n\r\n" {
        last.rotate_left(1);
        last[3] = stream.read_u8().await.unwrap();
    }
    stream
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_idle_link_is_small() {
    let (server, mut links) = common::websocket_server(65_536, common::loopback());
    let mut held = Vec::with_capacity(2 * LINKS);
    let mut before = 0;
    for index in 0..2 * LINKS {
        if index == LINKS {
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
    let each = (resident() - before) / LINKS;
    println!("{each} bytes for each idle WebSocket link, its bare client included");
    assert!(each <= MOST, "{each} bytes for each link");
}
