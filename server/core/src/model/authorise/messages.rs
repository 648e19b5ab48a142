//! Who may write, and what becomes of what was written.

use caffis_schema::{
    Error, ErrorCode, UserId,
    room::{Role, RoomClass},
};

use super::{Action, forbidden};
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
    fn permits(&self, caller: &Caller, _: Option<Role>, room: &RoomState) -> Result<(), Error> {
        match (self.notice, caller.service) {
            (true, None) => forbidden("Only a service may write notices."),
            (false, Some(_)) => forbidden("A service writes notices, not a person's messages."),
            (true, Some(Rights { write_notices: false, .. })) => {
                forbidden("This service may not write notices.")
            }
            (false, None) if room.is_closed() => forbidden("This room is closed."),
            _ => Ok(()),
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
    fn permits(&self, caller: &Caller, _: Option<Role>, room: &RoomState) -> Result<(), Error> {
        if room.meta.class == RoomClass::Evidence {
            let sentence = "Nothing in this room is ever changed.";
            return Err(Error::refused(ErrorCode::RoomClass, sentence));
        }
        if !is_author(caller, self.author.as_ref()) {
            return forbidden("Only who wrote a message may edit it.");
        }
        if room.is_closed() { forbidden("This room is closed.") } else { Ok(()) }
    }
}

/// Deleting a message for everyone: for its author, and for those who moderate.
#[derive(Clone, Debug)]
pub struct DeleteMessage {
    /// Who wrote it; none for a service.
    pub author: Option<UserId>,
}

impl Action for DeleteMessage {
    fn permits(&self, caller: &Caller, _: Option<Role>, room: &RoomState) -> Result<(), Error> {
        let notice = self.author.is_none() && caller.service.is_none();
        if notice || !(moderates(caller, room) || is_author(caller, self.author.as_ref())) {
            return forbidden("Only who wrote a message and those who moderate may delete it.");
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
    fn permits(&self, caller: &Caller, _: Option<Role>, room: &RoomState) -> Result<(), Error> {
        match caller.service {
            Some(_) => forbidden("A service does not react to messages."),
            None if room.is_closed() => forbidden("This room is closed."),
            None => Ok(()),
        }
    }
}

/// Pinning messages: in a conversation of two for both, elsewhere for those who moderate.
#[derive(Clone, Copy, Debug)]
pub struct PinMessages;

impl Action for PinMessages {
    fn permits(&self, caller: &Caller, role: Option<Role>, room: &RoomState) -> Result<(), Error> {
        let of_two = room.meta.is_direct() && role.is_some();
        if !of_two && !moderates(caller, room) {
            return forbidden("Only those who moderate pin messages.");
        }
        if caller.service.is_none() && room.is_closed() {
            return forbidden("This room is closed.");
        }
        Ok(())
    }
}

/// Reading what a message said before it was edited: for its author, and for those who moderate.
#[derive(Clone, Debug)]
pub struct ReadRevisions {
    /// Who wrote it.
    pub author: Option<UserId>,
}

impl Action for ReadRevisions {
    fn permits(&self, caller: &Caller, _: Option<Role>, room: &RoomState) -> Result<(), Error> {
        let reads = caller.service.is_some_and(|rights| rights.read_history);
        let moderates = caller.service.is_none() && moderates(caller, room);
        if reads || moderates || is_author(caller, self.author.as_ref()) {
            Ok(())
        } else {
            forbidden("Only who wrote a message and those who moderate see what it said before.")
        }
    }
}

/// Whether somebody looks after what others write in a room: its admins and owners, and a service that
/// manages members, unless people made the room among themselves.
#[must_use]
pub fn moderates(caller: &Caller, room: &RoomState) -> bool {
    match caller.service {
        Some(rights) => rights.manage_members && !room.meta.is_made_by_people(),
        None => room.member(&caller.user).is_some_and(|member| member.role >= Role::Admin),
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
    fn permits(&self, caller: &Caller, _: Option<Role>, _: &RoomState) -> Result<(), Error> {
        match &self.author {
            _ if caller.service.is_some() => forbidden("A service reports no messages."),
            Some(author) if *author == caller.user => {
                forbidden("Nobody reports their own message.")
            }
            _ => Ok(()),
        }
    }
}
