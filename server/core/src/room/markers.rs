//! How far each member of a room has read, and which of these markers the store may not have yet.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::Arc,
};

use caffis_schema::{Entry, EntryKind, MessageNumber, RoomId, Timestamp, UserId};

use crate::{model::room::Members, ports::store::StoreError, tables::MarkerRow};

/// How far a member has read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MarkerState {
    /// The last message that reached one of their devices.
    pub delivered: MessageNumber,
    /// The last message that they read.
    pub read: MessageNumber,
    /// They marked this message and all after it as unread.
    pub unread_from: Option<MessageNumber>,
    /// They want no notifications of the room until then.
    pub muted_until: Option<Timestamp>,
}

impl MarkerState {
    /// The last message that counts as read in the person's own list.
    #[must_use]
    pub fn own_read(&self) -> MessageNumber {
        self.unread_from.map_or(self.read, |from| self.read.min(from.back(1)))
    }

    /// Moves forward. What others see never goes back. Messages up to `read` that were marked as unread
    /// count as read again; the mark ends when none is left.
    fn advance(&mut self, delivered: MessageNumber, read: MessageNumber) {
        if read > self.own_read() {
            self.unread_from = (read < self.read).then_some(read + 1);
        }
        self.delivered = self.delivered.max(delivered);
        self.read = self.read.max(read);
    }

    /// The person's own message counts as delivered and read, with all before it: what was marked as
    /// unread earlier no longer is.
    pub(super) fn wrote(&mut self, number: MessageNumber) {
        if number > self.read {
            self.read = number;
            self.unread_from = None;
        }
        self.delivered = self.delivered.max(number);
    }

    /// As a row.
    #[must_use]
    pub fn to_row(self, room: RoomId, user: UserId) -> MarkerRow {
        let Self { delivered, read, unread_from, muted_until } = self;
        MarkerRow { room, user, delivered, read, unread_from, muted_until }
    }
}

impl From<MarkerRow> for MarkerState {
    fn from(row: MarkerRow) -> Self {
        let MarkerRow { delivered, read, unread_from, muted_until, .. } = row;
        Self { delivered, read, unread_from, muted_until }
    }
}

/// A marker that moved.
#[derive(Clone, Copy, Debug)]
pub struct Moved {
    /// Where it was.
    pub before: MarkerState,
    /// Where it is.
    pub now: MarkerState,
}

impl Moved {
    /// Whether others see something new; of a private reader they see only what was delivered.
    #[must_use]
    pub fn for_others(&self, private: bool) -> bool {
        let delivered = self.before.delivered != self.now.delivered;
        delivered || (!private && self.before.read != self.now.read)
    }
}

/// Markers for one write.
#[derive(Debug)]
pub(super) struct Picked {
    /// Members' markers, as they are now.
    pub(super) moved: Vec<(UserId, MarkerState)>,
    /// Whose rows are to be removed.
    pub(super) gone: Vec<UserId>,
    /// No dirty marker is left for another write.
    pub(super) all: bool,
    /// The number of the write.
    write: u64,
}

impl Picked {
    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.moved.is_empty() && self.gone.is_empty()
    }
}

/// The markers of a room's members.
///
/// A marker is *dirty* from the moment it moves until a write of exactly its value is known to be
/// durable.
#[derive(Debug, Default)]
pub(super) struct Markers {
    map: BTreeMap<UserId, MarkerState>,
    dirty: BTreeSet<UserId>,
    /// Where markers were before their people wrote something: others are not told of that alone.
    untold: BTreeMap<UserId, MarkerState>,
    /// People who are no longer members, and whose markers the store still has.
    gone: BTreeSet<UserId>,
    /// The last one that was picked for a write: the next write continues after them.
    picked: Option<UserId>,
    /// How many writes have begun.
    writes: u64,
    /// The last write of all dirty markers that failed.
    failed: Option<(u64, StoreError)>,
}

impl Markers {
    /// Adds a member's marker as the store has it.
    pub(super) fn stored(&mut self, user: UserId, marker: MarkerState) {
        self.map.insert(user, marker);
    }

    /// Notes that the row of someone who is no longer a member has to be removed.
    pub(super) fn left_over(&mut self, user: UserId) {
        self.gone.insert(user);
    }

    pub(super) fn get(&self, user: &UserId) -> Option<MarkerState> {
        self.map.get(user).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.map.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&UserId, &MarkerState)> {
        self.map.iter()
    }

