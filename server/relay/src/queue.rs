//! The users in PostgreSQL as a queue: what waits, what is being sent, and how it ended.

use std::time::{Duration, Instant};

use rand::Rng;
use tokio_postgres::Statement;

use crate::{
    connect::{Session, answered},
    error::RelayError,
    event::Change,
    names::Names,
    send::Outcome,
};

/// Changes that one statement takes out of the outbox.
pub(crate) const INTAKE: i64 = 1_000;

/// The statements of one session.
pub(crate) struct Queue {
    intake: Statement,
    claim: Statement,
    record: Statement,
}

/// A user that this relay has taken, and until when it may be sent.
#[derive(Clone, Debug)]
pub(crate) struct Claimed {
    pub(crate) change: Change,
    pub(crate) claim: i64,
    pub(crate) checksum: Option<i64>,
    /// How often it has been tried, this time included.
    pub(crate) attempts: i32,
    /// When somebody else may take it.
    pub(crate) until: Instant,
}

/// How an attempt ended.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) claimed: Claimed,
    pub(crate) outcome: Outcome,
    /// When it is due again, if it is.
    pub(crate) wait: Duration,
}

impl Queue {
    /// Prepares the statements.
    pub(crate) async fn open(session: &Session, names: &Names) -> Result<Self, RelayError> {
        let prepare = async |text| answered(session.client.prepare(&names.fill(text))).await;
        Ok(Self {
            intake: prepare(include_str!("sql/intake.sql")).await?,
            claim: prepare(include_str!("sql/claim.sql")).await?,
            record: prepare(include_str!("sql/record.sql")).await?,
        })
    }

    /// Takes changes out of the outbox; says how many.
    pub(crate) async fn take_in(&self, session: &Session) -> Result<i64, RelayError> {
        let row = answered(session.client.query_one(&self.intake, &[&INTAKE])).await?;
        Ok(row.get(0))
    }

    /// Takes at most so many users that are due.
    pub(crate) async fn claim(
        &self,
        session: &Session,
        limit: usize,
        lease: Duration,
    ) -> Result<Vec<Claimed>, RelayError> {
        // PostgreSQL starts its lease later than we do.
        let until = Instant::now() + lease;
        let claim: i64 = rand::rng().random();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let lease = lease.as_millis() as f64;
        let rows = answered(session.client.query(&self.claim, &[&limit, &claim, &lease])).await?;
        Ok(rows
            .into_iter()
            .map(|row| {
                let checksum: Option<i64> = row.get(3);
                let change = Change {
                    key: row.get(0),
                    version: row.get(1),
                    // By the checksum: it says whether the user exists.
                    payload: checksum.and(row.get(2)),
                    at: row.get(5),
                    series: row.get(6),
                };
                Claimed { change, claim, checksum, attempts: row.get(4), until }
            })
            .collect())
    }

    /// Writes down how attempts ended.
    pub(crate) async fn record(
        &self,
        session: &Session,
        records: &[Record],
    ) -> Result<(), RelayError> {
        let column = |of: fn(&Claimed) -> i64| -> Vec<i64> {
            records.iter().map(|record| of(&record.claimed)).collect()
        };
        let keys: Vec<&str> = records.iter().map(|r| r.claimed.change.key.as_str()).collect();
        let checksums: Vec<Option<i64>> = records.iter().map(|r| r.claimed.checksum).collect();
        let outcomes: Vec<&str> = records.iter().map(|r| r.outcome.name()).collect();
        let errors: Vec<Option<&str>> = records.iter().map(|r| r.outcome.reason()).collect();
        let millis = |wait: Duration| i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
        let waits: Vec<i64> = records.iter().map(|record| millis(record.wait)).collect();
        let (claims, versions) = (column(|c| c.claim), column(|c| c.change.version));
        answered(session.client.execute(
            &self.record,
            &[&keys, &claims, &versions, &checksums, &outcomes, &errors, &waits],
        ))
        .await?;
        Ok(())
    }
}
