//! The commands that go through a room's owner, and what a step makes of them.

use caffis_schema::{
    EntryKind, Error, List, Text, Timestamp, UserId,
    command::{AddMembers, Leave, RemoveMember, Send, SetRole},
    limits::{NAME_BYTES, USERS_PER_COMMAND},
    reply::Appended,
    room::{ClientKey, Context, HistoryPolicy, RoomClass},
};
use serde::{Deserialize, Serialize};

use crate::{
    features,
    model::{actor::Actor, digest::digest, room::RoomState},
    settings::Settings,
};

/// How to make a room: kept with the claim of its context, so that whoever finds a claim without a
/// room can finish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomPlan {
    /// What the room is about.
    pub context: Context,
    /// Its class.
    pub class: RoomClass,
    /// Its name.
    pub name: Option<Text<NAME_BYTES>>,
    /// Who makes it; none for a service.
    pub creator: Option<UserId>,
    /// Its members, the creator among them unless it is public.
    pub members: List<UserId, { USERS_PER_COMMAND + 1 }>,
    /// What later members see.
    pub history: HistoryPolicy,
}

/// A command to a room's owner.
#[derive(Clone, Debug)]
pub enum RoomCommand {
    /// Makes the room, if it is not there.
    Create(Box<RoomPlan>),
    /// Sends a message.
    Send(Box<Send>),
    /// Adds members, unless they may not be: then the refusal counts, if this is no resend.
    AddMembers(AddMembers, Result<(), Error>),
    /// Removes a member.
    RemoveMember(RemoveMember),
    /// Changes a role.
    SetRole(SetRole),
    /// Leaves.
    Leave(Leave),
}

impl RoomCommand {
    /// The idempotency key; none for what is idempotent by itself.
    #[must_use]
    pub fn key(&self) -> Option<ClientKey> {
        match self {
            Self::Create(_) => None,
            Self::Send(send) => Some(send.key),
            Self::AddMembers(add, _) => Some(add.key),
            Self::RemoveMember(remove) => Some(remove.key),
            Self::SetRole(set) => Some(set.key),
            Self::Leave(leave) => Some(leave.key),
        }
    }

    /// About how many rows the command makes.
    #[must_use]
    pub fn rows(&self) -> usize {
        // The entry, what was sent, a bucket, the activity; and for each member two.
        4 + 2 * match self {
            Self::Create(plan) => plan.members.len(),
            Self::AddMembers(add, _) => add.users.len(),
            Self::RemoveMember(_) | Self::SetRole(_) | Self::Leave(_) => 1,
            Self::Send(_) => 0,
        }
    }

    /// A digest of the content, the key left out.
    #[must_use]
    pub fn digest(&self) -> u64 {
        match self {
            Self::Create(plan) => digest(plan),
            Self::Send(send) => digest(&("send", &send.body)),
            Self::AddMembers(add, _) => digest(&("add", &add.users)),
            Self::RemoveMember(remove) => digest(&("remove", &remove.user)),
            Self::SetRole(set) => digest(&("role", &set.user, set.role)),
            Self::Leave(_) => digest(&"leave"),
        }
    }

    /// The pure step: what this command makes of the room.
    ///
    /// # Errors
    /// Why it may not be done.
    pub fn step(
        &self,
        room: &RoomState,
        actor: &Actor,
        context: &StepContext<'_>,
    ) -> Result<Change, Error> {
        match self {
            Self::Create(plan) => Ok(features::create::step(room, plan)),
            Self::Send(send) => features::send::step(room, actor, send, context),
            Self::AddMembers(add, checked) => {
                features::members::add(room, actor, add, checked, context)
            }
            Self::RemoveMember(remove) => features::members::remove(room, actor, remove),
            Self::SetRole(set) => features::members::set_role(room, actor, set),
            Self::Leave(leave) => features::members::leave(room, actor, leave),
        }
    }
}

/// What a step may look at besides the room.
#[derive(Debug)]
pub struct StepContext<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// The wall clock.
    pub now: Timestamp,
}

/// What a step makes: entries to append, in order; none when there is nothing to change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The entries.
    pub entries: Vec<EntryKind>,
}

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// The entry that it made; of several, the first.
    pub appended: Appended,
}
