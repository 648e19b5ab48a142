//! Batches.

use std::time::Duration;

use caffis_core::ports::{
    check,
    store::{Atomicity, Batch, Operation, Stamp, StoreError, StoreLimits, Table},
};
use futures_util::{StreamExt, stream};
use scylla::statement::{
    batch::{Batch as CqlBatch, BatchType},
    prepared::PreparedStatement,
};

use crate::{
    client::Client,
    failure::{self, Attempts},
    slices::slices,
    statement::{Cut, Shape},
    values::Cells,
};

/// What one batch may hold. The servers take 16 MiB in one mutation; the limit is below it, because
/// a mutation stays in the memory of several servers until all of them have answered.
pub(crate) const LIMITS: StoreLimits =
    StoreLimits { batch_operations: 2_048, batch_bytes: 4 * 1024 * 1024 };

/// The most bytes of a partition's part of a batch with its keys.
const MAX_PARTITION_BYTES: usize = 7 * 1024 * 1024;

/// The most bytes of a logged batch over several partitions: Apache Cassandra refuses more than 50 KiB
/// (`batch_size_fail_threshold`), and counts a little differently.
const MAX_LOGGED_BYTES: usize = 40 * 1024;

/// How many partitions of one batch are written at once.
const WRITES_AT_ONCE: usize = 64;

/// The longest time to live that CQL knows: 20 years.
const MAX_TTL: Duration = Duration::from_secs(20 * 365 * 86_400);

/// What is sent for one partition of one table.
struct Part {
    table: &'static Table,
    statements: Vec<(PreparedStatement, Cells)>,
}

impl Part {
    fn size(&self) -> usize {
        self.statements.iter().map(|(_, cells)| cells.size()).sum()
    }
}

/// Writes a batch.
pub(crate) async fn write(client: &Client, batch: Batch) -> Result<(), StoreError> {
    check::batch(&batch, &LIMITS)?;
    if cfg!(debug_assertions) {
        // Where it is wrong is a matter of code, not of data: the release build saves the time.
        check::declaration(&batch)?;
    }
    let Batch { stamp, atomicity, operations } = batch;
    let mut parts = parts(client, stamp, operations).await?;
    let fits = |part: &Part| part.size() <= MAX_PARTITION_BYTES;
    if let Some(part) = parts.iter().find(|part| !fits(part)) {
        return Err(too_large(part.table, part.size(), MAX_PARTITION_BYTES));
    }
    match parts.len() {
        0 => Ok(()),
        1 => send(client, parts.swap_remove(0), BatchType::Unlogged).await,
        _ if atomicity == Atomicity::Logged => logged(client, parts).await,
        _ => side_by_side(client, parts).await,
    }
}

fn too_large(table: &'static Table, bytes: usize, most: usize) -> StoreError {
    let reason = format!("a write of {bytes} bytes with its keys, at most {most}");
    StoreError::Invalid { table: table.name, reason }
}

/// The statements of each partition.
async fn parts(
    client: &Client,
    stamp: Stamp,
    mut operations: Vec<Operation>,
) -> Result<Vec<Part>, StoreError> {
    let place = |operation: &Operation| (operation.table().name, operation.partition().to_vec());
    let same = |one: &Operation, other: &Operation| {
        one.table().name == other.table().name && one.partition() == other.partition()
    };
    if !operations.windows(2).all(|pair| same(&pair[0], &pair[1])) {
        operations.sort_by_cached_key(place);
    }
    let mut parts: Vec<Part> = Vec::new();
    for group in operations.chunk_by(same) {
        let table = group[0].table();
        let mut statements = Vec::with_capacity(group.len());
        for operation in group {
            for (shape, cells) in bind(operation, stamp)? {
                let statement = client.prepared(table, shape).await?;
                statements.push((statement, cells));
            }
        }
        // A range in which nothing can lie has no statements.
        if !statements.is_empty() {
            parts.push(Part { table, statements });
        }
    }
    Ok(parts)
}

/// The statements of an operation, with what is bound to them.
fn bind(operation: &Operation, stamp: Stamp) -> Result<Vec<(Shape, Cells)>, StoreError> {
    // Below 2^63, as the port checks.
    let stamp = i64::try_from(stamp.0).unwrap_or(i64::MAX);
    Ok(match operation {
        Operation::Put { table, row, ttl, fresh } => {
            let key = Cells::default().partition(table, &row.key.partition);
            let key = key.values(&row.key.clustering);
            let cells = if *fresh { key.present(&row.values) } else { key.values(&row.values) };
            let cells = cells.long(stamp);
            let shape = Shape::Put { expires: ttl.is_some() };
            vec![match ttl {
                None => (shape, cells),
                Some(ttl) => (shape, cells.int(seconds(table, *ttl)?)),
            }]
        }
        Operation::Delete { table, key } => {
            let cells = Cells::default().long(stamp).partition(table, &key.partition);
            vec![(Shape::Delete, cells.values(&key.clustering))]
        }
        Operation::DeleteRange { table, partition, from, to } => {
            let slice = |slice| {
                let cells = Cells::default().long(stamp).partition(table, partition);
                (Shape::DeleteSlice(Cut::from(&slice)), cells.slice(&slice))
            };
            slices(table, from, to).into_iter().map(slice).collect()
        }
    })
}

