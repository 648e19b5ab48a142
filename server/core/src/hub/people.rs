//! Who is connected: their sessions, the rooms that they are in, and their rates.
//!
//! A person is here from their first session's hello until nobody has to be told any more that the
//! last one ended. People are spread over shards, each under a lock of its own that is held for one
//! person at a time and never while something is encoded or written.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use caffis_schema::{CloseCode, Error, ErrorCode, RoomId, SessionId, Timestamp, UserId};
use tokio::time::Instant;

use super::{
    apart::Apart,
    elsewhere::{Elsewhere, There},
    hidden::Hidden,
    outbound::Outbound,
    placements::Placements,
    presence_state::PresenceState,
    rate::TokenBucket,
};
use crate::{model::caller::Rights, settings::Settings, sync::lock};

/// A session as the hub sees it.
#[derive(Debug)]
pub struct SessionHandle {
    /// Which.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// The rights of a service, which is in no room and heard by nobody; none for a person.
    pub service: Option<Rights>,
    /// When its token was made; moves on refresh.
    pub token_issued: AtomicU64,
    /// What waits to be written to it.
    pub outbound: Outbound,
    /// The rooms that it has open.
    pub open: Mutex<BTreeSet<RoomId>>,
    /// Set when the session is over: what arrives late finds nobody.
    pub ended: AtomicBool,
}

impl SessionHandle {
    /// Whether this session has a room open.
    #[must_use]
    pub fn has_open(&self, room: RoomId) -> bool {
        lock(&self.open).contains(&room)
    }
}

/// People in one page for another node.
const PEOPLE_PER_PAGE: usize = 1_000;

/// A person with at least one session, or one that has just ended.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) sessions: Vec<Arc<SessionHandle>>,
    /// The rooms that they are in; for direct conversations with whom.
    pub(super) rooms: BTreeMap<RoomId, Option<UserId>>,
    /// The rooms of their list were added.
    listed: bool,
    pub(super) presence: PresenceState,
    messages: TokenBucket,
    commands: TokenBucket,
}

impl Person {
    pub(super) fn there(&self) -> There {
        self.presence.there(u32::try_from(self.sessions.len()).unwrap_or(u32::MAX))
    }
}

/// The people of one shard.
type Shard = BTreeMap<UserId, Person>;

/// Everyone who is connected.
#[derive(Debug, Default)]
pub struct People {
    shards: [Mutex<Shard>; People::SHARDS],
    sessions: AtomicUsize,
    elsewhere: Elsewhere,
    apart: Apart,
    hidden: Hidden,
    placements: Placements,
}

impl People {
    /// Locks over which people are spread.
    pub const SHARDS: usize = 32;

