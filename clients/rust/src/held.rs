//! The rooms that a client holds, each with its position: what is new, what came before, what is
//! missing. Plain values; the driver asks and answers.

use std::collections::{BTreeMap, BTreeSet};

use caffis_schema::{
    Entry, Position, RoomId,
    command::Cursor,
    limits::RESUME_CURSORS,
    reply::{Resumed, Standing},
};

/// What became of a room's copy after a resume.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// These entries come next; none where there was nothing new.
    Entries(Vec<Entry>),
    /// The copy is too old: it begins again after this position.
    Reset {
        /// The room's head.
        head: Position,
        /// Whether the room was open and has to be loaded again.
        open: bool,
    },
    /// The room is not this person's any more.
    Gone,
    /// It has to be asked again after a while.
    Later,
    /// The answer is about a room that is not held.
    Nothing,
}

#[derive(Debug, Default)]
struct Room {
    position: Position,
    open: bool,
    /// Whether its entries come while it is not open, too.
    inbox: bool,
    /// Whether its first page is still to come; entries wait behind it.
    opening: bool,
    /// Whether a resume of this room is under way.
    asked: bool,
    /// Entries that came before the ones between them and `position`.
    ahead: BTreeMap<Position, Entry>,
}

impl Room {
    /// Moves on through what lies ahead without a gap.
    fn advance(&mut self, next: &mut Vec<Entry>) {
        while let Some(entry) = self.ahead.first_entry() {
            if *entry.key() > self.position + 1 {
                break;
            }
            let (position, entry) = entry.remove_entry();
            if position == self.position + 1 {
                self.position = position;
                next.push(entry);
            }
        }
    }
}

/// Every room that is held.
#[derive(Debug, Default)]
pub(crate) struct Held {
    rooms: BTreeMap<RoomId, Room>,
    /// Rooms that have to be resumed.
    missing: BTreeSet<RoomId>,
    /// Rooms that have to be resumed, but not at once.
    later: BTreeSet<RoomId>,
}

impl Held {
    /// Rooms held at the same time.
    pub(crate) const ROOMS: usize = 2_000;
    /// Entries of one room kept while earlier ones are missing.
    const AHEAD: usize = 256;

    /// Holds a room whose entries come to the inbox from this position on, unless it is held
    /// already.
    pub(crate) fn hold(&mut self, room: RoomId, position: Position) {
        if self.rooms.len() < Self::ROOMS {
            self.rooms.entry(room).or_insert_with(|| Room {
                position,
                inbox: true,
                ..Room::default()
            });
        }
    }

    /// A room is being opened: its page and its entries may come in any order.
    pub(crate) fn opening(&mut self, room: RoomId) {
        self.rooms.entry(room).or_insert_with(|| Room { opening: true, ..Room::default() });
    }

    /// A room cannot be opened.
    pub(crate) fn not_opened(&mut self, room: RoomId) {
        if self.rooms.get(&room).is_some_and(|held| held.opening) {
            self.release(room);
        }
    }

    /// A room was opened, and everything up to `position` is on its page; gives what came after it.
    pub(crate) fn opened(&mut self, room: RoomId, position: Position, inbox: bool) -> Vec<Entry> {
        let mut next = Vec::new();
        let held = self.rooms.entry(room).or_default();
        held.open = true;
        held.opening = false;
        held.inbox = inbox;
        held.position = held.position.max(position);
        held.advance(&mut next);
        if held.ahead.is_empty() {
            self.missing.remove(&room);
        } else {
            self.missing.insert(room);
        }
        next
    }

    /// A room's feed ended.
    pub(crate) fn closed(&mut self, room: RoomId) {
        match self.rooms.get_mut(&room) {
            Some(held) if held.inbox => held.open = false,
            _ => self.release(room),
        }
    }

    /// Lets go of a room.
    pub(crate) fn release(&mut self, room: RoomId) {
        self.rooms.remove(&room);
        self.missing.remove(&room);
        self.later.remove(&room);
    }

    /// Lets go of a room of which only heads come, unless it is open.
    pub(crate) fn release_unless_open(&mut self, room: RoomId) {
        if !self.is_open(room) {
            self.release(room);
        }
    }

