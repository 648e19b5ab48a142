//! What the server answers.

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

pub use crate::drafts::{DraftList, ThreadDraftList};
use crate::{
    bounded::{List, Text},
    command::SearchPlace,
    event::{Body, Entry},
    ids::{RoomId, SessionId, UserId},
    invites::{InviteList, InvitedRoom},
    limits::{
        EXCERPT_BYTES, FRAGMENTS, Limits, MARKERS, MARKS, MESSAGES_PER_COMMAND, PAGE_ENTRIES,
        PAGE_HITS, PAGE_MARKED, PAGE_MEMBERS, PAGE_ROOMS, PINS, RESUME_CURSORS, REVISIONS, TOPICS,
        USERS_PER_COMMAND, WORD_BYTES,
    },
    numbers::{MessageNumber, Position, Timestamp},
    open::{Empty, open_enum},
    polls::{PollResults, VoterPage},
    room::{
        Card, MarkedMessage, Marker, Member, MessageMark, MessagePreview, OwnState, PinnedMessage,
        Presence, Profile, RoomSummary,
    },
    scheduled::{ScheduledMessage, ScheduledPage},
    threads::{FollowedPage, ThreadPage},
};

open_enum! {
    /// The answer to a command that was done.
    pub enum Reply {
        /// Done, without a result.
        0 "done" Done(Empty),
        /// To hello.
        1 "welcome" Welcome(Welcome),
        /// To resume.
        2 "resumed" Resumed(ResumedRooms),
        /// To rooms.
        3 "rooms" Rooms(RoomPage),
        /// To commands that find or make a room.
        4 "room" Room(RoomSummary),
        /// To members.
        5 "members" Members(MemberPage),
        /// To open.
        6 "opened" Opened(Opened),
        /// To commands that add an entry to a room's log.
        7 "appended" Appended(Appended),
        /// To history.
        8 "page" Page(EntryPage),
        /// To message.
        9 "entry" Entry(Entry),
        /// To profiles.
        10 "profiles" Profiles(ProfileList),
        /// To refresh.
        11 "refreshed" Refreshed(Refreshed),
        /// To revisions.
        12 "revisions" Revisions(RevisionPage),
        /// To previews.
        13 "previews" Previews(PreviewList),
        /// To pins.
        14 "pins" Pins(PinList),
        /// To search.
        15 "found" Found(SearchPage),
        /// To topics.
        16 "topics" Topics(TopicList),
        /// To marked.
        17 "marked" Marked(MarkedPage),
        /// To marks.
        18 "marks" Marks(MarkList),
        /// To drafts.
        19 "drafts" Drafts(DraftList),
        /// To invites.
        20 "invites" Invites(InviteList),
        /// To invite_preview.
        21 "invited_room" InvitedRoom(InvitedRoom),
        /// To schedule and change_scheduled.
        22 "scheduled_message" ScheduledMessage(ScheduledMessage),
        /// To scheduled.
        23 "scheduled" Scheduled(ScheduledPage),
        /// To thread.
        24 "thread" Thread(ThreadPage),
        /// To threads.
        25 "threads" Threads(FollowedPage),
        /// To poll.
        26 "poll" Poll(PollResults),
        /// To voters.
        27 "voters" Voters(VoterPage),
        /// To thread_drafts.
        28 "thread_drafts" ThreadDrafts(ThreadDraftList),
    }
}

/// The answer to hello.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Welcome {
    /// The protocol version of this session.
    pub version: u16,
    /// This connection.
    pub session: SessionId,
    /// Who the person is.
    pub profile: Profile,
    /// The person's presence and settings.
    pub own: OwnState,
    /// The server's clock.
    pub server_time: Timestamp,
    /// When the token expires.
    pub token_expires: Timestamp,
    /// The limits.
    pub limits: Limits,
    /// The first rooms by activity.
    pub rooms: List<RoomSummary, PAGE_ROOMS>,
    /// Whether there are more.
    pub more_rooms: bool,
    /// The results of the cursors, in the same order.
    pub resumed: List<Resumed, RESUME_CURSORS>,
}

/// The answer to refresh.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Refreshed {
    /// When the new token expires.
    pub token_expires: Timestamp,
}

/// The answer to resume, in the order of the cursors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct ResumedRooms {
    /// One for each cursor.
    pub rooms: List<Resumed, RESUME_CURSORS>,
}

/// Whether a client's copy of a room can be completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Schema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The entries that follow are all that was missed, up to `head` or, with `more`, up to the last
    /// of them.
    Complete,
    /// Too much was missed, or it has expired: drop the copy and load the last page.
    Reset,
    /// The person is no longer in the room: drop the copy.
    Gone,
    /// The room cannot be read right now: keep the copy and ask again.
    Later,
}

impl Standing {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Complete, Self::Reset, Self::Gone, Self::Later];
}

