//! Answers: replies and errors.

use caffis_schema::{
    Body, Entry, EntryKind, Error, ErrorCode, MessageNumber, Outcome, Position, Reply, ReplyNumber,
    ServerFrame, Text, Timestamp,
    command::SearchPlace,
    event::{Answer, Answered},
    ids::MAX_EXACT,
    invites::{Invite, InviteList, InvitedRoom},
    limits::Limits,
    open::Empty,
    polls::{PollResults, Tally, Voter, VoterPage},
    reply::{
        Appended, DraftList, EntryPage, Fragment, Hit, MarkList, MarkedPage, MemberPage, Opened,
        PinList, PreviewList, ProfileList, Refreshed, Resumed, ResumedRooms, Revision,
        RevisionPage, RoomPage, SearchPage, Standing, ThreadDraftList, Topic, TopicList, Welcome,
    },
    room::{
        Availability, ContextStatus, MarkedMessage, Marker, Member, MessageMark, MessagePreview,
        PinnedMessage, Role,
    },
    scheduled::{ScheduledPage, ScheduledPlace},
    threads::{FollowedPage, FollowedThread, ThreadPage},
};

use super::{
    ASTRAL, LAST_ROOM, RIGHT_TO_LEFT, ROOM, TIME, card, draft, key, list, longest,
    longest_own_state, longest_presence, longest_profile, longest_summary, longest_user, message,
    own_state, presence, preview, profile, replies, scheduled, session, summary, tally, text_body,
    thread_draft, unknown, user,
};

/// Every reply and every error.
pub(super) fn frames() -> Vec<(String, ServerFrame)> {
    let replies = session_replies()
        .into_iter()
        .chain(room_replies())
        .chain(page_replies())
        .chain(invite_replies())
        .chain(poll_replies());
    let replies = replies.map(|(name, reply)| (format!("reply {name}"), Answered::Ok(reply)));
    let errors = errors()
        .into_iter()
        .map(|error| (format!("error {}", error.code.name()), Answered::Error(error)));
    let answer = |((name, result), id)| (name, ServerFrame::Reply(Answer { id, result }));
    replies.chain(errors).zip(1..).map(answer).collect()
}

fn invite_replies() -> Vec<(&'static str, Reply)> {
    let invite = Invite {
        invite: Position(57),
        by: longest_user(),
        made: Timestamp(TIME),
        expires: Some(Timestamp(MAX_EXACT)),
        max_uses: u32::MAX,
        uses: 3,
        name: Some(longest()),
        revoked: false,
    };
    let revoked = Invite {
        by: user("bo"),
        expires: None,
        max_uses: 0,
        name: None,
        revoked: true,
        ..invite.clone()
    };
    let invited = InvitedRoom {
        room: ROOM,
        name: Some(longest()),
        members: 3,
        by: longest_profile(),
        expires: Some(Timestamp(MAX_EXACT)),
        member: false,
    };
    let member =
        InvitedRoom { name: None, by: profile(), expires: None, member: true, ..invited.clone() };
    vec![
        ("invites", Reply::Invites(InviteList { invites: list([invite, revoked]) })),
        ("invites, none", Reply::Invites(InviteList { invites: list([]) })),
        ("invited_room", Reply::InvitedRoom(invited)),
        ("invited_room, a member", Reply::InvitedRoom(member)),
    ]
}

fn poll_replies() -> Vec<(&'static str, Reply)> {
    let voter = Voter { user: user("bo"), choices: list([1]) };
    let last = Voter { user: longest_user(), choices: list(0..12) };
    let results = PollResults { tally: tally(), own: list([0, 11]), closed: true };
    let fresh = PollResults { tally: Tally::default(), own: list([]), closed: false };
    vec![
        ("poll", Reply::Poll(results)),
        ("poll, no votes", Reply::Poll(fresh)),
        ("voters", Reply::Voters(VoterPage { voters: list([voter, last]), more: true })),
        ("voters, none", Reply::Voters(VoterPage { voters: list([]), more: false })),
    ]
}

fn errors() -> Vec<Error> {
    let sentences = ["", "the text is empty", RIGHT_TO_LEFT, ASTRAL];
    let mut errors: Vec<_> = ErrorCode::ALL
        .iter()
        .zip(sentences.iter().cycle())
        .map(|(code, sentence)| Error::refused(*code, sentence))
        .collect();
    errors.push(Error {
        code: ErrorCode::Unknown(u32::MAX - 1),
        sentence: longest(),
        outcome: Outcome::Unknown,
        retry_after_ms: Some(u32::MAX),
    });
    errors
}

