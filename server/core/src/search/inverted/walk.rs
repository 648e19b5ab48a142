//! Walking through the lists of a bucket side by side.

use caffis_schema::{Position, Timestamp};

use super::list::{List, Posting, Shelf, Stop};
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
    shelf: Shelf<'_>,
    groups: &[Wanted],
    start: Posting,
    after: Position,
    limit: usize,
) -> Result<Walked, StoreError> {
    let mut lists: Vec<List> = groups.iter().map(List::new).collect();
    let (mut walked, mut to) = (Walked::default(), start);
    while walked.postings.len() < limit {
        match meet(shelf, &mut lists, to).await {
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
    shelf: Shelf<'_>,
    lists: &mut [List],
    mut to: Posting,
) -> Result<Option<Posting>, Stop> {
    loop {
        let asked = to;
        for list in &mut *lists {
            match list.seek(shelf, to).await? {
                Some(posting) => to = posting,
                None => return Ok(None),
            }
        }
        // All of them stood at the same one, or the first did and the others followed it.
        if to == asked {
            return Ok(Some(to));
        }
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
