//! The application's handle to a running client.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use caffis_schema::{
    Body, ClientId, ClientSignal, Command, List, MessageNumber, Position, Reply, RoomId, Text,
    Timestamp, UserId,
    command::{
        Anchor, Close, CreateGroup, EnsureDirect, EnsureRoom, Hide, History, Mark, Marked, Members,
        Open, Pins, Previews, Search, SearchPlace, Send, Star, Typing,
    },
    event::{Flag, TextBody},
    limits::MESSAGES_PER_COMMAND,
    places::LocationUpdate,
    reply::{Appended, EntryPage, MarkedPage, MemberPage, SearchPage},
    room::{ClientKey, HistoryPolicy, MessagePreview, PinnedMessage, RoomSummary},
    scheduled::{
        CancelScheduled, Schedule, Scheduled, ScheduledMessage, ScheduledPage, ScheduledPlace,
        SendScheduled,
    },
};
use tokio::sync::{mpsc, oneshot};

use crate::{
    calls::{Action, CallError},
    driver::Driver,
    environment::Environment,
    events::Events,
    heads::Heads,
    options::Options,
};

/// A handle to a running client. Clones are the same client; it ends with the last of them.
#[derive(Clone)]
pub struct Client {
    actions: mpsc::Sender<Action>,
    environment: Arc<dyn Environment>,
    /// The server's clock minus ours, in milliseconds.
    offset: Arc<AtomicI64>,
    heads: Heads,
}

impl Client {
    /// The most actions that wait for the driver; callers wait when there are more.
    const ACTIONS: usize = 256;

    /// A client that runs as long as its driver is polled.
    #[must_use]
    pub fn new(options: Options) -> (Self, Events, Driver) {
        let (actions, taken) = mpsc::channel(Self::ACTIONS);
        let (events, told) = mpsc::channel(Events::CAPACITY);
        let offset = Arc::new(AtomicI64::new(0));
        let environment = Arc::clone(&options.environment);
        let heads = Heads::default();
        let driver = Driver::new(options, taken, events, Arc::clone(&offset), heads.clone());
        (Self { actions, environment, offset, heads }, Events(told), driver)
    }

    /// A fresh idempotency key for a command in a room, timed by the server's clock.
    #[must_use]
    pub fn key(&self, room: RoomId) -> ClientKey {
        ClientKey { head: self.heads.of(room), ..self.key_of_new_room() }
    }

    /// A fresh idempotency key for a command that makes a room, timed by the server's clock.
    #[must_use]
    pub fn key_of_new_room(&self) -> ClientKey {
        let mut id = [0; 16];
        self.environment.fill(&mut id);
        let time = self.environment.now().offset(self.offset.load(Ordering::Relaxed));
        ClientKey { id: ClientId(id), time, head: Position::ZERO }
    }

    /// Sends a command and waits until it is settled, across disconnects and restarts. A command that
    /// changes something is settled even if this future is dropped. One that the server puts off, because it
    /// cannot be done now or comes too fast, is sent again at the time that the server says, 20 times.
    ///
    /// # Errors
    /// Any [`CallError`].
    pub async fn call(&self, command: Command) -> Result<Reply, CallError> {
        let (answerer, answer) = oneshot::channel();
        let action = Action::Call(Box::new(command), answerer);
        self.actions.send(action).await.map_err(|_| CallError::Ended)?;
        answer.await.map_err(|_| CallError::Ended)?
    }

    /// Sends a message.
    ///
    /// # Errors
    /// Any [`CallError`].
    pub async fn send(
        &self,
        room: RoomId,
        key: ClientKey,
        body: Body,
    ) -> Result<Appended, CallError> {
        match self.call(Command::Send(Send::new(key, room, body))).await? {
            Reply::Appended(appended) => Ok(appended),
            other => Err(CallError::Unexpected(other.name())),
        }
    }

    /// Sends a text, truncated to the longest that the wire carries.
    ///
    /// # Errors
    /// Any [`CallError`].
    pub async fn send_text(&self, room: RoomId, text: &str) -> Result<Appended, CallError> {
        self.send(room, self.key(room), Body::Text(TextBody { text: Text::cut(text) })).await
    }