    /// Moves a marker forward, or returns none if it was there already. The person's own messages since
    /// the last move count as part of it, so that others hear that everything before them was read.
    pub(super) fn advance(
        &mut self,
        user: &UserId,
        delivered: MessageNumber,
        read: MessageNumber,
    ) -> Option<Moved> {
        let moved = self.change(user, |marker| marker.advance(delivered, read));
        match self.untold.remove(user) {
            Some(before) => Some(Moved { before, now: self.get(user)? }),
            None => moved,
        }
    }

    /// Marks a message and all after it as unread.
    pub(super) fn mark_unread(&mut self, user: &UserId, number: MessageNumber) -> MarkerState {
        self.change(user, |marker| marker.unread_from = Some(number));
        self.get(user).unwrap_or_default()
    }

    /// Mutes the room for its person until a time, or no longer.
    pub(super) fn mute(&mut self, user: &UserId, until: Option<Timestamp>) {
        self.change(user, |marker| marker.muted_until = until);
    }

    /// The person's own message counts as delivered and read.
    pub(super) fn wrote(&mut self, user: &UserId, number: MessageNumber) {
        if let Some(moved) = self.change(user, |marker| marker.wrote(number)) {
            self.untold.entry(user.clone()).or_insert(moved.before);
        }
    }

