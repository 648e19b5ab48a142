//! Three nodes that keep three copies.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use caffis_core::{
    ports::store::{Batch, Key, Operation, Stamp, Store, StoreError, Value},
    tables,
};
use caffis_scylla::{Options, ScyllaStore};
use caffis_servers::CqlServers;

use crate::{conformance, migrations, options, statements::row};

/// Writers at once.
const WRITERS: u64 = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a real server"]
async fn three_nodes_keep_three_copies() {
    let mut servers = CqlServers::start(3);
    let options = options(&servers, "ten", 3);
    migrations::ten_at_once(&options).await;
    conformance(&servers, 3, 1).await;
    a_node_is_killed(&mut servers, &options).await;
}

fn key(writer: u64, number: u64) -> Key {
    Key { partition: vec![Value::U64(writer)], clustering: vec![Value::U64(number), Value::U64(0)] }
}

/// Writes rows until it is told to stop, or one is refused. A write whose outcome is unknown was not acknowledged: it may
/// be a server's answer that it waited too long for the one that has just died.
async fn writer(
    store: Arc<ScyllaStore>,
    writer: u64,
    stop: Arc<AtomicBool>,
) -> Result<Vec<Key>, StoreError> {
    let table = tables::BucketRow::TABLE;
    let mut acknowledged = Vec::new();
    for number in 1.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let mut row = row(table, 1);
        row.key = key(writer, number);
        let (written, operation) =
            (row.key.clone(), Operation::Put { table, row, ttl: None, fresh: true });
        let batch = Batch { operations: vec![operation], ..Batch::partition(Stamp(number)) };
        match store.write(batch).await {
            Ok(()) => acknowledged.push(written),
            Err(StoreError::Unknown(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(acknowledged)
}

/// One of three nodes dies while many write into tables that are there: the writes go on, and everything acknowledged is
/// there.
async fn a_node_is_killed(servers: &mut CqlServers, options: &Options) {
    let store = Arc::new(ScyllaStore::connect(options).await.unwrap());
    let stop = Arc::new(AtomicBool::new(false));
    let write = |number| tokio::spawn(writer(Arc::clone(&store), number, Arc::clone(&stop)));
    let before: Vec<_> = (0..WRITERS).map(write).collect();
    tokio::time::sleep(Duration::from_secs(2)).await;
    servers.nodes()[0].kill();
    let after: Vec<_> = (WRITERS..2 * WRITERS).map(write).collect();
    tokio::time::sleep(Duration::from_secs(5)).await;
    stop.store(true, Ordering::Relaxed);
    for (number, task) in (0..).zip(before.into_iter().chain(after)) {
        let acknowledged =
            task.await.unwrap().unwrap_or_else(|error| panic!("writer {number}: {error}"));
        assert!(!acknowledged.is_empty(), "writer {number} wrote nothing");
        for keys in acknowledged.chunks(500) {
            let found = store.get_many(tables::BucketRow::TABLE, keys).await.unwrap();
            assert!(found.iter().all(Option::is_some), "writer {number} lost something");
        }
    }
}
