//! Compares the users with what the receiver acknowledged, range by range, and puts differences where relays
//! take them from.

use std::time::Duration;

use tokio::time::sleep;

use crate::{
    connect::{Database, Session, answered},
    error::RelayError,
    installed::Installation,
    names::Names,
    settings::DatabaseSettings,
};

/// Users of one range.
const RANGE: i64 = 2_000;

/// What is sent besides differences.
#[derive(Clone, Copy, Debug, Default)]
pub struct Resync {
    /// Everything: the receiver has lost what it acknowledged.
    pub everything: bool,
    /// What the receiver has refused: it would accept it now.
    pub dead: bool,
}

/// What was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResyncReport {
    /// Ranges that were compared.
    pub ranges: u64,
    /// Users in the table.
    pub users: i64,
    /// Ranges that differ.
    pub different: u64,
    /// Users that will be sent.
    pub queued: i64,
    /// Users that cannot be numbered, because they were resynced too often since they last changed.
    pub exhausted: i64,
}

/// Compares everything, at most `rate` differences in a second. Running relays send them.
///
/// # Errors
/// Nothing is installed, it no longer fits the table, or the first fill is not done.
pub async fn resync(
    database: &DatabaseSettings,
    schema: &str,
    what: Resync,
    rate: u64,
) -> Result<ResyncReport, RelayError> {
    let session = Database::new(database)?.connect().await?;
    let installed = Installation::load(&session, schema).await?;
    if !installed.fill.done {
        return Err(RelayError::Filling { filled: installed.fill.count });
    }
    let statements = Statements::new(&installed.names);
    if what.everything {
        answered(session.client.execute(&statements.generation, &[])).await?;
    }
    let mut report = ResyncReport::default();
    let mut after: Option<String> = None;
    loop {
        let upto = statements.boundary(&session, after.as_deref()).await?;
        let queued = statements
            .range(&session, (after.as_deref(), upto.as_deref()), what, &mut report)
            .await?;
        let Some(upto) = upto else { return Ok(report) };
        after = Some(upto);
        let seconds = queued as f64 / rate.max(1) as f64;
        sleep(Duration::from_secs_f64(seconds.max(0.0))).await;
    }
}

struct Statements {
    generation: String,
    first_boundary: String,
    next_boundary: String,
    compare: String,
    queue: String,
    wake: String,
}

impl Statements {
    fn new(names: &Names) -> Self {
        let mut names = names.clone();
        let range = |column: &str| {
            format!(
                "($1::text IS NULL OR {column} > $1::text::@KEY_TYPE@) \
                 AND ($2::text IS NULL OR {column} <= $2::text::@KEY_TYPE@)"
            )
        };
        let of_source = names.fill(&range("t.@KEY@"));
        let of_kept = names.fill(&range("u.key"));
        names.set("@RANGE@", of_source);
        names.set("@RANGE_OF_KEPT@", of_kept);
        // The key of the last user of a range, if others follow.
        let boundary = |after: &str| {
            format!(
                "SELECT t.@KEY@::text FROM @TABLE@ AS t {after} ORDER BY t.@KEY@ OFFSET $1 LIMIT 1"
            )
        };
        Self {
            generation: names.fill("UPDATE @SCHEMA@.state SET generation = generation + 1"),
            first_boundary: names.fill(&boundary("")),
            next_boundary: names.fill(&boundary("WHERE t.@KEY@ > $2::text::@KEY_TYPE@")),
            compare: names.fill(include_str!("sql/range.sql")),
            queue: names.fill(include_str!("sql/resync.sql")),
            wake: names.fill("SELECT pg_notify(@CHANNEL@, '')"),
        }
    }

    async fn boundary(
        &self,
        session: &Session,
        after: Option<&str>,
    ) -> Result<Option<String>, RelayError> {
        let last = RANGE - 1;
        let row = match after {
            None => answered(session.client.query_opt(&self.first_boundary, &[&last])).await?,
            Some(after) => {
                answered(session.client.query_opt(&self.next_boundary, &[&last, &after])).await?
            }
        };
        Ok(row.map(|row| row.get(0)))
    }

    /// Compares one range, and queues its differences; says how many.
    async fn range(
        &self,
        session: &Session,
        (after, upto): (Option<&str>, Option<&str>),
        what: Resync,
        report: &mut ResyncReport,
    ) -> Result<i64, RelayError> {
        let client = &session.client;
        let row = answered(client.query_one(&self.compare, &[&after, &upto])).await?;
        report.ranges += 1;
        report.users += row.get::<_, i64>(0);
        if row.get(1) && !what.everything {
            return Ok(0);
        }
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
            [&after, &upto, &what.everything, &what.dead];
        let row = answered(client.query_one(&self.queue, &parameters)).await?;
        let (queued, different): (i64, i64) = (row.get(1), row.get(2));
        report.different += 1;
        report.queued += queued;
        report.exhausted += different - queued;
        if queued > 0 {
            answered(client.execute(&self.wake, &[])).await?;
        }
        Ok(queued)
    }
}