    /// Moves markers as the messages among these entries say, which follow each other. A person's own message counts
    /// as read, with all before it. Messages of the past are news to nobody: whoever had read everything before
    /// some that were imported still has.
    pub(super) fn follow<'a>(
        &mut self,
        members: &Members,
        entries: impl Iterator<Item = &'a Arc<Entry>>,
    ) {
        // The last message before those that were imported one after the other, and the last of them.
        let mut imported: Option<(MessageNumber, MessageNumber)> = None;
        for entry in entries {
            let EntryKind::Message(message) = &entry.kind else { continue };
            if message.imported().is_some() {
                let before = imported.map_or(message.number.back(1), |(before, _)| before);
                imported = Some((before, message.number));
                continue;
            }
            self.pass_over(members, imported.take());
            if let Some(sender) = message.sender.as_ref().filter(|who| members.contains_key(*who)) {
                self.wrote(sender, message.number);
            }
        }
        self.pass_over(members, imported);
    }

    fn pass_over(&mut self, members: &Members, imported: Option<(MessageNumber, MessageNumber)>) {
        let Some((before, last)) = imported else { return };
        for (user, member) in &**members {
            let read = self.get(user).unwrap_or_default().own_read().max(member.unread_after);
            if read >= before {
                self.wrote(user, last);
            }
        }
    }

    /// Merges a marker from before the room was read again: the larger numbers count.
    pub(super) fn merge(&mut self, user: &UserId, other: MarkerState) {
        self.change(user, |marker| {
            // A later message of theirs, written in doubt, is in the log: what they had marked as unread is read.
            if marker.read <= other.read {
                marker.unread_from = other.unread_from;
            }
            marker.delivered = marker.delivered.max(other.delivered);
            marker.read = marker.read.max(other.read);
            marker.muted_until = other.muted_until;
        });
    }

    fn change(&mut self, user: &UserId, change: impl FnOnce(&mut MarkerState)) -> Option<Moved> {
        let before = self.get(user).unwrap_or_default();
        let mut now = before;
        change(&mut now);
        if now == before {
            return None;
        }
        self.gone.remove(user);
        self.map.insert(user.clone(), now);
        self.dirty.insert(user.clone());
        Some(Moved { before, now })
    }

    /// Forgets someone who is no longer a member and whose row is gone.
    pub(super) fn remove(&mut self, user: &UserId) {
        self.map.remove(user);
        self.untold.remove(user);
        self.dirty.remove(user);
    }

    /// Whether the store may have an older marker.
    pub(super) fn is_dirty(&self, user: &UserId) -> bool {
        self.dirty.contains(user)
    }

    /// Whether there is something to write.
    pub(super) fn any_dirty(&self) -> bool {
        !self.dirty.is_empty() || !self.gone.is_empty()
    }

    /// Picks dirty markers for a write: `first` before all others, then the rest in turn, so that no
    /// marker waits for ever.
    pub(super) fn pick(&mut self, first: Option<&UserId>, most: usize) -> Picked {
        self.writes += 1;
        let all = self.dirty.len() + self.gone.len() <= most;
        let last = self.picked.take();
        let first = first.filter(|user| self.dirty.contains(*user));
        let after = last.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let following = self.dirty.range::<UserId, _>((after, Bound::Unbounded));
        let before = self.dirty.iter().take_while(|user| last.as_ref() >= Some(*user));
        let turn = following.chain(before).filter(|user| Some(*user) != first);
        let users = first.into_iter().chain(turn).take(most);
        let moved: Vec<_> = users
            .map(|user| (user.clone(), self.map.get(user).copied().unwrap_or_default()))
            .collect();
        if !all {
            self.picked = moved.last().map(|(user, _)| user.clone());
        }
        let gone = self.gone.iter().take(most - moved.len()).cloned().collect();
        Picked { moved, gone, all, write: self.writes }
    }

    /// Notes that a write is durable. A marker that has moved since stays dirty.
    pub(super) fn written(&mut self, picked: &Picked) {
        for (user, marker) in &picked.moved {
            if self.map.get(user) == Some(marker) {
                self.dirty.remove(user);
            }
        }
        for user in &picked.gone {
            self.gone.remove(user);
        }
    }

    /// Notes that a write failed, for those who are waiting.
    pub(super) fn failed(&mut self, picked: &Picked, error: &StoreError) {
        if picked.all {
            self.failed = Some((picked.write, error.clone()));
        }
    }

    /// How many writes have begun.
    pub(super) fn writes(&self) -> u64 {
        self.writes
    }

    /// Fails if a write of all dirty markers has failed since this many had begun.
    ///
    /// # Errors
    /// The store's, of that write.
    pub(super) fn failed_since(&self, writes: u64) -> Result<(), StoreError> {
        match &self.failed {
            Some((write, error)) if *write > writes => Err(error.clone()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(number: usize) -> UserId {
        UserId::new(&format!("user{number:03}")).expect("an id")
    }

    #[test]
    fn everyone_has_their_turn() {
        let mut markers = Markers::default();
        for number in 0..10 {
            markers.advance(&user(number), MessageNumber(1), MessageNumber(1));
        }
        let mut seen = BTreeSet::new();
        for round in 0..4 {
            // Those at the front move all the time.
            for number in 0..3 {
                markers.advance(&user(number), MessageNumber(2 + round), MessageNumber(0));
            }
            let picked = markers.pick(None, 3);
            assert_eq!((picked.moved.len(), picked.all), (3, false));
            markers.written(&picked);
            seen.extend(picked.moved.into_iter().map(|(user, _)| user));
        }
        assert_eq!(seen.len(), 10, "{seen:?}");
        let picked = markers.pick(Some(&user(2)), 2);
        assert_eq!(picked.moved[0].0, user(2), "who waits comes first");
    }

    #[test]
    fn a_marker_that_moves_while_it_is_written_stays_dirty() {
        let mut markers = Markers::default();
        markers.advance(&user(1), MessageNumber(1), MessageNumber(1));
        markers.advance(&user(2), MessageNumber(1), MessageNumber(1));
        markers.left_over(user(3));
        let before = markers.writes();
        let picked = markers.pick(None, 10);
        assert!(picked.all);
        assert_eq!(picked.gone, [user(3)]);
        let late = StoreError::Unknown("late".to_owned());
        markers.failed(&picked, &late);
        assert_eq!(markers.failed_since(before), Err(late));
        assert_eq!(markers.failed_since(markers.writes()), Ok(()));
        markers.wrote(&user(2), MessageNumber(5));
        markers.written(&picked);
        assert!(!markers.is_dirty(&user(1)) && markers.is_dirty(&user(2)));
        markers.remove(&user(2));
        assert!(!markers.any_dirty());
        assert_eq!(markers.iter().count(), 1);
    }

    #[test]
    fn what_was_written_in_doubt_reads_what_was_marked_as_unread() {
        let mut before = Markers::default();
        before.advance(&user(1), MessageNumber(6), MessageNumber(6));
        before.mark_unread(&user(1), MessageNumber(5));
        let before = before.get(&user(1)).expect("a marker");
        for (wrote, own_read) in [(None, 4), (Some(7), 7)] {
            let mut read_again = Markers::default();
            read_again.stored(user(1), before);
            if let Some(number) = wrote {
                read_again.wrote(&user(1), MessageNumber(number));
            }
            read_again.merge(&user(1), before);
            let own = read_again.get(&user(1)).expect("a marker").own_read();
            assert_eq!(own, MessageNumber(own_read), "{wrote:?}");
        }
    }
}
