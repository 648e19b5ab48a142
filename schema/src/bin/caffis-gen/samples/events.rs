//! Events and signals of the server.

use caffis_schema::{
    Body, Entry, EntryKind, Event, List, MessageNumber, Position, ReplyNumber, ServerFrame,
    ServerSignal, Text, Timestamp, UserId,
    event::{
        Attendance, Created, Deleted, Draining, Edited, Flag, Flagged, Head, Joined, Left, OwnRead,
        Pinned, Reacted, RemovalReason, RoleChange, RoomEntry, RoomMarkers, RoomRemoved,
        SystemBody, TokenExpiring, Tombstone, TypingBy,
    },
    ids::{InviteDigest, MAX_EXACT},
    info::{InfoChange, RoomInfo},
    invites::{InviteMade, InviteRevoked},
    limits::EMOJI_BYTES,
    open::Empty,
    placement::{Placed, Placement, RoomPlaced},
    places::{LiveLocation, LocationBody, LocationUpdateBy, PlaceBody},
    polls::{PollBody, Tallied, Tally},
    room::{
        Availability, ContextStatus, Extra, Forwarded, HistoryPolicy, Imported, LastEdit, Marker,
        Message, Reaction, ReplyTo, Role, RoomClass,
    },
    scheduled::{ScheduledChange, ScheduledMessage},
    settings::{RoomSettings, SettingsChange},
    threads::{InThread, OwnThread},
};

use super::{
    ASTRAL, LAST_ROOM, RIGHT_TO_LEFT, ROOM, TIME, card, context, draft, forwarded, key, list,
    longest, longest_own_state, longest_presence, longest_profile, longest_summary, longest_user,
    mentions, message, own_state, poll, presence, preview, profile, replies, scheduled, summary,
    tally, text, text_body, thread_draft, unknown, user,
};

/// Every event, every kind of entry and every signal.
pub(super) fn frames() -> Vec<(String, ServerFrame)> {
    let events = entries()
        .into_iter()
        .map(|(name, kind)| (format!("event entry, {name}"), entry(kind)))
        .chain(events().into_iter().map(|(name, event)| (format!("event {name}"), event)))
        .map(|(name, event)| (name, ServerFrame::Event(event)));
    let signals = signals()
        .into_iter()
        .map(|(name, signal)| (format!("signal {name}"), ServerFrame::Signal(signal)));
    events.chain(signals).collect()
}

fn joined(users: &[&str], by: Option<&str>, visible_after: u64) -> EntryKind {
    EntryKind::Joined(Joined {
        users: list(users.iter().map(|name| user(name))),
        by: by.map(user),
        visible_after: Position(visible_after),
        invite: None,
    })
}

fn joined_by_invite() -> EntryKind {
    EntryKind::Joined(Joined {
        users: list([user("bo")]),
        by: Some(longest_user()),
        visible_after: Position(0),
        invite: Some(Position(56)),
    })
}

fn invite_made(expires: Option<Timestamp>) -> EntryKind {
    EntryKind::InviteMade(InviteMade {
        by: longest_user(),
        digest: InviteDigest([0xf0; 16]),
        expires,
        max_uses: u32::MAX,
        name: expires.map(|_| longest()),
    })
}

fn entry(kind: EntryKind) -> Event {
    Event::Entry(RoomEntry {
        room: ROOM,
        entry: Entry { position: Position(57), time: Timestamp(TIME), kind },
    })
}

fn deleted(by: Option<UserId>) -> EntryKind {
    let body = Body::Deleted(Tombstone { by });
    EntryKind::Message(Message { changed: Position(58), ..message(body) })
}

fn edited_message() -> Message {
    let (position, time) = (Position(MAX_EXACT), Timestamp(TIME));
    let edited = Some(LastEdit { revision: u32::MAX, position, time });
    let all = (0..50).map(|_| Reaction { user: longest_user(), emoji: longest() });
    let reactions = list(all);
    let reply = Extra::Reply(ReplyTo { message: Position(12) });
    let origin = Forwarded { by: None, place: None, ..forwarded() };
    let extras = list([
        reply,
        Extra::Unknown(unknown(99)),
        Extra::Mentions(mentions()),
        Extra::Forwarded(origin),
        Extra::Imported(Imported { time: Timestamp(TIME) }),
        Extra::LiveLocation(LiveLocation { until: Timestamp(TIME) }),
    ]);
    let body = Body::Text(text_body("now"));
    Message { changed: position, edited, reactions, extras, ..message(body) }
}

