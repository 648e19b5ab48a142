//! A device: the real client, and what it has seen.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use caffis_client::{Client, ClientEvent, Events, Options, State, TokenFuture};
use caffis_schema::{
    Entry, EntryKind, Event, Position, RoomId, ServerSignal, UserId, reply::Opened,
    room::RoomSummary,
};

use crate::{
    Planted,
    held::{Held, lasting},
    own::Own,
    presence::Acquaintances,
    trace::{Trace, lock},
    wire::Wire,
    world::World,
};

/// One in so many entries is affected by the planted bug.
const PLANTED_EVERY: u32 = 20;

/// A device's copy of a room: every entry from after `from` to `last`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Copy {
    pub(crate) last: Position,
    /// Entries may be missing before the next one: a large room that is not open sends only heads.
    loose: bool,
}

/// What a device has seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) copies: BTreeMap<RoomId, Copy>,
    /// Every entry that came, by room and position.
    pub(crate) entries: BTreeMap<(RoomId, Position), Entry>,
    /// What the device shows, with the changes that have come.
    pub(crate) held: Held,
    /// The rooms in the last answer to hello.
    pub(crate) listed: BTreeMap<RoomId, RoomSummary>,
    /// Large rooms that were closed at some time: entries sent before may still arrive, with gaps.
    pub(crate) shut: BTreeSet<RoomId>,
    /// Rooms that this person was told they are no longer in.
    out: BTreeSet<RoomId>,
    /// Entries that came since then. What brings the person back may take another way and come later; so may
    /// the removal, from a node that is behind and still tells what came before it.
    pub(crate) early: BTreeMap<RoomId, Position>,
    /// What was heard of what the person keeps for themselves.
    pub(crate) own: Own,
    /// What was heard of other people.
    pub(crate) acquaintances: Acquaintances,
}

impl Seen {
    /// The person is in a room.
    pub(crate) fn added(&mut self, room: &RoomSummary, small: u32) {
        self.back(room.room);
        self.acquaintances.summary(room);
        if room.readable && room.members <= small {
            let last = room.head;
            self.copies.entry(room.room).or_insert(Copy { last, loose: false });
        }
    }

    fn back(&mut self, room: RoomId) {
        self.out.remove(&room);
        self.early.remove(&room);
    }
}

/// What some device heard last, in each room.
pub(crate) type Heard = BTreeMap<RoomId, Entry>;

/// A person's device.
#[derive(Clone)]
pub(crate) struct Device {
    pub(crate) name: String,
    pub(crate) user: UserId,
    pub(crate) client: Client,
    pub(crate) seen: Arc<Mutex<Seen>>,
}

impl Device {
    /// Switches a device on: spawns its driver and the reader of its events.
    pub(crate) fn start(world: &mut World, user: &UserId, name: &str) -> Self {
        let token = user.to_string();
        let tokens = Arc::new(move || {
            let token = token.clone();
            Box::pin(async move { Ok(token) }) as TokenFuture
        });
        let wire = Wire {
            wires: world.ground.wires.clone(),
            device: name.to_owned(),
            resumes: world.ground.planted != Some(Planted::ResumesNothing),
        };
        let (client, events, driver) =
            Client::new(Options::new(Arc::new(wire), tokens, world.pocket()));
        let seen = Arc::new(Mutex::new(Seen::default()));
        let device = Self { name: name.to_owned(), user: user.clone(), client, seen: seen.clone() };
        tokio::spawn(driver.run());
        let watch = Watch {
            name: name.to_owned(),
            seen,
            trace: world.ground.trace.clone(),
            user: user.clone(),
            small: world.ground.settings.small_room_members,
            planted: world.ground.planted,
            heard: world.heard.clone(),
        };
        tokio::spawn(watch.run(events));
        device
    }
}

/// Reads a device's events and checks them against each other.
struct Watch {
    name: String,
    seen: Arc<Mutex<Seen>>,
    trace: Trace,
    user: UserId,
    small: u32,
    planted: Option<Planted>,
    heard: Arc<Mutex<Heard>>,
}

impl Watch {
    async fn run(self, mut events: Events) {
        let mut entries = 0;
        while let Some(event) = events.next().await {
            entries += u32::from(matches!(event, ClientEvent::Entry(_)));
            if entries >= PLANTED_EVERY && self.planted.is_some() {
                entries = 0;
                match self.planted {
                    Some(Planted::SkipsEntries) => continue,
                    Some(Planted::RepeatsEntries) => self.take(event.clone()),
                    _ => {}
                }
            }
            self.take(event);
        }
    }

