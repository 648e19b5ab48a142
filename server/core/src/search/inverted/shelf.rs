//! Reading the rows of a bucket, and as many as a call may read.

use std::{ops::Bound, sync::Arc};

use caffis_schema::{RoomId, Timestamp};

use super::{
    blocks::Posting,
    budget::Budget,
    seal::{mark, seal_of, unpacked},
};
use crate::{
    ports::store::{Key, Store, StoreError, Value},
    tables::{self, ColumnValue, SearchBlockRow, SearchTermRow},
};

/// Rows of a scan of all terms with a prefix.
const PREFIXED: usize = 4_000;

/// Rows of a scan of the frequent terms with a prefix, each of which has many messages.
const BLOCKS: usize = 256;

/// Why a list does not go on.
pub(super) enum Stop {
    /// The call has read as much as it may.
    Budget,
    Failed(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

/// Where lists are read.
pub(super) struct Shelf<'a> {
    store: &'a dyn Store,
    budget: &'a Budget,
    room: RoomId,
    bucket: u64,
    /// Nothing that was sent before this time is wanted.
    from: Timestamp,
    /// Whether it is the newest bucket, which still grows.
    open: bool,
    /// By which sealing the bucket is sealed, if it is.
    seal: Option<u64>,
}

impl<'a> Shelf<'a> {
    pub(super) fn new(
        store: &'a dyn Store,
        budget: &'a Budget,
        (room, bucket, open): (RoomId, u64, bool),
        from: Timestamp,
    ) -> Self {
        Self { store, budget, room, bucket, from, open, seal: None }
    }

    /// Whether the bucket may be sealed.
    pub(super) fn is_closed(&self) -> bool {
        !self.open
    }

    /// Looks whether the bucket is sealed; gives all messages with each of these terms, as [`Shelf::blocks_of`] does.
    pub(super) async fn look(
        &mut self,
        terms: &[Arc<str>],
    ) -> Result<Vec<Option<Vec<Posting>>>, Stop> {
        self.take()?;
        let mut keys = vec![mark(&self.room, &self.bucket)];
        keys.extend(terms.iter().map(|term| self.key(term)));
        let mut rows = tables::get_many::<SearchBlockRow>(self.store, &keys).await?.into_iter();
        self.seal = rows.next().flatten().as_ref().and_then(seal_of);
        self.counted(rows)
    }

    fn key(&self, term: &Arc<str>) -> Key {
        SearchBlockRow::key(&self.room, &self.bucket, term)
    }

    fn take(&self) -> Result<(), Stop> {
        if self.budget.scan() { Ok(()) } else { Err(Stop::Budget) }
    }

    async fn scan(
        &self,
        from: Bound<Vec<Value>>,
        to: Bound<Vec<Value>>,
        limit: usize,
    ) -> Result<Vec<SearchTermRow>, Stop> {
        self.take()?;
        let partition = SearchTermRow::partition(&self.room, &self.bucket);
        let rows = tables::scan::<SearchTermRow>(self.store, partition, from, to, limit).await?;
        self.budget.read(rows.len());
        Ok(rows)
    }

    /// The newest messages with a term that are not newer than one.
    pub(super) async fn rows_of(
        &self,
        term: &Arc<str>,
        to: Posting,
        limit: usize,
    ) -> Result<Vec<Posting>, Stop> {
        let from = vec![term.to_value(), to.0.to_value(), to.1.to_value()];
        let end = vec![term.to_value(), self.from.to_value()];
        let rows = self.scan(Bound::Included(from), Bound::Included(end), limit).await?;
        Ok(rows.into_iter().map(|row| (row.time, row.position)).collect())
    }

