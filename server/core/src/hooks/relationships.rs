//! Events of what is between two people: kept from the side of each, told to every node, and enforced where
//! they write with each other.

use caffis_schema::{
    ClientId, Command, Error, ErrorCode, List, Position, RoomId, UserId,
    command::SetContext,
    hooks::{HookAnswer, HookEvent, HookResult, relationships::Relationship},
    open::Empty,
    room::{ClientKey, ContextStatus},
};

use crate::{
    call::Call,
    dispatch::dispatch,
    features::create,
    model::{caller::Rights, delivery::Delivery, room::direct_context},
    ports::{
        entropy,
        store::{Atomicity, Batch, StoreError},
    },
    services::Services,
    tables::{self, ErasureRow, RelationRow},
};

/// A day, in milliseconds.
const DAY_MS: u64 = 86_400_000;

/// What happened between two people.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Blocks(bool),
    Leaves,
}

/// Does an event.
///
/// # Errors
/// Other content of the same version, and what keeps it from being done now.
pub(super) async fn apply(services: &Services, delivery: &Delivery) -> Result<HookAnswer, Error> {
    let (what, event) = match &delivery.event {
        HookEvent::RelationshipBlocked(event) => (What::Blocks(true), event),
        HookEvent::RelationshipUnblocked(event) => (What::Blocks(false), event),
        HookEvent::RelationshipDisconnected(event) => (What::Leaves, event),
        _ => return Err(Error::refused(ErrorCode::Internal, "This event is about no two people.")),
    };
    if event.user == event.other {
        return Err(Error::refused(ErrorCode::Invalid, "This takes two different people."));
    }
    let key = RelationRow::key(&event.user, &event.other);
    let known = tables::get::<RelationRow>(&*services.store, key).await?;
    let known = known.unwrap_or_else(|| RelationRow::none(event.user.clone(), event.other.clone()));
    let (was, is) = (version_of(&known, what), event.version.get());
    if was > is {
        let (result, version) = (HookResult::Ignored, Some(was));
        return Ok(HookAnswer { result, version, room: None });
    }
    let row = changed(&known, what, event);
    if was == is && row != known {
        let sentence = format!("Version {is} between these two came before with other content.");
        return Err(Error::refused(ErrorCode::Conflict, &sentence));
    }
    if was < is {
        keep(services, &row).await?;
    }
    // All of this once more when the event comes again: it may have been cut short.
    services.keep_apart(&row.user, &row.other, row.changes, row.is_apart());
    settle_conversation(services, delivery, &row).await?;
    Ok(HookAnswer { result: HookResult::Applied, version: Some(is), room: None })
}

fn version_of(row: &RelationRow, what: What) -> u64 {
    match what {
        What::Blocks(_) => row.blocks_version,
        What::Leaves => row.left_version,
    }
}

fn changed(known: &RelationRow, what: What, event: &Relationship) -> RelationRow {
    let mut row = known.clone();
    match what {
        What::Blocks(blocks) => (row.blocks, row.blocks_version) = (blocks, event.version.get()),
        What::Leaves => row.left_version = event.version.get(),
    }
    if row != *known {
        row.changes += 1;
    }
    row
}

/// Makes what is between two people durable, from both sides.
async fn keep(services: &Services, row: &RelationRow) -> Result<(), StoreError> {
    let mut batch = Batch::repairable(services.stamps.next()?);
    if services.nodes.is_none() {
        batch.atomicity = Atomicity::Logged;
    }
    // What is missing of it after a failure is written when the event comes again: its own side, which tells
    // that, comes last.
    let (own, other) = (row.clone(), row.mirrored());
    if services.nodes.is_some() {
        let mut first = Batch::partition(services.stamps.next()?);
        first.put(&other);
        services.store.write(first).await?;
    } else {
        batch.put(&other);
    }
    batch.put(&own);
    services.store.write(batch).await
}

/// Records that the history of a conversation is to be erased.
async fn record_erasure(services: &Services, room: RoomId) -> Result<(), StoreError> {
    let requested = services.clock.now();
    let mut batch = Batch::partition(services.stamps.next()?);
    batch.put(&ErasureRow { day: requested.get() / DAY_MS, room, requested });
    services.store.write(batch).await
}

/// Closes the conversation of the two, opens it again, or takes it from both. One that was claimed and not made
/// yet is made first, so that nobody makes it open after this.
async fn settle_conversation(
    services: &Services,
    delivery: &Delivery,
    row: &RelationRow,
) -> Result<(), Error> {
    let context = direct_context(&row.user, &row.other);
    let Some(claim) = create::find_claim(services, &context).await? else { return Ok(()) };
    let caller = UserId::new(&format!("hook:{}", delivery.source));
    let caller = caller.map_err(|error| Error::refused(ErrorCode::Invalid, &error.to_string()))?;
    let call = Call::without_session(services.clone(), caller, Some(Rights::KEEP_APART));
    create::complete(&call, &claim).await?;
    let room = claim.room;
    if row.is_broken() {
        record_erasure(services, room).await?;
    }
    let status = match row.is_apart() || row.is_broken() {
        true => ContextStatus::Closed(Empty {}),
        false => ContextStatus::Open(Empty {}),
    };
    let set = SetContext {
        key: ClientKey {
            id: ClientId(entropy::bytes(&*services.entropy)),
            time: services.clock.now(),
            head: Position::ZERO,
        },
        room,
        version: row.changes,
        details: None,
        status: Some(status),
        participants: row.is_broken().then(List::default),
        remove_others: row.is_broken(),
    };
    match dispatch(call, Command::SetContext(set)).await {
        Ok(_) => Ok(()),
        // It stands as something newer says.
        Err(error) if error.code == ErrorCode::Outdated => Ok(()),
        Err(error) => Err(error),
    }
}
