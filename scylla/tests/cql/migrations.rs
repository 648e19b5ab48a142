//! Bringing a keyspace to a version.

use std::time::Duration;

use caffis_core::{
    ports::store::{Column, ColumnType, Table},
    tables,
};
use caffis_scylla::{ConnectError, MigrateError, Options, Schema, ScyllaStore, migrate, plan};
use caffis_servers::CqlServers;
use scylla::client::{session::Session, session_builder::SessionBuilder};

use crate::options;

/// Starts ten nodes at once: one makes the tables, and all of them find them.
pub(crate) async fn ten_at_once(options: &Options) {
    let mut nodes = tokio::task::JoinSet::new();
    for node in 0..10_usize {
        let mut options = options.clone();
        // Each begins with another server.
        let first = node % options.hosts.len();
        options.hosts.rotate_left(first);
        nodes.spawn(async move {
            let plan = migrate(&options, &Schema::core(), &format!("node-{node}")).await.unwrap();
            let store = ScyllaStore::connect(&options).await;
            assert!(store.is_ok(), "{:?}", store.err());
            plan.statements.len()
        });
    }
    let mut made = nodes.join_all().await;
    made.sort_unstable();
    assert_eq!(made[9], tables::ALL.len(), "one of them makes all tables");
    assert_eq!(made[..9], [0; 9], "the others make none");
}

const fn column(name: &'static str, ty: ColumnType) -> Column {
    Column { name, ty }
}

const KEY: &[Column] = &[column("id", ColumnType::U64)];
const OLD: &Table = &Table {
    name: "things",
    partition: KEY,
    clustering: &[],
    values: &[column("size", ColumnType::U64)],
};
const NEW: &Table =
    &Table { values: &[column("size", ColumnType::U64), column("by", ColumnType::Text)], ..*OLD };
const OTHER: &Table = &Table { values: &[column("size", ColumnType::Text)], ..*OLD };

async fn session(servers: &CqlServers) -> Session {
    SessionBuilder::new().known_nodes(servers.hosts()).build().await.unwrap()
}

async fn a_table_gets_what_it_lacks(servers: &CqlServers) {
    let options = options(servers, "lacks", 1);
    let schema = |number, table: &'static &'static Table| Schema {
        number,
        tables: std::slice::from_ref(table),
    };
    let old = migrate(&options, &schema(1, &OLD), "old").await.unwrap();
    assert_eq!((old.found, old.statements.len()), (None, 1));
    let planned = plan(&options, &schema(2, &NEW)).await.unwrap();
    let add = "ALTER TABLE lacks.things ADD \"by\" text";
    assert_eq!((planned.found, planned.number), (Some(1), 2));
    assert_eq!(planned.statements, [add]);
    assert_eq!(planned.to_string(), format!("-- From version 1 to 2.\n\n{add};\n"));
    let made = migrate(&options, &schema(2, &NEW), "new").await.unwrap();
    assert_eq!(made, planned, "a plan is what is done");
    let again = migrate(&options, &schema(2, &NEW), "new").await.unwrap();
    assert!(again.is_done(), "{again}");
    let error = migrate(&options, &schema(3, &OTHER), "other").await.unwrap_err();
    assert!(matches!(error, MigrateError::Differs { .. }), "{error}");
    let error = migrate(&options, &schema(1, &OLD), "old").await.unwrap_err().to_string();
    let newer = "the keyspace lacks has version 2, this program knows versions up to 1";
    assert!(error.starts_with(newer), "{error}");
}

async fn a_plan_changes_nothing(servers: &CqlServers) {
    let options = options(servers, "planned", 1);
    for _ in 0..2 {
        let text = plan(&options, &Schema::core()).await.unwrap().to_string();
        assert!(text.starts_with("-- From nothing to version"), "{text}");
        assert!(text.contains("\nCREATE KEYSPACE IF NOT EXISTS planned WITH"), "{text}");
        assert!(text.contains("\nCREATE TABLE IF NOT EXISTS planned.timeline ("), "{text}");
    }
    let error = ScyllaStore::connect(&options).await.err().unwrap();
    assert!(matches!(error, ConnectError::Older { found: 0, .. }), "{error}");
    // What a person gives to `cqlsh` by hand is what a node would have done.
    let text = plan(&options, &Schema::core()).await.unwrap();
    let session = session(servers).await;
    for statement in text.statements {
        session.query_unpaged(statement, ()).await.unwrap();
    }
    let left = migrate(&options, &Schema::core(), "node").await.unwrap();
    assert_eq!(left.statements, Vec::<String>::new());
    assert!(ScyllaStore::connect(&options).await.is_ok());
}

async fn a_newer_version_is_refused(servers: &CqlServers) {
    let options = options(servers, "newer", 1);
    migrate(&options, &Schema::core(), "node").await.unwrap();
    let session = session(servers).await;
    let newer = tables::VERSION + 1;
    let text = format!("INSERT INTO newer.migrations (list, number) VALUES (0, {newer})");
    session.query_unpaged(text, ()).await.unwrap();
    let refused = [
        ScyllaStore::connect(&options).await.err().unwrap().to_string(),
        migrate(&options, &Schema::core(), "node").await.unwrap_err().to_string(),
        plan(&options, &Schema::core()).await.unwrap_err().to_string(),
    ];
    for error in refused {
        assert!(error.contains(&format!("has version {newer}")), "{error}");
        assert!(error.ends_with("start a newer one"), "{error}");
    }
}

/// A node died in the middle: its lease is taken once it has stood still, and not before.
async fn a_lease_is_taken_from_the_dead_only(servers: &CqlServers) {
    let options = options(servers, "dead", 1);
    let schema = Schema { number: 1, tables: &[OLD] };
    migrate(&options, &schema, "first").await.unwrap();
    let session = session(servers).await;
    let hold = async |beat: u32| {
        let text = format!(
            "UPDATE dead.migration_leases SET holder = 'other', beat = {beat} \
                            WHERE lease = 'schema' IF EXISTS"
        );
        session.query_unpaged(text, ()).await.unwrap();
    };
    hold(100).await;
    let schema = Schema { number: 2, tables: &[NEW] };
    let task = {
        let options = options.clone();
        tokio::spawn(async move { migrate(&options, &schema, "second").await })
    };
    for beat in 101..106 {
        tokio::time::sleep(Duration::from_secs(4)).await;
        assert!(!task.is_finished(), "the other one lives");
        hold(beat).await;
    }
    let plan = tokio::time::timeout(Duration::from_secs(60), task).await.unwrap().unwrap().unwrap();
    assert_eq!(plan.statements.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a real server"]
async fn a_keyspace_is_brought_to_a_version() {
    let servers = CqlServers::start_once();
    ten_at_once(&options(&servers, "ten", 1)).await;
    a_plan_changes_nothing(&servers).await;
    a_table_gets_what_it_lacks(&servers).await;
    a_newer_version_is_refused(&servers).await;
    a_lease_is_taken_from_the_dead_only(&servers).await;
}
