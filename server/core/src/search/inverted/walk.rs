//! Walking through the lists of a bucket side by side.

use caffis_schema::{Position, Timestamp};

use super::{
    blocks::Posting,
    list::List,
    shelf::{Shelf, Stop},
};
use crate::ports::{index::Wanted, store::StoreError};

/// Larger than every position.
const LAST: Position = Position(u64::MAX >> 1);

/// What a bucket had.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// Newest first.
    pub(super) postings: Vec<Posting>,
    /// Up to where it was walked, if not to its end: this one and older ones were not looked at.
    pub(super) stopped: Option<Posting>,
}

/// The newest messages of a bucket that every list has, from one on and after a position.
pub(super) async fn walk(
    mut shelf: Shelf<'_>,
    groups: &[Wanted],
    start: Posting,
    after: Position,
    limit: usize,
) -> Result<Walked, StoreError> {
    let mut groups: Vec<&Wanted> = groups.iter().collect();
    groups.sort_by_key(|wanted| cost(wanted));
    let mut lists: Vec<List> = groups.into_iter().map(List::new).collect();
    let (mut walked, mut to) = (Walked::default(), start);
    if shelf.is_closed()
        && let Some(first) = lists.first_mut()
    {
        match first.look(&mut shelf).await {
            Ok(()) => {}
            Err(Stop::Budget) => return Ok(Walked { stopped: Some(start), ..walked }),
            Err(Stop::Failed(error)) => return Err(error),
        }
    }
    while walked.postings.len() < limit {
        match meet(&shelf, &mut lists, to).await {
            Ok(Some(posting)) if posting.1 > after => {
                walked.postings.push(posting);
                to = before(posting);
            }
            Ok(_) => return Ok(walked),
            Err(Stop::Budget) => {
                walked.stopped = Some(to);
                return Ok(walked);
            }
            Err(Stop::Failed(error)) => return Err(error),
        }
    }
    Ok(walked)
}

/// The newest message, not newer than one, that every list has.
async fn meet(
    shelf: &Shelf<'_>,
    lists: &mut [List],
    mut to: Posting,
) -> Result<Option<Posting>, Stop> {
    let mut next = 0;
    while let Some(list) = lists.get_mut(next) {
        let Some(posting) = list.seek(shelf, to).await? else { return Ok(None) };
        // A list is asked only for what all before it have.
        next = if posting == to || next == 0 { next + 1 } else { 0 };
        to = posting;
    }
    Ok(Some(to))
}

/// In which order groups are asked: first those that few messages have, and last who wrote them. All terms with a prefix
/// have to be read to find one.
fn cost(wanted: &Wanted) -> u8 {
    let begins = |sign| wanted.terms.iter().any(|term| term.starts_with(sign));
    match () {
        () if begins('#') => 0,
        () if begins('@') => 3,
        () if wanted.is_prefix => 2,
        () => 1,
    }
}

/// The place just before a message.
pub(super) fn before((time, position): Posting) -> Posting {
    match position {
        Position(0) => (Timestamp(time.0.saturating_sub(1)), LAST),
        position => (time, position.back(1)),
    }
}

/// The place just before a time.
pub(super) fn before_time(time: Timestamp) -> Posting {
    (Timestamp(time.0.saturating_sub(1)), LAST)
}

/// The last place of a time.
pub(super) fn end_of(time: Timestamp) -> Posting {
    (time, LAST)
}
