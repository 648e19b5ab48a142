//! A person's rooms, what they pinned first and the rest by last activity, with exact unread counts.
//!
//! A list never takes longer than its time limit: a room that cannot be read by then is listed as not
//! readable now, and holds up neither the other rooms nor the session.

use std::{cmp::Reverse, collections::BTreeMap, future::ready, sync::Arc};

use caffis_schema::{
    Error, ErrorCode, List, MessageNumber, Position, Reply, RoomId, Text, Timestamp, UserId,
    command::Rooms,
    limits::PAGE_ROOMS,
    placement::Placed,
    reply::RoomPage,
    room::{Context, HistoryPolicy, RoomClass, RoomSummary},
    settings::RoomSettings,
};
use futures_util::{StreamExt, stream};
use tokio::time::{Instant, timeout, timeout_at};

use crate::{
    answers::summary_here,
    call::{Call, Handled},
    errors::not_now,
    hub::placements::RoomPlaces,
    memberships,
    model::room::{RoomMeta, direct_context},
    peers::{
        follow,
        questions::{Answered, Question},
    },
    placements::known_of,
    ports::bus::NodeId,
    tables::{self, HeadRow, RoomRow},
};

/// Rooms of a list that are read at the same time.
const ROOMS_AT_ONCE: usize = 16;

/// Hints that are read at the same time.
const HINTS_AT_ONCE: usize = 64;

/// A room that may be listed.
struct Candidate {
    room: RoomId,
    /// The other person of a direct conversation.
    peer: Option<UserId>,
    /// When the room was last active, as far as memory or the hint says.
    active: Timestamp,
}

/// A page of the list.
///
/// # Errors
/// `not_found` for a room to go on after that is not in the list.
pub async fn handle(call: Call, command: Rooms) -> Handled {
    let limit = usize::from(command.limit).clamp(1, PAGE_ROOMS);
    let (rooms, more) = list(&call, command.after, command.context.as_deref(), limit).await?;
    Ok(Reply::Rooms(RoomPage { rooms: List::cut(rooms), more }))
}

/// The rooms after one of them, and whether there are more.
///
/// Which rooms are chosen comes from hints that may be a second old, and after a crash a minute; the
/// order among them and what the summaries say is exact.
///
/// # Errors
/// `not_found` for a room to go on after that is not in the list.
pub async fn list(
    call: &Call,
    after: Option<RoomId>,
    context: Option<&str>,
    limit: usize,
) -> Result<(Vec<RoomSummary>, bool), Error> {
    let room_timeout = call.services.settings.room_timeout;
    let start = Instant::now();
    let end = start + 2 * room_timeout;
    let places = match call.service() {
        Some(_) => Arc::default(),
        None => known_of(&call.services, call.user()).await?,
    };
    let mut candidates = in_order(call, &places, start + room_timeout).await?.into_iter();
    if let Some(after) = after
        && !candidates.any(|candidate| candidate.room == after)
    {
        let sentence = "The room after which to go on is not in the list any more.";
        return Err(Error::refused(ErrorCode::NotFound, sentence));
    }
    let candidates: Vec<_> = match context {
        Some(kind) => of_kind(call, candidates.collect(), kind).await?,
        None => candidates.collect(),
    };
    let mut candidates = candidates.into_iter();
    let mut summaries = Vec::new();
    while summaries.len() < limit {
        let next: Vec<_> = candidates.by_ref().take(limit - summaries.len()).collect();
        if next.is_empty() {
            break;
        }
        let (here, elsewhere) = by_owner(call, next);
        let found = stream::iter(here).map(|candidate| summary(call, candidate, context, end));
        let found = found.buffered(ROOMS_AT_ONCE).filter_map(ready);
        summaries.extend(found.collect::<Vec<_>>().await);
        for (node, candidates) in elsewhere {
            summaries.extend(summaries_of(call, node, candidates, context, end).await);
        }
    }
    summaries.sort_by_key(|summary| {
        let RoomSummary { room, active, .. } = *summary;
        (!places.is_pinned(room), Reverse(active), room)
    });
    Ok((summaries, candidates.next().is_some()))
}

