//! The client against a server of which the test plays every word, on paused time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "these are tests"
)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use caffis_client::{
    Client, ClientEvent, ConnectFuture, Connector, Driver, Ended, Environment, Events, Options,
    State, TokenFuture,
};
use caffis_link::{Farewell, Incoming, Lane, LinkExt as _, memory};
use caffis_schema::{
    Body, ClientFrame, CloseCode, Codec, Command, Entry, EntryKind, Error, ErrorCode, Event, List,
    Position, Reply, Request, RoomId, ServerFrame, SessionId, Text, UserId, codec,
    command::Hello,
    event::{Answer, Answered, Draining, Joined, RoomEntry, TextBody, TokenExpiring},
    limits::Limits,
    reply::{Appended, EntryPage, Opened, Resumed, Standing, Welcome},
    room::{Context, Profile, Role, RoomClass, RoomSummary},
};
use tokio::{sync::mpsc, time::Instant};

/// A clock that stands and bytes that count.
struct Counting(AtomicU64);

impl Environment for Counting {
    fn now(&self) -> u64 {
        1_000
    }

    fn fill(&self, buffer: &mut [u8]) {
        for byte in buffer {
            *byte = self.0.fetch_add(1, Ordering::Relaxed) as u8;
        }
    }
}

struct Lobby(mpsc::UnboundedSender<memory::MemoryLink>);

impl Connector for Lobby {
    fn connect(&self) -> ConnectFuture<'_> {
        let (ours, theirs) = memory::pair(&memory::Options::default());
        self.0.send(theirs).unwrap();
        Box::pin(async move { Ok(Box::new(ours) as _) })
    }
}

struct Server {
    links: mpsc::UnboundedReceiver<memory::MemoryLink>,
    link: Option<memory::MemoryLink>,
}

fn room() -> RoomId {
    RoomId::from_random(7)
}

fn start() -> (Client, Events, Server, tokio::task::JoinHandle<()>) {
    let (sender, links) = mpsc::unbounded_channel();
    let environment = Arc::new(Counting(AtomicU64::new(1)));
    let tokens = Arc::new(|| Box::pin(async { Ok("token".to_owned()) }) as TokenFuture);
    let options = Options::new(Arc::new(Lobby(sender)), tokens, environment);
    let (client, events, driver): (_, _, Driver) = Client::new(options);
    let driver = tokio::spawn(driver.run());
    (client, events, Server { links, link: None }, driver)
}

fn summary(head: Position) -> RoomSummary {
    RoomSummary {
        room: room(),
        class: RoomClass::Social,
        context: Context { kind: Text::cut("group"), id: Text::cut("g") },
        name: None,
        peer: None,
        peer_presence: None,
        members: 2,
        role: Some(Role::Member),
        head,
        number: 0,
        read: 0,
        unread: 0,
        preview: None,
        active: 0,
    }
}

fn entry(position: Position) -> Entry {
    let kind = EntryKind::Joined(Joined { users: List::default(), by: None });
    Entry { position, time: position, kind }
}

fn welcome(head: Position, resumed: Vec<Resumed>) -> Welcome {
    Welcome {
        version: 1,
        session: SessionId([1; 16]),
        profile: Profile {
            user: UserId::new("ada").unwrap(),
            name: Text::cut("Ada"),
            picture: None,
        },
        private_receipts: false,
        server_time: 61_000,
        token_expires: 1_000_000,
        limits: Limits {
            public_text_chars: 500,
            text_chars: 8_000,
            frame_bytes: 65_536,
            messages_per_second: 10,
            open_rooms: 100,
            rooms_per_user: 1_000,
            members_per_room: 5_000,
            small_room_members: 100,
            resend_window_seconds: 259_200,
            active_ping_ms: 2_000,
            idle_ping_ms: 15_000,
            typing_refresh_ms: 3_000,
            typing_expiry_ms: 5_000,
        },
        rooms: List::cut(vec![summary(head)]),
        more_rooms: false,
        resumed: List::cut(resumed),
    }
}

fn complete(entries: &[Position], head: Position) -> Resumed {
    let entries = List::cut(entries.iter().map(|position| entry(*position)).collect());
    Resumed { room: room(), standing: Standing::Complete, entries, more: false, head }
}

impl Server {
    async fn accept(&mut self) -> (u32, Hello) {
        self.link = Some(self.links.recv().await.unwrap());
        let Request { id, command: Command::Hello(hello) } = self.take().await else { panic!() };
        (id, hello)
    }

    async fn welcome(&mut self, head: Position, resumed: Vec<Resumed>) -> Hello {
        let (id, hello) = self.accept().await;
        self.answer(id, Ok(Reply::Welcome(welcome(head, resumed)))).await;
        hello
    }

    /// The next command that is no heartbeat.
    async fn take(&mut self) -> Request {
        loop {
            let link = self.link.as_mut().unwrap();
            let Incoming::Frame { payload, .. } = link.recv().await else { panic!() };
            let frame = codec::decode(&payload, Codec::Binary).unwrap();
            let ClientFrame::Request(request) = frame else { continue };
            if let Command::Ping(empty) = request.command {
                self.answer(request.id, Ok(Reply::Done(empty))).await;
            } else {
                return request;
            }
        }
    }

