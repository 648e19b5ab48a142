//! What the person says and what the server says.

use std::{collections::BTreeMap, pin::Pin};

use caffis_client::{CallError, Client, ClientEvent, State};
use caffis_schema::{
    EntryKind, Event, MessageNumber, Position, RoomId, ServerSignal, Text, UserId,
    command::{Anchor, EnsureRoom},
    event::{RoomEntry, RoomMarkers},
    reply::{EntryPage, MemberPage},
    room::{Context, HistoryPolicy, RoomClass, RoomSummary},
};
use futures_util::stream::FuturesUnordered;

use super::{
    input::{self, HELP, Input},
    screen::{Screen, availability, title},
};

/// Entries of one page on the screen.
pub(super) const PAGE: u8 = 30;

/// What came of something that was asked of the server.
#[allow(clippy::large_enum_variant, reason = "each is made and taken at once, one by one")]
pub(super) enum Done {
    Said(Result<caffis_schema::reply::Appended, CallError>),
    Room(Result<RoomSummary, CallError>),
    Opened(Result<(), CallError>),
    Members(Result<MemberPage, CallError>, bool),
    History(Result<EntryPage, CallError>),
    Quiet,
}

type Call = Pin<Box<dyn Future<Output = Done> + Send>>;

pub(super) struct Chat {
    pub(super) client: Client,
    pub(super) screen: Screen,
    pub(super) me: Option<UserId>,
    /// By activity, as the server gave them.
    pub(super) rooms: Vec<RoomSummary>,
    /// What people are called, by their ids.
    pub(super) names: BTreeMap<String, String>,
    pub(super) room: Option<RoomId>,
    /// The first position on the screen.
    pub(super) oldest: Position,
    /// What to open as soon as the list is there.
    pub(super) wanted: Option<String>,
    pub(super) typed: u32,
    pub(super) calls: FuturesUnordered<Call>,
}

impl Chat {
    /// A chat that has nothing yet, and opens this conversation once there is a list.
    pub(super) fn new(client: Client, screen: Screen, wanted: Option<String>) -> Self {
        Self {
            client,
            screen,
            me: None,
            rooms: Vec::new(),
            names: BTreeMap::new(),
            room: None,
            oldest: Position(0),
            wanted,
            typed: 0,
            calls: FuturesUnordered::new(),
        }
    }

    /// Takes a line; false when it was the last one.
    pub(super) fn line(&mut self, line: &str) -> bool {
        let client = self.client.clone();
        match (input::parse(line), self.room) {
            (Input::Quit, _) => return false,
            (Input::Nothing, _) => {}
            (Input::Help, _) => self.screen.line("help", &[], HELP),
            (Input::Wrong(hint), _) => self.failed(hint),
            (Input::Rooms, _) => self.show_rooms(),
            (Input::Open(name), _) => self.open_named(&name),
            (Input::Direct(user), _) => {
                self.call(async move { Done::Room(client.ensure_direct(user).await) });
            }
            (Input::Group(name, users), _) => self.call(async move {
                Done::Room(client.create_group(&name, users, HistoryPolicy::All).await)
            }),
            (Input::Cafe(name), _) => {
                let ensure = EnsureRoom {
                    context: Context { kind: Text::cut("cafe"), id: Text::cut(&name) },
                    class: RoomClass::Public,
                    name: Some(Text::cut(&name)),
                    members: caffis_schema::List::default(),
                    history: HistoryPolicy::All,
                };
                self.call(async move { Done::Room(client.ensure_room(ensure).await) });
            }
            (_, None) => self.failed("no conversation is open: /rooms, then /open N"),
            (Input::Say(text), Some(room)) => {
                self.call(async move { Done::Said(client.send_text(room, &text).await) });
            }
            (Input::Typing, Some(room)) => {
                self.typed += 1;
                client.typing(room, self.typed, true);
            }
            (Input::Who, Some(room)) => {
                self.call(async move { Done::Members(client.members(room, None, 100).await, true) })
            }
            (Input::History, Some(room)) => {
                let before = Anchor::Before(self.oldest);
                self.call(async move { Done::History(client.history(room, before, PAGE).await) });
            }
            (Input::Close, Some(room)) => {
                self.room = None;
                self.screen.line("closed", &[&room.to_string()], "closed");
                self.call(async move { Done::Opened(client.close(room).await) });
            }
        }
        true
    }

    pub(super) fn call(&self, call: impl Future<Output = Done> + Send + 'static) {
        self.calls.push(Box::pin(call));
    }

    pub(super) fn failed(&self, why: &str) {
        self.screen.line("failed", &[why], &format!("✗ {why}"));
    }

    pub(super) fn done(&mut self, done: Done) {
        let failed = match done {
            Done::Said(Ok(appended)) => {
                let (position, number) =
                    (appended.position.to_string(), appended.number.to_string());
                self.plain_only("sent", &[appended.room.to_string(), position, number]);
                return;
            }
            Done::Room(Ok(room)) => {
                let id = room.room;
                self.remember(room);
                self.open(id);
                return;
            }
            Done::Members(Ok(page), shown) => return self.members(&page, shown),
            Done::History(Ok(page)) => return self.page(&page),
            Done::Opened(Ok(())) | Done::Quiet => return,
            Done::Said(Err(error))
            | Done::Room(Err(error))
            | Done::Opened(Err(error))
            | Done::Members(Err(error), _)
            | Done::History(Err(error)) => error,
        };
        self.failed(&failed.to_string());
    }

