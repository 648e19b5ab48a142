//! A client that speaks the protocol, one command after the other.

use std::{
    collections::VecDeque,
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use caffis_conformance::clock::ManualClock;
use caffis_core::ports::clock::Clock;
use caffis_link::{Farewell, Incoming, Link, LinkExt};
use caffis_schema::{
    ClientId, CloseCode, Command, Entry, Error, Event, List, MessageNumber, Position, Reply,
    RoomId, ServerFrame, ServerSignal, Text, codec,
    command::{
        AddMembers, Anchor, Close, CreateGroup, Cursor, EnsureDirect, EnsureRoom, History, Leave,
        Mark, Members, Open, RemoveMember, Resume, Rooms, Send, SetRole,
    },
    event::Answered,
    reply::{Appended, EntryPage, Opened, Resumed, RoomPage, Welcome},
    room::{ClientKey, Context, HistoryPolicy, Role, RoomClass, RoomSummary},
};
use tokio::time::timeout;

use crate::harness::{QUIET, Raw, text, user, users, words};

/// A session of a person.
pub(crate) struct Client {
    pub(crate) raw: Raw,
    next: u32,
    pub(crate) events: VecDeque<Event>,
    pub(crate) signals: VecDeque<ServerSignal>,
    welcome: Welcome,
    keys: Arc<AtomicU64>,
    clock: Arc<ManualClock>,
}

impl Client {
    pub(crate) fn new(
        raw: Raw,
        welcome: Welcome,
        keys: Arc<AtomicU64>,
        clock: Arc<ManualClock>,
    ) -> Self {
        let (events, signals) = Default::default();
        Self { raw, next: 1, events, signals, welcome, keys, clock }
    }

    pub(crate) fn welcome(&self) -> &Welcome {
        &self.welcome
    }

    /// A key that knows no head.
    pub(crate) fn key(&self) -> ClientKey {
        let number = self.keys.fetch_add(1, Ordering::Relaxed);
        let (id, time) = (ClientId(u128::from(number).to_be_bytes()), self.clock.now());
        ClientKey { id, time, head: Position::ZERO }
    }

    /// A key that knows a room's head.
    pub(crate) fn key_at(&self, head: Position) -> ClientKey {
        ClientKey { head, ..self.key() }
    }

    fn keep(&mut self, frame: ServerFrame) {
        match frame {
            ServerFrame::Event(event) => self.events.push_back(event),
            ServerFrame::Signal(signal) => self.signals.push_back(signal),
            ServerFrame::Reply(answer) => panic!("nobody waits for {answer:?}"),
        }
    }

    /// Starts a command; its answer is taken by [`Client::answer`].
    pub(crate) async fn start(&mut self, command: Command) -> u32 {
        let id = self.next;
        self.next += 1;
        self.raw.request(id, command).await;
        id
    }

    pub(crate) async fn answer(&mut self, id: u32) -> Result<Reply, Error> {
        loop {
            match self.raw.next().await.expect("an answer before the farewell") {
                ServerFrame::Reply(answer) if answer.id == id => {
                    return match answer.result {
                        Answered::Ok(reply) => Ok(reply),
                        Answered::Error(error) => Err(error),
                    };
                }
                frame => self.keep(frame),
            }
        }
    }

    pub(crate) async fn ask(&mut self, command: Command) -> Result<Reply, Error> {
        let id = self.start(command).await;
        self.answer(id).await
    }

    pub(crate) async fn event(&mut self) -> Event {
        loop {
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            let frame = self.raw.next().await.expect("an event before the farewell");
            self.keep(frame);
        }
    }

    pub(crate) async fn signal(&mut self) -> ServerSignal {
        loop {
            if let Some(signal) = self.signals.pop_front() {
                return signal;
            }
            let frame = self.raw.next().await.expect("a signal before the farewell");
            self.keep(frame);
        }
    }

    /// The next entry; other events before it are dropped.
    pub(crate) async fn entry(&mut self) -> Entry {
        loop {
            if let Event::Entry(entry) = self.event().await {
                return entry.entry;
            }
        }
    }

    /// Everything that comes until nothing comes any more.
    pub(crate) async fn settle(&mut self) -> Vec<Event> {
        while let Ok(incoming) = timeout(QUIET, self.raw.link.recv()).await {
            match incoming {
                Incoming::Frame { payload, .. } | Incoming::Datagram(payload) => {
                    let frame = codec::decode(&payload, self.raw.codec).expect("a frame");
                    self.keep(frame);
                }
                Incoming::Ping | Incoming::Pong => {}
                Incoming::Closed(farewell) => panic!("closed: {farewell:?}"),
            }
        }
        self.events.drain(..).collect()
    }

    /// The words of the messages that came.
    pub(crate) async fn heard(&mut self) -> Vec<String> {
        let entries = self.settle().await.into_iter().filter_map(|event| match event {
            Event::Entry(entry) => words(&entry.entry).map(str::to_owned),
            _ => None,
        });
        entries.collect()
    }

    pub(crate) async fn appended(&mut self, command: Command) -> Result<Appended, Error> {
        match self.ask(command).await? {
            Reply::Appended(appended) => Ok(appended),
            other => panic!("answered with {other:?}"),
        }
    }

    pub(crate) async fn send(&mut self, room: RoomId, words: &str) -> Result<Appended, Error> {
        let key = self.key();
        self.send_as(key, room, words).await
    }

    pub(crate) async fn send_as(
        &mut self,
        key: ClientKey,
        room: RoomId,
        words: &str,
    ) -> Result<Appended, Error> {
        self.appended(Command::Send(Send::new(key, room, text(words)))).await
    }

    async fn summary(&mut self, command: Command) -> Result<RoomSummary, Error> {
        match self.ask(command).await? {
            Reply::Room(room) => Ok(room),
            other => panic!("answered with {other:?}"),
        }
    }

    pub(crate) async fn group(&mut self, members: &[&str]) -> RoomId {
        self.group_with(members, HistoryPolicy::All).await
    }

    pub(crate) async fn group_with(&mut self, members: &[&str], history: HistoryPolicy) -> RoomId {
        let key = self.key();
        let group = self.group_as(key, "Friday", members, history).await;
        group.expect("a group").room
    }

    pub(crate) async fn group_as(
        &mut self,
        key: ClientKey,
        name: &str,
        members: &[&str],
        history: HistoryPolicy,
    ) -> Result<RoomSummary, Error> {
        let members = List::cut(users(members));
        let name = Text::cut(name);
        self.summary(Command::CreateGroup(CreateGroup { key, name, members, history })).await
    }

    pub(crate) async fn direct(&mut self, name: &str) -> Result<RoomSummary, Error> {
        self.summary(Command::EnsureDirect(EnsureDirect { user: user(name) })).await
    }

    pub(crate) async fn ensure(
        &mut self,
        kind: &str,
        class: RoomClass,
        members: &[&str],
    ) -> Result<RoomSummary, Error> {
        self.ensure_with(kind, "42", class, members).await
    }

    /// The room of a context, without members.
    pub(crate) async fn ensure_context(
        &mut self,
        kind: &str,
        id: &str,
        class: RoomClass,
    ) -> Result<RoomSummary, Error> {
        self.ensure_with(kind, id, class, &[]).await
    }

    async fn ensure_with(
        &mut self,
        kind: &str,
        id: &str,
        class: RoomClass,
        members: &[&str],
    ) -> Result<RoomSummary, Error> {
        let context = Context { kind: Text::cut(kind), id: Text::cut(id) };
        let (name, members) = (None, List::cut(users(members)));
        let history = HistoryPolicy::All;
        self.summary(Command::EnsureRoom(EnsureRoom { context, class, name, members, history }))
            .await
    }

    pub(crate) async fn add(&mut self, room: RoomId, names: &[&str]) -> Result<Appended, Error> {
        let key = self.key();
        let users = List::cut(users(names));
        self.appended(Command::AddMembers(AddMembers { key, room, users })).await
    }

    pub(crate) async fn remove(&mut self, room: RoomId, name: &str) -> Result<Appended, Error> {
        let key = self.key();
        self.appended(Command::RemoveMember(RemoveMember { key, room, user: user(name) })).await
    }

    pub(crate) async fn leave(&mut self, room: RoomId) -> Result<Appended, Error> {
        let key = self.key();
        self.appended(Command::Leave(Leave { key, room })).await
    }

    pub(crate) async fn role(
        &mut self,
        room: RoomId,
        name: &str,
        role: Role,
    ) -> Result<Appended, Error> {
        let key = self.key();
        self.appended(Command::SetRole(SetRole { key, room, user: user(name), role })).await
    }

    /// The ids of all members of a room, or of those who are in a public one, by pages of so many.
    pub(crate) async fn members(&mut self, room: RoomId, limit: u8) -> Vec<String> {
        let (mut names, mut after) = (Vec::new(), None);
        loop {
            let answer = self.ask(Command::Members(Members { room, after, limit })).await;
            let Ok(Reply::Members(page)) = answer else { panic!("{answer:?}") };
            names.extend(page.members.iter().map(|member| member.profile.user.to_string()));
            after = page.members.last().map(|member| member.profile.user.clone());
            if !page.more {
                return names;
            }
        }
    }

    pub(crate) async fn open(&mut self, room: RoomId) -> Result<Opened, Error> {
        match self.ask(Command::Open(Open { room, limit: 50 })).await? {
            Reply::Opened(opened) => Ok(opened),
            other => panic!("answered with {other:?}"),
        }
    }

    pub(crate) async fn close(&mut self, room: RoomId) {
        self.ask(Command::Close(Close { room })).await.expect("closes");
    }

    pub(crate) async fn history(
        &mut self,
        room: RoomId,
        anchor: Anchor,
        limit: u8,
    ) -> Result<EntryPage, Error> {
        match self.ask(Command::History(History { room, anchor, limit })).await? {
            Reply::Page(page) => Ok(page),
            other => panic!("answered with {other:?}"),
        }
    }

    /// The positions of the last entries.
    pub(crate) async fn positions(&mut self, room: RoomId) -> Vec<u64> {
        let page = self.history(room, Anchor::Latest, 100).await.expect("a page");
        page.entries.iter().map(|entry| entry.position.get()).collect()
    }

    /// The words of the last messages.
    pub(crate) async fn log(&mut self, room: RoomId) -> Vec<String> {
        let page = self.history(room, Anchor::Latest, 100).await.expect("a page");
        page.entries.iter().filter_map(|entry| words(entry).map(str::to_owned)).collect()
    }

    pub(crate) async fn resume(&mut self, room: RoomId, position: u64) -> Resumed {
        let cursors = List::cut(vec![Cursor { room, position: Position(position), open: false }]);
        match self.ask(Command::Resume(Resume { cursors })).await {
            Ok(Reply::Resumed(resumed)) => resumed.rooms[0].clone(),
            other => panic!("answered with {other:?}"),
        }
    }

    pub(crate) async fn rooms(&mut self, after: Option<RoomId>, limit: u8) -> RoomPage {
        match self.ask(Command::Rooms(Rooms { after, context: None, limit })).await {
            Ok(Reply::Rooms(page)) => page,
            other => panic!("answered with {other:?}"),
        }
    }

    /// The room as this person's list shows it.
    pub(crate) async fn listed(&mut self, room: RoomId) -> Option<RoomSummary> {
        let page = self.rooms(None, 100).await;
        page.rooms.iter().find(|found| found.room == room).cloned()
    }

    pub(crate) async fn read(&mut self, room: RoomId, number: u64) -> Result<(), Error> {
        self.ask(Command::MarkRead(Mark { room, number: MessageNumber(number) })).await.map(drop)
    }

    /// Says goodbye.
    pub(crate) async fn leave_session(mut self) {
        let farewell = Farewell::new(CloseCode::Normal.number(), "done");
        poll_fn(|cx| self.raw.link.poll_close(&farewell, cx)).await;
    }
}
