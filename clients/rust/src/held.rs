//! The rooms that a client holds, each with its position: what is new, what came before, what is
//! missing. Plain values; the driver asks and answers.

use std::collections::{BTreeMap, BTreeSet};

use caffis_schema::{
    Entry, Position, RoomId,
    command::Cursor,
    limits::RESUME_CURSORS,
    reply::{Resumed, Standing},
};

/// Which resume an answer belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Question(u64);

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
    /// Everything up to here was handed to the application.
    position: Position,
    /// The highest position heard of in this session, whatever told it: an entry, a head, `behind`,
    /// a page or a summary. The room is resumed until `position` has reached it.
    heard: Position,
    open: bool,
    /// Whether its entries come while it is not open, too.
    inbox: bool,
    /// Whether its first page is still to come; entries wait behind it.
    opening: bool,
    /// The resume of this room that is under way. The answer to any other was asked for an earlier
    /// stay in the room, and says nothing about this one.
    asked: Option<Question>,
    /// Answers in a row that brought nothing although more was heard of.
    fruitless: u32,
    /// Entries that came before the ones between them and `position`.
    ahead: BTreeMap<Position, Entry>,
}

impl Room {
    fn hear(&mut self, position: Position) {
        self.heard = self.heard.max(position);
    }

    /// Whether something is missing that a resume brings.
    fn is_behind(&self) -> bool {
        !self.opening && self.position < self.heard
    }

    /// Keeps an entry that lies beyond a gap. Those next to the gap are worth more: the others come
    /// again with the answers that close it.
    fn keep(&mut self, entry: Entry) {
        self.ahead.insert(entry.position, entry);
        if self.ahead.len() > Held::AHEAD {
            self.ahead.pop_last();
        }
    }

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

    /// An answer brought nothing although more was heard of. Says how many rounds to wait before
    /// the next question.
    fn fruitless(&mut self) -> u32 {
        self.fruitless += 1;
        if self.fruitless >= Held::FRUITLESS {
            // The server does not have what it spoke of. The next event speaks for itself.
            self.fruitless = 0;
            self.heard = self.position;
            self.ahead.clear();
            return 0;
        }
        rounds(self.fruitless - 1)
    }
}

/// How many rounds to wait after so many questions in vain: none after the first, then 1, 2, 4, 4…
fn rounds(questions: u32) -> u32 {
    match questions {
        0 => 0,
        some => 1 << (some - 1).min(2),
    }
}

/// Every room that is held.
#[derive(Debug, Default)]
pub(crate) struct Held {
    rooms: BTreeMap<RoomId, Room>,
    /// Rooms that have to be resumed now.
    missing: BTreeSet<RoomId>,
    /// Rooms that have to be resumed after so many rounds of waiting.
    later: BTreeMap<RoomId, u32>,
    /// The last question.
    last: Question,
}

