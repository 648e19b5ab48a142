//! Limits and rates.

use super::units::{GIB, KIB, MIB};
use crate::config::{
    field::{Field, Number},
    setting::{Group, Setting, setting},
    valid::is_context,
};

const GROUP: Group = Group::Limits;

pub(super) const SETTINGS: &[Setting] = &[
    setting(
        "text_chars",
        GROUP,
        "The longest text, in characters",
        Field::Count(|c| Number::U32(&mut c.core.text_chars), 1, 8_000),
    ),
    setting(
        "public_text_chars",
        GROUP,
        "The longest text in a public room, in characters",
        Field::Count(|c| Number::U32(&mut c.core.public_text_chars), 1, 8_000),
    ),
    setting(
        "messages_per_second",
        GROUP,
        "Messages that a user may send, per second",
        Field::Count(|c| Number::U32(&mut c.core.messages_per_second), 1, 1_000_000),
    ),
    setting(
        "commands_per_second",
        GROUP,
        "Commands of every kind that a user may send, per second",
        Field::Count(|c| Number::U32(&mut c.core.commands_per_second), 1, 1_000_000),
    ),
    setting(
        "address_commands_per_second",
        GROUP,
        "Commands that all users of one address may send, per second",
        Field::Count(|c| Number::U32(&mut c.core.address_commands_per_second), 1, 10_000_000),
    ),
    setting(
        "service_requests_per_second",
        GROUP,
        "Requests that a service may make over REST on one node, per second",
        Field::Count(|c| Number::U32(&mut c.service_requests_per_second), 1, 1_000_000),
    ),
    setting(
        "signals_per_second",
        GROUP,
        "Signals that a session may send, per second: that somebody types, and where a live location is",
        Field::Count(|c| Number::U32(&mut c.core.signals_per_second), 1, 1_000_000),
    ),
    setting(
        "address_connects_per_second",
        GROUP,
        "New connections from one address (IPv6: one /64), per second",
        Field::Count(|c| Number::U32(&mut c.core.address_connects_per_second), 1, 1_000_000),
    ),
    setting(
        "connections_per_address",
        GROUP,
        "Connections at the same time from one address (IPv6: one /64)",
        Field::Count(|c| Number::U32(&mut c.core.connections_per_address), 1, 1_000_000),
    ),
    setting(
        "connections_per_user",
        GROUP,
        "Connections at the same time of one user",
        Field::Count(|c| Number::U32(&mut c.core.connections_per_user), 1, 1_000_000),
    ),
    setting(
        "hellos_at_once",
        GROUP,
        "Hellos that are answered at the same time; further ones take turns by address, or are told when to come back",
        Field::Count(|c| Number::U32(&mut c.core.hellos_at_once), 1, 100_000),
    ),
    setting(
        "commands_in_flight",
        GROUP,
        "Commands of one session in flight at the same time; further ones wait",
        Field::Count(|c| Number::U32(&mut c.core.commands_in_flight), 1, 10_000),
    ),
    setting(
        "open_rooms",
        GROUP,
        "Rooms that one session may have open",
        Field::Count(|c| Number::U32(&mut c.core.open_rooms), 1, 10_000),
    ),
    setting(
        "rooms_per_user",
        GROUP,
        "Rooms that a user may be in",
        Field::Count(|c| Number::U32(&mut c.core.rooms_per_user), 1, 10_000),
    ),
    setting(
        "members_per_room",
        GROUP,
        "Members that a room may have",
        Field::Count(|c| Number::U32(&mut c.core.members_per_room), 2, 100_000),
    ),
    setting(
        "small_room_members",
        GROUP,
        "A room with up to this many members is small: its messages come to the inbox, with receipts, presence and typing",
        Field::Count(|c| Number::U32(&mut c.core.small_room_members), 2, 100),
    ),
    setting(
        "session_queue_bytes",
        GROUP,
        "Bytes that may wait to be written to one session; beyond it messages are dropped and fetched again by resume",
        Field::Size(|c| Number::Usize(&mut c.core.session_queue_bytes), 64 * KIB, GIB),
    ),
    setting(
        "room_queue",
        GROUP,
        "Commands that may wait for one room",
        Field::Count(|c| Number::Usize(&mut c.core.room_queue), 1, 1_000_000),
    ),
    setting(
        "idle_rooms",
        GROUP,
        "Rooms kept in memory while nobody uses them",
        Field::Count(|c| Number::Usize(&mut c.core.idle_rooms), 0, 10_000_000),
    ),
    setting(
        "cached_people",
        GROUP,
        "People whose names and settings are kept in memory",
        Field::Count(|c| Number::Usize(&mut c.core.cached_people), 1, 10_000_000),
    ),
    setting(
        "idle_bytes",
        GROUP,
        "Memory for rooms that nobody uses",
        Field::Size(|c| Number::Usize(&mut c.core.idle_bytes), MIB, 1024 * GIB),
    ),
    setting(
        "ring_entries",
        GROUP,
        "Recent entries kept in memory for each room",
        Field::Count(|c| Number::Usize(&mut c.core.ring_entries), 1, 10_000),
    ),
    setting(
        "ring_bytes",
        GROUP,
        "Memory for the recent entries of one room",
        Field::Size(|c| Number::Usize(&mut c.core.ring_bytes), KIB, GIB),
    ),
    setting(
        "page_cache_bytes",
        GROUP,
        "Memory for older entries that were read from the store just now; 0 keeps none",
        Field::Size(|c| Number::Usize(&mut c.core.page_cache_bytes), 0, 64 * GIB),
    ),
    setting(
        "bucket_bytes",
        GROUP,
        "What one partition of a room's log may hold; then it goes on in another",
        Field::Size(|c| Number::U64(&mut c.core.bucket_bytes), MIB, GIB),
    ),
    setting(
        "resume_entries",
        GROUP,
        "Missed entries that a resume may deliver; beyond it the client reloads",
        Field::Count(|c| Number::U64(&mut c.core.resume_entries), 1, 1_000_000),
    ),
    setting(
        "open_rooms_made_per_day",
        GROUP,
        "Rooms of open contexts that a person may make per day",
        Field::Count(|c| Number::U32(&mut c.core.open_rooms_made_per_day), 0, 1_000_000),
    ),
    setting(
        "open_contexts",
        GROUP,
        "Context types for which any user may make the room; others need a service's token",
        Field::Words(|c| &mut c.core.open_contexts, is_context, "words of up to 32 bytes"),
    ),
];
