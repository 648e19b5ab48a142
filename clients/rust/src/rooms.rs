//! The rooms that a client holds, each with its position: what is new, what is a repeat, what is
//! missing. Plain values: the session sends and receives.

use std::collections::{BTreeMap, BTreeSet};

use caffis_schema::{
    Entry, Position, RoomId,
    command::Cursor,
    limits::RESUME_CURSORS,
    reply::{Resumed, Standing},
};

use crate::heads::Heads;

/// Which resume an answer belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ResumeId(u64);

/// What became of a room's copy after a resume.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The entries that come next, possibly none.
    Entries(Vec<Entry>),
    /// The copy is outdated: it begins again after this position.
    Reset {
        /// The room's head.
        head: Position,
        /// Whether the room was open and has to be loaded again.
        open: bool,
    },
    /// The person is no longer in the room.
    Gone,
    /// The room has to be resumed again after a while.
    Later,
    /// The answer is about a room that is not held.
    Nothing,
}

#[derive(Debug, Default)]
struct Room {
    /// Everything up to here was handed to the application.
    position: Position,
    /// The highest position seen in this session, in an entry, a head, `behind`, a page or a summary.
    /// The room is resumed until `position` has reached it.
    highest: Position,
    open: bool,
    /// Whether its entries come while it is not open, too.
    inbox: bool,
    /// Whether its first page is still to come; entries wait behind it.
    opening: bool,
    /// The resume of this room that is in flight. Answers to any other belong to an earlier stay in
    /// the room and are ignored.
    resume: Option<ResumeId>,
    /// Answers in a row that brought nothing although more exists.
    empty_answers: u32,
    /// Entries beyond a gap.
    ahead: BTreeMap<Position, Entry>,
}

impl Room {
    /// The highest position that the room's log is known to reach.
    fn head(&self) -> Position {
        let position = if self.position == Rooms::UNKNOWN { Position::ZERO } else { self.position };
        position.max(self.highest)
    }

    fn note(&mut self, position: Position) {
        self.highest = self.highest.max(position);
    }

    /// Whether something is missing that a resume brings.
    fn is_behind(&self) -> bool {
        !self.opening && self.position < self.highest
    }

    /// Keeps an entry that lies beyond a gap. If there are too many, those next to the gap stay: the
    /// others come again with the answers that close it.
    fn keep(&mut self, entry: Entry) {
        self.ahead.insert(entry.position, entry);
        if self.ahead.len() > Rooms::AHEAD {
            self.ahead.pop_last();
        }
    }

    /// Takes the kept entries that follow without a gap.
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

    /// An answer brought nothing although more exists. Returns how many ticks to wait before the next
    /// resume.
    fn empty_answer(&mut self) -> u32 {
        self.empty_answers += 1;
        if self.empty_answers >= Rooms::EMPTY_ANSWERS {
            // The server does not have what it announced: stop until the next event.
            self.empty_answers = 0;
            self.highest = self.position;
            self.ahead.clear();
            return 0;
        }
        ticks(self.empty_answers - 1)
    }
}

/// How many ticks to wait after so many fruitless resumes: none after the first, then 1, 2, 4, 4, …
fn ticks(resumes: u32) -> u32 {
    match resumes {
        0 => 0,
        some => 1 << (some - 1).min(2),
    }
}

/// Every room that is held.
#[derive(Debug, Default)]
pub(crate) struct Rooms {
    rooms: BTreeMap<RoomId, Room>,
    /// Rooms that have to be resumed now.
    behind: BTreeSet<RoomId>,
    /// Rooms that have to be resumed after this many ticks.
    waiting: BTreeMap<RoomId, u32>,
    /// The last resume.
    last: ResumeId,
    heads: Heads,
}

impl Rooms {
    /// Rooms held at the same time.
    pub(crate) const ROOMS: usize = 2_000;
    /// Entries of one room kept while earlier ones are missing.
    const AHEAD: usize = 256;
    /// A cursor beyond the end of any room, which the server answers with `reset` and the end.
    const UNKNOWN: Position = Position::MAX;
    /// After so many empty answers in a row the server is believed.
    const EMPTY_ANSWERS: u32 = 8;

