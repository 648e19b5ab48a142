//! The store on a real server. `cargo xtask test --only servers` runs these; without that they are
//! ignored, because they need Java and the server's program.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    future::ready,
    ops::Bound,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use caffis_conformance::store::{PassTime, Subject, suite, tables::TABLES};
use caffis_core::{
    ports::store::{
        Batch, Column, ColumnType, Key, Operation, Row, Scan, Stamp, Store, StoreError, Swap,
        Table, Value,
    },
    tables,
};
use caffis_scylla::{ConnectError, Options, Replication, ScyllaStore, schema};
use caffis_servers::CqlServers;
use scylla::client::{session::Session, session_builder::SessionBuilder};

/// Makes a keyspace with tables.
async fn make(servers: &CqlServers, options: &Options, tables: &[&Table]) -> Session {
    let session = SessionBuilder::new().known_nodes(servers.hosts()).build().await.unwrap();
    let keyspace = schema::create_keyspace(&options.keyspace, &options.replication);
    session.query_unpaged(keyspace, ()).await.unwrap();
    for table in tables {
        let table = schema::create_table(&options.keyspace, table);
        session.query_unpaged(table, ()).await.unwrap();
    }
    session
}

fn options(servers: &CqlServers, keyspace: &str, copies: u8) -> Options {
    let replication = Replication::Everywhere(copies);
    Options { replication, ..Options::new(servers.hosts(), keyspace) }
}

/// The suite, with the time of the servers moved by the test.
async fn conformance(servers: &CqlServers, copies: u8, sequences: u64) {
    let options = options(servers, "suite", copies);
    make(servers, &options, TABLES).await;
    let store = ScyllaStore::connect(&options).await.unwrap();
    let clock = servers.clock();
    let pass_time: PassTime = Arc::new(move |time: Duration| {
        clock(time);
        Box::pin(ready(()))
    });
    suite(Subject {
        store: Arc::new(store),
        pass_time,
        seed: 1,
        sequences,
        operations: 1_500,
        several_writers: true,
        checks_declarations: cfg!(debug_assertions),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a real server"]
async fn the_suite_passes_on_one_node() {
    let servers = CqlServers::start(1);
    conformance(&servers, 1, 4).await;
}

fn value(column: &Column, number: u64) -> Value {
    match column.ty {
        ColumnType::Bool => Value::Bool(number % 2 == 1),
        ColumnType::U64 => Value::U64(number),
        ColumnType::Text => Value::Text(number.to_string().into()),
        ColumnType::Bytes => Value::Bytes(Bytes::from(number.to_string())),
    }
}

/// Rows of one partition that differ in their last clustering column.
fn row(table: &Table, number: u64) -> Row {
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
    let servers = CqlServers::start(1);
    let options = options(&servers, "core", 1);
    make(&servers, &options, tables::ALL).await;
    let store = ScyllaStore::connect(&options).await.unwrap();
    let conditional = [tables::LeaseRow::TABLE, tables::ShardRow::TABLE];
    for table in tables::ALL {
        match conditional.contains(table) {
            true => every_condition(&store, table).await,
            false => every_statement(&store, table).await,
        }
    }
}

/// A server that is gone: what was not sent is unavailable, and nothing hangs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a real server"]
async fn a_server_that_is_gone_is_unavailable_and_comes_back() {
    let mut servers = CqlServers::start(1);
    let options = options(&servers, "gone", 1);
    make(&servers, &options, &[tables::HeadRow::TABLE]).await;
    let store = ScyllaStore::connect(&options).await.unwrap();
    let table = tables::HeadRow::TABLE;
    let put = |number, stamp| Batch {
        operations: vec![Operation::Put {
            table,
            row: row(table, number),
            ttl: None,
            fresh: false,
        }],
        ..Batch::partition(Stamp(stamp))
    };
    store.write(put(1, 1)).await.unwrap();
    servers.nodes()[0].kill();
    let error = store.write(put(2, 2)).await.unwrap_err();
    assert!(!matches!(error, StoreError::Invalid { .. }), "{error}");
    let error = store.get(table, &row(table, 1).key).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    let error = ScyllaStore::connect(&options).await.err().unwrap();
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error}");
    servers.nodes()[0].restart();
    let deadline = Instant::now() + Duration::from_secs(60);
    let found = loop {
        match store.get(table, &row(table, 1).key).await {
            Ok(found) => break found,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let known = [row(table, 1), Row { key: row(table, 1).key, ..row(table, 2) }];
    assert!(known.map(Some).contains(&found), "what was acknowledged is there: {found:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a real server"]
async fn options_that_do_not_fit_the_servers_are_named() {
    let servers = CqlServers::start(1);
    let options = options(&servers, "options", 1);
    let elsewhere = Options { data_centre: Some("moon".to_owned()), ..options.clone() };
    let error = ScyllaStore::connect(&elsewhere).await.err().unwrap();
    assert!(matches!(error, ConnectError::DataCentre(_)), "{error}");
    let here = Options { data_centre: Some("datacenter1".to_owned()), ..options };
    assert!(ScyllaStore::connect(&here).await.is_ok());
}
