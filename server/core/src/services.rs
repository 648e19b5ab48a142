//! What handlers work with.

use std::{
    ops::Deref,
    sync::{Arc, OnceLock},
};

use caffis_schema::{
    Event, RoomId, ServerSignal, SessionId, Timestamp, UserId,
    event::Flagged,
    room::{Availability, Presence, Profile},
    threads::OwnThread,
};

use crate::{
    cluster::{Owner, SharedOwners},
    directory::{Directory, Part, Person},
    due::Due,
    herd::Herd,
    hints::Hints,
    hub::{
        elsewhere::There,
        encoded::Encoded,
        latest::LatestKey,
        news::Changed,
        people::{People, SessionHandle},
        views::Views,
    },
    model::digest::digest,
    newest::PresenceNews,
    peers::Nodes,
    ports::{
        authenticator::SharedAuthenticator,
        clock::SharedClock,
        entropy::SharedEntropy,
        index::SharedIndex,
        posts::SharedPosts,
        stamps::Stamps,
        store::{Atomicity, Batch, SharedStore, Stamp, StoreError},
    },
    quota::Quota,
    reads::Reads,
    receipts::Hooks,
    refusals::Refusals,
    reports::Reports,
    room::Rooms,
    settings::Settings,
    statistics::Counters,
    tables::{self, REVOKED_KEPT, RevocationRow, RevokedRow},
    topics::Topics,
};

/// The parts of core, shared by all sessions and commands. Cheap to clone.
#[derive(Clone)]
pub struct Services(Arc<Parts>);

impl Services {
    /// Shares the parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for Services {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// The parts of core.
pub struct Parts {
    /// The settings.
    pub settings: Arc<Settings>,
    /// The rooms in memory.
    pub rooms: Arc<Rooms>,
    /// Who is connected.
    pub people: Arc<People>,
    /// The rooms that somebody has open here.
    pub views: Arc<Views>,
    /// Who is known.
    pub directory: Arc<Directory>,
    /// The store.
    pub store: SharedStore,
    /// The wall clock.
    pub clock: SharedClock,
    /// The stamps of writes.
    pub(crate) stamps: Arc<Stamps>,
    /// Randomness.
    pub entropy: SharedEntropy,
    /// Checks tokens.
    pub authenticator: SharedAuthenticator,
    /// What is counted.
    pub statistics: Arc<Counters>,
    /// Who owns which room.
    pub owners: SharedOwners,
    /// When scheduled messages are due.
    pub(crate) due: Arc<Due>,
    /// The other nodes; none for a process that runs alone.
    pub(crate) nodes: Option<Arc<Nodes>>,
    /// How many rooms of open contexts people make.
    pub(crate) claims: Arc<Quota>,
    /// How often people try invite links.
    pub(crate) invite_tries: Arc<Quota>,
    /// Reported messages.
    pub(crate) reports: Arc<Reports>,
    /// The webhooks under way.
    pub(crate) hooks: Arc<Hooks>,
    /// Who outside the chat hears how people are: mostly nobody.
    pub(crate) presence_news: Arc<PresenceNews>,
    /// Logs refused hellos.
    pub(crate) refusals: Arc<Refusals>,
    /// Pages that are read from the store.
    pub(crate) reads: Reads,
    /// Where messages are found; none if search is switched off.
    pub(crate) index: Option<SharedIndex>,
    /// Rooms that the index has to look at.
    pub(crate) to_index: Arc<Hints>,
    /// What public rooms talk about.
    pub(crate) topics: Topics,
    /// Whose hello is answered next.
    pub(crate) herd: Arc<Herd>,
    /// The connections that send by POST, if there may be some.
    pub(crate) posts: OnceLock<SharedPosts>,
}

impl Services {
    /// Tells a presence to the people who write with this person directly, and to those who have a
    /// small room open in which the person is. Where there are datagrams it goes by one at once; the
    /// event that follows in its turn repairs a loss. The person's own sessions are told too, but not
    /// the one whose welcome says it.
    pub fn tell_presence(&self, presence: &Presence, welcomed: Option<SessionId>) {
        if let Some(nodes) = &self.nodes
            && let Some(there) = self.people.there(&presence.user)
        {
            nodes.publish_edge(&presence.user, there, self.people.rooms(&presence.user));
        }
        let elsewhere = self.people.elsewhere();
        let joined = elsewhere.join(&presence.user, Some(presence.clone()));
        let mut joined = joined.unwrap_or_else(|| presence.clone());
        let news = elsewhere.is_news(&mut joined);
        // What the person's own sessions are told next is newer than this.
        self.people.note_version(&presence.user, joined.version);
        if news {
            self.tell_presence_to(&joined, &self.people.rooms(&presence.user));
            self.tell_presence_outside(&joined);
        }
        self.people.tell_own(&presence.user, welcomed);
    }

