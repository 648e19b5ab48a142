//! What clients send.

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use crate::{
    bounded::{List, Text},
    event::{Body, Flag},
    ids::{DeviceId, RoomId, UserId, exact},
    invites::{CreateInvite, InvitePreview, Invites, JoinByInvite, RevokeInvite},
    limits::{
        CLIENT_NAME_BYTES, CONTEXT_TYPE_BYTES, EMOJI_BYTES, EXTRAS, MESSAGES_PER_COMMAND,
        NAME_BYTES, QUERY_BYTES, REPORT_BYTES, RESUME_CURSORS, STATUS_BYTES, TOKEN_BYTES,
        USERS_PER_COMMAND,
    },
    numbers::{MessageNumber, Position, ReplyNumber, Timestamp},
    open::{Empty, open_enum},
    placement::SetPlacement,
    polls::{ClosePoll, PollAt, Vote, Voters},
    room::{
        Availability, ClientKey, Context, ContextStatus, Details, Draft, Extra, Forwarded,
        HistoryPolicy, Mentions, Participant, ReplyTo, Role, RoomClass,
    },
    scheduled::{CancelScheduled, ChangeScheduled, Schedule, Scheduled, SendScheduled},
    settings::SetRoomSettings,
    threads::{FollowThread, InThread, MarkThreadRead, Thread, Threads},
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
    }
}

/// See [`Command::Hello`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Hello {
    /// The newest protocol version that the client speaks.
    pub version: u16,
    /// The client's name and version, for logs.
    pub client: Text<CLIENT_NAME_BYTES>,
    /// This installation.
    pub device: DeviceId,
    /// Who the person is.
    pub token: Text<TOKEN_BYTES>,
    /// The rooms of which the client has a copy, with its position in each.
    #[serde(default)]
    pub cursors: List<Cursor, RESUME_CURSORS>,
    /// Which of the client's optional abilities the server may use; 0 for now.
    #[serde(default, deserialize_with = "exact")]
    pub capabilities: u64,
}

/// See [`Command::Refresh`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Refresh {
    /// The new token, of the same person.
    pub token: Text<TOKEN_BYTES>,
}

/// A client's position in a room: it has every entry up to here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Cursor {
    /// The room.
    pub room: RoomId,
    /// The last position that the client has.
    pub position: Position,
    /// Whether to open the room (see [`Command::Open`]).
    pub open: bool,
}

/// See [`Command::Resume`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Resume {
    /// Where the client is.
    pub cursors: List<Cursor, RESUME_CURSORS>,
}

/// See [`Command::Rooms`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Rooms {
    /// Rooms after this one in the list, or none to start at the beginning.
    pub after: Option<RoomId>,
    /// Only rooms of this context type.
    pub context: Option<Text<CONTEXT_TYPE_BYTES>>,
    /// The most rooms wanted.
    pub limit: u8,
}

/// See [`Command::EnsureRoom`]. A room that exists is returned unchanged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct EnsureRoom {
    /// What the room is about.
    pub context: Context,
    /// Its class, if it has to be made.
    pub class: RoomClass,
    /// Its name, if it has to be made.
    pub name: Option<Text<NAME_BYTES>>,
    /// Its members, if it has to be made; the caller is always one, except in public rooms.
    pub members: List<UserId, USERS_PER_COMMAND>,
    /// What later members see, if it has to be made.
    pub history: HistoryPolicy,
}

/// See [`Command::EnsureDirect`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct EnsureDirect {
    /// The other person.
    pub user: UserId,
}

/// See [`Command::CreateGroup`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct CreateGroup {
    /// The idempotency key.
    pub key: ClientKey,
    /// The group's name.
    pub name: Text<NAME_BYTES>,
    /// Its members besides the caller, who becomes its owner.
    pub members: List<UserId, USERS_PER_COMMAND>,
    /// What later members see.
    pub history: HistoryPolicy,
}

/// See [`Command::SetContext`]. What is absent stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct SetContext {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room.
    pub room: RoomId,
    /// The version of what this tells. Of each part the later version counts.
    #[serde(deserialize_with = "exact")]
    pub version: u64,
    /// The details.
    pub details: Option<Details>,
    /// How it stands.
    pub status: Option<ContextStatus>,
    /// Who belongs to it: they become members.
    pub participants: Option<List<Participant, USERS_PER_COMMAND>>,
    /// Whether everybody else is removed from the room.
    pub remove_others: bool,
}