    /// No rooms; what becomes known of their heads is put down there.
    pub(crate) fn with(heads: Heads) -> Self {
        Self { heads, ..Self::default() }
    }

    /// Holds a room whose entries come to the inbox from this position on. One that is held already
    /// stays where it is.
    pub(crate) fn hold(&mut self, room: RoomId, position: Position) {
        if let Some(held) = self.rooms.get_mut(&room) {
            if held.opening && !held.inbox {
                held.position = position;
            }
            held.inbox = true;
        } else if self.rooms.len() < Self::ROOMS {
            self.rooms.insert(room, Room { position, inbox: true, ..Room::default() });
        }
        self.note_head(room, position);
    }

    /// Holds a room that the server cannot read now, unless it is held already: it is resumed until
    /// the server says where its log ends.
    pub(crate) fn hold_unreadable(&mut self, room: RoomId) {
        if !self.holds(room) && self.rooms.len() < Self::ROOMS {
            let held = Room { position: Self::UNKNOWN, inbox: true, ..Room::default() };
            self.rooms.insert(room, held);
            self.waiting.insert(room, 1);
        }
    }

    /// A room is being opened: its page and its entries may come in any order.
    pub(crate) fn begin_opening(&mut self, room: RoomId) {
        self.rooms.entry(room).or_insert_with(|| Room { opening: true, ..Room::default() });
    }

    /// A room cannot be opened.
    pub(crate) fn open_failed(&mut self, room: RoomId) {
        match self.rooms.get_mut(&room) {
            Some(held) if held.opening && held.inbox => {
                held.opening = false;
                self.check(room);
            }
            Some(held) if held.opening => self.release(room),
            _ => {}
        }
    }

    /// A room was opened, and everything up to `position` is on its page; gives what came after it.
    pub(crate) fn opened(&mut self, room: RoomId, position: Position, inbox: bool) -> Vec<Entry> {
        let mut next = Vec::new();
        let held = self.rooms.entry(room).or_default();
        held.open = true;
        held.opening = false;
        held.inbox = inbox;
        if held.position == Self::UNKNOWN {
            held.position = Position::ZERO;
        }
        held.position = held.position.max(position);
        held.advance(&mut next);
        self.check(room);
        next
    }

    /// A room was closed.
    pub(crate) fn closed(&mut self, room: RoomId) {
        match self.rooms.get_mut(&room) {
            Some(held) if held.inbox => held.open = false,
            _ => self.release(room),
        }
    }

    /// Forgets a room.
    pub(crate) fn release(&mut self, room: RoomId) {
        self.rooms.remove(&room);
        self.heads.forget(room);
        self.behind.remove(&room);
        self.waiting.remove(&room);
    }

    /// Forgets a room of which only heads come, unless it is open or being opened.
    pub(crate) fn release_unless_open(&mut self, room: RoomId) {
        if self.rooms.get(&room).is_some_and(|held| !held.open && !held.opening) {
            self.release(room);
        }
    }

    pub(crate) fn holds(&self, room: RoomId) -> bool {
        self.rooms.contains_key(&room)
    }

    /// An entry arrived: returns what can be shown now, in order and each once. An entry beyond a gap
    /// is kept, and the room is resumed.
    pub(crate) fn entry(&mut self, room: RoomId, entry: Entry) -> Vec<Entry> {
        let mut next = Vec::new();
        let Some(held) = self.rooms.get_mut(&room) else {
            // A room that was not known: what comes from now on is held.
            self.hold(room, entry.position);
            next.push(entry);
            return next;
        };
        // Even if it looks like a repeat: after a reset this position may be beyond the room's own.
        held.note(entry.position);
        if entry.position > held.position {
            held.keep(entry);
            if !held.opening {
                held.advance(&mut next);
            }
        }
        self.check(room);
        next
    }

    /// The room's log reaches at least this far.
    pub(crate) fn note_head(&mut self, room: RoomId, head: Position) {
        if let Some(held) = self.rooms.get_mut(&room) {
            held.note(head);
            self.check(room);
        }
    }

    /// Notes what is known of a room's head, and schedules a resume if something is missing.
    fn check(&mut self, room: RoomId) {
        let Some(held) = self.rooms.get(&room) else { return };
        self.heads.set(room, held.head());
        if held.is_behind() && !self.waiting.contains_key(&room) {
            self.behind.insert(room);
        }
    }

