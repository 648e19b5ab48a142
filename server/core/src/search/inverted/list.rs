//! The messages of a bucket that have a term of a group, newest first.

use std::{collections::VecDeque, ops::Bound, sync::Arc};

use caffis_schema::{Position, RoomId, Timestamp};

use super::budget::Budget;
use crate::{
    ports::{
        index::Wanted,
        store::{Store, StoreError, Value},
    },
    tables::{self, ColumnValue, SearchTermRow},
};

/// Rows of the first scan of a list, and of later ones: most lists are short, or left after a few.
const FIRST: usize = 32;
const NEXT: usize = 512;

/// Rows of a scan of all terms with a prefix.
const PREFIXED: usize = 4_000;

/// A message: when it was sent, and where it is. Both grow together.
pub(super) type Posting = (Timestamp, Position);

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
#[derive(Clone, Copy)]
pub(super) struct Shelf<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) budget: &'a Budget,
    pub(super) room: RoomId,
    pub(super) bucket: u64,
    /// Nothing that was sent before this time is wanted.
    pub(super) from: Timestamp,
}

impl Shelf<'_> {
    async fn scan(
        &self,
        from: Bound<Vec<Value>>,
        to: Bound<Vec<Value>>,
        limit: usize,
    ) -> Result<Vec<SearchTermRow>, Stop> {
        if !self.budget.scan() {
            return Err(Stop::Budget);
        }
        let partition = SearchTermRow::partition(&self.room, &self.bucket);
        let rows = tables::scan::<SearchTermRow>(self.store, partition, from, to, limit).await?;
        self.budget.read(rows.len());
        Ok(rows)
    }
}

/// The messages with one term.
pub(super) struct Term {
    term: Arc<str>,
    read: VecDeque<Posting>,
    /// There may be more than was read.
    more: bool,
    limit: usize,
}

impl Term {
    /// The newest message that is not newer than one.
    async fn seek(&mut self, shelf: Shelf<'_>, to: Posting) -> Result<Option<Posting>, Stop> {
        loop {
            while let Some(first) = self.read.front() {
                if *first <= to {
                    return Ok(Some(*first));
                }
                self.read.pop_front();
            }
            if !self.more {
                return Ok(None);
            }
            let from = vec![self.term.to_value(), to.0.to_value(), to.1.to_value()];
            let end = vec![self.term.to_value(), shelf.from.to_value()];
            let (from, end) = (Bound::Included(from), Bound::Included(end));
            let rows = shelf.scan(from, end, self.limit).await?;
            self.more = rows.len() == self.limit;
            self.limit = NEXT;
            self.read.extend(rows.into_iter().map(|row| (row.time, row.position)));
            if self.read.is_empty() {
                return Ok(None);
            }
        }
    }
}

/// The messages with a term of a group.
pub(super) enum List {
    Terms(Vec<Term>),
    Prefix { prefix: Arc<str>, read: Option<VecDeque<Posting>> },
}

impl List {
    pub(super) fn new(wanted: &Wanted) -> Self {
        match wanted.terms.first() {
            Some(prefix) if wanted.is_prefix => Self::Prefix { prefix: prefix.clone(), read: None },
            _ => {
                let term = |term: &Arc<str>| {
                    let term = term.clone();
                    Term { term, read: VecDeque::new(), more: true, limit: FIRST }
                };
                Self::Terms(wanted.terms.iter().map(term).collect())
            }
        }
    }

    /// The newest message that is not newer than one.
    pub(super) async fn seek(
        &mut self,
        shelf: Shelf<'_>,
        to: Posting,
    ) -> Result<Option<Posting>, Stop> {
        match self {
            Self::Terms(terms) => {
                let mut newest = None;
                for term in terms {
                    newest = newest.max(term.seek(shelf, to).await?);
                }
                Ok(newest)
            }
            Self::Prefix { prefix, read } => {
                let postings = match read {
                    Some(postings) => postings,
                    None => read.insert(with_prefix(shelf, prefix).await?),
                };
                while postings.front().is_some_and(|first| *first > to) {
                    postings.pop_front();
                }
                Ok(postings.front().copied())
            }
        }
    }
}

/// The messages with a term that begins like this: rows lie by term, so all of them are read.
async fn with_prefix(shelf: Shelf<'_>, prefix: &Arc<str>) -> Result<VecDeque<Posting>, Stop> {
    let mut from = Bound::Included(vec![prefix.to_value()]);
    // No word has a character that is larger.
    let end: Arc<str> = format!("{prefix}{}", char::MAX).into();
    let end = Bound::Excluded(vec![end.to_value()]);
    let mut postings = Vec::new();
    loop {
        let rows = shelf.scan(from, end.clone(), PREFIXED).await?;
        let last = rows.last().filter(|_| rows.len() == PREFIXED);
        let next = last.map(|row| {
            Bound::Excluded(vec![row.term.to_value(), row.time.to_value(), row.position.to_value()])
        });
        let wanted = rows.iter().filter(|row| row.time >= shelf.from);
        postings.extend(wanted.map(|row| (row.time, row.position)));
        match next {
            Some(next) => from = next,
            None => break,
        }
    }
    postings.sort_unstable_by(|one, other| other.cmp(one));
    postings.dedup();
    Ok(postings.into())
}
