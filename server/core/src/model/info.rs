//! What of a room its admins can change: its name, what it is for, and what later members see.

use std::sync::Arc;

use caffis_schema::{Error, ErrorCode, Position, info::RoomInfo, room::HistoryPolicy};

use super::room::{RoomMeta, RoomState};

impl RoomMeta {
    /// What of it can change.
    #[must_use]
    pub fn info(&self) -> RoomInfo {
        let Self { name, description, history, .. } = self;
        RoomInfo { name: name.clone(), description: description.clone(), history: *history }
    }
}

impl RoomState {
    /// Takes what an entry says of the room, unless the store has something later than a log that is read again.
    pub(crate) fn describe(&mut self, position: Position, info: &RoomInfo) {
        if position > self.meta.changed {
            let RoomInfo { name, description, history } = info.clone();
            let meta = (*self.meta).clone();
            let changed = position;
            self.meta = Arc::new(RoomMeta { name, description, history, changed, ..meta });
            if self.messages_known() >= self.messages_wanted {
                self.messages_wanted = 0;
            }
        }
    }
}

/// New members can be shown as many messages as a room keeps in memory.
///
/// # Errors
/// `invalid` for more.
pub(crate) fn check_history(history: HistoryPolicy) -> Result<(), Error> {
    match history {
        HistoryPolicy::Last(0 | 101..) => {
            Err(Error::refused(ErrorCode::Invalid, "The last 1 to 100 messages can be shown."))
        }
        _ => Ok(()),
    }
}
