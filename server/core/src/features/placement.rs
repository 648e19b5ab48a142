//! Where a room stands in a person's own list: pinned, archived, hidden, or among the others.
//!
//! It is a row of the person's, and nobody else notices anything. What is archived or hidden comes back with the next
//! message without any write: the row has the number of the message that was the last one then, so a summary says
//! all there is to know.
//!
//! The room's owner writes the row, so of what a person does on several devices the last counts, whatever nodes these
//! are connected to. The node to which the person is connected tells it: memory there has it when they are answered.

use caffis_schema::{
    Error, ErrorCode, MessageNumber, Reply,
    limits::PINNED_ROOMS,
    open::Empty,
    placement::{Placed, Placement, RoomPlaced, SetPlacement},
};

use crate::{
    call::{Call, Handled, to_the_end},
    errors::not_now,
    peers::questions::{Answered, Question},
    placements::{last_message, placement_of, placements_of},
    ports::store::Batch,
    tables::PlacementRow,
};

/// Puts a room elsewhere in the caller's list, on all their devices.
///
/// # Errors
/// `not_found` for rooms that are not in the caller's list, `forbidden` for services, `limit_reached` beyond
/// [`PINNED_ROOMS`], and what the store says.
pub async fn handle(call: Call, command: SetPlacement) -> Handled {
    let room = command.room;
    call.check_known(room).await?;
    to_the_end(async move {
        let placed = match call.owner_elsewhere(room)? {
            Some((nodes, node)) => {
                let question = Question::Place(call.asker(room), command);
                match nodes.ask(node, &question).await? {
                    Answered::Placed(placed) => placed?,
                    _ => return Err(not_now()),
                }
            }
            None => place_here(&call, command).await?,
        };
        call.services.tell_placed(call.user(), &RoomPlaced { room, placed });
        Ok(Reply::Done(Empty {}))
    })
    .await
}

/// Puts a room of this node elsewhere in the caller's list, and tells nobody. Pinning costs a read of what the person
/// has placed.
///
/// # Errors
/// As [`handle`].
pub(crate) async fn place_here(call: &Call, command: SetPlacement) -> Result<Placed, Error> {
    let SetPlacement { room, placement } = command;
    // Whoever may not know of the room hears first that there is none.
    let last = last_message(call, room).await?;
    if call.service().is_some() {
        let sentence = "A service has no list of rooms.";
        return Err(Error::refused(ErrorCode::Forbidden, sentence));
    }
    let (store, user) = (&*call.services.store, call.user());
    let before = placement_of(store, user, room).await?;
    let number = match placement {
        Placement::Listed => MessageNumber::ZERO,
        Placement::Pinned | Placement::Archived | Placement::Hidden => last,
    };
    let placed = Placed { placement, number };
    if before == placed {
        return Ok(placed);
    }
    let more = placement == Placement::Pinned && before.placement != Placement::Pinned;
    if more && placements_of(store, user).await?.pinned() >= PINNED_ROOMS {
        let sentence = format!("This person has pinned {PINNED_ROOMS} rooms already.");
        return Err(Error::refused(ErrorCode::LimitReached, &sentence));
    }
    let mut batch = Batch::partition(call.owners_stamp(room)?);
    match placement {
        Placement::Listed => batch.delete::<PlacementRow>(PlacementRow::key(user, &room)),
        Placement::Pinned | Placement::Archived | Placement::Hidden => {
            batch.put(&PlacementRow { user: user.clone(), room, placement, number });
        }
    }
    call.write_own(batch, |_, _| ()).await?;
    Ok(placed)
}
