//! Commands and signals of clients.

use caffis_schema::{
    Body, ClientFrame, ClientSignal, Command, MessageNumber, Position, ReplyNumber, Request,
    RoomId, Text, Timestamp, UserId,
    command::{
        Anchor, Copied, Cursor, Delete, Edit, Forward, Hello, Hide, History, Mark, Marked, Marks,
        MessageAt, Mute, Pin, Pins, Previews, Profiles, React, Refresh, Report, ReportReason,
        Resume, Revisions, Search, SearchPlace, Send, SetPreferences, SetPresence, Star, Topics,
        Typing,
    },
    event::{Flag, SystemBody},
    ids::MAX_EXACT,
    open::Empty,
    placement::{Placement, SetPlacement},
    places::LocationUpdate,
    polls::{ClosePoll, PollAt, Vote, Voters},
    room::{Availability, Extra, ReplyTo},
    scheduled::{
        CancelScheduled, ChangeScheduled, Schedule, Scheduled, ScheduledPlace, SendScheduled,
    },
    threads::{FollowThread, MarkThreadRead, Thread, ThreadAnchor, Threads},
};

use super::{
    ASTRAL, FIRST_ROOM, LAST_ROOM, ORDER_MARK, RIGHT_TO_LEFT, ROOM, TIME, device, draft, forwarded,
    key, last_key, list, longest, longest_user, mentions,
    rooms::{invites, rooms},
    text, text_body, thread_draft, unknown, user,
};

/// Every command and signal.
pub(super) fn frames() -> Vec<(&'static str, ClientFrame)> {
    let commands =
        session().into_iter().chain(rooms()).chain(messages()).chain(people()).chain(invites());
    let commands = commands.chain(threads());
    let mut frames: Vec<_> = commands
        .zip(1..)
        .map(|((name, command), id)| (name, ClientFrame::Request(Request { id, command })))
        .collect();
    let last = Request { id: u32::MAX, command: Command::Ping(Empty {}) };
    frames.push(("command ping, last id", ClientFrame::Request(last)));
    let typing = Typing { room: ROOM, counter: u32::MAX, active: true };
    frames.push(("signal typing", ClientFrame::Signal(ClientSignal::Typing(typing))));
    for (name, accuracy) in [("signal location", None), ("signal location, exact", Some(u32::MAX))]
    {
        let (message, coordinates) = (Position(7), text("45.4642,-9.19"));
        let update = LocationUpdate { room: ROOM, message, counter: 3, coordinates, accuracy };
        frames.push((name, ClientFrame::Signal(ClientSignal::Location(update))));
    }
    frames.push(("signal unknown", ClientFrame::Signal(ClientSignal::Unknown(unknown(101)))));
    frames
}

fn cursor(room: RoomId, position: u64) -> Cursor {
    Cursor { room, position: Position(position), open: position > 0 }
}

fn session() -> Vec<(&'static str, Command)> {
    let hello = Hello {
        version: 1,
        client: text("example/1.0"),
        device: device(),
        token: text("eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl"),
        cursors: list([]),
        capabilities: 0,
    };
    let longest_hello = Hello {
        version: u16::MAX,
        client: longest(),
        cursors: list((0..100).map(|n| cursor(RoomId::from_random(n), 1 << (n % 53)))),
        capabilities: MAX_EXACT,
        ..hello.clone()
    };
    let cursors = [cursor(FIRST_ROOM, 0), cursor(ROOM, 41), cursor(LAST_ROOM, MAX_EXACT)];
    vec![
        ("command hello", Command::Hello(hello)),
        ("command hello, longest", Command::Hello(longest_hello)),
        ("command refresh", Command::Refresh(Refresh { token: text("a.b.c") })),
        ("command ping", Command::Ping(Empty {})),
        ("command resume", Command::Resume(Resume { cursors: list(cursors) })),
        ("command resume, empty", Command::Resume(Resume { cursors: list([]) })),
        ("command unknown", Command::Unknown(unknown(1_000_000))),
    ]
}

fn threads() -> Vec<(&'static str, Command)> {
    let (room, root) = (ROOM, Position(12));
    let thread = |anchor| Command::Thread(Thread { room, root, anchor, limit: 50 });
    let next = SearchPlace { time: Timestamp(TIME), room: LAST_ROOM, position: Position(3) };
    vec![
        ("command thread, latest", thread(ThreadAnchor::Latest)),
        ("command thread, before", thread(ThreadAnchor::Before(ReplyNumber(MAX_EXACT)))),
        ("command thread, after", thread(ThreadAnchor::After(ReplyNumber(0)))),
        ("command thread, around", thread(ThreadAnchor::Around(ReplyNumber(3)))),
        ("command follow_thread", Command::FollowThread(FollowThread { room, root, follow: true })),
        (
            "command mark_thread_read",
            Command::MarkThreadRead(MarkThreadRead { room, root, number: ReplyNumber(3) }),
        ),
        ("command threads", Command::Threads(Threads { before: None, limit: 0 })),
        ("command threads, going on", Command::Threads(Threads { before: Some(next), limit: 50 })),
        ("command set_thread_draft", Command::SetThreadDraft(thread_draft())),
        ("command thread_drafts", Command::ThreadDrafts(Empty {})),
    ]
}

