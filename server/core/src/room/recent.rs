//! The last commands of a room, in memory, so that a resend that follows closely is answered without
//! a read from the store.

use std::collections::{BTreeMap, VecDeque};

use caffis_schema::{ClientId, UserId, reply::Appended};

/// Commands remembered for each room.
const RECENT: usize = 256;

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) appended: Appended,
    /// Whether it made an entry.
    pub(super) made: bool,
    pub(super) digest: u64,
}

/// The last commands of a room.
#[derive(Clone, Debug, Default)]
pub(super) struct Recent {
    map: BTreeMap<(UserId, ClientId), Sent>,
    order: VecDeque<(UserId, ClientId)>,
}

impl Recent {
    pub(super) fn get(&self, user: &UserId, client: ClientId) -> Option<Sent> {
        self.map.get(&(user.clone(), client)).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    pub(super) fn insert(&mut self, user: UserId, client: ClientId, sent: Sent) {
        let key = (user, client);
        if self.map.insert(key.clone(), sent).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > RECENT
            && let Some(oldest) = self.order.pop_front()
        {
            self.map.remove(&oldest);
        }
    }
}
