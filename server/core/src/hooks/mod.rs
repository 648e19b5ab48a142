//! Webhooks of other services, from the request to what they change.
//!
//! An event is about one thing: a user, a context, two people. That thing has a place among the shards as
//! rooms have, and the node that owns the shard does the event; any other node asks it. So events of one
//! thing pass one after the other wherever they arrive: versions are compared without conditional writes,
//! the same `webhook-id` twice at once is done once, and late writes of an earlier owner lose by their
//! stamps. Whether the shard is still owned is asked again before the answer. If it is not, the outcome is
//! unknown and the sender asks the next owner, for whom everything here is safe to repeat.

mod contexts;
mod relationships;

use caffis_schema::{
    Error, ErrorCode,
    hooks::{HookAnswer, HookEvent, HookResult},
};
use tokio::{sync::oneshot, time::timeout};

use crate::{
    cluster::Owner,
    errors::{no_owner, not_now, owner_stopped},
    features::mirror,
    model::{delivery::Delivery, digest::digest},
    peers::questions::{Answered, Question},
    receipts::Receipt,
    services::Services,
    sync::spawn,
};

/// How long a sender should wait when there are more, in milliseconds.
const BUSY_RETRY_MS: u32 = 1_000;

/// Does an event, here or on the node that owns its place. What it changes is durable when this returns.
///
/// # Errors
/// Why it was not done, or that it may have been.
pub(crate) async fn deliver(services: &Services, delivery: Delivery) -> Result<HookAnswer, Error> {
    match (&services.nodes, services.owners.owner_of(delivery.place())) {
        (Some(nodes), Owner::There { node, .. }) => {
            let question = Question::Hook(Box::new(delivery));
            match nodes.ask(node, &question).await? {
                Answered::Hook(answer) => answer,
                _ => Err(owner_stopped()),
            }
        }
        _ => deliver_here(services, delivery).await,
    }
}

/// Does an event on the node that owns its place.
///
/// # Errors
/// As [`deliver`].
pub(crate) async fn deliver_here(
    services: &Services,
    delivery: Delivery,
) -> Result<HookAnswer, Error> {
    let Some(permit) = services.hooks.permit() else {
        let sentence = "Too many webhooks are under way.";
        return Err(Error::later(ErrorCode::Unavailable, sentence, BUSY_RETRY_MS));
    };
    let (answer, done) = oneshot::channel();
    let (services, within) = (services.clone(), services.settings.store_timeout);
    // Goes on although the sender goes away: who is told of a change is told although nobody waits.
    spawn(async move {
        let result = work(&services, delivery).await;
        drop(permit);
        // Whoever waited may be gone.
        let _ = answer.send(result);
    });
    let late = || Error::unknown(ErrorCode::Unavailable, "This takes too long: ask again.", 1_000);
    timeout(within, done).await.map_err(|_| late())?.unwrap_or_else(|_| Err(owner_stopped()))
}

async fn work(services: &Services, delivery: Delivery) -> Result<HookAnswer, Error> {
    let place = delivery.place();
    let owner = services.owners.owner_of(place);
    if !matches!(owner, Owner::Here { .. }) {
        return Err(no_owner());
    }
    let about = delivery.about();
    let turn = services.hooks.turn(&about);
    let turn = timeout(services.settings.store_timeout, turn).await.map_err(|_| not_now())?;
    let receipt = Receipt::new(&delivery.source, &delivery.id, digest(&delivery.event));
    if let Some(answer) = receipt.find(&*services.store).await? {
        if let (HookResult::Applied, Some(user)) = (answer.result, delivery.event.user()) {
            let version = answer.version.unwrap_or_default();
            mirror::follow_again(services, user, version).await?;
        }
        return Ok(answer);
    }
    let answer = match &delivery.event {
        HookEvent::UserUpserted(user) => mirror::upsert(services, user.clone(), &receipt).await?,
        HookEvent::UserDeleted(user) => mirror::delete(services, user.clone(), &receipt).await?,
        event => {
            let answer = match event.relationship() {
                Some(_) => relationships::apply(services, &delivery).await?,
                None => contexts::apply(services, &delivery).await?,
            };
            receipt.keep(&*services.store, &services.stamps, &answer).await?;
            answer
        }
    };
    drop(turn);
    // A claim by another node in between may have read less than was written here.
    if services.owners.owner_of(place) != owner {
        return Err(owner_stopped());
    }
    Ok(answer)
}
