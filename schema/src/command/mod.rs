//! What clients send: frames, and the commands in them.

mod messages;
mod reading;
mod rooms;
mod session;

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

pub use self::{messages::*, reading::*, rooms::*, session::*};
use crate::{
    drafts::{Draft, ThreadDraft},
    info::SetRoomInfo,
    invites::{CreateInvite, InvitePreview, Invites, JoinByInvite, RevokeInvite},
    open::{Empty, open_enum},
    placement::SetPlacement,
    places::LocationUpdate,
    polls::{ClosePoll, PollAt, Vote, Voters},
    scheduled::{CancelScheduled, ChangeScheduled, Schedule, Scheduled, SendScheduled},
    settings::SetRoomSettings,
    threads::{FollowThread, MarkThreadRead, Thread, Threads},
};

/// A frame from a client. In a datagram only [`ClientFrame::Signal`] is allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "frames are made and written at once, one by one")]
pub enum ClientFrame {
    /// A command; the reply carries its id.
    Request(Request),
    /// Something that may be lost and is never answered.
    Signal(ClientSignal),
}

/// A command with the number that its reply will carry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Request {
    /// Chosen by the client, unique among its commands in flight on this connection.
    pub id: u32,
    /// What to do.
    pub command: Command,
}

open_enum! {
    /// A signal, which may be lost.
    pub enum ClientSignal {
        /// The person is typing in a room; repeated while it lasts.
        0 "typing" Typing(Typing),
        /// Where the person is, who shares their live location in a room; repeated while it lasts.
        1 "location" Location(LocationUpdate),
    }
}

