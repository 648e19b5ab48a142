//! The relay: takes what is due, sends it, writes down how it ended.
//!
//! One task holds the session with PostgreSQL, and each attempt is a task of its own. Nothing in memory matters:
//! what was taken and not written down is taken again when its lease is over.

use std::{
    collections::VecDeque,
    pin::Pin,
    time::{Duration, Instant},
};

use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    connect::{Database, Session, answered},
    error::RelayError,
    fill::Filling,
    installed::Installation,
    pace::{Gate, backoff},
    queue::{Claimed, INTAKE, Queue, Record},
    send::{Endpoint, Outcome, Scope},
    settings::{Limits, Settings},
};

/// How often it is checked that the triggers still fit the table.
const CHECK: Duration = Duration::from_secs(30);
/// The wait between two pages of the first fill, at least.
const FILL_STEP: Duration = Duration::from_millis(20);
/// What is left of a lease when an attempt has to end, so that it never overlaps with that of another relay.
const MARGIN: Duration = Duration::from_millis(500);

/// Mirrors users until it is told to stop.
///
/// # Errors
/// It could not start: afterwards it goes on, whatever happens to PostgreSQL or to the receiver.
pub async fn run(settings: Settings, stop: impl Future<Output = ()>) -> Result<(), RelayError> {
    let database = Database::new(&settings.database)?;
    let session = database.connect().await?;
    let installed = Installation::load(&session, &settings.schema).await?;
    let endpoint = Endpoint::new(&settings.endpoint, &installed.id)?;
    tracing::info!(
        table = installed.table,
        endpoint = endpoint.place(),
        fill.done = installed.fill.done,
        fill.users = installed.fill.count,
        "the relay runs"
    );
    let mut relay = Relay {
        limits: settings.limits.clone(),
        endpoint,
        flights: JoinSet::new(),
        ready: VecDeque::new(),
        ended: Vec::new(),
        gate: Gate::default(),
    };
    let mut stop = std::pin::pin!(stop);
    let mut connected = Some((session, installed));
    let mut failures = 0;
    loop {
        if let Some((session, installed)) = connected.take() {
            let started = Instant::now();
            match relay.serve(&session, &settings.schema, &installed, &mut stop).await {
                Ok(()) => return Ok(()),
                Err(error) => tracing::warn!(%error, "PostgreSQL is tried again"),
            }
            if started.elapsed() > CHECK {
                failures = 0;
            }
        }
        failures += 1;
        let wait = backoff(&settings.limits, failures).min(CHECK);
        tokio::select! {
            biased;
            () = &mut stop => return Ok(()),
            () = sleep(wait) => {}
        }
        let again = tokio::select! {
            biased;
            () = &mut stop => return Ok(()),
            again = reconnect(&database, &settings) => again,
        };
        match again {
            Ok((session, installed, endpoint)) => {
                tracing::info!("PostgreSQL answers again");
                relay.endpoint = endpoint;
                connected = Some((session, installed));
            }
            Err(error) => tracing::warn!(%error, failures, "PostgreSQL is tried again"),
        }
    }
}

async fn reconnect(
    database: &Database,
    settings: &Settings,
) -> Result<(Session, Installation, Endpoint), RelayError> {
    let session = database.connect().await?;
    let installed = Installation::load(&session, &settings.schema).await?;
    let endpoint = Endpoint::new(&settings.endpoint, &installed.id)?;
    Ok((session, installed, endpoint))
}

/// What a relay holds, over several sessions with PostgreSQL.
struct Relay {
    limits: Limits,
    endpoint: Endpoint,
    /// At most `in_flight`.
    flights: JoinSet<(Claimed, Outcome)>,
    /// Taken and not sent yet: at most `in_flight`.
    ready: VecDeque<Claimed>,
    /// Not written down yet: at most as many as were taken.
    ended: Vec<Record>,
    gate: Gate,
}

impl Relay {
    /// Works with one session until it fails, or until it is told to stop.
    async fn serve(
        &mut self,
        session: &Session,
        schema: &str,
        installed: &Installation,
        stop: &mut Pin<&mut impl Future<Output = ()>>,
    ) -> Result<(), RelayError> {
        let listen = installed.names.fill("LISTEN @SCHEMA@");
        answered(session.client.batch_execute(&listen)).await?;
        let queue = Queue::open(session, &installed.names).await?;
        let mut filling = Filling::open(session, installed).await?;
        let mut checked = Instant::now();
        let mut look = true;
        loop {
            self.write_down(session, &queue).await?;
            if session.is_over() {
                return Err(RelayError::Unreachable("the connection has ended".to_owned()));
            }
            if checked.elapsed() > CHECK {
                Installation::load(session, schema).await?;
                checked = Instant::now();
            }
            let took_in = if look { queue.take_in(session).await? } else { 0 };
            look = took_in == INTAKE;
            let more = self.fetch(session, &queue, &mut filling).await?;
            self.launch();
            if (look || more) && self.flights.len() < self.limits.in_flight {
                continue;
            }
            let wait = self.wait(filling.is_done());
            tokio::select! {
                biased;
                () = stop.as_mut() => return self.land(session, &queue).await,
                Some(landed) = self.flights.join_next(), if !self.flights.is_empty() => {
                    self.landed(landed);
                }
                () = session.woken.notified() => look = true,
                () = sleep(wait) => look = true,
            }
        }
    }

