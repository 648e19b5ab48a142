//! Who migrates: a lease that is a row.
//!
//! Its holder writes the row again and again, each time with another number. Whoever sees that it has
//! stood still for [`STANDSTILL`] takes it. All its writes are conditional on what was seen, so of
//! several one succeeds. No clocks are compared.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use caffis_core::ports::store::{Column, ColumnType, Key, Row, StoreError, Swap, Table, Value};
use tokio::time::Instant;

use crate::{
    client::Client,
    conditional::{compare_and_set, insert_if_absent},
};

/// How often the holder writes the row.
pub(crate) const BEAT: Duration = Duration::from_secs(3);
/// How long the row of a holder that lives never stands still: five beats.
const STANDSTILL: Duration = Duration::from_secs(15);

/// One row.
pub(crate) static LEASES: Table = Table {
    name: "migration_leases",
    partition: &[Column { name: "lease", ty: ColumnType::Text }],
    clustering: &[],
    values: &[
        Column { name: "holder", ty: ColumnType::Text },
        Column { name: "beat", ty: ColumnType::U64 },
    ],
};

/// Why this node does not hold the lease.
#[derive(Debug)]
pub(crate) enum LeaseError {
    /// It was slow, and another one took it.
    Overtaken,
    /// The row cannot be read or written.
    Store(StoreError),
}

impl From<StoreError> for LeaseError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The lease, as one node sees it.
pub(crate) struct Lease {
    name: String,
    /// The row as it was last seen or written, and since when it has been so.
    seen: Option<(Row, Instant)>,
}

impl Lease {
    /// For a node with this name; two of the same name are still two.
    pub(crate) fn new(name: &str) -> Self {
        let unique = RandomState::new().hash_one(std::process::id());
        Self { name: format!("{name} {unique:016x}"), seen: None }
    }

    /// The name under which this node holds it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Takes the lease if it is free, or if its holder has stood still for too long.
    pub(crate) async fn try_take(&mut self, client: &Client) -> Result<bool, LeaseError> {
        let key = key();
        let Some(seen) = client.serial_row(&LEASES, &key).await? else {
            let row = Row { key, values: values(&self.name, 1) };
            let found = insert_if_absent(client, &LEASES, row.clone()).await;
            // Of an unknown outcome the next look tells.
            let taken = matches!(found, Ok(None));
            self.seen = taken.then(|| (row, Instant::now()));
            return unknown_is_no(found.map(|_| taken));
        };
        if self.seen.as_ref().is_none_or(|(row, _)| *row != seen) {
            self.seen = Some((seen.clone(), Instant::now()));
        }
        let (holder, _) = fields(&seen);
        let since = self.seen.as_ref().map_or(Duration::ZERO, |(_, since)| since.elapsed());
        let free = holder.is_empty() || holder == self.name || since >= STANDSTILL;
        Ok(free && self.swap(client, &seen, &self.name.clone()).await?)
    }

    /// Says that this node still works on it.
    pub(crate) async fn beat(&mut self, client: &Client) -> Result<(), LeaseError> {
        let overtaken = LeaseError::Overtaken;
        let (seen, _) = self.seen.clone().ok_or(overtaken)?;
        if self.swap(client, &seen, &self.name.clone()).await? {
            return Ok(());
        }
        // The answer may be missing of a write that took effect.
        match client.serial_row(&LEASES, &key()).await? {
            Some(row) if fields(&row).0 == self.name => {
                self.seen = Some((row, Instant::now()));
                Ok(())
            }
            _ => Err(LeaseError::Overtaken),
        }
    }

    /// Gives the lease back. If that fails, the others wait until it has stood still.
    pub(crate) async fn release(&mut self, client: &Client) {
        if let Some((seen, _)) = self.seen.clone() {
            let released = self.swap(client, &seen, "").await;
            if !matches!(released, Ok(true)) {
                tracing::warn!("the migration's lease was not released: {released:?}");
            }
        }
    }

    /// Replaces the lease's row; false if it is another one by now, or if that is not known.
    async fn swap(
        &mut self,
        client: &Client,
        seen: &Row,
        holder: &str,
    ) -> Result<bool, LeaseError> {
        let (_, beat) = fields(seen);
        let new = Row { key: seen.key.clone(), values: values(holder, beat + 1) };
        let (key, old) = (seen.key.clone(), seen.values.clone());
        let swapped = compare_and_set(client, &LEASES, key, old, new.values.clone()).await;
        let done = matches!(swapped, Ok(Swap::Done));
        if done {
            self.seen = Some((new, Instant::now()));
        }
        unknown_is_no(swapped.map(|_| done))
    }

    /// Who was last seen to hold it.
    pub(crate) fn holder(&self) -> String {
        self.seen.as_ref().map(|(row, _)| fields(row).0.to_owned()).unwrap_or_default()
    }
}

/// An unknown outcome is looked at again; anything else that fails ends the migration.
fn unknown_is_no(outcome: Result<bool, StoreError>) -> Result<bool, LeaseError> {
    match outcome {
        Err(StoreError::Unknown(_)) => Ok(false),
        outcome => Ok(outcome?),
    }
}

fn key() -> Key {
    Key { partition: vec![Value::Text("schema".into())], clustering: Vec::new() }
}

fn values(holder: &str, beat: u64) -> Vec<Value> {
    vec![Value::Text(holder.into()), Value::U64(beat)]
}

/// Who holds it, and the row's number.
fn fields(row: &Row) -> (&str, u64) {
    match row.values.as_slice() {
        [Value::Text(holder), Value::U64(beat)] => (holder, *beat),
        _ => ("", 0),
    }
}