fn limits() -> Limits {
    Limits {
        public_text_chars: 500,
        text_chars: 4_000,
        frame_bytes: 65_536,
        messages_per_second: 5,
        open_rooms: 20,
        rooms_per_user: 1_000,
        members_per_room: 10_000,
        small_room_members: 100,
        resend_window_seconds: 604_800,
        active_ping_ms: 2_000,
        idle_ping_ms: 15_000,
        edit_window_ms: 300_000,
        typing_refresh_ms: 3_000,
        typing_expiry_ms: u32::MAX,
    }
}

fn session_replies() -> Vec<(&'static str, Reply)> {
    let welcome = Welcome {
        version: 1,
        session: session(),
        profile: profile(),
        own: own_state(),
        server_time: Timestamp(TIME),
        token_expires: Timestamp(TIME + 3_600_000),
        limits: limits(),
        rooms: list([]),
        more_rooms: false,
        resumed: list([]),
    };
    let longest_welcome = Welcome {
        profile: longest_profile(),
        own: longest_own_state(),
        token_expires: Timestamp(MAX_EXACT),
        rooms: list([summary(), longest_summary()]),
        more_rooms: true,
        resumed: list(resumed()),
        ..welcome.clone()
    };
    vec![
        ("done", Reply::Done(Empty {})),
        ("welcome", Reply::Welcome(welcome)),
        ("welcome, with rooms", Reply::Welcome(longest_welcome)),
        ("refreshed", Reply::Refreshed(Refreshed { token_expires: Timestamp(TIME) })),
        ("resumed", Reply::Resumed(ResumedRooms { rooms: list(resumed()) })),
        ("unknown", Reply::Unknown(unknown(112))),
    ]
}

fn room_replies() -> Vec<(&'static str, Reply)> {
    let member = Member { profile: profile(), role: Role::Admin, joined: None, presence: None };
    let longest_member = Member {
        profile: longest_profile(),
        role: Role::Owner,
        joined: Some(Timestamp(MAX_EXACT)),
        presence: Some(longest_presence()),
    };
    let opened = Opened {
        room: summary(),
        page: page(),
        markers: list([
            Marker { user: user("ana"), delivered: MessageNumber(41), read: MessageNumber(40) },
            Marker {
                user: longest_user(),
                delivered: MessageNumber(MAX_EXACT),
                read: MessageNumber(MAX_EXACT),
            },
        ]),
        presence: list([presence(Availability::Online), longest_presence()]),
        attendance: 2,
        card: Some(card(ContextStatus::Cancelled(Empty {}))),
    };
    let no_card = Opened { card: None, ..opened.clone() };
    let profiles = ProfileList { profiles: list([profile(), longest_profile()]) };
    vec![
        ("rooms", Reply::Rooms(RoomPage { rooms: list([summary()]), more: true })),
        ("rooms, empty", Reply::Rooms(RoomPage { rooms: list([]), more: false })),
        ("room", Reply::Room(summary())),
        ("room, longest", Reply::Room(longest_summary())),
        (
            "members",
            Reply::Members(MemberPage { members: list([member, longest_member]), more: false }),
        ),
        ("opened", Reply::Opened(opened)),
        ("opened, about nothing", Reply::Opened(no_card)),
        ("profiles", Reply::Profiles(profiles)),
    ]
}

fn page_replies() -> Vec<(&'static str, Reply)> {
    let appended = Appended {
        room: ROOM,
        position: Position(57),
        number: MessageNumber(41),
        time: Timestamp(TIME),
    };
    let topic = Topic { word: longest(), weight: u32::MAX, messages: 1 };
    let (body, time) = (Body::Text(text_body(RIGHT_TO_LEFT)), Timestamp(TIME));
    let revision = Revision { revision: u32::MAX, time, body };
    vec![
        ("appended", Reply::Appended(appended)),
        (
            "appended, last",
            Reply::Appended(Appended {
                room: LAST_ROOM,
                position: Position(MAX_EXACT),
                ..appended
            }),
        ),
        ("page, with an unknown kind inside", Reply::Page(page())),
        ("revisions", Reply::Revisions(RevisionPage { revisions: list([revision]), more: true })),
        ("revisions, none", Reply::Revisions(RevisionPage { revisions: list([]), more: false })),
        ("pins", Reply::Pins(PinList { pins: list([pin(), last_pin()]), head: Position(60) })),
        ("previews", Reply::Previews(PreviewList { previews: list([message_preview()]) })),
        ("marked", Reply::Marked(marked())),
        ("marked, nothing", Reply::Marked(MarkedPage { messages: list([]), next: None })),
        ("drafts", Reply::Drafts(DraftList { drafts: list([draft()]) })),
        ("scheduled_message", Reply::ScheduledMessage(scheduled())),
        (
            "scheduled",
            Reply::Scheduled(ScheduledPage { messages: list([scheduled()]), next: None }),
        ),
        (
            "scheduled, with more",
            Reply::Scheduled(ScheduledPage {
                messages: list([]),
                next: Some(ScheduledPlace { room: LAST_ROOM, id: key().id }),
            }),
        ),
        ("thread", Reply::Thread(thread())),
        ("thread_drafts", Reply::ThreadDrafts(ThreadDraftList { drafts: list([thread_draft()]) })),
        ("threads", Reply::Threads(followed())),
        (
            "threads, none",
            Reply::Threads(FollowedPage { threads: list([]), unread: 0, next: None }),
        ),
        ("marks", Reply::Marks(MarkList { marks: list([mark()]) })),
        ("topics", Reply::Topics(TopicList { topics: list([topic]) })),
        ("topics, none", Reply::Topics(TopicList { topics: list([]) })),
        ("found", Reply::Found(found())),
        (
            "found, nothing",
            Reply::Found(SearchPage { hits: list([]), next: None, rooms_left: 0, behind: false }),
        ),
        ("entry", Reply::Entry(entry(57, Body::Text(text_body(ASTRAL))))),
    ]
}

