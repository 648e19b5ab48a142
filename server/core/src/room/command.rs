//! Changes to a room's log: what a feature implements, and what its step makes.

use std::{fmt, time::Duration};

use caffis_schema::{
    Entry, EntryKind, Error, ErrorCode, InviteDigest, Keyed, MessageNumber, Position, Timestamp,
    UserId, reply::Appended, room::Message,
};

use super::plan::RoomPlan;
use crate::{
    model::{
        caller::Caller,
        polls::Choices,
        room::{Members, RoomState},
    },
    settings::Settings,
};

/// How far a client's clock may be ahead. Client ids are kept this much longer than the window in which
/// a resend may come, so that none is forgotten before it has expired.
pub(super) const CLOCK_MARGIN: Duration = Duration::from_secs(86_400);

/// How long client ids are kept.
#[must_use]
pub fn client_id_kept(settings: &Settings) -> Duration {
    settings.resend_window + CLOCK_MARGIN
}

/// A command that changes a room's log. Its feature's file implements it for the command of the
/// protocol; the room's owner knows commands by this trait only.
pub trait RoomCommand: Keyed + fmt::Debug + Send + Sync + 'static {
    /// A digest of the content without the key: tells a resend from another command with the same id.
    fn digest(&self) -> u64;

    /// Whether it makes an entry whenever it is done, so that it never changes nothing.
    fn always_appends(&self) -> bool {
        false
    }

    /// Whether it is refused again for a while once it was refused for good, because a copy of it can be on its way.
    fn keeps_refusals(&self) -> bool {
        true
    }

    /// Whether its id is kept for ever, so that it has no age. Its key's time says only where it is kept
    /// (`SentRow::is_lasting`).
    fn lasts(&self) -> bool {
        false
    }

    /// Of how many people the command writes rows at most, for the size of the write: members, and whom it mentions.
    fn members(&self) -> usize {
        0
    }

    /// The bytes of the text that the command writes at most, for the size of the write.
    fn text_bytes(&self) -> usize {
        0
    }

    /// The position of the message that the command is about. The owner reads it before the step.
    fn message(&self) -> Option<Position> {
        None
    }

    /// The position of a message that the command names and does not change. The owner reads it before the
    /// step: most such messages are in memory.
    fn named_message(&self) -> Option<Position> {
        None
    }

    /// The poll in which the caller votes. The owner reads what they have chosen before the step.
    fn poll(&self) -> Option<Position> {
        None
    }

    /// Whether the step asks who has read a message.
    fn asks_readers(&self) -> bool {
        false
    }

    /// How many of the last messages those see who join the room after the command, if the caller may change that. The
    /// owner finds them before the step.
    fn last_messages(&self, room: &RoomState, caller: &Caller) -> usize {
        let _ = (room, caller);
        0
    }

    /// The people whom the command brings into the room, if the caller may do so. The owner makes
    /// sure that they are known and may be in one more room before it takes the step.
    ///
    /// # Errors
    /// Why the caller may not.
    fn newcomers(&self, room: &RoomState, caller: &Caller) -> Result<Vec<UserId>, Error> {
        let _ = (room, caller);
        Ok(Vec::new())
    }

    /// The invite link by which the caller comes into the room, who may be a stranger to it.
    fn invite(&self) -> Option<InviteDigest> {
        None
    }

    /// The pure step: what the command makes of the room.
    ///
    /// # Errors
    /// Why it may not be done.
    fn step(
        &self,
        room: &RoomState,
        caller: &Caller,
        context: &StepContext<'_>,
    ) -> Result<Change, Error>;
}

/// About how many bytes a row takes at most besides long texts: ids, names, numbers.
const ROW_BYTES: usize = 256;

/// Work of a room's owner that ends in entries.
#[derive(Debug)]
pub(super) enum Order {
    /// Makes the room, if it is not there.
    Create(Box<RoomPlan>),
    /// A feature's command. Unlike creation, which is idempotent by itself, it has a key.
    Command(Box<dyn RoomCommand>),
}

