//! Finding or making a room: of a context, of two people, of a group.
//!
//! There is at most one room for each context. Whoever asks first claims the context together with
//! the plan of the room; whoever finds a claim has the room made from that plan, if it is not there
//! yet. So asking is idempotent, whatever breaks in between.

use std::collections::BTreeSet;

use caffis_schema::{
    Codec, EntryKind, Error, ErrorCode, List, Position, Reply, RoomId, Text, UserId, codec,
    command::{CreateGroup, EnsureDirect, EnsureRoom},
    event::Created,
    limits::CONTEXT_TYPE_BYTES,
    room::{ClientKey, Context, HistoryPolicy, RoomClass},
};

use crate::{
    model::{
        authorise::no_such_room,
        room::{DIRECT, GROUP, RoomState, direct_context},
        text,
    },
    ports::entropy,
    room::{Change, RoomCommand, RoomPlan, read_error},
    services::{Asker, Handled, Services},
    tables::{self, ContextRow},
};

/// The pure step: the first entry of a room, when there is none yet.
#[must_use]
pub fn step(room: &RoomState, plan: &RoomPlan) -> Change {
    if room.head > Position::ZERO {
        return Change::default();
    }
    let created = EntryKind::Created(Created {
        by: plan.creator.clone(),
        class: plan.class,
        context: plan.context.clone(),
        name: plan.name.clone(),
        members: plan.members.clone(),
    });
    Change { entries: vec![created] }
}

/// The room of a context.
///
/// # Errors
/// Contexts and classes that this person may not make rooms of, people who are not known.
pub async fn handle_ensure(asker: Asker, command: EnsureRoom) -> Handled {
    let EnsureRoom { context, class, name, members, history } = command;
    check_context(&context)?;
    if let Some(name) = &name {
        text::check_name(name)?;
    }
    let service = asker.session.service;
    if matches!(&*context.kind, DIRECT | GROUP) {
        let sentence = "Direct conversations and groups have commands of their own.";
        return Err(Error::refused(ErrorCode::Invalid, sentence));
    }
    let open = &asker.services.settings.open_contexts;
    if !service && !open.iter().any(|kind| **kind == *context.kind) {
        // Whether there is a room is only for its members to know.
        return match find_claim(&asker.services, &context).await? {
            Some(claim) => summary(&asker, claim.room).await,
            None => Err(no_such_room()),
        };
    }
    // Else one could put others into a room, or take a cafe's place with a closed one.
    if !service && class != RoomClass::Public {
        let sentence = "A room that anyone may make is public.";
        return Err(Error::refused(ErrorCode::RoomClass, sentence));
    }
    check_history(history)?;
    let mut people: BTreeSet<UserId> = members.into_iter().collect();
    if class == RoomClass::Public {
        people.clear();
    }
    let creator = (!service).then(|| asker.user().clone());
    let members = List::cut(people.into_iter().collect());
    let plan = RoomPlan { context, class, name, creator, members, history };
    ensure(&asker, plan).await
}

/// The direct conversation with a person.
///
/// # Errors
/// Oneself, and people who are not known.
pub async fn handle_direct(asker: Asker, command: EnsureDirect) -> Handled {
    let own = asker.user().clone();
    if asker.session.service || own == command.user {
        let sentence = "A direct conversation is between two different people.";
        return Err(Error::refused(ErrorCode::Invalid, sentence));
    }
    let plan = RoomPlan {
        context: direct_context(&own, &command.user),
        class: RoomClass::Social,
        name: None,
        creator: Some(own.clone()),
        members: List::cut(vec![own, command.user]),
        history: HistoryPolicy::All,
    };
    ensure(&asker, plan).await
}

/// A new group. The client id is part of its context, so that a resend finds the group that the
/// first try made.
///
/// # Errors
/// Names that are not allowed, people who are not known.
pub async fn handle_group(asker: Asker, command: CreateGroup) -> Handled {
    let CreateGroup { key, name, members, history } = command;
    text::check_name(&name)?;
    check_history(history)?;
    if asker.session.service {
        let sentence = "A service makes rooms of contexts, not groups.";
        return Err(Error::refused(ErrorCode::Forbidden, sentence));
    }
    let own = asker.user().clone();
    let mut people: BTreeSet<UserId> = members.into_iter().collect();
    people.insert(own.clone());
    let plan = RoomPlan {
        context: group_context(&own, key),
        class: RoomClass::Social,
        name: Some(name),
        creator: Some(own),
        members: List::cut(people.into_iter().collect()),
        history,
    };
    if let Some(claim) = find_claim(&asker.services, &plan.context).await?
        && decode_plan(&claim)? != plan
    {
        let sentence = "This client id was used before for another group.";
        return Err(Error::refused(ErrorCode::ClientIdReused, sentence));
    }
    ensure(&asker, plan).await
}

