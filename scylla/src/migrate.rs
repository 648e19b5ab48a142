//! Bringing the tables of a keyspace to the version that this program has.
//!
//! A keyspace has a number, the newest in its table `migrations`. What is to be done follows from what
//! is there and what core declares: tables that are missing are made, and value columns that are missing are
//! added. Anything else, such as a key that has changed, is refused with a sentence: it needs a step
//! of its own.
//!
//! Any number of nodes may start at once. One of them holds a [`Lease`], the others wait until it is done.
//! Each statement is given only when all servers
//! agree on the schema that the one before has made. The tables of the migrations themselves are made
//! by all at once, so they have ids that follow from the keyspace's name.

use std::{
    fmt,
    ops::Bound,
    pin::pin,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use caffis_core::{
    ports::store::{Column, ColumnType, Key, Order, Row, Scan, StoreError, Table, Value},
    tables,
};
use scylla::statement::Statement;
use tokio::time::{Instant, sleep, timeout};

use crate::{
    client::Client,
    conditional::insert_if_absent,
    existing::{self, Existing},
    failure::{is_invalid, sentence},
    lease::{BEAT, LEASES, Lease, LeaseError},
    options::{ConnectError, Options},
    schema::{create_keyspace, create_own_table},
    session::{self, Profiles},
};

/// How often a node that waits looks again.
const LOOK: Duration = Duration::from_millis(500);
/// How long one statement may take on the servers.
const SCHEMA_CHANGE: Duration = Duration::from_secs(60);
/// How long a node waits until its tables are ready.
const WAIT: Duration = Duration::from_secs(600);
/// How long a statement that a server finds invalid is given again: until then all servers have met.
const MEETING: Duration = Duration::from_secs(60);

const fn column(name: &'static str, ty: ColumnType) -> Column {
    Column { name, ty }
}

/// The migrations that were made, newest first.
static MIGRATIONS: Table = Table {
    name: "migrations",
    partition: &[column("list", ColumnType::U64)],
    clustering: &[(column("number", ColumnType::U64), Order::Descending)],
    values: &[column("made_by", ColumnType::Text), column("time", ColumnType::U64)],
};

/// The tables of a keyspace, and their number.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// The number: larger with each change.
    pub number: u32,
    /// All tables.
    pub tables: &'static [&'static Table],
}

impl Schema {
    /// Core's.
    #[must_use]
    pub fn core() -> Self {
        Self { number: tables::VERSION, tables: tables::ALL }
    }
}

/// What is to be done to a keyspace. Shown as CQL that a person can read, or give to `cqlsh`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The number that the keyspace has; none where there is nothing yet.
    pub found: Option<u32>,
    /// The number that it gets.
    pub number: u32,
    /// The statements, in order.
    pub statements: Vec<String>,
}

impl Plan {
    /// Whether nothing is to be done.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.found == Some(self.number) && self.statements.is_empty()
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.found {
            Some(found) if found == self.number => writeln!(out, "-- It has version {found}.")?,
            Some(found) => writeln!(out, "-- From version {found} to {}.", self.number)?,
            None => writeln!(out, "-- From nothing to version {}.", self.number)?,
        }
        self.statements.iter().try_for_each(|statement| writeln!(out, "\n{statement};"))
    }
}

/// Why a keyspace does not get its tables.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// There is no connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// A table is other than declared, in a way that needs more than new columns.
    #[error("the table {table} of the keyspace does not fit this program: {reason}")]
    Differs {
        /// The table.
        table: String,
        /// What is different.
        reason: String,
    },
    /// Another node holds the lease and is not done in time.
    #[error("another node has been migrating the keyspace for {} s: {holder}", WAIT.as_secs())]
    Busy {
        /// That node.
        holder: String,
    },
    /// The lease was lost in the middle; the next start goes on.
    #[error("this node was so slow that another one took over the migration")]
    Overtaken,
    /// A statement failed; the next start goes on.
    #[error("the servers refuse `{statement}`: {reason}")]
    Statement {
        /// The statement's first line.
        statement: String,
        /// What the servers say.
        reason: String,
        /// A server finds it invalid. One that has just started may do so, because it does not know yet what the
        /// statements before have made: the driver asks only those for agreement that it takes to be up.
        invalid: bool,
    },
    /// The tables of the migrations cannot be read or written.
    #[error("the list of migrations: {0}")]
    Store(#[from] StoreError),
}

