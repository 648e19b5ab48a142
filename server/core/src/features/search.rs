//! Searching: in one room, and across a person's rooms.
//!
//! The index says where words may be; whether they are there, and whether the caller may see them, is decided
//! here and now: each message is read again from its room's owner, with the caller's rights. So nothing comes from
//! a room that the person has left, from before what they may see, or of words that were changed or deleted.

use std::cmp::Reverse;

use caffis_schema::{
    Entry, EntryKind, Error, ErrorCode, List, Position, Reply, RoomId, Text, Timestamp, UserId,
    command::{Search, SearchPlace},
    limits::{EXCERPT_BYTES, PAGE_HITS},
    reply::{Fragment, Hit, SearchPage},
};
pub use caffis_words::MAX_QUERY_CHARS;
use caffis_words::{Query, QueryError, fold};
use futures_util::{StreamExt, stream};

use crate::{
    call::{Call, Entered, Handled},
    directory::Mirror,
    memberships::rooms_of,
    model::{authorise::Read, body::words},
    ports::index::{Find, Place, Scope, SharedIndex, Wanted},
    previews,
    search::{Days, SearchedPlace, has, kind_term, searched, sender_term},
    tables::{self, MemberRow, RelationRow, RoomRow, UserRoomRow},
};

/// The most rooms of a person that one search looks at: those that were active last.
pub const ROOMS_SEARCHED: usize = 500;

/// The most messages that one search reads to see whether they match.
pub const CHECKED: usize = 200;

/// Messages that are read at the same time.
const AT_ONCE: usize = 16;

/// What is looked for, and where.
struct Wish {
    query: Query,
    groups: Vec<Wanted>,
    scopes: Vec<Scope>,
    from: Timestamp,
    until: Timestamp,
}

/// Finds messages, newest first.
///
/// # Errors
/// What is wrong with the query, who may not know of the room, and what keeps it from being answered now.
pub async fn handle(call: Call, command: Search) -> Handled {
    let Some(index) = call.services.index.clone() else {
        let sentence = "Search is switched off on this server.";
        return Err(Error::refused(ErrorCode::Unavailable, sentence));
    };
    let query = Query::parse(&command.query).map_err(|error| wrong(&error))?;
    let mut page =
        SearchPage { hits: List::cut(Vec::new()), next: None, rooms_left: 0, behind: false };
    let scopes = match command.room {
        Some(room) => in_room(&call, room, &query, &mut page).await?,
        None => across(&call, &query, &mut page).await?,
    };
    let (from, until) = times(&call, &query, command.time_zone.as_deref()).await?;
    let search = Wish { groups: groups(&call, &query), from, until, query, scopes };
    let limit = usize::from(command.limit).clamp(1, PAGE_HITS);
    let before =
        command.before.map(|SearchPlace { time, room, position }| Place { time, room, position });
    let (hits, next) = find(&call, &index, &search, before, limit).await?;
    page.hits = List::cut(hits);
    page.next = next.map(|Place { time, room, position }| SearchPlace { time, room, position });
    Ok(Reply::Found(page))
}

fn wrong(error: &QueryError) -> Error {
    let code = match error {
        QueryError::TooLong => ErrorCode::TextTooLong,
        QueryError::NoWords => ErrorCode::TextEmpty,
        _ => ErrorCode::Invalid,
    };
    Error::refused(code, &error.to_string())
}

/// From when and until when messages are wanted: the days of a query are those where the person is.
async fn times(
    call: &Call,
    query: &Query,
    zone: Option<&str>,
) -> Result<(Timestamp, Timestamp), Error> {
    let (after, before) = (query.filters.after, query.filters.before);
    let days = match zone {
        _ if after.is_none() && before.is_none() => Days::utc(),
        Some(zone) => Days::of(zone).ok_or_else(|| {
            let sentence = "The time zone is not known. Its name is one like Europe/Rome.";
            Error::refused(ErrorCode::Invalid, sentence)
        })?,
        None => {
            let person = call.services.directory.find(call.user()).await?;
            let mirror = person.as_ref().and_then(|person| person.mirror.as_ref());
            let zone = mirror.and_then(Mirror::time_zone);
            zone.and_then(Days::of).unwrap_or_else(Days::utc)
        }
    };
    let from = after.map_or(Timestamp::ZERO, |day| days.end(day));
    Ok((from, before.map_or(Timestamp::MAX, |day| days.start(day))))
}

/// What the index looks for.
fn groups(call: &Call, query: &Query) -> Vec<Wanted> {
    let words = query.groups().into_iter().map(|group| Wanted {
        terms: group.terms.into_iter().map(Into::into).collect(),
        is_prefix: group.is_prefix,
    });
    let mut groups: Vec<Wanted> = words.collect();
    let from = &query.filters.from;
    if !from.is_empty() {
        let term = |user: &String| match user.as_str() {
            "me" => sender_term(call.user().as_str()),
            user => sender_term(user.strip_prefix('@').unwrap_or(user)),
        };
        groups.push(Wanted { terms: from.iter().map(term).collect(), is_prefix: false });
    }
    let kinds = query.filters.has.iter();
    groups.extend(kinds.map(|kind| Wanted { terms: vec![kind_term(*kind)], is_prefix: false }));
    groups
}

