//! Somebody with the client library, who writes down all that they hear.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use caffis_client::{
    CallError, Client, ClientEvent, Connector, Options, State, SystemEnvironment, TokenFuture,
};
use caffis_schema::{
    Body, Entry, EntryKind, Event, Position, RoomId, ServerSignal, UserId,
    event::RoomEntry,
    room::{Availability, HistoryPolicy, Message},
};
use tokio::{sync::watch, task::JoinHandle};

use super::{
    common::{Over, Server, soon, token_of},
    plug::Plug,
};

/// What somebody heard.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) rooms: BTreeMap<RoomId, BTreeMap<Position, Entry>>,
    pub(crate) resets: Vec<RoomId>,
    pub(crate) gone: Vec<RoomId>,
    pub(crate) states: Vec<State>,
    pub(crate) events: Vec<Event>,
    pub(crate) signals: Vec<ServerSignal>,
    /// Whatever no client may ever say.
    pub(crate) wrong: Vec<String>,
}

impl Heard {
    fn take(&mut self, event: ClientEvent) {
        match event {
            ClientEvent::State(state) => self.states.push(state),
            ClientEvent::Entry(RoomEntry { room, entry }) => {
                let log = self.rooms.entry(room).or_default();
                let last = log.last_key_value().map(|(position, _)| *position);
                if last.is_some_and(|last| last + 1 != entry.position) {
                    self.wrong.push(format!("{} after {last:?}", entry.position));
                }
                log.insert(entry.position, entry);
            }
            ClientEvent::Opened(opened) => {
                let log = self.rooms.entry(opened.room.room).or_default();
                for entry in opened.page.entries {
                    log.insert(entry.position, entry);
                }
            }
            ClientEvent::Reset { room, .. } => {
                self.resets.push(room);
                self.rooms.remove(&room);
            }
            ClientEvent::Gone(room) => self.gone.push(room),
            ClientEvent::Other(event) => {
                if let Event::RoomRemoved(removed) = &*event {
                    self.gone.push(removed.room);
                }
                self.events.push(*event);
            }
            ClientEvent::Signal(signal) => self.signals.push(signal),
            ClientEvent::Welcome(_) | ClientEvent::Lagged => {}
        }
    }

    /// The texts of a room, in order.
    pub(crate) fn texts(&self, room: RoomId) -> Vec<String> {
        let entries = self.rooms.get(&room).into_iter().flat_map(BTreeMap::values);
        entries.filter_map(message).map(text).collect()
    }

    /// The last position of a room.
    pub(crate) fn head(&self, room: RoomId) -> Position {
        let last = self.rooms.get(&room).and_then(BTreeMap::last_key_value);
        last.map_or(Position(0), |(position, _)| *position)
    }

    /// What somebody last heard of a person's presence.
    pub(crate) fn presence(&self, user: &str) -> Option<Availability> {
        let user = UserId::new(user).unwrap();
        let events = self.events.iter().filter_map(|event| match event {
            Event::Presence(presence) => Some(presence),
            _ => None,
        });
        let signals = self.signals.iter().filter_map(|signal| match signal {
            ServerSignal::Presence(presence) => Some(presence),
            _ => None,
        });
        events
            .chain(signals)
            .filter(|presence| presence.user == user)
            .max_by_key(|presence| presence.version)
            .map(|presence| presence.availability)
    }

    /// How often it was connected.
    pub(crate) fn sessions(&self) -> usize {
        self.states.iter().filter(|state| matches!(state, State::Online(_))).count()
    }
}

pub(crate) fn message(entry: &Entry) -> Option<&Message> {
    match &entry.kind {
        EntryKind::Message(message) => Some(message),
        _ => None,
    }
}

pub(crate) fn text(message: &Message) -> String {
    match &message.body {
        Body::Text(body) => body.text.to_string(),
        other => panic!("{other:?}"),
    }
}

/// Somebody with a client.
pub(crate) struct Friend {
    pub(crate) user: UserId,
    pub(crate) client: Client,
    pub(crate) plug: Plug,
    heard: Arc<Mutex<Heard>>,
    changed: watch::Receiver<u64>,
    tasks: Vec<JoinHandle<()>>,
}