    async fn answer(&mut self, id: u32, result: Result<Reply, Error>) {
        let result = match result {
            Ok(reply) => Answered::Ok(reply),
            Err(error) => Answered::Error(error),
        };
        self.frame(&ServerFrame::Reply(Answer { id, result })).await;
    }

    async fn event(&mut self, event: Event) {
        self.frame(&ServerFrame::Event(event)).await;
    }

    async fn entry(&mut self, position: Position) {
        self.event(Event::Entry(RoomEntry { room: room(), entry: entry(position) })).await;
    }

    async fn frame(&mut self, frame: &ServerFrame) {
        let payload = codec::encode(frame, Codec::Binary).unwrap();
        self.link.as_mut().unwrap().send(Lane::MAIN, payload.into()).await.unwrap();
    }

    fn die(&mut self) {
        self.link = None;
    }
}

async fn until<T>(events: &mut Events, mut wanted: impl FnMut(ClientEvent) -> Option<T>) -> T {
    let search = async {
        loop {
            if let Some(found) = wanted(events.next().await.expect("the client ended")) {
                return found;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(120), search).await.expect("nothing came")
}

async fn position(events: &mut Events) -> Position {
    until(events, |event| match event {
        ClientEvent::Entry(entry) => Some(entry.entry.position),
        _ => None,
    })
    .await
}

async fn state(events: &mut Events) -> State {
    until(events, |event| match event {
        ClientEvent::State(state) => Some(state),
        _ => None,
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn a_gap_is_resumed_and_every_entry_comes_once_and_in_order() {
    let (_client, mut events, mut server, _) = start();
    assert!(server.welcome(3, Vec::new()).await.cursors.is_empty());
    server.entry(4).await;
    server.entry(4).await;
    server.entry(7).await;
    let Request { id, command: Command::Resume(resume) } = server.take().await else { panic!() };
    assert_eq!(resume.cursors[0].position, 4);
    server.entry(8).await;
    let rooms = List::cut(vec![complete(&[5, 6, 7], 7)]);
    server.answer(id, Ok(Reply::Resumed(caffis_schema::reply::ResumedRooms { rooms }))).await;
    for expected in 4..=8 {
        assert_eq!(position(&mut events).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cut_resumes_at_the_cursor_and_resends_with_the_same_key() {
    let (client, mut events, mut server, _) = start();
    server.welcome(3, Vec::new()).await;
    server.entry(4).await;
    assert_eq!(position(&mut events).await, 4);
    assert_eq!(client.key().time, 61_000, "keys are timed by the server's clock");
    let body = Body::Text(TextBody { text: Text::cut("ciao") });
    let key = client.key();
    let sending = tokio::spawn(async move { client.send(room(), key, body).await });
    let Request { command: Command::Send(first), .. } = server.take().await else { panic!() };
    assert_eq!(first.key, key);
    server.die();

    let hello = server.welcome(6, vec![complete(&[5, 6], 6)]).await;
    assert_eq!((hello.cursors[0].room, hello.cursors[0].position), (room(), 4));
    let Request { id, command: Command::Send(second) } = server.take().await else { panic!() };
    assert_eq!(first, second);
    let appended = Appended { room: room(), position: 6, number: 2, time: 9 };
    server.answer(id, Ok(Reply::Appended(appended))).await;
    assert_eq!(sending.await.unwrap(), Ok(appended));
    assert_eq!((position(&mut events).await, position(&mut events).await), (5, 6));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_outcome_is_asked_again_on_the_same_connection() {
    let (client, _events, mut server, _) = start();
    server.welcome(0, Vec::new()).await;
    let sending = tokio::spawn(async move { client.send_text(room(), "ciao").await });
    let Request { id, command: first, .. } = server.take().await;
    let begun = Instant::now();
    server.answer(id, Err(Error::unknown(ErrorCode::Unavailable, "who knows", 700))).await;
    let Request { id, command: second, .. } = server.take().await;
    assert_eq!(first, second);
    assert!(begun.elapsed() >= Duration::from_millis(700));
    let error = Error::refused(ErrorCode::Forbidden, "no");
    server.answer(id, Err(error.clone())).await;
    assert_eq!(sending.await.unwrap(), Err(caffis_client::CallError::Refused(error)));
}

#[tokio::test(start_paused = true)]
async fn a_reset_room_that_is_open_is_loaded_again() {
    let (client, mut events, mut server, _) = start();
    server.welcome(3, Vec::new()).await;
    let opening = tokio::spawn(async move {
        client.open(room(), 10).await.unwrap();
        client
    });
    let opened = |head| Opened {
        room: summary(head),
        page: EntryPage {
            entries: List::cut(vec![entry(head)]),
            more_before: true,
            more_after: false,
            head,
        },
        markers: List::default(),
        presence: List::default(),
        attendance: 1,
    };
    let Request { id, .. } = server.take().await;
    server.answer(id, Ok(Reply::Opened(opened(3)))).await;
    let _client = opening.await.unwrap();
    server.die();
    let reset = Resumed {
        room: room(),
        standing: Standing::Reset,
        entries: List::default(),
        more: false,
        head: 900,
    };
    let hello = server.welcome(900, vec![reset]).await;
    assert!(hello.cursors[0].open);
    let Request { id, command: Command::Open(_) } = server.take().await else { panic!() };
    server.entry(902).await;
    server.entry(901).await;
    server.answer(id, Ok(Reply::Opened(opened(900)))).await;
    let mut heard = Vec::new();
    until(&mut events, |event| {
        match event {
            ClientEvent::Reset { head, .. } => heard.push(format!("reset {head}")),
            ClientEvent::Opened(opened) => heard.push(format!("opened {}", opened.page.head)),
            ClientEvent::Entry(entry) => heard.push(format!("entry {}", entry.entry.position)),
            _ => {}
        }
        heard.last().filter(|last| *last == "entry 902").map(|_| ())
    })
    .await;
    assert_eq!(heard, ["opened 3", "reset 900", "entry 901", "entry 902"]);
}

#[tokio::test(start_paused = true)]
async fn a_draining_server_is_left_alone_for_the_time_it_wants() {
    let (_client, mut events, mut server, _) = start();
    server.welcome(0, Vec::new()).await;
    server.event(Event::Draining(Draining { reconnect_after_ms: 5_000 })).await;
    let begun = Instant::now();
    let mut link = server.link.take().unwrap();
    link.close(Farewell::new(CloseCode::Shutdown.number(), "going down")).await;
    server.welcome(0, Vec::new()).await;
    let away = begun.elapsed();
    assert!(away >= Duration::from_secs(5) && away < Duration::from_millis(5_300), "{away:?}");
    assert_eq!(state(&mut events).await, State::Connecting);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_falls_silent_is_left_within_three_seconds() {
    let (_client, mut events, mut server, _) = start();
    server.welcome(0, Vec::new()).await;
    let begun = Instant::now();
    loop {
        if let State::Waiting { reason, .. } = state(&mut events).await {
            assert_eq!(reason, "the server is silent");
            break;
        }
    }
    assert!(begun.elapsed() <= Duration::from_millis(3_010), "{:?}", begun.elapsed());
    server.links.recv().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn refused_tokens_and_final_codes_end_the_client() {
    let (client, mut events, mut server, driver) = start();
    for _ in 0..3 {
        let (id, hello) = server.accept().await;
        assert_eq!(&*hello.token, "token");
        server.answer(id, Err(Error::refused(ErrorCode::TokenInvalid, "no"))).await;
    }
    driver.await.unwrap();
    assert!(client.send_text(room(), "late").await.is_err());
    until(&mut events, |event| match event {
        ClientEvent::State(State::Ended(Ended::Refused(error))) => Some(error),
        _ => None,
    })
    .await;

    let (_client, mut events, mut server, driver) = start();
    server.welcome(0, Vec::new()).await;
    let farewell = Farewell::new(CloseCode::Revoked.number(), "signed out");
    server.link.take().unwrap().close(farewell.clone()).await;
    driver.await.unwrap();
    let said = until(&mut events, |event| match event {
        ClientEvent::State(State::Ended(Ended::Closed(said))) => Some(said),
        _ => None,
    })
    .await;
    assert_eq!(said, farewell);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_ends_soon_is_refreshed() {
    let (_client, _events, mut server, _) = start();
    server.welcome(0, Vec::new()).await;
    server.event(Event::TokenExpiring(TokenExpiring { at: 5 })).await;
    let Request { command: Command::Refresh(refresh), .. } = server.take().await else { panic!() };
    assert_eq!(&*refresh.token, "token");
}

#[tokio::test(start_paused = true)]
async fn dispose_says_goodbye_and_settles_what_waits() {
    let (client, mut events, mut server, driver) = start();
    server.welcome(0, Vec::new()).await;
    let other = client.clone();
    let sending = tokio::spawn(async move { other.send_text(room(), "ciao").await });
    server.take().await;
    client.dispose().await;
    let Incoming::Closed(farewell) = server.link.take().unwrap().recv().await else { panic!() };
    assert_eq!(farewell.code, CloseCode::Normal.number());
    driver.await.unwrap();
    assert_eq!(sending.await.unwrap(), Err(caffis_client::CallError::Ended));
    until(&mut events, |event| match event {
        ClientEvent::State(State::Ended(Ended::Disposed)) => Some(()),
        _ => None,
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_application_that_does_not_listen_costs_a_bounded_queue() {
    let (client, mut events, mut server, _) = start();
    server.welcome(0, Vec::new()).await;
    let flood = async {
        for position in 1..=20_000 {
            server.entry(position).await;
        }
    };
    let stuck = tokio::time::timeout(Duration::from_secs(1), flood).await;
    assert!(stuck.is_err(), "the client took more than it has room for");
    for expected in 1..=1_000 {
        assert_eq!(position(&mut events).await, expected);
    }
    client.dispose().await;
}
