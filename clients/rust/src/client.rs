//! The application's side of a client: what it may ask, and what it hears.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use caffis_link::{Farewell, Kind};
use caffis_schema::{
    Body, ClientId, ClientSignal, Command, DeviceId, Error, Event, MessageNumber, Position, Reply,
    RoomId, ServerSignal, Text, UserId,
    command::{
        Anchor, Close, CreateGroup, EnsureDirect, EnsureRoom, History, Mark, Members, Open, Send,
        Typing,
    },
    event::{RoomEntry, TextBody},
    reply::{Appended, EntryPage, MemberPage, Opened, Welcome},
    room::{ClientKey, HistoryPolicy, RoomSummary},
};
use tokio::sync::{mpsc, oneshot};

use crate::{connector::Connector, driver::Driver, environment::Environment, outbox::Answerer};

/// A token, to come; the error is a sentence for people.
pub type TokenFuture = Pin<Box<dyn Future<Output = Result<String, String>> + std::marker::Send>>;

/// Gives the person's token: asked at every connection and when the old one ends soon.
pub type TokenSource = Arc<dyn Fn() -> TokenFuture + std::marker::Send + Sync>;

/// How a client behaves.
#[derive(Clone)]
pub struct Options {
    /// Makes the links.
    pub connector: Arc<dyn Connector>,
    /// Gives the tokens.
    pub tokens: TokenSource,
    /// Clock and randomness.
    pub environment: Arc<dyn Environment>,
    /// This installation, kept over restarts.
    pub device: DeviceId,
    /// The client's name and version, for the server's logs.
    pub name: String,
    /// The first bound of the delay before connecting again.
    pub backoff_base: Duration,
    /// The largest bound of that delay.
    pub backoff_cap: Duration,
    /// How long a link and its hello may take.
    pub connect_timeout: Duration,
}

impl Options {
    /// The usual behaviour.
    #[must_use]
    pub fn new(
        connector: Arc<dyn Connector>,
        tokens: TokenSource,
        environment: Arc<dyn Environment>,
    ) -> Self {
        let mut device = [0; 16];
        environment.fill(&mut device);
        Self {
            connector,
            tokens,
            environment,
            device: DeviceId(device),
            name: concat!("caffis-client/", env!("CARGO_PKG_VERSION")).to_owned(),
            backoff_base: Duration::from_millis(200),
            backoff_cap: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(10),
        }
    }
}

/// Why a client ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The application wanted it.
    Disposed,
    /// The server closed with a code after which nobody connects again.
    Closed(Farewell),
    /// The server did not take the tokens, or the hello.
    Refused(Error),
    /// There is no token, or the connection is set up wrongly.
    Setup(String),
}

/// How the connection is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// A link is being made.
    Connecting,
    /// The session is open.
    Online(Kind),
    /// The connection is lost; the next attempt comes after a delay.
    Waiting {
        /// Until the next attempt.
        delay: Duration,
        /// What happened, for people.
        reason: String,
    },
    /// Over, for good.
    Ended(Ended),
}

/// What a client tells its application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientEvent {
    /// The connection changed.
    State(State),
    /// A session began: the room list and the limits, as they are now. The entries that were missed
    /// follow.
    Welcome(Box<Welcome>),
    /// The next entry of a held room: in order, without a gap, once.
    Entry(RoomEntry),
    /// A room was opened (or loaded again after [`ClientEvent::Reset`]): its last page.
    Opened(Box<Opened>),
    /// What the application keeps of a room is too old: drop it. Entries after `head` follow; an
    /// open room is loaded again.
    Reset {
        /// The room.
        room: RoomId,
        /// Its last position now.
        head: Position,
    },
    /// A room was lost during a break: drop it.
    Gone(RoomId),
    /// Any other event, as it came. Never an entry, and nothing that the client does by itself.
    Other(Box<Event>),
    /// Typing and presence.
    Signal(ServerSignal),
    /// Events were left out because they were not read in time. The client connects anew: a
    /// [`ClientEvent::Welcome`] follows, with the room list as it is then, and the entries of held
    /// rooms go on where they stopped.
    Lagged,
}

