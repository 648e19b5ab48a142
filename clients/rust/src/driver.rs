//! The loop behind a client: makes a link, keeps a session on it, comes back.

use std::{
    collections::{BTreeSet, VecDeque},
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use caffis_link::Farewell;
use caffis_schema::{
    CloseCode, ErrorCode, List, PROTOCOL_VERSION, RoomId, Text, command::Hello, reply::Welcome,
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout},
};

use crate::{
    backoff::Backoff,
    client::{Action, Client, ClientEvent, Ended, Options, State},
    connection::{Connection, ConnectionError},
    connector::ConnectError,
    held::{Held, Question},
    outbox::Outbox,
    session::Session,
};

/// A session that lived this long makes the next delay short again.
const STABLE: Duration = Duration::from_secs(1);
/// Tokens that may be refused in a row.
const TOKENS_REFUSED: u32 = 3;

/// How a session, or the attempt at one, ended.
pub(crate) enum End {
    /// For good.
    Over(Ended),
    /// Connect again.
    Lost {
        /// What happened, for people.
        reason: String,
        /// The delay that the server wants.
        advised: Option<Duration>,
    },
}

impl End {
    fn lost(reason: impl Into<String>) -> Self {
        Self::Lost { reason: reason.into(), advised: None }
    }

    /// What a farewell means.
    pub(crate) fn farewell(farewell: Farewell, advised: Option<Duration>) -> Self {
        if CloseCode::from_number(farewell.code).is_none_or(CloseCode::reconnects) {
            Self::Lost { reason: farewell.reason, advised }
        } else {
            Self::Over(Ended::Closed(farewell))
        }
    }
}

/// What outlives a session.
#[derive(Default)]
pub(crate) struct Keep {
    pub(crate) held: Held,
    pub(crate) outbox: Outbox,
    /// Events that wait for room in the application's queue.
    pub(crate) untold: VecDeque<ClientEvent>,
    /// The application does not read: what comes is left out until it has read all that waits. What
    /// it holds stays where it was told to be, so that a new session can go on from there.
    pub(crate) lags: bool,
    /// Open rooms whose page the application does not have: it is still to be loaded again.
    pub(crate) reload: BTreeSet<RoomId>,
    pub(crate) active: bool,
}

impl Keep {
    pub(crate) fn tell(&mut self, event: ClientEvent) {
        let passing =
            matches!(&event, ClientEvent::State(state) if !matches!(state, State::Ended(_)));
        if passing && self.lags() {
            return;
        }
        self.untold.push_back(event);
    }

    /// Whether events have to be left out, from now on or still.
    pub(crate) fn lags(&mut self) -> bool {
        self.lags |= self.untold.len() >= Client::EVENTS;
        self.lags
    }

    /// Whether the application has read all that waited, after some was left out. It is told once.
    pub(crate) fn has_caught_up(&mut self) -> bool {
        let caught_up = self.lags && self.untold.is_empty();
        if caught_up {
            self.lags = false;
            self.tell(ClientEvent::Lagged);
        }
        caught_up
    }
}

/// What an action asks of whoever took it.
pub(crate) enum Wish {
    /// Nothing more.
    Nothing,
    /// Something for the session alone.
    Session(Action),
    /// A new link.
    Reconnect,
    /// The end.
    Dispose,
}

/// The client's one future. Spawn [`Driver::run`]; it ends with the client.
pub struct Driver {
    pub(crate) options: Options,
    pub(crate) keep: Keep,
    actions: mpsc::Receiver<Action>,
    events: mpsc::Sender<ClientEvent>,
    offset: Arc<AtomicI64>,
    backoff: Backoff,
    tokens_refused: u32,
    /// When the present session was opened.
    online: Option<Instant>,
}

impl Driver {
    pub(crate) fn new(
        options: Options,
        actions: mpsc::Receiver<Action>,
        events: mpsc::Sender<ClientEvent>,
        offset: Arc<AtomicI64>,
    ) -> Self {
        let backoff = Backoff::new(options.backoff_base, options.backoff_cap);
        let keep = Keep { active: true, ..Keep::default() };
        Self { options, keep, actions, events, offset, backoff, tokens_refused: 0, online: None }
    }

    /// Runs the client until it is disposed, every handle is gone, or the server wants no more of
    /// it.
    pub async fn run(mut self) {
        let ended = loop {
            let end = self.session().await;
            self.keep.held.cut();
            self.keep.outbox.cut();
            let (reason, advised) = match end {
                End::Over(ended) => break ended,
                End::Lost { reason, advised } => (reason, advised),
            };
            if self.online.take().is_some_and(|since| since.elapsed() >= STABLE) {
                self.backoff.reset();
            }
            let environment = Arc::clone(&self.options.environment);
            let delay = match advised {
                Some(delay) => self.backoff.advised(delay, &*environment),
                None => self.backoff.next(&*environment),
            };
            self.keep.tell(ClientEvent::State(State::Waiting { delay, reason }));
            if let Err(Wish::Dispose) = self.meanwhile(sleep(delay)).await {
                break Ended::Disposed;
            }
        };
        self.actions.close();
        self.keep.outbox.end();
        self.keep.tell(ClientEvent::State(State::Ended(ended)));
        // Calls that were never taken hear of the end as their answerers are dropped.
        while self.actions.recv().await.is_some() {}
        while let Some(event) = self.keep.untold.pop_front() {
            if self.events.send(event).await.is_err() {
                break;
            }
        }
    }