    /// Tells what another node told of a person, on whose rooms it depends who hears of it. `there` is
    /// what that node knows of who went from it.
    pub(crate) fn tell_joined(
        &self,
        user: &UserId,
        rooms: &[(RoomId, Option<UserId>)],
        there: Option<&There>,
    ) {
        let mut presence = self.people.present(&self.directory, user, self.clock.now());
        if let Some(there) = there {
            presence.version = presence.version.max(there.version);
            if presence.availability == Availability::Offline {
                presence.last_seen = presence.last_seen.max(there.last_seen);
                presence.status.clone_from(&there.status);
            }
        }
        let news = self.people.elsewhere().is_news(&mut presence);
        self.people.note_version(user, presence.version);
        if news {
            self.tell_presence_to(&presence, rooms);
            self.tell_presence_outside(&presence);
            self.people.tell_own(user, None);
        }
    }

    /// Tells services that want to hear of it how a person is. Every node knows; that which owns the person's
    /// place among the shards tells.
    fn tell_presence_outside(&self, presence: &Presence) {
        if self.presence_news.is_empty() {
            return;
        }
        let place = RoomId::from_random(digest(&presence.user));
        if matches!(self.owners.owner_of(place), Owner::Here { .. }) {
            let now = self.clock.now();
            self.presence_news.note(&(now, presence.clone()));
        }
    }

    fn tell_presence_to(&self, presence: &Presence, rooms: &[(RoomId, Option<UserId>)]) {
        let signal = Encoded::signal(ServerSignal::Presence(presence.clone()));
        let event = Encoded::event(Event::Presence(presence.clone()));
        self.tell_acquaintances(&presence.user, rooms, |session| {
            if self.people.apart().is(&session.user, &presence.user) {
                return;
            }
            if session.outbound.has_datagrams() {
                session.outbound.lossy(None, &signal);
            }
            session.outbound.latest(LatestKey::Presence(presence.user.clone()), &event);
        });
    }

    /// Tells what a person has set of themselves: their words to others, all of it to their own
    /// sessions.
    pub(crate) fn tell_settings(&self, person: &Person, parts: &[Part]) {
        let changed = self.changed(person, parts);
        self.tell_settings_here(&changed);
        self.publish_person(changed);
    }

    fn tell_settings_here(&self, changed: &Changed) {
        let Changed { user, status, private_receipts, .. } = changed;
        let now = self.clock.now();
        if let Some(status) = status
            && let Some(presence) = self.people.set_status(user, status.clone(), now)
        {
            self.tell_presence(&presence, None);
        }
        if let Some(private) = private_receipts
            && self.people.set_private_receipts(user, *private, now)
        {
            self.people.tell_own(user, None);
        }
    }

    /// What other nodes are told when these parts of a person have changed.
    fn changed(&self, person: &Person, parts: &[Part]) -> Changed {
        let Person { profile, status, private_receipts, .. } = person;
        let has = |part| parts.contains(&part);
        Changed {
            user: profile.user.clone(),
            profile: has(Part::Profile).then(|| profile.clone()),
            status: has(Part::Status).then(|| status.clone()),
            private_receipts: has(Part::PrivateReceipts).then_some(*private_receipts),
            rooms: self.people.rooms(&profile.user),
        }
    }

    /// Ends a person's sessions whose tokens were made before a time, and refuses such tokens from
    /// now on. Durable when it returns. Of several the latest time counts, whatever nodes write them.
    pub(crate) async fn revoke(&self, user: &UserId, before: Timestamp) -> Result<(), StoreError> {
        let key = RevocationRow::key(user);
        let known = tables::get::<RevocationRow>(&*self.store, key).await?;
        let mut batch = Batch::partition(Stamp::of(before));
        if known.is_none_or(|known| known.before <= before) {
            batch.put(&RevocationRow { user: user.clone(), before });
        }
        if self.nodes.is_some() {
            batch.atomicity = Atomicity::Logged;
            let minute = self.clock.now().get() / 60_000;
            batch.put_for(&RevokedRow { minute, user: user.clone(), before }, REVOKED_KEPT);
        }
        if !batch.operations.is_empty() {
            self.store.write(batch).await?;
        }
        self.people.close_before(user, before);
        if let Some(nodes) = &self.nodes {
            nodes.publish_revoked(user, before);
        }
        Ok(())
    }

    /// Tells a changed profile to those who know the person, who may be connected to any node or none, and
    /// is in these rooms.
    pub(crate) fn tell_profile_in(&self, person: &Person, rooms: Vec<(RoomId, Option<UserId>)>) {
        let changed = Changed { rooms, ..self.changed(person, &[Part::Profile]) };
        self.tell_profile_to(&person.profile, &changed.rooms);
        self.publish_person(changed);
    }