    /// The people among whom this one is.
    pub(super) fn shard(&self, user: &UserId) -> MutexGuard<'_, Shard> {
        // FNV-1a: the same for each run, and good enough to spread ids.
        let hash = user.as_str().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        lock(&self.shards[(hash >> 32) as usize % Self::SHARDS])
    }

    /// Adds a session. `known` gives the person's presence if no other session of theirs is here yet.
    ///
    /// # Errors
    /// `limit_reached` when the person has too many sessions.
    pub fn add(
        &self,
        session: &Arc<SessionHandle>,
        settings: &Settings,
        known: impl FnOnce() -> PresenceState,
    ) -> Result<(), Error> {
        let now = Instant::now();
        let elsewhere = self.elsewhere.sessions(&session.user) as usize;
        let version = self.elsewhere.version(&session.user);
        let mut shard = self.shard(&session.user);
        let person = shard.entry(session.user.clone()).or_insert_with(|| Person {
            sessions: Vec::new(),
            rooms: BTreeMap::new(),
            listed: false,
            presence: known().after(version),
            messages: TokenBucket::new(settings.messages_per_second, now),
            commands: TokenBucket::new(settings.commands_per_second, now),
        });
        if person.sessions.len() + elsewhere >= settings.connections_per_user as usize {
            let sentence = "This person has too many connections.";
            return Err(Error::later(ErrorCode::LimitReached, sentence, 5_000));
        }
        person.sessions.push(session.clone());
        self.sessions.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Adds rooms that a person is in.
    pub fn add_rooms(
        &self,
        user: &UserId,
        rooms: impl IntoIterator<Item = (RoomId, Option<UserId>)>,
    ) {
        if let Some(person) = self.shard(user).get_mut(user) {
            person.rooms.extend(rooms);
        }
    }

    /// Adds all rooms that a person is in, as a new session of theirs is told; gives those of which their other
    /// sessions here were not.
    pub(crate) fn list_rooms(
        &self,
        user: &UserId,
        rooms: impl IntoIterator<Item = (RoomId, Option<UserId>)>,
    ) -> Vec<RoomId> {
        let mut shard = self.shard(user);
        let Some(person) = shard.get_mut(user) else { return Vec::new() };
        // Whoever comes first, with others of the person, has everything in its own welcome.
        let others = std::mem::replace(&mut person.listed, true) && person.sessions.len() > 1;
        let mut missed = Vec::new();
        for (room, peer) in rooms {
            if person.rooms.insert(room, peer).is_none() && others {
                missed.push(room);
            }
        }
        missed
    }

    /// Takes a room from a person; gives their sessions.
    pub fn remove_room(&self, user: &UserId, room: RoomId) -> Vec<Arc<SessionHandle>> {
        let mut shard = self.shard(user);
        let Some(person) = shard.get_mut(user) else { return Vec::new() };
        person.rooms.remove(&room);
        self.placements.leave(user, room);
        person.sessions.clone()
    }

    /// Removes a session. The person stays for the presence to end; [`People::forget`] does the rest.
    pub fn remove(&self, session: &SessionHandle) {
        session.ended.store(true, Ordering::Release);
        if let Some(person) = self.shard(&session.user).get_mut(&session.user) {
            let before = person.sessions.len();
            person.sessions.retain(|other| other.id != session.id);
            self.sessions.fetch_sub(before - person.sessions.len(), Ordering::Relaxed);
        }
    }

    /// Forgets a person who has no session; gives the rooms that they were in, if that is so, and for direct
    /// conversations with whom.
    pub fn forget(&self, user: &UserId) -> Option<BTreeMap<RoomId, Option<UserId>>> {
        let mut shard = self.shard(user);
        if !shard.get(user).is_some_and(|person| person.sessions.is_empty()) {
            return None;
        }
        self.apart.forget(user);
        self.hidden.forget(user);
        self.placements.forget(user);
        shard.remove(user).map(|person| person.rooms)
    }

    /// The sessions of a person.
    #[must_use]
    pub fn sessions(&self, user: &UserId) -> Vec<Arc<SessionHandle>> {
        self.shard(user).get(user).map(|person| person.sessions.clone()).unwrap_or_default()
    }

    /// The sessions of some people.
    #[must_use]
    pub fn sessions_of<'a>(
        &self,
        users: impl IntoIterator<Item = &'a UserId>,
    ) -> Vec<Arc<SessionHandle>> {
        let mut sessions = Vec::new();
        for user in users {
            if let Some(person) = self.shard(user).get(user) {
                sessions.extend(person.sessions.iter().cloned());
            }
        }
        sessions
    }

    /// Who is kept apart from whom.
    #[must_use]
    pub fn apart(&self) -> &Apart {
        &self.apart
    }

    /// What people have deleted for themselves.
    #[must_use]
    pub fn hidden(&self) -> &Hidden {
        &self.hidden
    }

    /// Where people have put rooms in their lists.
    #[must_use]
    pub fn placements(&self) -> &Placements {
        &self.placements
    }

    /// Who is connected to other nodes.
    #[must_use]
    pub fn elsewhere(&self) -> &Elsewhere {
        &self.elsewhere
    }

    /// A page of the people who are connected here, in the order of ids.
    #[must_use]
    pub fn page_there(&self, after: Option<&UserId>) -> Vec<(UserId, There)> {
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut people = BTreeMap::new();
        for shard in &self.shards {
            let shard = lock(shard);
            let following = shard.range::<UserId, _>((after, Bound::Unbounded));
            let connected = following.filter(|(_, person)| person.there().is_there());
            people
                .extend(connected.take(PEOPLE_PER_PAGE).map(|(user, p)| (user.clone(), p.there())));
        }
        people.into_iter().take(PEOPLE_PER_PAGE).collect()
    }

    /// Whether a connected person is in a room.
    #[must_use]
    pub fn is_in(&self, user: &UserId, room: RoomId) -> bool {
        self.shard(user).get(user).is_some_and(|person| person.rooms.contains_key(&room))
    }

    /// How many rooms a connected person is in; none for someone who is not connected, or whose rooms are not known yet.
    #[must_use]
    pub fn room_count(&self, user: &UserId) -> Option<usize> {
        let shard = self.shard(user);
        shard.get(user).filter(|person| person.listed).map(|person| person.rooms.len())
    }

    /// The rooms of a person who is connected.
    #[must_use]
    pub fn rooms(&self, user: &UserId) -> Vec<(RoomId, Option<UserId>)> {
        let shard = self.shard(user);
        let Some(person) = shard.get(user) else { return Vec::new() };
        person.rooms.iter().map(|(room, peer)| (*room, peer.clone())).collect()
    }

    /// Takes a command, and a message, out of the person's rates.
    ///
    /// # Errors
    /// `rate_limited` with the time to wait.
    pub fn take(&self, user: &UserId, message: bool) -> Result<(), Error> {
        let now = Instant::now();
        // Each node that the person is connected to gives them its share of the rate.
        let shares = 1 + self.elsewhere.nodes(user);
        let mut shard = self.shard(user);
        let Some(person) = shard.get_mut(user) else { return Ok(()) };
        person
            .commands
            .take_many(shares, now)
            .map_err(|wait| rate_limited("Too many commands in a second.", wait))?;
        if message {
            person
                .messages
                .take_many(shares, now)
                .map_err(|wait| rate_limited("Too many messages in a second.", wait))?;
        }
        Ok(())
    }

    /// Ends the sessions of a person whose tokens were made before a time.
    pub fn close_before(&self, user: &UserId, before: Timestamp) {
        for session in self.sessions(user) {
            if session.token_issued.load(Ordering::Acquire) < before.get() {
                session.outbound.close(CloseCode::Revoked, "this session was ended");
            }
        }
    }

    /// All sessions.
    #[must_use]
    pub fn all_sessions(&self) -> Vec<Arc<SessionHandle>> {
        let mut sessions = Vec::new();
        for shard in &self.shards {
            let shard = lock(shard);
            sessions.extend(shard.values().flat_map(|person| person.sessions.iter().cloned()));
        }
        sessions
    }

    /// Those people of a shard who have a session.
    #[must_use]
    pub fn connected(&self, shard: usize) -> Vec<UserId> {
        let shard = lock(&self.shards[shard]);
        let connected = shard.iter().filter(|(_, person)| !person.sessions.is_empty());
        connected.map(|(user, _)| user.clone()).collect()
    }

    /// How many sessions there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.sessions.load(Ordering::Relaxed)
    }
}

/// The error of a rate, with the time to wait.
#[must_use]
pub fn rate_limited(sentence: &str, wait: Duration) -> Error {
    let wait = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX).max(1);
    Error::later(ErrorCode::RateLimited, sentence, wait)
}
