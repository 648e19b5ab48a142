//! Who may change who is in a room, and what it is about.

use caffis_schema::{Error, ErrorCode, UserId, room::Role};

use super::{
    Action, forbidden,
    table::{Permission, may, outranks},
};
use crate::model::{caller::Caller, room::RoomState};

/// Adding members.
#[derive(Clone, Copy, Debug)]
pub struct AddMembers;

impl Action for AddMembers {
    fn permits(&self, caller: &Caller, role: Option<Role>, room: &RoomState) -> Result<(), Error> {
        manage(Permission::AddMembers, caller, role, room)
    }
}

/// Removing someone else.
#[derive(Clone, Debug)]
pub struct RemoveMember {
    /// Whom.
    pub user: UserId,
}

impl Action for RemoveMember {
    fn permits(&self, caller: &Caller, role: Option<Role>, room: &RoomState) -> Result<(), Error> {
        manage(Permission::RemoveMembers, caller, role, room)?;
        let target = room.member(&self.user).map(|member| member.role);
        if manages(caller) || outranks(role, target) {
            Ok(())
        } else {
            forbidden("This role may not remove a member with that role.")
        }
    }
}

/// Changing a role.
#[derive(Clone, Debug)]
pub struct SetRole {
    /// Whose.
    pub user: UserId,
    /// To what.
    pub role: Role,
}

impl Action for SetRole {
    fn permits(&self, caller: &Caller, role: Option<Role>, room: &RoomState) -> Result<(), Error> {
        let target = room.member(&self.user).map(|member| member.role);
        let below = target < Some(Role::Owner) && self.role < Role::Owner;
        let wanted = if below { Permission::SetRoles } else { Permission::MakeOwners };
        manage(wanted, caller, role, room)
    }
}

/// Making another member the owner in the caller's place.
#[derive(Clone, Copy, Debug)]
pub struct Transfer;

impl Action for Transfer {
    fn permits(&self, caller: &Caller, role: Option<Role>, room: &RoomState) -> Result<(), Error> {
        may(Permission::Transfer, role, room)?;
        match caller.service {
            Some(_) => forbidden("A service owns no rooms: it sets roles."),
            None => Ok(()),
        }
    }
}

/// Changing how people write in a room.
#[derive(Clone, Copy, Debug)]
pub struct ChangeSettings;

impl Action for ChangeSettings {
    fn permits(&self, caller: &Caller, role: Option<Role>, room: &RoomState) -> Result<(), Error> {
        if caller.service.is_some() && room.meta.is_made_by_people() {
            return forbidden("A service may not change the settings of a room that people made.");
        }
        manage(Permission::ChangeSettings, caller, role, room)
    }
}

/// Changing the name, the description and what later members see.
#[derive(Clone, Copy, Debug)]
pub struct ChangeInfo;

impl Action for ChangeInfo {
    fn permits(&self, caller: &Caller, role: Option<Role>, room: &RoomState) -> Result<(), Error> {
        if caller.service.is_some() && room.meta.is_made_by_people() {
            return forbidden("A service may not change the name of a room that people made.");
        }
        manage(Permission::ChangeInfo, caller, role, room)
    }
}

/// Leaving.
#[derive(Clone, Copy, Debug)]
pub struct Leave;

impl Action for Leave {
    fn permits(&self, _: &Caller, role: Option<Role>, room: &RoomState) -> Result<(), Error> {
        may(Permission::Leave, role, room)?;
        if role.is_some() { Ok(()) } else { forbidden("Only a member can leave.") }
    }
}

/// Telling what a room is about, and who belongs to it.
#[derive(Clone, Copy, Debug)]
pub struct SetContext;

impl Action for SetContext {
    fn permits(&self, caller: &Caller, _: Option<Role>, room: &RoomState) -> Result<(), Error> {
        let keeps_apart = caller.service.is_some_and(|rights| rights.keep_apart);
        if keeps_apart && room.meta.is_direct() {
            return Ok(());
        }
        if room.meta.is_made_by_people() || !manages(caller) {
            return forbidden("Only a service tells what a room is about.");
        }
        Ok(())
    }
}

/// Whether the caller is a service that manages members.
fn manages(caller: &Caller) -> bool {
    caller.service.is_some_and(|rights| rights.manage_members)
}

/// Whether the caller may change who is in a room: by their role, or as a service that manages members. Direct
/// conversations and public rooms are as they are, for services too; groups are their members' own.
fn manage(
    permission: Permission,
    caller: &Caller,
    role: Option<Role>,
    room: &RoomState,
) -> Result<(), Error> {
    let permitted = may(permission, role, room);
    let for_nobody = permitted.as_ref().is_err_and(|error| error.code != ErrorCode::Forbidden);
    if caller.service.is_none() || for_nobody {
        return permitted;
    }
    if !manages(caller) {
        return forbidden("This service may not manage members.");
    }
    match room.meta.is_made_by_people() {
        true => forbidden("A service may not change who is in a room that people made."),
        false => Ok(()),
    }
}
