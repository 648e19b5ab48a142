//! Claiming shards and giving them up: rules 5, 6 and 7.

use futures_util::future::join_all;
use tokio::time::timeout;

use super::{
    lease::Lease,
    member::{Member, Mine},
    rows::{Outcome, Rows},
    settings::HANDOVERS,
    shards::{GROUPS, SHARDS, Shard},
};
use crate::{ports::store::Stamp, tables::ShardRow};

/// A possible claim: a free shard's row as it was seen, and what to replace it with.
struct Claim {
    shard: Shard,
    before: Option<ShardRow>,
    after: ShardRow,
}

/// Makes claims one after the other, while the lease is held.
async fn make(rows: Rows, lease: Lease, claims: Vec<Claim>) -> Vec<(Claim, Outcome<ShardRow>)> {
    let mut made = Vec::new();
    for claim in claims {
        if !lease.held() {
            break;
        }
        let outcome = rows.write(claim.before.as_ref(), &claim.after).await;
        // A store in trouble is asked again by the next look, not once for each shard.
        let trouble = matches!(outcome, Outcome::Failed(_) | Outcome::Unknown(_));
        made.push((claim, outcome));
        if trouble {
            break;
        }
    }
    made
}

/// Releases shards one after the other; gives the rows that were tried.
async fn give_back(
    rows: Rows,
    shards: Vec<ShardRow>,
    reserved: Stamp,
) -> Vec<(ShardRow, Outcome<ShardRow>)> {
    let mut given = Vec::new();
    for row in shards {
        let released = ShardRow { released: true, floor: row.floor.max(reserved), ..row.clone() };
        let outcome = rows.write(Some(&row), &released).await;
        let trouble = matches!(outcome, Outcome::Failed(_) | Outcome::Unknown(_));
        given.push((released, outcome));
        if trouble {
            break;
        }
    }
    given
}

impl Member {
    /// Finds claims of this node that took effect although their outcome was unknown (rule 5): such a
    /// write may land at any time.
    pub(super) async fn confirm(&mut self) {
        for shard in Shard::all() {
            let Some(row) = self.state.table[shard.index()].clone() else { continue };
            if row.owner != self.node || row.released || self.state.mine.contains_key(&shard) {
                continue;
            }
            match self.rows.read(&row).await {
                Ok(Some(found)) if found == row => {
                    if self.stamps_above(row.floor).await {
                        self.state.mine.insert(shard, Mine::Serving);
                        // Whether it was released before is not known any more.
                        self.state.inherited.push((shard, row.epoch));
                    }
                }
                Ok(found) => found.into_iter().for_each(|row| self.state.merge(row)),
                Err(error) => {
                    self.state.hurry = true;
                    tracing::debug!(%error, "a claim could not be confirmed");
                    return;
                }
            }
        }
    }

    /// The shards that this node was asked to take; none while it leaves.
    fn taking(&self) -> Vec<Shard> {
        if *self.control.leaving.borrow() { Vec::new() } else { self.control.moving.taking() }
    }

    /// Claims free shards up to this node's share, and those that it was asked to take.
    pub(super) async fn take(&mut self) {
        let room = self.share().saturating_sub(self.state.mine.len());
        let asked = self.taking();
        let others = self.in_order().filter(|shard| !asked.contains(shard));
        let others = others.filter_map(|shard| self.claim(shard)).take(room);
        let claims = asked.iter().filter_map(|shard| self.claim(*shard));
        let claims: Vec<Claim> = claims.chain(others).collect();
        let Some(floor) = claims.iter().map(|claim| claim.after.floor).max() else { return };
        // Rule 7: the range lies above the floors before the first shard is served.
        if !self.stamps_above(floor).await {
            self.state.hurry = true;
            return;
        }
        let mut groups: Vec<Vec<Claim>> = (0..GROUPS).map(|_| Vec::new()).collect();
        for claim in claims {
            groups[claim.shard.group() as usize].push(claim);
        }
        let tried = groups.into_iter().map(|g| make(self.rows.clone(), self.lease.clone(), g));
        let tried = join_all(tried).await;
        tried.into_iter().flatten().for_each(|(claim, outcome)| self.claimed(claim, outcome));
    }

    /// The claim of a shard, if the shard is free: this node becomes the owner in the next epoch.
    fn claim(&self, shard: Shard) -> Option<Claim> {
        if self.state.mine.contains_key(&shard) || self.control.moving.gives(shard) {
            return None;
        }
        let before = self.state.table[shard.index()].clone();
        let (epoch, floor) = match &before {
            None => (0, Stamp::NONE),
            Some(row) if row.released => (row.epoch, row.floor),
            // Rule 4: only a fence known to have taken effect allows a claim. Rule 7: the node could not
            // use more stamps than its fenced row reserves.
            Some(row) => {
                let reserved = self.state.watches.get(&row.owner)?.fenced()?;
                (row.epoch, row.floor.max(reserved))
            }
        };
        let after = ShardRow {
            group: shard.group(),
            shard: shard.get(),
            owner: self.node,
            epoch: epoch + 1,
            released: false,
            floor,
        };
        Some(Claim { shard, before, after })
    }

