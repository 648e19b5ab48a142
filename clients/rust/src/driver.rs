//! The loop behind a client: connects, runs a session, and connects again.

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use caffis_schema::{ErrorCode, List, PROTOCOL_VERSION, Text, command::Hello, reply::Welcome};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout},
};

use crate::{
    application::{Application, Instruction},
    backoff::Backoff,
    calls::Action,
    connection::{Connection, ConnectionError},
    connector::ConnectError,
    end::End,
    events::{ClientEvent, Ended, State},
    heads::Heads,
    options::Options,
    rooms::{ResumeId, Rooms},
    session::Session,
};

/// A session that lasted this long resets the backoff.
const STABLE: Duration = Duration::from_secs(1);
/// After so many refused tokens in a row the client ends.
const TOKENS_REFUSED: u32 = 3;

/// The client's one future. Spawn [`Driver::run`]; it ends with the client.
pub struct Driver {
    application: Application,
    /// The server's clock minus ours, in milliseconds; the handles time their keys by it.
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
        heads: Heads,
    ) -> Self {
        let backoff = Backoff::new(options.backoff_base, options.backoff_cap);
        let mut application = Application::new(options, actions, events);
        application.state.rooms = Rooms::with(heads);
        Self { application, offset, backoff, tokens_refused: 0, online: None }
    }

    /// Runs the client until it is disposed, every handle is dropped, or the server closes for
    /// good.
    pub async fn run(mut self) {
        let ended = loop {
            let end = self.session().await;
            self.application.state.rooms.disconnected();
            self.application.state.outbox.disconnected();
            let (reason, advised) = match end {
                End::Over(ended) => break ended,
                End::Lost { reason, advised } => (reason, advised),
            };
            if self.online.take().is_some_and(|since| since.elapsed() >= STABLE) {
                self.backoff.reset();
            }
            let environment = Arc::clone(&self.application.options.environment);
            let delay = match advised {
                Some(delay) => self.backoff.advised(delay, &*environment),
                None => self.backoff.next(&*environment),
            };
            self.application.state.emit(ClientEvent::State(State::Waiting { delay, reason }));
            if let Err(Instruction::Dispose) = self.meanwhile(sleep(delay)).await {
                break Ended::Disposed;
            }
        };
        self.application.end(ended).await;
    }

    async fn session(&mut self) -> End {
        self.application.state.has_caught_up();
        self.application.state.emit(ClientEvent::State(State::Connecting));
        let (connection, resume, welcome) = match self.open().await {
            Ok(open) => open,
            Err(end) => return end,
        };
        self.online = Some(Instant::now());
        self.tokens_refused = 0;
        let ahead = welcome.server_time.ahead_of(self.application.options.environment.now());
        self.offset.store(ahead, Ordering::Relaxed);
        self.application.state.emit(ClientEvent::State(State::Online(connection.info().kind)));
        Session::begin(connection, resume, welcome, &mut self.application.state)
            .run(&mut self.application)
            .await
    }

    /// Fetches a token, connects and says hello.
    async fn open(&mut self) -> Result<(Connection, ResumeId, Welcome), End> {
        let limit = self.application.options.connect_timeout;
        let token = (self.application.options.tokens)();
        let token = self.bounded(limit, token, "no token was fetched in time").await?;
        let token = token.map_err(|sentence| End::lost(format!("no token: {sentence}")))?;
        let token = Text::new(token)
            .map_err(|error| End::Over(Ended::Setup(format!("the token is too long: {error}"))))?;
        let connector = Arc::clone(&self.application.options.connector);
        let link = self.bounded(limit, connector.connect(), "the server did not answer").await?;
        let link = link.map_err(|error| match error {
            ConnectError::Unreachable(_) => End::lost(error.to_string()),
            ConnectError::Setup(_) => End::Over(Ended::Setup(error.to_string())),
        })?;
        let mut connection = Connection::new(link);
        let (resume, cursors) = self.application.state.rooms.next_resume();
        let hello = Hello {
            version: PROTOCOL_VERSION,
            client: Text::cut(&self.application.options.name),
            device: self.application.options.device,
            token,
            cursors: List::cut(cursors),
            capabilities: 0,
        };
        let welcome =
            self.bounded(limit, connection.hello(hello), "hello was not answered").await?;
        match welcome {
            Ok(welcome) => Ok((connection, resume, welcome)),
            Err(error) => Err(self.refused(error)),
        }
    }

    /// What to do after a failed hello.
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
            Err(Instruction::Dispose) => Err(End::Over(Ended::Disposed)),
            Err(_) => Err(End::lost("reconnecting")),
        }
    }

    /// Waits for a future outside a session, while it serves the application.
    async fn meanwhile<T>(&mut self, future: impl Future<Output = T>) -> Result<T, Instruction> {
        let mut future = pin!(future);
        loop {
            tokio::select! {
                biased;
                instruction = self.application.serve() => match instruction {
                    // Signals make no sense later.
                    Instruction::None | Instruction::Session(_) => {}
                    instruction => return Err(instruction),
                },
                value = &mut future => return Ok(value),
            }
        }
    }
}
