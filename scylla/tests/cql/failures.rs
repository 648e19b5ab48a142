//! Servers that are gone, and options that do not fit them.

use std::time::{Duration, Instant};

use caffis_core::{
    ports::store::{Batch, Operation, Row, Stamp, Store, StoreError},
    tables,
};
use caffis_scylla::{ConnectError, Options, Schema, ScyllaStore, plan};
use caffis_servers::CqlServers;

use crate::{options, statements::row, store};

/// A server that is gone: what was not sent is unavailable, and nothing hangs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a real server"]
async fn a_server_that_is_gone_is_unavailable_and_comes_back() {
    let mut servers = CqlServers::start(1);
    let options = options(&servers, "gone", 1);
    let store = store(&options, &Schema::core()).await;
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
    let servers = CqlServers::start_once();
    let options = options(&servers, "options", 1);
    let elsewhere = Options { data_centre: Some("moon".to_owned()), ..options.clone() };
    let error = ScyllaStore::connect(&elsewhere).await.err().unwrap();
    assert!(matches!(error, ConnectError::DataCentre(_)), "{error}");
    let here = Options { data_centre: Some("datacenter1".to_owned()), ..options };
    let plan = plan(&here, &Schema::core()).await.unwrap();
    assert_eq!(plan.found, None, "nothing is there yet");
}
