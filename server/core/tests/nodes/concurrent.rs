//! People on two nodes send, edit, delete, react and read at once. Whatever they do, in whatever order the room's
//! owner takes it up, all of them end with the same room, and it is what they were told.

use std::{collections::BTreeMap, time::Duration};

use caffis_conformance::bus::faulty::Plan;
use caffis_schema::{
    Body, Command, Entry, EntryKind, Error, ErrorCode, Event, MessageNumber, Outcome, Position,
    RoomId, Text,
    command::{Anchor, Delete, Edit, Mark, React, Send},
    room::Message,
};
use futures_util::future::join_all;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use tokio::time::{Instant, sleep};

use crate::{
    client::Client,
    harness::{text, user},
    several::Several,
};

const NAMES: [&str; 4] = ["giulia", "marco", "luca", "aiko"];
const EMOJI: [&str; 2] = ["☕", "👍"];
/// Each has a room of its own, and all of them are in one page of a person's list.
const CASES: u32 = 80;
/// Each is one entry at most; with the room's first one they fit into a page.
const DEEDS: usize = 24 * NAMES.len();
/// How long a command may take with all its attempts.
const PATIENCE: Duration = Duration::from_secs(60);

/// What goes wrong between the nodes meanwhile.
fn faults() -> Plan {
    let delay = Duration::from_millis(30);
    Plan { lost: 20, doubled: 50, lost_requests: 20, lost_replies: 20, delay }
}

/// What a person does. A message is named by its place among those that there are.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Say,
    Edit(usize),
    Delete(usize),
    React { message: usize, emoji: usize, add: bool },
    Read(usize),
}

fn deed() -> impl Strategy<Value = Deed> {
    // Few messages, so that they meet at the same ones.
    let message = 0..4_usize;
    prop_oneof![
        2 => Just(Deed::Say),
        4 => message.clone().prop_map(Deed::Edit),
        1 => message.clone().prop_map(Deed::Delete),
        4 => (message.clone(), 0..EMOJI.len(), any::<bool>())
            .prop_map(|(message, emoji, add)| Deed::React { message, emoji, add }),
        2 => message.prop_map(Deed::Read),
    ]
}

/// What they do at once, and then at once again.
fn rounds() -> impl Strategy<Value = Vec<[Deed; NAMES.len()]>> {
    let round = [deed(), deed(), deed(), deed()];
    proptest::collection::vec(round, 1..DEEDS / NAMES.len())
}

