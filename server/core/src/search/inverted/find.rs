//! The newest messages over the buckets of a room, and over rooms.

use std::{cmp::Reverse, collections::BTreeSet};

use caffis_schema::Timestamp;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::{
    Buckets,
    blocks::Posting,
    budget::Budget,
    shelf::Shelf,
    walk::{before, before_time, end_of, walk},
};
use crate::ports::{
    index::{Find, Found, Place, Scope},
    store::{Store, StoreError},
};

/// Buckets of a room that are read side by side, after the newest one was not enough.
const BUCKETS_AT_ONCE: usize = 8;

/// Rooms that are looked at side by side.
const ROOMS_AT_ONCE: usize = 16;

/// What a room had: the newest first, and where it was left if not at its end.
type Had = (Vec<Place>, Option<Place>);

/// The newest messages that are wanted.
pub(super) async fn newest(
    store: &dyn Store,
    buckets: Buckets,
    find: Find<'_>,
) -> Result<Found, StoreError> {
    let budget = Budget::new();
    let mut places: BTreeSet<Reverse<Place>> = BTreeSet::new();
    let mut stopped: Option<Place> = None;
    let mut rest = find.scopes;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(rest.len().min(ROOMS_AT_ONCE));
        let oldest = places.iter().nth(find.limit.saturating_sub(1)).map(|place| place.0.time);
        // Rooms come by activity: what the rest has is older.
        if now.first().is_some_and(|first| oldest.is_some_and(|oldest| first.active < oldest)) {
            break;
        }
        let looking =
            now.iter().copied().map(|scope| in_room(store, buckets, &budget, find, scope));
        let had: Vec<Had> = stream::iter(looking).buffered(ROOMS_AT_ONCE).try_collect().await?;
        for (found, left) in had {
            places.extend(found.into_iter().map(Reverse));
            stopped = stopped.max(left);
        }
        rest = later;
    }
    let mut places: Vec<Place> = places.into_iter().map(|place| place.0).collect();
    if places.len() > find.limit {
        places.truncate(find.limit);
    }
    // What is older than where a room was left may miss something of that room.
    if let Some(left) = stopped {
        places.retain(|place| *place > left);
    }
    if places.len() >= find.limit {
        stopped = None;
    }
    Ok(Found { places, stopped })
}

/// The newest messages of one room.
async fn in_room(
    store: &dyn Store,
    buckets: Buckets,
    budget: &Budget,
    find: Find<'_>,
    scope: Scope,
) -> Result<Had, StoreError> {
    let start = start(find, scope);
    let first = match find.before {
        Some(place) if place.room == scope.room => place.position.min(scope.last),
        _ => scope.last,
    };
    let (first, last) = (buckets.of(first), buckets.of(scope.after));
    let look = |bucket: u64| async move {
        let open = bucket >= buckets.of(scope.last);
        let shelf = Shelf::new(store, budget, (scope.room, bucket, open), find.from);
        let walked = walk(shelf, find.groups, start, scope.after, find.limit).await?;
        Ok::<_, StoreError>((bucket, walked))
    };
    let place = |(time, position): Posting| Place { time, room: scope.room, position };
    let mut places = Vec::new();
    // The newest bucket alone: mostly it is enough.
    let newest = stream::iter([first]).map(look).buffered(1);
    let older = stream::iter((last..first).rev()).map(look).buffered(BUCKETS_AT_ONCE);
    let mut walked = std::pin::pin!(newest.chain(older));
    while let Some(next) = walked.next().await {
        let (bucket, walked) = next?;
        places.extend(walked.postings.into_iter().map(place));
        if places.len() >= find.limit {
            places.truncate(find.limit);
            break;
        }
        if let Some(left) = walked.stopped {
            // Of a bucket that was not begun, only where it lies is known, and what is newer.
            let end = buckets.end(bucket);
            let time = places.last().map_or(left.0, |last: &Place| last.time.min(left.0));
            return Ok((places, Some(place((time, (left.1 + 1).min(end))))));
        }
    }
    Ok((places, None))
}

/// The newest message of a room that may be given.
fn start(find: Find<'_>, scope: Scope) -> Posting {
    let until = match find.until {
        Timestamp::MAX => end_of(find.until),
        until => before_time(until),
    };
    let start = match find.before {
        None => until,
        Some(place) if place.room == scope.room => before((place.time, place.position)),
        // Of messages of the same time those of larger rooms come first.
        Some(place) if place.room > scope.room => end_of(place.time),
        Some(place) => before_time(place.time),
    };
    start.min(until)
}
