//! What a room is called, what it is for, and what later members see.

use caffis_schema::{
    EntryKind, Error, Text,
    info::{InfoChange, SetRoomInfo},
    limits::DESCRIPTION_BYTES,
    room::HistoryPolicy,
};

use crate::{
    model::{
        authorise::{ChangeInfo, authorise},
        caller::Caller,
        digest::digest,
        info::check_history,
        room::RoomState,
        text,
    },
    room::{Change, RoomCommand, StepContext},
};

impl RoomCommand for SetRoomInfo {
    fn digest(&self) -> u64 {
        digest(&("info", &self.name, &self.description, self.history))
    }

    fn text_bytes(&self) -> usize {
        let name = self.name.as_ref().map_or(0, |name| name.len());
        // The entry has what was before, too.
        2 * (name + DESCRIPTION_BYTES)
    }

    fn last_messages(&self, room: &RoomState, caller: &Caller) -> usize {
        match self.history {
            Some(HistoryPolicy::Last(count))
                if check_history(HistoryPolicy::Last(count)).is_ok()
                    && authorise(caller, room, ChangeInfo).is_ok() =>
            {
                count as usize
            }
            _ => 0,
        }
    }

    fn step(
        &self,
        room: &RoomState,
        caller: &Caller,
        _: &StepContext<'_>,
    ) -> Result<Change, Error> {
        let allowed = authorise(caller, room, ChangeInfo)?;
        let before = room.meta.info();
        let mut info = before.clone();
        if let Some(name) = &self.name {
            text::check_name(name)?;
            info.name = Some(name.clone());
        }
        if let Some(description) = &self.description {
            let description: Text<DESCRIPTION_BYTES> = text::with_line_feeds(description);
            text::check_remark(&description)?;
            info.description = (!text::is_blank(&description)).then_some(description);
        }
        if let Some(history) = self.history {
            check_history(history)?;
            info.history = history;
        }
        if info == before {
            return Ok(Change::default());
        }
        let by = allowed.caller().author();
        Ok(Change::from(EntryKind::Info(InfoChange { info, before, by })))
    }
}
