//! Which threads people follow, and how far they have read in them: rows of theirs, a few for each thread.

use std::{collections::BTreeMap, ops::Bound, sync::Arc};

use caffis_schema::{Position, ReplyNumber, RoomId, Timestamp, UserId, limits::FOLLOWED_THREADS};

use crate::{
    ports::store::{Batch, Operation, Store, StoreError, Value},
    services::Services,
    tables::{self, ColumnValue, THREAD_MARK_KEPT, ThreadMarkRow},
};

/// A thread, and when its root was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ThreadOf {
    /// When the root was sent.
    pub(crate) time: Timestamp,
    /// The room.
    pub(crate) room: RoomId,
    /// The position of the root.
    pub(crate) root: Position,
}

/// What a person's rows say of one thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OwnMarks {
    /// The last reply by which they follow it.
    joined: Position,
    /// The room's head when they stopped to follow it.
    left: Option<Position>,
    chose: bool,
    /// The number of the last reply that they have read.
    read: ReplyNumber,
}

impl OwnMarks {
    fn take(&mut self, row: &ThreadMarkRow) {
        match &*row.kind {
            ThreadMarkRow::CALLED => self.joined = self.joined.max(row.position),
            ThreadMarkRow::WROTE => {
                self.joined = self.joined.max(row.position);
                self.read = self.read.max(row.number);
            }
            ThreadMarkRow::CHOSE => {
                self.chose = true;
                self.read = self.read.max(row.number);
            }
            ThreadMarkRow::LEFT => self.left = self.left.max(Some(row.position)),
            ThreadMarkRow::READ => self.read = self.read.max(row.number),
            _ => {}
        }
    }

    /// Whether they follow the thread: they want to, or a reply was theirs or called them after they had stopped.
    pub(crate) fn follows(&self) -> bool {
        self.chose || self.joined > self.left.unwrap_or(Position::ZERO)
    }

    /// The number of the last reply that they have read; 0 for who does not follow.
    pub(crate) fn read(&self) -> ReplyNumber {
        if self.follows() { self.read } else { ReplyNumber::ZERO }
    }
}

/// What a person's rows say of one thread.
///
/// # Errors
/// What the store says.
pub(crate) async fn marks_of(
    store: &dyn Store,
    user: &UserId,
    thread: ThreadOf,
) -> Result<OwnMarks, StoreError> {
    let prefix = || Bound::Included(key(thread));
    let partition = ThreadMarkRow::partition(user);
    let rows: Vec<ThreadMarkRow> =
        tables::scan(store, partition, prefix(), prefix(), ThreadMarkRow::KINDS).await?;
    let mut marks = OwnMarks::default();
    rows.iter().for_each(|row| marks.take(row));
    Ok(marks)
}

/// The threads that a person follows, and what their rows say of them. Of more than [`FOLLOWED_THREADS`] those with
/// the oldest roots are forgotten then. One read.
///
/// # Errors
/// What the store says.
pub(crate) async fn followed_by(
    services: &Services,
    user: &UserId,
) -> Result<BTreeMap<ThreadOf, OwnMarks>, StoreError> {
    let (store, partition) = (&*services.store, ThreadMarkRow::partition(user));
    let most = (FOLLOWED_THREADS + 1) * ThreadMarkRow::KINDS;
    let rows: Vec<ThreadMarkRow> = tables::partition(store, partition.clone(), most).await?;
    let (mut order, mut threads) = (Vec::new(), BTreeMap::<ThreadOf, OwnMarks>::new());
    for row in &rows {
        let thread = ThreadOf { time: row.time, room: row.room, root: row.root };
        if order.last() != Some(&thread) {
            order.push(thread);
        }
        threads.entry(thread).or_default().take(row);
    }
    if let Some(first) = order.get(FOLLOWED_THREADS) {
        let mut batch = Batch::partition(services.stamps.unowned()?);
        let (from, to) = (Bound::Included(key(*first)), Bound::Unbounded);
        let table = ThreadMarkRow::TABLE;
        batch.operations.push(Operation::DeleteRange { table, partition, from, to });
        store.write(batch).await?;
        for thread in &order[FOLLOWED_THREADS..] {
            threads.remove(thread);
        }
    }
    threads.retain(|_, marks| marks.follows());
    Ok(threads)
}

fn key(ThreadOf { time, room, root }: ThreadOf) -> Vec<Value> {
    vec![time.to_value(), room.to_value(), root.to_value()]
}

/// Adds a row of a person about a thread.
pub(crate) fn put(
    batch: &mut Batch,
    user: &UserId,
    ThreadOf { time, room, root }: ThreadOf,
    kind: &str,
    (position, number): (Position, ReplyNumber),
) {
    let (user, kind) = (user.clone(), kind.into());
    let row = ThreadMarkRow { user, time, room, root, kind, position, number };
    batch.put_for(&row, THREAD_MARK_KEPT);
}

/// Removes a row of a person about a thread.
pub(crate) fn remove(
    batch: &mut Batch,
    user: &UserId,
    ThreadOf { time, room, root }: ThreadOf,
    kind: &str,
) {
    let kind: Arc<str> = kind.into();
    batch.delete::<ThreadMarkRow>(ThreadMarkRow::key(user, &time, &room, &root, &kind));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(rows: &[(&str, u64, u64)]) -> OwnMarks {
        let mut marks = OwnMarks::default();
        for (kind, position, number) in rows {
            marks.take(&ThreadMarkRow {
                user: UserId::new("giulia").expect("an id"),
                time: Timestamp(1),
                room: RoomId::from_random(1),
                root: Position(3),
                kind: (*kind).into(),
                position: Position(*position),
                number: ReplyNumber(*number),
            });
        }
        marks
    }

    #[test]
    fn whoever_stops_to_follow_follows_again_by_a_later_reply_only() {
        assert!(!marks(&[]).follows() && !marks(&[("read", 0, 2)]).follows());
        assert!(marks(&[("called", 9, 1)]).follows());
        // The same row again, as a new owner writes it.
        assert!(!marks(&[("called", 9, 1), ("left", 9, 1)]).follows());
        assert!(marks(&[("called", 12, 2), ("left", 9, 1)]).follows());
        assert!(marks(&[("wrote", 12, 2), ("left", 9, 1)]).follows());
        assert!(marks(&[("chose", 9, 1)]).follows());
    }

    #[test]
    fn what_was_read_is_the_furthest_of_all() {
        assert_eq!(marks(&[("called", 9, 4), ("read", 0, 2)]).read(), ReplyNumber(2));
        assert_eq!(marks(&[("wrote", 9, 4), ("read", 0, 2)]).read(), ReplyNumber(4));
        assert_eq!(marks(&[("chose", 9, 3), ("wrote", 8, 1)]).read(), ReplyNumber(3));
        assert_eq!(marks(&[("wrote", 9, 4), ("left", 9, 4)]).read(), ReplyNumber::ZERO);
    }
}
