//! The commit thread: takes what has gathered, writes it, syncs once, and answers everyone. It also
//! watches the disk space, and reopens the database after fjall has stopped (as it does after every
//! failed write).

use std::{
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use caffis_core::{durations::Durations, ports::store::StoreError};

use crate::{
    checkpoint,
    database::{CommitError, Database},
    expiry::LastSeen,
    folder::Folder,
    group::Group,
    options::{Health, Options},
    queue::{Queue, Request},
    space,
};

/// How often the thread checks the disk space, and whether fjall has stopped.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// How long reopening waits for a backup to let go.
const READERS_TIMEOUT: Duration = Duration::from_secs(2);

/// After this long without a sign of life from the thread, the store counts as failed: fjall may block
/// writers on its own threads without a limit.
const STALL_LIMIT: Duration = Duration::from_secs(20);

/// What the store's handle and its thread share.
pub(crate) struct Shared {
    /// The open database, or why there is none at the moment. Readers hold the lock while they
    /// read; only a reopening takes it for writing.
    pub(crate) database: RwLock<Result<Arc<Database>, String>>,
    pub(crate) queue: Queue,
    pub(crate) health: Mutex<Health>,
    /// How long groups take to be written and synced.
    pub(crate) syncs: Durations,
    /// When the thread last began a round.
    pub(crate) working: Mutex<Instant>,
    /// Asks a running backup to let go of the database.
    pub(crate) reopening: AtomicBool,
    pub(crate) folder: Folder,
    pub(crate) options: Options,
    pub(crate) now: LastSeen,
}

impl Shared {
    /// How the store is.
    pub(crate) fn health(&self) -> Health {
        let working = self.working.lock().unwrap_or_else(PoisonError::into_inner).elapsed();
        if working > STALL_LIMIT {
            return Health::Failed(format!("a write has been under way for {working:?}"));
        }
        self.health.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_health(&self, health: Health) {
        let mut current = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        if *current == health {
            return;
        }
        match &health {
            Health::Healthy => tracing::info!("the store writes again"),
            Health::Full => tracing::warn!("the store is full; writes are refused"),
            Health::Failed(reason) => tracing::error!(reason, "the store has failed"),
        }
        *current = health;
    }

    /// The open database.
    pub(crate) fn current(&self) -> Result<Arc<Database>, StoreError> {
        let slot = self.database.read().unwrap_or_else(PoisonError::into_inner);
        slot.clone().map_err(StoreError::Unavailable)
    }
}

/// Closes the queue however the thread ends, so that nobody waits for a dead thread.
struct Ending(Arc<Shared>);

impl Drop for Ending {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.set_health(Health::Failed("the committing thread has panicked".into()));
        }
        self.0.queue.abandon();
    }
}

/// What happens to the journals while the database is closed for a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Journals {
    /// They are read again.
    Keep,
    /// They are emptied, if all their rows are in tables.
    Empty,
}

/// Why the database was not reopened.
#[derive(Debug, thiserror::Error)]
enum NotReopened {
    #[error("a backup does not let go of the database")]
    InUse,
    #[error("{0}")]
    Failed(String),
}

/// The thread's own state.
pub(crate) struct Committer {
    shared: Arc<Shared>,
    /// The number of the last group.
    group: u64,
    looked: Instant,
    /// When the last group was committed; none when there was none since the last checkpoint.
    written: Option<Instant>,
    /// Whether the rows are on their way into tables, for a checkpoint.
    flushing: bool,
}

impl Committer {
    /// The thread's state after opening.
    pub(crate) fn new(shared: Arc<Shared>, last_group: u64) -> Self {
        let now = Instant::now();
        // Journals that an earlier process left deserve a checkpoint too.
        let mut committer =
            Self { shared, group: last_group, looked: now, written: Some(now), flushing: false };
        committer.look();
        committer
    }

