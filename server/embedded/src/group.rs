//! A group: the requests that are committed together, and what they do to the rows.

use std::collections::BTreeMap;

use caffis_core::ports::store::{StoreError, Table, Value};
use tokio::sync::oneshot;

use crate::{
    database::{Change, Database},
    queue::{Encoded, Outcome, Request, Work},
    row,
};

/// The most rows that one delete of a range removes; they are removed one by one, in one batch.
pub(crate) const MAX_RANGE_DELETE_ROWS: usize = 1_000_000;

type Place = (&'static str, Vec<u8>);
type Rows = BTreeMap<Place, Option<Vec<u8>>>;
type Reply = oneshot::Sender<Result<Outcome, StoreError>>;

/// Requests on their way into one commit. Later ones see what earlier ones will have written.
#[derive(Default)]
pub(crate) struct Group {
    rows: Rows,
    replies: Vec<(Reply, Outcome)>,
    refused: Vec<(Reply, StoreError)>,
    shares: Vec<tokio::sync::OwnedSemaphorePermit>,
}

impl Group {
    /// Adds a request: decides its condition, and finds the rows that it touches.
    pub(crate) fn add(&mut self, database: &Database, request: Request, now: u64) {
        let Request { work, reply, _share: share } = request;
        self.shares.push(share);
        let outcome = match work {
            Work::Write(operations) => self.write(database, operations).map(|()| Outcome::Done),
            Work::Insert { table, key, value } => self.insert(database, table, key, value, now),
            Work::Swap { table, key, expected, value } => {
                self.swap(database, table, key, &expected, value, now)
            }
        };
        match outcome {
            Ok(outcome) => self.replies.push((reply, outcome)),
            Err(error) => self.refused.push((reply, error)),
        }
    }

    /// The rows to write.
    pub(crate) fn changes(&self) -> impl Iterator<Item = Change<'_>> {
        self.rows.iter().map(|((table, key), value)| Change { table, key, value: value.as_deref() })
    }

    /// Whether there is nothing to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Answers everybody: with what became of each, or with the error of the commit.
    pub(crate) fn answer(self, result: Result<(), StoreError>) {
        // The caller may be gone; the write still counts.
        for (reply, outcome) in self.replies {
            let _ = reply.send(result.clone().map(|()| outcome));
        }
        for (reply, error) in self.refused {
            let _ = reply.send(Err(error));
        }
        drop(self.shares);
    }

    fn write(&mut self, database: &Database, operations: Vec<Encoded>) -> Result<(), StoreError> {
        // Collected beside the group: a request that fails half-way leaves nothing in it.
        let ranged = operations.iter().any(|o| matches!(o, Encoded::DeleteRange { .. }));
        if !ranged {
            self.rows.extend(operations.into_iter().filter_map(single));
            return Ok(());
        }
        let mut own = Rows::new();
        for operation in operations {
            match operation {
                Encoded::DeleteRange { table, start, end } => {
                    let found = database
                        .keys(table, &start, end.as_deref(), MAX_RANGE_DELETE_ROWS)
                        .map_err(|error| StoreError::Unavailable(error.to_string()))?;
                    if found.len() > MAX_RANGE_DELETE_ROWS {
                        return Err(StoreError::Invalid {
                            table,
                            reason: format!("a range of more than {MAX_RANGE_DELETE_ROWS} rows"),
                        });
                    }
                    let mut gone: Vec<Place> = found.into_iter().map(|key| (table, key)).collect();
                    gone.extend(within(&self.rows, table, &start, end.as_deref()));
                    gone.extend(within(&own, table, &start, end.as_deref()));
                    own.extend(gone.into_iter().map(|place| (place, None)));
                }
                other => own.extend(single(other)),
            }
        }
        self.rows.append(&mut own);
        Ok(())
    }

    fn insert(
        &mut self,
        database: &Database,
        table: &'static Table,
        key: Vec<u8>,
        value: Vec<u8>,
        now: u64,
    ) -> Result<Outcome, StoreError> {
        if let Some(values) = self.current(database, table, &key, now)? {
            return Ok(Outcome::Found(Some(values)));
        }
        self.rows.insert((table.name, key), Some(value));
        Ok(Outcome::Done)
    }

    fn swap(
        &mut self,
        database: &Database,
        table: &'static Table,
        key: Vec<u8>,
        expected: &[Value],
        value: Vec<u8>,
        now: u64,
    ) -> Result<Outcome, StoreError> {
        match self.current(database, table, &key, now)? {
            Some(values) if values == expected => {
                self.rows.insert((table.name, key), Some(value));
                Ok(Outcome::Done)
            }
            found => Ok(Outcome::Found(found)),
        }
    }

    /// A row's values after the requests before.
    fn current(
        &self,
        database: &Database,
        table: &'static Table,
        key: &[u8],
        now: u64,
    ) -> Result<Option<Vec<Value>>, StoreError> {
        let corrupt = |reason| StoreError::Corrupt { table: table.name, reason };
        // A key of its own for the look-up: conditional writes are rare.
        if let Some(row) = self.rows.get(&(table.name, key.to_vec())) {
            return match row {
                Some(bytes) => row::decode(table, bytes, now).map_err(corrupt),
                None => Ok(None),
            };
        }
        let bytes = database.raw(table.name, key);
        match bytes.map_err(|error| StoreError::Unavailable(error.to_string()))? {
            Some(bytes) => row::decode(table, &bytes, now).map_err(corrupt),
            None => Ok(None),
        }
    }
}

fn single(operation: Encoded) -> Option<(Place, Option<Vec<u8>>)> {
    match operation {
        Encoded::Put { table, key, value } => Some(((table, key), Some(value))),
        Encoded::Delete { table, key } => Some(((table, key), None)),
        Encoded::DeleteRange { .. } => None,
    }
}

/// The places of a range among rows that are not written yet.
fn within(rows: &Rows, table: &'static str, start: &[u8], end: Option<&[u8]>) -> Vec<Place> {
    rows.range((table, start.to_vec())..)
        .map(|(place, _)| place)
        .take_while(|(name, key)| *name == table && end.is_none_or(|end| key.as_slice() < end))
        .cloned()
        .collect()
}
