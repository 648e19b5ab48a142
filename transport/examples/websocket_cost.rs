//! What a WebSocket link costs: with the codec of `transport/src/ws`, and with tokio-tungstenite.
//!
//! ```sh
//! cargo run --release -p caffis-transport --example websocket_cost
//! ```
//!
//! Both serve the same plain TCP clients on one thread. Memory is what the process grows by for each
//! idle connection after its handshake; CPU is that of the serving thread alone, for each message of
//! 230 bytes that is handed to the system, one by one and sixteen at once. The rounds alternate, and
//! the best of each counts.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a measurement fails by panicking")]

use std::{
    env, fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    process::Command,
    task::Poll,
    thread,
};

use axum::{Router, routing::any};
use bytes::Bytes;
use caffis_link::{Lane, Link, LinkExt};
use caffis_transport::{
    tcp::{self, TcpServer},
    ws,
};
use futures_util::SinkExt;
use tokio::sync::mpsc;
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async_with_config,
    tungstenite::{
        Message,
        handshake::server::{Request, Response},
        http::HeaderValue,
        protocol::WebSocketConfig,
    },
};

/// Connections that are measured for memory, after as many that warm the allocator up.
const IDLE: usize = 1_000;

/// Receivers of a fan-out.
const RECEIVERS: usize = 100;

/// Messages to each receiver in a round, and the rounds.
const MESSAGES: usize = 1_600;
const ROUNDS: usize = 5;

/// A message of 200 characters, as an event.
const SIZE: usize = 230;

/// Messages that are handed over at once, in the second measurement.
const GATHERED: usize = 16;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    match env::args().nth(1).as_deref() {
        Some("idle-ours") => {
            println!("{}", runtime.block_on(async { idle(Ours::serve().await).await }));
        }
        Some("idle-theirs") => {
            println!("{}", runtime.block_on(async { idle(Theirs::serve().await).await }));
        }
        _ => {
            let [ours, theirs] = ["idle-ours", "idle-theirs"].map(alone);
            println!("idle, bytes a connection: {ours} ours, {theirs} tungstenite");
            runtime.block_on(async {
                for gathered in [1, GATHERED] {
                    compare(gathered).await;
                }
            });
        }
    }
}

