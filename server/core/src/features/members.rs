//! Adding and removing members, roles, leaving, and the list of members.

use std::{collections::BTreeSet, ops::Bound};

use caffis_schema::{
    EntryKind, Error, ErrorCode, List, Reply, RoomId, UserId,
    command::{AddMembers, Leave, Members, RemoveMember, SetRole},
    event::{Joined, Left, RoleChange},
    limits::PAGE_MEMBERS,
    reply::MemberPage,
    room::{Member, Role},
};

use crate::{
    model::{
        actor::Actor,
        authorise::{self, Read, authorise},
        room::RoomState,
    },
    room::{Change, RoomCommand, StepContext, read_error},
    services::{Asker, Handled},
};

/// The pure step of adding; `checked` is what was found about the new members.
///
/// # Errors
/// Who may not, and too many members.
pub fn add(
    room: &RoomState,
    actor: &Actor,
    add: &AddMembers,
    checked: &Result<(), Error>,
    context: &StepContext<'_>,
) -> Result<Change, Error> {
    let allowed = authorise(actor, room, authorise::AddMembers)?;
    let new: BTreeSet<&UserId> =
        add.users.iter().filter(|user| room.member(user).is_none()).collect();
    if new.is_empty() {
        return Ok(Change::default());
    }
    checked.clone()?;
    if room.members.len() + new.len() > context.settings.members_per_room as usize {
        let sentence = "This room cannot take so many members.";
        return Err(Error::refused(ErrorCode::LimitReached, sentence));
    }
    let users = List::cut(new.into_iter().cloned().collect());
    let joined = EntryKind::Joined(Joined {
        users,
        by: allowed.actor().author(),
        visible_after: room.visible_to_new(),
    });
    Ok(Change { entries: vec![joined] })
}

/// The pure step of removing.
///
/// # Errors
/// Who may not, and the last owner.
pub fn remove(room: &RoomState, actor: &Actor, remove: &RemoveMember) -> Result<Change, Error> {
    let wanted = authorise::RemoveMember { user: remove.user.clone() };
    let allowed = authorise(actor, room, wanted)?;
    let by = allowed.actor().author();
    gone(room, &allowed.into_action().user, by)
}

/// The pure step of leaving.
///
/// # Errors
/// The last owner.
pub fn leave(room: &RoomState, actor: &Actor, _: &Leave) -> Result<Change, Error> {
    let allowed = authorise(actor, room, authorise::Leave)?;
    let user = allowed.actor().user.clone();
    gone(room, &user, Some(user.clone()))
}

fn gone(room: &RoomState, user: &UserId, by: Option<UserId>) -> Result<Change, Error> {
    if room.member(user).is_none() {
        return Ok(Change::default());
    }
    keep_an_admin(room, user, None)?;
    let left = EntryKind::Left(Left { user: user.clone(), by });
    Ok(Change { entries: vec![left] })
}

/// The pure step of changing a role.
///
/// # Errors
/// Who may not, who is no member, and the last owner.
pub fn set_role(room: &RoomState, actor: &Actor, set: &SetRole) -> Result<Change, Error> {
    let wanted = authorise::SetRole { user: set.user.clone(), role: set.role };
    let allowed = authorise(actor, room, wanted)?;
    let by = allowed.actor().author();
    let authorise::SetRole { user, role } = allowed.into_action();
    let member = room.member(&user).ok_or_else(|| {
        Error::refused(ErrorCode::NotFound, "This person is not a member of the room.")
    })?;
    if member.role == role {
        return Ok(Change::default());
    }
    keep_an_admin(room, &user, Some(role))?;
    let change = EntryKind::Role(RoleChange { user, role, by });
    Ok(Change { entries: vec![change] })
}

/// A room that has someone in charge keeps someone in charge, as long as anybody is left.
fn keep_an_admin(room: &RoomState, user: &UserId, role: Option<Role>) -> Result<(), Error> {
    let in_charge = |member_role: Role| member_role >= Role::Admin;
    let was = room.member(user).is_some_and(|member| in_charge(member.role));
    if !was || role.is_some_and(in_charge) {
        return Ok(());
    }
    let others = room.members.iter().filter(|(other, _)| *other != user);
    let mut alone = true;
    for (_, member) in others {
        if in_charge(member.role) {
            return Ok(());
        }
        alone = false;
    }
    if alone && role.is_none() {
        return Ok(());
    }
    let sentence = "Make somebody else an owner or an admin first.";
    Err(Error::refused(ErrorCode::LastAdmin, sentence))
}

/// Adds members, if all of them are known and may be in one more room.
///
/// # Errors
/// Who is not known, and what the step says.
pub async fn handle_add(asker: Asker, add: AddMembers) -> Handled {
    let checked = asker.services.check_people(&add.users).await;
    own(&asker, add.room, RoomCommand::AddMembers(add, checked)).await
}

/// Gives a membership command to the room's owner.
pub fn own(
    asker: &Asker,
    room: RoomId,
    command: RoomCommand,
) -> impl Future<Output = Handled> + Send + 'static + use<> {
    let answer = asker.services.rooms.command(room, asker.actor(room), command);
    async move { Ok(Reply::Appended(answer.await?.appended)) }
}

/// A page of the members.
///
/// # Errors
/// Who may not know of the room, and what the store says.
pub async fn handle_list(asker: Asker, command: Members) -> Handled {
    let services = &asker.services;
    let cell = services.rooms.loaded(command.room).await?;
    let state = cell.state().ok_or_else(authorise::no_such_room)?;
    authorise(&asker.actor(command.room), &state, Read)?;
    let from = match &command.after {
        Some(user) => Bound::Excluded(user),
        None => Bound::Unbounded,
    };
    let limit = usize::from(command.limit).clamp(1, PAGE_MEMBERS);
    let mut following = state.members.range::<UserId, _>((from, Bound::Unbounded));
    let small = state.is_small(services.settings.small_room_members);
    let now = services.clock.now();
    let mut members = Vec::new();
    let page: Vec<_> = following.by_ref().take(limit).collect();
    // Brings the profiles into memory.
    let found = services.directory.find_all(page.iter().map(|(user, _)| *user)).await;
    found.map_err(|e| read_error(&e))?;
    for (user, member) in page {
        members.push(Member {
            profile: services.directory.peek(user),
            role: member.role,
            joined: member.joined,
            presence: small.then(|| services.directory.presence(&services.people, user, now)),
        });
    }
    let more = following.next().is_some();
    Ok(Reply::Members(MemberPage { members: List::cut(members), more }))
}