    /// The link is gone: nothing is in flight, and every room has to be resumed. The heads seen so far
    /// are forgotten: the next session tells them again, and they may be lower, as a server may come
    /// back with an older store.
    pub(crate) fn disconnected(&mut self) {
        // Rooms that were being opened are opened again from the beginning.
        self.rooms.retain(|room, held| {
            let stays = !held.opening || held.inbox;
            if !stays {
                self.heads.forget(*room);
            }
            stays
        });
        for held in self.rooms.values_mut() {
            held.opening = false;
            held.resume = None;
            held.empty_answers = 0;
            held.highest = Position::ZERO;
            held.ahead.clear();
        }
        self.waiting.clear();
        self.behind = self.rooms.keys().copied().collect();
    }

    /// The next resume and its cursors, open rooms first; no cursors while nothing is missing.
    pub(crate) fn next_resume(&mut self) -> (ResumeId, Vec<Cursor>) {
        let id = ResumeId(self.last.0 + 1);
        let mut cursors = Vec::new();
        for open in [true, false] {
            for room in &self.behind {
                if let Some(held) = self.rooms.get_mut(room)
                    && held.open == open
                    && held.resume.is_none()
                    && cursors.len() < RESUME_CURSORS
                {
                    held.resume = Some(id);
                    cursors.push(Cursor { room: *room, position: held.position, open });
                }
            }
        }
        self.last = id;
        (id, cursors)
    }

    /// A resume failed: its rooms have to be resumed again after a while.
    pub(crate) fn resume_failed(&mut self, id: ResumeId) {
        for (room, held) in &mut self.rooms {
            if held.resume == Some(id) {
                held.resume = None;
                self.behind.remove(room);
                self.waiting.insert(*room, 1);
            }
        }
    }

    /// Whether rooms wait for the next tick.
    pub(crate) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Some time has passed.
    pub(crate) fn tick(&mut self) {
        let behind = &mut self.behind;
        self.waiting.retain(|room, ticks| {
            *ticks = ticks.saturating_sub(1);
            if *ticks == 0 {
                behind.insert(*room);
            }
            *ticks > 0
        });
    }

    /// One cursor of a resume was answered; `any_entries` says whether the whole answer has entries of
    /// any room.
    pub(crate) fn resumed(&mut self, id: ResumeId, resumed: Resumed, any_entries: bool) -> Outcome {
        let room = resumed.room;
        let Some(held) = self.rooms.get_mut(&room) else { return Outcome::Nothing };
        if held.resume.take_if(|resume| *resume == id).is_none() {
            return Outcome::Nothing;
        }
        self.behind.remove(&room);
        let outcome = match resumed.standing {
            Standing::Complete => {
                let mut next = Vec::new();
                let before = held.position;
                held.note(resumed.head);
                for entry in resumed.entries {
                    if entry.position > held.position {
                        held.position = entry.position;
                        next.push(entry);
                    }
                }
                held.advance(&mut next);
                if resumed.more {
                    held.note(held.position + 1);
                }
                let in_turn = resumed.more && any_entries;
                if held.position > before || in_turn || !held.is_behind() {
                    held.empty_answers = 0;
                } else if let ticks @ 1.. = held.empty_answer() {
                    self.waiting.insert(room, ticks);
                }
                Outcome::Entries(next)
            }
            Standing::Reset => {
                // Also when this is less than before: the server may have an older store.
                held.position = resumed.head;
                held.note(resumed.head);
                held.ahead.retain(|position, _| *position > resumed.head);
                held.empty_answers = 0;
                Outcome::Reset { head: resumed.head, open: held.open }
            }
            Standing::Gone => {
                self.release(room);
                return Outcome::Gone;
            }
            Standing::Later => {
                held.empty_answers = (held.empty_answers + 1).min(Self::EMPTY_ANSWERS - 1);
                self.waiting.insert(room, ticks(held.empty_answers));
                Outcome::Later
            }
        };
        self.check(room);
        outcome
    }
}

#[cfg(test)]
#[path = "rooms_tests.rs"]
mod tests;
