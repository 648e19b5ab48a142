//! The store on a real server. `cargo xtask test --only servers` runs these; without that they are
//! ignored, because they need Java and the server's program.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod encrypted;
mod failures;
mod migrations;
mod ring;
mod statements;

use std::{future::ready, sync::Arc, time::Duration};

use caffis_conformance::store::{PassTime, Subject, suite, tables::TABLES};
use caffis_core::tables;
use caffis_scylla::{Options, Replication, Schema, ScyllaStore, migrate};
use caffis_servers::CqlServers;

fn options(servers: &CqlServers, keyspace: &str, copies: u8) -> Options {
    let replication = Replication::Everywhere(copies);
    Options { replication, ..Options::new(servers.hosts(), keyspace) }
}

/// A store whose tables were made just now.
async fn store(options: &Options, schema: &Schema) -> ScyllaStore {
    migrate(options, schema, "test").await.unwrap();
    ScyllaStore::connect(options).await.unwrap()
}

/// The suite, with the time of the servers moved by the test.
async fn conformance(servers: &CqlServers, copies: u8, sequences: u64) {
    let schema = Schema { number: tables::VERSION, tables: TABLES };
    let store = store(&options(servers, "suite", copies), &schema).await;
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
    let servers = CqlServers::start_once();
    conformance(&servers, 1, 4).await;
}
