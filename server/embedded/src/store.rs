//! The store's handle.

use std::{
    io,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64},
    },
    thread::JoinHandle,
    time::Instant,
};

use caffis_core::{
    durations::{Durations, Measured},
    ports::{
        check,
        store::{
            Batch, Key, Operation, Row, Scan, Store, StoreError, StoreFuture, StoreLimits, Swap,
            Table, Value,
        },
    },
};
use tokio::sync::{Semaphore, oneshot};

use crate::{
    backup::{self, BackupError, BackupProgress, BackupReport},
    commit::{Committer, Shared},
    database::Database,
    folder::Folder,
    key,
    options::{Health, OpenError, Options},
    queue::{Encoded, MAX_QUEUED_BYTES, Outcome, Queue, REQUEST_OVERHEAD_BYTES, Request, Work},
    row, space,
};

/// The most rows that a scan reads on the calling thread, which takes some tens of microseconds; one
/// that finds more leaves it. Most scans allow many rows and find few.
const MAX_INLINE_SCAN_ROWS: usize = 256;

/// The store on fjall. Dropping it serves what is queued and closes the folder.
pub struct EmbeddedStore {
    shared: Arc<Shared>,
    places: Arc<Semaphore>,
    committer: Option<JoinHandle<()>>,
}

impl EmbeddedStore {
    /// Opens the store in a folder, or makes one in an empty folder.
    ///
    /// # Errors
    ///
    /// Another process has it, it has another format, or the system refuses.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let io = |error| OpenError::Io { path: path.to_owned(), error };
        let folder = Folder::open(path)?;
        let now = Arc::new(AtomicU64::new(options.clock.now().get()));
        let opened = Database::open(&folder.data(), &options, &now);
        let database = opened.map_err(|error| open_error(path, error))?;
        let last_group = database.last_group().map_err(|error| open_error(path, error))?;
        let shared = Arc::new(Shared {
            database: RwLock::new(Ok(Arc::new(database))),
            queue: Queue::default(),
            health: Mutex::new(Health::Healthy),
            syncs: Durations::default(),
            reopening: AtomicBool::new(false),
            working: Mutex::new(Instant::now()),
            folder,
            options,
            now,
        });
        let committer = Committer::new(Arc::clone(&shared), last_group);
        let thread = std::thread::Builder::new().name("store-commit".into());
        let committer = thread.spawn(|| committer.run()).map_err(io)?;
        let places = Arc::new(Semaphore::new(MAX_QUEUED_BYTES as usize));
        Ok(Self { shared, places, committer: Some(committer) })
    }

    /// How the store is, for a readiness check.
    #[must_use]
    pub fn health(&self) -> Health {
        self.shared.health()
    }

    /// How long it takes to write a group of changes to the journal and sync it.
    #[must_use]
    pub fn syncs(&self) -> Measured {
        self.shared.syncs.read()
    }

    /// The bytes that are free on the store's file system.
    ///
    /// # Errors
    /// The system does not say.
    pub fn free_bytes(&self) -> io::Result<u64> {
        space::free(self.shared.folder.path())
    }

    /// Copies the store, as it is now, while it goes on: everything that was acknowledged before
    /// the call is in the copy. Blocks; call it on a thread of its own.
    ///
    /// # Errors
    ///
    /// The writer fails, or the store does.
    pub fn backup(
        &self,
        writer: impl io::Write,
        progress: impl FnMut(BackupProgress),
    ) -> Result<BackupReport, BackupError> {
        backup::run(&self.shared, writer, progress)
    }

    fn read<T>(
        shared: &Shared,
        read: impl FnOnce(&Database, u64) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let slot = shared.database.read().unwrap_or_else(PoisonError::into_inner);
        let database = slot.as_ref().map_err(|reason| StoreError::Unavailable(reason.clone()))?;
        read(database, shared.options.clock.now().get())
    }

    async fn submit(&self, work: Work, bytes: usize) -> Result<Outcome, StoreError> {
        let closing = || StoreError::Unavailable("the store is closing".into());
        let bytes = bytes.saturating_add(REQUEST_OVERHEAD_BYTES);
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).min(MAX_QUEUED_BYTES);
        let places = Arc::clone(&self.places);
        let share = places.acquire_many_owned(bytes).await.map_err(|_| closing())?;
        let (reply, answer) = oneshot::channel();
        let request = Request { work, reply, _share: share };
        self.shared.queue.push(request).map_err(|_| closing())?;
        let lost = |_| Err(StoreError::Unknown("the committing thread has ended".into()));
        answer.await.unwrap_or_else(lost)
    }

    async fn write_batch(&self, batch: Batch) -> Result<(), StoreError> {
        let bytes = check::batch(&batch, &StoreLimits::MAX)?;
        if cfg!(debug_assertions) {
            // Where it is wrong is a matter of code, not of data: the release build saves the time.
            check::declaration(&batch)?;
        }
        if batch.operations.is_empty() {
            return Ok(());
        }
        let now = self.shared.options.clock.now().get();
        let size = bytes + batch.operations.len() * 64;
        let operations = batch.operations.into_iter().filter_map(|o| encode(o, now)).collect();
        self.submit(Work::Write(operations), size).await.map(|_| ())
    }
}

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        self.shared.queue.close();
        if let Some(committer) = self.committer.take() {
            // A panic there has been reported already.
            let _ = committer.join();
        }
    }
}

