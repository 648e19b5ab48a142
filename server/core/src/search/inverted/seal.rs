//! Sealing buckets: once messages have come that belong to a later one.
//!
//! A sealed bucket keeps its rows, and gets a row for each frequent term with all messages that have it. So the rows say
//! everything, and those of `search_blocks` only the same in another form: a bucket may be sealed again at any time, and
//! what a sealing that did not come to its end has written does not count. The row of the mark says which one counts;
//! it is written last.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::Arc,
};

use bytes::Bytes;
use caffis_schema::RoomId;
use caffis_words::VERSION;

use super::{
    Inverted,
    blocks::{Posting, pack, unpack},
};
use crate::{
    ports::{
        index::Document,
        store::{Batch, Key, StoreError},
    },
    sync::lock,
    tables::{self, ColumnValue, SearchBlockRow, SearchTermRow},
};

/// The term of the row that seals a bucket. No word begins like this.
const MARK: &str = "!";

/// The key of the row that seals a bucket.
pub(super) fn mark(room: &RoomId, bucket: &u64) -> Key {
    SearchBlockRow::key(room, bucket, &MARK.into())
}

/// Which sealing counts, by the row that seals a bucket; none if that was made by other rules for words, after which
/// messages have other terms.
pub(super) fn seal_of(mark: &SearchBlockRow) -> Option<u64> {
    (mark.postings == rules()).then_some(mark.seal)
}

/// By which rules a bucket is sealed now.
fn rules() -> Bytes {
    Bytes::copy_from_slice(&VERSION.to_be_bytes())
}

/// Messages from which on a term has a row of its own: those of other terms one small scan reads.
pub(super) const FREQUENT: usize = 32;

/// Rows of a bucket that are read at a time.
const PAGE: usize = 4_000;

/// Bytes of one write, about.
const WRITTEN_BYTES: usize = 512 * 1024;

/// Rooms of which memory knows which buckets are sealed. Of others the store is asked.
const KNOWN: usize = 10_000;

/// The rows of a sealing that are not written yet.
struct Sealing {
    room: RoomId,
    bucket: u64,
    seal: u64,
    rows: Vec<SearchBlockRow>,
    bytes: usize,
}

impl Sealing {
    /// Takes the messages of a term, if they are many.
    fn take(&mut self, term: &Arc<str>, postings: &mut Vec<Posting>) {
        if postings.len() >= FREQUENT {
            self.put(term.clone(), pack(postings));
        }
        postings.clear();
    }

    fn put(&mut self, term: Arc<str>, postings: Bytes) {
        self.bytes += term.len() + postings.len();
        let Self { room, bucket, seal, .. } = *self;
        self.rows.push(SearchBlockRow { room, bucket, term, seal, postings });
    }
}

impl Inverted {
    /// Seals the buckets of a room before one, those that are not sealed yet.
    pub(super) async fn seal_before(&self, room: RoomId, bucket: u64) -> Result<(), StoreError> {
        let known = lock(&self.sealed).get(&room).copied().unwrap_or(0);
        if bucket <= known {
            return Ok(());
        }
        let mut first = bucket;
        while first > known && !self.is_sealed(room, first - 1).await? {
            first -= 1;
        }
        for bucket in first..bucket {
            self.seal(room, bucket).await?;
        }
        let mut sealed = lock(&self.sealed);
        if sealed.len() >= KNOWN && !sealed.contains_key(&room) {
            sealed.clear();
        }
        sealed.insert(room, bucket);
        Ok(())
    }

    async fn is_sealed(&self, room: RoomId, bucket: u64) -> Result<bool, StoreError> {
        let mark = tables::get::<SearchBlockRow>(&*self.store, mark(&room, &bucket)).await?;
        Ok(mark.as_ref().and_then(seal_of).is_some())
    }