fn in_thread(in_room: bool) -> Message {
    let thread = InThread { root: Position(12), number: ReplyNumber(3), in_room };
    Message {
        extras: list([Extra::Thread(thread), Extra::Mentions(mentions())]),
        ..message(Body::Text(text_body(ASTRAL)))
    }
}

fn root_message() -> Message {
    Message {
        changed: Position(MAX_EXACT),
        extras: list([Extra::Replies(replies())]),
        ..message(Body::Text(text_body("root")))
    }
}

fn edited(revision: u32, replaces: u64, body: Option<Body>) -> EntryKind {
    let (message, number) = (Position(57), MessageNumber(41));
    let mentions = body.as_ref().map(|_| mentions()).unwrap_or_default();
    let replaces = Position(replaces);
    EntryKind::Edited(Edited { message, number, revision, replaces, body, mentions })
}

fn reacted(emoji: Text<EMOJI_BYTES>, added: bool) -> Reacted {
    let (message, number) = (Position(57), MessageNumber(41));
    Reacted { message, number, user: longest_user(), emoji, added }
}

fn flagged(flag: Flag, on: bool) -> Flagged {
    let (position, number) = (Position(57), MessageNumber(41));
    Flagged { room: ROOM, position, number, flag, on }
}

fn pinned(by: Option<UserId>, pinned: bool) -> Pinned {
    let (message, number) = (Position(57), MessageNumber(41));
    Pinned { message, number, by, pinned }
}

fn location(accuracy: Option<u32>) -> LocationBody {
    LocationBody {
        coordinates: text("45.4642,-9.19"),
        accuracy,
        name: accuracy.map(|_| longest()),
        address: accuracy.map(|_| longest()),
    }
}

fn place(longest_one: bool) -> PlaceBody {
    PlaceBody {
        name: text(ASTRAL),
        phone: longest_one.then(longest),
        website: longest_one.then(longest),
        address: longest_one.then(longest),
        coordinates: longest_one.then(longest),
    }
}

fn polled() -> Message {
    let body = PollBody {
        question: longest(),
        options: list((0..12).map(|_| longest())),
        multiple: true,
        anonymous: true,
        closes: Some(Timestamp(MAX_EXACT)),
    };
    let extras = list([Extra::Tally(tally())]);
    Message { changed: Position(58), extras, ..message(Body::Poll(body)) }
}

fn tallied(tally: Option<Tally>) -> Tallied {
    Tallied { message: Position(57), number: MessageNumber(41), tally }
}

fn gone(by: Option<UserId>) -> Deleted {
    let thread = by.as_ref().map(|_| Position(12));
    Deleted { message: Position(57), number: MessageNumber(41), replaces: Position(0), by, thread }
}