    /// Serves until the queue is closed and empty.
    pub(crate) fn run(mut self) {
        let _ending = Ending(Arc::clone(&self.shared));
        while let Some(requests) = self.shared.queue.take(LOOK_INTERVAL) {
            *self.shared.working.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
            if self.looked.elapsed() >= LOOK_INTERVAL {
                self.look();
            }
            if requests.is_empty() {
                self.checkpoint_when_quiet();
            } else {
                self.serve(requests);
            }
        }
        self.close();
    }

    fn close(&mut self) {
        let mut slot = self.shared.database.write().unwrap_or_else(PoisonError::into_inner);
        // If a reader still holds it, the reader closes it later, without a checkpoint.
        if let Ok(database) = std::mem::replace(&mut *slot, Err("the store is closed".into()))
            && let Ok(database) = Arc::try_unwrap(database)
        {
            checkpoint::close(database, &self.shared.folder.data());
        }
    }

    /// Makes a checkpoint in two steps, so that writers who come in between do not wait: first has the
    /// rows written to tables; then, if nothing else was written meanwhile, empties the journals.
    fn checkpoint_when_quiet(&mut self) {
        let quiet = self.written.is_some_and(|written| written.elapsed() >= checkpoint::QUIET);
        if !quiet || self.shared.health() != Health::Healthy {
            return;
        }
        let data = self.shared.folder.data();
        let Ok(database) = self.shared.current() else { return };
        if !self.flushing {
            if checkpoint::is_worthwhile(&data) && database.begin_flush().is_ok() {
                self.flushing = true;
            } else {
                self.written = None;
            }
            return;
        }
        let flushed = database.is_flushed();
        drop(database);
        if !flushed {
            return;
        }
        match self.reopen(Journals::Empty) {
            // A backup is running: the journals are emptied at a quiet moment after it.
            Err(NotReopened::InUse) => {}
            Err(NotReopened::Failed(reason)) => {
                (self.written, self.flushing) = (None, false);
                tracing::warn!(reason, "no checkpoint");
            }
            Ok(()) => (self.written, self.flushing) = (None, false),
        }
    }

    fn serve(&mut self, requests: Vec<Request>) {
        let refusal = match self.shared.health() {
            Health::Healthy => None,
            Health::Full => Some(StoreError::Full),
            Health::Failed(reason) => Some(StoreError::Unavailable(reason)),
        };
        let database = match refusal {
            None => self.shared.current(),
            Some(refusal) => Err(refusal),
        };
        let mut group = Group::default();
        match database {
            Ok(database) => {
                let now = self.shared.options.clock.now().get();
                self.shared.now.store(now, Ordering::Relaxed);
                for request in requests {
                    group.add(&database, request, now);
                }
                drop(database);
                let result = if group.is_empty() { Ok(()) } else { self.commit(&group) };
                group.answer(result);
            }
            Err(error) => {
                for request in requests {
                    let _ = request.reply.send(Err(error.clone()));
                }
            }
        }
    }

    /// Writes a group. After a failure it finds out whether the group is in the database, so that
    /// the answer is seldom `Unknown`.
    fn commit(&mut self, group: &Group) -> Result<(), StoreError> {
        self.group += 1;
        self.written = Some(Instant::now());
        self.flushing = false;
        let mut result = self.write(group)?;
        if matches!(result, Err(CommitError::Write(fjall::Error::Poisoned))) {
            // One of fjall's own threads failed earlier; nothing of this group was written.
            let unavailable = |error: NotReopened| StoreError::Unavailable(error.to_string());
            self.reopen(Journals::Keep).map_err(unavailable)?;
            result = self.write(group)?;
        }
        let error = match result {
            Ok(()) => return Ok(()),
            Err(CommitError::Write(error)) => error,
            Err(CommitError::Prepare(error)) if space::is_full(&error) => {
                self.shared.set_health(Health::Full);
                return Err(StoreError::Full);
            }
            Err(CommitError::Prepare(error)) => {
                return Err(StoreError::Unavailable(format!("a table cannot be made: {error}")));
            }
        };
        if matches!(error, fjall::Error::Poisoned) {
            self.shared.set_health(Health::Full);
            return Err(StoreError::Full);
        }
        if !space::is_full(&error) {
            // After a failed sync the journal cannot be trusted to hold what follows.
            let reason = format!("a write failed: {error}");
            self.shared.set_health(Health::Failed(reason.clone()));
            return Err(StoreError::Unknown(reason));
        }
        self.shared.set_health(Health::Full);
        self.settle()
    }

