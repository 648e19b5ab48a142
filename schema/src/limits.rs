//! Every wire maximum by name. Nothing larger is ever encoded or accepted; the settings of a server
//! may be lower ([`Limits`] tells a client), never higher.

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

/// Declares the maxima and lists them, for the generated codecs and the documentation.
macro_rules! maxima {
    ($( $(#[$meta:meta])* $name:ident = $value:expr; )*) => {
        $( $(#[$meta])* pub const $name: usize = $value; )*

        /// Every maximum with its name.
        pub const MAXIMA: &[(&str, usize)] = &[ $( (stringify!($name), $name), )* ];
    };
}

maxima! {
    /// A frame's payload, in bytes, in either form.
    FRAME_BYTES = 256 * 1024;
    /// A frame from a client, in bytes.
    COMMAND_BYTES = 64 * 1024;
    /// A datagram, in bytes: a size that works in every browser.
    DATAGRAM_BYTES = 1_000;
    /// A user's identifier, in bytes.
    USER_ID_BYTES = 64;
    /// A name shown to people, in bytes.
    NAME_BYTES = 128;
    /// A token, in bytes.
    TOKEN_BYTES = 4_096;
    /// A message's text, in bytes: 8,000 characters of four bytes.
    TEXT_BYTES = 32_000;
    /// The preview of a message in the room list, in bytes.
    PREVIEW_BYTES = 240;
    /// A person's custom status, in bytes.
    STATUS_BYTES = 200;
    /// The address of a picture, in bytes.
    URL_BYTES = 512;
    /// A context's type, in bytes.
    CONTEXT_TYPE_BYTES = 32;
    /// A context's identifier, in bytes.
    CONTEXT_ID_BYTES = 160;
    /// The sentence of an error, in bytes.
    SENTENCE_BYTES = 256;
    /// A client's name and version, in bytes.
    CLIENT_NAME_BYTES = 64;
    /// Entries in one page of history.
    PAGE_ENTRIES = 100;
    /// Rooms in one page of the room list, and in the answer to hello.
    PAGE_ROOMS = 100;
    /// Members in one page.
    PAGE_MEMBERS = 100;
    /// Cursors in one resume.
    RESUME_CURSORS = 100;
    /// Users named in one command.
    USERS_PER_COMMAND = 100;
    /// Markers sent with an opened room: the seen-by lines of small rooms.
    MARKERS = 100;
    /// A postal address, in bytes.
    ADDRESS_BYTES = 240;
    /// Coordinates on a map, in bytes.
    COORDINATES_BYTES = 32;
    /// The name of a time zone, in bytes.
    TIME_ZONE_BYTES = 64;
    /// A word of the business, such as the name of a role, in bytes.
    WORD_BYTES = 64;
    /// Pictures of a place.
    PHOTOS = 8;
    /// Revisions of a message, with what was sent: it is edited at most this often, less one.
    REVISIONS = 50;
    /// What somebody says about a message that they report, in bytes.
    REPORT_BYTES = 1_000;
    /// An emoji, in bytes.
    EMOJI_BYTES = 64;
    /// Reactions to a message.
    REACTIONS = 50;
    /// What belongs to a message besides its words.
    EXTRAS = 8;
    /// People whom a message mentions by name.
    MENTIONS = 50;
    /// Members of a room in which a message may mention everybody: each of them gets a row.
    ROOM_MENTION_MEMBERS = 100;
    /// Messages that mention a person and are kept for them; older ones are forgotten.
    MENTIONED_MESSAGES = 500;
    /// Drafts that are kept for one person; the oldest are forgotten.
    DRAFTS = 40;
    /// Drafts in threads that are kept for one person; the oldest are forgotten.
    THREAD_DRAFTS = 40;
    /// Drafts in threads of one room that are kept for one person, so that a room leaves space for others; the oldest
    /// are forgotten.
    ROOM_THREAD_DRAFTS = 20;
    /// A draft that follows a person between devices, in bytes. Longer ones stay on their device.
    DRAFT_BYTES = 4_000;
    /// Messages that one person has scheduled in one room.
    SCHEDULED = 50;
    /// Scheduled messages in one page.
    PAGE_SCHEDULED = 50;
    /// How far ahead a message can be scheduled, in days.
    SCHEDULED_DAYS = 365;
    /// Messages that one person stars.
    STARRED_MESSAGES = 1_000;
    /// Messages in one page of those that are marked for a person.
    PAGE_MARKED = 50;
    /// Places of messages that are marked for a person, in one answer.
    MARKS = 1_000;
    /// Messages named in one command.
    MESSAGES_PER_COMMAND = 100;
    /// Messages that one person hides from themselves.
    HIDDEN_MESSAGES = 2_000;
    /// Messages that are pinned in a room.
    PINS = 50;
    /// What somebody searches for, in bytes: far more than a server takes, so that it can say so.
    QUERY_BYTES = 48_000;
    /// Messages in one page of what was found.
    PAGE_HITS = 50;
    /// Topics of a room.
    TOPICS = 50;
    /// Parts of an excerpt of a message that was found.
    FRAGMENTS = 40;
    /// One part of an excerpt, in bytes.
    EXCERPT_BYTES = 1_000;
    /// What a room is for, in bytes.
    DESCRIPTION_BYTES = 1_024;
    /// The longest time of slow mode, in seconds.
    SLOW_MODE_SECONDS = 21_600;
    /// Invite links of a room. A new one takes the place of the oldest that is of no use any more.
    INVITES = 50;
    /// The name of an invite link, in bytes.
    INVITE_NAME_BYTES = 64;
    /// The longest time for which an invite link is good, in seconds, unless it is good for ever.
    INVITE_SECONDS = 31_536_000;
    /// How many people may join by an invite link, unless any number may.
    INVITE_USES = 10_000;
    /// Invite links that one person tries in a minute, on each node.
    INVITE_TRIES = 20;
    /// The question of a poll, in bytes: 300 characters of four bytes.
    POLL_QUESTION_BYTES = 1_200;
    /// What can be chosen in a poll.
    POLL_OPTIONS = 12;
    /// One thing that can be chosen in a poll, in bytes: 100 characters of four bytes.
    POLL_OPTION_BYTES = 400;
    /// How far ahead a poll can close by itself, in days.
    POLL_DAYS = 365;
    /// A telephone number, in bytes.
    PHONE_BYTES = 32;
    /// How inexact a position may be, in metres.
    ACCURACY_METRES = 100_000;
    /// How long a live location lasts at most, in minutes.
    LIVE_LOCATION_MINUTES = 480;
    /// How often a live location is told at most, in milliseconds.
    LIVE_LOCATION_UPDATE_MS = 2_000;
    /// How often a client repeats a live location that does not move, in milliseconds.
    LIVE_LOCATION_REPEAT_MS = 15_000;
    /// After what time without an update a live location is not fresh any more, in milliseconds.
    LIVE_LOCATION_EXPIRY_MS = 45_000;
    /// People in a room whose live locations are told at the same time.
    LIVE_LOCATIONS = 20;
    /// People in one page of those who voted.
    PAGE_VOTERS = 100;
    /// Rooms that a person pins in their list.
    PINNED_ROOMS = 10;
    /// Threads that one person follows; of more, those with the oldest roots are forgotten.
    FOLLOWED_THREADS = 200;
    /// Threads in one page of those that a person follows.
    PAGE_THREADS = 50;
    /// People who are named with a thread.
    THREAD_FACES = 5;
    /// The caller's id of a room or message that is imported, in bytes.
    IMPORT_ID_BYTES = 128;
    /// A line of an import, in bytes: the longest text in JSON that escapes every character.
    IMPORT_LINE_BYTES = 128 * 1024;
    /// Lines of one import.
    IMPORT_LINES = 100_000;
    /// The lines of one import together, in bytes.
    IMPORT_BYTES = 64 * 1024 * 1024;
    /// Lines that were not taken and are listed in the report of an import.
    IMPORT_FAILURES = 100;
    /// The bytes of entries in one page or one resume answer; long entries mean fewer of them.
    PAGE_BYTES = 192 * 1024;
}

/// The limits that a server tells its clients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Limits {
    /// The longest text in characters in a public room.
    pub public_text_chars: u32,
    /// The longest text in characters in any other room.
    pub text_chars: u32,
    /// The largest frame from a client in bytes.
    pub frame_bytes: u32,
    /// Messages per second that a user may send on average.
    pub messages_per_second: u32,
    /// Rooms that one session may hold open.
    pub open_rooms: u32,
    /// Rooms that a user may be in.
    pub rooms_per_user: u32,
    /// Members that a room may have.
    pub members_per_room: u32,
    /// A room with up to this many members is small: its messages come to the inbox, and receipts and
    /// presence by name. In larger rooms only heads and counts do.
    pub small_room_members: u32,
    /// How long the server remembers client ids, in seconds: a resend after that is `expired`.
    pub resend_window_seconds: u32,
    /// How long after it was sent a message can be edited, in milliseconds.
    pub edit_window_ms: u32,
    /// How often an active client should ping, in milliseconds.
    pub active_ping_ms: u32,
    /// How often an idle client should ping, in milliseconds.
    pub idle_ping_ms: u32,
    /// How often a client repeats its typing signal, in milliseconds.
    pub typing_refresh_ms: u32,
    /// How long a typing signal is valid, in milliseconds.
    pub typing_expiry_ms: u32,
}