fn thread() -> ThreadPage {
    ThreadPage {
        root: entry(12, Body::Text(text_body("root"))),
        replies: list([entry(57, Body::Text(text_body(ASTRAL)))]),
        more_before: true,
        more_after: false,
        following: true,
        read: ReplyNumber(3),
        head: Position(60),
    }
}

fn followed() -> FollowedPage {
    let followed = FollowedThread {
        room: ROOM,
        root: message_preview(),
        replies: replies(),
        read: ReplyNumber(3),
        unread: MAX_EXACT - 3,
    };
    let next = SearchPlace { time: Timestamp(TIME), room: LAST_ROOM, position: Position(3) };
    FollowedPage { threads: list([followed]), unread: u32::MAX, next: Some(next) }
}

fn pin() -> PinnedMessage {
    PinnedMessage { message: Position(12), position: Position(57), by: None, time: Timestamp(TIME) }
}

fn last_pin() -> PinnedMessage {
    let message = Position(MAX_EXACT);
    PinnedMessage {
        message,
        position: message,
        by: Some(longest_user()),
        time: Timestamp(MAX_EXACT),
    }
}

fn message_preview() -> MessagePreview {
    let (position, changed) = (Position(57), Position(MAX_EXACT));
    MessagePreview { position, changed, preview: preview() }
}

fn mark() -> MessageMark {
    MessageMark { room: LAST_ROOM, position: Position(MAX_EXACT), number: MessageNumber(41) }
}

fn marked() -> MarkedPage {
    let message = MarkedMessage { room: ROOM, time: Timestamp(TIME), message: message_preview() };
    let next = SearchPlace { time: Timestamp(TIME), room: LAST_ROOM, position: Position(3) };
    MarkedPage { messages: list([message]), next: Some(next) }
}

fn found() -> SearchPage {
    let fragment = |text: &str, matched| Fragment { text: Text::cut(text), matched };
    let hit = Hit {
        room: ROOM,
        position: Position(57),
        number: MessageNumber(41),
        time: Timestamp(TIME),
        sender: Some(user("ana")),
        excerpt: list([fragment("un ", false), fragment("caffè", true), fragment(ASTRAL, false)]),
    };
    let notice = Hit { sender: None, excerpt: list([]), ..hit.clone() };
    let next = SearchPlace { time: Timestamp(TIME), room: LAST_ROOM, position: Position(3) };
    SearchPage { hits: list([hit, notice]), next: Some(next), rooms_left: 7, behind: true }
}

fn entry(position: u64, body: Body) -> Entry {
    Entry {
        position: Position(position),
        time: Timestamp(TIME),
        kind: EntryKind::Message(message(body)),
    }
}

/// A newer entry and a newer body between ones that every build knows.
fn page() -> EntryPage {
    let newer = Entry {
        position: Position(58),
        time: Timestamp(TIME),
        kind: EntryKind::Unknown(unknown(1_005)),
    };
    EntryPage {
        entries: list([
            entry(57, Body::Text(text_body("before"))),
            newer,
            entry(59, Body::Unknown(unknown(77))),
            entry(60, Body::Text(text_body("after"))),
        ]),
        more_before: true,
        more_after: false,
        head: Position(60),
    }
}

fn resumed() -> Vec<Resumed> {
    let resumed = |standing, entries| Resumed {
        room: ROOM,
        standing,
        entries: list(entries),
        more: standing == Standing::Complete,
        head: Position(60),
    };
    vec![
        resumed(Standing::Complete, vec![entry(60, Body::Text(text_body("missed")))]),
        resumed(Standing::Reset, vec![]),
        resumed(Standing::Gone, vec![]),
        resumed(Standing::Later, vec![]),
    ]
}