fn seconds(table: &'static Table, ttl: Duration) -> Result<i32, StoreError> {
    let seconds = i32::try_from(ttl.as_secs()).ok().filter(|_| ttl <= MAX_TTL);
    seconds.ok_or_else(|| StoreError::Invalid {
        table: table.name,
        reason: format!("a time to live of {ttl:?}, at most {MAX_TTL:?}"),
    })
}

/// Sends statements as one request: a mutation, where they are of one partition.
async fn send(client: &Client, part: Part, kind: BatchType) -> Result<(), StoreError> {
    let Part { table, mut statements } = part;
    let attempts = Attempts::default();
    let policy = Some(std::sync::Arc::new(attempts.clone()) as _);
    let result = if statements.len() == 1
        && let Some((mut statement, cells)) = statements.pop()
    {
        statement.set_retry_policy(policy);
        client.session.execute_unpaged(&statement, cells).await
    } else {
        let (statements, cells): (Vec<_>, Vec<_>) = statements.into_iter().unzip();
        let statements = statements.into_iter().map(Into::into).collect();
        let mut batch = CqlBatch::new_with_statements(kind, statements);
        batch.set_execution_profile_handle(Some(client.statements.profiles().write.clone()));
        batch.set_is_idempotent(true);
        batch.set_retry_policy(policy);
        client.session.batch(&batch, cells).await
    };
    match result {
        Ok(_) => Ok(()),
        Err(error) => Err(failure::write(table, &error, &attempts)),
    }
}

/// All or none, by the batch log.
async fn logged(client: &Client, parts: Vec<Part>) -> Result<(), StoreError> {
    let (table, bytes) = (parts[0].table, parts.iter().map(Part::size).sum());
    if bytes > MAX_LOGGED_BYTES {
        return Err(too_large(table, bytes, MAX_LOGGED_BYTES));
    }
    let statements = parts.into_iter().flat_map(|part| part.statements).collect();
    send(client, Part { table, statements }, BatchType::Logged).await
}

/// Each partition by itself. Every write comes to an end before the answer, so that the caller who
/// repairs meets none of them that is still under way here.
async fn side_by_side(client: &Client, parts: Vec<Part>) -> Result<(), StoreError> {
    let writes = parts.into_iter().map(|part| send(client, part, BatchType::Unlogged));
    let answers = stream::iter(writes).buffer_unordered(WRITES_AT_ONCE);
    let answers: Vec<Result<(), StoreError>> = answers.collect().await;
    let written = answers.iter().any(Result::is_ok);
    let mut failures: Vec<StoreError> = answers.into_iter().filter_map(Result::err).collect();
    let unknown = failures.iter().position(|error| matches!(error, StoreError::Unknown(_)));
    if failures.is_empty() {
        return Ok(());
    }
    let error = failures.swap_remove(unknown.unwrap_or(0));
    // Of the whole it is not true that nothing was written.
    Err(if written { StoreError::Unknown(error.to_string()) } else { error })
}

#[cfg(test)]
mod tests {
    use std::ops::Bound;

    use caffis_core::{
        ports::store::{Key, Row, Value},
        tables::BucketRow,
    };

    use super::*;

    #[test]
    fn a_time_to_live_has_a_limit() {
        let table = BucketRow::TABLE;
        assert_eq!(seconds(table, Duration::from_secs(3)), Ok(3));
        assert_eq!(seconds(table, MAX_TTL), Ok(630_720_000));
        let long = seconds(table, MAX_TTL + Duration::from_secs(1));
        assert!(matches!(long, Err(StoreError::Invalid { .. })), "{long:?}");
    }

    #[test]
    fn what_is_bound_follows_the_shape() {
        let stamp = Stamp(9);
        let partition = vec![Value::U64(1)];
        let key = Key { partition: partition.clone(), clustering: vec![Value::U64(2); 2] };
        let values = vec![Value::U64(3), Value::U64(4), Value::Null, Value::Null];
        let row = Row { key: key.clone(), values: values.clone() };
        let table = BucketRow::TABLE;
        let put = |ttl, fresh| Operation::Put { table, row: row.clone(), ttl, fresh };
        let start = Cells::default().values(&partition).values(&key.clustering);
        let bound = bind(&put(None, false), stamp);
        let cells = start.clone().values(&values).long(9);
        assert_eq!(bound, Ok(vec![(Shape::Put { expires: false }, cells)]));
        let bound = bind(&put(Some(Duration::from_secs(5)), true), stamp);
        let cells = start.clone().present(&values).long(9).int(5);
        assert_eq!(bound, Ok(vec![(Shape::Put { expires: true }, cells)]));
        let range = Operation::DeleteRange {
            table,
            partition,
            from: Bound::Excluded(vec![Value::U64(2), Value::U64(7)]),
            to: Bound::Unbounded,
        };
        assert_eq!(bind(&range, stamp).map(|bound| bound.len()), Ok(2), "two slices");
    }
}
