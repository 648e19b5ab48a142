//! What a room is about, as a row: written once its entry is durable, as all rows that follow from one
//! (rule 12).

use std::sync::Arc;

use caffis_schema::{Codec, RoomId, codec, room::Card};

use crate::{
    model::room::RoomState,
    ports::store::{Batch, Store, StoreError},
    tables::{self, CardRow},
};

/// The card that the store has of a room.
pub(super) async fn read(store: &dyn Store, room: RoomId) -> Result<Option<Arc<Card>>, StoreError> {
    let Some(row) = tables::get::<CardRow>(store, CardRow::key(&room)).await? else {
        return Ok(None);
    };
    match codec::decode(&row.content, Codec::Binary) {
        Ok(card) => Ok(Some(Arc::new(card))),
        Err(error) => {
            let reason = error.to_string();
            Err(StoreError::Corrupt { table: CardRow::TABLE.name, reason })
        }
    }
}

/// Adds the row of a room's card, if it has one.
pub(super) fn put(batch: &mut Batch, state: &RoomState) {
    let Some(card) = &state.card else { return };
    match codec::encode(&**card, Codec::Binary) {
        Ok(content) => batch.put(&CardRow { room: state.meta.id, content: content.into() }),
        // It came in a frame, and was encoded as an entry.
        Err(error) => tracing::error!(%error, room.id = %state.meta.id, "a card was not encoded"),
    }
}
