//! The rows of leases and shards, and the conditional writes on them.

use super::{Lease, Role, State};
use crate::{Mutation, Next, Step};

/// A node's lease.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct LeaseRow {
    pub(super) beat: u8,
    /// The highest stamp that its process may use.
    pub(super) reserved: u8,
    pub(super) fenced: bool,
}

/// The shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Shard {
    pub(super) owner: Option<u8>,
    pub(super) epoch: u8,
    /// At least every stamp that former owners could use.
    pub(super) floor: u8,
}

/// A conditional write on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Request {
    /// The process that sent it, by its place in the list.
    pub(super) by: u8,
    pub(super) write: Write,
}

/// What it wants to write, and on which condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Write {
    Renew { node: u8, seen: u8, beat: u8, reserved: u8 },
    Fence { node: u8, beat: u8 },
    Claim { from: Option<u8>, epoch: u8, floor: u8 },
    Release { epoch: u8, floor: u8 },
}

impl State {
    /// Sends a conditional write: from now on it may take effect.
    pub(super) fn send(&mut self, by: usize, write: Write) {
        let request = Request { by: by as u8, write };
        if let Err(place) = self.requests.binary_search(&request) {
            self.requests.insert(place, request);
        }
    }

    /// A conditional write is decided, and its answer is on its way.
    pub(super) fn take_effect(&self, lease: &Lease, index: usize, next: &mut Next<Self>) {
        let mut after = self.clone();
        let Request { by, write } = after.requests.remove(index);
        let node = after.processes[usize::from(by)].node;
        let (step, applied) = match write {
            Write::Renew { node, seen, beat, reserved } => {
                let row = &mut after.leases[usize::from(node)];
                let fenced = row.fenced && !lease.is(Mutation::RenewsFencedLease);
                let applied = row.beat == seen && !fenced;
                if applied {
                    *row = LeaseRow { beat, reserved, ..*row };
                }
                (Step::Renew, applied)
            }
            Write::Fence { node, beat } => {
                let row = &mut after.leases[usize::from(node)];
                let applied = row.beat == beat;
                row.fenced |= applied;
                (Step::Fence, applied)
            }
            Write::Claim { from, epoch, floor } => {
                let applied = after.shard.owner == from && after.shard.epoch + 1 == epoch;
                if applied {
                    after.shard = Shard { owner: Some(node), epoch, floor };
                }
                (Step::Claim, applied)
            }
            Write::Release { epoch, floor } => {
                let shard = after.shard;
                let applied = shard.owner == Some(node) && shard.epoch == epoch;
                if applied {
                    after.shard = Shard { owner: None, epoch, floor };
                }
                (Step::Release, applied)
            }
        };
        after.answer(by, write, applied);
        let effect = if applied { "takes effect" } else { "is refused" };
        next.add(step, || format!("{write:?} of process {by} {effect}"), after);
    }

    /// Hands the outcome to the process, if it still waits for it.
    fn answer(&mut self, by: u8, write: Write, applied: bool) {
        let process = &mut self.processes[usize::from(by)];
        match (write, &mut process.role) {
            (Write::Renew { node, beat, .. }, _)
                if process.renewal == Some(None) && process.newest == beat =>
            {
                process.renewal = Some(Some(self.leases[usize::from(node)]));
            }
            (Write::Fence { beat, .. }, Role::Fences { beat: waits, answer, .. })
                if beat == *waits =>
            {
                *answer = Some(applied);
            }
            (Write::Claim { epoch, .. }, Role::Claims { epoch: waits, answer, .. })
            | (Write::Release { epoch, .. }, Role::Releases { epoch: waits, answer, .. })
                if epoch == *waits =>
            {
                *answer = Some(applied);
            }
            _ => {}
        }
    }
}