/// The candidates of one kind, by the rows of the rooms: the others need not be loaded.
async fn of_kind(
    call: &Call,
    mut candidates: Vec<Candidate>,
    kind: &str,
) -> Result<Vec<Candidate>, Error> {
    let keys: Vec<_> = candidates.iter().map(|candidate| RoomRow::key(&candidate.room)).collect();
    let mut rows = tables::get_many::<RoomRow>(&*call.services.store, &keys).await?.into_iter();
    candidates.retain(|_| rows.next().flatten().is_some_and(|row| *row.context_kind == *kind));
    Ok(candidates)
}

/// The candidates whose rooms this node owns, or nobody, and those of each other node.
fn by_owner(
    call: &Call,
    candidates: Vec<Candidate>,
) -> (Vec<Candidate>, BTreeMap<NodeId, Vec<Candidate>>) {
    let (mut here, mut elsewhere) = (Vec::new(), BTreeMap::<_, Vec<_>>::new());
    for candidate in candidates {
        match call.owner_elsewhere(candidate.room) {
            Ok(Some((_, node))) => elsewhere.entry(node).or_default().push(candidate),
            Ok(None) | Err(_) => here.push(candidate),
        }
    }
    (here, elsewhere)
}

/// The summaries of rooms that another node owns, by one question.
async fn summaries_of(
    call: &Call,
    node: NodeId,
    candidates: Vec<Candidate>,
    context: Option<&str>,
    end: Instant,
) -> Vec<RoomSummary> {
    let (Some(nodes), Some(first)) = (&call.services.nodes, candidates.first()) else {
        return Vec::new();
    };
    let rooms: Vec<_> = candidates.iter().map(|candidate| candidate.room).collect();
    let asker = call.asker(first.room);
    let question = Question::Summaries(asker, rooms, context.map(str::to_owned));
    let within = end.min(Instant::now() + call.services.settings.room_timeout);
    let asked = timeout_at(within, nodes.ask(node, &question)).await;
    let mut answers = match asked {
        Ok(Ok(Answered::Summaries(answers))) if answers.len() == candidates.len() => answers,
        _ => candidates.iter().map(|_| Err(not_now())).collect(),
    };
    let mut summaries = Vec::with_capacity(candidates.len());
    for (candidate, answer) in candidates.into_iter().zip(answers.drain(..)) {
        let found = match answer {
            Ok(mut found) => {
                found.iter_mut().for_each(|found| summary_here(&call.services, found));
                found
            }
            Err(error) if error.code == ErrorCode::NotFound => None,
            Err(_) => unreadable(call, candidate, context, end).await,
        };
        summaries.extend(found);
    }
    summaries
}

/// A room's summary as its owner gives it.
///
/// # Errors
/// What keeps the room from being read in time.
pub(crate) async fn read_in_time(
    call: &Call,
    room: RoomId,
    context: Option<&str>,
) -> Result<Option<RoomSummary>, Error> {
    let within = call.services.settings.room_timeout;
    timeout(within, read(call, room, context)).await.unwrap_or_else(|_| Err(not_now()))
}

/// A room's summary; none when the person has left it or the filter leaves it out.
async fn summary(
    call: &Call,
    candidate: Candidate,
    context: Option<&str>,
    end: Instant,
) -> Option<RoomSummary> {
    let within = end.min(Instant::now() + call.services.settings.room_timeout);
    match timeout_at(within, read(call, candidate.room, context)).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) if error.code == ErrorCode::NotFound => None,
        Ok(Err(_)) | Err(_) => unreadable(call, candidate, context, end).await,
    }
}

async fn read(
    call: &Call,
    room: RoomId,
    context: Option<&str>,
) -> Result<Option<RoomSummary>, Error> {
    let services = &call.services;
    let cell = services.rooms.loaded(room).await?;
    let state = cell.state().ok_or_else(not_now)?;
    let wanted = context.is_none_or(|kind| *state.meta.context.kind == *kind);
    if !wanted || state.member(call.user()).is_none() {
        return Ok(None);
    }
    if let Some(peer) = state.peer_of(call.user()) {
        services.directory.find(peer).await?;
    }
    Ok(Some(services.rooms.summarise(&state, call.user(), cell.marker(call.user()))))
}

