//! Who may change who is in a room, and what it is about.

use caffis_schema::{
    Error, ErrorCode, UserId,
    room::{Role, RoomClass},
};

use super::{Action, forbidden};
use crate::model::{caller::Caller, room::RoomState};

/// Adding members.
#[derive(Clone, Copy, Debug)]
pub struct AddMembers;

impl Action for AddMembers {
    fn permits(&self, caller: &Caller, role: Option<Role>, room: &RoomState) -> Result<(), Error> {
        fixed_members(room)?;
        if manages(caller) || role >= Some(Role::Admin) {
            Ok(())
        } else {
            forbidden("Only an owner or an admin may add members.")
        }
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
        fixed_members(room)?;
        let target = room.member(&self.user).map(|member| member.role);
        if manages(caller) || (role >= Some(Role::Admin) && target <= role) {
            Ok(())
        } else {
            forbidden("Only an owner or an admin may remove members, and no one above their role.")
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
        fixed_members(room)?;
        let target = room.member(&self.user).map(|member| member.role);
        let below = target < Some(Role::Owner) && self.role < Role::Owner;
        let permitted = match role {
            _ if manages(caller) => true,
            Some(Role::Owner) => true,
            Some(Role::Admin) => below,
            _ => false,
        };
        if permitted { Ok(()) } else { forbidden("This role is not yours to give or to take.") }
    }
}

/// Leaving.
#[derive(Clone, Copy, Debug)]
pub struct Leave;

impl Action for Leave {
    fn permits(&self, _: &Caller, role: Option<Role>, room: &RoomState) -> Result<(), Error> {
        fixed_members(room)?;
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

/// Direct conversations keep their two people.
fn fixed_members(room: &RoomState) -> Result<(), Error> {
    if room.meta.is_direct() {
        let sentence = "A direct conversation keeps its two people.";
        return Err(Error::refused(ErrorCode::RoomClass, sentence));
    }
    if room.meta.class == RoomClass::Public {
        let sentence = "A public room has no members: people walk in and out.";
        return Err(Error::refused(ErrorCode::RoomClass, sentence));
    }
    Ok(())
}