    /// All messages with each of these terms, newest first; none of a term that is not frequent, or if the bucket is not
    /// sealed.
    pub(super) async fn blocks_of(
        &self,
        terms: &[Arc<str>],
    ) -> Result<Vec<Option<Vec<Posting>>>, Stop> {
        if self.seal.is_none() {
            return Ok(vec![None; terms.len()]);
        }
        let keys: Vec<_> = terms.iter().map(|term| self.key(term)).collect();
        self.take()?;
        let rows = tables::get_many::<SearchBlockRow>(self.store, &keys).await?;
        self.counted(rows.into_iter())
    }

    /// The messages of the rows that count.
    fn counted(
        &self,
        rows: impl Iterator<Item = Option<SearchBlockRow>>,
    ) -> Result<Vec<Option<Vec<Posting>>>, Stop> {
        let counts = |row: &SearchBlockRow| self.seal == Some(row.seal);
        rows.map(|row| row.filter(counts).map(|row| self.wanted(&row)).transpose()).collect()
    }

    fn wanted(&self, row: &SearchBlockRow) -> Result<Vec<Posting>, Stop> {
        let mut postings = unpacked(row)?;
        self.budget.read_block(postings.len());
        postings.truncate(postings.partition_point(|posting| posting.0 >= self.from));
        Ok(postings)
    }

    /// The messages with a term that begins like this, newest first: rows lie by term, so all of them are read.
    pub(super) async fn with_prefix(&self, prefix: &Arc<str>) -> Result<Vec<Posting>, Stop> {
        let mut postings = Vec::new();
        let mut from = Bound::Included(vec![prefix.to_value()]);
        // No word has a character that is larger.
        let end: Arc<str> = format!("{prefix}{}", char::MAX).into();
        for block in self.blocks_with(prefix, &end).await? {
            let term = vec![block.term.to_value()];
            self.between(from, Bound::Excluded(term.clone()), &mut postings).await?;
            postings.extend(self.wanted(&block)?);
            from = Bound::Excluded(term);
        }
        self.between(from, Bound::Excluded(vec![end.to_value()]), &mut postings).await?;
        postings.sort_unstable_by(|one, other| other.cmp(one));
        postings.dedup();
        Ok(postings)
    }

    /// The frequent terms of a sealed bucket from one term on and before another.
    async fn blocks_with(
        &self,
        from: &Arc<str>,
        end: &Arc<str>,
    ) -> Result<Vec<SearchBlockRow>, Stop> {
        let Some(seal) = self.seal else { return Ok(Vec::new()) };
        let mut blocks: Vec<SearchBlockRow> = Vec::new();
        let (mut from, end) = (Bound::Included(vec![from.to_value()]), vec![end.to_value()]);
        loop {
            self.take()?;
            let partition = SearchBlockRow::partition(&self.room, &self.bucket);
            let to = Bound::Excluded(end.clone());
            let rows: Vec<SearchBlockRow> =
                tables::scan(self.store, partition, from, to, BLOCKS).await?;
            let last = rows.last().filter(|_| rows.len() == BLOCKS);
            let next = last.map(|row| Bound::Excluded(vec![row.term.to_value()]));
            blocks.extend(rows.into_iter().filter(|row| row.seal == seal));
            match next {
                Some(next) => from = next,
                None => return Ok(blocks),
            }
        }
    }

    /// The messages of the rows between two terms.
    async fn between(
        &self,
        mut from: Bound<Vec<Value>>,
        to: Bound<Vec<Value>>,
        postings: &mut Vec<Posting>,
    ) -> Result<(), Stop> {
        loop {
            let rows = self.scan(from, to.clone(), PREFIXED).await?;
            let last = rows.last().filter(|_| rows.len() == PREFIXED);
            let next = last.map(|row| {
                let key = [row.term.to_value(), row.time.to_value(), row.position.to_value()];
                Bound::Excluded(key.into())
            });
            let wanted = rows.iter().filter(|row| row.time >= self.from);
            postings.extend(wanted.map(|row| (row.time, row.position)));
            match next {
                Some(next) => from = next,
                None => return Ok(()),
            }
        }
    }
}
