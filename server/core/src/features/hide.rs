//! Deleting a message for oneself alone.
//!
//! It is a row of the person's, and nobody else notices anything. What they do not see any more is taken out
//! of every answer to them (`hub/hidden.rs`), and told to all their sessions.

use caffis_schema::{
    Error, ErrorCode, Reply,
    command::Hide,
    event::{Flag, Flagged},
    limits::HIDDEN_MESSAGES,
    open::Empty,
};

use crate::{
    call::{Call, Handled},
    flags::hidden_of,
    ports::store::StoreError,
    previews,
    tables::FlagRow,
};

/// Hides a message from the caller, on all their devices.
///
/// # Errors
/// `not_found` for what the caller does not see, `forbidden` for services, `limit_reached` beyond
/// [`HIDDEN_MESSAGES`], and what the store says.
pub async fn handle(call: Call, command: Hide) -> Handled {
    let Hide { room, position } = command;
    // Whoever may not know of the room hears first that there is none.
    let number = previews::one(&call, room, position).await?.preview.number;
    if call.service().is_some() {
        let sentence = "A service hides nothing from itself.";
        return Err(Error::refused(ErrorCode::Forbidden, sentence));
    }
    let (services, user) = (&call.services, call.user());
    let known = match services.people.hidden().of(user) {
        Some(known) => known,
        None => hidden_of(&*services.store, user).await?.into(),
    };
    if known.has(room, position) {
        return Ok(Reply::Done(Empty {}));
    }
    if known.count() >= HIDDEN_MESSAGES {
        let sentence = format!("This person has hidden {HIDDEN_MESSAGES} messages already.");
        return Err(Error::refused(ErrorCode::LimitReached, &sentence));
    }
    let row = FlagRow {
        user: user.clone(),
        kind: FlagRow::HIDDEN.into(),
        room,
        position,
        number,
        time: services.clock.now(),
    };
    let flagged = Flagged { room, position, number, flag: Flag::Hidden(Empty {}), on: true };
    let stamp = services.stamps.unowned().map_err(StoreError::from)?;
    call.flag(stamp, row, flagged).await?;
    Ok(Reply::Done(Empty {}))
}
