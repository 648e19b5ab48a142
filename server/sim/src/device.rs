//! A device: the real client, and what it has seen.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use caffis_client::{Client, ClientEvent, Events, Options, State, TokenFuture};
use caffis_schema::{Entry, Event, Position, RoomId, UserId, reply::Opened, room::RoomSummary};

use crate::{
    Planted,
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
    /// The rooms in the last answer to hello.
    pub(crate) listed: BTreeMap<RoomId, RoomSummary>,
    /// Large rooms that were closed at some time: entries sent before may still arrive, with gaps.
    pub(crate) shut: BTreeSet<RoomId>,
    /// Rooms that this person was told they are no longer in.
    out: BTreeSet<RoomId>,
}

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
            wires: world.wires.clone(),
            device: name.to_owned(),
            resumes: world.planted != Some(Planted::ResumesNothing),
        };
        let (client, events, driver) =
            Client::new(Options::new(Arc::new(wire), tokens, world.pocket()));
        let seen = Arc::new(Mutex::new(Seen::default()));
        let device = Self { name: name.to_owned(), user: user.clone(), client, seen: seen.clone() };
        tokio::spawn(driver.run());
        let watch = Watch {
            name: name.to_owned(),
            seen,
            trace: world.trace.clone(),
            small: world.settings.small_room_members,
            planted: world.planted,
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
    small: u32,
    planted: Option<Planted>,
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
        match event {
            ClientEvent::State(State::Ended(ended)) => {
                self.trace.note(format_args!("{} ended: {ended:?}", self.name));
            }
            ClientEvent::State(_) | ClientEvent::Signal(_) | ClientEvent::Lagged => {}
            ClientEvent::Welcome(welcome) => {
                let listed: BTreeSet<RoomId> = welcome.rooms.iter().map(|r| r.room).collect();
                welcome.rooms.iter().for_each(|room| self.added(&mut seen, room));
                seen.out.retain(|room| !listed.contains(room));
                seen.listed = welcome.rooms.iter().map(|r| (r.room, r.clone())).collect();
            }
            ClientEvent::Entry(entry) => self.entry(&mut seen, entry.room, entry.entry),
            ClientEvent::Opened(opened) => self.opened(&mut seen, *opened),
            ClientEvent::Reset { room, head } => {
                seen.copies.insert(room, Copy { last: head, loose: false });
            }
            // Events from before the removal, and the removal itself, may still follow.
            ClientEvent::Gone(room) => drop(seen.copies.remove(&room)),
            ClientEvent::Other(event) => match *event {
                Event::RoomAdded(room) => self.added(&mut seen, &room),
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

    fn added(&self, seen: &mut Seen, room: &RoomSummary) {
        seen.out.remove(&room.room);
        if room.readable && room.members <= self.small {
            seen.copies.entry(room.room).or_insert(Copy { last: room.head, loose: false });
        }
    }

    fn removed(seen: &mut Seen, room: RoomId) {
        seen.copies.remove(&room);
        seen.out.insert(room);
    }

    fn entry(&self, seen: &mut Seen, room: RoomId, entry: Entry) {
        let position = entry.position;
        if seen.out.contains(&room) {
            let told = "was told an entry of a room that it is out of";
            self.trace.broken(format_args!("{} {told}: position {position}", self.name));
        }
        let copy = seen.copies.entry(room).or_insert(Copy { last: position.back(1), loose: true });
        if position != copy.last + 1 && !copy.loose && !seen.shut.contains(&room) {
            let last = copy.last;
            self.trace.broken(format_args!("{} hears {position} after {last}", self.name));
        }
        copy.last = position;
        copy.loose = false;
        self.keep(seen, room, entry);
    }

    fn opened(&self, seen: &mut Seen, opened: Opened) {
        let room = opened.room.room;
        seen.out.remove(&room);
        let copy = seen.copies.entry(room).or_default();
        // Of a large room that was not open only heads were heard, perhaps those of a store that was
        // restored since.
        copy.last = if copy.loose { opened.page.head } else { copy.last.max(opened.page.head) };
        copy.loose = false;
        for entry in opened.page.entries {
            self.keep(seen, room, entry);
        }
    }

    fn keep(&self, seen: &mut Seen, room: RoomId, entry: Entry) {
        let position = entry.position;
        let before = seen.entries.insert((room, position), entry);
        if before.is_some_and(|before| Some(&before) != seen.entries.get(&(room, position))) {
            self.trace.broken(format_args!("{} has two entries at {position}", self.name));
        }
    }
}
