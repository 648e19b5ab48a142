//! Somebody who talks to a server, frame by frame.

use std::{
    collections::VecDeque,
    future::poll_fn,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use caffis_chat::{
    config::DEVELOPMENT_SECRET,
    system::SystemClock,
    tokens::{Grant, mint},
};
use caffis_core::ports::clock::Clock;
use caffis_link::{Farewell, Incoming, Lane, Link};
use caffis_schema::{
    Body, ClientFrame, ClientId, Codec, Command, DeviceId, Error, Event, List, Position, Reply,
    Request, RoomId, ServerFrame, Text, UserId, codec,
    command::{EnsureDirect, Hello, Open, Send},
    event::{Answered, TextBody},
    limits::FRAME_BYTES,
    reply::{Appended, Opened, Welcome},
    room::ClientKey,
};
use caffis_transport::{quic, sse, tls::Trust, ws};

use super::{Server, server::install_crypto, soon};

/// Which transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    WebSocket,
    Json,
    Quic,
    WebTransport,
    /// Server-sent events and POST.
    Sse,
}

impl Over {
    pub(crate) const ALL: [Self; 5] =
        [Self::WebSocket, Self::Json, Self::Quic, Self::WebTransport, Self::Sse];

    fn codec(self) -> Codec {
        if self == Self::Json { Codec::Json } else { Codec::Binary }
    }

    /// A link without a session.
    pub(crate) async fn link(self, server: &Server) -> Box<dyn Link> {
        soon("the connection", self.try_link(server, None)).await.unwrap()
    }

    /// A link, or why there is none.
    pub(crate) async fn try_link(
        self,
        server: &Server,
        origin: Option<&str>,
    ) -> Result<Box<dyn Link>, caffis_transport::ConnectError> {
        self.link_up_to(server, origin, FRAME_BYTES).await
    }

    /// A link that writes frames up to this size, or why there is none.
    async fn link_up_to(
        self,
        server: &Server,
        origin: Option<&str>,
        max_frame: usize,
    ) -> Result<Box<dyn Link>, caffis_transport::ConnectError> {
        install_crypto();
        let origin = origin.map(str::to_owned);
        match self {
            Self::WebSocket | Self::Json => {
                let codec = match self.codec() {
                    Codec::Binary => caffis_link::Codec::Binary,
                    Codec::Json => caffis_link::Codec::Json,
                };
                let options =
                    ws::ClientOptions { codec, origin, max_frame, ..ws::ClientOptions::default() };
                ws::connect(&server.socket_url(), &options).await
            }
            Self::Sse => {
                let options =
                    sse::ClientOptions { origin, max_frame, ..sse::ClientOptions::default() };
                sse::connect(&server.url("/api/chat/events"), &options).await
            }
            Self::Quic | Self::WebTransport => {
                let info = server.connect_info().await;
                let hash = info["quic"]["certificateHash"].as_str().unwrap();
                let hash = BASE64_STANDARD.decode(hash).unwrap().try_into().unwrap();
                let trust = Trust::Hashes(vec![hash]);
                let options =
                    quic::ClientOptions { trust, origin, max_frame, ..Default::default() };
                if self == Self::Quic {
                    return quic::connect(&server.udp().to_string(), &options).await;
                }
                let url = format!("https://{}/api/chat/wt", server.udp());
                quic::connect_webtransport(&url, &options).await
            }
        }
    }
}

/// A development token.
pub(crate) fn token_of(user: &str) -> String {
    let grant = Grant {
        user: UserId::new(user).unwrap(),
        name: None,
        issued: SystemClock.now(),
        lifetime: Duration::from_secs(3_600),
        service: None,
        issuer: None,
        audience: None,
    };
    mint(DEVELOPMENT_SECRET, &grant).unwrap()
}

/// The hello of a client that holds nothing.
pub(crate) fn hello(token: &str) -> Hello {
    Hello {
        version: 1,
        client: Text::cut("edge"),
        device: DeviceId([1; 16]),
        token: Text::cut(token),
        cursors: List::default(),
        capabilities: 0,
    }
}

/// A hello that was refused: the answer and the farewell.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) error: Error,
    pub(crate) farewell: Farewell,
}

/// Somebody with a link.
pub(crate) struct Person {
    link: Box<dyn Link>,
    codec: Codec,
    next: u32,
    /// Events that came while an answer was awaited.
    events: VecDeque<Event>,
}

impl Person {
    /// Somebody without a session yet.
    pub(crate) async fn stranger(server: &Server, over: Over) -> Self {
        Self::on(over.link(server).await, over)
    }

    pub(crate) fn on(link: Box<dyn Link>, over: Over) -> Self {
        Self { link, codec: over.codec(), next: 1, events: VecDeque::new() }
    }

    /// Somebody with a session.
    pub(crate) async fn enter(server: &Server, user: &str, over: Over) -> Self {
        let mut person = Self::stranger(server, over).await;
        person.greet(&token_of(user)).await.unwrap();
        person
    }

    /// Somebody with a session, whose client may write larger frames than the server takes.
    pub(crate) async fn enter_with(
        server: &Server,
        user: &str,
        over: Over,
        max_frame: usize,
    ) -> Self {
        let link = soon("the connection", over.link_up_to(server, None, max_frame)).await.unwrap();
        let mut person = Self::on(link, over);
        person.greet(&token_of(user)).await.unwrap();
        person
    }

