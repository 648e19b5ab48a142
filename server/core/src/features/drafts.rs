//! What a person has written and not sent: the same on all of their devices.
//!
//! The last one by time counts, on the clock of the person's devices as they correct it: whoever types on two at once
//! decides by typing on. What was sent leaves an empty draft, so that an older one does not come back. That time is
//! also the stamp of the row, so the store decides the same way, whatever nodes write and whatever their clocks say.

use caffis_schema::{
    Error, ErrorCode, List, Reply, Text, Timestamp,
    limits::{DRAFT_BYTES, DRAFTS},
    open::Empty,
    reply::DraftList,
    room::Draft,
};

use crate::{
    call::{Call, Handled},
    model::text,
    ports::store::{Batch, Stamp, Store, StoreError},
    previews,
    tables::{self, DRAFT_KEPT, DraftRow},
};

/// How far a device's clock may be ahead: a draft of the far future could never be replaced.
const AHEAD_MS: u64 = 60_000;

/// Drafts that are read at most; those of several devices at once may be a few more than are kept.
const READ: usize = DRAFTS + 20;

/// Keeps a draft, and tells the person's sessions. Costs a read of their drafts.
///
/// # Errors
/// `not_found` for a room that is not the caller's, `forbidden` for services, `text_not_allowed`, and what the store says.
pub async fn handle(call: Call, command: Draft) -> Handled {
    call.check_known(command.room).await?;
    if call.service().is_some() {
        // Whoever may not know of the room hears first that there is none.
        previews::check_readable(&call, command.room).await?;
    }
    for_people(&call)?;
    text::check_remark(&command.text)?;
    let services = &call.services;
    let latest = Timestamp(services.clock.now().get().saturating_add(AHEAD_MS));
    let draft = Draft { time: command.time.min(latest), ..command };
    let user = call.user();
    let known: Vec<DraftRow> = rows(&*services.store, user).await?;
    let before = known.iter().find(|row| row.room == draft.room);
    if before.is_some_and(|row| row.time >= draft.time)
        || (before.is_none() && draft.text.is_empty())
    {
        return Ok(Reply::Done(Empty {}));
    }
    let mut batch = Batch::partition(Stamp::of(draft.time));
    let (room, text, time) = (draft.room, draft.text.as_str().into(), draft.time);
    batch.put_for(&DraftRow { user: user.clone(), room, text, time }, DRAFT_KEPT);
    let mut others: Vec<_> = known.iter().filter(|row| row.room != draft.room).collect();
    others.sort_unstable_by_key(|row| std::cmp::Reverse(row.time));
    services.store.write(batch).await?;
    for oldest in others.iter().skip(DRAFTS - 1) {
        // At the same stamp a delete wins, and one that was written later stays.
        let mut batch = Batch::partition(Stamp::of(oldest.time));
        batch.delete::<DraftRow>(DraftRow::key(user, &oldest.room));
        services.store.write(batch).await?;
    }
    services.people.tell_draft(user, &draft);
    services.views.publish_draft(user, &draft);
    Ok(Reply::Done(Empty {}))
}

/// What the caller has written and not sent, newest first.
///
/// # Errors
/// `forbidden` for services, and what the store says.
pub async fn handle_list(call: Call) -> Handled {
    for_people(&call)?;
    let rows = rows(&*call.services.store, call.user()).await?.into_iter();
    let draft = |DraftRow { room, text, time, .. }: DraftRow| {
        (!text.is_empty()).then(|| Draft { room, text: Text::<DRAFT_BYTES>::cut(&text), time })
    };
    let mut drafts: Vec<Draft> = rows.filter_map(draft).collect();
    drafts.sort_unstable_by_key(|draft| (std::cmp::Reverse(draft.time), draft.room));
    Ok(Reply::Drafts(DraftList { drafts: List::cut(drafts) }))
}

async fn rows(
    store: &dyn Store,
    user: &caffis_schema::UserId,
) -> Result<Vec<DraftRow>, StoreError> {
    tables::partition(store, DraftRow::partition(user), READ).await
}

fn for_people(call: &Call) -> Result<(), Error> {
    match call.service() {
        None => Ok(()),
        Some(_) => Err(Error::refused(ErrorCode::Forbidden, "A service has no drafts.")),
    }
}
