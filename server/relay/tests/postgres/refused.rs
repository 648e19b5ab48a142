//! Bad input: each has a typed error that says what to do.

use caffis_relay::{
    DatabaseSettings, Map, RelayError, Resync, install, resync, run, script, status,
};
use caffis_servers::PostgresServer;

use crate::{
    harness::{ROLE, SCHEMA, bare, database, installed, map, role, settings},
    receiver::Receiver,
};

/// What installing says with another map.
async fn refusal(server: &PostgresServer, map: &Map) -> RelayError {
    script(&database(server, "owner"), SCHEMA, map, &role()).await.unwrap_err()
}

/// What a relay says when it starts.
async fn start(server: &PostgresServer) -> RelayError {
    let receiver = Receiver::start().await;
    run(settings(server, &receiver), std::future::pending()).await.unwrap_err()
}

macro_rules! says {
    ($error:expr, $kind:pat, $($part:expr),+) => {{
        let error = $error;
        assert!(matches!(error, $kind), "{error:?}");
        let text = error.to_string();
        $(assert!(text.contains($part), "{text}");)+
    }};
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: cargo xtask test --only servers"]
async fn a_table_that_cannot_be_mirrored() {
    let server = bare();
    server.order(
        "app",
        "CREATE TABLE no_key (id text, name text); CREATE VIEW people AS SELECT * FROM users;
         CREATE TABLE two_keys (id text, part text, name text, PRIMARY KEY (id, part));
         CREATE TABLE partly (id text NOT NULL, name text, gone boolean); CREATE UNIQUE INDEX ON partly (id) WHERE NOT gone;
         CREATE TABLE by_time (id timestamptz PRIMARY KEY, name text)",
    );
    let with = |table: &str| {
        let name = Some("name".to_owned());
        let none = Map { picture: None, locale: None, time_zone: None, roles: None, ..map() };
        Map { table: table.to_owned(), name, quiet_start: None, quiet_end: None, ..none }
    };
    says!(
        refusal(&server, &with("nobody")).await,
        RelayError::NoTable(_),
        "nobody",
        "pg_relay_table"
    );
    says!(refusal(&server, &with("people")).await, RelayError::NotATable { .. }, "a view");
    for table in ["no_key", "two_keys", "partly"] {
        says!(
            refusal(&server, &with(table)).await,
            RelayError::NoPrimaryKey { .. },
            table,
            "PRIMARY KEY"
        );
    }
    says!(
        refusal(&server, &with("by_time")).await,
        RelayError::KeyType { .. },
        "timestamp",
        "uuid"
    );
    let wrong = Map { locale: Some("language".to_owned()), ..map() };
    says!(
        refusal(&server, &wrong).await,
        RelayError::NoColumn { .. },
        "pg_relay_locale",
        "language",
        "quiet_from"
    );
    says!(start(&server).await, RelayError::Login(_), "caffis_relay", "pg_relay_database");
    let status = status(&database(&server, "owner"), SCHEMA).await.unwrap_err();
    says!(status, RelayError::NotInstalled(_), "install --apply");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: cargo xtask test --only servers"]
async fn a_server_that_does_not_let_us_in_or_write() {
    let server = installed("").await;
    let with = |url: String, password: Option<&str>| DatabaseSettings {
        url,
        password: password.map(str::to_owned),
        ca: None,
    };
    let ask = async |database| status(&database, SCHEMA).await.unwrap_err();
    says!(
        ask(with(server.url(ROLE), Some("wrong"))).await,
        RelayError::Login(_),
        "password authentication failed"
    );
    let none = server.url(ROLE).replace(&format!("{ROLE}:{ROLE}@"), &format!("{ROLE}@"));
    says!(ask(with(none, None)).await, RelayError::Login(_), "password");
    let missing = server.url(ROLE).replace("/app", "/other");
    says!(ask(with(missing, None)).await, RelayError::Login(_), "other");
    let nobody = server.url(ROLE).replace(&server.port().to_string(), "1");
    says!(
        ask(with(nobody, None)).await,
        RelayError::Unreachable(_),
        "refused",
        "pg_relay_database"
    );
    let plain = server.url(ROLE).replace("disable", "require");
    says!(ask(with(plain, None)).await, RelayError::Unreachable(_), "TLS");
    server.order("app", "ALTER DATABASE app SET default_transaction_read_only = on");
    says!(ask(database(&server, ROLE)).await, RelayError::ReadOnly, "primary");
    says!(start(&server).await, RelayError::ReadOnly, "read-write");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: cargo xtask test --only servers"]
async fn an_installation_that_no_longer_fits() {
    let server = installed("INSERT INTO users (id, name) VALUES ('a', 'A')").await;
    let owner = database(&server, "owner");
    let filling = resync(&owner, SCHEMA, Resync::default(), 1_000).await.unwrap_err();
    says!(filling, RelayError::Filling { .. }, "status");
    server.order("app", "CREATE TABLE other (id text PRIMARY KEY)");
    let none = Map { name: None, picture: None, locale: None, time_zone: None, ..map() };
    let other =
        Map { table: "other".to_owned(), roles: None, quiet_start: None, quiet_end: None, ..none };
    says!(
        refusal(&server, &other).await,
        RelayError::OtherTable { .. },
        "public.users",
        "other",
        "uninstall"
    );
    server.order("app", "ALTER TABLE users DISABLE TRIGGER caffis_relay_update");
    says!(start(&server).await, RelayError::SchemaChanged(_), "disabled", "install --apply");
    install(&owner, SCHEMA, &map(), &role()).await.unwrap();
    server.order("app", "ALTER TABLE users RENAME COLUMN picture TO image");
    says!(start(&server).await, RelayError::SchemaChanged(_), "picture", "resync");
    assert!(status(&owner, SCHEMA).await.unwrap().problem.unwrap().contains("picture"));
    let image = Map { picture: Some("image".to_owned()), ..map() };
    install(&owner, SCHEMA, &image, &role()).await.unwrap();
    assert_eq!(status(&owner, SCHEMA).await.unwrap().problem, None);
    server.order("app", "ALTER TABLE users ENABLE ROW LEVEL SECURITY");
    says!(start(&server).await, RelayError::RowSecurity { .. }, "BYPASSRLS");
    server.order("app", "ALTER TABLE users DISABLE ROW LEVEL SECURITY; REVOKE ALL (name) ON users FROM caffis_relay");
    let receiver = Receiver::start().await;
    let wrong = run(settings(&server, &receiver), std::future::pending());
    // It has started, and says so in its log until somebody grants the right again.
    let waited = tokio::time::timeout(std::time::Duration::from_millis(500), wrong).await;
    assert!(waited.is_err(), "{waited:?}");
    server.order("app", "DROP TABLE users CASCADE");
    says!(start(&server).await, RelayError::SchemaChanged(_), "gone");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: cargo xtask test --only servers"]
async fn a_table_that_somebody_holds_and_rights_that_are_missing() {
    let server = bare();
    server.order("app", "CREATE ROLE weak LOGIN PASSWORD 'weak'; GRANT SELECT ON users TO weak");
    let weak = install(&database(&server, "weak"), SCHEMA, &map(), &role()).await.unwrap_err();
    says!(weak, RelayError::Right(_), "as the owner of the table");
    let url = server.url("owner");
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    client.batch_execute("BEGIN; INSERT INTO users (id, name) VALUES ('a', 'A')").await.unwrap();
    let busy = install(&database(&server, "owner"), SCHEMA, &map(), &role()).await.unwrap_err();
    says!(busy, RelayError::Busy(_), "try again");
    assert_eq!(
        server.ask("SELECT to_regnamespace('caffis_relay') IS NULL"),
        "t",
        "nothing half done"
    );
    drop(client);
    connection.await.unwrap().unwrap();
    install(&database(&server, "owner"), SCHEMA, &map(), &role()).await.unwrap();
}
