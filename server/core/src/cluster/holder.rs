//! Keeps a node's own lease: rules 2 and 3, and the reservation of rule 7.

use std::time::Duration;

use tokio::time::sleep;

use super::{
    lease::{Ended, Known, Lease},
    rows::{Outcome, Rows},
    settings::LeaseSettings,
    stamps::Reservation,
};
use crate::{
    model::node::NodeId,
    ports::{
        clock::SharedBootClock,
        store::{Stamp, StoreError},
    },
    tables::LeaseRow,
};

/// How often a leaving node tries to end its lease in the store. After that others wait for its silence.
const FAREWELLS: usize = 3;

/// An attempt to write the lease row, of unknown outcome.
struct Attempt {
    row: LeaseRow,
    /// When it began, by the boot clock.
    start: Duration,
}

/// Renews a lease.
pub(super) struct Holder {
    rows: Rows,
    clock: SharedBootClock,
    settings: LeaseSettings,
    reservation: Reservation,
    lease: Lease,
    /// The row as it was when last known.
    known: LeaseRow,
    /// Attempts since then that may still take effect. All are conditional on `known`, so at most one of
    /// them can. The lease time bounds their number.
    attempts: Vec<Attempt>,
    /// The last beat that was ever tried.
    beat: u64,
}

impl Holder {
    /// Writes the lease row of a new node, and holds the lease once the write is known to have taken
    /// effect.
    ///
    /// # Errors
    /// What the store says, when it did not take effect within the lease time.
    pub(super) async fn join(
        rows: Rows,
        clock: SharedBootClock,
        settings: LeaseSettings,
        reservation: Reservation,
        (node, address): (NodeId, std::sync::Arc<str>),
    ) -> Result<Self, StoreError> {
        let begun = clock.elapsed();
        let mut attempts: Vec<Attempt> = Vec::new();
        let mut beat = 0;
        loop {
            // Rule 2: no two attempts have the same beat.
            beat += 1;
            let start = clock.elapsed();
            let reserved = reservation.next(Stamp::NONE, Stamp::NONE);
            let address = address.clone();
            let row = LeaseRow { node, beat, fenced: false, leaving: false, reserved, address };
            let effective = match rows.write(None, &row).await {
                Outcome::Done => Attempt { row, start },
                Outcome::Found(Some(found)) => {
                    match attempts.into_iter().find(|attempt| attempt.row == found) {
                        Some(attempt) => attempt,
                        None => return Err(not_ours(node)),
                    }
                }
                Outcome::Found(None) => return Err(not_ours(node)),
                Outcome::Unknown(error) | Outcome::Failed(error) => {
                    if clock.elapsed().saturating_sub(begun) >= settings.lease_time {
                        return Err(error);
                    }
                    attempts.push(Attempt { row, start });
                    sleep(settings.hurry()).await;
                    continue;
                }
            };
            let known = Known { reserved: effective.row.reserved, ..Known::default() };
            // Rule 3: counted from before the write was sent.
            let until = effective.start + settings.lease_time;
            let lease = Lease::counted(clock.clone(), until, known);
            reservation.use_range(Stamp::NONE, known.reserved);
            let known = effective.row;
            let attempts = Vec::new();
            return Ok(Self { rows, clock, settings, reservation, lease, known, attempts, beat });
        }
    }

    /// The lease.
    pub(super) fn lease(&self) -> Lease {
        self.lease.clone()
    }

    /// Renews the lease until it has ended.
    pub(super) async fn run(mut self) {
        let mut wishes = self.lease.wishes();
        let mut ended = self.lease.watch();
        let mut pause = self.settings.lease_renewal;
        loop {
            tokio::select! {
                biased;
                _ = ended.wait_for(|known| known.ended.is_some()) => break,
                _ = wishes.changed() => {}
                () = sleep(pause) => {}
            }
            pause = if self.renew().await {
                self.settings.lease_renewal
            } else {
                self.settings.hurry()
            };
        }
        if self.lease.standing() == Some(Ended::Left) {
            self.say_farewell().await;
        }
    }

