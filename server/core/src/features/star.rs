//! Starring messages, to find them again: for oneself alone, on all devices.
//!
//! The room's owner writes the row, so of what a person does on several devices the last counts, whatever nodes these
//! are connected to.

use caffis_schema::{
    Error, ErrorCode, Reply,
    command::Star,
    event::{Flag, Flagged},
    limits::STARRED_MESSAGES,
    open::Empty,
};

use crate::{
    call::{Call, Handled},
    flags::stars_of,
    previews,
    room::message_deleted,
    tables::FlagRow,
};

/// Stars a message for the caller, or takes that back. Costs a read of their stars.
///
/// # Errors
/// `not_found` for what the caller does not see, unless it was starred before; `deleted`; `forbidden` for services,
/// `limit_reached` beyond [`STARRED_MESSAGES`], and what the store says.
pub async fn handle(call: Call, command: Star) -> Handled {
    let Star { room, position, star: on } = command;
    if call.service().is_some() {
        // Whoever may not know of the room hears first that there is none.
        previews::one(&call, room, position).await?;
        let sentence = "A service stars nothing.";
        return Err(Error::refused(ErrorCode::Forbidden, sentence));
    }
    let (services, user) = (&call.services, call.user().clone());
    let stars = stars_of(&*services.store, &user).await?;
    let known = stars.iter().find(|star| (star.room, star.position) == (room, position));
    let number = match (known, on) {
        // It may be one of a room that they have left.
        (Some(star), false) => star.number,
        (None, true) => {
            let found = previews::one(&call, room, position).await?;
            if found.preview.deleted {
                return Err(message_deleted());
            }
            if stars.len() >= STARRED_MESSAGES {
                let sentence =
                    format!("This person has starred {STARRED_MESSAGES} messages already.");
                return Err(Error::refused(ErrorCode::LimitReached, &sentence));
            }
            found.preview.number
        }
        (Some(_), true) => return Ok(Reply::Done(Empty {})),
        (None, false) => {
            previews::one(&call, room, position).await?;
            return Ok(Reply::Done(Empty {}));
        }
    };
    let (kind, time) = (FlagRow::STARRED.into(), services.clock.now());
    let row = FlagRow { user, kind, room, position, number, time };
    let flagged = Flagged { room, position, number, flag: Flag::Starred(Empty {}), on };
    call.flag(call.owners_stamp(room)?, row, flagged).await?;
    Ok(Reply::Done(Empty {}))
}
