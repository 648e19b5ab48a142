//! The values behind the golden vectors: every variant at least once, with maxima, empty values,
//! kinds that this build does not know, and text in many scripts.

mod commands;
mod events;
mod replies;
mod rooms;

use caffis_schema::{
    Blob, ClientFrame, ClientId, DeviceId, List, MessageNumber, Position, ReplyNumber, RoomId,
    ServerFrame, SessionId, Text, Timestamp, UserId,
    drafts::{Draft, ThreadDraft},
    event::TextBody,
    ids::MAX_EXACT,
    open::Unknown,
    placement::{Placed, Placement},
    polls::{PollBody, Tally},
    room::{
        Availability, Card, ClientKey, Context, ContextStatus, Details, Extra, Forwarded,
        HistoryPolicy, Mentions, Message, MessagePlace, OwnState, Participant, Place, Presence,
        Preview, Profile, Role, RoomClass, RoomSummary,
    },
    scheduled::ScheduledMessage,
    settings::RoomSettings,
    threads::Replies,
};

/// A frame of either direction.
#[allow(clippy::large_enum_variant, reason = "a hundred of them, once")]
pub(crate) enum Frame {
    Client(ClientFrame),
    Server(ServerFrame),
}

/// Every sample with its name.
pub(crate) fn all() -> Vec<(String, Frame)> {
    let mut samples = Vec::new();
    let client = |(name, frame): (&str, ClientFrame)| (name.to_owned(), Frame::Client(frame));
    let server = |(name, frame): (String, ServerFrame)| (name, Frame::Server(frame));
    samples.extend(commands::frames().into_iter().map(client));
    samples.extend(replies::frames().into_iter().map(server));
    samples.extend(events::frames().into_iter().map(server));
    samples
}

/// Hebrew and Arabic, with a mark in between.
const RIGHT_TO_LEFT: &str = "שלום עולם — مرحبا بالعالم";
/// Characters beyond the basic plane: joined, coloured, a flag.
const ASTRAL: &str = "☕ 👩🏽\u{200d}💻 🇯🇵 𝒞𝒶𝒻é";
/// A byte order mark is text like any other.
const ORDER_MARK: &str = "\u{feff}first line\nsecond\tline \"quoted\" \\";

const ROOM: RoomId = RoomId::from_random(0x0123_4567_89ab_cdef);
const LAST_ROOM: RoomId = RoomId::from_random(u64::MAX);
const FIRST_ROOM: RoomId = RoomId::from_random(0);
const TIME: u64 = 1_795_000_000_123;

fn text<const N: usize>(text: &str) -> Text<N> {
    Text::cut(text)
}

/// As long as it may be, of characters of four bytes.
fn longest<const N: usize>() -> Text<N> {
    Text::cut(&"🫘".repeat(N / 4 + 1))
}

fn list<T, const N: usize>(items: impl IntoIterator<Item = T>) -> List<T, N> {
    List::cut(items.into_iter().collect())
}

