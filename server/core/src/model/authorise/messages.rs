//! Who may write, and what becomes of what was written.

use caffis_schema::{Error, ErrorCode, Timestamp, UserId, room::Role, settings::RoomSettings};

use super::{
    Action, forbidden,
    table::{Permission, may},
};
use crate::model::{
    caller::{Caller, Rights},
    room::RoomState,
};

/// Sending a message; `notice` for words of the service.
#[derive(Clone, Copy, Debug)]
pub struct Post {
    /// Whether it is a notice.
    pub notice: bool,
}

impl Action for Post {
    fn permits(&self, caller: &Caller, role: Option<Role>, room: &RoomState) -> Result<(), Error> {
        match (self.notice, caller.service) {
            (true, None) => forbidden("Only a service may write notices."),
            (false, Some(_)) => forbidden("A service writes notices, not a person's messages."),
            (true, Some(Rights { write_notices: false, .. })) => {
                forbidden("This service may not write notices.")
            }
            (true, Some(_)) => Ok(()),
            (false, None) if room.is_closed() => forbidden("This room is closed."),
            (false, None) => {
                may(Permission::Write, role, room)?;
                let RoomSettings { frozen, announcements, .. } = room.writing.settings;
                if frozen || announcements { read_only(role, room) } else { Ok(()) }
            }
        }
    }
}

/// Adding a message of the past in the name of somebody.
#[derive(Clone, Copy, Debug)]
pub struct ImportInto;

impl Action for ImportInto {
    fn permits(&self, caller: &Caller, _: Option<Role>, _: &RoomState) -> Result<(), Error> {
        match caller.service {
            Some(Rights { import: true, .. }) => Ok(()),
            _ => forbidden("Only a service with this right may import messages."),
        }
    }
}

/// Changing the words of a message, which is its author's.
#[derive(Clone, Debug)]
pub struct EditMessage {
    /// Who wrote it.
    pub author: Option<UserId>,
}

impl Action for EditMessage {
    fn permits(&self, caller: &Caller, role: Option<Role>, room: &RoomState) -> Result<(), Error> {
        may(Permission::EditOwn, role, room)?;
        if !is_author(caller, self.author.as_ref()) {
            return forbidden("Only the author may edit a message.");
        }
        if room.is_closed() {
            return forbidden("This room is closed.");
        }
        if room.writing.settings.frozen { read_only(role, room) } else { Ok(()) }
    }
}

/// Deleting a message for everyone: for its author, and for those who moderate.
#[derive(Clone, Debug)]
pub struct DeleteMessage {
    /// Who wrote it; none for a service.
    pub author: Option<UserId>,
}

impl Action for DeleteMessage {
    fn permits(&self, caller: &Caller, role: Option<Role>, room: &RoomState) -> Result<(), Error> {
        let notice = self.author.is_none() && caller.service.is_none();
        let own = is_author(caller, self.author.as_ref())
            && may(Permission::DeleteOwn, role, room).is_ok();
        if notice || !(own || moderates(caller, room)) {
            return forbidden("Only the author and moderators may delete a message.");
        }
        if caller.service.is_none() && room.is_closed() {
            return forbidden("This room is closed.");
        }
        Ok(())
    }
}

/// Reacting to a message: for people who may write.
#[derive(Clone, Copy, Debug)]
pub struct ReactTo;

impl Action for ReactTo {
    fn permits(&self, caller: &Caller, role: Option<Role>, room: &RoomState) -> Result<(), Error> {
        match caller.service {
            Some(_) => forbidden("A service does not react to messages."),
            None if room.is_closed() => forbidden("This room is closed."),
            None => {
                may(Permission::React, role, room)?;
                if room.writing.settings.frozen { read_only(role, room) } else { Ok(()) }
            }
        }
    }
}

/// Voting in a poll: for people who may react.
#[derive(Clone, Copy, Debug)]
pub struct VoteIn;

impl Action for VoteIn {
    fn permits(&self, caller: &Caller, role: Option<Role>, room: &RoomState) -> Result<(), Error> {
        match caller.service {
            Some(_) => forbidden("A service does not vote."),
            None if room.is_closed() => forbidden("This room is closed."),
            None => {
                may(Permission::Vote, role, room)?;
                if room.writing.settings.frozen { read_only(role, room) } else { Ok(()) }
            }
        }
    }
}

/// Closing a poll: for its author, and for those who moderate.
#[derive(Clone, Debug)]
pub struct EndPoll {
    /// Who wrote it.
    pub author: Option<UserId>,
}