    /// Takes what is due, and a page of the first fill when nothing is; says whether there is likely more.
    async fn fetch(
        &mut self,
        session: &Session,
        queue: &Queue,
        filling: &mut Filling,
    ) -> Result<bool, RelayError> {
        let width = self.gate.width(self.limits.in_flight, Instant::now());
        // In large pieces, and ahead of what is being sent.
        let held = self.flights.len() + self.ready.len();
        if width == 0 || held >= width.saturating_add(width / 2) {
            return Ok(false);
        }
        let room = width.saturating_mul(2) - held.min(width * 2);
        let claimed = queue.claim(session, room, self.limits.lease).await?;
        let full = claimed.len() == room;
        self.ready.extend(claimed);
        if full || filling.is_done() {
            return Ok(full);
        }
        filling.step(session, self.limits.fill_rate).await
    }

    /// Sends what is ready, as much as may be on its way at once.
    fn launch(&mut self) {
        let now = Instant::now();
        let width = self.gate.width(self.limits.in_flight, now);
        while self.flights.len() < width
            && let Some(claimed) = self.ready.pop_front()
        {
            let left = claimed.until.saturating_duration_since(now).saturating_sub(MARGIN);
            if left.is_zero() {
                // Somebody else may have it: its lease brings it back.
                continue;
            }
            let limit = self.limits.request_timeout.min(left);
            let endpoint = self.endpoint.clone();
            self.flights.spawn(async move {
                let outcome = endpoint.send(&claimed.change, limit).await;
                (claimed, outcome)
            });
        }
        if width == 0 {
            // Others may send them, or we do later.
            let unsent = self.ready.drain(..).map(|claimed| Record {
                claimed,
                outcome: Outcome::Unsent,
                wait: Duration::ZERO,
            });
            self.ended.extend(unsent);
        }
    }

    /// How long to wait if nothing happens.
    fn wait(&self, filled: bool) -> Duration {
        if !self.ended.is_empty() {
            return Duration::ZERO;
        }
        match self.gate.wait(Instant::now()) {
            Some(wait) => wait.min(self.limits.poll),
            None if filled => self.limits.poll,
            None => FILL_STEP,
        }
    }

    /// Takes in how one attempt ended.
    fn landed(&mut self, landed: Result<(Claimed, Outcome), tokio::task::JoinError>) {
        let (claimed, outcome) = match landed {
            Ok(landed) => landed,
            Err(error) => {
                tracing::error!(%error, "an attempt has crashed");
                return;
            }
        };
        let attempts = u32::try_from(claimed.attempts).unwrap_or(1);
        let mut wait = backoff(&self.limits, attempts);
        let (user, version) = (claimed.change.key.as_str(), claimed.change.version);
        match &outcome {
            Outcome::Delivered => self.opened(),
            Outcome::Dead(reason) => {
                self.opened();
                tracing::warn!(
                    user,
                    version,
                    reason,
                    "the receiver refuses a user; it is not sent again unless it changes"
                );
            }
            Outcome::Later { reason, after, scope } => {
                wait = wait.max(after.unwrap_or_default());
                let closed = self.gate.failed(&self.limits, *scope, *after, Instant::now());
                if let Some(wait) = closed {
                    let milliseconds = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                    match scope {
                        Scope::Settings => tracing::error!(reason, milliseconds, "sending pauses"),
                        _ => tracing::warn!(reason, milliseconds, "sending pauses"),
                    }
                }
                tracing::debug!(user, version, attempts, reason, "an attempt failed");
            }
            Outcome::Unsent => {}
        }
        self.ended.push(Record { claimed, outcome, wait });
    }

    fn opened(&mut self) {
        if self.gate.open() {
            tracing::info!("the receiver answers again");
        }
    }

    /// Writes down how attempts ended.
    async fn write_down(&mut self, session: &Session, queue: &Queue) -> Result<(), RelayError> {
        while let Some(landed) = self.flights.try_join_next() {
            self.landed(landed);
        }
        if !self.ended.is_empty() {
            queue.record(session, &self.ended).await?;
            self.ended.clear();
        }
        Ok(())
    }

    /// Ends in order: nothing new, and what is on its way is waited for.
    async fn land(&mut self, session: &Session, queue: &Queue) -> Result<(), RelayError> {
        let unsent = self.ready.drain(..).map(|claimed| Record {
            claimed,
            outcome: Outcome::Unsent,
            wait: Duration::ZERO,
        });
        self.ended.extend(unsent);
        let limit = self.limits.request_timeout;
        let all = async {
            while let Some(landed) = self.flights.join_next().await {
                self.landed(landed);
            }
        };
        if timeout(limit, all).await.is_err() {
            tracing::warn!("some attempts have not ended; they are made again");
        }
        if let Err(error) = self.write_down(session, queue).await {
            tracing::warn!(%error, "the last answers are not written down; these users are sent again");
        }
        tracing::info!("the relay has ended");
        Ok(())
    }
}
