//! Finding or making a room: of a context, of two people, of a group.
//!
//! There is at most one room for each context. Whoever asks first claims the context together with
//! the plan of the room; whoever finds a claim has the room made from that plan, if it is not there
//! yet. So asking is idempotent, whatever breaks in between.

use std::collections::BTreeSet;

use caffis_schema::{
    Codec, Error, ErrorCode, List, Reply, RoomId, Text, UserId, codec,
    command::{CreateGroup, EnsureDirect, EnsureRoom},
    limits::CONTEXT_TYPE_BYTES,
    room::{ClientKey, Context, HistoryPolicy, RoomClass, RoomSummary},
};

use crate::{
    answers::as_known_here,
    call::{Call, Handled},
    errors::not_now,
    model::{
        authorise::{ReadState, authorise, may_know, no_such_room},
        info::check_history,
        room::{DIRECT, GROUP, direct_context},
        text,
    },
    peers::questions::Question,
    ports::entropy,
    relations::check_reachable,
    room::RoomPlan,
    services::Services,
    tables::{self, ContextRow},
};

/// The room of a context.
///
/// # Errors
/// Contexts and classes that this person may not make rooms of, people who are not known.
pub async fn handle_ensure(call: Call, command: EnsureRoom) -> Handled {
    let EnsureRoom { context, class, name, members, history } = command;
    check_context(&context)?;
    if let Some(name) = &name {
        text::check_name(name)?;
    }
    let service = call.service();
    if matches!(&*context.kind, DIRECT | GROUP) {
        let sentence = "Direct conversations and groups have commands of their own.";
        return Err(Error::refused(ErrorCode::Invalid, sentence));
    }
    let open = &call.services.settings.open_contexts;
    let may_make = match service {
        Some(rights) => rights.make_rooms,
        None => open.iter().any(|kind| **kind == *context.kind),
    };
    if !may_make {
        // Whether there is a room is only for those to know who may know of it.
        return match find_claim(&call.services, &context).await? {
            Some(claim) => {
                call.check_known(claim.room).await?;
                ensure_at_owner(&call, claim.room, None, Some(class)).await
            }
            None => Err(no_such_room()),
        };
    }
    // Else one could put others into a room, or take a cafe's place with a closed one.
    if service.is_none() && class != RoomClass::Public {
        let sentence = "A room that anyone may make is public.";
        return Err(Error::refused(ErrorCode::RoomClass, sentence));
    }
    check_history(history)?;
    let mut people: BTreeSet<UserId> = members.into_iter().collect();
    if class == RoomClass::Public {
        people.clear();
    }
    let creator = service.is_none().then(|| call.user().clone());
    let members = List::cut(people.into_iter().collect());
    let plan = RoomPlan { context, class, name, creator, members, history };
    ensure(&call, plan).await
}

/// The direct conversation with a person.
///
/// # Errors
/// Oneself, and people who are not known.
pub async fn handle_direct(call: Call, command: EnsureDirect) -> Handled {
    let own = call.user().clone();
    if call.service().is_some() || own == command.user {
        let sentence = "A direct conversation is between two different people.";
        return Err(Error::refused(ErrorCode::Invalid, sentence));
    }
    check_reachable(&*call.services.store, &own, &command.user).await?;
    let plan = RoomPlan {
        context: direct_context(&own, &command.user),
        class: RoomClass::Social,
        name: None,
        creator: Some(own.clone()),
        members: List::cut(vec![own, command.user]),
        history: HistoryPolicy::All,
    };
    ensure(&call, plan).await
}

/// A new group. The client id is part of its context, so that a resend finds the group that the
/// first try made.
///
/// # Errors
/// Names that are not allowed, people who are not known.
pub async fn handle_group(call: Call, command: CreateGroup) -> Handled {
    let CreateGroup { key, name, members, history } = command;
    text::check_name(&name)?;
    check_history(history)?;
    if call.service().is_some() {
        let sentence = "A service makes rooms of contexts, not groups.";
        return Err(Error::refused(ErrorCode::Forbidden, sentence));
    }
    let own = call.user().clone();
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
    if let Some(claim) = find_claim(&call.services, &plan.context).await?
        && decode_plan(&claim)? != plan
    {
        let sentence = "This client id was used before for another group.";
        return Err(Error::refused(ErrorCode::ClientIdReused, sentence));
    }
    ensure(&call, plan).await
}

fn group_context(creator: &UserId, key: ClientKey) -> Context {
    Context { kind: Text::cut(GROUP), id: Text::cut(&format!("{}:{creator}", key.id)) }
}

