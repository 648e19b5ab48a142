//! When a room's log goes on in another bucket.
//!
//! A bucket is one partition of the timeline, so its size is bounded: by what its entries take in the
//! store, and by their number. It ends by age too, but only in rooms that fill it: in a quiet room a
//! bucket for every few messages would make each page a search through many partitions. So the time that
//! a bucket spans follows the room's rate.

use std::sync::Arc;

use caffis_schema::{Entry, Position, Timestamp, limits::TEXT_BYTES};

use crate::model::{
    page,
    room::{Bucket, BucketName},
};

/// A bucket takes this many entries.
pub(super) const BUCKET_ENTRIES: u64 = 20_000;

/// A bucket that has [`FEW_ENTRIES`] is open for this long: ten days, in milliseconds.
pub(super) const BUCKET_AGE: u64 = 10 * 86_400_000;

/// A bucket with fewer entries than this does not end by its age.
pub(super) const FEW_ENTRIES: u64 = 500;

/// What a row of the timeline takes beside what travels: its key, the command that made it, and what
/// the store keeps with each column.
const ROW_OVERHEAD: u64 = 352;

/// The most bytes that the row of an entry takes: a text of the largest size, or people by the hundred.
const LARGEST_ROW: u64 = TEXT_BYTES as u64 + 1_024;

/// About how many bytes an entry takes in the store; hardly ever less than it does.
fn stored_bytes(entry: &Entry) -> u64 {
    page::size(entry) as u64 + ROW_OVERHEAD
}

/// How full the last bucket is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Filled(u64);

impl Filled {
    /// How full a bucket is of which only the last entries were read. Each of those before counts as
    /// the largest: a bucket that holds many may end early then, and never late.
    pub(super) fn read<'a>(
        bucket: Option<&Bucket>,
        head: Position,
        tail: impl Iterator<Item = &'a Arc<Entry>>,
    ) -> Self {
        let Some(bucket) = bucket else { return Self::default() };
        let (mut known, mut bytes) = (0, 0);
        for entry in tail.filter(|entry| entry.position >= bucket.first) {
            known += 1;
            bytes += stored_bytes(entry);
        }
        let unknown = (head + 1).since(bucket.first).saturating_sub(known);
        Self(bytes + unknown * LARGEST_ROW)
    }

    /// Whether an entry has to go into another bucket than the last one, which may take so many bytes.
    pub(super) fn ends(self, bucket: &Bucket, entry: &Entry, most_bytes: u64) -> bool {
        let count = entry.position.since(bucket.first);
        let is_old = entry.time.since(bucket.opened) >= BUCKET_AGE && count >= FEW_ENTRIES;
        let is_full = count > 0 && self.0 + stored_bytes(entry) > most_bytes;
        count >= BUCKET_ENTRIES || is_old || is_full
    }

    /// A new bucket, which begins with an entry.
    pub(super) fn begin(
        &mut self,
        entry: &Entry,
        name: BucketName,
        before: Option<BucketName>,
    ) -> Bucket {
        self.0 = 0;
        let opened: Timestamp = entry.time;
        Bucket { name, first: entry.position, opened, before }
    }

    /// The row of an entry in the last bucket takes so many more bytes.
    pub(super) fn grow(&mut self, bytes: u64) {
        self.0 += bytes;
    }

    /// The entry is in the last bucket.
    pub(super) fn add(&mut self, entry: &Entry) {
        self.0 += stored_bytes(entry);
    }
}

#[cfg(test)]
mod tests {
    use caffis_schema::{
        Body, ClientId, EntryKind, MessageNumber, Text, UserId,
        event::{Joined, TextBody},
        room::Message,
    };

    use super::*;
    use crate::{
        ports::check,
        room::entries::{Origin, Place, to_row},
        tables::Record,
    };

    const NAME: BucketName = BucketName { epoch: 1, number: 1 };

    fn bucket(first: u64) -> Bucket {
        Bucket { name: NAME, first: Position(first), opened: Timestamp(0), before: None }
    }

    fn message(position: u64, bytes: usize) -> Arc<Entry> {
        let body = Body::Text(TextBody { text: Text::cut(&"a".repeat(bytes)) });
        let message = Message::new(MessageNumber(1), None, None, body);
        let kind = EntryKind::Message(message);
        Arc::new(Entry { position: Position(position), time: Timestamp(5), kind })
    }

    #[test]
    fn no_row_takes_more_than_is_counted() {
        let room = caffis_schema::RoomId::from_random(1);
        let users = (0..100).map(|n| UserId::new(&format!("{n:064}")).expect("an id"));
        let joined = Joined {
            users: caffis_schema::List::cut(users.collect()),
            by: None,
            visible_after: Position(1),
            invite: None,
        };
        let joined =
            Entry { position: Position(3), time: Timestamp(5), kind: EntryKind::Joined(joined) };
        for entry in [message(1, 0), message(2, TEXT_BYTES), Arc::new(joined)] {
            let place = Place { bucket: NAME, append: Position(1) };
            let by = UserId::new(&"u".repeat(64)).expect("an id");
            let origin = Origin { by, client: ClientId([1; 16]), time: Timestamp(5), digest: 1 };
            let row = to_row(room, place, &entry, Some(&origin)).expect("fits");
            let bytes: usize = row.to_row().values.iter().map(check::size).sum();
            let counted = stored_bytes(&entry);
            assert!(bytes as u64 + 32 <= counted && counted <= LARGEST_ROW, "{bytes} {counted}");
        }
    }

    #[test]
    fn what_was_not_read_counts_as_large() {
        let bucket = bucket(11);
        let tail: Vec<_> = (9..=20).map(|position| message(position, 100)).collect();
        let whole = Filled::read(Some(&bucket), Position(20), tail.iter());
        assert_eq!(
            whole,
            Filled(10 * stored_bytes(&tail[0])),
            "those of the bucket before do not count"
        );
        let part = Filled::read(Some(&bucket), Position(20), tail[8..].iter());
        assert_eq!(part, Filled(4 * stored_bytes(&tail[0]) + 6 * LARGEST_ROW));
        assert_eq!(Filled::read(None, Position(0), tail.iter()), Filled(0));
    }

    #[test]
    fn an_entry_that_is_larger_than_a_bucket_has_one_alone() {
        let bucket = bucket(1);
        assert!(!Filled(0).ends(&bucket, &message(1, 1_000), 500));
        assert!(Filled(0).ends(&bucket, &message(2, 1_000), 500));
    }
}