    /// Tries to renew the lease; says whether this is known to have taken effect.
    async fn renew(&mut self) -> bool {
        while self.lease.held() {
            let start = self.clock.elapsed();
            let row = self.next_row();
            let outcome = self.rows.write(Some(&self.known), &row).await;
            if !matches!(outcome, Outcome::Found(_)) {
                self.lease.count_renewal(matches!(outcome, Outcome::Done));
            }
            match outcome {
                Outcome::Done => {
                    self.took_effect(Attempt { row, start });
                    return true;
                }
                Outcome::Found(found) => {
                    // An earlier attempt took effect: it counts from its own start. The next one
                    // follows at once.
                    if !self.found(found) {
                        return false;
                    }
                }
                Outcome::Unknown(error) => {
                    tracing::debug!(%error, "whether the lease was renewed is not known");
                    self.attempts.push(Attempt { row, start });
                    return false;
                }
                Outcome::Failed(error) => {
                    tracing::debug!(%error, "the lease was not renewed");
                    return false;
                }
            }
        }
        false
    }

    /// The next attempt's row. Rule 2: its beat was never written before.
    fn next_row(&mut self) -> LeaseRow {
        let wishes = *self.lease.wishes().borrow();
        self.beat += 1;
        LeaseRow {
            beat: self.beat,
            leaving: self.known.leaving || wishes.leaving,
            reserved: self.reservation.next(self.known.reserved, wishes.above),
            ..self.known.clone()
        }
    }

    /// Learns from a row that is not `known`; false if the lease has ended.
    fn found(&mut self, found: Option<LeaseRow>) -> bool {
        let ours = self.attempts.iter().position(|attempt| Some(&attempt.row) == found.as_ref());
        if let Some(ours) = ours {
            let attempt = self.attempts.swap_remove(ours);
            self.took_effect(attempt);
            return true;
        }
        // It is fenced, or not what this node wrote. Either way this node does not hold the lease.
        let fenced = found.is_some_and(|row| row.fenced);
        tracing::warn!(node = %self.known.node, fenced, "another node ended this node's lease");
        self.lease.end(Ended::Fenced);
        self.lease.learn(|known| known.fenced = fenced);
        false
    }

    /// Counts a renewal that is known to have taken effect (rules 3 and 7).
    fn took_effect(&mut self, Attempt { row, start }: Attempt) {
        self.attempts.clear();
        self.lease.extend(start + self.settings.lease_time);
        let (reserved, leaving) = (row.reserved, row.leaving);
        self.known = row;
        if !self.lease.held() {
            return;
        }
        let mut above = self.lease.known().above;
        let wished = self.lease.wishes().borrow().above;
        if wished < reserved {
            above = above.max(wished);
        }
        self.reservation.use_range(above, reserved);
        self.lease.learn(|known| {
            (known.reserved, known.above, known.leaving) = (reserved, above, leaving);
        });
    }

    /// Marks the lease as ended in the store, so that others need not wait for its silence. This process
    /// has already stopped using it.
    async fn say_farewell(&mut self) {
        for _ in 0..FAREWELLS {
            let row = LeaseRow { fenced: true, ..self.known.clone() };
            match self.rows.write(Some(&self.known), &row).await {
                Outcome::Done => {
                    self.lease.learn(|known| known.fenced = true);
                    return;
                }
                Outcome::Found(Some(row)) if row.fenced => return,
                Outcome::Found(Some(row)) => self.known = row,
                Outcome::Found(None) => return,
                Outcome::Unknown(error) | Outcome::Failed(error) => {
                    tracing::debug!(%error, "the lease was not ended in the store");
                    sleep(self.settings.hurry()).await;
                }
            }
        }
    }
}

fn not_ours(node: NodeId) -> StoreError {
    StoreError::Corrupt {
        table: LeaseRow::TABLE.name,
        reason: format!("node {node} is new and has a lease that is not its own"),
    }
}
