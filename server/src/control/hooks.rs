//! Webhooks to other services, as the command line shows them.

use std::fmt;

use caffis_core::{
    Core,
    outgoing::{EndpointStatistics, Letters, Redriven},
    ports::store::StoreError,
    tables::DeadRow,
};
use caffis_schema::{Timestamp, hooks::values::Moment};
use serde::{Deserialize, Serialize};

/// An endpoint, as this node sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointStatus {
    /// Its name.
    pub endpoint: String,
    /// Webhooks that it has taken since this node started.
    pub delivered: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Webhooks that were given up.
    pub dead: u64,
    /// Attempts under way.
    pub in_flight: u64,
    /// Rooms of which it waits to be told.
    pub waiting: u64,
    /// Since when the first of them waits.
    pub oldest: Option<Timestamp>,
}

/// A dead letter in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterLine {
    /// When it was given up.
    pub died: Timestamp,
    /// Its `webhook-id`.
    pub id: String,
    /// The kind of its event.
    pub kind: String,
    /// How often it was tried.
    pub attempts: u64,
    /// Why the last attempt failed.
    pub reason: String,
}

/// A dead letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// As in the list.
    pub line: LetterLine,
    /// Its endpoint.
    pub endpoint: String,
    /// The body.
    pub body: String,
}

/// What became of letters that were sent again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resent {
    /// So many were delivered.
    pub delivered: usize,
    /// So many belong to other nodes.
    pub elsewhere: usize,
    /// So many are left.
    pub left: usize,
    /// The letter with which it stopped, and why.
    pub failed: Option<(String, String)>,
}

/// The endpoints.
pub(super) fn endpoints(core: &Core) -> Vec<EndpointStatus> {
    let status = |statistics: EndpointStatistics| {
        let EndpointStatistics { endpoint, delivered, failed, dead, in_flight, waiting, oldest } =
            statistics;
        EndpointStatus { endpoint, delivered, failed, dead, in_flight, waiting, oldest }
    };
    core.endpoints().into_iter().map(status).collect()
}

/// The oldest dead letters.
///
/// # Errors
/// The store's.
pub(super) async fn list(
    core: &Core,
    endpoint: Option<String>,
) -> Result<Vec<LetterLine>, StoreError> {
    let letters = core.dead_letters(&Letters { endpoint, id: None }).await?;
    Ok(letters.iter().map(line).collect())
}

/// One of them.
///
/// # Errors
/// The store's.
pub(super) async fn find(core: &Core, id: String) -> Result<Option<Letter>, StoreError> {
    let letters = core.dead_letters(&Letters { endpoint: None, id: Some(id) }).await?;
    Ok(letters.first().map(|row| Letter {
        line: line(row),
        endpoint: row.endpoint.to_string(),
        body: String::from_utf8_lossy(&row.body).into_owned(),
    }))
}

/// Sends them again.
///
/// # Errors
/// The store's.
pub(super) async fn redrive(core: &Core, which: Letters) -> Result<Resent, StoreError> {
    let Redriven { delivered, elsewhere, left, failed } = core.redrive(&which).await?;
    Ok(Resent { delivered, elsewhere, left, failed })
}

fn line(row: &DeadRow) -> LetterLine {
    LetterLine {
        died: row.died,
        id: row.id.to_string(),
        kind: row.kind.to_string(),
        attempts: row.attempts,
        reason: row.reason.to_string(),
    }
}

/// A time for people.
fn shown(time: Timestamp) -> String {
    // As in JSON, without the quotes.
    let text = serde_json::to_string(&Moment(time)).unwrap_or_default();
    text.trim_matches('"').to_owned()
}

/// Endpoints as a table.
pub struct Endpoints<'a>(pub &'a [EndpointStatus]);

impl fmt::Display for Endpoints<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<24}{:>11}{:>9}{:>7}{:>11}{:>9}  WAITS SINCE",
            "ENDPOINT", "DELIVERED", "FAILED", "DEAD", "IN FLIGHT", "WAITING"
        )?;
        for row in self.0 {
            let EndpointStatus { endpoint, delivered, failed, dead, in_flight, waiting, oldest } =
                row;
            let oldest = oldest.map_or_else(|| "-".to_owned(), shown);
            writeln!(
                f,
                "{endpoint:<24}{delivered:>11}{failed:>9}{dead:>7}{in_flight:>11}{waiting:>9}  {oldest}"
            )?;
        }
        Ok(())
    }
}

/// Dead letters as a table.
pub struct LetterList<'a>(pub &'a [LetterLine]);

impl fmt::Display for LetterList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<26}{:<50}{:<22}{:>6}  REASON", "GIVEN UP", "ID", "KIND", "TRIED")?;
        for LetterLine { died, id, kind, attempts, reason } in self.0 {
            writeln!(f, "{:<26}{id:<50}{kind:<22}{attempts:>6}  {reason}", shown(*died))?;
        }
        Ok(())
    }
}

impl fmt::Display for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LetterLine { died, id, kind, attempts, reason } = &self.line;
        writeln!(f, "id        {id}\nendpoint  {}\nkind      {kind}", self.endpoint)?;
        writeln!(f, "given up  {}, after {attempts} attempts\nreason    {reason}", shown(*died))?;
        writeln!(f, "\n{}", self.body)
    }
}

impl fmt::Display for Resent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} delivered, {} left", self.delivered, self.left)?;
        if self.elsewhere > 0 {
            let count = self.elsewhere;
            writeln!(f, "{count} belong to other nodes: give the command there, too")?;
        }
        match &self.failed {
            Some((id, reason)) => writeln!(f, "{id} was not taken: {reason}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_tables() {
        let endpoint = EndpointStatus {
            endpoint: "push".to_owned(),
            delivered: 12,
            failed: 3,
            dead: 1,
            in_flight: 0,
            waiting: 2,
            oldest: Some(Timestamp(1_764_158_400_000)),
        };
        let text = Endpoints(&[endpoint]).to_string();
        assert!(text.contains("push") && text.contains("2025-11-26T12:00:00Z"), "{text}");
        let line = LetterLine {
            died: Timestamp(1_764_158_400_000),
            id: "evt_0123456789abcdef_12_push".to_owned(),
            kind: "member.left".to_owned(),
            attempts: 104,
            reason: "500".to_owned(),
        };
        let text = LetterList(std::slice::from_ref(&line)).to_string();
        assert!(
            text.contains("evt_0123456789abcdef_12_push") && text.contains("104  500"),
            "{text}"
        );
        let letter = Letter { line, endpoint: "push".to_owned(), body: "{}".to_owned() };
        assert!(letter.to_string().ends_with("\n\n{}\n"), "{letter}");
    }
}