    pub(super) fn event(&mut self, event: ClientEvent) {
        match event {
            ClientEvent::State(state) => {
                let ended = matches!(state, State::Ended(_));
                self.screen.state(&state);
                if ended {
                    self.calls = FuturesUnordered::new();
                }
            }
            ClientEvent::Welcome(welcome) => {
                self.names
                    .insert(welcome.profile.user.to_string(), welcome.profile.name.to_string());
                let first = self.me.replace(welcome.profile.user.clone()).is_none();
                self.rooms = welcome.rooms.into_vec();
                if first {
                    self.show_rooms();
                    self.screen.say("/help explains the commands");
                    if let Some(wanted) = self.wanted.take() {
                        self.open_named(&wanted);
                    }
                }
            }
            ClientEvent::Opened(opened) => self.opened(&opened),
            ClientEvent::Entry(entry) => self.entry(&entry),
            ClientEvent::Reset { room, .. } => {
                self.screen.line("reset", &[&room.to_string()], "… much was missed; loading again");
            }
            ClientEvent::Gone(room) => self.gone(room),
            ClientEvent::Other(event) => self.other(*event),
            ClientEvent::Signal(signal) => self.signal(&signal),
            // The welcome that follows says how things are.
            ClientEvent::Lagged => {}
        }
    }

    fn other(&mut self, event: Event) {
        match event {
            Event::RoomAdded(room) => {
                let text = format!("★ new conversation: {}", title(&room));
                self.screen.line("added", &[&room.room.to_string(), &title(&room)], &text);
                self.remember(room);
            }
            Event::RoomRemoved(removed) => self.gone(removed.room),
            Event::Head(head) => {
                if let Some(room) = self.rooms.iter_mut().find(|room| room.room == head.room) {
                    room.unread += head.number.since(room.number);
                    (room.head, room.number, room.preview) = (head.head, head.number, head.preview);
                }
            }
            Event::OwnRead(own) => {
                if let Some(room) = self.rooms.iter_mut().find(|room| room.room == own.room) {
                    (room.read, room.unread) = (own.read, own.unread);
                }
                let fields = [own.room.to_string(), own.read.to_string(), own.unread.to_string()];
                self.plain_only("read", &fields);
            }
            Event::Markers(RoomMarkers { room, markers }) => {
                for marker in &markers {
                    let read = marker.read.to_string();
                    let fields = [room.to_string(), marker.user.to_string(), read];
                    self.plain_only("marker", &fields);
                }
            }
            Event::Profile(profile) => {
                self.names.insert(profile.user.to_string(), profile.name.to_string());
            }
            Event::Presence(presence) => self.signal(&ServerSignal::Presence(presence)),
            _ => {}
        }
    }

    fn plain_only(&self, word: &str, fields: &[String]) {
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        self.screen.plain(word, &fields);
    }

    fn signal(&self, signal: &ServerSignal) {
        match signal {
            ServerSignal::Typing(typing)
                if typing.active && Some(&typing.user) != self.me.as_ref() =>
            {
                let people = format!("  {} is typing…", self.name(typing.user.as_str()));
                let fields = [&*typing.room.to_string(), typing.user.as_str()];
                if Some(typing.room) == self.room {
                    self.screen.line("typing", &fields, &people);
                }
            }
            ServerSignal::Presence(presence) if Some(&presence.user) != self.me.as_ref() => {
                let state = availability(presence.availability);
                let people = format!("  {} is {state}", self.name(presence.user.as_str()));
                self.screen.line("presence", &[presence.user.as_str(), state], &people);
            }
            _ => {}
        }
    }

    fn entry(&mut self, entry: &RoomEntry) {
        let mut unread = None;
        if let Some(room) = self.rooms.iter_mut().find(|room| room.room == entry.room) {
            room.head = entry.entry.position;
            if let EntryKind::Message(message) = &entry.entry.kind {
                room.number = message.number;
                if message.sender == self.me {
                    room.read = message.number;
                }
                room.unread = message.number.since(room.read);
                unread = Some((title(room), room.unread));
            }
        }
        if self.room == Some(entry.room) {
            self.screen.entry(&entry.room.to_string(), &entry.entry, |user| self.name(user));
            if let EntryKind::Message(message) = &entry.entry.kind
                && message.sender != self.me
            {
                self.mark_read(entry.room, message.number);
            }
        } else if let Some((title, unread)) = unread {
            let id = entry.room.to_string();
            let people = format!("  ({unread} new in {title})");
            self.screen.line("unread", &[&id, &unread.to_string()], &people);
        }
    }

    pub(super) fn mark_read(&self, room: RoomId, number: MessageNumber) {
        let client = self.client.clone();
        // A marker that is refused changes nothing that is shown here.
        self.call(async move {
            let _: Result<(), CallError> = client.mark_read(room, number).await;
            Done::Quiet
        });
    }
}