/// Why a command was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The server refused: it did not happen.
    #[error(transparent)]
    Refused(Error),
    /// Too many commands wait already; this one was not taken.
    #[error("too many commands wait")]
    OutboxFull,
    /// The command is larger than a server takes.
    #[error("the command is too large: {size} bytes")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// The client ended before the command was settled.
    #[error("the client has ended")]
    Ended,
    /// The server answered something else than this command is answered with.
    #[error("an answer of the wrong kind: {0}")]
    Unexpected(&'static str),
}

/// What the application asks of the driver.
pub(crate) enum Action {
    Call(Box<Command>, Answerer),
    Signal(ClientSignal),
    SetActive(bool),
    Reconnect,
    Dispose,
}

/// What happens, in order. Has to be read: what does not fit any more is left out and told as
/// [`ClientEvent::Lagged`]. Commands are answered all the same.
pub struct Events(pub(crate) mpsc::Receiver<ClientEvent>);

impl Events {
    /// The next event; none after the client has ended.
    pub async fn next(&mut self) -> Option<ClientEvent> {
        self.0.recv().await
    }

    /// The next event, if one waits.
    pub fn try_next(&mut self) -> Option<ClientEvent> {
        self.0.try_recv().ok()
    }
}

/// A handle to a running client. Clones are the same client; it ends with the last of them.
#[derive(Clone)]
pub struct Client {
    actions: mpsc::Sender<Action>,
    environment: Arc<dyn Environment>,
    /// The server's clock minus ours, in milliseconds.
    offset: Arc<AtomicI64>,
}

impl Client {
    /// Actions that wait for the driver; more have to wait to be handed over.
    const ACTIONS: usize = 256;
    /// Events that wait for the application.
    pub(crate) const EVENTS: usize = 1_024;

    /// A client that runs as long as its driver is polled.
    #[must_use]
    pub fn new(options: Options) -> (Self, Events, Driver) {
        let (actions, taken) = mpsc::channel(Self::ACTIONS);
        let (events, told) = mpsc::channel(Self::EVENTS);
        let offset = Arc::new(AtomicI64::new(0));
        let environment = Arc::clone(&options.environment);
        let driver = Driver::new(options, taken, events, Arc::clone(&offset));
        (Self { actions, environment, offset }, Events(told), driver)
    }

    /// A fresh idempotency key, timed by the server's clock.
    #[must_use]
    pub fn key(&self) -> ClientKey {
        let mut id = [0; 16];
        self.environment.fill(&mut id);
        let time = self.environment.now().offset(self.offset.load(Ordering::Relaxed));
        ClientKey { id: ClientId(id), time }
    }

    /// Gives a command to the server and waits until it is settled, over cuts and restarts. A
    /// command that changes something is settled even when this future is dropped.
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
        match self.call(Command::Send(Send { key, room, body })).await? {
            Reply::Appended(appended) => Ok(appended),
            other => Err(CallError::Unexpected(other.name())),
        }
    }

    /// Sends a text, cut to what the wire carries.
    ///
    /// # Errors
    /// Any [`CallError`].
    pub async fn send_text(&self, room: RoomId, text: &str) -> Result<Appended, CallError> {
        self.send(room, self.key(), Body::Text(TextBody { text: Text::cut(text) })).await
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
            key: self.key(),
            name: Text::cut(name),
            members: caffis_schema::List::cut(members),
            history,
        }))
        .await
    }

    /// Says how far the person has read.
    ///
    /// # Errors
    /// Any [`CallError`].
    pub async fn mark_read(&self, room: RoomId, number: MessageNumber) -> Result<(), CallError> {
        self.call(Command::MarkRead(Mark { room, number })).await.map(drop)
    }

    /// Says that the person types, or stopped. May be lost.
    pub fn typing(&self, room: RoomId, counter: u32, active: bool) {
        let signal = ClientSignal::Typing(Typing { room, counter, active });
        // Lossy: where actions wait, this one is dropped.
        let _: Result<_, _> = self.actions.try_send(Action::Signal(signal));
    }

    /// Whether the person looks: a dead server is then noticed sooner.
    pub async fn set_active(&self, active: bool) {
        let _: Result<_, _> = self.actions.send(Action::SetActive(active)).await;
    }

    /// Connects anew now: after the network changed, or out of a long delay.
    pub async fn reconnect(&self) {
        let _: Result<_, _> = self.actions.send(Action::Reconnect).await;
    }

    /// Says goodbye and ends.
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
