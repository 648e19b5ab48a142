//! The last entries of a room, bounded by their number and by their size.

use std::{collections::VecDeque, ops::Deref, sync::Arc};

use caffis_schema::Entry;

use crate::{model::page::size, settings::Settings};

/// The overhead of an entry in memory: its place in the ring and its reference counts.
const ENTRY_OVERHEAD_BYTES: usize = 64;

/// The last entries, oldest first and without a gap.
#[derive(Debug, Default)]
pub(super) struct Ring {
    entries: VecDeque<Arc<Entry>>,
    bytes: usize,
}

fn weight(entry: &Entry) -> usize {
    size(entry) + ENTRY_OVERHEAD_BYTES
}

impl Ring {
    /// Adds the next entry.
    pub(super) fn push(&mut self, entry: Arc<Entry>) {
        self.bytes += weight(&entry);
        self.entries.push_back(entry);
    }

    /// Puts an entry in the place of the one at its position, if that is here.
    pub(super) fn replace(&mut self, entry: &Arc<Entry>) {
        let Some(first) = self.entries.front().map(|first| first.position) else { return };
        let index = usize::try_from(entry.position.since(first)).unwrap_or(usize::MAX);
        if entry.position >= first
            && let Some(place) = self.entries.get_mut(index)
        {
            self.bytes = self.bytes - weight(place) + weight(entry);
            *place = entry.clone();
        }
    }

    /// Drops the oldest entries until both bounds hold; the last entry always stays.
    pub(super) fn trim(&mut self, settings: &Settings) {
        while self.entries.len() > 1
            && (self.entries.len() > settings.ring_entries || self.bytes > settings.ring_bytes)
        {
            let oldest = self.entries.pop_front();
            self.bytes -= oldest.map_or(0, |entry| weight(&entry));
        }
    }

    /// Drops all entries.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// About how much memory the entries take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl From<VecDeque<Arc<Entry>>> for Ring {
    fn from(entries: VecDeque<Arc<Entry>>) -> Self {
        let bytes = entries.iter().map(|entry| weight(entry)).sum();
        Self { entries, bytes }
    }
}

impl Deref for Ring {
    type Target = VecDeque<Arc<Entry>>;

    fn deref(&self) -> &VecDeque<Arc<Entry>> {
        &self.entries
    }
}

#[cfg(test)]
mod tests {
    use caffis_schema::{
        Body, EntryKind, MessageNumber, Position, Text, Timestamp, event::TextBody, room::Message,
    };

    use super::*;

    fn entry(position: u64, text: &str) -> Arc<Entry> {
        let body = Body::Text(TextBody { text: Text::cut(text) });
        let message = Message::new(MessageNumber(position), None, None, body);
        let (position, time) = (Position(position), Timestamp(0));
        Arc::new(Entry { position, time, kind: EntryKind::Message(message) })
    }

    #[test]
    fn long_texts_leave_earlier_and_the_last_entry_stays() {
        let settings = Settings { ring_entries: 10, ring_bytes: 4_096, ..Settings::default() };
        let mut ring = Ring::default();
        for position in 1..=20 {
            ring.push(entry(position, "ciao"));
            ring.trim(&settings);
        }
        assert!(ring.iter().map(|entry| entry.position.get()).eq(11..=20));
        for position in 21..=23 {
            ring.push(entry(position, &"x".repeat(1_500)));
            ring.trim(&settings);
            assert!(ring.bytes() <= settings.ring_bytes);
        }
        assert_eq!(ring.back().map(|entry| entry.position.get()), Some(23));
        ring.push(entry(24, &"x".repeat(8_000)));
        ring.trim(&settings);
        assert!(ring.iter().map(|entry| entry.position.get()).eq([24]));
        let again = Ring::from(ring.iter().cloned().collect::<VecDeque<_>>());
        assert_eq!(again.bytes(), ring.bytes());
        ring.clear();
        assert_eq!((ring.len(), ring.bytes()), (0, 0));
    }
}
