//! The suite of the port: on one server, over TLS with a password, and on a Redis Cluster.

use std::time::Duration;

use caffis_conformance::bus::{Subject, suite};
use caffis_core::ports::bus::SharedBus;
use caffis_redis::Options;
use caffis_servers::redis::{RedisCluster, RedisServer};
use rcgen::{CertificateParams, KeyPair};

use crate::common::{nodes, options};

/// After this long nothing is on its way any more.
const SETTLE: Duration = Duration::from_millis(300);

async fn run(options: &Options) {
    let nodes = nodes(options).map(|node| node as SharedBus);
    suite(Subject { nodes, settle: SETTLE, loses: false }).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a real server"]
async fn on_one_server() {
    let server = RedisServer::start();
    run(&options(&server)).await;
    assert_eq!(server.command(&["DBSIZE"]), "0", "Redis holds nothing");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a real server"]
async fn on_a_cluster() {
    let cluster = RedisCluster::start(3);
    // One of them is enough to find the others.
    run(&options(&cluster.masters[1])).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a real server"]
async fn over_tls_with_a_password() {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (pem, key) = (certificate.pem(), file("key.pem", key.serialize_pem()));
    let certificate = file("certificate.pem", pem.clone());
    let server = RedisServer::with(&[
        "--tls-port",
        "PORT",
        "--tls-cert-file",
        &certificate,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &certificate,
        "--tls-auth-clients",
        "no",
        "--requirepass",
        "s3cret",
    ]);
    let url = format!("rediss://:s3cret@localhost:{}", server.port());
    let options: Options = url.parse().unwrap();
    // An authority that is not known is refused.
    assert!(caffis_redis::RedisBus::check(&options).await.is_err());
    run(&options.with_authority(pem)).await;
}
