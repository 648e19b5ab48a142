//! How full everything is that has a limit: the queues of sessions and rooms, and what is remembered.
//!
//! Rooms that nobody uses are not among them: they may stay for a second more than their number allows.

use crate::{
    directory::WAITING_PEOPLE,
    herd,
    hub::{
        latest::LATEST_KEYS,
        outbound::{LOSSY_SIGNALS, Waiting},
        recaps,
    },
    room::{RECENT, REFUSED},
    services::Services,
    settings::Settings,
};

/// Something that has a limit. Of sessions and rooms the fullest one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bounded {
    /// Entries and notices that wait for a session, in bytes.
    SessionEvents,
    /// Answers that wait for a session.
    SessionReplies,
    /// Events of which only the newest counts that wait for a session.
    SessionLatest,
    /// Signals that wait for a session.
    SessionSignals,
    /// Rooms that are behind for a session.
    SessionBehind,
    /// Commands that wait for a room's owner.
    RoomCommands,
    /// Recent entries of a room.
    RoomEntries,
    /// Commands that a room remembers.
    RoomResends,
    /// Refused commands that one part of the rooms remembers.
    RoomRefusals,
    /// People whose rows wait to be written.
    GatheredPeople,
    /// People of whose new rooms the other nodes are told with the next beats.
    RecapPeople,
    /// Hellos that wait for their turn.
    WaitingHellos,
    /// Older entries that were read just now, in bytes.
    PageBytes,
}

impl Bounded {
    /// The most that there may be.
    #[must_use]
    pub fn limit(self, settings: &Settings) -> usize {
        match self {
            // Beyond the limit of entries there is as much again for notices.
            Self::SessionEvents => settings.session_queue_bytes.saturating_mul(2),
            // And the answer to hello.
            Self::SessionReplies => settings.commands_in_flight as usize + 1,
            Self::SessionLatest => LATEST_KEYS,
            Self::SessionSignals => LOSSY_SIGNALS,
            Self::SessionBehind => (settings.rooms_per_user + settings.open_rooms) as usize,
            Self::RoomCommands => settings.room_queue,
            // The last one always stays.
            Self::RoomEntries => settings.ring_entries.max(1),
            Self::RoomResends => RECENT,
            Self::RoomRefusals => REFUSED,
            Self::GatheredPeople => WAITING_PEOPLE,
            Self::RecapPeople => recaps::WAITING_PEOPLE,
            Self::WaitingHellos => herd::MOST_WAITING,
            Self::PageBytes => settings.page_cache_bytes,
        }
    }
}

/// How full everything is.
pub(crate) fn read(services: &Services) -> Vec<(Bounded, usize)> {
    let mut session = Waiting::default();
    for handle in services.people.all_sessions() {
        let waiting = handle.outbound.waiting();
        session.event_bytes = session.event_bytes.max(waiting.event_bytes);
        session.replies = session.replies.max(waiting.replies);
        session.latest = session.latest.max(waiting.latest);
        session.signals = session.signals.max(waiting.signals);
        session.behind = session.behind.max(waiting.behind);
    }
    let room = services.rooms.fullest();
    let recaps = services.nodes.as_ref().map_or(0, |nodes| nodes.recaps_waiting());
    vec![
        (Bounded::SessionEvents, session.event_bytes),
        (Bounded::SessionReplies, session.replies),
        (Bounded::SessionLatest, session.latest),
        (Bounded::SessionSignals, session.signals),
        (Bounded::SessionBehind, session.behind),
        (Bounded::RoomCommands, room.waiting),
        (Bounded::RoomEntries, room.entries),
        (Bounded::RoomResends, room.commands),
        (Bounded::RoomRefusals, room.refused),
        (Bounded::GatheredPeople, services.directory.waiting()),
        (Bounded::RecapPeople, recaps),
        (Bounded::WaitingHellos, services.herd.waiting()),
        (Bounded::PageBytes, services.reads.bytes()),
    ]
}
