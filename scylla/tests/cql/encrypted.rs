//! Servers that encrypt, and ask who connects.

use caffis_core::{
    ports::store::{Batch, Operation, Stamp, Store},
    tables,
};
use caffis_scylla::{ConnectError, Identity, Options, Schema, ScyllaStore, Tls, plan};
use caffis_servers::{
    CqlServers, CqlSetup, Encryption,
    certificates::{Authority, SERVER_NAME},
};

use crate::{options, statements::row, store};

fn trusting(authority: &Authority, client: &Authority) -> Tls {
    let client = client.client();
    let identity = Identity { certificates: client.certificate.into(), key: client.key.into() };
    Tls { authority: Some(authority.pem().into()), name: None, identity: Some(identity) }
}

fn encrypted(servers: &CqlServers, tls: Tls) -> Options {
    Options { tls: Some(tls), ..options(servers, "encrypted", 1) }
}

/// Why the servers cannot be reached with these options.
async fn refused(options: &Options) -> String {
    match plan(options, &Schema::core()).await.unwrap_err() {
        caffis_scylla::MigrateError::Connect(error @ ConnectError::Unreachable { .. }) => {
            error.to_string()
        }
        error => panic!("{error}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a real server"]
async fn encrypted_servers_take_those_they_trust_and_are_trusted_by() {
    let setup = CqlSetup { encryption: Encryption::BothSides, ..CqlSetup::new(1) };
    let servers = setup.start();
    let ours = servers.authority();
    let good = trusting(ours, ours);
    let by_address = store(&encrypted(&servers, good.clone()), &Schema::core()).await;
    let row = row(tables::HeadRow::TABLE, 1);
    let key = row.key.clone();
    let put = Operation::Put { table: tables::HeadRow::TABLE, row, ttl: None, fresh: false };
    let batch = Batch { operations: vec![put], ..Batch::partition(Stamp(1)) };
    by_address.write(batch).await.unwrap();

    let named = Tls { name: Some(SERVER_NAME.to_owned()), ..good.clone() };
    let by_name = ScyllaStore::connect(&encrypted(&servers, named)).await.unwrap();
    assert!(by_name.get(tables::HeadRow::TABLE, &key).await.unwrap().is_some());

    let other_name = Tls { name: Some("elsewhere.test".to_owned()), ..good.clone() };
    let error = refused(&encrypted(&servers, other_name)).await;
    assert!(error.contains("certificate"), "{error}");
    let strangers = Authority::new();
    let error = refused(&encrypted(&servers, trusting(&strangers, ours))).await;
    assert!(error.contains("certificate"), "{error}");
    refused(&encrypted(&servers, trusting(ours, &strangers))).await;
    refused(&encrypted(&servers, Tls { identity: None, ..good })).await;
    refused(&options(&servers, "encrypted", 1)).await;
}