/// The result of one cursor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Resumed {
    /// The room.
    pub room: RoomId,
    /// Whether the copy can be completed.
    pub standing: Standing,
    /// What was missed, in order.
    pub entries: List<Entry, PAGE_ENTRIES>,
    /// Ask again from the last of these entries: they did not all fit.
    pub more: bool,
    /// The room's last position.
    pub head: Position,
}

/// The answer to rooms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct RoomPage {
    /// The rooms.
    pub rooms: List<RoomSummary, PAGE_ROOMS>,
    /// Whether there are more.
    pub more: bool,
}

/// The answer to members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct MemberPage {
    /// The members, by user id.
    pub members: List<Member, PAGE_MEMBERS>,
    /// Whether there are more.
    pub more: bool,
}

/// The answer to open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Opened {
    /// The room.
    pub room: RoomSummary,
    /// Its last entries.
    pub page: EntryPage,
    /// Its members' markers, in small rooms.
    pub markers: List<Marker, MARKERS>,
    /// Its members' presence, in small rooms.
    pub presence: List<Presence, MARKERS>,
    /// How many people have the room open now.
    pub attendance: u32,
    /// What it is about, where a service has told.
    pub card: Option<Card>,
}

/// The answer to commands that add an entry to a room's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Appended {
    /// The room.
    pub room: RoomId,
    /// The entry's position.
    pub position: Position,
    /// The message's number; 0 for other entries.
    pub number: MessageNumber,
    /// When.
    pub time: Timestamp,
}

/// A range of a room's log, in order of position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct EntryPage {
    /// The entries.
    pub entries: List<Entry, PAGE_ENTRIES>,
    /// Whether there is something before them that this person may see.
    pub more_before: bool,
    /// Whether there is something after them.
    pub more_after: bool,
    /// The room's last position.
    pub head: Position,
}

/// What a message said for a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Revision {
    /// After how many edits; 0 is what was sent.
    pub revision: u32,
    /// Since when.
    pub time: Timestamp,
    /// What it said.
    pub body: Body,
}

/// The answer to revisions, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct RevisionPage {
    /// The revisions; the last one is what the message says now.
    pub revisions: List<Revision, REVISIONS>,
    /// Whether there are more: ask again from the one after the last.
    pub more: bool,
}

/// The answer to previews: those of messages that are there and that this person may see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct PreviewList {
    /// The messages, by position.
    pub previews: List<MessagePreview, MESSAGES_PER_COMMAND>,
}

/// The answer to pins: what is pinned in a room and this person may see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct PinList {
    /// The pins, oldest first.
    pub pins: List<PinnedMessage, PINS>,
    /// The room's last position: later entries change the list.
    pub head: Position,
}

/// A message that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Hit {
    /// The room.
    pub room: RoomId,
    /// The message's position.
    pub position: Position,
    /// Its number.
    pub number: MessageNumber,
    /// When it was sent.
    pub time: Timestamp,
    /// Who wrote it, or none for the service.
    pub sender: Option<UserId>,
    /// What it says around the first match.
    pub excerpt: List<Fragment, FRAGMENTS>,
}

/// A part of an excerpt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Fragment {
    /// The text.
    pub text: Text<EXCERPT_BYTES>,
    /// Whether it is what was looked for.
    pub matched: bool,
}

/// The answer to search: what was found, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct SearchPage {
    /// The messages, as they are now.
    pub hits: List<Hit, PAGE_HITS>,
    /// Where to go on; none if that was all. A page with fewer messages than wanted, or none, may have
    /// more after it: the work of one search is bounded.
    pub next: Option<SearchPlace>,
    /// Rooms of the person that were not looked at, because so many others were active later.
    pub rooms_left: u32,
    /// The newest messages of a room may be missing: they are being indexed.
    pub behind: bool,
}

/// A word that a room talks about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Topic {
    /// The word, as it was written last, in lower case.
    pub word: Text<WORD_BYTES>,
    /// The messages of the last hour that have it, in thousandths: one of now counts 1,000, half of that after
    /// each 15 minutes.
    pub weight: u32,
    /// How many messages of the last hour have it.
    pub messages: u32,
}

/// The answer to topics, the heaviest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct TopicList {
    /// The topics.
    pub topics: List<Topic, TOPICS>,
}

/// The answer to marked: messages that the person may see, newest mark first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct MarkedPage {
    /// The messages.
    pub messages: List<MarkedMessage, PAGE_MARKED>,
    /// Where to go on; none if that was all. A page may have fewer messages than wanted, or none, and more may come
    /// after it.
    pub next: Option<SearchPlace>,
}

/// The answer to marks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct MarkList {
    /// The places, by room and position, also of rooms that the person has left since.
    pub marks: List<MessageMark, MARKS>,
}

/// The answer to profiles: those of known users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct ProfileList {
    /// The people.
    pub profiles: List<Profile, USERS_PER_COMMAND>,
}
