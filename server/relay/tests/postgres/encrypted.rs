//! PostgreSQL over TLS: with a certificate that is trusted, and with ones that are not.

use std::fs;

use caffis_relay::{DatabaseSettings, install, status};
use caffis_servers::PostgresServer;
use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;

use crate::{
    harness::{ROLE, Relay, SCHEMA, USERS, map, role, settings, until},
    receiver::Receiver,
};

/// A certificate that stands for itself, and its key.
fn certificate(name: &str) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: cargo xtask test --only servers"]
async fn users_are_mirrored_over_tls_from_a_server_that_is_trusted() {
    let (pem, key) = certificate("localhost");
    let server = PostgresServer::encrypted(&pem, &key);
    server.order("app", USERS);
    server.order("app", "INSERT INTO users (id, name) VALUES ('anna', 'Anna'), ('bruno', 'Bruno')");
    let folder = TempDir::new().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    };
    let ca = file("ca.pem", &pem);
    let url = |role: &str, host: &str| {
        format!("postgresql://{role}:{role}@{host}:{}/app?sslmode=require", server.port())
    };
    let database = |role: &str| DatabaseSettings {
        url: url(role, "localhost"),
        password: None,
        ca: Some(ca.clone()),
    };
    install(&database("owner"), SCHEMA, &map(), &role()).await.unwrap();
    let receiver = Receiver::start().await;
    let mut wanted = settings(&server, &receiver);
    wanted.database = database(ROLE);
    let relay = Relay::start(wanted);
    until("both are filled", || receiver.users("name").len() == 2).await;
    // The session is an encrypted one.
    let encrypted = server.ask(
        "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE ssl AND usename = 'caffis_relay'",
    );
    assert!(encrypted.parse::<u32>().unwrap() >= 1, "{encrypted}");
    relay.stop().await;
    // Another authority, and another name than that of the certificate.
    let (other, _) = certificate("localhost");
    let other = file("other.pem", &other);
    for (host, ca) in [("localhost", other), ("127.0.0.1", ca)] {
        let refused = DatabaseSettings { url: url(ROLE, host), password: None, ca: Some(ca) };
        let error = status(&refused, SCHEMA).await.unwrap_err().to_string();
        assert!(error.contains("certificate"), "{host}: {error}");
    }
}