    fn claimed(&mut self, claim: Claim, outcome: Outcome<ShardRow>) {
        match outcome {
            // Rule 5: work begins only when the claim is known to have taken effect.
            Outcome::Done => {
                if claim.before.is_some_and(|before| !before.released) {
                    self.state.inherited.push((claim.shard, claim.after.epoch));
                }
                self.state.merge(claim.after);
                self.state.mine.insert(claim.shard, Mine::Serving);
                self.control.moves.send_replace(());
            }
            Outcome::Found(found) => found.into_iter().for_each(|row| self.state.merge(row)),
            Outcome::Failed(error) | Outcome::Unknown(error) => {
                self.state.hurry = true;
                tracing::debug!(%error, shard = claim.shard.get(), "a claim did not succeed");
            }
        }
    }

    /// Makes sure that all further stamps of this process are larger than one (rule 7); false when that
    /// is not known yet.
    async fn stamps_above(&mut self, floor: Stamp) -> bool {
        if self.stamps.last() >= floor {
            return self.lease.held();
        }
        let mut known = self.lease.watch();
        self.lease.wish(|wishes| wishes.above = wishes.above.max(floor));
        let reserved = known.wait_for(|known| known.ended.is_some() || known.above >= floor);
        let reserved = timeout(self.settings.lease_renewal, reserved).await;
        matches!(reserved, Ok(Ok(known)) if known.ended.is_none())
    }

    /// Begins to give up shards beyond this node's share, a few at a time, and those that it was asked for.
    pub(super) fn give_up(&mut self) {
        let serving = |mine: &Mine| *mine == Mine::Serving;
        let count = self.state.mine.values().filter(|mine| serving(mine)).count();
        let excess = count.saturating_sub(self.share());
        // Without another node to take them, nothing is gained by going slowly.
        let others = self.takers() > u64::from(!*self.control.leaving.borrow());
        let limit = if others {
            let free = Shard::all().filter(|shard| self.state.owned(*shard).is_none()).count();
            HANDOVERS.saturating_sub(free + self.state.mine.len() - count)
        } else {
            SHARDS as usize
        };
        let order: Vec<Shard> = self.in_order().collect();
        let serves = |shard: &Shard| self.state.mine.get(shard).is_some_and(serving);
        let kept = self.taking();
        let given = order.into_iter().rev().filter(|shard| serves(shard) && !kept.contains(shard));
        let mut given: Vec<Shard> = given.take(excess.min(limit)).collect();
        let asked = self.control.moving.giving().into_iter().filter(serves);
        given.extend(asked.filter(|shard| !given.contains(shard)).collect::<Vec<_>>());
        // Rule 6: no new commands from here on.
        for shard in &given {
            self.state.mine.insert(*shard, Mine::Draining);
        }
        self.publish();
        for shard in given {
            let drained = self.drain.drain(shard);
            self.state.draining.push(Box::pin(async move {
                drained.await;
                shard
            }));
        }
    }

    /// Releases shards whose rooms have finished (rule 6).
    pub(super) async fn drained(&mut self, shards: Vec<Shard>) {
        for shard in &shards {
            self.state.mine.insert(*shard, Mine::Releasing);
        }
        self.release(shards).await;
    }

    /// Tries again to release shards whose release is not known to have taken effect.
    pub(super) async fn release_again(&mut self) {
        let mine = self.state.mine.iter();
        let releasing = mine.filter(|(_, mine)| **mine == Mine::Releasing);
        self.release(releasing.map(|(shard, _)| *shard).collect()).await;
    }

    /// Releases shards, those of different groups at the same time. Until it is known that a shard is
    /// released, the node may not serve it again: the release may still take effect.
    async fn release(&mut self, shards: Vec<Shard>) {
        // Rule 7: all stamps that this node used in the shards were reserved.
        let reserved = self.lease.known().reserved;
        let mut groups: Vec<Vec<ShardRow>> = (0..GROUPS).map(|_| Vec::new()).collect();
        for shard in shards {
            match self.state.table[shard.index()].clone() {
                Some(row) if !row.released && row.owner == self.node => {
                    groups[shard.group() as usize].push(row);
                }
                _ => drop(self.state.mine.remove(&shard)),
            }
        }
        let tried = groups.into_iter().map(|group| give_back(self.rows.clone(), group, reserved));
        let tried = join_all(tried).await;
        for (released, outcome) in tried.into_iter().flatten() {
            match outcome {
                Outcome::Done => self.state.merge(released),
                // An earlier attempt took effect, or another node has claimed the shard since.
                Outcome::Found(found) => found.into_iter().for_each(|row| self.state.merge(row)),
                Outcome::Failed(error) | Outcome::Unknown(error) => {
                    tracing::debug!(%error, shard = released.shard, "a shard was not released");
                }
            }
        }
        let before = self.state.mine.len();
        let (table, node) = (&self.state.table, self.node);
        self.state.mine.retain(|shard, mine| {
            let row = table[shard.index()].as_ref();
            *mine != Mine::Releasing || row.is_some_and(|row| !row.released && row.owner == node)
        });
        if self.state.mine.len() < before {
            self.control.moves.send_replace(());
        }
        self.state.hurry |= self.state.mine.values().any(|mine| *mine == Mine::Releasing);
    }

    /// The shards in this node's own order. It claims from the front and gives up from the back, so that
    /// two nodes rarely claim the same shard.
    fn in_order(&self) -> impl Iterator<Item = Shard> + use<> {
        let start = self.node.get() % SHARDS;
        (0..SHARDS).filter_map(move |number| Shard::new((start + number) % SHARDS))
    }
}