impl Order {
    /// About how many rows it writes: the entry, what was sent, a bucket, the activity, what a message said
    /// before; and two for each member.
    pub(super) fn rows(&self) -> usize {
        let members = match self {
            Self::Create(plan) => plan.members.len(),
            Self::Command(command) => command.members(),
        };
        5 + 2 * members
    }

    /// The message that it is about.
    pub(super) fn message(&self) -> Option<Position> {
        match self {
            Self::Create(_) => None,
            Self::Command(command) => command.message(),
        }
    }

    /// The message that it names and does not change.
    pub(super) fn named_message(&self) -> Option<Position> {
        match self {
            Self::Create(_) => None,
            Self::Command(command) => command.named_message(),
        }
    }

    /// The poll in which its caller votes.
    pub(super) fn poll(&self) -> Option<Position> {
        match self {
            Self::Create(_) => None,
            Self::Command(command) => command.poll(),
        }
    }

    /// Whether its step asks who has read a message.
    pub(super) fn asks_readers(&self) -> bool {
        matches!(self, Self::Command(command) if command.asks_readers())
    }

    /// How many of the last messages those see who join the room after it.
    pub(super) fn last_messages(&self, room: &RoomState, caller: &Caller) -> usize {
        match self {
            Self::Create(_) => 0,
            Self::Command(command) => command.last_messages(room, caller),
        }
    }

    /// About how many bytes it writes.
    pub(super) fn bytes(&self) -> usize {
        let text = match self {
            Self::Create(_) => 0,
            Self::Command(command) => command.text_bytes(),
        };
        self.rows() * ROW_BYTES + text
    }
}

/// What a step may look at besides the room.
pub struct StepContext<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// The wall clock.
    pub now: Timestamp,
    /// Who was a member when it was found out who may come into the room.
    pub members_before: Members,
    /// The entry of the message that the command is about or names, as it is after all commands before.
    pub(super) about: Option<&'a Entry>,
    /// What the caller has chosen in the poll in which they vote.
    pub chosen: Choices,
    /// Whether somebody but this person is known to have read up to a message.
    pub(super) others_read: &'a dyn Fn(Option<&UserId>, MessageNumber) -> bool,
}

impl StepContext<'_> {
    /// The message that the command is about or names, and when it was sent.
    ///
    /// # Errors
    /// `not_found` if there is none that the caller may see.
    pub fn message(
        &self,
        room: &RoomState,
        caller: &Caller,
    ) -> Result<(&Message, Timestamp), Error> {
        let member = room.member(&caller.user);
        let floor = member.map_or(Position::ZERO, |member| member.visible_after);
        match self.about.map(|entry| (entry.position, entry.time, &entry.kind)) {
            Some((position, time, EntryKind::Message(message))) if position > floor => {
                Ok((message, message.imported().unwrap_or(time)))
            }
            _ => Err(no_such_message()),
        }
    }

    /// Whether anybody besides its author is known to have read a message. People who keep to themselves
    /// what they have read do not count.
    #[must_use]
    pub fn is_read(&self, message: &Message) -> bool {
        (self.others_read)(message.sender.as_ref(), message.number)
    }
}

/// The answer about a message that is not there, or not for this person.
#[must_use]
pub fn no_such_message() -> Error {
    Error::refused(ErrorCode::NotFound, "There is no message at this position.")
}

/// The error of a message that was deleted for everyone.
#[must_use]
pub fn message_deleted() -> Error {
    Error::refused(ErrorCode::Deleted, "This message was deleted.")
}

/// The result of a step: entries to append, in order, or none if there is nothing to change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The entries.
    pub entries: Vec<EntryKind>,
    /// What the caller chooses in the poll of the entry, if this is a vote.
    pub choices: Option<Choices>,
}

impl From<EntryKind> for Change {
    fn from(entry: EntryKind) -> Self {
        Self { entries: vec![entry], choices: None }
    }
}

/// The result of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// The entry that it made, or the first of several.
    pub appended: Appended,
    /// Whether it was done before, and did nothing now.
    pub again: bool,
}