    fn write(&self, group: &Group) -> Result<Result<(), CommitError>, StoreError> {
        let database = self.shared.current()?;
        let begun = Instant::now();
        let result = database.commit(self.group, group.changes());
        self.shared.syncs.record(begun.elapsed());
        Ok(result)
    }

    /// Reopens the database after a write ran out of disk space, and checks whether it has the last
    /// group. Opening cuts off a half-written batch, so a group that is missing now never appears; and it
    /// syncs what is there. (The file systems in use report that they are full when they take a write,
    /// not when they sync it.)
    fn settle(&mut self) -> Result<(), StoreError> {
        let unknown = |reason: String| StoreError::Unknown(reason);
        self.reopen(Journals::Keep).map_err(|error| unknown(error.to_string()))?;
        match self.shared.current()?.last_group() {
            Ok(last) if last == self.group => Ok(()),
            Ok(_) => Err(StoreError::Full),
            Err(error) => Err(unknown(error.to_string())),
        }
    }

    /// Looks after the store.
    fn look(&mut self) {
        self.looked = Instant::now();
        self.shared.now.store(self.shared.options.clock.now().get(), Ordering::Relaxed);
        let health = self.shared.health();
        if matches!(health, Health::Failed(_)) {
            return;
        }
        let writable = self.shared.current().is_ok_and(|database| database.is_writable());
        if !writable && let Err(reason) = self.reopen(Journals::Keep) {
            tracing::warn!(%reason, "the store cannot be reopened yet");
            return;
        }
        if let Ok(database) = self.shared.current() {
            database.show();
        }
        let folder = self.shared.folder.path();
        let roomy = space::free(folder).is_ok_and(|free| free >= self.shared.options.reserve_bytes);
        if !roomy {
            self.shared.set_health(Health::Full);
        } else if health == Health::Full && space::probe(folder).is_ok() {
            self.shared.set_health(Health::Healthy);
        }
    }

    /// Closes the database and opens it again, in place. A running backup is asked to let go if the store
    /// cannot go on otherwise; a checkpoint leaves it alone.
    fn reopen(&mut self, journals: Journals) -> Result<(), NotReopened> {
        self.shared.reopening.store(journals == Journals::Keep, Ordering::SeqCst);
        let reopened = self.reopen_when_free(journals);
        self.shared.reopening.store(false, Ordering::SeqCst);
        reopened
    }

    fn reopen_when_free(&mut self, journals: Journals) -> Result<(), NotReopened> {
        let deadline = Instant::now() + READERS_TIMEOUT;
        let data = self.shared.folder.data();
        loop {
            let mut slot = self.shared.database.write().unwrap_or_else(PoisonError::into_inner);
            let taken = std::mem::replace(&mut *slot, Err("the store is being reopened".into()));
            match taken.map(Arc::try_unwrap) {
                Ok(Ok(database)) => {
                    let flushed = database.is_flushed() && database.is_writable();
                    database.close(&data);
                    if flushed && journals == Journals::Empty {
                        let emptied = checkpoint::empty_journals(&data);
                        let _ =
                            emptied.inspect_err(|error| tracing::warn!(%error, "no checkpoint"));
                    }
                }
                Ok(Err(shared)) => {
                    *slot = Ok(shared);
                    drop(slot);
                    if journals == Journals::Empty || Instant::now() > deadline {
                        return Err(NotReopened::InUse);
                    }
                    std::thread::sleep(Duration::from_millis(2));
                    continue;
                }
                Err(_) => {}
            }
            let opened = Database::open(&data, &self.shared.options, &self.shared.now);
            let opened = opened.map_err(|error| format!("the store cannot be opened: {error}"));
            let result = opened.as_ref().map(|_| ()).map_err(|e| NotReopened::Failed(e.clone()));
            *slot = opened.map(Arc::new);
            return result;
        }
    }
}
