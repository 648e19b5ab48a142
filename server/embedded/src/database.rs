//! One open fjall database: a keyspace for each table, and one of our own.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use caffis_core::ports::store::{Key, Row, Scan, StoreError, Table};
use fjall::{AbstractTree, Keyspace, KeyspaceCreateOptions, PersistMode, Readable, Snapshot};

use crate::{
    expiry::{LastSeen, Sweep},
    key,
    options::Options,
    row,
};

/// The keyspace of the store's own rows; no table has a name like it.
const SYSTEM: &str = "$store";

/// The key of the number of the last group that was committed.
const GROUP_KEY: &[u8] = b"group";

/// Journals beyond this are emptied into tables; it bounds what a start has to read again. The
/// least that fjall takes.
const JOURNAL_BYTES: u64 = 64 * 1024 * 1024;

/// How long to wait until fjall has closed its files.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// An open database.
pub(crate) struct Database {
    inner: fjall::Database,
    tables: RwLock<HashMap<String, Keyspace>>,
    system: Keyspace,
    /// What readers see. fjall's flushes and compactions publish whatever is in memory at that moment,
    /// which may be half a batch, so readers never take a snapshot of their own: the committing thread
    /// takes one for all of them while it writes nothing.
    visible: RwLock<Arc<Snapshot>>,
    write_buffer_bytes: u64,
}

/// One change of one row, as the journal takes it.
pub(crate) struct Change<'a> {
    pub(crate) table: &'static str,
    pub(crate) key: &'a [u8],
    /// None removes the row.
    pub(crate) value: Option<&'a [u8]>,
}

/// Why a commit failed.
#[derive(Debug)]
pub(crate) enum CommitError {
    /// A table could not be made; nothing was written.
    Prepare(fjall::Error),
    /// The journal could not be written or synced; fjall has stopped.
    Write(fjall::Error),
}

impl Database {
    /// Opens or makes the database in a folder.
    pub(crate) fn open(path: &Path, options: &Options, now: &LastSeen) -> fjall::Result<Self> {
        let sweep: Arc<dyn fjall::compaction::filter::Factory> = Arc::new(Sweep(Arc::clone(now)));
        let inner = fjall::Database::builder(path)
            .cache_size(options.block_cache_bytes)
            .max_journaling_size(JOURNAL_BYTES)
            .manual_journal_persist(true)
            .with_compaction_filter_factories(Arc::new(move |name| {
                (name != SYSTEM).then(|| Arc::clone(&sweep))
            }))
            .open()?;
        let system = inner.keyspace(SYSTEM, KeyspaceCreateOptions::default)?;
        let visible = RwLock::new(Arc::new(inner.snapshot()));
        let database = Self {
            inner,
            tables: RwLock::default(),
            system,
            visible,
            write_buffer_bytes: options.write_buffer_bytes,
        };
        for name in database.inner.list_keyspace_names() {
            if *name != *SYSTEM {
                database.make_table(&name)?;
            }
        }
        database.show();
        Ok(database)
    }

    /// The names of the tables that have been written to.
    pub(crate) fn table_names(&self) -> Vec<String> {
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        let mut names: Vec<_> = tables.keys().cloned().collect();
        names.sort();
        names
    }

    /// A table's keyspace; none when nothing was ever written to it.
    pub(crate) fn table(&self, name: &str) -> Option<Keyspace> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// A table's keyspace, made if need be. Called by one thread only.
    pub(crate) fn make_table(&self, name: &str) -> fjall::Result<Keyspace> {
        if let Some(table) = self.table(name) {
            return Ok(table);
        }
        let options = KeyspaceCreateOptions::default().max_memtable_size(self.write_buffer_bytes);
        let table = self.inner.keyspace(name, || options)?;
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        tables.insert(name.to_owned(), table.clone());
        Ok(table)
    }

    /// Everything that is durable, as it is now.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.visible.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Shows readers what is in the database. Called by the committing thread only, between its commits;
    /// also now and then without one, because fjall keeps the files and buffers of an old snapshot.
    pub(crate) fn show(&self) {
        let snapshot = Arc::new(self.inner.snapshot());
        *self.visible.write().unwrap_or_else(PoisonError::into_inner) = snapshot;
    }

