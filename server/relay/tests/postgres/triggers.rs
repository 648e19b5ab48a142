//! What the triggers write.

use caffis_servers::PostgresServer;

use crate::harness::installed;

/// The outbox as `key:what`, in order, and empties it.
fn written(server: &PostgresServer) -> String {
    server.ask(
        "WITH gone AS (DELETE FROM caffis_relay.outbox RETURNING *)
         SELECT coalesce(string_agg(key || ':' || coalesce(payload ->> 'name', '-'), ' ' ORDER BY version), '') FROM gone",
    )
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: cargo xtask test --only servers"]
async fn every_change_of_a_mapped_column_is_written_with_its_transaction() {
    let server = installed("INSERT INTO users (id, name) VALUES ('old', 'Old')").await;
    assert_eq!(written(&server), "", "what was there before is for the first fill");
    for (statements, expected) in [
        ("INSERT INTO users (id, name) VALUES ('a', 'A'), ('b', 'B')", "a:A b:B"),
        ("UPDATE users SET name = 'AA' WHERE id = 'a'", "a:AA"),
        ("UPDATE users SET name = name, seen_at = now()", ""),
        ("UPDATE users SET email = 'x'", ""),
        ("UPDATE users SET roles = '{admin}' WHERE id = 'a'", "a:AA"),
        ("UPDATE users SET quiet_from = '22:00' WHERE id = 'a'", "a:AA"),
        ("BEGIN; UPDATE users SET name = 'X'; ROLLBACK", ""),
        (
            "BEGIN; UPDATE users SET name = '1' WHERE id = 'a'; SAVEPOINT s; UPDATE users SET name = '2' WHERE id = 'a'; ROLLBACK TO s; COMMIT",
            "a:1",
        ),
        ("DELETE FROM users WHERE id = 'a'", "a:-"),
        ("INSERT INTO users (id, name) VALUES ('a', 'again')", "a:again"),
        (
            "INSERT INTO users (id, name) VALUES ('a', 'up') ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name",
            "a:up",
        ),
        ("UPDATE users SET id = 'c' WHERE id = 'a'", "a:- c:up"),
        (
            "BEGIN; DELETE FROM users WHERE id = 'c'; INSERT INTO users (id, name) VALUES ('c', 'same'); COMMIT",
            "c:- c:same",
        ),
    ] {
        server.order("app", statements);
        assert_eq!(written(&server), expected, "{statements}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: cargo xtask test --only servers"]
async fn a_column_that_a_trigger_of_the_application_changes_is_seen() {
    let server = installed("").await;
    server.order(
        "app",
        "CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN NEW.name := upper(NEW.email); RETURN NEW; END $$;
         CREATE TRIGGER shout BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION shout();
         INSERT INTO users (id, name) VALUES ('a', 'A')",
    );
    assert_eq!(written(&server), "a:A");
    server.order("app", "UPDATE users SET email = 'loud'");
    assert_eq!(written(&server), "a:LOUD");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: cargo xtask test --only servers"]
async fn truncate_deletes_everybody_who_was_told() {
    let server = installed("").await;
    server
        .order("app", "INSERT INTO users (id, name) VALUES ('a', 'A'), ('b', 'B'); TRUNCATE users");
    assert_eq!(written(&server), "a:A b:B a:- b:-");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: cargo xtask test --only servers"]
async fn the_applications_writes_never_fail_because_of_the_mirror() {
    let server = installed("INSERT INTO users (id, name) VALUES ('a', 'A')").await;
    // Whoever drops a mapped column is told that something needs it.
    let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        server.order("app", "ALTER TABLE users DROP COLUMN name");
    }));
    assert!(dropped.is_err());
    server.order("app", "ALTER TABLE users RENAME COLUMN picture TO image");
    server.order("app", "UPDATE users SET image = 'https://a/b.png'; INSERT INTO users (id, name) VALUES ('b', 'B')");
    let rows = server.ask("SELECT string_agg(payload::text, ' ') FROM caffis_relay.outbox");
    assert_eq!(rows, r#"{"!missing": true} {"!missing": true}"#);
    server.order("app", "ALTER TABLE users RENAME COLUMN id TO ident");
    server.order("app", "UPDATE users SET image = NULL; DELETE FROM users");
}