    fn take(&self, event: ClientEvent) {
        let mut seen = lock(&self.seen);
        if self.planted == Some(Planted::HearsAfterRemoval) {
            self.overhear(&mut seen);
        }
        match event {
            ClientEvent::State(State::Ended(ended)) => {
                self.trace.note(format_args!("{} ended: {ended:?}", self.name));
            }
            ClientEvent::Signal(ServerSignal::Presence(presence)) => {
                seen.acquaintances.presence(&presence);
            }
            ClientEvent::State(_) | ClientEvent::Signal(_) | ClientEvent::Lagged => {}
            ClientEvent::Welcome(welcome) => {
                seen.acquaintances.welcomed();
                seen.own.state = Some(welcome.own.clone());
                let listed: BTreeSet<RoomId> = welcome.rooms.iter().map(|r| r.room).collect();
                welcome.rooms.iter().for_each(|room| seen.added(room, self.small));
                listed.iter().for_each(|room| seen.back(*room));
                seen.listed = welcome.rooms.iter().map(|r| (r.room, r.clone())).collect();
            }
            ClientEvent::Entry(entry) => self.entry(&mut seen, entry.room, entry.entry),
            ClientEvent::Opened(opened) => self.opened(&mut seen, *opened),
            ClientEvent::Reset { room, head } => {
                seen.held.drop_room(room);
                seen.copies.insert(room, Copy { last: head, loose: false });
            }
            // Events from before the removal, and the removal itself, may still follow.
            ClientEvent::Gone(room) => {
                seen.held.drop_room(room);
                seen.copies.remove(&room);
                seen.early.remove(&room);
            }
            ClientEvent::Other(event) => match *event {
                Event::Presence(presence) => seen.acquaintances.presence(&presence),
                Event::Draft(draft) => seen.own.draft(draft),
                Event::ThreadDraft(draft) => seen.own.draft(draft),
                Event::RoomAdded(room) => seen.added(&room, self.small),
                Event::RoomRemoved(removed) => Self::removed(&mut seen, removed.room),
                Event::Head(head) => {
                    if let Some(copy) = seen.copies.get_mut(&head.room) {
                        copy.loose = true;
                    }
                }
                _ => {}
            },
        }
    }

    /// The planted bug: what others hear in rooms that this person is out of.
    fn overhear(&self, seen: &mut Seen) {
        for room in seen.out.clone() {
            let Some(entry) = lock(&self.heard).get(&room).cloned() else { continue };
            if !seen.entries.contains_key(&(room, entry.position)) {
                self.entry(seen, room, entry);
            }
        }
    }

    fn removed(seen: &mut Seen, room: RoomId) {
        seen.held.drop_room(room);
        seen.copies.remove(&room);
        seen.early.remove(&room);
        seen.out.insert(room);
    }

    fn entry(&self, seen: &mut Seen, room: RoomId, entry: Entry) {
        let position = entry.position;
        if self.joins(&entry) {
            seen.back(room);
        }
        if seen.out.contains(&room) {
            seen.early.insert(room, position);
        }
        let copy = seen.copies.entry(room).or_insert(Copy { last: position.back(1), loose: true });
        if position != copy.last + 1 {
            // Entries are missing in between: the device begins its copy here.
            seen.held.drop_room(room);
        }
        if position != copy.last + 1 && !copy.loose && !seen.shut.contains(&room) {
            let last = copy.last;
            self.trace.broken(format_args!("{} hears {position} after {last}", self.name));
        }
        copy.last = position;
        copy.loose = false;
        self.keep(seen, room, entry);
    }

    /// Whether an entry brings this person into the room.
    fn joins(&self, entry: &Entry) -> bool {
        match &entry.kind {
            EntryKind::Created(created) => created.members.contains(&self.user),
            EntryKind::Joined(joined) => joined.users.contains(&self.user),
            _ => false,
        }
    }

    fn opened(&self, seen: &mut Seen, opened: Opened) {
        let room = opened.room.room;
        seen.back(room);
        seen.acquaintances.summary(&opened.room);
        opened.presence.iter().for_each(|presence| seen.acquaintances.presence(presence));
        let copy = seen.copies.entry(room).or_default();
        // Of a large room that was not open only heads were heard, perhaps those of a store that was
        // restored since.
        let first = opened.page.entries.first().map_or(Position::ZERO, |entry| entry.position);
        let joins = !copy.loose && first <= copy.last + 1;
        copy.last = if copy.loose { opened.page.head } else { copy.last.max(opened.page.head) };
        copy.loose = false;
        if !joins {
            seen.held.drop_room(room);
        }
        for entry in opened.page.entries {
            self.keep(seen, room, entry);
        }
    }

    fn keep(&self, seen: &mut Seen, room: RoomId, entry: Entry) {
        let position = entry.position;
        lock(&self.heard).insert(room, entry.clone());
        seen.held.take(room, entry.clone());
        let last = lasting(&entry);
        let before = seen.entries.insert((room, position), entry);
        if before.is_some_and(|before| lasting(&before) != last) {
            self.trace.broken(format_args!("{} has two entries at {position}", self.name));
        }
    }
}