fn entries() -> Vec<(&'static str, EntryKind)> {
    let created = Created {
        by: Some(user("ana")),
        class: RoomClass::Public,
        context: context(),
        name: Some(longest()),
        members: list((0..101).map(|n| user(&format!("u{n}")))),
    };
    let empty = Created { by: None, name: None, members: list([]), ..created.clone() };
    let nobody = |body| EntryKind::Message(Message::new(MessageNumber(1), None, None, body));
    let role = |by| EntryKind::Role(RoleChange { user: user("bo"), role: Role::Admin, by });
    vec![
        ("created", EntryKind::Created(created)),
        ("created, by the service", EntryKind::Created(empty)),
        ("text", EntryKind::Message(message(Body::Text(text_body(RIGHT_TO_LEFT))))),
        ("notice", nobody(Body::System(SystemBody::Notice(text_body(ASTRAL))))),
        ("unknown notice", nobody(Body::System(SystemBody::Unknown(unknown(1))))),
        ("hidden", EntryKind::Message(message(Body::Hidden(Empty {})))),
        ("poll", EntryKind::Message(message(Body::Poll(poll())))),
        ("poll, longest", EntryKind::Message(polled())),
        ("location", EntryKind::Message(message(Body::Location(location(None))))),
        (
            "location, longest",
            EntryKind::Message(message(Body::Location(location(Some(u32::MAX))))),
        ),
        ("place", EntryKind::Message(message(Body::Place(place(false))))),
        ("place, longest", EntryKind::Message(message(Body::Place(place(true))))),
        ("tallied", EntryKind::Tallied(tallied(Some(tally())))),
        ("tallied, not seen", EntryKind::Tallied(tallied(None))),
        ("unknown body", EntryKind::Message(message(Body::Unknown(unknown(102))))),
        ("joined", joined(&["bo"], Some("ana"), 0)),
        ("joined, by the service", joined(&[], None, MAX_EXACT)),
        ("left", EntryKind::Left(Left { user: user("bo"), by: Some(longest_user()) })),
        ("left, by the service", EntryKind::Left(Left { user: user("bo"), by: None })),
        ("role", role(Some(user("ana")))),
        ("role, by the service", role(None)),
        ("context", EntryKind::Context(card(ContextStatus::Open(Empty {})))),
        ("context, closed", EntryKind::Context(card(ContextStatus::Closed(Empty {})))),
        ("context, unknown status", EntryKind::Context(card(ContextStatus::Unknown(unknown(3))))),
        ("tombstone", deleted(Some(user("ana")))),
        ("edited text", EntryKind::Message(edited_message())),
        ("reply in a thread", EntryKind::Message(in_thread(false))),
        ("reply in a thread and in the room", EntryKind::Message(in_thread(true))),
        ("root of a thread", EntryKind::Message(root_message())),
        ("edited", edited(1, 0, Some(Body::Text(text_body(ASTRAL))))),
        ("edited, replaced", edited(u32::MAX, MAX_EXACT, None)),
        ("deleted", EntryKind::Deleted(gone(None))),
        ("deleted, by somebody", EntryKind::Deleted(gone(Some(longest_user())))),
        ("reacted", EntryKind::Reacted(reacted(text(ASTRAL), true))),
        ("reacted, taken back", EntryKind::Reacted(reacted(longest(), false))),
        ("pinned", EntryKind::Pinned(pinned(Some(longest_user()), true))),
        ("pinned no longer, by a service", EntryKind::Pinned(pinned(None, false))),
        ("settings", EntryKind::Settings(settings(Some(longest_user())))),
        ("settings, by a service", EntryKind::Settings(settings(None))),
        ("info", EntryKind::Info(info(Some(longest_user())))),
        ("info, by a service", EntryKind::Info(info(None))),
        ("joined by an invite", joined_by_invite()),
        ("invite_made", invite_made(Some(Timestamp(MAX_EXACT)))),
        ("invite_made, for ever", invite_made(None)),
        (
            "invite_revoked",
            EntryKind::InviteRevoked(InviteRevoked { invite: Position(57), by: longest_user() }),
        ),
        ("unknown", EntryKind::Unknown(unknown(u32::MAX))),
    ]
}

