//! The committing thread: takes what has gathered, writes it, syncs once, answers everybody. It also
//! watches the space, and opens the database anew after fjall has stopped (as it does after every
//! failed write).

use std::{
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use caffis_core::ports::store::StoreError;

use crate::{
    database::Database,
    expiry::LastSeen,
    folder::Folder,
    group::Group,
    options::{Health, Options},
    queue::{Queue, Request},
    space,
};

/// How often the thread looks after the store: space, and whether fjall has stopped.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// How long a reopening waits for a backup to let go.
const READERS_TIMEOUT: Duration = Duration::from_secs(2);

/// What the store's handle and its thread share.
pub(crate) struct Shared {
    /// The open database, or why there is none at the moment. Readers hold the lock while they
    /// read; only a reopening takes it for writing.
    pub(crate) database: RwLock<Result<Arc<Database>, String>>,
    pub(crate) queue: Queue,
    pub(crate) health: Mutex<Health>,
    /// Asks a running backup to let go of the database.
    pub(crate) reopening: AtomicBool,
    pub(crate) folder: Folder,
    pub(crate) options: Options,
    pub(crate) now: LastSeen,
}

impl Shared {
    /// How the store is.
    pub(crate) fn health(&self) -> Health {
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

/// Closes the queue however the thread ends, so that nobody waits for a dead one.
struct Ending(Arc<Shared>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.queue.abandon();
    }
}

/// The thread's own state.
pub(crate) struct Committer {
    shared: Arc<Shared>,
    /// The number of the last group.
    group: u64,
    looked: Instant,
}

impl Committer {
    /// The thread's state after opening.
    pub(crate) fn new(shared: Arc<Shared>, last_group: u64) -> Self {
        let mut committer = Self { shared, group: last_group, looked: Instant::now() };
        committer.look();
        committer
    }

    /// Serves until the queue is closed and empty.
    pub(crate) fn run(mut self) {
        let _ending = Ending(Arc::clone(&self.shared));
        while let Some(requests) = self.shared.queue.take(LOOK_INTERVAL) {
            if self.looked.elapsed() >= LOOK_INTERVAL {
                self.look();
            }
            if !requests.is_empty() {
                self.serve(requests);
            }
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
                let now = self.shared.options.clock.now();
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
        let mut result = self.shared.current()?.commit(self.group, group.changes());
        if matches!(result, Err(fjall::Error::Poisoned)) {
            // One of fjall's own threads failed earlier; nothing of this group was written.
            self.reopen().map_err(StoreError::Unavailable)?;
            result = self.shared.current()?.commit(self.group, group.changes());
        }
        let error = match result {
            Ok(()) => return Ok(()),
            Err(error) => error,
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

    /// Opens the database anew after a write found no room, and looks whether the last group is in
    /// it. Opening cuts off a half-written batch, so what is not there now will never be.
    fn settle(&mut self) -> Result<(), StoreError> {
        let unknown = |reason: String| StoreError::Unknown(reason);
        self.reopen().map_err(unknown)?;
        match self.shared.current()?.last_group() {
            Ok(last) if last == self.group => Ok(()),
            Ok(_) => Err(StoreError::Full),
            Err(error) => Err(unknown(error.to_string())),
        }
    }

    /// Looks after the store.
    fn look(&mut self) {
        self.looked = Instant::now();
        self.shared.now.store(self.shared.options.clock.now(), Ordering::Relaxed);
        let health = self.shared.health();
        if matches!(health, Health::Failed(_)) {
            return;
        }
        let writable = self.shared.current().is_ok_and(|database| database.is_writable());
        if !writable && let Err(reason) = self.reopen() {
            tracing::warn!(reason, "the store cannot be opened anew yet");
            return;
        }
        let folder = self.shared.folder.path();
        let roomy = space::free(folder).is_ok_and(|free| free >= self.shared.options.reserve_bytes);
        if !roomy {
            self.shared.set_health(Health::Full);
        } else if health == Health::Full && space::probe(folder).is_ok() {
            self.shared.set_health(Health::Healthy);
        }
    }

    /// Closes the database and opens it again, in place.
    fn reopen(&mut self) -> Result<(), String> {
        self.shared.reopening.store(true, Ordering::SeqCst);
        let reopened = self.reopen_when_free();
        self.shared.reopening.store(false, Ordering::SeqCst);
        reopened
    }

    fn reopen_when_free(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + READERS_TIMEOUT;
        let data = self.shared.folder.data();
        loop {
            let mut slot = self.shared.database.write().unwrap_or_else(PoisonError::into_inner);
            match std::mem::replace(&mut *slot, Err("the store is being opened anew".into())) {
                Ok(database) => match Arc::try_unwrap(database) {
                    Ok(database) => database.close(&data),
                    Err(shared) => {
                        *slot = Ok(shared);
                        drop(slot);
                        if Instant::now() > deadline {
                            return Err("a backup does not let go of the database".into());
                        }
                        std::thread::sleep(Duration::from_millis(2));
                        continue;
                    }
                },
                Err(_) => {}
            }
            let opened = Database::open(&data, &self.shared.options, &self.shared.now);
            let opened = opened.map_err(|error| format!("the store cannot be opened: {error}"));
            let result = opened.as_ref().map(|_| ()).map_err(Clone::clone);
            *slot = opened.map(Arc::new);
            return result;
        }
    }
}
