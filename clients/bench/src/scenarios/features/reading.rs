//! What is read of messages: pages, single ones, what was found or marked.

use caffis_schema::{
    Command, List, Position, Reply, Text,
    command::{
        Anchor, Edit, History, Marked, Marks, MessageAt, Pin, Pins, Previews, Revisions, Search,
        Star,
    },
    event::Flag,
    limits::{MESSAGES_PER_COMMAND, PAGE_ENTRIES, PINS, REVISIONS},
    open::Empty,
    room::{Extra, Mentions},
};

use super::{
    feature::{Feature, feature},
    place::{Place, Who, user, words},
};

/// Messages that are starred, that mention the person, or that are found.
const MARKED: usize = 50;

/// Messages in a page of those.
const PAGE: usize = 20;

pub(super) const FEATURES: &[Feature] = &[
    feature("history of 100", |it, _| {
        let (anchor, limit) = (Anchor::Latest, PAGE_ENTRIES as u8);
        Command::History(History { room: it.room, anchor, limit })
    })
    .check(|reply| matches!(reply, Reply::Page(page) if page.entries.len() == PAGE_ENTRIES)),
    feature("one message", |it, n| {
        Command::Message(MessageAt { room: it.room, position: it.message(n) })
    }),
    feature("previews of 100", |it, _| {
        let positions: Vec<Position> = (0..MESSAGES_PER_COMMAND).map(|n| it.message(n)).collect();
        Command::Previews(Previews { room: it.room, positions: List::cut(positions) })
    })
    .check(|reply| {
        matches!(reply, Reply::Previews(list) if list.previews.len() == MESSAGES_PER_COMMAND)
    }),
    feature("50 revisions of a message", |it, _| {
        Command::Revisions(Revisions { room: it.room, position: it.message(0), from: 0 })
    })
    .before(|it, n| {
        let edit = || Edit::words(it.key(n), it.room, it.message(0), words(&format!("text {n}")));
        (n < REVISIONS - 1).then(|| (0, Command::Edit(edit())))
    })
    .check(|reply| matches!(reply, Reply::Revisions(page) if page.revisions.len() == REVISIONS)),
    feature("list of 50 pins", |it, _| Command::Pins(Pins { room: it.room }))
        .before(|it, n| {
            let (key, room, position) = (it.key(n), it.room, it.message(n));
            (n < PINS).then_some((0, Command::Pin(Pin { key, room, position, pin: true })))
        })
        .check(|reply| matches!(reply, Reply::Pins(list) if list.pins.len() == PINS)),
    feature("list of stars", |_, _| marked(Flag::Starred(Empty {}))).before(star).check(full),
    feature("places of 50 stars", |_, _| Command::Marks(Marks { flag: Flag::Starred(Empty {}) }))
        .before(star)
        .check(|reply| matches!(reply, Reply::Marks(list) if list.marks.len() == MARKED)),
    feature("list of mentions", |_, _| marked(Flag::Mentioned(Empty {})))
        .before(|it, n| {
            let mentions = Mentions { users: List::cut(vec![user(0)]), room: false };
            let send = || it.send_with(n, it.text(), Extra::Mentions(mentions));
            (n < MARKED).then(|| (1, send()))
        })
        .check(full),
    feature("search in the room", |it, _| {
        Command::Search(Search {
            room: Some(it.room),
            query: Text::cut("noon"),
            time_zone: None,
            before: None,
            limit: PAGE as u8,
        })
    })
    .before(|it, n| (n < MARKED).then(|| (0, it.send(n, words("shall we meet there at noon?")))))
    .check(|reply| matches!(reply, Reply::Found(page) if page.behind || page.hits.len() == PAGE)),
];

fn marked(flag: Flag) -> Command {
    Command::Marked(Marked { flag, before: None, limit: PAGE as u8 })
}

fn full(reply: &Reply) -> bool {
    matches!(reply, Reply::Marked(page) if page.messages.len() == PAGE)
}

fn star(it: &Place, n: usize) -> Option<(Who, Command)> {
    let (room, position) = (it.room, it.message(n));
    (n < MARKED).then_some((0, Command::Star(Star { room, position, star: true })))
}
