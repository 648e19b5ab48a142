//! What another service tells.

use caffis_schema::{RoomId, Timestamp, hooks::HookEvent};
use serde::{Deserialize, Serialize};

use super::{digest::digest, room::direct_context};

/// A webhook whose sender is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The name of the source.
    pub source: String,
    /// Its `webhook-id`.
    pub id: String,
    /// When it happened.
    pub time: Timestamp,
    /// What happened.
    pub event: HookEvent,
}

impl Delivery {
    /// What the event is about.
    #[must_use]
    pub fn about(&self) -> String {
        if let Some(user) = self.event.user() {
            return format!("user {user}");
        }
        if let Some(event) = self.event.relationship() {
            // The same whoever of the two acts.
            let context = direct_context(&event.user, &event.other);
            return format!("pair {}", context.id);
        }
        self.event.context().map(|(kind, id)| format!("{kind} {}", &**id)).unwrap_or_default()
    }

    /// The place of what it is about among the shards. There is no such room.
    #[must_use]
    pub fn place(&self) -> RoomId {
        RoomId::from_random(digest(&self.about()))
    }
}
