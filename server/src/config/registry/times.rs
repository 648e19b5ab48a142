//! Times.

use super::units::{DAY, HOUR, MINUTE, SECOND};
use crate::config::{
    field::Field,
    setting::{Group, Setting, setting},
};

const GROUP: Group = Group::Times;

pub(super) const SETTINGS: &[Setting] = &[
    setting(
        "person_cache",
        GROUP,
        "How long a person's row in memory is used before it is read again",
        Field::Time(|c| &mut c.core.person_cache, SECOND, DAY),
    ),
    setting(
        "entry_retention",
        GROUP,
        "How long entries other than messages are kept",
        Field::Seconds(|c| &mut c.core.entry_retention, SECOND, 3_650 * DAY),
    ),
    setting(
        "activity_retention",
        GROUP,
        "How long the record of active rooms is kept; nothing that follows rooms may lag longer",
        Field::Seconds(|c| &mut c.core.activity_retention, HOUR, 3_650 * DAY),
    ),
    setting(
        "resend_window",
        GROUP,
        "How long client ids are remembered",
        Field::Seconds(|c| &mut c.core.resend_window, SECOND, 365 * DAY),
    ),
    setting(
        "handshake_timeout",
        GROUP,
        "How long each step of a new connection may take: PROXY header, TLS handshake, first request, upgrade; on UDP everything until the first stream",
        Field::Time(|c| &mut c.handshake_timeout, 100, 10 * MINUTE),
    ),
    setting(
        "stall_timeout",
        GROUP,
        "How long an HTTP connection may go without a byte in either direction; noticed within twice that",
        Field::Time(|c| &mut c.stall_timeout, 11 * SECOND, HOUR),
    ),
    setting(
        "hello_timeout",
        GROUP,
        "How long a connection may take until its hello",
        Field::Time(|c| &mut c.core.hello_timeout, 100, 10 * MINUTE),
    ),
    setting(
        "idle_timeout",
        GROUP,
        "How long a session may be silent",
        Field::Time(|c| &mut c.core.idle_timeout, SECOND, HOUR),
    ),
    setting(
        "offline_grace",
        GROUP,
        "How long a client must be gone before others are told",
        Field::Time(|c| &mut c.core.offline_grace, 0, 10 * MINUTE),
    ),
    setting(
        "store_timeout",
        GROUP,
        "How long a command may wait for the store: a write then ends as unknown, a read as unavailable",
        Field::Time(|c| &mut c.core.store_timeout, 100, 10 * MINUTE),
    ),
    setting(
        "room_timeout",
        GROUP,
        "How long a list waits for one room; one that takes longer is listed as unreadable",
        Field::Time(|c| &mut c.core.room_timeout, 100, 10 * MINUTE),
    ),
    setting(
        "gather",
        GROUP,
        "How long writes to a busy session are gathered",
        Field::Time(|c| &mut c.core.gather, 0, SECOND),
    ),
    setting(
        "active_ping",
        GROUP,
        "How often an active client should ping",
        Field::Time(|c| &mut c.core.active_ping, 100, 10 * MINUTE),
    ),
    setting(
        "idle_ping",
        GROUP,
        "How often an idle client should ping",
        Field::Time(|c| &mut c.core.idle_ping, 100, 10 * MINUTE),
    ),
    setting(
        "drain_delay",
        GROUP,
        "After how long clients should come back after a drain",
        Field::Time(|c| &mut c.drain_delay, 0, 10 * MINUTE),
    ),
    setting(
        "handover_within",
        GROUP,
        "How long handing over rooms to other nodes may take before a drain",
        Field::Time(|c| &mut c.handover_within, 100, 10 * MINUTE),
    ),
    setting(
        "drain_within",
        GROUP,
        "How long a drain may take",
        Field::Time(|c| &mut c.drain_within, 100, 10 * MINUTE),
    ),
];