    /// Writes changes and the group's number as one batch and syncs; visible when it returns.
    pub(crate) fn commit<'a>(
        &self,
        group: u64,
        changes: impl Iterator<Item = Change<'a>>,
    ) -> Result<(), CommitError> {
        let mut batch = self.inner.batch().durability(Some(PersistMode::SyncData));
        for Change { table, key, value } in changes {
            let table = self.make_table(table).map_err(CommitError::Prepare)?;
            match value {
                Some(value) => batch.insert(&table, key, value),
                None => batch.remove(&table, key),
            }
        }
        batch.insert(&self.system, GROUP_KEY, group.to_be_bytes());
        batch.commit().map_err(CommitError::Write)?;
        self.show();
        Ok(())
    }

    /// The number of the last group that is in the database; 0 when there is none.
    pub(crate) fn last_group(&self) -> fjall::Result<u64> {
        let bytes = self.snapshot().get(&self.system, GROUP_KEY)?;
        let number = bytes.and_then(|bytes| bytes.as_ref().try_into().ok());
        Ok(number.map_or(0, u64::from_be_bytes))
    }

    /// Whether fjall still takes writes: it stops for good after a failed one, also one of its own.
    pub(crate) fn is_writable(&self) -> bool {
        self.inner.persist(PersistMode::Buffer).is_ok()
    }

    /// Has fjall write all rows to tables, in the background.
    pub(crate) fn begin_flush(&self) -> fjall::Result<()> {
        self.each_keyspace(|keyspace| keyspace.rotate_memtable().map(|_| ()))
    }

    /// Whether all rows are in tables.
    pub(crate) fn is_flushed(&self) -> bool {
        let empty = |keyspace: &Keyspace| match keyspace.tree.get_highest_memtable_seqno() {
            None => Ok(()),
            Some(_) => Err(()),
        };
        self.each_keyspace(empty).is_ok()
    }

    fn each_keyspace<E>(&self, mut each: impl FnMut(&Keyspace) -> Result<(), E>) -> Result<(), E> {
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        tables.values().chain([&self.system]).try_for_each(&mut each)
    }

    /// The bytes of a row as they are durable now.
    pub(crate) fn raw(&self, table: &str, key: &[u8]) -> fjall::Result<Option<fjall::Slice>> {
        match self.table(table) {
            Some(keyspace) => self.snapshot().get(&keyspace, key),
            None => Ok(None),
        }
    }

    /// The keys of a range as they are durable now; `limit` + 1 of them when there are more.
    pub(crate) fn keys(
        &self,
        table: &str,
        start: &[u8],
        end: Option<&[u8]>,
        limit: usize,
    ) -> fjall::Result<Vec<Vec<u8>>> {
        let Some(keyspace) = self.table(table) else {
            return Ok(Vec::new());
        };
        let rows = range(&self.snapshot(), &keyspace, start, end);
        rows.take(limit + 1).map(|row| row.key().map(|key| key.to_vec())).collect()
    }

    /// The row with this key.
    pub(crate) fn get(
        &self,
        table: &'static Table,
        key: &Key,
        now: u64,
    ) -> Result<Option<Row>, StoreError> {
        let bytes = self.raw(table.name, &key::encode(table, key));
        let Some(bytes) = bytes.map_err(|error| read_error(table, &error))? else {
            return Ok(None);
        };
        let values = row::decode(table, &bytes, now).map_err(|reason| corrupt(table, reason))?;
        Ok(values.map(|values| Row { key: key.clone(), values }))
    }

    /// The rows of a scan.
    pub(crate) fn scan(&self, scan: &Scan, now: u64) -> Result<Vec<Row>, StoreError> {
        let table = scan.table;
        let skip = key::partition(&scan.partition).len();
        let bounds = key::range(table, &scan.partition, &scan.from, &scan.to);
        let (Some(keyspace), Some((start, end))) = (self.table(table.name), bounds) else {
            return Ok(Vec::new());
        };
        let mut found = Vec::with_capacity(scan.limit.min(64));
        let mut rows = range(&self.snapshot(), &keyspace, &start, end.as_deref());
        while found.len() < scan.limit {
            let next = if scan.reverse { rows.next_back() } else { rows.next() };
            let Some(next) = next else { break };
            let (key, value) = next.into_inner().map_err(|error| read_error(table, &error))?;
            let values =
                row::decode(table, &value, now).map_err(|reason| corrupt(table, reason))?;
            let Some(values) = values else { continue };
            let clustering = key::clustering(table, &key, skip)
                .map_err(|error| corrupt(table, error.to_string()))?;
            let key = Key { partition: scan.partition.clone(), clustering };
            found.push(Row { key, values });
        }
        Ok(found)
    }

    /// Closes the database and waits until its files are closed: fjall's threads let go of the
    /// journal a moment later, and what they still flush then must not meet a second opening.
    pub(crate) fn close(self, path: &Path) {
        drop(self);
        let deadline = Instant::now() + CLOSE_TIMEOUT;
        while journal_is_open(path) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Whether this process has a journal of the database open. Where the system does not tell, it
/// waits a little and says no.
fn journal_is_open(path: &Path) -> bool {
    let Ok(open) = std::fs::read_dir("/proc/self/fd") else {
        std::thread::sleep(Duration::from_millis(50));
        return false;
    };
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    open.flatten().filter_map(|entry| std::fs::read_link(entry.path()).ok()).any(|file| {
        file.extension().is_some_and(|extension| extension == "jnl") && file.starts_with(&path)
    })
}

fn range(
    snapshot: &Snapshot,
    keyspace: &Keyspace,
    start: &[u8],
    end: Option<&[u8]>,
) -> fjall::Iter {
    match end {
        Some(end) => snapshot.range(keyspace, start..end),
        None => snapshot.range(keyspace, start..),
    }
}

fn corrupt(table: &'static Table, reason: String) -> StoreError {
    StoreError::Corrupt { table: table.name, reason }
}

fn read_error(table: &'static Table, error: &fjall::Error) -> StoreError {
    match error {
        fjall::Error::Io(_) | fjall::Error::Storage(fjall::LsmError::Io(_)) => {
            StoreError::Unavailable(error.to_string())
        }
        _ => corrupt(table, error.to_string()),
    }
}