    /// Answers the message at a position with a text, truncated to the longest that the wire carries.
    ///
    /// # Errors
    /// Any [`CallError`].
    pub async fn reply_text(
        &self,
        room: RoomId,
        message: Position,
        text: &str,
    ) -> Result<Appended, CallError> {
        let body = Body::Text(TextBody { text: Text::cut(text) });
        match self.call(Command::Send(Send::reply(self.key(room), room, body, message))).await? {
            Reply::Appended(appended) => Ok(appended),
            other => Err(CallError::Unexpected(other.name())),
        }
    }

    /// Some messages of a room in short: those that are there and that this person may see.
    ///
    /// # Errors
    /// Any [`CallError`].
    pub async fn previews(
        &self,
        room: RoomId,
        positions: List<Position, MESSAGES_PER_COMMAND>,
    ) -> Result<Vec<MessagePreview>, CallError> {
        match self.call(Command::Previews(Previews { room, positions })).await? {
            Reply::Previews(list) => Ok(list.previews.into_vec()),
            other => Err(CallError::Unexpected(other.name())),
        }
    }

    /// What is pinned in a room, oldest first.
    ///
    /// # Errors
    /// Any [`CallError`].
    pub async fn pins(&self, room: RoomId) -> Result<Vec<PinnedMessage>, CallError> {
        match self.call(Command::Pins(Pins { room })).await? {
            Reply::Pins(list) => Ok(list.pins.into_vec()),
            other => Err(CallError::Unexpected(other.name())),
        }
    }

    /// Deletes a message for this person alone, on all their devices.
    ///
    /// # Errors
    /// Any [`CallError`].
    pub async fn hide(&self, room: RoomId, position: Position) -> Result<(), CallError> {
        self.call(Command::Hide(Hide { room, position })).await.map(drop)
    }

    /// Stars a message for this person alone, or takes that back.
    ///
    /// # Errors
    /// Any [`CallError`].
    pub async fn star(
        &self,
        room: RoomId,
        position: Position,
        star: bool,
    ) -> Result<(), CallError> {
        self.call(Command::Star(Star { room, position, star })).await.map(drop)
    }

    /// A page of the messages that are marked for this person, newest first.
    ///
    /// # Errors
    /// Any [`CallError`].
    pub async fn marked(
        &self,
        flag: Flag,
        before: Option<SearchPlace>,
        limit: u8,
    ) -> Result<MarkedPage, CallError> {
        match self.call(Command::Marked(Marked { flag, before, limit })).await? {
            Reply::Marked(page) => Ok(page),
            other => Err(CallError::Unexpected(other.name())),
        }
    }

    /// Has a message sent later.
    ///
    /// # Errors
    /// Any [`CallError`].
    pub async fn schedule(
        &self,
        room: RoomId,
        body: Body,
        due: Timestamp,
    ) -> Result<ScheduledMessage, CallError> {
        let (key, extras) = (self.key(room), List::default());
        match self.call(Command::Schedule(Schedule { key, room, body, extras, due })).await? {
            Reply::ScheduledMessage(message) => Ok(message),
            other => Err(CallError::Unexpected(other.name())),
        }
    }

    /// Takes back that a message is sent later.
    ///
    /// # Errors
    /// Any [`CallError`].
    pub async fn cancel_scheduled(&self, room: RoomId, id: ClientId) -> Result<(), CallError> {
        let key = self.key(room);
        self.call(Command::CancelScheduled(CancelScheduled { key, room, id })).await.map(drop)
    }

    /// Sends a scheduled message now.
    ///
    /// # Errors
    /// Any [`CallError`].
    pub async fn send_scheduled(&self, room: RoomId, id: ClientId) -> Result<Appended, CallError> {
        let key = self.key(room);
        match self.call(Command::SendScheduled(SendScheduled { key, room, id })).await? {
            Reply::Appended(appended) => Ok(appended),
            other => Err(CallError::Unexpected(other.name())),
        }
    }

    /// A page of what this person has scheduled: in a room, or in all rooms.
    ///
    /// # Errors
    /// Any [`CallError`].
    pub async fn scheduled(
        &self,
        room: Option<RoomId>,
        after: Option<ScheduledPlace>,
    ) -> Result<ScheduledPage, CallError> {
        match self.call(Command::Scheduled(Scheduled { room, after })).await? {
            Reply::Scheduled(page) => Ok(page),
            other => Err(CallError::Unexpected(other.name())),
        }
    }