impl Action for EndPoll {
    fn permits(&self, caller: &Caller, role: Option<Role>, room: &RoomState) -> Result<(), Error> {
        let own =
            is_author(caller, self.author.as_ref()) && may(Permission::Vote, role, room).is_ok();
        if !own && !moderates(caller, room) {
            return forbidden("Only the author and moderators may close a poll.");
        }
        if caller.service.is_none() && room.is_closed() {
            return forbidden("This room is closed.");
        }
        Ok(())
    }
}

/// Pinning messages: in a conversation of two for both, elsewhere for those who moderate.
#[derive(Clone, Copy, Debug)]
pub struct PinMessages;

impl Action for PinMessages {
    fn permits(&self, caller: &Caller, role: Option<Role>, room: &RoomState) -> Result<(), Error> {
        match caller.service {
            Some(_) if !moderates(caller, room) => {
                return forbidden("Only those who moderate pin messages.");
            }
            Some(_) => {}
            None => may(Permission::Pin, role, room)?,
        }
        if caller.service.is_none() && room.is_closed() {
            return forbidden("This room is closed.");
        }
        Ok(())
    }
}

/// Mentioning everybody in a room: for those who moderate. In a conversation of two there is nobody else.
#[derive(Clone, Copy, Debug)]
pub struct MentionRoom;

impl Action for MentionRoom {
    fn permits(&self, caller: &Caller, role: Option<Role>, room: &RoomState) -> Result<(), Error> {
        if room.meta.is_direct() {
            let sentence = "In a conversation of two a person is mentioned by name.";
            return Err(Error::refused(ErrorCode::RoomClass, sentence));
        }
        match caller.service {
            Some(_) if !moderates(caller, room) => {
                forbidden("Only those who moderate mention everybody.")
            }
            Some(_) => Ok(()),
            None => may(Permission::MentionRoom, role, room),
        }
    }
}

/// Reading what a message said before it was edited: for its author, and for those who moderate.
#[derive(Clone, Debug)]
pub struct ReadRevisions {
    /// Who wrote it.
    pub author: Option<UserId>,
}

impl Action for ReadRevisions {
    fn permits(&self, caller: &Caller, role: Option<Role>, room: &RoomState) -> Result<(), Error> {
        let reads = caller.service.is_some_and(|rights| rights.read_history);
        let sees = caller.service.is_none() && may(Permission::SeeRevisions, role, room).is_ok();
        if reads || sees || is_author(caller, self.author.as_ref()) {
            Ok(())
        } else {
            forbidden("Only the author and moderators may see what a message said before.")
        }
    }
}

/// Whether a person may write again already, where slow mode is on.
///
/// # Errors
/// `slow_mode` with the time to wait.
pub fn check_pace(caller: &Caller, room: &RoomState, now: Timestamp) -> Result<(), Error> {
    let role = room.member(&caller.user).map(|member| member.role);
    if caller.service.is_some() || writes_anyway(role, room) {
        return Ok(());
    }
    let Some(wait) = room.writing.wait(&caller.user, now) else { return Ok(()) };
    let seconds = room.writing.settings.slow_mode_seconds;
    let sentence = format!("Slow mode: one message every {seconds} seconds.");
    Err(Error::later(ErrorCode::SlowMode, &sentence, wait))
}

/// Whether a person writes in a room in which others do not.
fn writes_anyway(role: Option<Role>, room: &RoomState) -> bool {
    may(Permission::WriteAnyway, role, room).is_ok()
}

fn read_only(role: Option<Role>, room: &RoomState) -> Result<(), Error> {
    if writes_anyway(role, room) {
        return Ok(());
    }
    let sentence = "Only those who moderate write in this room now.";
    Err(Error::refused(ErrorCode::ReadOnly, sentence))
}

/// Whether somebody looks after what others write in a room: its moderators, admins and owners, and a
/// service that manages members, unless people made the room among themselves.
#[must_use]
pub fn moderates(caller: &Caller, room: &RoomState) -> bool {
    match caller.service {
        Some(rights) => rights.manage_members && !room.meta.is_made_by_people(),
        None => {
            let role = room.member(&caller.user).map(|member| member.role);
            may(Permission::DeleteAny, role, room).is_ok()
        }
    }
}

fn is_author(caller: &Caller, author: Option<&UserId>) -> bool {
    caller.service.is_none() && author == Some(&caller.user)
}

/// Reporting a message: of somebody else, by whoever reads it.
#[derive(Clone, Debug)]
pub struct ReportMessage {
    /// Who wrote it; none for a service.
    pub author: Option<UserId>,
}

impl Action for ReportMessage {
    fn permits(&self, caller: &Caller, role: Option<Role>, room: &RoomState) -> Result<(), Error> {
        match &self.author {
            _ if caller.service.is_some() => forbidden("A service reports no messages."),
            Some(author) if *author == caller.user => {
                forbidden("Nobody reports their own message.")
            }
            _ => may(Permission::Report, role, room),
        }
    }
}
