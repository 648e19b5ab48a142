//! Which commands carry an idempotency key. No other code decides this.

use crate::{
    command::{
        AddMembers, Command, Delete, Edit, Forward, Leave, Pin, React, RemoveMember, Send,
        SetContext, SetRole, TransferOwnership,
    },
    ids::RoomId,
    info::SetRoomInfo,
    invites::{CreateInvite, JoinByInvite, RevokeInvite},
    polls::{ClosePoll, Vote},
    room::ClientKey,
    scheduled::{CancelScheduled, ChangeScheduled, Schedule, SendScheduled},
    settings::SetRoomSettings,
};

/// A command for a room's owner that is done once for each key.
pub trait Keyed {
    /// Its idempotency key.
    fn key(&self) -> ClientKey;

    /// The room.
    fn room(&self) -> RoomId;
}

macro_rules! keyed {
    ($($command:ty),+) => { $(
        impl Keyed for $command {
            fn key(&self) -> ClientKey {
                self.key
            }

            fn room(&self) -> RoomId {
                self.room
            }
        }
    )+ };
}

keyed!(
    AddMembers,
    CreateInvite,
    CancelScheduled,
    ChangeScheduled,
    ClosePoll,
    Delete,
    Edit,
    Forward,
    JoinByInvite,
    Leave,
    Pin,
    React,
    RemoveMember,
    RevokeInvite,
    Schedule,
    Send,
    SendScheduled,
    SetContext,
    SetRole,
    SetRoomInfo,
    SetRoomSettings,
    TransferOwnership,
    Vote
);

impl Command {
    /// The command as one that its room's owner does once for each key.
    #[must_use]
    pub fn keyed(&self) -> Option<&dyn Keyed> {
        // Without a wildcard, so that every new command must be listed.
        match self {
            Self::AddMembers(command) => Some(command),
            Self::RemoveMember(command) => Some(command),
            Self::SetRole(command) => Some(command),
            Self::SetContext(command) => Some(command),
            Self::Leave(command) => Some(command),
            Self::TransferOwnership(command) => Some(command),
            Self::SetRoomSettings(command) => Some(command),
            Self::SetRoomInfo(command) => Some(command),
            Self::Send(command) => Some(command),
            Self::Forward(command) => Some(command),
            Self::Edit(command) => Some(command),
            Self::Delete(command) => Some(command),
            Self::React(command) => Some(command),
            Self::Pin(command) => Some(command),
            Self::CreateInvite(command) => Some(command),
            Self::RevokeInvite(command) => Some(command),
            Self::JoinByInvite(command) => Some(command),
            Self::Schedule(command) => Some(command),
            Self::ChangeScheduled(command) => Some(command),
            Self::CancelScheduled(command) => Some(command),
            Self::SendScheduled(command) => Some(command),
            Self::Vote(command) => Some(command),
            Self::ClosePoll(command) => Some(command),
            Self::Hello(_)
            | Self::Refresh(_)
            | Self::Ping(_)
            | Self::Resume(_)
            | Self::Rooms(_)
            | Self::EnsureRoom(_)
            | Self::EnsureDirect(_)
            | Self::CreateGroup(_)
            | Self::Members(_)
            | Self::Open(_)
            | Self::Close(_)
            | Self::History(_)
            | Self::Message(_)
            | Self::MarkRead(_)
            | Self::MarkDelivered(_)
            | Self::SetPresence(_)
            | Self::SetPreferences(_)
            | Self::Profiles(_)
            | Self::MarkUnread(_)
            | Self::Mute(_)
            | Self::Report(_)
            | Self::Revisions(_)
            | Self::Previews(_)
            | Self::Hide(_)
            | Self::Pins(_)
            | Self::Search(_)
            | Self::Topics(_)
            | Self::SetPlacement(_)
            | Self::Marked(_)
            | Self::Marks(_)
            | Self::Star(_)
            | Self::SetDraft(_)
            | Self::Drafts(_)
            | Self::SetThreadDraft(_)
            | Self::ThreadDrafts(_)
            | Self::Invites(_)
            | Self::InvitePreview(_)
            | Self::Scheduled(_)
            | Self::Thread(_)
            | Self::FollowThread(_)
            | Self::MarkThreadRead(_)
            | Self::Threads(_)
            | Self::Poll(_)
            | Self::Voters(_)
            | Self::Unknown(_) => None,
        }
    }

    /// The room whose owner does the command; none for what is done where the person is connected.
    #[must_use]
    pub fn room(&self) -> Option<RoomId> {
        match self {
            Self::Members(command) => Some(command.room),
            Self::History(command) => Some(command.room),
            Self::Message(command) => Some(command.room),
            Self::Revisions(command) => Some(command.room),
            Self::Previews(command) => Some(command.room),
            Self::Mute(command) => Some(command.room),
            Self::Report(command) => Some(command.room),
            Self::Pins(command) => Some(command.room),
            Self::Search(command) => command.room,
            Self::Topics(command) => Some(command.room),
            Self::Invites(command) => Some(command.room),
            Self::InvitePreview(command) => Some(command.room),
            Self::Thread(command) => Some(command.room),
            Self::Star(command) => Some(command.room),
            Self::FollowThread(command) => Some(command.room),
            Self::MarkThreadRead(command) => Some(command.room),
            Self::Poll(command) => Some(command.room),
            Self::Voters(command) => Some(command.room),
            Self::MarkRead(mark) | Self::MarkDelivered(mark) | Self::MarkUnread(mark) => {
                Some(mark.room)
            }
            command => command.keyed().map(Keyed::room),
        }
    }

    /// The idempotency key, of a command that has one.
    #[must_use]
    pub fn key(&self) -> Option<ClientKey> {
        match self {
            // It has no room yet: the key is part of the new room's context.
            Self::CreateGroup(command) => Some(command.key),
            command => command.keyed().map(Keyed::key),
        }
    }
}