impl Held {
    /// Rooms held at the same time.
    pub(crate) const ROOMS: usize = 2_000;
    /// Entries of one room kept while earlier ones are missing.
    const AHEAD: usize = 256;
    /// A cursor beyond the end of any room, which the server answers with `reset` and the end.
    const UNKNOWN: Position = Position::MAX;
    /// After so many answers in a row that brought nothing, the server is taken at its word.
    const FRUITLESS: u32 = 8;

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
        self.heard(room, position);
    }

    /// Holds a room that the server cannot read now, unless it is held already: it is asked for until
    /// the server says where it is.
    pub(crate) fn hold_unreadable(&mut self, room: RoomId) {
        if !self.holds(room) && self.rooms.len() < Self::ROOMS {
            let held = Room { position: Self::UNKNOWN, inbox: true, ..Room::default() };
            self.rooms.insert(room, held);
            self.later.insert(room, 1);
        }
    }

    /// A room is being opened: its page and its entries may come in any order.
    pub(crate) fn opening(&mut self, room: RoomId) {
        self.rooms.entry(room).or_insert_with(|| Room { opening: true, ..Room::default() });
    }

    /// A room cannot be opened.
    pub(crate) fn not_opened(&mut self, room: RoomId) {
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

    /// Lets go of a room of which only heads come, unless it is open or being opened.
    pub(crate) fn release_unless_open(&mut self, room: RoomId) {
        if self.rooms.get(&room).is_some_and(|held| !held.open && !held.opening) {
            self.release(room);
        }
    }

    pub(crate) fn holds(&self, room: RoomId) -> bool {
        self.rooms.contains_key(&room)
    }

    /// An entry came: gives what can be shown now, in order and each once. What lies beyond a gap is
    /// kept, as far as there is room, and the room is resumed.
    pub(crate) fn entry(&mut self, room: RoomId, entry: Entry) -> Vec<Entry> {
        let mut next = Vec::new();
        let Some(held) = self.rooms.get_mut(&room) else {
            // A room that was not known: what comes from now on is held.
            self.hold(room, entry.position);
            next.push(entry);
            return next;
        };
        // Also when it is no news: after a reset this position may be beyond the room's own.
        held.hear(entry.position);
        if entry.position > held.position {
            held.keep(entry);
            if !held.opening {
                held.advance(&mut next);
            }
        }
        self.check(room);
        next
    }

    /// The room has come at least this far.
    pub(crate) fn heard(&mut self, room: RoomId, head: Position) {
        if let Some(held) = self.rooms.get_mut(&room) {
            held.hear(head);
            self.check(room);
        }
    }

    /// Has the room resumed if something is missing in it.
    fn check(&mut self, room: RoomId) {
        if self.rooms.get(&room).is_some_and(Room::is_behind) && !self.later.contains_key(&room) {
            self.missing.insert(room);
        }
    }

    /// The link is gone: nothing is under way, and everything has to be resumed. What was heard of is
    /// forgotten with it. The next session says how far each room is, which may be less: a server may
    /// come back with an older store.
    pub(crate) fn cut(&mut self) {
        // What is being opened is asked for again, from the beginning.
        self.rooms.retain(|_, held| !held.opening || held.inbox);
        for held in self.rooms.values_mut() {
            held.opening = false;
            held.asked = None;
            held.fruitless = 0;
            held.heard = Position::ZERO;
            held.ahead.clear();
        }
        self.later.clear();
        self.missing = self.rooms.keys().copied().collect();
    }

    /// The next cursors to ask with, open rooms first, and what the answer is to be given back with;
    /// no cursors while there is nothing to ask.
    pub(crate) fn ask(&mut self) -> (Question, Vec<Cursor>) {
        let question = Question(self.last.0 + 1);
        let mut cursors = Vec::new();
        for open in [true, false] {
            for room in &self.missing {
                if let Some(held) = self.rooms.get_mut(room)
                    && held.open == open
                    && held.asked.is_none()
                    && cursors.len() < RESUME_CURSORS
                {
                    held.asked = Some(question);
                    cursors.push(Cursor { room: *room, position: held.position, open });
                }
            }
        }
        self.last = question;
        (question, cursors)
    }

    /// A question was not answered: its rooms have to be asked for again after a while.
    pub(crate) fn unanswered(&mut self, question: Question) {
        for (room, held) in &mut self.rooms {
            if held.asked == Some(question) {
                held.asked = None;
                self.missing.remove(room);
                self.later.insert(*room, 1);
            }
        }
    }

    /// Whether rooms wait to be asked again after a while.
    pub(crate) fn has_later(&self) -> bool {
        !self.later.is_empty()
    }

    /// A round of waiting is over.
    pub(crate) fn round(&mut self) {
        let missing = &mut self.missing;
        self.later.retain(|room, rounds| {
            *rounds = rounds.saturating_sub(1);
            if *rounds == 0 {
                missing.insert(*room);
            }
            *rounds > 0
        });
    }

    /// One cursor of a question was answered; `brought` says whether the whole answer has entries of
    /// any room.
    pub(crate) fn resumed(
        &mut self,
        question: Question,
        resumed: Resumed,
        brought: bool,
    ) -> Outcome {
        let room = resumed.room;
        let Some(held) = self.rooms.get_mut(&room) else { return Outcome::Nothing };
        if held.asked.take_if(|asked| *asked == question).is_none() {
            return Outcome::Nothing;
        }
        self.missing.remove(&room);
        let outcome = match resumed.standing {
            Standing::Complete => {
                let mut next = Vec::new();
                let before = held.position;
                held.hear(resumed.head);
                for entry in resumed.entries {
                    if entry.position > held.position {
                        held.position = entry.position;
                        next.push(entry);
                    }
                }
                held.advance(&mut next);
                if resumed.more {
                    held.hear(held.position + 1);
                }
                let in_turn = resumed.more && brought;
                if held.position > before || in_turn || !held.is_behind() {
                    held.fruitless = 0;
                } else if let rounds @ 1.. = held.fruitless() {
                    self.later.insert(room, rounds);
                }
                Outcome::Entries(next)
            }
            Standing::Reset => {
                // Also when this is less than before: the server may have an older store.
                held.position = resumed.head;
                held.hear(resumed.head);
                held.ahead.retain(|position, _| *position > resumed.head);
                held.fruitless = 0;
                Outcome::Reset { head: resumed.head, open: held.open }
            }
            Standing::Gone => {
                self.release(room);
                return Outcome::Gone;
            }
            Standing::Later => {
                held.fruitless = (held.fruitless + 1).min(Self::FRUITLESS - 1);
                self.later.insert(room, rounds(held.fruitless));
                Outcome::Later
            }
        };
        self.check(room);
        outcome
    }
}

#[cfg(test)]
#[path = "held_tests.rs"]
mod tests;