impl From<LeaseError> for MigrateError {
    fn from(error: LeaseError) -> Self {
        match error {
            LeaseError::Overtaken => Self::Overtaken,
            LeaseError::Store(error) => Self::Store(error),
        }
    }
}

/// Says what would be done, and changes nothing.
///
/// # Errors
/// The servers cannot be reached, or the keyspace cannot be brought to the schema.
pub async fn plan(options: &Options, schema: &Schema) -> Result<Plan, MigrateError> {
    let migration = Migration::connect(options, schema, "").await?;
    let existing = existing::read(&migration.client.session, &options.keyspace).await;
    migration.plan(&existing.map_err(|reason| migration.unreachable(reason))?).await
}

/// Brings a keyspace to a schema, and makes it if there is none. Gives what was done here; when another
/// node has done it, there are no statements.
///
/// `name` is this node's, for people to read; it need not be unique.
///
/// # Errors
/// The servers cannot be reached, or the keyspace cannot be brought to the schema.
pub async fn migrate(options: &Options, schema: &Schema, name: &str) -> Result<Plan, MigrateError> {
    let mut migration = Migration::connect(options, schema, name).await?;
    let started = Instant::now();
    let deadline = started + WAIT;
    loop {
        match migration.attempt().await {
            Ok(Some(plan)) => return Ok(plan),
            // Servers that have just started may not have met all others yet.
            Err(MigrateError::Store(StoreError::Unavailable(reason)))
                if Instant::now() < deadline =>
            {
                tracing::warn!("the migration waits for the servers: {reason}");
            }
            Err(MigrateError::Statement { reason, invalid: true, .. })
                if started.elapsed() < MEETING =>
            {
                tracing::warn!("the migration waits until all servers know the schema: {reason}");
            }
            Ok(None) if Instant::now() < deadline => {}
            Ok(None) => return Err(MigrateError::Busy { holder: migration.lease.holder() }),
            Err(error) => return Err(error),
        }
        sleep(LOOK).await;
    }
}

/// Whether a keyspace has the number that this program wants.
pub(crate) async fn check(
    client: &Client,
    options: &Options,
    number: u32,
) -> Result<(), ConnectError> {
    let keyspace = options.keyspace.clone();
    match newest(client).await {
        Ok(Some(found)) if found == number => Ok(()),
        Ok(Some(found)) if found > number => {
            Err(ConnectError::Newer { keyspace, found, known: number })
        }
        Ok(found) => {
            Err(ConnectError::Older { keyspace, found: found.unwrap_or(0), wanted: number })
        }
        // There is no table of migrations.
        Err(StoreError::Invalid { .. }) => {
            Err(ConnectError::Older { keyspace, found: 0, wanted: number })
        }
        Err(error) => Err(ConnectError::unreachable(options, error)),
    }
}

/// The newest migration that was made.
async fn newest(client: &Client) -> Result<Option<u32>, StoreError> {
    let scan = Scan {
        table: &MIGRATIONS,
        partition: vec![Value::U64(0)],
        from: Bound::Unbounded,
        to: Bound::Unbounded,
        reverse: false,
        limit: 1,
    };
    let rows = client.rows(scan).await?;
    Ok(rows.first().and_then(|row| match row.key.clustering.first() {
        Some(Value::U64(number)) => u32::try_from(*number).ok(),
        _ => None,
    }))
}

/// A migration under way.
struct Migration<'a> {
    client: Client,
    options: &'a Options,
    schema: &'a Schema,
    lease: Lease,
}

impl<'a> Migration<'a> {
    async fn connect(
        options: &'a Options,
        schema: &'a Schema,
        name: &str,
    ) -> Result<Self, MigrateError> {
        let profiles = Profiles::new(options);
        let session = session::connect(options, &profiles).await?;
        let client = Client::new(session, &options.keyspace, profiles);
        Ok(Self { client, options, schema, lease: Lease::new(name) })
    }

    fn unreachable(&self, reason: String) -> MigrateError {
        MigrateError::Connect(ConnectError::unreachable(self.options, reason))
    }