impl Friend {
    /// Somebody who is connected.
    pub(crate) async fn enter(server: &Server, user: &str, over: Over) -> Self {
        let plug = Plug::new(server, over);
        Self::through(Arc::new(plug.clone()), plug, user).await
    }

    /// Somebody who is connected by a connector of their own.
    pub(crate) async fn through(connector: Arc<dyn Connector>, plug: Plug, user: &str) -> Self {
        let token = token_of(user);
        let tokens = Arc::new(move || {
            let token = token.clone();
            Box::pin(async move { Ok(token) }) as TokenFuture
        });
        let mut options = Options::new(connector, tokens, Arc::new(SystemEnvironment));
        options.backoff_base = Duration::from_millis(50);
        options.backoff_cap = Duration::from_millis(400);
        let (client, mut events, driver) = Client::new(options);
        let heard = Arc::new(Mutex::new(Heard::default()));
        let (change, changed) = watch::channel(0);
        let writing = Arc::clone(&heard);
        let listening = tokio::spawn(async move {
            while let Some(event) = events.next().await {
                writing.lock().unwrap().take(event);
                change.send_modify(|version| *version += 1);
            }
        });
        let tasks = vec![tokio::spawn(driver.run()), listening];
        let user = UserId::new(user).unwrap();
        let friend = Self { user, client, plug, heard, changed, tasks };
        friend.until("a session", |heard| (heard.sessions() > 0).then_some(())).await;
        friend
    }

    /// Looks at what was heard.
    pub(crate) fn heard<T>(&self, look: impl FnOnce(&Heard) -> T) -> T {
        look(&self.heard.lock().unwrap())
    }

    /// Waits until something was heard.
    pub(crate) async fn until<T>(&self, what: &str, find: impl Fn(&Heard) -> Option<T>) -> T {
        let mut changed = self.changed.clone();
        let search = async {
            loop {
                if let Some(found) = self.heard(&find) {
                    return found;
                }
                changed.changed().await.expect("the client has ended");
            }
        };
        soon(&format!("{}: {what}", self.user), search).await
    }

    /// Waits until the last text of a room is this.
    pub(crate) async fn hears(&self, room: RoomId, last: &str) {
        self.until(&format!("{last:?}"), |heard| {
            heard.texts(room).last().filter(|text| *text == last).map(|_| ())
        })
        .await;
    }

    /// Waits until a person's presence is this.
    pub(crate) async fn sees(&self, user: &str, availability: Availability) {
        self.until(&format!("{user} {availability:?}"), |heard| {
            (heard.presence(user) == Some(availability)).then_some(())
        })
        .await;
    }

    pub(crate) async fn say(&self, room: RoomId, text: &str) {
        soon("the answer", self.client.send_text(room, text)).await.unwrap();
    }

    pub(crate) async fn open(&self, room: RoomId) {
        soon("the room", self.client.open(room, 100)).await.unwrap();
        self.until("the page", |heard| heard.rooms.contains_key(&room).then_some(())).await;
    }

    /// A new group with these others, open for everybody.
    pub(crate) async fn group(&self, others: &[&Self]) -> RoomId {
        let users = others.iter().map(|other| other.user.clone()).collect();
        let group = self.client.create_group("group", users, HistoryPolicy::All);
        let room = soon("the group", group).await.unwrap().room;
        self.open(room).await;
        for other in others {
            other.open(room).await;
        }
        room
    }

    /// Sends without waiting.
    pub(crate) fn begin(
        &self,
        room: RoomId,
        text: &str,
    ) -> JoinHandle<Result<caffis_schema::reply::Appended, CallError>> {
        let (client, text) = (self.client.clone(), text.to_owned());
        tokio::spawn(async move { client.send_text(room, &text).await })
    }

    /// Nothing came twice, out of order or with a gap.
    #[track_caller]
    pub(crate) fn is_whole(&self) {
        self.heard(|heard| assert!(heard.wrong.is_empty(), "{}: {:?}", self.user, heard.wrong));
    }
}

impl Drop for Friend {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}
