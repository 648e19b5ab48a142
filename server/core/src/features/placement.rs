//! Where a room stands in a person's own list: pinned, archived, hidden, or among the others.
//!
//! It is a row of the person's, and nobody else notices anything. What is archived or hidden comes back with the next
//! message without any write: the row has the number of the message that was the last one then, so a summary says
//! all there is to know.

use caffis_schema::{
    Error, ErrorCode, MessageNumber, Reply,
    limits::PINNED_ROOMS,
    open::Empty,
    placement::{Placed, Placement, RoomPlaced, SetPlacement},
};

use crate::{
    call::{Call, Handled},
    placements::{known_of, last_message, placement_of},
    ports::store::{Batch, StoreError},
    tables::PlacementRow,
};

/// Puts a room elsewhere in the caller's list, on all their devices.
///
/// # Errors
/// `not_found` for rooms that are not in the caller's list, `forbidden` for services, `limit_reached` beyond
/// [`PINNED_ROOMS`], and what the store says.
pub async fn handle(call: Call, command: SetPlacement) -> Handled {
    let SetPlacement { room, placement } = command;
    // Whoever may not know of the room hears first that there is none.
    let last = last_message(&call, room).await?;
    if call.service().is_some() {
        let sentence = "A service has no list of rooms.";
        return Err(Error::refused(ErrorCode::Forbidden, sentence));
    }
    let user = call.user();
    // What this node has in memory may be old: news of what another one wrote can be lost.
    let before = placement_of(&*call.services.store, user, room).await?;
    let number = match placement {
        Placement::Listed => MessageNumber::ZERO,
        Placement::Pinned | Placement::Archived | Placement::Hidden => last,
    };
    let placed = Placed { placement, number };
    let known = known_of(&call.services, user).await?;
    if before == placed && known.of(room) == placed {
        return Ok(Reply::Done(Empty {}));
    }
    let more = placement == Placement::Pinned && before.placement != Placement::Pinned;
    if more && known.pinned() >= PINNED_ROOMS && !known.is_pinned(room) {
        let sentence = format!("This person has pinned {PINNED_ROOMS} rooms already.");
        return Err(Error::refused(ErrorCode::LimitReached, &sentence));
    }
    let mut batch = Batch::partition(call.services.stamps.next().map_err(StoreError::from)?);
    match placement {
        Placement::Listed => batch.delete::<PlacementRow>(PlacementRow::key(user, &room)),
        Placement::Pinned | Placement::Archived | Placement::Hidden => {
            batch.put(&PlacementRow { user: user.clone(), room, placement, number });
        }
    }
    let told = RoomPlaced { room, placed };
    call.write_own(batch, move |services, user| services.tell_placed(user, &told)).await?;
    Ok(Reply::Done(Empty {}))
}