    /// Migrates if nobody else does; gives what was done once nothing is left to do.
    async fn attempt(&mut self) -> Result<Option<Plan>, MigrateError> {
        self.begin().await?;
        let plan = self.plan(&self.existing().await?).await?;
        if plan.is_done() {
            return Ok(Some(plan));
        }
        if !self.lease.try_take(&self.client).await? {
            return Ok(None);
        }
        // Planned again: another node may have done it between.
        let done = self.run().await;
        self.lease.release(&self.client).await;
        done.map(Some)
    }

    /// Makes the tables that the migrations need. All nodes that find them missing do so.
    async fn begin(&self) -> Result<(), MigrateError> {
        let existing = self.existing().await?;
        for statement in self.own_statements(&existing) {
            execute(&self.client, &statement).await?;
        }
        Ok(())
    }

    fn own_statements(&self, existing: &Existing) -> Vec<String> {
        let own = [&MIGRATIONS, &LEASES];
        if own.iter().all(|table| existing.has(table.name)) {
            return Vec::new();
        }
        let Options { keyspace, replication, .. } = self.options;
        let mut statements = Vec::new();
        if !existing.keyspace {
            statements.push(create_keyspace(keyspace, replication));
        }
        statements.extend(own.map(|table| create_own_table(keyspace, table)));
        statements
    }

    async fn existing(&self) -> Result<Existing, MigrateError> {
        let found = existing::read(&self.client.session, &self.options.keyspace).await;
        found.map_err(|reason| self.unreachable(reason))
    }

    /// What is to be done.
    async fn plan(&self, existing: &Existing) -> Result<Plan, MigrateError> {
        let (keyspace, number) = (&self.options.keyspace, self.schema.number);
        let found = match existing.has(MIGRATIONS.name) {
            true => newest(&self.client).await?,
            false => None,
        };
        if let Some(found) = found.filter(|found| *found > number) {
            let keyspace = keyspace.clone();
            return Err(ConnectError::Newer { keyspace, found, known: number }.into());
        }
        let mut statements = self.own_statements(existing);
        for table in self.schema.tables {
            let missing = existing.missing(keyspace, table);
            let table = table.name.to_owned();
            statements.extend(missing.map_err(|reason| MigrateError::Differs { table, reason })?);
        }
        Ok(Plan { found, number, statements })
    }

    /// Does it, under the lease.
    async fn run(&mut self) -> Result<Plan, MigrateError> {
        let plan = self.plan(&self.existing().await?).await?;
        for statement in &plan.statements {
            self.execute_and_beat(statement).await?;
        }
        if plan.found != Some(plan.number) {
            let key = Key {
                partition: vec![Value::U64(0)],
                clustering: vec![Value::U64(plan.number.into())],
            };
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            let time = u64::try_from(now.as_millis()).unwrap_or_default();
            let values = vec![Value::Text(self.lease.name().into()), Value::U64(time)];
            insert_if_absent(&self.client, &MIGRATIONS, Row { key, values }).await?;
        }
        Ok(plan)
    }

    /// Gives one statement under the lease, which goes on meanwhile.
    async fn execute_and_beat(&mut self, statement: &str) -> Result<(), MigrateError> {
        let Self { client, lease, .. } = self;
        lease.beat(client).await?;
        let mut executing = pin!(execute(client, statement));
        loop {
            match timeout(BEAT, &mut executing).await {
                Ok(done) => return done,
                Err(_) => lease.beat(client).await?,
            }
        }
    }
}

/// Gives one statement when all servers agree on the schema, and waits until they agree on the new one.
///
/// The driver waits only after what this connection changed. Another node may have changed something just before:
/// the server that was asked has it, and the one that gets the next statement may not.
async fn execute(client: &Client, statement: &str) -> Result<(), MigrateError> {
    tracing::info!("migrating: {}", first_line(statement));
    let failed = |reason, invalid| {
        let statement = first_line(statement).to_owned();
        MigrateError::Statement { statement, reason, invalid }
    };
    let agreed = || async {
        let agreed = client.session.await_schema_agreement().await;
        agreed.map(drop).map_err(|error| failed(sentence(error), false))
    };
    agreed().await?;
    let mut text = Statement::new(statement);
    text.set_request_timeout(Some(SCHEMA_CHANGE));
    let done = client.session.query_unpaged(text, ()).await;
    done.map_err(|error| {
        let invalid = is_invalid(&error);
        failed(sentence(error), invalid)
    })?;
    agreed().await
}

fn first_line(statement: &str) -> &str {
    statement.lines().next().unwrap_or_default()
}
