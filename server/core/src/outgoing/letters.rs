//! Looking at dead letters, and sending them again.

use std::sync::Arc;

use caffis_schema::RoomId;
use futures_util::{StreamExt, stream};
use tokio::time::{Duration, Instant};

use super::{Outgoing, line::Line, policy::Verdict, policy::verdict};
use crate::{
    cluster::{Owner, Shard},
    ports::{courier::Parcel, store::StoreError},
    tables::DeadRow,
};

/// The most dead letters that are listed at a time.
pub const LISTED: usize = 500;

/// Shards that are read at the same time.
const SHARDS_AT_ONCE: usize = 16;

/// How long letters are sent again at a time.
const REDRIVE: Duration = Duration::from_secs(15);

/// What became of letters that were sent again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redriven {
    /// So many were delivered.
    pub delivered: usize,
    /// So many belong to shards of other nodes, which send them.
    pub elsewhere: usize,
    /// So many are still to be sent: they were too many for one time.
    pub left: usize,
    /// The letter with which it stopped, and why that was not taken.
    pub failed: Option<(String, String)>,
}

/// Which letters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Letters {
    /// Of this endpoint only.
    pub endpoint: Option<String>,
    /// The one with this id only.
    pub id: Option<String>,
}

/// The room in the id of a letter: `evt_0123456789abcdef_12_push`.
fn room_of(id: &str) -> Option<RoomId> {
    let room = id.strip_prefix("evt_")?.get(..16)?;
    RoomId::try_from(u64::from_str_radix(room, 16).ok()?).ok()
}

impl Outgoing {
    /// The oldest dead letters of all nodes, at most [`LISTED`].
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn letters(&self, which: &Letters) -> Result<Vec<DeadRow>, StoreError> {
        let room = which.id.as_deref().map(room_of);
        let shards: Vec<Shard> = match room {
            None => Shard::all().collect(),
            Some(room) => room.into_iter().map(Shard::of).collect(),
        };
        let mut found = Vec::new();
        for line in self.lines(which) {
            let read = stream::iter(shards.clone())
                .map(|shard| async move { line.dead.list(shard, LISTED).await });
            let read: Vec<_> = read.buffer_unordered(SHARDS_AT_ONCE).collect().await;
            for rows in read {
                let is_meant = |row: &DeadRow| which.id.as_deref().is_none_or(|id| id == &*row.id);
                found.extend(rows?.into_iter().filter(is_meant));
            }
        }
        found.sort_by(|one, other| (one.died, &one.id).cmp(&(other.died, &other.id)));
        found.truncate(LISTED);
        Ok(found)
    }

    fn lines<'a>(&'a self, which: &'a Letters) -> impl Iterator<Item = &'a Arc<Line>> {
        let wanted = which.endpoint.as_deref();
        self.lines.iter().filter(move |line| wanted.is_none_or(|name| name == &*line.endpoint.name))
    }

    /// Sends dead letters of this node's shards again, oldest first, with their ids and as they were. Those that
    /// are taken are dead letters no longer; the first that is not ends it.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn redrive(&self, which: &Letters) -> Result<Redriven, StoreError> {
        let (mut done, end) = (Redriven::default(), Instant::now() + REDRIVE);
        for row in self.letters(which).await? {
            let line = self.lines.iter().find(|line| line.endpoint.name == row.endpoint);
            let Some(line) = line else { continue };
            if !matches!(line.services.owners.owner_of(row.room), Owner::Here { .. }) {
                done.elsewhere += 1;
                continue;
            }
            if done.failed.is_some() || Instant::now() >= end {
                done.left += 1;
                continue;
            }
            let (endpoint, id) = (row.endpoint.clone(), row.id.to_string());
            let parcel = Parcel { endpoint, id, body: row.body.clone() };
            let under_way = line.counts.attempt();
            let answer = line.courier.carry(&parcel).await;
            drop(under_way);
            match verdict(answer) {
                Verdict::Delivered => {
                    line.counts.delivered();
                    line.dead.remove(&row).await?;
                    done.delivered += 1;
                }
                Verdict::Refused(reason) | Verdict::Later { reason, .. } => {
                    line.counts.failed();
                    done.left += 1;
                    done.failed = Some((parcel.id, reason));
                }
            }
        }
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_is_in_the_id() {
        let room = RoomId::from_random(0x0123_4567_89ab_cdef);
        assert_eq!(room_of(&format!("evt_{room}_12_push")), Some(room));
        for id in
            ["", "evt_", "evt_123", "x", "evt_zzzzzzzzzzzzzzzz_1_a", "evt_ffffffffffffffff_1_a"]
        {
            assert_eq!(room_of(id), None, "{id}");
        }
    }
}