/// The room that is searched, if the caller may read it.
async fn in_room(
    call: &Call,
    room: RoomId,
    query: &Query,
    page: &mut SearchPage,
) -> Result<Vec<Scope>, Error> {
    if !query.filters.rooms.is_empty() {
        let sentence = "The filter in: is for a search across rooms.";
        return Err(Error::refused(ErrorCode::Invalid, sentence));
    }
    let Entered { state, allowed, .. } = call.enter(room, Read).await?;
    let store = &*call.services.store;
    let known = searched(store, [room]).await?.pop().flatten();
    if known.is_none_or(|known| known.outdated || known.position < state.head) {
        page.behind = true;
        call.services.to_index.note(room);
    }
    if state.meta.is_direct() && call.service().is_none() {
        for other in state.members.keys().filter(|other| *other != call.user()) {
            let row =
                tables::get::<RelationRow>(store, RelationRow::key(call.user(), other)).await?;
            if row.is_some_and(|row| row.is_apart()) {
                return Ok(Vec::new());
            }
        }
    }
    let (last, active, after) = (state.head, state.time, allowed.visible_after());
    Ok(vec![Scope { room, last, active, after }])
}

/// The rooms of the caller that are searched, those that were active last first.
async fn across(call: &Call, query: &Query, page: &mut SearchPage) -> Result<Vec<Scope>, Error> {
    if call.service().is_some() {
        let sentence = "A service searches one room: name it.";
        return Err(Error::refused(ErrorCode::Invalid, sentence));
    }
    let (store, user) = (&*call.services.store, call.user());
    let mut rooms = rooms_of(store, &call.services.settings, user).await?;
    let peers = |room: &UserRoomRow| room.peer.clone();
    let others: Vec<UserId> = rooms.iter().filter_map(peers).collect();
    let keys: Vec<_> = others.iter().map(|other| RelationRow::key(user, other)).collect();
    let relations = tables::get_many::<RelationRow>(store, &keys).await?;
    let apart: Vec<UserId> = relations
        .into_iter()
        .flatten()
        .filter_map(|row| row.is_apart().then_some(row.other))
        .collect();
    rooms.retain(|room| room.peer.as_ref().is_none_or(|peer| !apart.contains(peer)));
    if !query.filters.rooms.is_empty() {
        rooms = named(call, rooms, &query.filters.rooms).await?;
    }
    let known = searched(store, rooms.iter().map(|room| room.room)).await?;
    let mut found: Vec<SearchedPlace> = Vec::new();
    for (room, known) in rooms.iter().zip(known) {
        match known {
            // It is made again before long.
            Some(known) => {
                page.behind |= known.outdated;
                found.push(known);
            }
            None => {
                page.behind = true;
                call.services.to_index.note(room.room);
            }
        }
    }
    found.sort_unstable_by_key(|place| (Reverse(place.time), place.room));
    page.rooms_left = found.len().saturating_sub(ROOMS_SEARCHED).try_into().unwrap_or(u32::MAX);
    found.truncate(ROOMS_SEARCHED);
    let keys: Vec<_> = found.iter().map(|place| MemberRow::key(&place.room, user)).collect();
    let members = tables::get_many::<MemberRow>(store, &keys).await?;
    let scope = |(place, member): (SearchedPlace, Option<MemberRow>)| Scope {
        room: place.room,
        last: place.position,
        active: place.time,
        after: member.map_or(Position::ZERO, |member| member.visible_after),
    };
    Ok(found.into_iter().zip(members).map(scope).collect())
}

/// Those rooms that all of these name: by id, by a part of the name, or by the other person.
async fn named(
    call: &Call,
    rooms: Vec<UserRoomRow>,
    names: &[String],
) -> Result<Vec<UserRoomRow>, Error> {
    let keys: Vec<_> = rooms.iter().map(|room| RoomRow::key(&room.room)).collect();
    let rows = tables::get_many::<RoomRow>(&*call.services.store, &keys).await?;
    let peers: Vec<UserId> = rooms.iter().filter_map(|room| room.peer.clone()).collect();
    call.services.directory.find_all(peers.iter()).await?;
    let is_named = |room: &UserRoomRow, row: Option<&RoomRow>, name: &String| {
        let called = row.and_then(|row| row.name.as_ref()).map(|called| fold(called));
        let peer = room.peer.as_ref().map(|peer| {
            let shown = fold(&call.services.directory.peek(peer).name);
            shown.contains(name.as_str()) || peer.as_str() == name.trim_start_matches('@')
        });
        called.is_some_and(|called| called.contains(name.as_str()))
            || peer == Some(true)
            || room.room.to_string() == *name
    };
    let kept = rooms.into_iter().zip(rows);
    let kept =
        kept.filter(|(room, row)| names.iter().all(|name| is_named(room, row.as_ref(), name)));
    Ok(kept.map(|(room, _)| room).collect())
}

