//! The messages of a bucket that have a term of a group, newest first.

use std::{collections::VecDeque, sync::Arc};

use super::{
    blocks::Posting,
    shelf::{Shelf, Stop},
};
use crate::ports::index::Wanted;

/// Rows of the first scan of a list, and of one after a leap: most lists are short, or left after a few.
const FIRST: usize = 32;

/// The most rows of a scan of a list whose rows are all needed.
const NEXT: usize = 512;

/// One row of a few is needed: reading ahead pays.
const NEEDED: usize = 4;

/// The messages with one term.
pub(super) struct Term {
    term: Arc<str>,
    read: VecDeque<Posting>,
    /// There may be more than was read.
    more: bool,
    /// How many rows were read last, and how many of them were needed.
    limit: usize,
    needed: usize,
}

impl Term {
    fn new(term: &Arc<str>) -> Self {
        Self { term: term.clone(), read: VecDeque::new(), more: true, limit: 0, needed: 0 }
    }

    /// The newest message that is not newer than one.
    async fn seek(&mut self, shelf: &Shelf<'_>, to: Posting) -> Result<Option<Posting>, Stop> {
        loop {
            while let Some(first) = self.read.front() {
                if *first <= to {
                    self.needed += 1;
                    return Ok(Some(*first));
                }
                self.read.pop_front();
            }
            if !self.more {
                return Ok(None);
            }
            // More at once where they are read one after the other, and few where others lead from leap to leap.
            self.limit = match self.limit {
                limit if limit > 0 && self.needed * NEEDED >= limit => (limit * 2).min(NEXT),
                _ => FIRST,
            };
            self.needed = 0;
            let rows = shelf.rows_of(&self.term, to, self.limit).await?;
            self.more = rows.len() == self.limit;
            self.read.extend(rows);
            if self.read.is_empty() {
                return Ok(None);
            }
        }
    }
}

/// The messages with a term of a group.
pub(super) enum List {
    Terms {
        terms: Vec<Term>,
        /// Whether a sealed bucket was asked for all messages of them.
        asked: bool,
    },
    Prefix {
        prefix: Arc<str>,
        read: Option<VecDeque<Posting>>,
    },
}

impl List {
    pub(super) fn new(wanted: &Wanted) -> Self {
        match wanted.terms.first() {
            Some(prefix) if wanted.is_prefix => Self::Prefix { prefix: prefix.clone(), read: None },
            _ => Self::Terms { terms: wanted.terms.iter().map(Term::new).collect(), asked: false },
        }
    }

    /// Looks whether a bucket is sealed, and takes what it has of the list's terms at once.
    pub(super) async fn look(&mut self, shelf: &mut Shelf<'_>) -> Result<(), Stop> {
        match self {
            Self::Terms { terms, asked } => {
                let blocks = shelf.look(&names(terms)).await?;
                take(terms, blocks);
                *asked = true;
            }
            Self::Prefix { .. } => drop(shelf.look(&[]).await?),
        }
        Ok(())
    }

    /// The newest message that is not newer than one.
    pub(super) async fn seek(
        &mut self,
        shelf: &Shelf<'_>,
        to: Posting,
    ) -> Result<Option<Posting>, Stop> {
        match self {
            Self::Terms { terms, asked } => {
                if !std::mem::replace(asked, true) {
                    let blocks = shelf.blocks_of(&names(terms)).await?;
                    take(terms, blocks);
                }
                let mut newest = None;
                for term in terms {
                    newest = newest.max(term.seek(shelf, to).await?);
                    // None can be newer.
                    if newest == Some(to) {
                        break;
                    }
                }
                Ok(newest)
            }
            Self::Prefix { prefix, read } => {
                let postings = match read {
                    Some(postings) => postings,
                    None => read.insert(shelf.with_prefix(prefix).await?.into()),
                };
                while postings.front().is_some_and(|first| *first > to) {
                    postings.pop_front();
                }
                Ok(postings.front().copied())
            }
        }
    }
}

fn names(terms: &[Term]) -> Vec<Arc<str>> {
    terms.iter().map(|term| term.term.clone()).collect()
}

/// Gives terms all their messages, where those are known.
fn take(terms: &mut [Term], blocks: Vec<Option<Vec<Posting>>>) {
    for (term, block) in terms.iter_mut().zip(blocks) {
        if let Some(postings) = block {
            (term.read, term.more) = (postings.into(), false);
        }
    }
}
