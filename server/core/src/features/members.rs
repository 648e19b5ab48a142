//! Adding and removing members, roles, handing over, leaving, and the list of members.

use std::{collections::BTreeSet, ops::Bound};

use caffis_schema::{
    EntryKind, Error, ErrorCode, List, Reply, Timestamp, UserId,
    command::{AddMembers, Leave, Members, RemoveMember, SetRole, TransferOwnership},
    event::{Joined, Left, RoleChange},
    limits::PAGE_MEMBERS,
    reply::MemberPage,
    room::{Member, Role, RoomClass},
};

use crate::{
    call::{Call, Entered, Handled},
    model::{
        authorise::{self, ReadState, authorise},
        caller::Caller,
        digest::digest,
        room::{Membership, RoomState},
    },
    room::{Change, RoomCommand, StepContext},
    services::Services,
};

impl RoomCommand for AddMembers {
    fn digest(&self) -> u64 {
        digest(&("add", &self.users))
    }

    fn members(&self) -> usize {
        self.users.len()
    }

    fn newcomers(&self, room: &RoomState, caller: &Caller) -> Result<Vec<UserId>, Error> {
        authorise(caller, room, authorise::AddMembers)?;
        Ok(newcomers(self, room))
    }

    fn step(
        &self,
        room: &RoomState,
        caller: &Caller,
        context: &StepContext<'_>,
    ) -> Result<Change, Error> {
        let allowed = authorise(caller, room, authorise::AddMembers)?;
        let users = newcomers(self, room);
        if users.is_empty() {
            return Ok(Change::default());
        }
        if room.members.len() + users.len() > context.settings.members_per_room as usize {
            let sentence = "This room cannot take so many members.";
            return Err(Error::refused(ErrorCode::LimitReached, sentence));
        }
        Ok(Change::from(EntryKind::Joined(Joined {
            users: List::cut(users),
            by: allowed.caller().author(),
            visible_after: room.visible_to_new(),
            invite: None,
        })))
    }
}

/// The people whom a command adds and who are not members yet, each once.
fn newcomers(add: &AddMembers, room: &RoomState) -> Vec<UserId> {
    let new: BTreeSet<&UserId> =
        add.users.iter().filter(|user| room.member(user).is_none()).collect();
    new.into_iter().cloned().collect()
}

impl RoomCommand for RemoveMember {
    fn digest(&self) -> u64 {
        digest(&("remove", &self.user))
    }

    fn members(&self) -> usize {
        // The person who goes, and who owns the room then.
        2
    }

    fn step(
        &self,
        room: &RoomState,
        caller: &Caller,
        _: &StepContext<'_>,
    ) -> Result<Change, Error> {
        let wanted = authorise::RemoveMember { user: self.user.clone() };
        let allowed = authorise(caller, room, wanted)?;
        let by = allowed.caller().author();
        remove(room, &allowed.into_action().user, by)
    }
}

impl RoomCommand for Leave {
    fn digest(&self) -> u64 {
        digest(&"leave")
    }

    fn members(&self) -> usize {
        // The person who goes, and who owns the room then.
        2
    }

    fn step(
        &self,
        room: &RoomState,
        caller: &Caller,
        _: &StepContext<'_>,
    ) -> Result<Change, Error> {
        let allowed = authorise(caller, room, authorise::Leave)?;
        let user = allowed.caller().user.clone();
        remove(room, &user, Some(user.clone()))
    }
}

fn remove(room: &RoomState, user: &UserId, by: Option<UserId>) -> Result<Change, Error> {
    if room.member(user).is_none() {
        return Ok(Change::default());
    }
    keep_an_admin(room, user, None)?;
    let mut entries = Vec::new();
    if is_last_owner(room, user)
        && let Some(next) = successor(room, user)
    {
        let change = RoleChange { user: next.clone(), role: Role::Owner, by: by.clone() };
        entries.push(EntryKind::Role(change));
    }
    entries.push(EntryKind::Left(Left { user: user.clone(), by }));
    Ok(Change { entries, choices: None })
}

/// Whether somebody owns a room, and nobody else does.
fn is_last_owner(room: &RoomState, user: &UserId) -> bool {
    let owns = |member: &Membership| member.role == Role::Owner;
    let others = || room.members.iter().any(|(other, member)| other != user && owns(member));
    room.member(user).is_some_and(owns) && !others()
}

/// Who owns a room once its last owner goes: the admin who has been in it for the longest time.
fn successor<'a>(room: &'a RoomState, owner: &UserId) -> Option<&'a UserId> {
    let admins = room.members.iter().filter(|(_, member)| member.role == Role::Admin);
    let others = admins.filter(|(user, _)| *user != owner);
    others.min_by_key(|(_, member)| member.joined_position).map(|(user, _)| user)
}