/// Only for names that are good as they stand.
fn user(name: &str) -> UserId {
    name.parse().unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn longest_user() -> UserId {
    user(&"é".repeat(32))
}

fn key() -> ClientKey {
    ClientKey { id: ClientId(*b"0123456789abcdef"), time: Timestamp(TIME), head: Position(41) }
}

fn last_key() -> ClientKey {
    ClientKey { id: ClientId([0xff; 16]), time: Timestamp(MAX_EXACT), head: Position(MAX_EXACT) }
}

fn device() -> DeviceId {
    DeviceId([0x80, 0x7f, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 255])
}

fn session() -> SessionId {
    SessionId(*b"a session's name")
}

fn unknown(tag: u32) -> Unknown {
    let bytes = [0, 127, 128, 255].repeat(50);
    Unknown { tag, bytes: Blob::new(bytes).unwrap_or_default() }
}

fn text_body(words: &str) -> TextBody {
    TextBody { text: text(words) }
}

fn context() -> Context {
    Context { kind: text("booking"), id: text("table-7 / 19:30") }
}

fn profile() -> Profile {
    Profile { user: user("ana"), name: text("Ana Ćirić"), picture: None }
}

fn longest_profile() -> Profile {
    Profile { user: longest_user(), name: longest(), picture: Some(longest()) }
}

fn presence(availability: Availability) -> Presence {
    Presence { user: user("ana"), version: 0, availability, last_seen: None, status: None }
}

fn longest_presence() -> Presence {
    Presence {
        user: longest_user(),
        version: MAX_EXACT,
        availability: Availability::Offline,
        last_seen: Some(Timestamp(MAX_EXACT)),
        status: Some(longest()),
    }
}

fn own_state() -> OwnState {
    OwnState { presence: presence(Availability::Online), private_receipts: false }
}

fn longest_own_state() -> OwnState {
    OwnState { presence: longest_presence(), private_receipts: true }
}

fn message(body: caffis_schema::Body) -> Message {
    Message::new(MessageNumber(41), Some(user("ana")), Some(key().into()), body)
}

fn replies() -> Replies {
    Replies {
        count: u32::MAX,
        last: ReplyNumber(MAX_EXACT),
        position: Position(57),
        time: Timestamp(TIME),
        people: list((0..5).map(|_| longest_user())),
    }
}

fn draft() -> Draft {
    Draft { room: ROOM, text: text(ASTRAL), time: Timestamp(TIME) }
}

fn thread_draft() -> ThreadDraft {
    ThreadDraft { room: ROOM, root: Position(12), text: text(RIGHT_TO_LEFT), time: Timestamp(TIME) }
}

fn poll() -> PollBody {
    PollBody {
        question: text(ASTRAL),
        options: list([text("bar"), text(RIGHT_TO_LEFT)]),
        multiple: false,
        anonymous: false,
        closes: None,
    }
}

fn tally() -> Tally {
    let counts = list([0, 1, u32::MAX]);
    Tally { counts, voters: u32::MAX, closed: Some(Timestamp(TIME)) }
}

fn scheduled() -> ScheduledMessage {
    ScheduledMessage {
        room: ROOM,
        id: key().id,
        body: caffis_schema::Body::Text(text_body(ASTRAL)),
        extras: list([Extra::Mentions(mentions())]),
        due: Timestamp(TIME),
        failed: Some(caffis_schema::ErrorCode::Forbidden),
    }
}

fn forwarded() -> Forwarded {
    let place = MessagePlace { room: LAST_ROOM, position: Position(MAX_EXACT) };
    Forwarded { by: Some(longest_user()), time: Timestamp(TIME), place: Some(place) }
}

fn mentions() -> Mentions {
    Mentions { users: list((0..50).map(|n| user(&format!("m{n}")))), room: true }
}

fn summary() -> RoomSummary {
    RoomSummary {
        room: ROOM,
        class: RoomClass::Social,
        context: context(),
        name: None,
        peer: None,
        peer_presence: None,
        members: 0,
        role: None,
        head: Position(0),
        number: MessageNumber(0),
        read: MessageNumber(0),
        unread: 0,
        muted_until: None,
        preview: None,
        active: Timestamp(TIME),
        readable: false,
        placed: Placed::default(),
        settings: RoomSettings::default(),
        description: None,
        history: HistoryPolicy::All,
    }
}

fn longest_summary() -> RoomSummary {
    RoomSummary {
        room: LAST_ROOM,
        class: RoomClass::Evidence,
        context: Context { kind: longest(), id: longest() },
        name: Some(longest()),
        peer: Some(longest_profile()),
        peer_presence: Some(longest_presence()),
        members: u32::MAX,
        role: Some(Role::Owner),
        head: Position(MAX_EXACT),
        number: MessageNumber(MAX_EXACT),
        read: MessageNumber(MAX_EXACT),
        unread: MAX_EXACT,
        muted_until: Some(Timestamp(MAX_EXACT)),
        preview: Some(preview()),
        active: Timestamp(MAX_EXACT),
        readable: true,
        placed: Placed { placement: Placement::Hidden, number: MessageNumber(MAX_EXACT) },
        settings: RoomSettings { slow_mode_seconds: u32::MAX, frozen: true, announcements: true },
        description: Some(longest()),
        history: HistoryPolicy::Last(u32::MAX),
    }
}

fn preview() -> Preview {
    Preview {
        number: MessageNumber(41),
        sender: None,
        text: text(RIGHT_TO_LEFT),
        time: Timestamp(TIME),
        deleted: false,
    }
}

fn participant() -> Participant {
    Participant { user: user("bo"), role: None }
}

fn longest_participant() -> Participant {
    Participant { user: longest_user(), role: Some(longest()) }
}

fn details() -> Details {
    Details {
        title: Some(longest()),
        place: Some(Place {
            name: Some(text(ASTRAL)),
            address: Some(longest()),
            coordinates: Some(text("45.4642,9.19")),
        }),
        time: Some(Timestamp(TIME)),
        ends: Some(Timestamp(MAX_EXACT)),
        time_zone: Some(text("Europe/Rome")),
        photos: list([text("https://a.example/b.png"), longest()]),
    }
}

fn card(status: ContextStatus) -> Card {
    Card {
        details: details(),
        details_version: 7,
        status,
        status_version: MAX_EXACT,
        participants: list([participant(), longest_participant()]),
        participants_version: 0,
    }
}
