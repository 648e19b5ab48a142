//! A PostgreSQL with a users table, and relays of this process.

use std::time::{Duration, Instant};

use caffis_relay::{
    DatabaseSettings, EndpointSettings, Limits, Map, Role, Settings, install, run, status,
};
use caffis_servers::PostgresServer;
use tokio::{sync::oneshot, task::JoinHandle, time::sleep};

use crate::receiver::{Receiver, SECRET};

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const SCHEMA: &str = "caffis_relay";
pub(crate) const ROLE: &str = "caffis_relay";

/// The table of the tests.
pub(crate) const USERS: &str = "CREATE TABLE users (
    id text PRIMARY KEY, name text NOT NULL, picture text, locale text, zone text, roles text[],
    quiet_from time, quiet_to time, email text, seen_at timestamptz)";

/// The settings of PostgreSQL for a role.
pub(crate) fn database(server: &PostgresServer, role: &str) -> DatabaseSettings {
    DatabaseSettings { url: server.url(role), password: None, ca: None }
}

pub(crate) fn map() -> Map {
    let column = |name: &str| Some(name.to_owned());
    Map {
        table: "users".to_owned(),
        key: "id".to_owned(),
        name: column("name"),
        picture: column("picture"),
        locale: column("locale"),
        time_zone: column("zone"),
        roles: column("roles"),
        quiet_start: column("quiet_from"),
        quiet_end: column("quiet_to"),
    }
}

pub(crate) fn role() -> Role {
    Role { name: ROLE.to_owned(), password: Some(ROLE.to_owned()) }
}

/// A server with the table, and nothing installed.
pub(crate) fn bare() -> PostgresServer {
    let server = PostgresServer::start();
    server.order("app", USERS);
    server
}

/// A server with the table and these users, and the outbox.
pub(crate) async fn installed(users: &str) -> PostgresServer {
    let server = bare();
    if !users.is_empty() {
        server.order("app", users);
    }
    install(&database(&server, "owner"), SCHEMA, &map(), &role()).await.unwrap();
    server
}

/// Times that suit tests.
pub(crate) fn limits() -> Limits {
    Limits {
        request_timeout: Duration::from_millis(1_500),
        lease: Duration::from_secs(3),
        retry_first: Duration::from_millis(100),
        retry_longest: Duration::from_secs(1),
        ..Limits::default()
    }
}

pub(crate) fn settings(server: &PostgresServer, receiver: &Receiver) -> Settings {
    Settings {
        database: database(server, ROLE),
        schema: SCHEMA.to_owned(),
        endpoint: EndpointSettings {
            url: receiver.url(),
            secrets: vec![SECRET.to_owned()],
            ca: None,
        },
        limits: limits(),
    }
}

/// A relay of this process; told to end by [`Relay::stop`], or cut off by Drop.
pub(crate) struct Relay {
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Relay {
    pub(crate) fn start(settings: Settings) -> Self {
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            run(settings, async {
                // Also when it is dropped.
                let _ = stopped.await;
            })
            .await
            .unwrap();
        });
        Self { stop: Some(stop), task }
    }

    pub(crate) async fn stop(mut self) {
        drop(self.stop.take());
        (&mut self.task).await.unwrap();
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "not within {PATIENCE:?}: {what}");
        sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until nothing waits to be sent, and the first fill is done.
pub(crate) async fn settled(server: &PostgresServer) {
    let end = Instant::now() + PATIENCE;
    loop {
        let now = status(&database(server, ROLE), SCHEMA).await.unwrap();
        if now.pending == 0 && now.fill_done {
            return;
        }
        assert!(Instant::now() < end, "not settled: {now}");
        sleep(Duration::from_millis(20)).await;
    }
}
