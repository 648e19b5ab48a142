//! The actions of the command, from an empty database to one that has nothing left of them.

use caffis_servers::PostgresServer;
use serde_json::Value;

use crate::{receiver::Receiver, relays::Relays};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: cargo xtask test --only servers"]
async fn from_an_empty_database_to_one_that_has_nothing_left() {
    let server = PostgresServer::start();
    server.order("app", "CREATE TABLE users (id text PRIMARY KEY, name text, avatar text)");
    server.order("app", "INSERT INTO users VALUES ('giulia', 'Giulia', 'https://a/g.png')");
    let receiver = Receiver::start().await;
    let relays = Relays::new(&server, &receiver);
    let owner = server.url("owner");
    let as_owner = ["--pg-relay-database", &owner, "--pg-relay-picture", "avatar"];
    let with = |words: &[&'static str]| -> Vec<String> {
        words.iter().chain(&as_owner).map(|word| (*word).to_owned()).collect()
    };
    let run = |words: &[&'static str]| {
        let words = with(words);
        relays.worked(&words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let printed = run(&["install"]);
    assert!(printed.contains("CREATE OR REPLACE TRIGGER") && !printed.contains("PASSWORD 'caffis"));
    assert!(run(&["install", "--apply"]).contains("start `caffis-chat pg-relay`"));
    assert!(run(&["install", "--apply"]).contains("nothing has changed"));
    let relay = relays.start();
    let patience = std::time::Instant::now() + crate::relays::PATIENCE;
    let status = loop {
        let status: Value = serde_json::from_str(&relays.worked(&["status", "--json"])).unwrap();
        if status["mirrored"] == 1 {
            break status;
        }
        assert!(std::time::Instant::now() < patience, "{status}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert_eq!((&status["fill_done"], &status["dead"]), (&Value::Bool(true), &Value::from(0)));
    assert_eq!(receiver.users("picture")["giulia"], "https://a/g.png");
    let text = relays.worked(&["status"]);
    assert!(
        text.contains("first fill  done, 1 users") && text.contains("lag         0.0 s"),
        "{text}"
    );
    let resync = relays.worked(&["resync"]);
    assert!(resync.contains("1 users in 1 ranges compared, 0 ranges differ"), "{resync}");
    assert!(relay.stop().success(), "{}", relays.log());
    assert!(relays.log().contains("the relay has ended"));
    assert!(run(&["uninstall"]).contains("DROP SCHEMA"));
    assert_eq!(run(&["uninstall", "--apply"]), "removed\n");
    assert_eq!(run(&["uninstall", "--apply"]), "nothing is installed\n");
    receiver.is_content();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: cargo xtask test --only servers"]
async fn wrong_settings_stop_it_with_key_value_and_what_is_allowed() {
    let server = PostgresServer::start();
    let receiver = Receiver::start().await;
    let relays = Relays::new(&server, &receiver);
    let cases: [(&[&str], &[&str]); 12] = [
        (&["--pg-relay-in-flight", "0"], &["--pg-relay-in-flight", "`0`", "from 1 to 1024"]),
        (&["--pg-relay-database", "mysql://a/b"], &["--pg-relay-database", "postgresql://"]),
        (&["--pg-relay-endpoint", "chat"], &["--pg-relay-endpoint", "`chat`", "https://"]),
        (&["--pg-relay-secrets", "short"], &["--pg-relay-secrets", "(hidden)", "whsec_"]),
        (&["--pg-relay-table", "a$b"], &["--pg-relay-table", "`a$b`", "schema.table"]),
        (&["--pg-relay-lease", "1s"], &["pg_relay_lease", "twice pg_relay_request_timeout"]),
        (&["--pg-relay-retry-longest", "50ms"], &["pg_relay_retry_longest", "shorter"]),
        (&["--pg-relay-quiet-end", "x"], &["pg_relay_quiet_start", "belong together"]),
        (&["--pg-relay-fill-rate", "many"], &["--pg-relay-fill-rate", "`many`", "from 1 to"]),
        (&["--pg-relay-endpoint", ""], &["pg_relay_endpoint is not set", "https://"]),
        (&["--pg-relay-secrets", ""], &["pg_relay_secrets is not set", "whsec_"]),
        (&["--pg-relay-database", ""], &["pg_relay_database is not set", "postgresql://"]),
    ];
    for (arguments, parts) in cases {
        let said = relays.refused(arguments);
        for part in parts {
            assert!(said.contains(part), "{arguments:?}: {said}");
        }
        assert!(!said.contains("short\n"), "no secret is shown: {said}");
    }
    let missing = "/nowhere/ca.pem";
    let said = relays.refused(&["status", "--pg-relay-database-ca", missing]);
    assert!(said.contains("pg_relay_database_ca") && said.contains(missing), "{said}");
    server.order("app", "CREATE ROLE caffis_relay LOGIN PASSWORD 'caffis_relay'");
    let said = relays.refused(&["--pg-relay-schema", "elsewhere"]);
    assert!(said.contains("elsewhere") && said.contains("pg-relay install --apply"), "{said}");
    let help = relays.worked(&["--help"]);
    for word in ["install", "resync", "--pg-relay-quiet-start", "CAFFIS_PG_RELAY_LEASE"] {
        assert!(help.contains(word), "{word}");
    }
}