fn open_error(path: &Path, error: fjall::Error) -> OpenError {
    let path = path.to_owned();
    match error {
        fjall::Error::Locked => OpenError::Locked { path },
        fjall::Error::Io(error) | fjall::Error::Storage(fjall::LsmError::Io(error)) => {
            OpenError::Io { path, error }
        }
        other => OpenError::Database { path, reason: other.to_string() },
    }
}

/// The operation as the journal takes it; none when it does nothing.
fn encode(operation: Operation, now: u64) -> Option<Encoded> {
    Some(match operation {
        Operation::Put { table, row, ttl, fresh: _ } => {
            let expires = ttl.map(|ttl| now.saturating_add(ttl.as_secs().saturating_mul(1000)));
            Encoded::Put {
                table: table.name,
                key: key::encode(table, &row.key),
                value: row::encode(&row.values, expires),
            }
        }
        Operation::Delete { table, key } => {
            Encoded::Delete { table: table.name, key: key::encode(table, &key) }
        }
        Operation::DeleteRange { table, partition, from, to } => {
            let (start, end) = key::range(table, &partition, &from, &to)?;
            Encoded::DeleteRange { table: table.name, start, end }
        }
    })
}

impl Store for EmbeddedStore {
    fn get<'a>(&'a self, table: &'static Table, key: &'a Key) -> StoreFuture<'a, Option<Row>> {
        Box::pin(async move {
            check::key(table, key)?;
            Self::read(&self.shared, |database, now| database.get(table, key, now))
        })
    }

    fn get_many<'a>(
        &'a self,
        table: &'static Table,
        keys: &'a [Key],
    ) -> StoreFuture<'a, Vec<Option<Row>>> {
        Box::pin(async move {
            check::keys(table, keys)?;
            let mut found = Vec::with_capacity(keys.len());
            for keys in keys.chunks(MAX_INLINE_SCAN_ROWS) {
                Self::read(&self.shared, |database, now| {
                    for key in keys {
                        found.push(database.get(table, key, now)?);
                    }
                    Ok(())
                })?;
                tokio::task::yield_now().await;
            }
            Ok(found)
        })
    }

    fn scan(&self, scan: Scan) -> StoreFuture<'_, Vec<Row>> {
        Box::pin(async move {
            check::scan(&scan)?;
            let first = Scan { limit: scan.limit.min(MAX_INLINE_SCAN_ROWS), ..scan.clone() };
            let rows = Self::read(&self.shared, |database, now| database.scan(&first, now))?;
            if rows.len() < first.limit || first.limit == scan.limit {
                return Ok(rows);
            }
            let shared = Arc::clone(&self.shared);
            let read = move || Self::read(&shared, |database, now| database.scan(&scan, now));
            let task = tokio::task::spawn_blocking(read);
            task.await.unwrap_or_else(|error| Err(StoreError::Unavailable(error.to_string())))
        })
    }

    fn limits(&self) -> StoreLimits {
        StoreLimits::MAX
    }

    fn write(&self, batch: Batch) -> StoreFuture<'_, ()> {
        Box::pin(self.write_batch(batch))
    }

    fn insert_if_absent(&self, table: &'static Table, row: Row) -> StoreFuture<'_, Option<Row>> {
        Box::pin(async move {
            let bytes = check::row(table, &row)?;
            let Row { key, values } = row;
            let value = row::encode(&values, None);
            let work = Work::Insert { table, key: key::encode(table, &key), value };
            Ok(match self.submit(work, bytes).await? {
                Outcome::Done => None,
                Outcome::Found(values) => values.map(|values| Row { key, values }),
            })
        })
    }

    fn compare_and_set(
        &self,
        table: &'static Table,
        key: Key,
        expected: Vec<Value>,
        new: Vec<Value>,
    ) -> StoreFuture<'_, Swap> {
        Box::pin(async move {
            check::key(table, &key)?;
            let bytes = check::values(table, &expected)? + check::values(table, &new)?;
            let value = row::encode(&new, None);
            let work = Work::Swap { table, key: key::encode(table, &key), expected, value };
            Ok(self.submit(work, bytes).await?.swap(key))
        })
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