/// What can be said of a room that cannot be read. What its members wrote is left out: whether this
/// person may still see it is not known. A room of unknown context passes every filter.
async fn unreadable(
    call: &Call,
    candidate: Candidate,
    context: Option<&str>,
    end: Instant,
) -> Option<RoomSummary> {
    let Candidate { room, peer, active } = candidate;
    let services = &call.services;
    let key = RoomRow::key(&room);
    let row = timeout_at(end, tables::get::<RoomRow>(&*services.store, key)).await;
    let meta = row.ok().and_then(|row| Some(RoomMeta::from(row.ok()??)));
    if let Some(peer) = &peer {
        // Without their profile, memory tells them by their id.
        let _ = timeout_at(end, services.directory.find(peer)).await;
    }
    let info = meta.as_ref().map(RoomMeta::info);
    let (class, context_of, name) = match (meta, &peer) {
        (Some(meta), _) => (meta.class, meta.context, meta.name),
        (None, Some(peer)) => (RoomClass::Social, direct_context(call.user(), peer), None),
        (None, None) => {
            (RoomClass::Social, Context { kind: Text::default(), id: Text::default() }, None)
        }
    };
    if context.is_some_and(|kind| !context_of.kind.is_empty() && *context_of.kind != *kind) {
        return None;
    }
    let now = services.clock.now();
    Some(RoomSummary {
        room,
        class,
        context: context_of,
        name,
        peer: peer.as_ref().map(|peer| services.directory.peek(peer)),
        peer_presence: peer.map(|peer| services.people.shown(&services.directory, &peer, now)),
        members: 0,
        role: None,
        head: Position::ZERO,
        number: MessageNumber::ZERO,
        read: MessageNumber::ZERO,
        unread: 0,
        muted_until: None,
        preview: None,
        active,
        readable: false,
        placed: Placed::default(),
        settings: RoomSettings::default(),
        history: info.as_ref().map_or(HistoryPolicy::All, |info| info.history),
        description: info.and_then(|info| info.description),
    })
}

/// The caller's rooms: memory has those of whoever is connected, and of others the store.
async fn rooms_of(call: &Call) -> Result<Vec<(RoomId, Option<UserId>)>, Error> {
    if call.session().is_ok() {
        return Ok(call.services.people.rooms(call.user()));
    }
    let services = &call.services;
    let rows = memberships::rooms_of(&*services.store, &services.settings, call.user()).await?;
    Ok(rows.into_iter().map(|row| (row.room, row.peer)).collect())
}

/// Pinned rooms come first, and of the others those that were active last. A hint that cannot be read by `end` counts as never.
async fn in_order(call: &Call, places: &RoomPlaces, end: Instant) -> Result<Vec<Candidate>, Error> {
    let services = &call.services;
    let rooms = rooms_of(call).await?.into_iter();
    let mut candidates: Vec<_> =
        rooms.map(|(room, peer)| Candidate { room, peer, active: Timestamp::ZERO }).collect();
    let mut standings = match &services.nodes {
        Some(nodes) => {
            let rooms = candidates.iter().map(|candidate| candidate.room);
            let asked = timeout_at(end, follow::ask_standings(nodes, rooms, false)).await;
            asked.unwrap_or_default().into_iter().collect()
        }
        None => BTreeMap::new(),
    };
    let mut cold = Vec::new();
    for (index, candidate) in candidates.iter_mut().enumerate() {
        if let Some(standing) = standings.remove(&candidate.room) {
            candidate.active = standing.active;
            services.views.begin_at(candidate.room, standing.head);
            continue;
        }
        match services.rooms.in_memory(candidate.room).and_then(|cell| cell.state()) {
            Some(state) => candidate.active = state.time,
            None => cold.push((index, candidate.room)),
        }
    }
    let hints = stream::iter(cold).map(|(index, room)| async move {
        let hint = tables::get::<HeadRow>(&*services.store, HeadRow::key(&room)).await;
        let hint = hint.ok().flatten();
        if let Some(hint) = &hint {
            services.views.begin_at(room, hint.position);
        }
        (index, hint.map_or(Timestamp::ZERO, |head| head.time))
    });
    let noting = hints.buffered(HINTS_AT_ONCE).for_each(|(index, active)| {
        candidates[index].active = active;
        ready(())
    });
    // Out of time: the rest stays as it is.
    let _ = timeout_at(end, noting).await;
    candidates.sort_unstable_by_key(|Candidate { room, active, .. }| {
        (!places.is_pinned(*room), Reverse(*active), *room)
    });
    Ok(candidates)
}
