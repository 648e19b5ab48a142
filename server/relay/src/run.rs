//! The relay: takes what is due, has it sent, writes down how it ended.
//!
//! One task holds the session with PostgreSQL; the senders are tasks of their own. Nothing in memory matters: what was
//! taken and not written down is taken again when its lease is over.

use std::{
    pin::Pin,
    time::{Duration, Instant},
};

use futures_util::FutureExt;
use tokio::time::{sleep, timeout};

use crate::{
    connect::{Database, Session, answered},
    error::RelayError,
    fill::Filling,
    installed::Installation,
    pace::backoff,
    queue::{INTAKE, Queue, Record},
    send::Endpoint,
    senders::Senders,
    settings::{Limits, Settings},
};

/// How often it is checked that the triggers still fit the table.
const CHECK: Duration = Duration::from_secs(30);
/// The wait between two pages of the first fill, at least.
const FILL_STEP: Duration = Duration::from_millis(20);
/// Mirrors users until it is told to stop.
///
/// # Errors
/// It could not start: afterwards it goes on, whatever happens to PostgreSQL or to the receiver.
pub async fn run(settings: Settings, stop: impl Future<Output = ()>) -> Result<(), RelayError> {
    let database = Database::new(&settings.database)?;
    let session = database.connect().await?;
    let installed = Installation::load(&session, &settings.schema).await?;
    let endpoint = Endpoint::new(&settings.endpoint)?;
    tracing::info!(
        table = installed.table,
        endpoint = endpoint.place(),
        fill.done = installed.fill.done,
        fill.users = installed.fill.count,
        "the relay runs"
    );
    let mut relay = Relay {
        limits: settings.limits.clone(),
        senders: Senders::start(&endpoint, &settings.limits),
        ended: Vec::new(),
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
            Ok(again) => {
                tracing::info!("PostgreSQL answers again");
                connected = Some(again);
            }
            Err(error) => tracing::warn!(%error, failures, "PostgreSQL is tried again"),
        }
    }
}

async fn reconnect(
    database: &Database,
    settings: &Settings,
) -> Result<(Session, Installation), RelayError> {
    let session = database.connect().await?;
    let installed = Installation::load(&session, &settings.schema).await?;
    Ok((session, installed))
}

/// What a relay has over several sessions with PostgreSQL.
struct Relay {
    limits: Limits,
    senders: Senders,
    /// Not written down yet: at most what the senders held.
    ended: Vec<Record>,
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
            // Also while there is so much to do that nothing is waited for.
            look |= session.woken.notified().now_or_never().is_some();
            if look {
                look = queue.take_in(session).await? == INTAKE;
            }
            let more = self.fetch(session, &queue, &mut filling).await?;
            if (look || more) && self.senders.room() > 0 {
                continue;
            }
            let wait = self.wait(filling.is_done());
            tokio::select! {
                biased;
                () = stop.as_mut() => return self.land(session, &queue).await,
                () = session.woken.notified() => look = true,
                Some(record) = self.senders.next(), if !self.senders.is_idle() => {
                    self.ended.push(record);
                }
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
        let room = self.senders.room();
        if room == 0 {
            return Ok(false);
        }
        let claimed = queue.claim(session, room, self.limits.lease).await?;
        let full = claimed.len() == room;
        self.senders.hand(claimed);
        if full || filling.is_done() {
            return Ok(full);
        }
        filling.step(session, self.limits.fill_rate).await
    }

    /// How long to wait if nothing happens.
    fn wait(&self, filled: bool) -> Duration {
        match self.senders.pause() {
            Some(wait) => wait.min(self.limits.poll),
            None if filled => self.limits.poll,
            None => FILL_STEP,
        }
    }

    /// Writes down how attempts ended.
    async fn write_down(&mut self, session: &Session, queue: &Queue) -> Result<(), RelayError> {
        self.senders.take(&mut self.ended);
        if !self.ended.is_empty() {
            queue.record(session, &self.ended).await?;
            self.ended.clear();
        }
        Ok(())
    }

    /// Ends in order: nothing new, and what is on its way is waited for.
    async fn land(&mut self, session: &Session, queue: &Queue) -> Result<(), RelayError> {
        self.senders.stop();
        let limit = self.limits.request_timeout;
        let all = async {
            while !self.senders.is_idle()
                && let Some(record) = self.senders.next().await
            {
                self.ended.push(record);
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