    pub(crate) fn holds(&self, room: RoomId) -> bool {
        self.rooms.contains_key(&room)
    }

    fn is_open(&self, room: RoomId) -> bool {
        self.rooms.get(&room).is_some_and(|held| held.open)
    }

    /// An entry came: gives what can be shown now, in order and each once. What lies beyond a gap is
    /// kept, and the room is missing.
    pub(crate) fn entry(&mut self, room: RoomId, entry: Entry) -> Vec<Entry> {
        let mut next = Vec::new();
        let Some(held) = self.rooms.get_mut(&room) else {
            // A room that was not known: what comes from now on is held.
            self.hold(room, entry.position);
            next.push(entry);
            return next;
        };
        if entry.position <= held.position {
            return next;
        }
        if held.ahead.len() < Self::AHEAD {
            held.ahead.insert(entry.position, entry);
        }
        if held.opening {
            return next;
        }
        held.advance(&mut next);
        if !held.ahead.is_empty() {
            self.missing.insert(room);
        }
        next
    }

    /// The server left something out.
    pub(crate) fn behind(&mut self, room: RoomId, head: Position) {
        if self.rooms.get(&room).is_some_and(|held| held.position < head) {
            self.missing.insert(room);
        }
    }

    /// The link is gone: nothing is under way, and everything has to be resumed.
    pub(crate) fn cut(&mut self) {
        self.later.clear();
        // What is being opened is asked for again, from the beginning.
        self.rooms.retain(|_, held| !held.opening);
        self.missing.retain(|room| self.rooms.contains_key(room));
        self.missing.extend(self.rooms.keys());
        for held in self.rooms.values_mut() {
            held.asked = false;
        }
    }

    /// The next cursors to ask with, open rooms first; none while there is nothing to ask.
    pub(crate) fn ask(&mut self) -> Vec<Cursor> {
        let mut cursors = Vec::new();
        for open in [true, false] {
            for room in &self.missing {
                if let Some(held) = self.rooms.get_mut(room)
                    && held.open == open
                    && !held.asked
                    && cursors.len() < RESUME_CURSORS
                {
                    held.asked = true;
                    cursors.push(Cursor { room: *room, position: held.position, open });
                }
            }
        }
        cursors
    }

    /// Cursors were not answered: they have to be asked again after a while.
    pub(crate) fn unanswered(&mut self, rooms: &[RoomId]) {
        for room in rooms {
            if let Some(held) = self.rooms.get_mut(room) {
                held.asked = false;
                self.missing.remove(room);
                self.later.insert(*room);
            }
        }
    }

    /// Whether rooms wait to be asked again after a while.
    pub(crate) fn has_later(&self) -> bool {
        !self.later.is_empty()
    }

    /// The while is over.
    pub(crate) fn now(&mut self) {
        self.missing.append(&mut self.later);
    }

    /// One cursor was answered.
    pub(crate) fn resumed(&mut self, resumed: Resumed) -> Outcome {
        let room = resumed.room;
        let Some(held) = self.rooms.get_mut(&room) else { return Outcome::Nothing };
        held.asked = false;
        self.missing.remove(&room);
        match resumed.standing {
            Standing::Complete => {
                let mut next = Vec::new();
                for entry in resumed.entries {
                    if entry.position > held.position {
                        held.position = entry.position;
                        next.push(entry);
                    }
                }
                held.advance(&mut next);
                if resumed.more || !held.ahead.is_empty() {
                    self.missing.insert(room);
                }
                Outcome::Entries(next)
            }
            Standing::Reset => {
                held.position = held.position.max(resumed.head);
                held.ahead.retain(|position, _| *position > resumed.head);
                if !held.ahead.is_empty() {
                    self.missing.insert(room);
                }
                Outcome::Reset { head: resumed.head, open: held.open }
            }
            Standing::Gone => {
                self.release(room);
                Outcome::Gone
            }
            Standing::Later => {
                self.later.insert(room);
                Outcome::Later
            }
        }
    }
}

#[cfg(test)]
#[path = "held_tests.rs"]
mod tests;