    async fn seal(&self, room: RoomId, bucket: u64) -> Result<(), StoreError> {
        let seal = self.stamps.next()?.0;
        let mut sealing = Sealing { room, bucket, seal, rows: Vec::new(), bytes: 0 };
        let mut term: Arc<str> = "".into();
        let (mut postings, mut from) = (Vec::new(), Bound::Unbounded);
        loop {
            let partition = SearchTermRow::partition(&room, &bucket);
            let rows: Vec<SearchTermRow> =
                tables::scan(&*self.store, partition, from, Bound::Unbounded, PAGE).await?;
            let last = rows
                .last()
                .filter(|_| rows.len() == PAGE)
                .map(|row| vec![row.term.to_value(), row.time.to_value(), row.position.to_value()]);
            for row in rows {
                if row.term != term {
                    sealing.take(&term, &mut postings);
                    term = row.term;
                    if sealing.bytes >= WRITTEN_BYTES {
                        self.write_blocks(&mut sealing).await?;
                    }
                }
                postings.push((row.time, row.position));
            }
            match last {
                Some(last) => from = Bound::Excluded(last),
                None => break,
            }
        }
        sealing.take(&term, &mut postings);
        self.write_blocks(&mut sealing).await?;
        sealing.put(MARK.into(), rules());
        self.write_blocks(&mut sealing).await
    }

    async fn write_blocks(&self, sealing: &mut Sealing) -> Result<(), StoreError> {
        sealing.bytes = 0;
        let most = self.store.limits().batch_operations;
        let rows = std::mem::take(&mut sealing.rows);
        for rows in rows.chunks(most) {
            let mut batch = Batch::partition(self.stamps.next()?);
            rows.iter().for_each(|row| batch.put(row));
            self.store.write(batch).await?;
        }
        Ok(())
    }

    /// Changes the rows of sealed buckets as messages in them have changed.
    pub(super) async fn change_sealed(&self, documents: &[Document]) -> Result<(), StoreError> {
        let store = &*self.store;
        let place = |document: &Document| (document.room, self.buckets.of(document.position));
        let places: BTreeSet<_> = documents.iter().map(place).collect();
        let places: Vec<_> = places.into_iter().collect();
        let keys: Vec<_> = places.iter().map(|(room, bucket)| mark(room, bucket)).collect();
        let marks = tables::get_many::<SearchBlockRow>(store, &keys).await?;
        let seals: BTreeMap<(RoomId, u64), u64> = places
            .into_iter()
            .zip(marks)
            .filter_map(|(place, mark)| Some((place, seal_of(&mark?)?)))
            .collect();
        for document in documents {
            if let Some(seal) = seals.get(&place(document)) {
                self.change_blocks(document, *seal).await?;
            }
        }
        Ok(())
    }

    async fn change_blocks(&self, document: &Document, seal: u64) -> Result<(), StoreError> {
        let Document { room, position, time, terms, former, .. } = document;
        let bucket = self.buckets.of(*position);
        let posting = (*time, *position);
        let has = terms.iter().map(|_| true).chain(former.iter().map(|_| false));
        let keys: Vec<_> = terms
            .iter()
            .chain(former)
            .map(|term| SearchBlockRow::key(room, &bucket, term))
            .collect();
        let found = tables::get_many::<SearchBlockRow>(&*self.store, &keys).await?;
        let mut batch = Batch::partition(self.stamps.next()?);
        for (row, has) in found.into_iter().zip(has) {
            let Some(row) = row.filter(|row| row.seal == seal) else { continue };
            let mut postings = unpacked(&row)?;
            match (postings.binary_search_by(|other| posting.cmp(other)), has) {
                (Ok(at), false) => _ = postings.remove(at),
                (Err(at), true) => postings.insert(at, posting),
                _ => continue,
            }
            batch.put(&SearchBlockRow { postings: pack(&postings), ..row });
        }
        if batch.operations.is_empty() { Ok(()) } else { self.store.write(batch).await }
    }
}

/// The messages of a row, newest first.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(super) fn unpacked(row: &SearchBlockRow) -> Result<Vec<Posting>, StoreError> {
    unpack(&row.postings).ok_or_else(|| StoreError::Corrupt {
        table: SearchBlockRow::TABLE.name,
        reason: "the messages of a term cannot be read".to_owned(),
    })
}