impl RoomCommand for TransferOwnership {
    fn digest(&self) -> u64 {
        digest(&("transfer", &self.user))
    }

    fn members(&self) -> usize {
        2
    }

    fn step(
        &self,
        room: &RoomState,
        caller: &Caller,
        _: &StepContext<'_>,
    ) -> Result<Change, Error> {
        let allowed = authorise(caller, room, authorise::Transfer)?;
        let from = &allowed.caller().user;
        if self.user == *from {
            let sentence = "This person owns the room already.";
            return Err(Error::refused(ErrorCode::Invalid, sentence));
        }
        let member = room.member(&self.user).ok_or_else(not_a_member)?;
        let by = allowed.caller().author();
        let change = |user: &UserId, role| {
            EntryKind::Role(RoleChange { user: user.clone(), role, by: by.clone() })
        };
        let mut entries = Vec::new();
        if member.role != Role::Owner {
            entries.push(change(&self.user, Role::Owner));
        }
        entries.push(change(from, Role::Admin));
        Ok(Change { entries, choices: None })
    }
}

fn not_a_member() -> Error {
    Error::refused(ErrorCode::NotFound, "This person is not a member of the room.")
}

impl RoomCommand for SetRole {
    fn digest(&self) -> u64 {
        digest(&("role", &self.user, self.role))
    }

    fn members(&self) -> usize {
        1
    }

    fn step(
        &self,
        room: &RoomState,
        caller: &Caller,
        _: &StepContext<'_>,
    ) -> Result<Change, Error> {
        let wanted = authorise::SetRole { user: self.user.clone(), role: self.role };
        let allowed = authorise(caller, room, wanted)?;
        let by = allowed.caller().author();
        let authorise::SetRole { user, role } = allowed.into_action();
        let member = room.member(&user).ok_or_else(not_a_member)?;
        if member.role == role {
            return Ok(Change::default());
        }
        if is_last_owner(room, &user) {
            let sentence = "Hand the room over to somebody else first.";
            return Err(Error::refused(ErrorCode::LastAdmin, sentence));
        }
        keep_an_admin(room, &user, Some(role))?;
        Ok(Change::from(EntryKind::Role(RoleChange { user, role, by })))
    }
}

/// A room with an owner or admin keeps one, as long as anybody is left.
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

/// A page of the members; in a public room, of those who have it open.
///
/// # Errors
/// Who may not know of the room, and what the store says.
pub async fn handle_list(call: Call, command: Members) -> Handled {
    let Members { room, after, limit } = command;
    let Entered { state, .. } = call.enter(room, ReadState).await?;
    let limit = usize::from(limit).clamp(1, PAGE_MEMBERS);
    // One more tells whether there are more.
    let mut following = following(&call.services, &state, after.as_ref(), limit + 1);
    let more = following.len() > limit;
    following.truncate(limit);
    let small = state.is_small(call.services.settings.small_room_members);
    let members = members_as_shown(&call.services, following, small).await?;
    Ok(Reply::Members(MemberPage { members: List::cut(members), more }))
}

/// Somebody of a room: their role, and when they joined unless they walked in.
type Somebody = (UserId, Role, Option<Timestamp>);

/// Those who come after somebody in the order of ids.
fn following(
    services: &Services,
    state: &RoomState,
    after: Option<&UserId>,
    most: usize,
) -> Vec<Somebody> {
    if state.meta.class == RoomClass::Public {
        let Some(view) = services.views.get(state.meta.id) else { return Vec::new() };
        let people = view.people_after(after, most).into_iter();
        return people.map(|user| (user, Role::Member, None)).collect();
    }
    let from = after.map_or(Bound::Unbounded, Bound::Excluded);
    let members = state.members.range::<UserId, _>((from, Bound::Unbounded)).take(most);
    members.map(|(user, member)| (user.clone(), member.role, Some(member.joined))).collect()
}

/// Members with their profiles, and with their presence in small rooms.
///
/// # Errors
/// What the store says.
async fn members_as_shown(
    services: &Services,
    people: Vec<Somebody>,
    small: bool,
) -> Result<Vec<Member>, Error> {
    // Brings the profiles into memory.
    services.directory.find_all(people.iter().map(|(user, ..)| user)).await?;
    let now = services.clock.now();
    let shown = people.into_iter().map(|(user, role, joined)| Member {
        profile: services.directory.peek(&user),
        role,
        joined,
        presence: small.then(|| services.people.shown(&services.directory, &user, now)),
    });
    Ok(shown.collect())
}
