//! Installing and uninstalling.

use caffis_relay::{
    Installed, Map, RelayError, install, script, status, uninstall, uninstall_script,
};
use caffis_servers::PostgresServer;
use tokio_postgres::{NoTls, error::SqlState};

use crate::{
    harness::{ROLE, SCHEMA, bare, database, installed, map, role, until},
    receiver::Receiver,
};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: cargo xtask test --only servers"]
async fn it_can_be_installed_twice_and_removed_twice() {
    let server = bare();
    let owner = database(&server, "owner");
    let text = script(&owner, SCHEMA, &map(), &role()).await.unwrap();
    assert!(text.contains("SCRAM-SHA-256$") && !text.contains('@'), "{text}");
    assert_eq!(server.ask("SELECT to_regnamespace('caffis_relay') IS NULL"), "t", "only printed");
    let again = async || install(&owner, SCHEMA, &map(), &role()).await.unwrap();
    assert_eq!(again().await, Installed::New);
    let first = server.ask("SELECT installation, first_version FROM caffis_relay.state");
    assert_eq!(again().await, Installed::Same);
    assert_eq!(server.ask("SELECT installation, first_version FROM caffis_relay.state"), first);
    let other = Map { picture: None, ..map() };
    assert_eq!(install(&owner, SCHEMA, &other, &role()).await.unwrap(), Installed::OtherMap);
    // What is printed does the same.
    server.order("app", &text);
    assert_eq!(again().await, Installed::Same);
    assert!(
        uninstall_script(&owner, SCHEMA, &role()).await.unwrap().unwrap().contains("DROP SCHEMA")
    );
    assert!(uninstall(&owner, SCHEMA, &role()).await.unwrap());
    assert!(!uninstall(&owner, SCHEMA, &role()).await.unwrap());
    assert!(uninstall_script(&owner, SCHEMA, &role()).await.unwrap().is_none());
    assert_eq!(server.ask("SELECT count(*) FROM pg_roles WHERE rolname = 'caffis_relay'"), "0");
    assert_eq!(server.ask("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal"), "0");
    server.order("app", "INSERT INTO users (id, name) VALUES ('a', 'A')");
    let gone = status(&owner, SCHEMA).await;
    assert!(matches!(gone, Err(RelayError::NotInstalled(_))), "{gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: cargo xtask test --only servers"]
async fn versions_grow_over_a_new_installation() {
    let server = installed("").await;
    let owner = database(&server, "owner");
    server.order("app", "INSERT INTO users (id, name) VALUES ('a', 'A')");
    let before: i64 = server.ask("SELECT max(version) FROM caffis_relay.outbox").parse().unwrap();
    uninstall(&owner, SCHEMA, &role()).await.unwrap();
    install(&owner, SCHEMA, &map(), &role()).await.unwrap();
    let after: i64 = server.ask("SELECT first_version FROM caffis_relay.state").parse().unwrap();
    assert!(after > before && after < 1 << 53, "{before} {after}");
    // Also where the sequence comes from an older backup: the next installation sets it by the clock.
    server.order("app", "SELECT setval('caffis_relay.versions', 16)");
    install(&owner, SCHEMA, &map(), &role()).await.unwrap();
    server.order("app", "UPDATE users SET name = 'B'");
    let after: i64 = server.ask("SELECT max(version) FROM caffis_relay.outbox").parse().unwrap();
    assert!(after > before, "{before} {after}");
}

/// Whether a role may do this; it does not happen.
async fn may(server: &PostgresServer, role: &str, statement: &str) -> bool {
    let (client, connection) = tokio_postgres::connect(&server.url(role), NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    client.batch_execute("BEGIN").await.unwrap();
    let said = client.batch_execute(statement).await;
    drop(client);
    connection.await.unwrap().unwrap();
    match said {
        Ok(()) => true,
        Err(error) => {
            assert_eq!(
                error.code(),
                Some(&SqlState::INSUFFICIENT_PRIVILEGE),
                "{statement}: {error:?}"
            );
            false
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: cargo xtask test --only servers"]
async fn the_relay_has_few_rights_and_the_application_needs_none() {
    let server = installed("INSERT INTO users (id, name, email) VALUES ('a', 'A', 'a@b')").await;
    assert!(may(&server, ROLE, "SELECT id, name, picture FROM public.users").await);
    for refused in [
        "SELECT email FROM public.users",
        "UPDATE public.users SET name = 'x'",
        "DELETE FROM public.users",
        "INSERT INTO public.users (id, name) VALUES ('x', 'x')",
        "TRUNCATE public.users",
        "INSERT INTO caffis_relay.outbox (key) VALUES ('a')",
        "DELETE FROM caffis_relay.users",
        "DROP TABLE caffis_relay.outbox",
        "CREATE TABLE caffis_relay.mine (a int)",
        "SELECT nextval('caffis_relay.versions')",
        "CREATE ROLE other",
    ] {
        assert!(!may(&server, ROLE, refused).await, "{refused}");
    }
    // Whoever may write users needs no right in the schema, and has none.
    server.order("app", "CREATE ROLE app LOGIN PASSWORD 'app'; GRANT SELECT, INSERT, UPDATE, DELETE ON users TO app");
    server.order(
        "app",
        "SET ROLE app; UPDATE users SET name = 'B'; DELETE FROM users WHERE id = 'a'",
    );
    assert_eq!(server.ask("SELECT count(*) FROM caffis_relay.outbox"), "2");
    assert!(!may(&server, "app", "SELECT * FROM caffis_relay.outbox").await);
    assert!(!may(&server, "app", "INSERT INTO caffis_relay.outbox (key) VALUES ('x')").await);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: cargo xtask test --only servers"]
async fn other_tables_and_keys_are_mapped() {
    let server = bare();
    let owner = database(&server, "owner");
    server.order(
        "app",
        r#"CREATE SCHEMA "Main app"; CREATE TABLE "Main app"."Per'son" ("the ""key""" bigint PRIMARY KEY, "Full\Name" varchar(40));
           CREATE TABLE by_uuid (id uuid PRIMARY KEY, groups text);
           CREATE TABLE parts (id int PRIMARY KEY, name text) PARTITION BY RANGE (id);
           CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (0) TO (100);
           CREATE TABLE part_2 PARTITION OF parts FOR VALUES FROM (100) TO (200);
           INSERT INTO "Main app"."Per'son" SELECT n, 'name ' || n FROM generate_series(1, 1200) AS n;
           INSERT INTO by_uuid SELECT gen_random_uuid(), 'a, b' FROM generate_series(1, 1200);
           INSERT INTO parts SELECT n, 'part ' || n FROM generate_series(0, 199) AS n;"#,
    );
    let none = Map {
        table: String::new(),
        key: "id".to_owned(),
        name: None,
        picture: None,
        locale: None,
        time_zone: None,
        roles: None,
        quiet_start: None,
        quiet_end: None,
    };
    let text = |text: &str| Some(text.to_owned());
    let maps = [
        Map {
            table: "Main app.Per'son".to_owned(),
            key: "the \"key\"".to_owned(),
            name: text("Full\\Name"),
            ..none.clone()
        },
        Map { table: "by_uuid".to_owned(), roles: text("groups"), ..none.clone() },
        Map { table: "parts".to_owned(), name: text("name"), ..none },
    ];
    for (number, map) in maps.into_iter().enumerate() {
        let schema = format!("relay \"{number}\"");
        install(&owner, &schema, &map, &role()).await.unwrap();
        assert_eq!(install(&owner, &schema, &map, &role()).await.unwrap(), Installed::Same);
        let receiver = Receiver::start().await;
        let mut settings = crate::harness::settings(&server, &receiver);
        settings.schema.clone_from(&schema);
        let relay = crate::harness::Relay::start(settings);
        let count = if number == 2 { 200 } else { 1_200 };
        until("all users arrive", || receiver.users("name").len() == count).await;
        match number {
            0 => {
                assert_eq!(receiver.users("name")["37"], "name 37");
                server.order("app", r#"UPDATE "Main app"."Per'son" SET "Full\Name" = 'New' WHERE "the ""key""" = 37"#);
                until("a change arrives", || receiver.users("name")["37"] == "New").await;
            }
            1 => receiver.look(|seen| {
                let roles = &seen.users.values().next().unwrap().data.as_ref().unwrap()["roles"];
                assert_eq!(roles.to_string(), r#"["a","b"]"#);
            }),
            _ => {
                // To another partition: deleted there, inserted here.
                server.order("app", "UPDATE parts SET id = 150, name = 'Moved' WHERE id = 150");
                server.order(
                    "app",
                    "DELETE FROM parts WHERE id = 7; UPDATE parts SET id = 7 WHERE id = 151",
                );
                until("it moves", || !receiver.users("name").contains_key("151")).await;
                until("it is there", || receiver.users("name")["7"] == "part 151").await;
            }
        }
        relay.stop().await;
        assert!(uninstall(&owner, &schema, &role()).await.unwrap());
        receiver.is_content();
    }
}
