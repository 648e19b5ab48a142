//! How far everything is.

use std::fmt;

use serde::Serialize;

use crate::{
    connect::{Database, answered},
    error::RelayError,
    installed::Installation,
    settings::DatabaseSettings,
};

/// Refused users that are listed.
const DEAD_ROWS: i64 = 20;
/// Reasons of failed attempts that are listed.
const REASONS: i64 = 5;

/// How far everything is.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// The table that is mirrored.
    pub table: String,
    /// Why it is not.
    pub problem: Option<String>,
    /// Whether the users of before the installation have all been taken.
    pub fill_done: bool,
    /// How many have been.
    pub fill_users: i64,
    /// Users that the receiver has.
    pub mirrored: i64,
    /// Changes in the outbox, and users that wait to be sent.
    pub pending: i64,
    /// Of these, users that a relay has taken.
    pub taken: i64,
    /// For how many seconds the oldest has waited.
    pub lag_seconds: f64,
    /// Why attempts failed that will be repeated, and how many users each concerns.
    pub failing: Vec<(String, i64)>,
    /// Users whose newest version the receiver refused.
    pub dead: i64,
    /// The first of them.
    pub dead_rows: Vec<DeadRow>,
}

/// A user whose newest version the receiver refused.
#[derive(Clone, Debug, Serialize)]
pub struct DeadRow {
    /// The user.
    pub id: String,
    /// The version.
    pub version: i64,
    /// Why.
    pub reason: String,
}

/// Reads it.
///
/// # Errors
/// Nothing is installed, or there is no connection.
pub async fn status(database: &DatabaseSettings, schema: &str) -> Result<Status, RelayError> {
    let session = Database::new(database)?.connect().await?;
    let installed = Installation::find(&session, schema).await?;
    let installed = installed.ok_or_else(|| RelayError::NotInstalled(schema.to_owned()))?;
    let client = &session.client;
    let names = &installed.names;
    let counts = names.fill(
        "SELECT (SELECT count(*) FROM @SCHEMA@.outbox), count(*) FILTER (WHERE due_at IS NOT NULL), \
             count(*) FILTER (WHERE claim IS NOT NULL AND due_at > now()), \
             count(*) FILTER (WHERE acked_checksum IS NOT NULL), count(*) FILTER (WHERE dead), \
             coalesce(extract(epoch FROM now() - least(min(waiting_since) FILTER (WHERE due_at IS NOT NULL), \
                 (SELECT min(at) FROM @SCHEMA@.outbox))), 0)::float8 \
         FROM @SCHEMA@.users",
    );
    let row = answered(client.query_one(&counts, &[])).await?;
    let dead = names.fill(
        "SELECT key::text, version, coalesce(error, '') FROM @SCHEMA@.users WHERE dead ORDER BY key LIMIT $1",
    );
    let dead = answered(client.query(&dead, &[&DEAD_ROWS])).await?;
    let failing = names.fill(
        "SELECT error, count(*) FROM @SCHEMA@.users WHERE due_at IS NOT NULL AND error IS NOT NULL \
         GROUP BY error ORDER BY count(*) DESC LIMIT $1",
    );
    let failing = answered(client.query(&failing, &[&REASONS])).await?;
    Ok(Status {
        table: installed.table,
        problem: installed.problem.map(|problem| RelayError::SchemaChanged(problem).to_string()),
        fill_done: installed.fill.done,
        fill_users: installed.fill.count,
        mirrored: row.get(3),
        pending: row.get::<_, i64>(0) + row.get::<_, i64>(1),
        taken: row.get(2),
        lag_seconds: row.get::<_, f64>(5).max(0.0),
        failing: failing.iter().map(|row| (row.get(0), row.get(1))).collect(),
        dead: row.get(4),
        dead_rows: dead
            .iter()
            .map(|row| DeadRow { id: row.get(0), version: row.get(1), reason: row.get(2) })
            .collect(),
    })
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fill = if self.fill_done { "done" } else { "running" };
        writeln!(f, "table       {}", self.table)?;
        if let Some(problem) = &self.problem {
            writeln!(f, "problem     {problem}")?;
        }
        writeln!(f, "first fill  {fill}, {} users", self.fill_users)?;
        writeln!(f, "mirrored    {} users", self.mirrored)?;
        writeln!(f, "pending     {}, of these taken by relays {}", self.pending, self.taken)?;
        writeln!(f, "lag         {:.1} s", self.lag_seconds)?;
        for (reason, users) in &self.failing {
            writeln!(f, "failing     {users} users, tried again: {reason}")?;
        }
        writeln!(f, "dead        {}", self.dead)?;
        for row in &self.dead_rows {
            writeln!(f, "            {} at version {}: {}", row.id, row.version, row.reason)?;
        }
        Ok(())
    }
}
