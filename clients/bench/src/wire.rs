//! A lean WebSocket client: large reads into one shared buffer, frames parsed in place.

use std::{
    cell::RefCell,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    rc::Rc,
};

use anyhow::{Context as _, bail};
use caffis_schema::{
    Command, Reply, RoomId, ServerFrame,
    command::{Cursor, Open},
    event::Answered,
    reply::{Opened, Welcome},
};
use tokio::net::{TcpSocket, TcpStream};

use crate::frames;

/// The largest message of a server with its header.
const BUFFER: usize = 512 * 1024;

/// How many local addresses the connections are spread over.
const ADDRESSES: usize = 50;

/// The buffer that all connections of the one thread read into.
#[derive(Clone)]
pub(crate) struct Shared(Rc<RefCell<Vec<u8>>>);

impl Shared {
    pub(crate) fn new() -> Self {
        Self(Rc::new(RefCell::new(vec![0; BUFFER])))
    }
}

/// The local address of the connection with this number.
pub(crate) fn local(index: usize) -> IpAddr {
    let last = u8::try_from(2 + index % ADDRESSES).unwrap_or(2);
    Ipv4Addr::new(127, 0, 0, last).into()
}

/// One WebSocket connection.
pub(crate) struct Wire {
    stream: Rc<TcpStream>,
    shared: Shared,
    /// The beginning of a message whose end is still to come.
    partial: Vec<u8>,
    writing: Vec<u8>,
}

