//! What is not sent yet: drafts, and scheduled messages.

use caffis_schema::{
    Command, List, Reply, RoomId, Text,
    limits::{DRAFTS, SCHEDULED},
    open::Empty,
    room::Draft,
    scheduled::{CancelScheduled, ChangeScheduled, Schedule, Scheduled, SendScheduled},
};

use super::{
    feature::{Feature, feature},
    place::{Place, Who, words},
    rooms::create_group,
};
use crate::scenarios::now;

const HOUR: u64 = 3_600_000;

pub(super) const FEATURES: &[Feature] = &[
    feature("draft", |it, n| draft(it.room, n)),
    feature("list of 40 drafts", |_, _| Command::Drafts(Empty {}))
        .before(|it, n| match n.checked_sub(DRAFTS) {
            None => Some((0, create_group(it, n, 0))),
            Some(n) => (n < DRAFTS).then(|| (0, draft(it.rooms[n], n))),
        })
        .check(|reply| matches!(reply, Reply::Drafts(list) if list.drafts.len() == DRAFTS)),
    feature("schedule, or cancel", |it, n| match n % 2 {
        0 => schedule(it, n),
        _ => {
            let (key, room, id) = (it.key(n), it.room, it.key(n - 1).id);
            Command::CancelScheduled(CancelScheduled { key, room, id })
        }
    }),
    feature("change a scheduled message", |it, n| {
        let (key, room, id) = (it.key(n), it.room, it.prepared(0));
        let (body, due) = (words(&format!("text {n}")), now() + HOUR);
        let extras = List::default();
        Command::ChangeScheduled(ChangeScheduled { key, room, id, body, extras, due })
    })
    .before(|it, n| (n < 1).then(|| (0, schedule(it, n)))),
    feature("send a scheduled message", |it, n| {
        let (key, room, id) = (it.key(n), it.room, it.prepared(n));
        Command::SendScheduled(SendScheduled { key, room, id })
    })
    .before(schedule_all)
    .most(SCHEDULED),
    feature("list of 50 scheduled messages", |_, _| {
        Command::Scheduled(Scheduled { room: None, after: None })
    })
    .before(schedule_all)
    .check(|reply| matches!(reply, Reply::Scheduled(page) if page.messages.len() == SCHEDULED)),
];

fn draft(room: RoomId, n: usize) -> Command {
    let text = Text::cut(&format!("draft {n}"));
    Command::SetDraft(Draft { room, text, time: now() })
}

fn schedule(it: &Place, n: usize) -> Command {
    let (key, room, body) = (it.key(n), it.room, it.text());
    let (extras, due) = (List::default(), now() + HOUR);
    Command::Schedule(Schedule { key, room, body, extras, due })
}

fn schedule_all(it: &Place, n: usize) -> Option<(Who, Command)> {
    (n < SCHEDULED).then(|| (0, schedule(it, n)))
}