/// Gives a command until it is known whether it has happened, with the same key.
async fn settled(client: &mut Client, command: Command) -> Result<(), Error> {
    let start = Instant::now();
    loop {
        match client.ask(command.clone()).await {
            Err(error) if error.outcome == Outcome::Unknown || error.retry_after_ms.is_some() => {
                assert!(start.elapsed() < PATIENCE, "{error:?}");
            }
            answer => return answer.map(drop),
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// What one person was told of what they did themselves.
#[derive(Default)]
struct Told {
    /// What they have changed their messages to, last.
    edits: BTreeMap<Position, String>,
    deletes: Vec<Position>,
    /// Whether they have reacted, last.
    reactions: BTreeMap<(Position, usize), bool>,
    read: u64,
}

impl Told {
    async fn of(
        &mut self,
        client: &mut Client,
        room: RoomId,
        (deed, log): (Deed, &[Position]),
        round: usize,
    ) {
        let key = client.key();
        let at = |message: usize| log.get(message % log.len().max(1)).copied();
        match deed {
            Deed::Say => {
                let command =
                    Command::Send(Send::new(key, room, text(&format!("said in {round}"))));
                settled(client, command).await.expect("sent");
            }
            Deed::Edit(message) => {
                let Some(position) = at(message) else { return };
                let words = format!("edited in {round}");
                let command = Edit::words(key, room, position, text(&words));
                match settled(client, Command::Edit(command)).await {
                    Ok(()) => drop(self.edits.insert(position, words)),
                    Err(error) => refused(&error, &[ErrorCode::Forbidden, ErrorCode::Deleted]),
                }
            }
            Deed::Delete(message) => {
                let Some(position) = at(message) else { return };
                match settled(client, Command::Delete(Delete { key, room, position })).await {
                    Ok(()) => self.deletes.push(position),
                    Err(error) => refused(&error, &[ErrorCode::Forbidden, ErrorCode::AlreadyRead]),
                }
            }
            Deed::React { message, emoji, add } => {
                let Some(position) = at(message) else { return };
                let command = React { key, room, position, emoji: Text::cut(EMOJI[emoji]), add };
                match settled(client, Command::React(command)).await {
                    Ok(()) => drop(self.reactions.insert((position, emoji), add)),
                    Err(error) => refused(&error, &[ErrorCode::Deleted]),
                }
            }
            Deed::Read(message) => {
                let number = (message % log.len().max(1)) as u64 + 1;
                let mark = Mark { room, number: MessageNumber(number.min(log.len() as u64)) };
                settled(client, Command::MarkRead(mark)).await.expect("marked");
                self.read = self.read.max(mark.number.get());
            }
        }
    }
}

fn refused(error: &Error, known: &[ErrorCode]) {
    assert!(known.contains(&error.code), "{error:?}");
}

/// A room as a person has it who has taken every entry that came.
fn copy(events: &[Event], room: RoomId) -> BTreeMap<Position, Entry> {
    let mut log = BTreeMap::<Position, Entry>::new();
    for event in events {
        let Event::Entry(event) = event else { continue };
        if event.room != room {
            continue;
        }
        let entry = event.entry.clone();
        if let Some(changed) = entry.kind.changed_message()
            && let Some(Entry { kind: EntryKind::Message(message), .. }) = log.get_mut(&changed)
        {
            message.take(&entry);
        }
        let before = log.insert(entry.position, entry);
        assert!(before.is_none(), "twice: {before:?}");
    }
    log
}

fn messages<'a>(log: impl IntoIterator<Item = &'a Entry>) -> BTreeMap<Position, Message> {
    let found = log.into_iter().filter_map(|entry| match &entry.kind {
        EntryKind::Message(message) => Some((entry.position, message.clone())),
        _ => None,
    });
    found.collect()
}

/// Everything that a person was told is so.
fn check_told(told: &Told, name: &str, messages: &BTreeMap<Position, Message>) {
    for position in &told.deletes {
        assert!(messages[position].is_deleted(), "{name} deleted {position:?}");
    }
    for (position, expected) in &told.edits {
        match &messages[position].body {
            Body::Text(body) => assert_eq!(&*body.text, expected, "{name} edited {position:?}"),
            body => assert!(messages[position].is_deleted(), "{body:?}"),
        }
    }
    for ((position, emoji), added) in &told.reactions {
        let message = &messages[position];
        let found = message.has_reaction(&user(name), EMOJI[*emoji]);
        assert!(message.is_deleted() || found == *added, "{name} on {position:?}: {message:?}");
    }
}

async fn case(several: &Several, people: &mut [Client], rounds: &[[Deed; NAMES.len()]]) {
    let room = people[0].group(&NAMES[1..]).await;
    let mut told: [Told; NAMES.len()] = Default::default();
    let (mut log, mut events) = (Vec::new(), vec![Vec::new(); NAMES.len()]);
    several.faults.set_plan(faults());
    for (number, round) in rounds.iter().enumerate() {
        let all = people.iter_mut().zip(&mut told).zip(round);
        let all = all.map(|((client, told), deed)| told.of(client, room, (*deed, &log), number));
        join_all(all).await;
        for (client, events) in people.iter_mut().zip(&mut events) {
            events.extend(client.settle().await);
        }
        log = messages(copy(&events[0], room).values()).into_keys().collect();
    }
    several.faults.set_plan(Plan::default());
    let page = people[0].history(room, Anchor::Latest, 100).await.expect("a page");
    assert!(!page.more_before, "all of it is in the page");
    let truth = messages(&page.entries);
    let head = page.entries.last().expect("an entry").position;
    for ((client, events), (told, name)) in
        people.iter_mut().zip(&mut events).zip(told.iter().zip(NAMES))
    {
        // Whoever was added hears of the room, not of its first entry.
        let start = Instant::now();
        while head > Position(1) && copy(events, room).keys().next_back() < Some(&head) {
            assert!(start.elapsed() < PATIENCE, "{name} has not heard of {head:?}");
            events.extend(client.settle().await);
        }
        let copy = copy(events, room);
        let heard: Vec<u64> =
            copy.keys().map(|position| position.get()).filter(|at| *at > 1).collect();
        assert!(heard.iter().copied().eq(2..=head.get()), "{name} heard {heard:?} of {head:?}");
        assert_eq!(messages(copy.values()), truth, "{name}'s copy");
        let read = client.history(room, Anchor::Latest, 100).await.expect("a page");
        assert_eq!(messages(&read.entries), truth, "{name}'s page");
        check_told(told, name, &truth);
    }
    // What they have read, their other devices know on the other node.
    for (number, (told, name)) in told.iter().zip(NAMES).enumerate() {
        let mut other = several.connect(2 - number % 2, name).await;
        let there = other.listed(room).await.expect("listed");
        let here = people[number].listed(room).await.expect("listed");
        assert_eq!((there.read, there.unread), (here.read, here.unread), "{name}");
        assert!(here.read.get() >= told.read, "{name} has read {}: {here:?}", told.read);
        other.leave_session().await;
    }
}

#[test]
fn whatever_people_do_at_once_all_end_with_the_same_room() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let (several, people) = runtime.block_on(async {
        let several = Several::start(2, 7, Plan::default()).await;
        let connecting =
            NAMES.iter().enumerate().map(|(number, name)| several.connect(1 + number % 2, name));
        let people = join_all(connecting).await;
        (several, people)
    });
    let people = std::cell::RefCell::new(people);
    let mut runner = TestRunner::new_with_rng(
        Config { cases: CASES, failure_persistence: None, ..Config::default() },
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    let outcome = runner.run(&rounds(), |rounds| {
        runtime.block_on(case(&several, &mut people.borrow_mut(), &rounds));
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
