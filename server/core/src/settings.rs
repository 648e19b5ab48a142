//! The settings of core, each with its unit and its default. The wire maxima in
//! `caffis_schema::limits` bound them from above.

use std::time::Duration;

use caffis_schema::{limits::Limits, room::RoomClass};

use crate::model::timing::EDIT_WINDOW_MS;

/// How core behaves. Every rate, queue, cache and timeout has its name here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The longest text in a public room, in characters.
    pub public_text_chars: u32,
    /// The longest text in any other room, in characters.
    pub text_chars: u32,
    /// Messages that a user may send, per second.
    pub messages_per_second: u32,
    /// Commands of every kind that a user may send, per second.
    pub commands_per_second: u32,
    /// Commands that all users of one address may send, per second.
    pub address_commands_per_second: u32,
    /// Signals (typing) that a session may send, per second.
    pub signals_per_second: u32,
    /// New connections from one address, per second.
    pub address_connects_per_second: u32,
    /// Connections at the same time from one address.
    pub connections_per_address: u32,
    /// Connections at the same time of one user.
    pub connections_per_user: u32,
    /// Commands of one session that may be in flight at the same time; further ones wait.
    pub commands_in_flight: u32,
    /// Rooms that one session may have open.
    pub open_rooms: u32,
    /// Rooms that a user may be in.
    pub rooms_per_user: u32,
    /// Members that a room may have.
    pub members_per_room: u32,
    /// A room with up to this many members is small: its messages come to the inbox, with receipts and
    /// presence by name.
    pub small_room_members: u32,
    /// Bytes that may wait to be written to one session; beyond it entries are dropped, and the client
    /// resumes.
    pub session_queue_bytes: usize,
    /// Commands that may wait for one room's owner.
    pub room_queue: usize,
    /// Rooms that are kept in memory while nobody uses them.
    pub idle_rooms: usize,
    /// People whose profiles and settings are kept in memory.
    pub cached_people: usize,
    /// How long a person's row in memory is used before it is read again.
    pub person_cache: Duration,
    /// Approximate memory for rooms that nobody uses, in bytes.
    pub idle_bytes: usize,
    /// Recent entries kept in memory for each room.
    pub ring_entries: usize,
    /// Memory for the recent entries of one room, in bytes; the last one always stays.
    pub ring_bytes: usize,
    /// Memory for older entries that were read from the store just now, of all rooms, in bytes; 0 keeps none.
    pub page_cache_bytes: usize,
    /// What one bucket of a room's log, which is one partition of the store, may hold, in bytes, about.
    pub bucket_bytes: u64,
    /// Missed entries that a resume may deliver; beyond it the client reloads.
    pub resume_entries: u64,
    /// How long entries other than messages are kept.
    pub entry_retention: Duration,
    /// How long the record of active rooms is kept. Nothing that follows the rooms may lag longer.
    pub activity_retention: Duration,
    /// Words that are never topics, besides those of Italian and English that say little.
    pub topic_stop_words: Vec<String>,
    /// Whether messages are indexed and can be searched.
    pub search: bool,
    /// How long client ids are remembered.
    pub resend_window: Duration,
    /// Hellos that are answered at the same time; further ones take turns.
    pub hellos_at_once: u32,
    /// How long a connection may take until its hello.
    pub hello_timeout: Duration,
    /// How long a session may be silent; clients ping more often than that.
    pub idle_timeout: Duration,
    /// How long a client must be gone before others are told.
    pub offline_grace: Duration,
    /// How long a command may wait for the store: a write that takes longer ends as `unknown`, a read
    /// as `unavailable`.
    pub store_timeout: Duration,
    /// How long a list of rooms waits for one of them: a room that takes longer is listed as
    /// unreadable. All of them together may take twice as long.
    pub room_timeout: Duration,
    /// While a session is busy, how long writes are gathered.
    pub gather: Duration,
    /// How often an active client should ping.
    pub active_ping: Duration,
    /// How often an idle client should ping.
    pub idle_ping: Duration,
    /// Rooms of open contexts that a person may make per day.
    pub open_rooms_made_per_day: u32,
    /// Context types for which any user may make a room by `ensure_room`; others need a service's
    /// token.
    pub open_contexts: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_text_chars: 500,
            text_chars: 8_000,
            messages_per_second: 10,
            commands_per_second: 50,
            address_commands_per_second: 2_000,
            signals_per_second: 10,
            address_connects_per_second: 100,
            connections_per_address: 100,
            connections_per_user: 20,
            commands_in_flight: 32,
            open_rooms: 100,
            rooms_per_user: 1_000,
            members_per_room: 5_000,
            small_room_members: 100,
            session_queue_bytes: 512 * 1024,
            room_queue: 1_024,
            idle_rooms: 10_000,
            cached_people: 100_000,
            person_cache: Duration::from_secs(300),
            idle_bytes: 256 * 1024 * 1024,
            ring_entries: 100,
            ring_bytes: 256 * 1024,
            page_cache_bytes: 32 * 1024 * 1024,
            // Below 100 MB, up to which partitions are no trouble to ScyllaDB.
            bucket_bytes: 95 * 1024 * 1024,
            resume_entries: 1_000,
            entry_retention: Duration::from_secs(30 * 86_400),
            activity_retention: Duration::from_secs(14 * 86_400),
            topic_stop_words: Vec::new(),
            search: true,
            resend_window: Duration::from_secs(3 * 86_400),
            hellos_at_once: 1_024,
            hello_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
            offline_grace: Duration::from_secs(2),
            store_timeout: Duration::from_secs(10),
            room_timeout: Duration::from_secs(2),
            gather: Duration::from_millis(2),
            active_ping: Duration::from_secs(2),
            idle_ping: Duration::from_secs(15),
            open_rooms_made_per_day: 20,
            open_contexts: vec!["cafe".to_owned()],
        }
    }
}

impl Settings {
    /// The longest text in characters in a room of a class.
    #[must_use]
    pub fn most_chars(&self, class: RoomClass) -> u32 {
        match class {
            RoomClass::Public => self.public_text_chars,
            RoomClass::Social | RoomClass::Evidence => self.text_chars,
        }
    }

    /// The limits that clients are told.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits {
            public_text_chars: self.public_text_chars,
            text_chars: self.text_chars,
            frame_bytes: caffis_schema::limits::COMMAND_BYTES as u32,
            messages_per_second: self.messages_per_second,
            open_rooms: self.open_rooms,
            rooms_per_user: self.rooms_per_user,
            members_per_room: self.members_per_room,
            small_room_members: self.small_room_members,
            edit_window_ms: EDIT_WINDOW_MS,
            resend_window_seconds: self.resend_window.as_secs().try_into().unwrap_or(u32::MAX),
            active_ping_ms: milliseconds(self.active_ping),
            idle_ping_ms: milliseconds(self.idle_ping),
            typing_refresh_ms: 3_000,
            typing_expiry_ms: 5_000,
        }
    }
}

fn milliseconds(duration: Duration) -> u32 {
    duration.as_millis().try_into().unwrap_or(u32::MAX)
}