impl Wire {
    /// Connects and switches to WebSocket.
    pub(crate) async fn connect(
        server: SocketAddr,
        index: usize,
        shared: &Shared,
    ) -> anyhow::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((local(index), 0).into())?;
        let stream = socket.connect(server).await?;
        stream.set_nodelay(true)?;
        let mut wire = Self {
            stream: Rc::new(stream),
            shared: shared.clone(),
            partial: Vec::new(),
            writing: Vec::new(),
        };
        let request = format!(
            "GET /api/chat/ws HTTP/1.1\r\nHost: {server}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
             Sec-WebSocket-Protocol: caffis.v1\r\n\r\n"
        );
        wire.write(request.as_bytes()).await?;
        let mut answer = Vec::new();
        loop {
            wire.stream.readable().await?;
            let mut chunk = [0; 1024];
            match wire.stream.try_read(&mut chunk) {
                Ok(0) => bail!("the server closed before it switched to WebSocket"),
                Ok(count) => answer.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
            if let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") {
                if !answer.starts_with(b"HTTP/1.1 101") {
                    bail!("no WebSocket: {}", String::from_utf8_lossy(&answer[..end]));
                }
                wire.partial = answer.split_off(end + 4);
                return Ok(wire);
            }
        }
    }

    /// Says hello and waits for the welcome.
    pub(crate) async fn hello(
        &mut self,
        user: &str,
        cursors: Vec<Cursor>,
    ) -> anyhow::Result<Welcome> {
        let hello = Command::Hello(frames::hello(user, cursors));
        match self.call(1, hello).await? {
            Reply::Welcome(welcome) => Ok(welcome),
            other => bail!("hello was answered with {}", other.name()),
        }
    }

    /// Opens a room.
    pub(crate) async fn open(&mut self, room: RoomId) -> anyhow::Result<Opened> {
        match self.call(2, Command::Open(Open { room, limit: 1 })).await? {
            Reply::Opened(opened) => Ok(opened),
            other => bail!("open was answered with {}", other.name()),
        }
    }

    /// Sends a command and waits for its answer; events that come first are dropped.
    pub(crate) async fn call(&mut self, id: u32, command: Command) -> anyhow::Result<Reply> {
        self.send(&frames::request(id, command)).await?;
        let mut answer = None;
        while answer.is_none() {
            let received = self.receive(|payload| {
                if let Ok(ServerFrame::Reply(reply)) = frames::decode(payload)
                    && reply.id == id
                {
                    answer = Some(reply.result);
                }
            });
            // A farewell may come right behind the answer.
            let received = received.await;
            if answer.is_none() {
                received?;
            }
        }
        match answer.context("no answer")? {
            Answered::Ok(reply) => Ok(reply),
            Answered::Error(error) => Err(error.into()),
        }
    }

    /// Sends a frame.
    pub(crate) async fn send(&mut self, payload: &[u8]) -> io::Result<()> {
        let mut bytes = std::mem::take(&mut self.writing);
        bytes.clear();
        put_message(&mut bytes, 2, &[0], payload);
        let result = self.write(&bytes).await;
        self.writing = bytes;
        result
    }

    /// A handle that sends while this one receives.
    pub(crate) fn writer(&self) -> Writer {
        Writer { stream: Rc::clone(&self.stream), bytes: Vec::new() }
    }

    async fn write(&self, bytes: &[u8]) -> io::Result<()> {
        write(&self.stream, bytes).await
    }

    /// Waits until something arrives, and takes all its frames.
    pub(crate) async fn receive(&mut self, mut take: impl FnMut(&[u8])) -> io::Result<()> {
        loop {
            let (taken, answers) = self.try_receive(&mut take)?;
            if !answers.is_empty() {
                self.write(&answers).await?;
            }
            if taken {
                return Ok(());
            }
            self.stream.readable().await?;
        }
    }

    /// Reads once. Returns whether frames were taken, and the answers to pings among them.
    fn try_receive(&mut self, take: &mut impl FnMut(&[u8])) -> io::Result<(bool, Vec<u8>)> {
        let shared = self.shared.clone();
        let mut buffer = shared.0.borrow_mut();
        let kept = self.partial.len();
        buffer[..kept].copy_from_slice(&self.partial);
        let mut end = kept;
        match self.stream.try_read(&mut buffer[kept..]) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => end += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        let (mut at, mut taken, mut answers) = (0, false, Vec::new());
        while let Some((opcode, from, to)) = next_message(&buffer[at..end]) {
            let payload = &buffer[at + from..at + to];
            match (opcode, payload.split_first()) {
                (2, Some((0, payload))) => {
                    taken = true;
                    take(payload);
                }
                (2, Some((2, payload))) => put_message(&mut answers, 2, &[3], payload),
                (9, _) => put_message(&mut answers, 10, &[], payload),
                (8, _) => {
                    let reason = payload.get(2..).unwrap_or_default();
                    let reason = String::from_utf8_lossy(reason).into_owned();
                    return Err(io::Error::new(io::ErrorKind::ConnectionAborted, reason));
                }
                _ => {}
            }
            at += to;
        }
        self.partial.clear();
        self.partial.extend_from_slice(&buffer[at..end]);
        Ok((taken, answers))
    }
}

/// Sends on a connection that something else receives on.
pub(crate) struct Writer {
    stream: Rc<TcpStream>,
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) async fn send(&mut self, payload: &[u8]) -> io::Result<()> {
        self.bytes.clear();
        put_message(&mut self.bytes, 2, &[0], payload);
        write(&self.stream, &self.bytes).await
    }
}

async fn write(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match stream.try_write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => stream.writable().await?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Appends a masked message. The mask is zero, which is a mask like any other.
fn put_message(bytes: &mut Vec<u8>, opcode: u8, kind: &[u8], payload: &[u8]) {
    bytes.push(0x80 | opcode);
    let length = kind.len() + payload.len();
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(length), _) if length < 126 => bytes.push(0x80 | length),
        (_, Ok(length)) => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            bytes.push(0x80 | 127);
            bytes.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(kind);
    bytes.extend_from_slice(payload);
}

/// The first message of the bytes: its opcode, and where its payload begins and ends. Servers send
/// neither masks nor fragments here.
fn next_message(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let (first, length) = (*bytes.first()?, *bytes.get(1)?);
    let (from, length) = match length {
        126 => (4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
        127 => {
            let length = u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?);
            (10, usize::try_from(length).ok()?)
        }
        length => (2, usize::from(length)),
    };
    let to = from + length;
    (to <= bytes.len()).then_some((first & 0x0f, from, to))
}