    async fn session(&mut self) -> End {
        self.keep.has_caught_up();
        self.keep.tell(ClientEvent::State(State::Connecting));
        let (connection, question, welcome) = match self.open().await {
            Ok(open) => open,
            Err(end) => return end,
        };
        self.online = Some(Instant::now());
        self.tokens_refused = 0;
        let ahead = welcome.server_time.ahead_of(self.options.environment.now());
        self.offset.store(ahead, Ordering::Relaxed);
        self.keep.tell(ClientEvent::State(State::Online(connection.info().kind)));
        Session::begin(connection, question, welcome, &mut self.keep).run(self).await
    }

    /// Gets a token, makes a link and says hello.
    async fn open(&mut self) -> Result<(Connection, Question, Welcome), End> {
        let limit = self.options.connect_timeout;
        let token = (self.options.tokens)();
        let token = self.bounded(limit, token, "the token does not come").await?;
        let token = token.map_err(|sentence| End::lost(format!("no token: {sentence}")))?;
        let token = Text::new(token)
            .map_err(|error| End::Over(Ended::Setup(format!("the token is too long: {error}"))))?;
        let connector = Arc::clone(&self.options.connector);
        let link = self.bounded(limit, connector.connect(), "the server does not answer").await?;
        let link = link.map_err(|error| match error {
            ConnectError::Unreachable(_) => End::lost(error.to_string()),
            ConnectError::Setup(_) => End::Over(Ended::Setup(error.to_string())),
        })?;
        let mut connection = Connection::new(link);
        let (question, cursors) = self.keep.held.ask();
        let hello = Hello {
            version: PROTOCOL_VERSION,
            client: Text::cut(&self.options.name),
            device: self.options.device,
            token,
            cursors: List::cut(cursors),
            capabilities: 0,
        };
        let welcome = self.bounded(limit, connection.hello(hello), "hello is not answered").await?;
        match welcome {
            Ok(welcome) => Ok((connection, question, welcome)),
            Err(error) => Err(self.refused(error)),
        }
    }

    /// What a hello that failed means.
    fn refused(&mut self, error: ConnectionError) -> End {
        let error = match error {
            ConnectionError::Answered(error) => error,
            ConnectionError::Closed(farewell) => return End::farewell(farewell, None),
            other => return End::lost(other.to_string()),
        };
        match error.code {
            ErrorCode::VersionUnsupported | ErrorCode::TokenRevoked => {
                return End::Over(Ended::Refused(error));
            }
            ErrorCode::TokenInvalid | ErrorCode::TokenExpired => {
                // The next attempt gets a new token.
                self.tokens_refused += 1;
                if self.tokens_refused >= TOKENS_REFUSED {
                    return End::Over(Ended::Refused(error));
                }
            }
            _ => {}
        }
        let advised = error.retry_after_ms.map(|delay| Duration::from_millis(u64::from(delay)));
        End::Lost { reason: error.to_string(), advised }
    }

    async fn bounded<T>(
        &mut self,
        limit: Duration,
        future: impl Future<Output = T>,
        late: &str,
    ) -> Result<T, End> {
        match self.meanwhile(timeout(limit, future)).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(_)) => Err(End::lost(late)),
            Err(Wish::Dispose) => Err(End::Over(Ended::Disposed)),
            Err(_) => Err(End::lost("connecting anew")),
        }
    }

    /// Waits for a future outside of a session, while actions are taken and events told.
    async fn meanwhile<T>(&mut self, future: impl Future<Output = T>) -> Result<T, Wish> {
        let mut future = pin!(future);
        loop {
            tokio::select! {
                biased;
                wish = self.outside() => match wish {
                    // Signals are for those who are there now.
                    Wish::Nothing | Wish::Session(_) => {}
                    wish => return Err(wish),
                },
                value = &mut future => return Ok(value),
            }
        }
    }

    /// Waits until events were handed to the application or an action came.
    pub(crate) async fn outside(&mut self) -> Wish {
        let Self { keep, actions, events, .. } = self;
        let action = tokio::select! {
            biased;
            () = tell(events, &mut keep.untold), if !keep.untold.is_empty() => {
                return Wish::Nothing;
            }
            action = actions.recv() => action,
        };
        action.map_or(Wish::Dispose, |action| take(action, keep))
    }
}

async fn tell(events: &mpsc::Sender<ClientEvent>, untold: &mut VecDeque<ClientEvent>) {
    match events.reserve().await {
        Ok(permit) => {
            if let Some(event) = untold.pop_front() {
                permit.send(event);
            }
        }
        // Nobody listens.
        Err(_) => untold.clear(),
    }
    while let Some(event) = untold.pop_front() {
        if let Err(mpsc::error::TrySendError::Full(event)) = events.try_send(event) {
            untold.push_front(event);
            return;
        }
    }
}

fn take(action: Action, keep: &mut Keep) -> Wish {
    match action {
        Action::Call(command, answerer) => {
            keep.outbox.push(*command, answerer);
            Wish::Nothing
        }
        Action::SetActive(active) => {
            keep.active = active;
            Wish::Session(action)
        }
        Action::Signal(_) => Wish::Session(action),
        Action::Reconnect => Wish::Reconnect,
        Action::Dispose => Wish::Dispose,
    }
}
