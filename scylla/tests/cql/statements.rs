//! Every statement that can be made of core's tables.

use std::{ops::Bound, time::Duration};

use bytes::Bytes;
use caffis_core::{
    ports::store::{
        Batch, Column, ColumnType, Key, Operation, Row, Scan, Stamp, Store, Swap, Table, Value,
    },
    tables,
};
use caffis_scylla::{Schema, ScyllaStore};
use caffis_servers::CqlServers;

use crate::{options, store};

fn value(column: &Column, number: u64) -> Value {
    match column.ty {
        ColumnType::Bool => Value::Bool(number % 2 == 1),
        ColumnType::U64 => Value::U64(number),
        ColumnType::Text => Value::Text(number.to_string().into()),
        ColumnType::Bytes => Value::Bytes(Bytes::from(number.to_string())),
    }
}

/// Rows of one partition that differ in their last clustering column.
pub(crate) fn row(table: &Table, number: u64) -> Row {
    let partition = table.partition.iter().map(|column| value(column, 1)).collect();
    let last = table.clustering.len().saturating_sub(1);
    let clustering = table.clustering.iter().enumerate();
    let clustering =
        clustering.map(|(at, (column, _))| value(column, if at == last { number } else { 1 }));
    let values = table.values.iter().map(|column| value(column, number)).collect();
    Row { key: Key { partition, clustering: clustering.collect() }, values }
}

/// Every statement that can be made of a table of core is one that the server takes.
async fn every_statement(store: &ScyllaStore, table: &'static Table) {
    let name = table.name;
    let (first, second) = (row(table, 1), row(table, 3));
    let whole = |reverse| Scan {
        table,
        partition: first.key.partition.clone(),
        from: Bound::Unbounded,
        to: Bound::Unbounded,
        reverse,
        limit: 10,
    };
    let ttl = Some(Duration::from_secs(600));
    let put = |row: &Row, ttl, fresh| Operation::Put { table, row: row.clone(), ttl, fresh };
    for (stamp, ttl, fresh) in [(1, None, false), (2, ttl, true)] {
        let operations = vec![put(&first, ttl, fresh)];
        let batch = Batch { operations, ..Batch::partition(Stamp(stamp)) };
        assert_eq!(store.write(batch).await, Ok(()), "{name}");
    }
    assert_eq!(store.get(table, &first.key).await, Ok(Some(first.clone())), "{name}");
    let mut expected = vec![first.clone()];
    if !table.clustering.is_empty() {
        let operations = vec![put(&second, None, true)];
        let batch = Batch { operations, ..Batch::partition(Stamp(3)) };
        assert_eq!(store.write(batch).await, Ok(()), "{name}");
        expected.push(second.clone());
    }
    let mut found = store.scan(whole(false)).await.unwrap();
    let back = store.scan(whole(true)).await.unwrap();
    assert!(found.iter().eq(back.iter().rev()), "{name}");
    found.sort_by(|one, other| one.key.cmp(&other.key));
    assert_eq!(found, expected, "{name}");
    let delete = Operation::Delete { table, key: first.key.clone() };
    let from = Bound::Included(second.key.clustering.clone());
    let (partition, to) = (second.key.partition.clone(), from.clone());
    let range = Operation::DeleteRange { table, partition, from, to };
    for operation in [delete, range] {
        let batch = Batch { operations: vec![operation], ..Batch::partition(Stamp(4)) };
        assert_eq!(store.write(batch).await, Ok(()), "{name}");
    }
    assert_eq!(store.scan(whole(false)).await, Ok(Vec::new()), "{name}");
}

/// The rows of leases, shards and claims are only ever written like this.
async fn every_condition(store: &ScyllaStore, table: &'static Table) {
    let (first, other) = (row(table, 1), row(table, 2));
    let other = Row { key: first.key.clone(), values: other.values };
    assert_eq!(store.insert_if_absent(table, first.clone()).await, Ok(None));
    assert_eq!(store.insert_if_absent(table, other.clone()).await, Ok(Some(first.clone())));
    let swap = async |expected: &Row, new: &Row| {
        let (key, expected, new) = (first.key.clone(), &expected.values, &new.values);
        store.compare_and_set(table, key, expected.clone(), new.clone()).await
    };
    assert_eq!(swap(&other, &other).await, Ok(Swap::Found(Some(first.clone()))));
    assert_eq!(swap(&first, &other).await, Ok(Swap::Done));
    // Rows of which nothing is left but that they are there.
    let nothing = vec![Value::Null; table.values.len()];
    let empty = Row { key: first.key.clone(), values: nothing };
    assert_eq!(swap(&empty, &first).await, Ok(Swap::Found(Some(other.clone()))));
    assert_eq!(swap(&other, &empty).await, Ok(Swap::Done));
    assert_eq!(swap(&first, &other).await, Ok(Swap::Found(Some(empty.clone()))));
    assert_eq!(store.insert_if_absent(table, first.clone()).await, Ok(Some(empty.clone())));
    assert_eq!(swap(&empty, &first).await, Ok(Swap::Done));
    let absent = Row { key: row(table, 9).key, values: empty.values.clone() };
    let absent = match table.clustering.is_empty() {
        true => {
            Row { key: Key { partition: vec![Value::Text("9".into())], ..absent.key }, ..absent }
        }
        false => absent,
    };
    let (key, values) = (absent.key.clone(), absent.values);
    let found = store.compare_and_set(table, key, values, first.values.clone()).await;
    assert_eq!(found, Ok(Swap::Found(None)), "no row is not a row of nothing");
    assert_eq!(store.get(table, &absent.key).await, Ok(None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a real server"]
async fn the_server_takes_every_statement_on_cores_tables() {
    let servers = CqlServers::start_once();
    let options = options(&servers, "core", 1);
    let store = store(&options, &Schema::core()).await;
    let conditional = [tables::LeaseRow::TABLE, tables::ShardRow::TABLE];
    for table in tables::ALL {
        match conditional.contains(table) {
            true => every_condition(&store, table).await,
            false => every_statement(&store, table).await,
        }
    }
}
