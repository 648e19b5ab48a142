//! How people write in a room: slow mode, frozen, announcements only.

use caffis_schema::{
    EntryKind, Error, ErrorCode,
    limits::SLOW_MODE_SECONDS,
    settings::{RoomSettings, SetRoomSettings, SettingsChange},
};

use crate::{
    model::{
        authorise::{ChangeSettings, authorise},
        caller::Caller,
        digest::digest,
        room::RoomState,
    },
    room::{Change, RoomCommand, StepContext},
};

impl RoomCommand for SetRoomSettings {
    fn digest(&self) -> u64 {
        digest(&("settings", self.slow_mode_seconds, self.frozen, self.announcements))
    }

    fn step(
        &self,
        room: &RoomState,
        caller: &Caller,
        _: &StepContext<'_>,
    ) -> Result<Change, Error> {
        let allowed = authorise(caller, room, ChangeSettings)?;
        let before = room.writing.settings;
        let settings = RoomSettings {
            slow_mode_seconds: self.slow_mode_seconds.unwrap_or(before.slow_mode_seconds),
            frozen: self.frozen.unwrap_or(before.frozen),
            announcements: self.announcements.unwrap_or(before.announcements),
        };
        if settings.slow_mode_seconds as usize > SLOW_MODE_SECONDS {
            let sentence = format!("Slow mode has at most {SLOW_MODE_SECONDS} seconds.");
            return Err(Error::refused(ErrorCode::Invalid, &sentence));
        }
        if settings == before {
            return Ok(Change::default());
        }
        let by = allowed.caller().author();
        Ok(Change::from(EntryKind::Settings(SettingsChange { settings, before, by })))
    }
}