fn messages() -> Vec<(&'static str, Command)> {
    let send = |body| Command::Send(Send::new(key(), ROOM, body));
    let answers = |extras| Send {
        extras: list(extras),
        ..Send::new(key(), ROOM, Body::Text(text_body(ASTRAL)))
    };
    let reply = Extra::Reply(ReplyTo { message: Position(MAX_EXACT) });
    let mentioned = Extra::Mentions(mentions());
    let history = |anchor| Command::History(History { room: ROOM, anchor, limit: 50 });
    let mark = |number| Mark { room: ROOM, number };
    vec![
        ("command send, text", send(Body::Text(text_body("Hello, Zoë!")))),
        ("command send, empty text", send(Body::Text(text_body("")))),
        ("command send, right to left", send(Body::Text(text_body(RIGHT_TO_LEFT)))),
        ("command send, beyond the basic plane", send(Body::Text(text_body(ASTRAL)))),
        ("command send, byte order mark", send(Body::Text(text_body(ORDER_MARK)))),
        ("command send, 300 bytes", send(Body::Text(text_body(&"x".repeat(300))))),
        ("command send, notice", send(Body::System(SystemBody::Notice(text_body("closed"))))),
        ("command send, unknown notice", send(Body::System(SystemBody::Unknown(unknown(1))))),
        ("command send, unknown body", send(Body::Unknown(unknown(102)))),
        ("command send, reply", Command::Send(answers(vec![reply.clone()]))),
        (
            "command send, unknown extra",
            Command::Send(answers(vec![reply, mentioned, Extra::Unknown(unknown(103))])),
        ),
        (
            "command pin",
            Command::Pin(Pin { key: key(), room: ROOM, position: Position(57), pin: true }),
        ),
        ("command pins", Command::Pins(Pins { room: LAST_ROOM })),
        ("command hide", Command::Hide(Hide { room: ROOM, position: Position(57) })),
        (
            "command previews",
            Command::Previews(Previews {
                room: ROOM,
                positions: list([Position(1), Position(MAX_EXACT)]),
            }),
        ),
        ("command history, latest", history(Anchor::Latest)),
        ("command history, before", history(Anchor::Before(Position(1)))),
        ("command history, after", history(Anchor::After(Position(MAX_EXACT)))),
        ("command history, around", history(Anchor::Around(Position(1 << 32)))),
        ("command message", Command::Message(MessageAt { room: ROOM, position: Position(128) })),
        (
            "command edit",
            Command::Edit(Edit {
                key: key(),
                room: ROOM,
                position: Position(57),
                body: Body::Text(text_body(ASTRAL)),
                mentions: Some(mentions()),
            }),
        ),
        (
            "command edit, of words alone",
            Command::Edit(Edit::words(key(), ROOM, Position(57), Body::Text(text_body("x")))),
        ),
        (
            "command delete",
            Command::Delete(Delete { key: last_key(), room: ROOM, position: Position(57) }),
        ),
        (
            "command revisions",
            Command::Revisions(Revisions { room: ROOM, position: Position(57), from: 1 }),
        ),
        (
            "command send, in a thread",
            Command::Send(Send::in_thread(
                key(),
                ROOM,
                Body::Text(text_body(ASTRAL)),
                Position(12),
            )),
        ),
        ("command set_draft", Command::SetDraft(draft())),
        ("command drafts", Command::Drafts(Empty {})),
        ("command schedule", Command::Schedule(schedule())),
        (
            "command change_scheduled",
            Command::ChangeScheduled(ChangeScheduled {
                key: last_key(),
                room: ROOM,
                id: key().id,
                body: Body::Text(text_body("x")),
                extras: list([Extra::Reply(ReplyTo { message: Position(57) })]),
                due: Timestamp(MAX_EXACT),
            }),
        ),
        (
            "command cancel_scheduled",
            Command::CancelScheduled(CancelScheduled { key: last_key(), room: ROOM, id: key().id }),
        ),
        (
            "command send_scheduled",
            Command::SendScheduled(SendScheduled { key: last_key(), room: ROOM, id: key().id }),
        ),
        ("command scheduled", Command::Scheduled(Scheduled { room: None, after: None })),
        (
            "command scheduled, the next page in a room",
            Command::Scheduled(Scheduled {
                room: Some(ROOM),
                after: Some(ScheduledPlace { room: ROOM, id: key().id }),
            }),
        ),
        ("command forward", Command::Forward(forward(None))),
        (
            "command forward, between servers",
            Command::Forward(forward(Some(Copied {
                body: Body::Text(text_body(ASTRAL)),
                origin: forwarded(),
            }))),
        ),
        ("command star", Command::Star(Star { room: ROOM, position: Position(57), star: true })),
        ("command marks", Command::Marks(Marks { flag: Flag::Mentioned(Empty {}) })),
        ("command marked", Command::Marked(marked(None))),
        ("command marked, the next page", Command::Marked(marked(Some(place())))),
        ("command topics", Command::Topics(Topics { room: ROOM, limit: 10 })),
        ("command search", Command::Search(search(None, None))),
        (
            "command search, the next page in a room",
            Command::Search(search(Some(ROOM), Some(place()))),
        ),
        ("command react", Command::React(react("👍", true))),
        (
            "command react, take back",
            Command::React(React { emoji: longest(), ..react("", false) }),
        ),
        ("command vote", Command::Vote(vote([0, 11]))),
        ("command vote, nothing", Command::Vote(vote([]))),
        (
            "command close_poll",
            Command::ClosePoll(ClosePoll { key: key(), room: ROOM, position: Position(57) }),
        ),
        ("command poll", Command::Poll(PollAt { room: ROOM, position: Position(57) })),
        ("command voters", Command::Voters(voters(None))),
        ("command voters, the next page", Command::Voters(voters(Some(longest_user())))),
        ("command mark_read", Command::MarkRead(mark(MessageNumber(127)))),
        ("command mark_delivered", Command::MarkDelivered(mark(MessageNumber(16_384)))),
        ("command mark_unread", Command::MarkUnread(mark(MessageNumber(0)))),
        ("command mute", Command::Mute(Mute { room: ROOM, until: Some(Timestamp::MAX) })),
        ("command mute, no longer", Command::Mute(Mute { room: ROOM, until: None })),
        ("command set_placement", set_placement(Placement::Listed)),
        ("command set_placement, pinned", set_placement(Placement::Pinned)),
        ("command set_placement, archived", set_placement(Placement::Archived)),
        ("command set_placement, hidden", set_placement(Placement::Hidden)),
        ("command report", report(ReportReason::Spam, "")),
        ("command report, with a text", report(ReportReason::Other, ASTRAL)),
        ("command report, harassment", report(ReportReason::Harassment, "")),
        ("command report, hate", report(ReportReason::Hate, "")),
        ("command report, violence", report(ReportReason::Violence, "")),
        ("command report, sexual", report(ReportReason::Sexual, "")),
        ("command report, scam", report(ReportReason::Scam, "")),
        ("command report, impersonation", report(ReportReason::Impersonation, "")),
    ]
}