/// See [`Command::AddMembers`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct AddMembers {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room.
    pub room: RoomId,
    /// The users to add; existing members are not changed.
    pub users: List<UserId, USERS_PER_COMMAND>,
}

/// See [`Command::RemoveMember`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct RemoveMember {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room.
    pub room: RoomId,
    /// The user to remove.
    pub user: UserId,
}

/// See [`Command::SetRole`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct SetRole {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room.
    pub room: RoomId,
    /// The member.
    pub user: UserId,
    /// The new role.
    pub role: Role,
}

/// See [`Command::TransferOwnership`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct TransferOwnership {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room.
    pub room: RoomId,
    /// Who owns it from now on; the caller is an admin then.
    pub user: UserId,
}

/// See [`Command::Leave`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Leave {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room.
    pub room: RoomId,
}

/// See [`Command::Members`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Members {
    /// The room.
    pub room: RoomId,
    /// Members after this one, by user id, or none to start at the beginning.
    pub after: Option<UserId>,
    /// The most members wanted.
    pub limit: u8,
}

/// See [`Command::Open`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Open {
    /// The room.
    pub room: RoomId,
    /// How many of the last entries to give.
    pub limit: u8,
}

/// See [`Command::Close`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Close {
    /// The room.
    pub room: RoomId,
}

/// See [`Command::Send`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Send {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room.
    pub room: RoomId,
    /// What it says.
    pub body: Body,
    /// What belongs to it besides its words; at most one of each kind.
    #[serde(default)]
    pub extras: List<Extra, EXTRAS>,
}

impl Send {
    /// A message of words alone.
    #[must_use]
    pub fn new(key: ClientKey, room: RoomId, body: Body) -> Self {
        Self { key, room, body, extras: List::default() }
    }

    /// An answer to the message at a position.
    #[must_use]
    pub fn reply(key: ClientKey, room: RoomId, body: Body, message: Position) -> Self {
        let extras = List::cut(vec![Extra::Reply(ReplyTo { message })]);
        Self { extras, ..Self::new(key, room, body) }
    }

    /// A reply in the thread of the message at a position, and not among the room's other messages.
    #[must_use]
    pub fn in_thread(key: ClientKey, room: RoomId, body: Body, root: Position) -> Self {
        let thread = InThread { root, number: ReplyNumber::ZERO, in_room: false };
        Self { extras: List::cut(vec![Extra::Thread(thread)]), ..Self::new(key, room, body) }
    }
}

/// See [`Command::Edit`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Edit {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room.
    pub room: RoomId,
    /// The message's position.
    pub position: Position,
    /// What it says from now on.
    pub body: Body,
    /// Whom it mentions from now on; none: the same as before.
    #[serde(default)]
    pub mentions: Option<Mentions>,
}

impl Edit {
    /// Other words, and the same mentions.
    #[must_use]
    pub fn words(key: ClientKey, room: RoomId, position: Position, body: Body) -> Self {
        Self { key, room, position, body, mentions: None }
    }
}

/// See [`Command::Delete`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Delete {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room.
    pub room: RoomId,
    /// The message's position.
    pub position: Position,
}

/// See [`Command::React`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct React {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room.
    pub room: RoomId,
    /// The message's position.
    pub position: Position,
    /// With what.
    pub emoji: Text<EMOJI_BYTES>,
    /// Whether the reaction is added; otherwise it is taken back.
    pub add: bool,
}

/// See [`Command::Revisions`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Revisions {
    /// The room.
    pub room: RoomId,
    /// The message's position.
    pub position: Position,
    /// The first revision wanted; 0 is what was sent.
    pub from: u32,
}

/// Where a page of history lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    /// The last entries.
    Latest,
    /// The entries just before this position.
    Before(Position),
    /// The entries just after this position.
    After(Position),
    /// The entries on both sides of this position, and itself.
    Around(Position),
}

/// See [`Command::History`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct History {
    /// The room.
    pub room: RoomId,
    /// Where.
    pub anchor: Anchor,
    /// The most entries wanted.
    pub limit: u8,
}

/// See [`Command::Message`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct MessageAt {
    /// The room.
    pub room: RoomId,
    /// The message's position.
    pub position: Position,
}

/// See [`Command::Previews`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Previews {
    /// The room.
    pub room: RoomId,
    /// The positions of the messages.
    pub positions: List<Position, MESSAGES_PER_COMMAND>,
}