    /// Says hello.
    pub(crate) async fn greet(&mut self, token: &str) -> Result<Box<Welcome>, Refusal> {
        match self.ask(Command::Hello(hello(token))).await {
            Ok(Reply::Welcome(welcome)) => Ok(Box::new(welcome)),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(Refusal { error, farewell: self.farewell().await }),
        }
    }

    /// Gives a command and waits for its answer.
    pub(crate) async fn ask(&mut self, command: Command) -> Result<Reply, Error> {
        let id = self.give(command).await;
        loop {
            match self.frame().await {
                ServerFrame::Reply(answer) => {
                    assert!(answer.id == id || answer.id == 0, "{answer:?}");
                    return match answer.result {
                        Answered::Ok(reply) => Ok(reply),
                        Answered::Error(error) => Err(error),
                    };
                }
                ServerFrame::Event(event) => self.events.push_back(event),
                ServerFrame::Signal(_) => {}
            }
        }
    }

    /// Gives a command; gives its number.
    pub(crate) async fn give(&mut self, command: Command) -> u32 {
        let id = self.next;
        self.next += 1;
        let frame = ClientFrame::Request(Request { id, command });
        let bytes = codec::encode(&frame, self.codec).unwrap();
        self.write(bytes).await;
        id
    }

    /// Writes bytes as one frame.
    pub(crate) async fn write(&mut self, bytes: Vec<u8>) {
        soon("room on the link", poll_fn(|cx| self.link.poll_ready(Lane::MAIN, cx))).await.unwrap();
        self.link.start_send(Lane::MAIN, bytes.into()).unwrap();
        soon("the writing", poll_fn(|cx| self.link.poll_flush(cx))).await.unwrap();
    }

    /// Writes bytes as one frame, or finds out that nobody takes them.
    pub(crate) async fn try_write(&mut self, bytes: Vec<u8>) -> Result<(), caffis_link::SendError> {
        soon("room on the link", poll_fn(|cx| self.link.poll_ready(Lane::MAIN, cx))).await?;
        self.link.start_send(Lane::MAIN, bytes.into())?;
        soon("the writing", poll_fn(|cx| self.link.poll_flush(cx))).await
    }

    /// Sends a datagram.
    pub(crate) fn datagram(&mut self, bytes: Vec<u8>) -> Result<(), caffis_link::SendError> {
        self.link.send_datagram(Bytes::from(bytes))
    }

    async fn incoming(&mut self) -> Incoming {
        soon("something on the link", poll_fn(|cx| self.link.poll_recv(cx))).await
    }

    /// The next frame.
    pub(crate) async fn frame(&mut self) -> ServerFrame {
        loop {
            match self.incoming().await {
                Incoming::Frame { payload, .. } => {
                    return codec::decode(&payload, self.codec).unwrap();
                }
                Incoming::Datagram(_) | Incoming::Ping | Incoming::Pong => {}
                Incoming::Closed(farewell) => panic!("closed: {farewell:?}"),
            }
        }
    }

    /// The next event that something can be made of.
    pub(crate) async fn event<T>(&mut self, mut find: impl FnMut(Event) -> Option<T>) -> T {
        loop {
            let event = match self.events.pop_front() {
                Some(event) => event,
                None => match self.frame().await {
                    ServerFrame::Event(event) => event,
                    _ => continue,
                },
            };
            if let Some(found) = find(event) {
                return found;
            }
        }
    }

    /// Why the link ended; whatever comes before that is passed over.
    pub(crate) async fn farewell(&mut self) -> Farewell {
        loop {
            if let Incoming::Closed(farewell) = self.incoming().await {
                return farewell;
            }
        }
    }

    /// The direct conversation with somebody.
    pub(crate) async fn direct(&mut self, user: &str) -> RoomId {
        let user = UserId::new(user).unwrap();
        match self.ask(Command::EnsureDirect(EnsureDirect { user })).await.unwrap() {
            Reply::Room(summary) => summary.room,
            other => panic!("{other:?}"),
        }
    }

    /// Opens a room with its last entries.
    pub(crate) async fn open(&mut self, room: RoomId) -> Result<Box<Opened>, Error> {
        match self.ask(Command::Open(Open { room, limit: 100 })).await? {
            Reply::Opened(opened) => Ok(Box::new(opened)),
            other => panic!("{other:?}"),
        }
    }

    /// Says something.
    pub(crate) async fn say(&mut self, room: RoomId, text: &str) -> Result<Appended, Error> {
        self.say_again(room, text, fresh_key()).await
    }

    /// Says something with a given key.
    pub(crate) async fn say_again(
        &mut self,
        room: RoomId,
        text: &str,
        key: ClientKey,
    ) -> Result<Appended, Error> {
        match self.ask(said(room, text, key)).await? {
            Reply::Appended(appended) => Ok(appended),
            other => panic!("{other:?}"),
        }
    }
}

/// The command that sends a text.
pub(crate) fn said(room: RoomId, text: &str, key: ClientKey) -> Command {
    let body = Body::Text(TextBody { text: Text::new(text).unwrap() });
    Command::Send(Send::new(key, room, body))
}

/// A key that no other act has.
pub(crate) fn fresh_key() -> ClientKey {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let now = SystemClock.now();
    let number = u128::from(now.get()) << 64 | u128::from(NEXT.fetch_add(1, Ordering::Relaxed));
    ClientKey { id: ClientId(number.to_be_bytes()), time: now, head: Position::ZERO }
}
