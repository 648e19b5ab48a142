//! Another node's lease, watched until it is known to have ended (rule 4).

use std::time::Duration;

use super::rows::{Outcome, Rows};
use crate::{
    model::node::NodeId,
    ports::{
        clock::SharedBootClock,
        store::{Stamp, StoreError},
    },
    tables::LeaseRow,
};

/// What this node knows of another one's lease.
#[derive(Debug)]
enum Seen {
    /// Nothing yet.
    Nothing,
    /// It had this row at this moment, and has had it since.
    Row { row: LeaseRow, since: Duration },
    /// It has ended, for ever: it is known that a fence took effect. No stamp above `reserved` was or
    /// will be used by it.
    Fenced { reserved: Stamp },
}

/// A watch over another node's lease.
#[derive(Debug)]
pub(super) struct Watch {
    node: NodeId,
    seen: Seen,
}

impl Watch {
    pub(super) fn new(node: NodeId) -> Self {
        Self { node, seen: Seen::Nothing }
    }

    /// Reads the lease, and ends it if it was silent for too long. What cannot be done now is done by
    /// the next look.
    pub(super) async fn look(
        &mut self,
        rows: &Rows,
        clock: &SharedBootClock,
        silence: Duration,
    ) -> Result<(), StoreError> {
        if matches!(self.seen, Seen::Fenced { .. }) {
            return Ok(());
        }
        let key = LeaseRow {
            node: self.node,
            beat: 0,
            fenced: false,
            leaving: false,
            reserved: Stamp::NONE,
            address: "".into(),
        };
        let row = rows.read(&key).await?;
        // Rule 4: the clock starts after the read has answered.
        self.note(row, clock.elapsed())?;
        if let Seen::Row { row, since } = &self.seen
            && clock.elapsed().saturating_sub(*since) >= silence
        {
            let row = row.clone();
            self.fence(rows, clock, row).await?;
        }
        Ok(())
    }

    fn note(&mut self, row: Option<LeaseRow>, now: Duration) -> Result<(), StoreError> {
        let Some(row) = row else {
            return Err(StoreError::Corrupt {
                table: LeaseRow::TABLE.name,
                reason: format!("node {} is named elsewhere and has no lease", self.node),
            });
        };
        match &self.seen {
            _ if row.fenced => self.seen = Seen::Fenced { reserved: row.reserved },
            Seen::Row { row: before, .. } if *before == row => {}
            _ => self.seen = Seen::Row { row, since: now },
        }
        Ok(())
    }

    /// Ends the lease if its beat is still the one that was seen. Only what is known to have taken
    /// effect counts.
    async fn fence(
        &mut self,
        rows: &Rows,
        clock: &SharedBootClock,
        row: LeaseRow,
    ) -> Result<(), StoreError> {
        let fenced = LeaseRow { fenced: true, ..row.clone() };
        match rows.write(Some(&row), &fenced).await {
            Outcome::Done => {
                tracing::warn!(node = %self.node, address = %row.address, "ended a silent node's lease");
                self.seen = Seen::Fenced { reserved: row.reserved };
                Ok(())
            }
            Outcome::Found(found) => self.note(found, clock.elapsed()),
            Outcome::Unknown(error) | Outcome::Failed(error) => Err(error),
        }
    }

    /// When the lease will have been silent for too long, if nothing is heard of it; none if it has
    /// ended or was not read yet.
    pub(super) fn silent_at(&self, silence: Duration) -> Option<Duration> {
        match &self.seen {
            Seen::Row { since, .. } => Some(*since + silence),
            _ => None,
        }
    }

    /// Whether the node may take shards, as far as is known.
    pub(super) fn takes_shards(&self, now: Duration, silence: Duration) -> bool {
        match &self.seen {
            Seen::Nothing => false,
            Seen::Row { row, since } => !row.leaving && now.saturating_sub(*since) < silence,
            Seen::Fenced { .. } => false,
        }
    }

    /// The node says that it is leaving, and still holds its lease.
    pub(super) fn is_leaving(&self) -> bool {
        matches!(&self.seen, Seen::Row { row, .. } if row.leaving)
    }

    /// The last stamp that the node could use, if its lease is known to have ended.
    pub(super) fn fenced(&self) -> Option<Stamp> {
        match self.seen {
            Seen::Fenced { reserved } => Some(reserved),
            _ => None,
        }
    }
}
