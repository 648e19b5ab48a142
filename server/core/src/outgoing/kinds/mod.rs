//! The kinds of events: what follows from an entry of a room. One small file for each group of kinds.

mod changes;
mod members;
mod messages;
mod rooms;

use std::sync::Arc;

use caffis_schema::{
    Entry, EntryKind,
    outgoing::{About, ChatEvent},
};

pub(super) use self::messages::words;
use crate::{model::room::RoomState, services::Services};

/// What an event is made from.
pub(super) struct Source<'a> {
    pub(super) services: &'a Services,
    /// The room as it is now.
    pub(super) state: &'a RoomState,
    pub(super) entry: &'a Arc<Entry>,
    /// The most bytes of a preview.
    pub(super) preview_bytes: usize,
}

impl Source<'_> {
    /// The room.
    pub(super) fn about(&self) -> About {
        let meta = &self.state.meta;
        About {
            id: meta.id,
            class: meta.class,
            context: meta.context.clone(),
            name: self.state.name().cloned(),
        }
    }

    /// The kind of the event that follows from the entry; none if there is none.
    pub(super) fn kind(&self) -> Option<&'static str> {
        match &self.entry.kind {
            EntryKind::Created(_) => Some("room.created"),
            // Nobody is told of what was said long ago.
            EntryKind::Message(message) if message.imported().is_some() => None,
            EntryKind::Message(_) => Some("chat.message.created"),
            EntryKind::Joined(_) => Some("member.joined"),
            EntryKind::Left(_) => Some("member.left"),
            EntryKind::Context(_) => Some("room.context.updated"),
            EntryKind::Edited(_) => Some("chat.message.edited"),
            EntryKind::Deleted(_) => Some("chat.message.deleted"),
            EntryKind::Role(_)
            | EntryKind::Reacted(_)
            | EntryKind::Tallied(_)
            | EntryKind::Pinned(_)
            | EntryKind::Settings(_)
            | EntryKind::Info(_)
            | EntryKind::InviteMade(_)
            | EntryKind::InviteRevoked(_)
            | EntryKind::Unknown(_) => None,
        }
    }

    /// The event.
    pub(super) async fn event(&self) -> Option<ChatEvent> {
        let position = self.entry.position;
        Some(match &self.entry.kind {
            EntryKind::Created(created) => rooms::created(self.about(), position, created),
            EntryKind::Message(message) if message.imported().is_some() => return None,
            EntryKind::Message(message) => messages::created(self, message).await,
            EntryKind::Joined(joined) => members::joined(self.about(), position, joined),
            EntryKind::Left(left) => members::left(self.about(), position, left),
            EntryKind::Context(card) => rooms::updated(self.about(), position, card),
            EntryKind::Edited(edited) => {
                changes::edited((self.about(), position), edited, self.preview_bytes)
            }
            EntryKind::Deleted(deleted) => changes::deleted(self.about(), position, deleted),
            EntryKind::Role(_)
            | EntryKind::Reacted(_)
            | EntryKind::Tallied(_)
            | EntryKind::Pinned(_)
            | EntryKind::Settings(_)
            | EntryKind::Info(_)
            | EntryKind::InviteMade(_)
            | EntryKind::InviteRevoked(_)
            | EntryKind::Unknown(_) => return None,
        })
    }
}