    /// Opens a room; its last entries come as [`ClientEvent::Opened`], and after a break it is
    /// opened again.
    ///
    /// # Errors
    /// Any [`CallError`].
    pub async fn open(&self, room: RoomId, limit: u8) -> Result<(), CallError> {
        self.call(Command::Open(Open { room, limit })).await.map(drop)
    }

    /// Closes a room.
    ///
    /// # Errors
    /// Any [`CallError`].
    pub async fn close(&self, room: RoomId) -> Result<(), CallError> {
        self.call(Command::Close(Close { room })).await.map(drop)
    }

    /// A page of history.
    ///
    /// # Errors
    /// Any [`CallError`].
    pub async fn history(
        &self,
        room: RoomId,
        anchor: Anchor,
        limit: u8,
    ) -> Result<EntryPage, CallError> {
        match self.call(Command::History(History { room, anchor, limit })).await? {
            Reply::Page(page) => Ok(page),
            other => Err(CallError::Unexpected(other.name())),
        }
    }

    /// A page of what is found, newest first: in a room, or in all rooms of the person.
    ///
    /// # Errors
    /// Any [`CallError`].
    pub async fn search(&self, search: Search) -> Result<SearchPage, CallError> {
        match self.call(Command::Search(search)).await? {
            Reply::Found(page) => Ok(page),
            other => Err(CallError::Unexpected(other.name())),
        }
    }

    /// A page of a room's members.
    ///
    /// # Errors
    /// Any [`CallError`].
    pub async fn members(
        &self,
        room: RoomId,
        after: Option<UserId>,
        limit: u8,
    ) -> Result<MemberPage, CallError> {
        match self.call(Command::Members(Members { room, after, limit })).await? {
            Reply::Members(page) => Ok(page),
            other => Err(CallError::Unexpected(other.name())),
        }
    }

    /// The direct conversation with a person.
    ///
    /// # Errors
    /// Any [`CallError`].
    pub async fn ensure_direct(&self, user: UserId) -> Result<RoomSummary, CallError> {
        self.room(Command::EnsureDirect(EnsureDirect { user })).await
    }

    /// The room of a context.
    ///
    /// # Errors
    /// Any [`CallError`].
    pub async fn ensure_room(&self, ensure: EnsureRoom) -> Result<RoomSummary, CallError> {
        self.room(Command::EnsureRoom(ensure)).await
    }

    /// A new group of which this person is the owner.
    ///
    /// # Errors
    /// Any [`CallError`].
    pub async fn create_group(
        &self,
        name: &str,
        members: Vec<UserId>,
        history: HistoryPolicy,
    ) -> Result<RoomSummary, CallError> {
        self.room(Command::CreateGroup(CreateGroup {
            key: self.key_of_new_room(),
            name: Text::cut(name),
            members: List::cut(members),
            history,
        }))
        .await
    }

    /// Moves the person's read marker.
    ///
    /// # Errors
    /// Any [`CallError`].
    pub async fn mark_read(&self, room: RoomId, number: MessageNumber) -> Result<(), CallError> {
        self.call(Command::MarkRead(Mark { room, number })).await.map(drop)
    }

    /// Says that the person is typing, or has stopped. May be lost.
    pub fn typing(&self, room: RoomId, counter: u32, active: bool) {
        let signal = ClientSignal::Typing(Typing { room, counter, active });
        // Signals may be lost: this one is dropped when the queue is full.
        let _: Result<_, _> = self.actions.try_send(Action::Signal(signal));
    }

    /// Says where the person is who shares their live location. May be lost.
    pub fn update_location(&self, update: LocationUpdate) {
        let _: Result<_, _> = self.actions.try_send(Action::Signal(ClientSignal::Location(update)));
    }

    /// Whether the person is active: a dead server is then noticed sooner.
    pub async fn set_active(&self, active: bool) {
        let _: Result<_, _> = self.actions.send(Action::SetActive(active)).await;
    }

    /// Reconnects now: after the network changed, or instead of waiting for a long delay.
    pub async fn reconnect(&self) {
        let _: Result<_, _> = self.actions.send(Action::Reconnect).await;
    }

    /// Closes the connection and ends.
    pub async fn dispose(&self) {
        let _: Result<_, _> = self.actions.send(Action::Dispose).await;
    }

    async fn room(&self, command: Command) -> Result<RoomSummary, CallError> {
        match self.call(command).await? {
            Reply::Room(room) => Ok(room),
            other => Err(CallError::Unexpected(other.name())),
        }
    }
}