/// The newest messages that match and that the caller may see, and where to go on.
async fn find(
    call: &Call,
    index: &SharedIndex,
    search: &Wish,
    mut before: Option<Place>,
    limit: usize,
) -> Result<(Vec<Hit>, Option<Place>), Error> {
    let (mut hits, mut left) = (Vec::new(), CHECKED);
    loop {
        // One more than wanted says whether there are more.
        let wanted = (limit + 1 - hits.len()).min(left);
        let found = index.find(Find {
            scopes: &search.scopes,
            groups: &search.groups,
            before,
            from: search.from,
            until: search.until,
            limit: wanted,
        });
        let found = found.await?;
        left -= found.places.len().min(left);
        let checking = found
            .places
            .iter()
            .copied()
            .map(|place| async move { (place, check(call, &search.query, place).await) });
        let mut checked = stream::iter(checking).buffered(AT_ONCE);
        while let Some((place, hit)) = checked.next().await {
            if let Some(hit) = hit? {
                if hits.len() == limit {
                    return Ok((hits, before));
                }
                hits.push(hit);
            }
            before = Some(place);
        }
        match found.stopped {
            Some(stopped) => return Ok((hits, Some(stopped))),
            None if found.places.len() < wanted => return Ok((hits, None)),
            None if left == 0 => return Ok((hits, before)),
            None => {}
        }
    }
}

/// A message as a hit, if the caller may see it and it matches.
async fn check(call: &Call, query: &Query, place: Place) -> Result<Option<Hit>, Error> {
    let found = previews::seen(call, place.room, place.position).await?;
    Ok(found.and_then(|entry| hit(query, place.room, &entry)))
}

fn hit(query: &Query, room: RoomId, entry: &Entry) -> Option<Hit> {
    let EntryKind::Message(message) = &entry.kind else { return None };
    let text = words(&message.body)?;
    let matches = query.matches(&text)?;
    if !query.filters.has.iter().all(|kind| has(message, *kind)) {
        return None;
    }
    Some(Hit {
        room,
        position: entry.position,
        number: message.number,
        time: message.imported().unwrap_or(entry.time),
        sender: message.sender.clone(),
        excerpt: List::cut(excerpt(&text, &matches)),
    })
}

/// Characters of an excerpt before the first match, and altogether.
const BEFORE: usize = 40;
const EXCERPT: usize = 200;

/// A part of a text around its first match, cut into what matches and what does not.
fn excerpt(text: &str, matches: &[std::ops::Range<usize>]) -> Vec<Fragment> {
    let first = matches.first().map_or(0, |range| range.start);
    let start = text[..first].char_indices().rev().nth(BEFORE - 1).map_or(0, |(at, _)| at);
    // At the beginning of a word, where there is one.
    let space = text[start..first].find(char::is_whitespace).filter(|_| start > 0);
    let start = space.map_or(start, |space| start + space);
    let end = text[start..].char_indices().nth(EXCERPT).map_or(text.len(), |(at, _)| start + at);
    let mut fragments = Vec::new();
    let mut push = |part: &str, matched: bool| {
        if !part.is_empty() {
            fragments.push(Fragment { text: Text::<EXCERPT_BYTES>::cut(part), matched });
        }
    };
    push(if start > 0 { "…" } else { "" }, false);
    let mut at = start;
    for range in matches {
        let (from, to) = (range.start.clamp(at, end), range.end.clamp(at, end));
        push(&text[at..from], false);
        push(&text[from..to], true);
        at = to;
    }
    push(&text[at..end], false);
    push(if end < text.len() { "…" } else { "" }, false);
    fragments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(query: &str, text: &str) -> String {
        let query = Query::parse(query).expect("a query");
        let fragments = excerpt(text, &query.matches(text).expect("matches"));
        let mark = |it: &Fragment| {
            if it.matched { format!("[{}]", it.text.as_str()) } else { it.text.to_string() }
        };
        fragments.iter().map(mark).collect()
    }

    #[test]
    fn an_excerpt_shows_what_matches_and_what_is_around_it() {
        assert_eq!(marked("caffe", "Un caffè, due CAFFÈ"), "Un [caffè], due [CAFFÈ]");
        let long = format!("{} il caffè {}", "prima ".repeat(100), "dopo ".repeat(100));
        let shown = marked("caffe", &long);
        assert!(shown.starts_with("… prima") && shown.ends_with('…'), "{shown}");
        assert!(shown.contains("il [caffè] dopo"), "{shown}");
        assert!(shown.chars().count() <= EXCERPT + 4, "{shown}");
        assert_eq!(marked("from:giulia", "tutto"), "tutto");
    }
}
