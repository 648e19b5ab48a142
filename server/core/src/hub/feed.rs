//! Who has a room open.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use caffis_schema::{SessionId, UserId, room::RoomClass};

use super::people::SessionHandle;
use crate::model::room::RoomState;

#[derive(Debug)]
struct Subscriber {
    session: Arc<SessionHandle>,
    /// The version of the member list under which the session was found to belong here.
    checked: AtomicU64,
}

/// The sessions that have a room open.
#[derive(Debug, Default)]
pub struct Feed {
    subscribers: Vec<Subscriber>,
    /// How many sessions each person has here.
    attendance: BTreeMap<UserId, u32>,
}

impl Feed {
    /// Adds a session; true when the person was not here before.
    pub fn add(&mut self, session: &Arc<SessionHandle>) -> bool {
        if self.subscribers.iter().any(|other| other.session.id == session.id) {
            return false;
        }
        // Version 0 is no list's: membership is looked at before the first delivery, since a removal
        // may have come between the permission to open and now.
        let checked = AtomicU64::new(0);
        self.subscribers.push(Subscriber { session: session.clone(), checked });
        let count = self.attendance.entry(session.user.clone()).or_default();
        *count += 1;
        *count == 1
    }

    /// Removes a session; true when it was the person's last one here.
    pub fn remove(&mut self, session: SessionId) -> bool {
        let Some(index) = self.subscribers.iter().position(|other| other.session.id == session)
        else {
            return false;
        };
        let gone = self.subscribers.swap_remove(index);
        let user = &gone.session.user;
        match self.attendance.get_mut(user) {
            Some(count) if *count > 1 => {
                *count -= 1;
                false
            }
            _ => {
                self.attendance.remove(user);
                true
            }
        }
    }

    /// How many people have the room open.
    #[must_use]
    pub fn attendance(&self) -> u32 {
        u32::try_from(self.attendance.len()).unwrap_or(u32::MAX)
    }

    /// Who has the room open.
    pub fn people(&self) -> impl Iterator<Item = &UserId> {
        self.attendance.keys()
    }

    /// Whether nobody has it open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.subscribers.is_empty()
    }

    /// Calls for every session that has the room open and still belongs here: membership is looked at
    /// again whenever the member list has changed.
    pub fn each(&self, room: &RoomState, mut each: impl FnMut(&Arc<SessionHandle>)) {
        let open_to_all = room.meta.class == RoomClass::Public;
        for subscriber in &self.subscribers {
            let session = &subscriber.session;
            if !open_to_all
                && !session.service
                && subscriber.checked.load(Ordering::Relaxed) != room.members_version
            {
                if room.member(&session.user).is_none() {
                    continue;
                }
                subscriber.checked.store(room.members_version, Ordering::Relaxed);
            }
            each(session);
        }
    }
}
