//! Who has a room open.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    ops::Bound,
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
    subscribers: BTreeMap<SessionId, Subscriber>,
    /// How many sessions each person has here; services look without being seen.
    attendance: BTreeMap<UserId, u32>,
}

impl Feed {
    /// Adds a session; true when the person was not here before.
    pub fn add(&mut self, session: &Arc<SessionHandle>) -> bool {
        let Entry::Vacant(vacant) = self.subscribers.entry(session.id) else { return false };
        // No member list has version 0: membership is checked before the first delivery, because a
        // removal may have come between the permission to open and now.
        let checked = AtomicU64::new(0);
        vacant.insert(Subscriber { session: session.clone(), checked });
        if session.service.is_some() {
            return false;
        }
        let count = self.attendance.entry(session.user.clone()).or_default();
        *count += 1;
        *count == 1
    }

    /// Removes a session; true when it was the person's last one here.
    pub fn remove(&mut self, session: SessionId) -> bool {
        let Some(gone) = self.subscribers.remove(&session) else { return false };
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

    /// Whether a person has the room open.
    #[must_use]
    pub fn has(&self, user: &UserId) -> bool {
        self.attendance.contains_key(user)
    }

    /// Everyone who has the room open.
    #[must_use]
    pub fn people(&self) -> Vec<UserId> {
        self.attendance.keys().cloned().collect()
    }

    /// Those who have the room open, after one of them in the order of ids.
    pub(super) fn people_after(&self, after: Option<&UserId>) -> impl Iterator<Item = &UserId> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.attendance.range::<UserId, _>((from, Bound::Unbounded)).map(|(user, _)| user)
    }

    /// How many people have the room open.
    #[must_use]
    pub fn attendance(&self) -> u32 {
        u32::try_from(self.attendance.len()).unwrap_or(u32::MAX)
    }

    /// Whether nobody has it open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.subscribers.is_empty()
    }

    /// Calls `each` for every session that has the room open and still belongs here. Membership is
    /// checked again whenever the member list has changed.
    pub fn each(&self, room: &RoomState, mut each: impl FnMut(&Arc<SessionHandle>)) {
        let open_to_all = room.meta.class == RoomClass::Public;
        for subscriber in self.subscribers.values() {
            let session = &subscriber.session;
            if !open_to_all
                && session.service.is_none()
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

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        sync::{Mutex, atomic::AtomicBool},
    };

    use caffis_schema::{
        Codec, Entry, EntryKind, List, Position, RoomId, Text, Timestamp,
        event::{Created, Joined, Left},
        room::{Context, HistoryPolicy},
    };

    use super::*;
    use crate::{hub::outbound::Outbound, model::room::RoomMeta};

    fn user(name: &str) -> UserId {
        UserId::new(name).expect("an id")
    }

    fn session(name: &str, id: u8) -> Arc<SessionHandle> {
        Arc::new(SessionHandle {
            id: SessionId([id; 16]),
            user: user(name),
            service: None,
            token_issued: AtomicU64::new(0),
            outbound: Outbound::new(Codec::Binary, false, 1_000),
            open: Mutex::new(BTreeSet::new()),
            ended: AtomicBool::new(false),
        })
    }

    fn room(class: RoomClass) -> RoomState {
        let context = Context { kind: Text::cut("group"), id: Text::cut("1") };
        let mut room = RoomState::new(RoomMeta {
            id: RoomId::from_random(1),
            class,
            context: context.clone(),
            name: None,
            creator: None,
            created: Timestamp(0),
            history: HistoryPolicy::All,
            description: None,
            changed: Position::ZERO,
        });
        let members = List::cut(vec![user("giulia"), user("marco")]);
        let created = Created { by: None, class, context, name: None, members };
        room.apply(&Entry {
            position: Position(1),
            time: Timestamp(0),
            kind: EntryKind::Created(created),
        });
        room
    }

    fn heard(feed: &Feed, room: &RoomState) -> Vec<u8> {
        let mut heard = Vec::new();
        feed.each(room, |session| heard.push(session.id.0[0]));
        heard.sort_unstable();
        heard
    }

    #[test]
    fn a_person_is_there_while_one_of_their_sessions_is() {
        let mut feed = Feed::default();
        let (phone, tablet) = (session("giulia", 1), session("giulia", 2));
        assert!(feed.add(&phone) && !feed.add(&tablet) && !feed.add(&phone));
        assert_eq!(feed.attendance(), 1);
        assert!(!feed.remove(phone.id) && feed.remove(tablet.id) && !feed.remove(tablet.id));
        assert!(feed.is_empty() && feed.attendance() == 0);
    }

    #[test]
    fn membership_is_looked_at_again_whenever_it_changed() {
        let (mut feed, mut room) = (Feed::default(), room(RoomClass::Social));
        for (name, id) in [("giulia", 1), ("marco", 2), ("anna", 3)] {
            feed.add(&session(name, id));
        }
        assert_eq!(heard(&feed, &room), [1, 2], "anna came although she is no member");
        let left = EntryKind::Left(Left { user: user("marco"), by: None });
        room.apply(&Entry { position: Position(2), time: Timestamp(0), kind: left });
        assert_eq!(heard(&feed, &room), [1]);
        let joined = Joined {
            users: List::cut(vec![user("marco")]),
            by: None,
            visible_after: Position(0),
            invite: None,
        };
        room.apply(&Entry {
            position: Position(3),
            time: Timestamp(0),
            kind: EntryKind::Joined(joined),
        });
        assert_eq!(heard(&feed, &room), [1, 2]);
    }

    #[test]
    fn a_public_room_is_for_all_who_walked_in() {
        let mut feed = Feed::default();
        feed.add(&session("anna", 3));
        assert_eq!(heard(&feed, &room(RoomClass::Public)), [3]);
    }
}
