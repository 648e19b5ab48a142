//! The rows of other tables that follow from who is in a room: the members, and each person's list.

use caffis_schema::{EntryKind, RoomId, UserId};

use crate::{
    model::room::{Members, Membership, RoomState},
    ports::store::Batch,
    tables::{MarkerRow, MemberRow, PlacementRow, UserRoomRow},
};

/// The rows of everyone whose membership changed.
pub(super) fn membership_rows(batch: &mut Batch, state: &RoomState, before: &Members) {
    for (user, member) in state.members.iter() {
        if before.get(user) == Some(member) {
            continue;
        }
        put_member(batch, state, user, member);
    }
    for user in before.keys().filter(|user| !state.members.contains_key(*user)) {
        delete_member(batch, state.meta.id, user);
    }
}

/// Whom an entry brings into a room, takes out of it, or changes in it.
pub(super) fn named(kind: &EntryKind) -> &[UserId] {
    match kind {
        EntryKind::Created(created) => &created.members,
        EntryKind::Joined(joined) => &joined.users,
        EntryKind::Left(left) => std::slice::from_ref(&left.user),
        EntryKind::Role(change) => std::slice::from_ref(&change.user),
        EntryKind::Context(_)
        | EntryKind::Message(_)
        | EntryKind::Edited(_)
        | EntryKind::Deleted(_)
        | EntryKind::Reacted(_)
        | EntryKind::Tallied(_)
        | EntryKind::Pinned(_)
        | EntryKind::Settings(_)
        | EntryKind::Info(_)
        | EntryKind::InviteMade(_)
        | EntryKind::InviteRevoked(_)
        | EntryKind::Unknown(_) => &[],
    }
}

/// The rows of a person as they are in a room now, whatever the store has of them.
pub(super) fn rows_of(batch: &mut Batch, state: &RoomState, user: &UserId) {
    match state.member(user) {
        Some(member) => put_member(batch, state, user, member),
        None => delete_member(batch, state.meta.id, user),
    }
}

fn put_member(batch: &mut Batch, state: &RoomState, user: &UserId, member: &Membership) {
    let room = state.meta.id;
    batch.put(&MemberRow::new(room, user.clone(), member));
    batch.put(&UserRoomRow {
        user: user.clone(),
        room,
        joined: member.joined,
        peer: state.peer_of(user).cloned(),
    });
}

fn delete_member(batch: &mut Batch, room: RoomId, user: &UserId) {
    batch.delete::<MemberRow>(MemberRow::key(&room, user));
    batch.delete::<UserRoomRow>(UserRoomRow::key(user, &room));
    batch.delete::<MarkerRow>(MarkerRow::key(&room, user));
    batch.delete::<PlacementRow>(PlacementRow::key(user, &room));
}
