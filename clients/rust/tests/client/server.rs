//! A server of which the test plays every word.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use caffis_client::{
    Client, ClientEvent, ConnectFuture, Connector, Driver, Environment, Events, Options, State,
    TokenFuture,
};
use caffis_link::{Incoming, Lane, LinkExt as _, memory};
use caffis_schema::{
    ClientFrame, Codec, Command, Entry, EntryKind, Error, Event, List, MessageNumber, Position,
    Reply, Request, RoomId, ServerFrame, SessionId, Text, Timestamp, UserId, codec,
    command::Hello,
    event::{Answer, Answered, Joined, RoomEntry},
    limits::Limits,
    placement::Placed,
    reply::{EntryPage, Opened, Resumed, Standing, Welcome},
    room::{
        Availability, Context, HistoryPolicy, OwnState, Presence, Profile, Role, RoomClass,
        RoomSummary,
    },
    settings::RoomSettings,
};
use tokio::sync::mpsc;

/// A clock that stands and bytes that count.
struct Counting(AtomicU64);

impl Environment for Counting {
    fn now(&self) -> Timestamp {
        Timestamp(1_000)
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

pub(crate) struct Server {
    pub(crate) links: mpsc::UnboundedReceiver<memory::MemoryLink>,
    pub(crate) link: Option<memory::MemoryLink>,
}

pub(crate) fn room() -> RoomId {
    RoomId::from_random(7)
}

pub(crate) fn start() -> (Client, Events, Server, tokio::task::JoinHandle<()>) {
    let (sender, links) = mpsc::unbounded_channel();
    let environment = Arc::new(Counting(AtomicU64::new(1)));
    let tokens = Arc::new(|| Box::pin(async { Ok("token".to_owned()) }) as TokenFuture);
    let options = Options::new(Arc::new(Lobby(sender)), tokens, environment);
    let (client, events, driver): (_, _, Driver) = Client::new(options);
    let driver = tokio::spawn(driver.run());
    (client, events, Server { links, link: None }, driver)
}

pub(crate) fn summary(head: u64) -> RoomSummary {
    RoomSummary {
        room: room(),
        class: RoomClass::Social,
        context: Context { kind: Text::cut("group"), id: Text::cut("g") },
        name: None,
        peer: None,
        peer_presence: None,
        members: 2,
        role: Some(Role::Member),
        head: Position(head),
        number: MessageNumber(0),
        read: MessageNumber(0),
        unread: 0,
        muted_until: None,
        preview: None,
        active: Timestamp(0),
        readable: true,
        placed: Placed::default(),
        settings: RoomSettings::default(),
        description: None,
        history: HistoryPolicy::All,
    }
}

pub(crate) fn opened(head: u64) -> Opened {
    Opened {
        room: summary(head),
        page: EntryPage {
            entries: List::cut(vec![entry(head)]),
            more_before: true,
            more_after: false,
            head: Position(head),
        },
        markers: List::default(),
        presence: List::default(),
        attendance: 1,
        card: None,
    }
}

pub(crate) fn entry(position: u64) -> Entry {
    let kind = EntryKind::Joined(Joined {
        users: List::default(),
        by: None,
        visible_after: Position(0),
        invite: None,
    });
    Entry { position: Position(position), time: Timestamp(position), kind }
}

pub(crate) fn welcome(head: u64, resumed: Vec<Resumed>) -> Welcome {
    Welcome {
        version: 1,
        session: SessionId([1; 16]),
        profile: Profile {
            user: UserId::new("ada").unwrap(),
            name: Text::cut("Ada"),
            picture: None,
        },
        own: OwnState {
            presence: Presence {
                user: UserId::new("ada").unwrap(),
                version: 1,
                availability: Availability::Online,
                last_seen: None,
                status: None,
            },
            private_receipts: false,
        },
        server_time: Timestamp(61_000),
        token_expires: Timestamp(1_000_000),
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
            edit_window_ms: 300_000,
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

pub(crate) fn complete(entries: &[u64], head: u64) -> Resumed {
    let entries = List::cut(entries.iter().map(|position| entry(*position)).collect());
    Resumed {
        room: room(),
        standing: Standing::Complete,
        entries,
        more: false,
        head: Position(head),
    }
}

impl Server {
    pub(crate) async fn accept(&mut self) -> (u32, Hello) {
        self.link = Some(self.links.recv().await.unwrap());
        let Request { id, command: Command::Hello(hello) } = self.take().await else { panic!() };
        (id, hello)
    }

    pub(crate) async fn welcome(&mut self, head: u64, resumed: Vec<Resumed>) -> Hello {
        let (id, hello) = self.accept().await;
        self.answer(id, Ok(Reply::Welcome(welcome(head, resumed)))).await;
        hello
    }

    /// The next command that is no heartbeat.
    pub(crate) async fn take(&mut self) -> Request {
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

    pub(crate) async fn answer(&mut self, id: u32, result: Result<Reply, Error>) {
        let result = match result {
            Ok(reply) => Answered::Ok(reply),
            Err(error) => Answered::Error(error),
        };
        self.frame(&ServerFrame::Reply(Answer { id, result })).await;
    }

    pub(crate) async fn event(&mut self, event: Event) {
        self.frame(&ServerFrame::Event(event)).await;
    }

    pub(crate) async fn entry(&mut self, position: u64) {
        self.event(Event::Entry(RoomEntry { room: room(), entry: entry(position) })).await;
    }

    pub(crate) async fn frame(&mut self, frame: &ServerFrame) {
        let payload = codec::encode(frame, Codec::Binary).unwrap();
        self.link.as_mut().unwrap().send(Lane::MAIN, payload.into()).await.unwrap();
    }

    pub(crate) fn die(&mut self) {
        self.link = None;
    }
}

pub(crate) async fn until<T>(
    events: &mut Events,
    mut wanted: impl FnMut(ClientEvent) -> Option<T>,
) -> T {
    let search = async {
        loop {
            if let Some(found) = wanted(events.next().await.expect("the client ended")) {
                return found;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(120), search).await.expect("nothing came")
}

pub(crate) async fn position(events: &mut Events) -> u64 {
    until(events, |event| match event {
        ClientEvent::Entry(entry) => Some(entry.entry.position.get()),
        _ => None,
    })
    .await
}

pub(crate) async fn state(events: &mut Events) -> State {
    until(events, |event| match event {
        ClientEvent::State(state) => Some(state),
        _ => None,
    })
    .await
}