fn set_placement(placement: Placement) -> Command {
    Command::SetPlacement(SetPlacement { room: ROOM, placement })
}

fn report(reason: ReportReason, words: &str) -> Command {
    Command::Report(Report { room: ROOM, position: Position(57), reason, text: text(words) })
}

fn forward(copied: Option<Copied>) -> Forward {
    Forward { key: key(), room: ROOM, source: LAST_ROOM, position: Position(57), copied }
}

fn marked(before: Option<SearchPlace>) -> Marked {
    Marked { flag: Flag::Mentioned(Empty {}), before, limit: 50 }
}

fn search(room: Option<RoomId>, before: Option<SearchPlace>) -> Search {
    let query = Text::cut("caffè \"al banco\" from:giulia");
    Search { room, query, time_zone: room.map(|_| text("Europe/Rome")), before, limit: 20 }
}

fn place() -> SearchPlace {
    SearchPlace { time: Timestamp(TIME), room: ROOM, position: Position(57) }
}

fn vote(choices: impl IntoIterator<Item = u8>) -> Vote {
    Vote { key: key(), room: ROOM, position: Position(57), choices: list(choices) }
}

fn voters(after: Option<UserId>) -> Voters {
    Voters { room: ROOM, position: Position(57), after, limit: 100 }
}

fn react(emoji: &str, add: bool) -> React {
    React { key: key(), room: ROOM, position: Position(57), emoji: text(emoji), add }
}

fn people() -> Vec<(&'static str, Command)> {
    let presence = |availability, status: Option<&str>| {
        Command::SetPresence(SetPresence { availability, status: status.map(text) })
    };
    vec![
        ("command set_presence, offline", presence(Availability::Offline, None)),
        ("command set_presence, away", presence(Availability::Away, Some(""))),
        ("command set_presence, online", presence(Availability::Online, Some(ASTRAL))),
        (
            "command set_preferences",
            Command::SetPreferences(SetPreferences { private_receipts: true }),
        ),
        (
            "command profiles",
            Command::Profiles(Profiles { users: list([user("ana"), longest_user()]) }),
        ),
    ]
}

fn schedule() -> Schedule {
    Schedule {
        key: key(),
        room: ROOM,
        body: Body::Text(text_body(ASTRAL)),
        extras: list([Extra::Mentions(mentions())]),
        due: Timestamp(TIME),
    }
}
