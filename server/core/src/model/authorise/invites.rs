//! Who may invite by link, and who comes by one.

use caffis_schema::{
    Error, ErrorCode, InviteDigest, Position, Timestamp, UserId, invites::Invite, room::Role,
};

use super::{
    Action, forbidden,
    table::{Permission, may},
};
use crate::model::{
    caller::Caller,
    invites::{Link, no_such_invite},
    room::RoomState,
};

/// Making, seeing and revoking links by which people join.
#[derive(Clone, Copy, Debug)]
pub struct InviteByLink;

impl Action for InviteByLink {
    fn permits(&self, caller: &Caller, role: Option<Role>, room: &RoomState) -> Result<(), Error> {
        if caller.service.is_some() {
            return forbidden("A service adds members by name.");
        }
        if !room.meta.is_group() {
            let sentence = "Only groups that people made among themselves have invite links.";
            return Err(Error::refused(ErrorCode::RoomClass, sentence));
        }
        may(Permission::InviteByLink, role, room)
    }
}

/// The proof that somebody has a link of a room: they may know what it leads to.
#[derive(Debug)]
pub struct Invited<'a> {
    link: &'a Link,
    member: bool,
}

impl Invited<'_> {
    /// Which link.
    #[must_use]
    pub fn invite(&self) -> Position {
        self.link.invite.invite
    }

    /// Who made it.
    #[must_use]
    pub fn by(&self) -> &UserId {
        &self.link.invite.by
    }

    /// What those who invite see of it.
    #[must_use]
    pub fn details(&self) -> &Invite {
        &self.link.invite
    }

    /// Whether they are a member already.
    #[must_use]
    pub fn is_member(&self) -> bool {
        self.member
    }

    /// Whether somebody may still come by the link; a member is there already.
    ///
    /// # Errors
    /// As [`Link::check`].
    pub fn check(&self, now: Timestamp) -> Result<(), Error> {
        if self.member { Ok(()) } else { self.link.check(now) }
    }
}

/// Asks whether somebody has a link of a room; whether it is still good is another question.
///
/// # Errors
/// `not_found`, the same for a room that has no such link and for one that has no links; `forbidden` for
/// services.
pub fn authorise_by_invite<'a>(
    caller: &Caller,
    room: &'a RoomState,
    digest: InviteDigest,
) -> Result<Invited<'a>, Error> {
    let link = room.invites.find(digest).filter(|_| room.meta.is_group());
    let link = link.ok_or_else(no_such_invite)?;
    if caller.service.is_some() {
        forbidden("A service does not join rooms.")?;
    }
    Ok(Invited { link, member: room.member(&caller.user).is_some() })
}