/// See [`Command::Pin`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Pin {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room.
    pub room: RoomId,
    /// The message's position.
    pub position: Position,
    /// Whether it is pinned; otherwise that is taken back.
    pub pin: bool,
}

/// See [`Command::Pins`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Pins {
    /// The room.
    pub room: RoomId,
}

/// See [`Command::Hide`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Hide {
    /// The room.
    pub room: RoomId,
    /// The message's position.
    pub position: Position,
}

/// See [`Command::Search`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Search {
    /// The room, or none for all rooms of the person.
    pub room: Option<RoomId>,
    /// Words, `"phrases"`, beginnings of words (`cappu*`), and filters: see `docs/search.md`.
    pub query: Text<QUERY_BYTES>,
    /// Where the page before this one says to go on, or none for the newest.
    pub before: Option<SearchPlace>,
    /// The most messages wanted.
    pub limit: u8,
}

/// See [`Command::Topics`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Topics {
    /// The room.
    pub room: RoomId,
    /// The most topics wanted.
    pub limit: u8,
}

/// See [`Command::Forward`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Forward {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room to which it goes.
    pub room: RoomId,
    /// The room in which the message is.
    pub source: RoomId,
    /// The message's position there.
    pub position: Position,
    /// What the server found there. Clients leave it out: what they give does not count.
    #[serde(default)]
    pub copied: Option<Copied>,
}

/// A message as one server tells it to another, to be forwarded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Copied {
    /// What it says.
    pub body: Body,
    /// Where it comes from.
    pub origin: Forwarded,
}

/// See [`Command::Star`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Star {
    /// The room.
    pub room: RoomId,
    /// The message's position.
    pub position: Position,
    /// Whether it is starred; otherwise that is taken back.
    pub star: bool,
}

/// See [`Command::Marked`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Marked {
    /// How they are marked.
    pub flag: Flag,
    /// Where the page before this one says to go on, or none for the newest.
    pub before: Option<SearchPlace>,
    /// The most messages wanted.
    pub limit: u8,
}

/// See [`Command::Marks`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Marks {
    /// How they are marked.
    pub flag: Flag,
}

/// A place among what is found, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct SearchPlace {
    /// When the message there was sent.
    pub time: Timestamp,
    /// Its room.
    pub room: RoomId,
    /// Its position.
    pub position: Position,
}

/// See [`Command::MarkRead`] and [`Command::MarkDelivered`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Mark {
    /// The room.
    pub room: RoomId,
    /// The number of the message; all messages before it count too.
    pub number: MessageNumber,
}

/// See [`Command::Mute`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Mute {
    /// The room.
    pub room: RoomId,
    /// Until when; [`Timestamp::MAX`] is for ever. None: it is muted no longer.
    pub until: Option<Timestamp>,
}

/// Why a message is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Schema)]
#[serde(rename_all = "snake_case")]
pub enum ReportReason {
    /// Advertising, or the same again and again.
    Spam,
    /// Somebody is bothered, threatened or mobbed.
    Harassment,
    /// Hate against groups of people.
    Hate,
    /// Violence, or a call for it.
    Violence,
    /// Sexual content.
    Sexual,
    /// An attempt to cheat somebody out of something.
    Scam,
    /// Somebody pretends to be another person.
    Impersonation,
    /// Something else: the text says what.
    Other,
}

/// See [`Command::Report`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Report {
    /// The room.
    pub room: RoomId,
    /// The message's position.
    pub position: Position,
    /// Why.
    pub reason: ReportReason,
    /// What else there is to say; may be empty.
    pub text: Text<REPORT_BYTES>,
}

/// See [`Command::SetPresence`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct SetPresence {
    /// Online or away; the server itself says offline when no device is connected.
    pub availability: Availability,
    /// The status text: an empty text removes it, none leaves it as it is.
    pub status: Option<Text<STATUS_BYTES>>,
}

/// See [`Command::SetPreferences`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct SetPreferences {
    /// Do not tell others what this person has read.
    pub private_receipts: bool,
}

/// See [`Command::Profiles`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Profiles {
    /// Who.
    pub users: List<UserId, USERS_PER_COMMAND>,
}

/// See [`ClientSignal::Typing`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Typing {
    /// The room.
    pub room: RoomId,
    /// Grows with each signal of this session; an older one that arrives late is dropped.
    pub counter: u32,
    /// Whether the person types or has stopped.
    pub active: bool,
}