    /// Tells a changed profile to those who know the person.
    pub fn tell_profile(&self, person: &Person) {
        let changed = self.changed(person, &[Part::Profile]);
        self.tell_profile_to(&person.profile, &changed.rooms);
        self.publish_person(changed);
    }

    fn tell_profile_to(&self, profile: &Profile, rooms: &[(RoomId, Option<UserId>)]) {
        let event = Encoded::event(Event::Profile(profile.clone()));
        self.tell_acquaintances(&profile.user, rooms, |session| {
            session.outbound.latest(LatestKey::Profile(profile.user.clone()), &event);
        });
        for session in self.people.sessions(&profile.user) {
            session.outbound.latest(LatestKey::Profile(profile.user.clone()), &event);
        }
    }

    /// Takes in that another node changed a person's profile or settings. They are read again when they
    /// are needed.
    pub(crate) fn take_in_person(&self, changed: &Changed) {
        let Changed { user, profile, status, private_receipts, rooms } = changed;
        let known = self.directory.take_in(user, |person| {
            if let Some(profile) = profile {
                person.profile = profile.clone();
            }
            if let Some(status) = status {
                person.status.clone_from(status);
            }
            person.private_receipts = private_receipts.unwrap_or(person.private_receipts);
        });
        // Whom nobody asked for here, nobody here has to be told of.
        if !known {
            return;
        }
        self.tell_settings_here(changed);
        if let Some(profile) = profile {
            self.tell_profile_to(profile, rooms);
        }
    }

    /// Tells the other nodes of a person's profile and settings.
    fn publish_person(&self, changed: Changed) {
        if let Some(nodes) = &self.nodes {
            nodes.publish_person(changed);
        }
    }

    /// A person has marked a message for themselves: tells their sessions on every node.
    pub(crate) fn tell_flagged(&self, user: &UserId, flagged: &Flagged) {
        self.people.tell_flagged(user, flagged);
        self.views.publish_flagged(user, flagged);
    }

    /// A person follows a thread, or no longer, or has read it further: tells their sessions on every node.
    pub(crate) fn tell_thread(&self, user: &UserId, own: &OwnThread) {
        self.people.tell_thread(user, own);
        self.views.publish_thread(user, own);
    }

    /// Keeps two people apart, or no longer, on every node: neither sees whether the other is there.
    pub(crate) fn keep_apart(&self, user: &UserId, other: &UserId, changes: u64, apart: bool) {
        self.set_apart(user, other, changes, apart);
        if let Some(nodes) = &self.nodes {
            nodes.publish_apart(user, other, changes, apart);
        }
    }

    /// Keeps two people apart, or no longer, as far as they are connected here, and tells them what they see
    /// of each other now.
    pub(crate) fn set_apart(&self, user: &UserId, other: &UserId, changes: u64, apart: bool) {
        for (user, other) in [(user, other), (other, user)] {
            self.people.apart().set(user, other, changes, apart);
            let now = self.clock.now();
            let mut presence = self.people.shown(&self.directory, other, now);
            self.people.elsewhere().tell_again(&mut presence);
            self.people.apart().hide(user, &mut presence);
            let event = Encoded::event(Event::Presence(presence));
            for session in self.people.sessions(user) {
                if self.sees(&session, other) {
                    session.outbound.latest(LatestKey::Presence(other.clone()), &event);
                }
            }
        }
    }

    /// Whether a session is told of another person's presence.
    fn sees(&self, session: &SessionHandle, other: &UserId) -> bool {
        let rooms = self.people.rooms(&session.user);
        rooms.iter().any(|(room, peer)| match peer {
            Some(peer) => peer == other,
            None => {
                session.has_open(*room)
                    && self.views.get(*room).is_some_and(|view| {
                        let state = view.state();
                        state.is_small(self.settings.small_room_members)
                            && state.member(other).is_some()
                    })
            }
        })
    }

    fn tell_acquaintances(
        &self,
        user: &UserId,
        rooms: &[(RoomId, Option<UserId>)],
        mut tell: impl FnMut(&Arc<SessionHandle>),
    ) {
        let mut tell = |session: &Arc<SessionHandle>| {
            if session.user != *user {
                tell(session);
            }
        };
        // Another node may not know yet of a conversation that somebody here has with the person.
        let peers = match &self.nodes {
            Some(nodes) => nodes.peers_here(user),
            None => rooms.iter().filter_map(|(_, peer)| peer.clone()).collect(),
        };
        self.people.sessions_of(&peers).iter().for_each(&mut tell);
        for (room, peer) in rooms {
            if peer.is_none()
                && let Some(view) = self.views.get(*room)
                && view.state().is_small(self.settings.small_room_members)
            {
                view.each_open(&mut tell);
            }
        }
    }
}