/// What this program says in a process of its own: memory that one server gives back would be used
/// again by the next.
fn alone(mode: &str) -> String {
    let own = env::current_exe().unwrap();
    let output = Command::new(own).arg(mode).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

async fn compare(gathered: usize) {
    let mut best = [u64::MAX; 2];
    for _ in 0..ROUNDS {
        best[0] = best[0].min(fan_out(Ours::serve().await, gathered).await);
        best[1] = best[1].min(fan_out(Theirs::serve().await, gathered).await);
    }
    let [ours, theirs] = best;
    let times = theirs as f64 / ours as f64;
    println!(
        "{gathered} at once, ns of CPU a delivery: {ours} ours, {theirs} tungstenite ({times:.2} x)"
    );
}

/// A server of one of the two.
trait Serve {
    type Socket;
    fn address(&self) -> SocketAddr;
    async fn accept(&mut self) -> Self::Socket;
    /// Waits for the first message, and finds none.
    async fn poll_once(socket: &mut Self::Socket);
    /// Hands the message over so many times, in as few writes as it can.
    async fn send(socket: &mut Self::Socket, message: &Bytes, times: usize);
}

struct Ours(TcpServer, mpsc::Receiver<Box<dyn Link>>);

impl Ours {
    async fn serve() -> Self {
        let (sender, links) = mpsc::channel(16);
        let handler = move |upgrade: ws::Upgrade| async move {
            upgrade.accept(&ws::Options::default(), move |arrival| async move {
                let _ = sender.send(arrival.link).await;
            })
        };
        let options = tcp::Options::new(vec!["127.0.0.1:0".parse().unwrap()]);
        Self(tcp::serve(options, Router::new().route("/", any(handler))).unwrap(), links)
    }
}

impl Serve for Ours {
    type Socket = Box<dyn Link>;

    fn address(&self) -> SocketAddr {
        self.0.addresses()[0]
    }

    async fn accept(&mut self) -> Self::Socket {
        self.1.recv().await.unwrap()
    }

    async fn poll_once(socket: &mut Self::Socket) {
        std::future::poll_fn(|cx| {
            assert!(socket.poll_recv(cx).is_pending());
            Poll::Ready(())
        })
        .await;
    }

    async fn send(socket: &mut Self::Socket, message: &Bytes, times: usize) {
        for _ in 0..times {
            socket.start_send(Lane::MAIN, message.clone()).unwrap();
        }
        socket.flush().await.unwrap();
    }
}

struct Theirs(tokio::net::TcpListener);

impl Theirs {
    async fn serve() -> Self {
        Self(tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap())
    }
}

impl Serve for Theirs {
    type Socket = WebSocketStream<tokio::net::TcpStream>;

    fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    async fn accept(&mut self) -> Self::Socket {
        let (stream, _) = self.0.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        #[allow(clippy::result_large_err, reason = "tungstenite's own type")]
        let protocol = |_: &Request, mut answer: Response| {
            let chosen = HeaderValue::from_static(ws::BINARY);
            answer.headers_mut().insert("sec-websocket-protocol", chosen);
            Ok(answer)
        };
        // The settings with the least memory: no buffer beyond what one message needs.
        let config = WebSocketConfig::default()
            .read_buffer_size(4_096)
            .write_buffer_size(16 * 1024)
            .max_write_buffer_size(256 * 1024);
        accept_hdr_async_with_config(stream, protocol, Some(config)).await.unwrap()
    }

    async fn poll_once(socket: &mut Self::Socket) {
        std::future::poll_fn(|cx| {
            assert!(futures_util::StreamExt::poll_next_unpin(socket, cx).is_pending());
            Poll::Ready(())
        })
        .await;
    }

    async fn send(socket: &mut Self::Socket, message: &Bytes, times: usize) {
        for _ in 0..times {
            socket.feed(Message::Binary(message.clone())).await.unwrap();
        }
        socket.flush().await.unwrap();
    }
}

/// A client that has shaken hands, in a thread of its own.
async fn client(address: SocketAddr) -> thread::JoinHandle<TcpStream> {
    thread::spawn(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        let request = format!(
            "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Protocol: {}\r\n\r\n",
            ws::BINARY
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut last = [0; 4];
        while last != *b"\r\n\r\n" {
            last.rotate_left(1);
            stream.read_exact(&mut last[3..]).unwrap();
        }
        stream
    })
}

fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

async fn idle<S: Serve>(mut server: S) -> usize {
    let mut kept = Vec::with_capacity(2 * IDLE);
    let mut before = 0;
    for index in 0..2 * IDLE {
        if index == IDLE {
            before = resident();
        }
        let client = client(server.address()).await;
        let mut socket = server.accept().await;
        S::poll_once(&mut socket).await;
        kept.push((client.join().unwrap(), socket));
    }
    resident().saturating_sub(before) / IDLE
}

/// The CPU time of this thread in nanoseconds.
fn thread_cpu() -> u64 {
    let times = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    times.split_whitespace().next().unwrap().parse().unwrap()
}

async fn fan_out<S: Serve>(mut server: S, gathered: usize) -> u64 {
    let mut sockets = Vec::new();
    let mut readers = Vec::new();
    for _ in 0..RECEIVERS {
        let client = client(server.address()).await;
        sockets.push(server.accept().await);
        let mut stream = client.join().unwrap();
        readers.push(thread::spawn(move || {
            let mut chunk = vec![0; 64 * 1024];
            while stream.read(&mut chunk).is_ok_and(|count| count > 0) {}
        }));
    }
    let message = Bytes::from(vec![b'x'; SIZE]);
    let before = thread_cpu();
    for _ in 0..MESSAGES / gathered {
        for socket in &mut sockets {
            S::send(socket, &message, gathered).await;
        }
    }
    let each = (thread_cpu() - before) / (MESSAGES * RECEIVERS) as u64;
    drop(sockets);
    readers.into_iter().for_each(|reader| reader.join().unwrap());
    each
}
