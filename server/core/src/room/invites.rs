//! The invite links of a room as a row, and who was removed from it: written once the entry is durable, as all
//! rows that follow from one (rule 12).

use std::sync::Arc;

use caffis_schema::{
    Codec, Entry, EntryKind, Error, ErrorCode, InviteDigest, List, RoomId, UserId, codec,
    limits::INVITES,
};

use super::rooms::Rooms;
use crate::{
    model::{
        invites::{Link, Links},
        room::RoomState,
    },
    ports::store::{Batch, Store, StoreError},
    tables::{self, InvitesRow, RemovalRow},
};

/// What the store has of a room's links.
pub(super) async fn read(store: &dyn Store, room: RoomId) -> Result<Arc<Links>, StoreError> {
    let Some(row) = tables::get::<InvitesRow>(store, InvitesRow::key(&room)).await? else {
        return Ok(Arc::default());
    };
    match codec::decode::<List<Link, INVITES>>(&row.content, Codec::Binary) {
        Ok(links) => Ok(Arc::new(Links { position: row.position, links: links.into_vec() })),
        Err(error) => {
            let reason = error.to_string();
            Err(StoreError::Corrupt { table: InvitesRow::TABLE.name, reason })
        }
    }
}

/// Adds the row of a room's links.
pub(super) fn put(batch: &mut Batch, state: &RoomState) {
    let (room, position) = (state.meta.id, state.invites.position);
    match codec::encode(&List::<Link, INVITES>::cut(state.invites.links.clone()), Codec::Binary) {
        Ok(content) => batch.put(&InvitesRow { room, position, content: content.into() }),
        // They are few, and each came in a frame.
        Err(error) => tracing::error!(%error, room.id = %room, "invite links were not encoded"),
    }
}

/// Adds who is removed by an entry, or is a member again because somebody added them. In the order of entries the
/// last row of a person counts.
pub(super) fn put_removal(batch: &mut Batch, state: &RoomState, entry: &Entry) {
    if !state.meta.is_group() {
        return;
    }
    let room = state.meta.id;
    match &entry.kind {
        EntryKind::Left(left) if left.by.as_ref() != Some(&left.user) => {
            let (user, by) = (left.user.clone(), left.by.clone());
            batch.put(&RemovalRow { room, user, by, time: entry.time });
        }
        EntryKind::Joined(joined) if joined.invite.is_none() => {
            for user in &joined.users {
                batch.delete::<RemovalRow>(RemovalRow::key(&room, user));
            }
        }
        _ => {}
    }
}

/// Whether a room has a link, as the store knows: nothing else is read for somebody who may be a stranger.
///
/// # Errors
/// The store's.
pub(super) async fn has(
    store: &dyn Store,
    room: RoomId,
    digest: InviteDigest,
) -> Result<bool, StoreError> {
    Ok(read(store, room).await?.find(digest).is_some())
}

impl Rooms {
    /// Whether a room has a link.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn has_invite(
        &self,
        room: RoomId,
        digest: InviteDigest,
    ) -> Result<bool, Error> {
        Ok(has(&*self.store, room, digest).await?)
    }

    /// Whether a person who is not a member may come by a link of somebody.
    ///
    /// # Errors
    /// `removed` for whom somebody removed from the room, `forbidden` where one of the two keeps the other away,
    /// `limit_reached` for who is in too many rooms, and what the store says.
    pub(crate) async fn check_invited(
        &self,
        room: RoomId,
        user: &UserId,
        by: &UserId,
    ) -> Result<(), Error> {
        let removal = RemovalRow::key(&room, user);
        if tables::get::<RemovalRow>(&*self.store, removal).await?.is_some() {
            let sentence = "Someone who was removed can only be added back by a member.";
            return Err(Error::refused(ErrorCode::Removed, sentence));
        }
        self.check_newcomers(std::slice::from_ref(user), by, false).await
    }
}
