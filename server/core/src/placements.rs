//! Where a person has put rooms in their list: in the store, for who is not connected here, and told to their
//! sessions on every node.

use std::sync::Arc;

use caffis_schema::{
    Error, Event, MessageNumber, RoomId, UserId,
    placement::{Placed, Placement, RoomPlaced},
};

use crate::{
    call::{Call, Entered},
    hub::{encoded::Encoded, placements::RoomPlaces},
    model::authorise::{ReadState, no_such_room},
    ports::store::{Batch, Store, StoreError},
    services::Services,
    tables::{self, PlacementRow},
};

/// Rooms of one person that are read: as many as a server can let anybody be in. The row of a room goes when they
/// leave it.
const ROWS: usize = 10_000;

/// Where a person has put rooms, as the store has it.
///
/// # Errors
/// What the store says.
pub(crate) async fn placements_of(
    store: &dyn Store,
    user: &UserId,
) -> Result<RoomPlaces, StoreError> {
    let rows =
        tables::partition::<PlacementRow>(store, PlacementRow::partition(user), ROWS).await?;
    let mut places = RoomPlaces::default();
    for PlacementRow { room, placement, number, .. } in rows {
        places.insert(room, Placed { placement, number });
    }
    Ok(places)
}

/// Where a person has put a room, as the store has it.
///
/// # Errors
/// What the store says.
pub(crate) async fn placement_of(
    store: &dyn Store,
    user: &UserId,
    room: RoomId,
) -> Result<Placed, StoreError> {
    let row = tables::get::<PlacementRow>(store, PlacementRow::key(user, &room)).await?;
    let placed = |PlacementRow { placement, number, .. }| Placed { placement, number };
    Ok(row.map(placed).unwrap_or_default())
}

/// Where a person has put rooms, from memory for who is connected here.
///
/// # Errors
/// What the store says.
pub(crate) async fn known_of(
    services: &Services,
    user: &UserId,
) -> Result<Arc<RoomPlaces>, StoreError> {
    match services.people.placements().of(user) {
        Some(known) => Ok(known),
        None => Ok(placements_of(&*services.store, user).await?.into()),
    }
}

/// The number of the last message of a room of this node that the caller has in their list.
///
/// # Errors
/// `not_found` for other rooms, and why the owner cannot say.
pub(crate) async fn last_message(call: &Call, room: RoomId) -> Result<MessageNumber, Error> {
    let Entered { state, .. } = call.enter(room, ReadState).await?;
    if call.service().is_none() && state.member(call.user()).is_none() {
        return Err(no_such_room());
    }
    Ok(state.number)
}

/// Takes a room out of the archive for good if a message has brought it back already: its person is about to mute it,
/// and would otherwise find it archived, because messages leave a muted room there.
///
/// # Errors
/// What the store says.
pub(crate) async fn list_again(
    call: &Call,
    room: RoomId,
    last: MessageNumber,
) -> Result<(), Error> {
    let user = call.user();
    let placed = placement_of(&*call.services.store, user, room).await?;
    if placed.placement != Placement::Archived || last <= placed.number {
        return Ok(());
    }
    let mut batch = Batch::partition(call.owners_stamp(room)?);
    batch.delete::<PlacementRow>(PlacementRow::key(user, &room));
    let told = RoomPlaced { room, placed: Placed::default() };
    call.write_own(batch, move |services, user| services.tell_placed(user, &told)).await
}

impl Services {
    /// A person has put a room elsewhere in their list: tells their sessions on every node.
    pub(crate) fn tell_placed(&self, user: &UserId, placed: &RoomPlaced) {
        self.set_placed(user, placed);
        if let Some(nodes) = &self.nodes {
            nodes.publish_placed(user, placed);
        }
    }

    /// Takes in where a person has put a room, and tells their sessions on this node if it is news to them.
    pub(crate) fn set_placed(&self, user: &UserId, placed: &RoomPlaced) {
        if !self.people.placements().set(user, placed) {
            return;
        }
        let event = Encoded::event(Event::Placed(*placed));
        for session in self.people.sessions(user) {
            session.outbound.notice(&event);
        }
    }
}
