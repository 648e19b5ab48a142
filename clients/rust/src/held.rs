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
mod tests {
    use caffis_schema::{EntryKind, List, event::Joined};

    use super::*;

    fn room(number: u64) -> RoomId {
        RoomId::from_random(number)
    }

    fn entry(position: Position) -> Entry {
        let kind = EntryKind::Joined(Joined { users: List::default(), by: None });
        Entry { position, time: position, kind }
    }

    fn positions(entries: &[Entry]) -> Vec<Position> {
        entries.iter().map(|entry| entry.position).collect()
    }

    fn answer(standing: Standing, entries: &[Position], more: bool, head: Position) -> Resumed {
        let entries = List::cut(entries.iter().map(|position| entry(*position)).collect());
        Resumed { room: room(1), standing, entries, more, head }
    }

    #[test]
    fn entries_come_out_in_order_and_once() {
        let mut held = Held::default();
        held.hold(room(1), 3);
        assert_eq!(positions(&held.entry(room(1), entry(4))), [4]);
        assert_eq!(positions(&held.entry(room(1), entry(4))), [] as [u64; 0]);
        assert_eq!(positions(&held.entry(room(1), entry(2))), [] as [u64; 0]);
        assert!(held.ask().is_empty());
    }

    #[test]
    fn a_gap_is_asked_once_and_closed_by_the_answer() {
        let mut held = Held::default();
        held.hold(room(1), 3);
        assert!(held.entry(room(1), entry(6)).is_empty());
        let cursors = held.ask();
        assert_eq!((cursors.len(), cursors[0].position), (1, 3));
        assert!(held.entry(room(1), entry(7)).is_empty());
        assert!(held.ask().is_empty(), "one question at a time");
        let outcome = held.resumed(answer(Standing::Complete, &[4, 5], false, 5));
        let Outcome::Entries(entries) = outcome else { panic!("{outcome:?}") };
        assert_eq!(positions(&entries), [4, 5, 6, 7]);
        assert!(held.ask().is_empty());
    }

    #[test]
    fn an_answer_that_did_not_fit_is_asked_on() {
        let mut held = Held::default();
        held.hold(room(1), 0);
        held.behind(room(1), 10);
        assert_eq!(held.ask()[0].position, 0);
        held.resumed(answer(Standing::Complete, &[1, 2], true, 10));
        assert_eq!(held.ask()[0].position, 2);
    }

    #[test]
    fn a_flood_beyond_a_gap_is_bounded() {
        let mut held = Held::default();
        held.hold(room(1), 0);
        for position in 2..2_000 {
            assert!(held.entry(room(1), entry(position)).is_empty());
        }
        assert_eq!(held.rooms[&room(1)].ahead.len(), Held::AHEAD);
        held.ask();
        held.resumed(answer(Standing::Complete, &[1], true, 1_999));
        assert_eq!(held.ask()[0].position, 1 + Held::AHEAD as u64);
    }

    #[test]
    fn a_reset_begins_after_the_head() {
        let mut held = Held::default();
        held.opened(room(1), 3, true);
        held.cut();
        assert_eq!(held.ask()[0], Cursor { room: room(1), position: 3, open: true });
        held.entry(room(1), entry(901));
        let outcome = held.resumed(answer(Standing::Reset, &[], false, 900));
        assert_eq!(outcome, Outcome::Reset { head: 900, open: true });
        assert_eq!(positions(&held.opened(room(1), 900, true)), [901]);
    }

    #[test]
    fn entries_that_overtake_the_first_page_wait_for_it() {
        let mut held = Held::default();
        held.opening(room(1));
        assert!(held.entry(room(1), entry(10)).is_empty());
        assert!(held.ask().is_empty());
        assert_eq!(positions(&held.opened(room(1), 9, false)), [10]);
        held.opening(room(1));
        assert_eq!(positions(&held.entry(room(1), entry(11))), [11], "it is open already");
        held.opening(room(2));
        held.not_opened(room(2));
        held.not_opened(room(1));
        assert!(!held.holds(room(2)) && held.holds(room(1)));
    }

    #[test]
    fn gone_and_later() {
        let mut held = Held::default();
        held.hold(room(1), 3);
        held.cut();
        held.ask();
        assert_eq!(held.resumed(answer(Standing::Later, &[], false, 0)), Outcome::Later);
        assert!(held.ask().is_empty() && held.has_later());
        held.now();
        assert_eq!(held.ask().len(), 1);
        assert_eq!(held.resumed(answer(Standing::Gone, &[], false, 0)), Outcome::Gone);
        held.cut();
        assert!(held.ask().is_empty());
    }

    #[test]
    fn more_rooms_than_one_question_takes_are_asked_in_turn_open_ones_first() {
        let mut held = Held::default();
        for number in 0..150 {
            held.hold(room(number), 1);
        }
        held.opened(room(149), 1, false);
        held.cut();
        let first = held.ask();
        assert_eq!(first.len(), RESUME_CURSORS);
        assert_eq!(first[0].room, room(149));
        assert_eq!(held.ask().len(), 50);
        assert!(held.ask().is_empty());
    }
}
