//! How people write in a room, as a row: written once its entry is durable, as all rows that follow from one
//! (rule 12).

use std::sync::Arc;

use caffis_schema::{RoomId, settings::RoomSettings};

use crate::{
    model::{room::RoomState, writing::Writing},
    ports::store::{Batch, Store, StoreError},
    tables::{self, RoomSettingsRow},
};

/// How the store has it.
pub(super) async fn read(store: &dyn Store, room: RoomId) -> Result<Arc<Writing>, StoreError> {
    let row = tables::get::<RoomSettingsRow>(store, RoomSettingsRow::key(&room)).await?;
    let Some(row) = row else { return Ok(Arc::default()) };
    let RoomSettingsRow { position, slow_mode_seconds, frozen, announcements, .. } = row;
    let slow_mode_seconds = u32::try_from(slow_mode_seconds).map_err(|_| StoreError::Corrupt {
        table: RoomSettingsRow::TABLE.name,
        reason: format!("slow mode of {slow_mode_seconds} s"),
    })?;
    let settings = RoomSettings { slow_mode_seconds, frozen, announcements };
    Ok(Arc::new(Writing::stored(position, settings)))
}

/// Adds the row of a room's settings.
pub(super) fn put(batch: &mut Batch, state: &RoomState) {
    let RoomSettings { slow_mode_seconds, frozen, announcements } = state.writing.settings;
    batch.put(&RoomSettingsRow {
        room: state.meta.id,
        position: state.writing.position,
        slow_mode_seconds: u64::from(slow_mode_seconds),
        frozen,
        announcements,
    });
}
