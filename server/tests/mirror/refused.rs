//! What PostgreSQL refuses, as whoever runs a relay reads it: why, and what to do.

use std::time::Instant;

use caffis_servers::PostgresServer;

use crate::{
    receiver::Receiver,
    relays::{PATIENCE, ROLE, Relays},
};

/// Waits until the relay's log says all of this in one line, from a byte on; gives the log's length.
async fn logged(relays: &Relays, from: usize, parts: &[&str]) -> usize {
    let end = Instant::now() + PATIENCE;
    loop {
        let log = relays.log();
        let mut lines = log[from..].lines();
        if lines.any(|line| parts.iter().all(|part| line.contains(part))) {
            return log.len();
        }
        assert!(Instant::now() < end, "{parts:?}: {log}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: cargo xtask test --only servers"]
async fn a_relay_that_cannot_start_says_why_and_what_to_do() {
    let server = PostgresServer::start();
    server.order("app", "CREATE TABLE users (id text PRIMARY KEY, name text)");
    server.order("app", "CREATE TABLE visits (id text, name text)");
    let receiver = Receiver::start().await;
    let relays = Relays::new(&server, &receiver);
    let owner = server.url("owner");
    let install = ["install", "--apply", "--pg-relay-database", &owner];
    let visits = [&install[..], &["--pg-relay-table", "visits"]].concat();
    let said = relays.refused(&visits);
    assert!(said.contains("ALTER TABLE \"visits\" ADD PRIMARY KEY (id)"), "{said}");
    relays.worked(&install);
    let url = server.url(ROLE);
    let wrong = url.replace(&format!("{ROLE}:{ROLE}@"), &format!("{ROLE}:wr0ng@"));
    let nobody = url.replace(&server.port().to_string(), "1");
    let cases: [(&str, &[&str]); 4] = [
        (&wrong, &["password authentication failed", "pg_relay_database_password", "pg_hba.conf"]),
        (&url.replace("/app", "/other"), &["refuses the login", "other", "pg_relay_database"]),
        (&nobody, &["cannot be reached", "check that it runs, and pg_relay_database"]),
        (&url.replace("disable", "require"), &["TLS"]),
    ];
    for (database, parts) in cases {
        let said = relays.refused(&["--pg-relay-database", database]);
        for part in parts {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(!said.contains("wr0ng"), "no password is shown: {said}");
    }
    server.order("app", "ALTER DATABASE app SET default_transaction_read_only = on");
    let said = relays.refused(&[]);
    assert!(said.contains("read-only") && said.contains("name the primary"), "{said}");
    server.order("postgres", "ALTER DATABASE app SET default_transaction_read_only = off");
    server.order("app", "ALTER TABLE users RENAME COLUMN name TO surname");
    let said = relays.refused(&[]);
    assert!(said.contains("the users table has changed") && said.contains("resync"), "{said}");
    assert!(receiver.users("name").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: cargo xtask test --only servers"]
async fn a_relay_that_runs_logs_what_it_lost_and_goes_on() {
    let mut server = PostgresServer::start();
    server.order("app", "CREATE TABLE users (id text PRIMARY KEY, name text)");
    let receiver = Receiver::start().await;
    let relays = Relays::new(&server, &receiver);
    let owner = server.url("owner");
    relays.worked(&["install", "--apply", "--pg-relay-database", &owner]);
    let relay = relays.start();
    let mut read = logged(&relays, 0, &["INFO", "the relay runs", "users"]).await;
    server.order("app", &format!("ALTER ROLE {ROLE} PASSWORD 'other'"));
    server.crash();
    read = logged(&relays, read, &["WARN", "PostgreSQL is tried again"]).await;
    server.restart();
    read =
        logged(&relays, read, &["WARN", "refuses the login", "pg_relay_database_password"]).await;
    server.order("app", &format!("ALTER ROLE {ROLE} PASSWORD '{ROLE}'"));
    logged(&relays, read, &["INFO", "PostgreSQL answers again"]).await;
    server.order("app", "INSERT INTO users VALUES ('giulia', 'Giulia')");
    let end = Instant::now() + PATIENCE;
    while receiver.users("name").get("giulia").map(String::as_str) != Some("Giulia") {
        assert!(Instant::now() < end, "{}", relays.log());
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(relay.stop().success(), "{}", relays.log());
}