fn events() -> Vec<(&'static str, Event)> {
    let head = Head {
        room: ROOM,
        head: Position(57),
        number: MessageNumber(41),
        preview: Some(preview()),
    };
    let no_preview = Head { preview: None, room: LAST_ROOM, ..head.clone() };
    let removed = |reason| Event::RoomRemoved(RoomRemoved { room: ROOM, reason });
    let marker = Marker { user: user("bo"), delivered: MessageNumber(41), read: MessageNumber(0) };
    let attendance = Attendance { room: ROOM, count: 3, entered: None, exited: None };
    let entered = Attendance { entered: Some(profile()), ..attendance.clone() };
    let exited = Attendance { exited: Some(user("bo")), ..attendance.clone() };
    let own = |following, read| {
        Event::Thread(OwnThread { room: ROOM, root: Position(12), following, read })
    };
    vec![
        ("thread, followed", own(true, None)),
        ("thread, read", own(false, Some(ReplyNumber(MAX_EXACT)))),
        ("head", Event::Head(head.clone())),
        ("head, without preview", Event::Head(no_preview)),
        ("room_added", Event::RoomAdded(summary())),
        ("room_added, longest", Event::RoomAdded(longest_summary())),
        ("room_removed, left", removed(RemovalReason::Left)),
        ("room_removed, removed", removed(RemovalReason::Removed)),
        ("markers", Event::Markers(RoomMarkers { room: ROOM, markers: List::cut(vec![marker]) })),
        (
            "own_read",
            Event::OwnRead(OwnRead {
                room: ROOM,
                read: MessageNumber(40),
                unread: 1,
                muted_until: None,
            }),
        ),
        ("presence", Event::Presence(presence(Availability::Away))),
        ("presence, longest", Event::Presence(longest_presence())),
        ("attendance", Event::Attendance(attendance)),
        ("attendance, entered", Event::Attendance(entered)),
        ("attendance, exited", Event::Attendance(exited)),
        ("behind", Event::Behind(head)),
        ("profile", Event::Profile(longest_profile())),
        ("token_expiring", Event::TokenExpiring(TokenExpiring { at: Timestamp(MAX_EXACT) })),
        ("draining", Event::Draining(Draining { reconnect_after_ms: 1_500 })),
        ("own_state", Event::OwnState(own_state())),
        ("own_state, longest", Event::OwnState(longest_own_state())),
        ("flagged", Event::Flagged(flagged(Flag::Hidden(Empty {}), true))),
        ("flagged, mentioned", Event::Flagged(flagged(Flag::Mentioned(Empty {}), false))),
        ("draft", Event::Draft(draft())),
        ("thread_draft", Event::ThreadDraft(thread_draft())),
        ("scheduled", Event::Scheduled(scheduled_change(Some(scheduled())))),
        ("scheduled, no longer", Event::Scheduled(scheduled_change(None))),
        ("flagged, starred", Event::Flagged(flagged(Flag::Starred(Empty {}), true))),
        ("flagged, unknown", Event::Flagged(flagged(Flag::Unknown(unknown(99)), false))),
        ("placed", Event::Placed(placed(Placement::Archived))),
        ("placed, listed", Event::Placed(placed(Placement::Listed))),
        ("unknown", Event::Unknown(unknown(1_013))),
    ]
}

fn scheduled_change(message: Option<ScheduledMessage>) -> ScheduledChange {
    ScheduledChange { room: ROOM, id: key().id, message }
}

fn settings(by: Option<UserId>) -> SettingsChange {
    let settings = RoomSettings { slow_mode_seconds: 30, frozen: true, announcements: false };
    SettingsChange { settings, before: RoomSettings::default(), by }
}

fn info(by: Option<UserId>) -> InfoChange {
    let before = RoomInfo { name: None, description: None, history: HistoryPolicy::All };
    let history = HistoryPolicy::Last(50);
    let info = RoomInfo { name: Some(longest()), description: Some(longest()), history };
    InfoChange { info, before, by }
}

fn placed(placement: Placement) -> RoomPlaced {
    RoomPlaced { room: ROOM, placed: Placed { placement, number: MessageNumber(41) } }
}

fn signals() -> Vec<(&'static str, ServerSignal)> {
    let typing = TypingBy { room: ROOM, user: user("bo"), counter: MAX_EXACT, active: false };
    let moved = LocationUpdateBy {
        room: ROOM,
        message: Position(7),
        user: user("bo"),
        counter: MAX_EXACT,
        coordinates: text("45.4642,-9.19"),
        accuracy: Some(12),
    };
    vec![
        ("typing, from the server", ServerSignal::Typing(typing)),
        ("presence", ServerSignal::Presence(presence(Availability::Online))),
        ("location, from the server", ServerSignal::Location(moved)),
        ("unknown, from the server", ServerSignal::Unknown(unknown(102))),
    ]
}