/// Whether a context can be one.
///
/// # Errors
/// `invalid` otherwise.
pub(crate) fn check_context(context: &Context) -> Result<(), Error> {
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

/// The claim of a context, if there is one.
///
/// # Errors
/// What the store says.
pub(crate) async fn find_claim(
    services: &Services,
    context: &Context,
) -> Result<Option<ContextRow>, Error> {
    let key = ContextRow::key(&context.kind.as_str().into(), &context.id.as_str().into());
    Ok(tables::get(&*services.store, key).await?)
}

/// The plan of a claim.
///
/// # Errors
/// It cannot be read.
pub(crate) fn decode_plan(claim: &ContextRow) -> Result<RoomPlan, Error> {
    codec::decode(&claim.plan, Codec::Binary).map_err(|error| {
        tracing::error!(room.id = %claim.room, %error, "a claim holds no plan");
        Error::refused(ErrorCode::Internal, "The room's plan could not be read.")
    })
}

/// Finds or makes the room of a plan.
async fn ensure(call: &Call, plan: RoomPlan) -> Handled {
    let services = &call.services;
    let wanted = plan.class;
    let claim = match find_claim(services, &plan.context).await? {
        Some(claim) => claim,
        None => claim(call, &plan).await?,
    };
    let plan = decode_plan(&claim)?;
    if let (true, [one, other]) = (&*plan.context.kind == DIRECT, &plan.members[..]) {
        // Once more: whoever keeps the two apart finds the claim from now on, and closes the room.
        check_reachable(&*services.store, one, other).await?;
    }
    ensure_at_owner(call, claim.room, Some(Box::new(plan)), Some(wanted)).await
}

/// Makes the room of a claim, unless it is there.
///
/// # Errors
/// What keeps it from being made.
pub(crate) async fn complete(call: &Call, claim: &ContextRow) -> Handled {
    let plan = decode_plan(claim)?;
    ensure_at_owner(call, claim.room, Some(Box::new(plan)), None).await
}

/// The room of a context, if there is one.
///
/// # Errors
/// `not_found` when there is none, or none that the caller may know of.
pub async fn handle_find_context(call: Call, context: &Context) -> Result<RoomSummary, Error> {
    check_context(context)?;
    let claim = find_claim(&call.services, context).await?.ok_or_else(no_such_room)?;
    handle_find(call, claim.room).await
}

/// A room, if the caller may know of it.
///
/// # Errors
/// `not_found` otherwise, and `forbidden` for a service that may not read states.
pub async fn handle_find(call: Call, room: RoomId) -> Result<RoomSummary, Error> {
    call.check_may_open(room).await?;
    match find(&call, room).await? {
        Reply::Room(summary) => Ok(summary),
        _ => Err(not_now()),
    }
}

/// The summary of a room that is there, from its owner.
///
/// # Errors
/// `not_found` for those who may not know of it, and why the owner cannot say.
pub(crate) async fn find(call: &Call, room: RoomId) -> Handled {
    ensure_at_owner(call, room, None, None).await
}

/// Has a room's owner make it from its plan, if there is one, and give its summary.
///
/// # Errors
/// As [`ensure_here`], and why the owner cannot say.
pub(crate) async fn ensure_at_owner(
    call: &Call,
    room: RoomId,
    plan: Option<Box<RoomPlan>>,
    wanted: Option<RoomClass>,
) -> Handled {
    match call.owner_elsewhere(room)? {
        Some((nodes, node)) => {
            let question = Question::Ensure(call.asker(room), room, plan, wanted);
            let answer = nodes.ask_one(node, &question).await;
            answer.map(|reply| as_known_here(&call.services, reply))
        }
        None => ensure_here(call, room, plan, wanted).await,
    }
}

/// Makes a room from its plan, unless it is there, and gives its summary: what its owner does.
///
/// # Errors
/// `not_found` for those who may not know of it, `room_class` when it is of another class.
pub(crate) async fn ensure_here(
    call: &Call,
    room: RoomId,
    plan: Option<Box<RoomPlan>>,
    wanted: Option<RoomClass>,
) -> Handled {
    let makes = plan.is_some();
    if let Some(plan) = plan {
        call.services.rooms.create(room, call.caller(room), *plan).await?;
    }
    summary(call, room, wanted, makes).await
}

/// Claims the plan's context. People may claim so many contexts a day that are open to all; groups and
/// conversations are bounded by the rooms that a person may be in.
///
/// # Errors
/// Who is not known or in too many rooms, and what the store says.
pub(crate) async fn claim(call: &Call, plan: &RoomPlan) -> Result<ContextRow, Error> {
    let services = &call.services;
    let by_service = call.service().is_some();
    services.rooms.check_newcomers(&plan.members, call.user(), by_service).await?;
    if plan.class == RoomClass::Public && !by_service {
        services.claims.take(call.user(), services.clock.now())?;
    }
    let encoded = codec::encode(plan, Codec::Binary)
        .map_err(|_| Error::refused(ErrorCode::TooLarge, "The room's plan is too large."))?;
    let row = ContextRow {
        kind: plan.context.kind.as_str().into(),
        id: plan.context.id.as_str().into(),
        room: RoomId::from_random(u64::from_le_bytes(entropy::bytes(&*services.entropy))),
        plan: encoded.into(),
    };
    Ok(tables::insert_if_absent(&*services.store, &row).await?.unwrap_or(row))
}

/// The room as the caller's list shows it, if they may know of it and it is of the class that they
/// expect. A service that makes rooms is told of those; of others it has to be allowed to read the state.
async fn summary(call: &Call, room: RoomId, wanted: Option<RoomClass>, makes: bool) -> Handled {
    let services = &call.services;
    let cell = services.rooms.loaded(room).await?;
    let state = cell.state().ok_or_else(not_now)?;
    let class = state.meta.class;
    if !may_know(&call.caller(room), &state) && class != RoomClass::Public {
        return Err(no_such_room());
    }
    if call.service().is_some() && !makes {
        authorise(&call.caller(room), &state, ReadState)?;
    }
    if wanted.is_some_and(|wanted| wanted != class) {
        return Err(other_class(class));
    }
    if let Some(peer) = state.peer_of(call.user()) {
        services.directory.find(peer).await?;
    }
    let mut summary = services.rooms.summarise(&state, call.user(), cell.marker(call.user()));
    if call.service().is_some_and(|rights| !rights.read_history) {
        summary.preview = None;
    }
    Ok(Reply::Room(summary))
}

/// The error of a context whose room is of another class than is wanted.
pub(crate) fn other_class(class: RoomClass) -> Error {
    let class = match class {
        RoomClass::Social => "social",
        RoomClass::Public => "public",
        RoomClass::Evidence => "evidence",
    };
    let sentence = format!("This context already has a room, of the class {class}.");
    Error::refused(ErrorCode::RoomClass, &sentence)
}
