//! The last commands of a room, in memory, so that neither a resend that follows closely nor a new
//! command needs a read from the store.
//!
//! A copy of a command cannot say that it is a resend, because the first copy may arrive last. What every
//! copy carries is the head that the client knew when it made the command, and with it where the command
//! can be: its entry lies above that head, and if it changed nothing, it was answered at that head or
//! later. Memory knows every command from a position on; whatever can only lie there and is not in memory
//! is new (rule 18).

use std::collections::{BTreeMap, VecDeque};

use caffis_schema::{ClientId, Position, UserId, reply::Appended, room::ClientKey};

/// Commands remembered for each room.
pub(crate) const RECENT: usize = 256;

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) appended: Appended,
    /// Whether it made an entry.
    pub(super) made: bool,
    /// Of the command, as [`RoomCommand::digest`](super::RoomCommand::digest) has it.
    pub(crate) digest: u64,
}

/// The last commands of a room. By default those of a room that does not exist yet: all of them, which are
/// none.
#[derive(Clone, Debug, Default)]
pub(super) struct Recent {
    map: BTreeMap<(UserId, ClientId), Sent>,
    order: VecDeque<(UserId, ClientId)>,
    /// Every command that was answered with this position or a later one is in memory.
    from: Position,
}

impl Recent {
    /// Those of a room that was read from the store and ends at `head`. Whatever was answered before lies
    /// at `head` at the latest, and memory has none of it. That includes commands which changed nothing
    /// and were answered with `head` itself: the log does not show them.
    pub(super) fn after(head: Position) -> Self {
        Self { from: head + 1, ..Self::default() }
    }

    pub(super) fn get(&self, user: &UserId, client: ClientId) -> Option<Sent> {
        self.map.get(&(user.clone(), client)).copied()
    }

    /// Whether memory would have the command with this key if it had been done; `appends` says that it
    /// always makes an entry, as messages do. So the first message after a room was read needs no read
    /// of its own: its entry lies above the head that the room was read at.
    pub(super) fn covers(&self, key: ClientKey, appends: bool) -> bool {
        let earliest = if appends { key.head + 1 } else { key.head };
        earliest >= self.from
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// Adds a command: none is answered with an earlier position than those before it.
    pub(super) fn insert(&mut self, user: UserId, client: ClientId, sent: Sent) {
        let key = (user, client);
        if self.map.insert(key.clone(), sent).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > RECENT
            && let Some(oldest) = self.order.pop_front()
            && let Some(forgotten) = self.map.remove(&oldest)
        {
            self.from = self.from.max(forgotten.appended.position + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use caffis_schema::{MessageNumber, RoomId, Timestamp};

    use super::*;

    fn key(head: u64) -> ClientKey {
        ClientKey { id: ClientId([1; 16]), time: Timestamp(5), head: Position(head) }
    }

    fn answered(recent: &mut Recent, number: u64, position: u64) {
        let appended = Appended {
            room: RoomId::from_random(1),
            position: Position(position),
            number: MessageNumber::ZERO,
            time: Timestamp(5),
        };
        let sent = Sent { appended, made: true, digest: 0 };
        let client = ClientId(u128::from(number).to_be_bytes());
        recent.insert(UserId::new("giulia").expect("an id"), client, sent);
    }

    #[test]
    fn a_new_room_needs_no_reads_until_memory_forgets() {
        let mut recent = Recent::default();
        assert!(recent.covers(key(0), true) && recent.covers(key(0), false));
        for number in 1..=RECENT as u64 {
            answered(&mut recent, number, number + 1);
        }
        assert!(recent.covers(key(0), true));
        // This one takes the place of the command at position 2.
        answered(&mut recent, 1_000, 1_000);
        assert!(!recent.covers(key(1), true), "its entry may have been at 2");
        assert!(recent.covers(key(2), true), "its entry cannot have been at 2");
        assert!(!recent.covers(key(2), false), "it may have changed nothing, at 2");
        assert!(recent.covers(key(3), false));
    }

    #[test]
    fn of_a_room_that_was_read_memory_knows_what_comes_after() {
        let recent = Recent::after(Position(7));
        assert!(!recent.covers(key(6), true), "its entry may be the last one");
        assert!(recent.covers(key(7), true));
        assert!(!recent.covers(key(7), false), "it may have changed nothing, at the head");
        assert!(recent.covers(key(8), false));
    }

    #[test]
    fn several_that_were_answered_at_one_position_are_forgotten_together() {
        let mut recent = Recent::default();
        for number in 0..=RECENT as u64 {
            answered(&mut recent, number, 9);
        }
        assert!(recent.covers(key(9), true) && !recent.covers(key(9), false));
    }
}
