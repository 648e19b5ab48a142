//! What is pinned in a room, as a row: written once its entry is durable, as all rows that follow from one
//! (rule 12).

use std::sync::Arc;

use caffis_schema::{Codec, List, RoomId, codec, limits::PINS, room::PinnedMessage};

use crate::{
    model::room::{Pins, RoomState},
    ports::store::{Batch, Store, StoreError},
    tables::{self, PinsRow},
};

/// What the store has of a room's pins.
pub(super) async fn read(store: &dyn Store, room: RoomId) -> Result<Arc<Pins>, StoreError> {
    let Some(row) = tables::get::<PinsRow>(store, PinsRow::key(&room)).await? else {
        return Ok(Arc::default());
    };
    match codec::decode::<List<PinnedMessage, PINS>>(&row.content, Codec::Binary) {
        Ok(pins) => Ok(Arc::new(Pins { position: row.position, pins: pins.into_vec() })),
        Err(error) => {
            let reason = error.to_string();
            Err(StoreError::Corrupt { table: PinsRow::TABLE.name, reason })
        }
    }
}

/// Adds the row of a room's pins.
pub(super) fn put(batch: &mut Batch, state: &RoomState) {
    let (room, position) = (state.meta.id, state.pins.position);
    match codec::encode(&List::<PinnedMessage, PINS>::cut(state.pins.pins.clone()), Codec::Binary) {
        Ok(content) => batch.put(&PinsRow { room, position, content: content.into() }),
        // They are few, and each came in a frame.
        Err(error) => tracing::error!(%error, room.id = %room, "pins were not encoded"),
    }
}