fn group_context(creator: &UserId, key: ClientKey) -> Context {
    Context { kind: Text::cut(GROUP), id: Text::cut(&format!("{}:{creator}", key.id)) }
}

fn check_context(context: &Context) -> Result<(), Error> {
    let kind: &Text<CONTEXT_TYPE_BYTES> = &context.kind;
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    if kind.is_empty() || !kind.chars().all(word) {
        let sentence = "A context's type is a word of a-z, 0-9, - and _.";
        return Err(Error::refused(ErrorCode::Invalid, sentence));
    }
    if context.id.is_empty() || context.id.chars().any(char::is_control) {
        let sentence = "A context's id is 1 to 160 bytes without control characters.";
        return Err(Error::refused(ErrorCode::Invalid, sentence));
    }
    Ok(())
}

/// New members can be shown as many messages as a room keeps in memory.
fn check_history(history: HistoryPolicy) -> Result<(), Error> {
    match history {
        HistoryPolicy::Last(0 | 101..) => {
            Err(Error::refused(ErrorCode::Invalid, "The last 1 to 100 messages can be shown."))
        }
        _ => Ok(()),
    }
}

async fn find_claim(services: &Services, context: &Context) -> Result<Option<ContextRow>, Error> {
    let key = ContextRow::key(&context.kind.as_str().into(), &context.id.as_str().into());
    tables::get(&*services.store, key).await.map_err(|e| read_error(&e))
}

fn decode_plan(claim: &ContextRow) -> Result<RoomPlan, Error> {
    codec::decode(&claim.plan, Codec::Binary).map_err(|error| {
        tracing::error!(room.id = %claim.room, %error, "a claim holds no plan");
        Error::refused(ErrorCode::Internal, "The room's plan could not be read.")
    })
}

/// Finds or makes the room of a plan.
async fn ensure(asker: &Asker, plan: RoomPlan) -> Handled {
    let services = &asker.services;
    let claim = match find_claim(services, &plan.context).await? {
        Some(claim) => claim,
        None => {
            services.check_people(&plan.members).await?;
            claim(services, &plan).await?
        }
    };
    let plan = decode_plan(&claim)?;
    let actor = asker.actor(claim.room);
    services.rooms.command(claim.room, actor, RoomCommand::Create(Box::new(plan))).await?;
    summary(asker, claim.room).await
}

async fn claim(services: &Services, plan: &RoomPlan) -> Result<ContextRow, Error> {
    let encoded = codec::encode(plan, Codec::Binary)
        .map_err(|_| Error::refused(ErrorCode::TooLarge, "The room's plan is too large."))?;
    let row = ContextRow {
        kind: plan.context.kind.as_str().into(),
        id: plan.context.id.as_str().into(),
        room: RoomId::from_random(u64::from_le_bytes(entropy::bytes(&*services.entropy))),
        plan: encoded.into(),
    };
    let found = tables::insert_if_absent(&*services.store, &row).await.map_err(|error| {
        let sentence = "The room's context could not be claimed: ask again.";
        match read_error(&error) {
            error if error.retry_after_ms.is_some() => {
                Error::unknown(ErrorCode::Unavailable, sentence, 1_000)
            }
            error => error,
        }
    })?;
    Ok(found.unwrap_or(row))
}

/// The room as the asker's list shows it, if they may know of it.
async fn summary(asker: &Asker, room: RoomId) -> Handled {
    let services = &asker.services;
    let cell = services.rooms.loaded(room).await?;
    let state = cell.state().ok_or_else(no_such_room)?;
    let member = state.member(asker.user()).is_some();
    if !member && !asker.session.service && state.meta.class != RoomClass::Public {
        return Err(no_such_room());
    }
    if let Some(peer) = state.peer_of(asker.user()) {
        services.directory.find(peer).await.map_err(|e| read_error(&e))?;
    }
    let marker = cell.marker(asker.user());
    Ok(Reply::Room(services.rooms.summarise(&state, asker.user(), marker)))
}
