//! Three nodes that keep three copies.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use caffis_core::{
    ports::store::{Batch, Key, Operation, Stamp, Store, Value},
    tables,
};
use caffis_scylla::{Schema, ScyllaStore};
use caffis_servers::CqlServers;

use crate::{conformance, migrations, options, statements::row, store};

/// Writers at once.
const WRITERS: u64 = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a real server"]
async fn three_nodes_keep_three_copies() {
    let mut servers = CqlServers::start(3);
    migrations::ten_at_once(&options(&servers, "ten", 3)).await;
    conformance(&servers, 3, 1).await;
    a_node_is_killed(&mut servers).await;
}

fn key(writer: u64, number: u64) -> Key {
    Key { partition: vec![Value::U64(writer)], clustering: vec![Value::U64(number), Value::U64(0)] }
}

/// Writes rows until it is told to stop, or a write fails; gives how many were acknowledged.
async fn writer(
    store: Arc<ScyllaStore>,
    writer: u64,
    stop: Arc<AtomicBool>,
) -> (u64, Option<String>) {
    let table = tables::BucketRow::TABLE;
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        let mut row = row(table, 1);
        row.key = key(writer, number + 1);
        let operations = vec![Operation::Put { table, row, ttl: None, fresh: true }];
        match store.write(Batch { operations, ..Batch::partition(Stamp(number + 1)) }).await {
            Ok(()) => number += 1,
            Err(error) => return (number, Some(error.to_string())),
        }
    }
    (number, None)
}

/// One of three nodes dies while many write: the writes go on, and everything acknowledged is there.
async fn a_node_is_killed(servers: &mut CqlServers) {
    let store = Arc::new(store(&options(servers, "killed", 3), &Schema::core()).await);
    let stop = Arc::new(AtomicBool::new(false));
    let write = |number| tokio::spawn(writer(Arc::clone(&store), number, Arc::clone(&stop)));
    let writers: Vec<_> = (0..WRITERS).map(write).collect();
    tokio::time::sleep(Duration::from_secs(2)).await;
    servers.nodes()[0].kill();
    tokio::time::sleep(Duration::from_secs(5)).await;
    stop.store(true, Ordering::Relaxed);
    for (number, task) in (0..WRITERS).zip(writers) {
        let (acknowledged, error) = task.await.unwrap();
        assert_eq!(error, None, "writer {number} after {acknowledged} writes");
        let keys: Vec<Key> = (1..=acknowledged).map(|at| key(number, at)).collect();
        for keys in keys.chunks(500) {
            let found = store.get_many(tables::BucketRow::TABLE, keys).await.unwrap();
            assert!(found.iter().all(Option::is_some), "writer {number} lost something");
        }
    }
}