open_enum! {
    /// What a client can ask for.
    pub enum Command {
        /// Opens the session; first on every connection.
        0 "hello" Hello(Hello),
        /// Gives a new token before the old one expires.
        1 "refresh" Refresh(Refresh),
        /// Checks whether the server answers.
        2 "ping" Ping(Empty),
        /// Catches up after a break: see `docs/protocol.md`.
        3 "resume" Resume(Resume),
        /// The next page of the room list.
        4 "rooms" Rooms(Rooms),
        /// The room of a context, made when there is none.
        5 "ensure_room" EnsureRoom(EnsureRoom),
        /// The direct conversation with a person, made when there is none.
        6 "ensure_direct" EnsureDirect(EnsureDirect),
        /// A new group.
        7 "create_group" CreateGroup(CreateGroup),
        /// Adds members.
        8 "add_members" AddMembers(AddMembers),
        /// Removes a member.
        9 "remove_member" RemoveMember(RemoveMember),
        /// Changes a member's role.
        10 "set_role" SetRole(SetRole),
        /// Leaves a room.
        11 "leave" Leave(Leave),
        /// A page of a room's members.
        12 "members" Members(Members),
        /// Opens a room: its feed begins. In a public room this is walking in.
        13 "open" Open(Open),
        /// Closes a room: its feed ends. In a public room this is walking out.
        14 "close" Close(Close),
        /// Sends a message.
        15 "send" Send(Send),
        /// A page of a room's entries.
        16 "history" History(History),
        /// One message.
        17 "message" Message(MessageAt),
        /// Tells how far the person has read.
        18 "mark_read" MarkRead(Mark),
        /// Tells which messages have reached this device.
        19 "mark_delivered" MarkDelivered(Mark),
        /// Sets the person's presence.
        20 "set_presence" SetPresence(SetPresence),
        /// Changes the person's own settings.
        21 "set_preferences" SetPreferences(SetPreferences),
        /// The profiles of some people.
        22 "profiles" Profiles(Profiles),
        /// Marks a message and all after it as unread, for the person alone.
        23 "mark_unread" MarkUnread(Mark),
        /// Tells what a room is about, and who belongs to it: for services.
        24 "set_context" SetContext(SetContext),
        /// Changes the words of a message.
        25 "edit" Edit(Edit),
        /// Deletes a message for everyone.
        26 "delete" Delete(Delete),
        /// What a message said before it was edited.
        27 "revisions" Revisions(Revisions),
        /// Reacts to a message, or takes that back.
        28 "react" React(React),
        /// Some messages of a room in short, wherever they are in its log.
        29 "previews" Previews(Previews),
        /// Stops notifications of a room for the person, on all of their devices, until a time.
        30 "mute" Mute(Mute),
        /// Tells moderators of a message. The room does not hear of it.
        31 "report" Report(Report),
        /// Deletes a message for the person alone.
        32 "hide" Hide(Hide),
        /// Pins a message in its room, or takes that back.
        33 "pin" Pin(Pin),
        /// What is pinned in a room.
        34 "pins" Pins(Pins),
        /// Searches a room, or the person's rooms.
        35 "search" Search(Search),
        /// What a public room talks about.
        36 "topics" Topics(Topics),
        /// Says where a room stands in the person's own list, on all of their devices.
        37 "set_placement" SetPlacement(SetPlacement),
        /// Makes another member the owner in the caller's place.
        38 "transfer_ownership" TransferOwnership(TransferOwnership),
        /// Changes how people write in a room: slow mode, frozen, announcements only.
        39 "set_room_settings" SetRoomSettings(SetRoomSettings),
        /// A page of the messages that are marked for the person, newest first.
        40 "marked" Marked(Marked),
        /// Where all of them are.
        41 "marks" Marks(Marks),
        /// Stars a message for the person alone, or takes that back.
        42 "star" Star(Star),
        /// Sends what a message of another room, or of this one, says.
        43 "forward" Forward(Forward),
        /// Keeps what the person has written in a room and not sent, for all of their devices.
        44 "set_draft" SetDraft(Draft),
        /// What the person has written and not sent.
        45 "drafts" Drafts(Empty),
        /// Makes a link by which people join a group.
        46 "create_invite" CreateInvite(CreateInvite),
        /// Ends a link by which people join.
        47 "revoke_invite" RevokeInvite(RevokeInvite),
        /// The links by which people join a group.
        48 "invites" Invites(Invites),
        /// What an invite link leads to.
        49 "invite_preview" InvitePreview(InvitePreview),
        /// Joins a group by an invite link.
        50 "join_by_invite" JoinByInvite(JoinByInvite),
        /// Has a message sent at a later time.
        51 "schedule" Schedule(Schedule),
        /// Changes what a scheduled message says and when it is sent.
        52 "change_scheduled" ChangeScheduled(ChangeScheduled),
        /// Takes back that a message is sent later.
        53 "cancel_scheduled" CancelScheduled(CancelScheduled),
        /// Sends a scheduled message now.
        54 "send_scheduled" SendScheduled(SendScheduled),
        /// What the person has scheduled: in one room, or in all.
        55 "scheduled" Scheduled(Scheduled),
        /// A page of the replies in a message's thread.
        56 "thread" Thread(Thread),
        /// Follows a thread, or no longer.
        57 "follow_thread" FollowThread(FollowThread),
        /// Tells how far the person has read in a thread that they follow.
        58 "mark_thread_read" MarkThreadRead(MarkThreadRead),
        /// The threads that the person follows, the latest reply first.
        59 "threads" Threads(Threads),
        /// Says what the person chooses in a poll, in place of what they chose before.
        60 "vote" Vote(Vote),
        /// Closes a poll.
        61 "close_poll" ClosePoll(ClosePoll),
        /// What people have chosen in a poll, and the person themselves.
        62 "poll" Poll(PollAt),
        /// A page of those who voted in a poll that is not anonymous.
        63 "voters" Voters(Voters),
        /// Keeps what the person has written in a thread and not sent, for all of their devices.
        64 "set_thread_draft" SetThreadDraft(ThreadDraft),
        /// What the person has written in threads and not sent.
        65 "thread_drafts" ThreadDrafts(Empty),
        /// Changes what a room is called, what it is for, and what later members see.
        66 "set_room_info" SetRoomInfo(SetRoomInfo),
    }
}
