//! Changing the words of a message.

use std::time::Duration;

use caffis_core::tables::{self, RevisionRow, TimelineRow};
use caffis_schema::{
    Body, Command, Entry, EntryKind, Error, ErrorCode, Event, Position, Reply, RoomId,
    command::{Anchor, Cursor, Edit, MessageAt, Revisions},
    limits::REVISIONS,
    reply::{Appended, RevisionPage},
    room::{HistoryPolicy, Message, Role, RoomClass},
};

use crate::client::Client;
use crate::harness::{START, World, code, text, words};

pub(crate) async fn edit(
    client: &mut Client,
    room: RoomId,
    position: u64,
    words: &str,
) -> Result<Appended, Error> {
    edit_to(client, room, position, text(words)).await
}

async fn edit_to(
    client: &mut Client,
    room: RoomId,
    position: u64,
    body: Body,
) -> Result<Appended, Error> {
    let (key, position) = (client.key(), Position(position));
    client.appended(Command::Edit(Edit::words(key, room, position, body))).await
}

pub(crate) async fn revisions(
    client: &mut Client,
    room: RoomId,
    position: u64,
) -> Result<RevisionPage, Error> {
    let command = Revisions { room, position: Position(position), from: 0 };
    match client.ask(Command::Revisions(command)).await? {
        Reply::Revisions(page) => Ok(page),
        other => panic!("answered with {other:?}"),
    }
}

/// What a message said, oldest first.
async fn said(client: &mut Client, room: RoomId, position: u64) -> Vec<String> {
    let page = revisions(client, room, position).await.expect("revisions");
    let words = page.revisions.iter().map(|revision| match &revision.body {
        Body::Text(body) => format!("{} {}", revision.revision, body.text),
        other => panic!("{other:?}"),
    });
    words.collect()
}

pub(crate) async fn message(client: &mut Client, room: RoomId, position: u64) -> Message {
    let command = MessageAt { room, position: Position(position) };
    match client.ask(Command::Message(command)).await {
        Ok(Reply::Entry(Entry { kind: EntryKind::Message(message), .. })) => message,
        other => panic!("answered with {other:?}"),
    }
}

/// The words in edits that came or were read.
fn edits<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Vec<Option<String>> {
    let edits = entries.into_iter().filter_map(|entry| match &entry.kind {
        EntryKind::Edited(edited) => Some(edited.body.as_ref().map(|body| match body {
            Body::Text(body) => body.text.to_string(),
            other => panic!("{other:?}"),
        })),
        _ => None,
    });
    edits.collect()
}

async fn page(client: &mut Client, room: RoomId) -> Vec<Entry> {
    client.history(room, Anchor::Latest, 100).await.expect("a page").entries.into_vec()
}

#[tokio::test(start_paused = true)]
async fn an_edit_reaches_everybody_and_every_way_of_reading() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    giulia.send(room, "first").await.expect("sent");
    giulia.send(room, "at eigth").await.expect("sent");
    marco.settle().await;
    let before = marco.listed(room).await.expect("listed");
    let done = edit(&mut giulia, room, 3, " at eight \r\n").await.expect("edited");
    assert_eq!((done.position.get(), done.number.get()), (4, 0));
    let entry = marco.entry().await;
    assert_eq!((entry.position.get(), edits([&entry])), (4, vec![Some(" at eight \n".into())]));
    for _ in 0..2 {
        assert_eq!(marco.log(room).await, ["first", " at eight \n"]);
        let found = message(&mut marco, room, 3).await;
        assert_eq!((found.revision(), found.changed, found.number.get()), (1, Position(4), 2));
        let listed = marco.listed(room).await.expect("listed");
        assert_eq!(listed.preview.as_ref().map(|preview| &*preview.text), Some("at eight"));
        assert_eq!((listed.number, listed.unread), (before.number, before.unread));
        let resumed = marco.resume(room, 2).await;
        assert_eq!(resumed.entries.iter().filter_map(words).collect::<Vec<_>>(), [" at eight \n"]);
        assert_eq!(edits(resumed.entries.iter()), [Some(" at eight \n".to_owned())]);
        // The same from the store.
        world.restart().await;
        giulia = world.connect("giulia").await;
        marco = world.connect("marco").await;
    }
    // An edit of an older message leaves the preview.
    edit(&mut giulia, room, 2, "1st").await.expect("edited");
    let preview = marco.listed(room).await.expect("listed").preview.expect("one");
    assert_eq!(&*preview.text, "at eight");
}

#[tokio::test(start_paused = true)]
async fn what_a_message_said_before_is_for_its_author_and_those_who_moderate() {
    let mut world = World::unhurried().await;
    let [mut owner, mut giulia, mut marco, _anna] =
        world.people(["owner", "giulia", "marco", "anna"]).await;
    let room = owner.group(&["giulia", "marco"]).await;
    giulia.send(room, "one").await.expect("sent");
    assert_eq!(said(&mut giulia, room, 2).await, ["0 one"]);
    for (number, words) in ["two", "three"].into_iter().enumerate() {
        world.clock.advance(Duration::from_secs(60));
        edit(&mut giulia, room, 2, words).await.expect("edited");
        assert_eq!(message(&mut marco, room, 2).await.revision(), 1 + number as u32);
    }
    for _ in 0..2 {
        assert_eq!(said(&mut giulia, room, 2).await, ["0 one", "1 two", "2 three"]);
        assert_eq!(said(&mut owner, room, 2).await, ["0 one", "1 two", "2 three"]);
        let page_of = revisions(&mut owner, room, 2).await.expect("revisions");
        let times = page_of.revisions.iter().map(|revision| revision.time.get());
        let times: Vec<_> = times.collect();
        assert_eq!((times[1] - times[0], times[2] - times[1]), (60_000, 60_000));
        // Others neither ask for it nor find it in the log.
        assert_eq!(code(revisions(&mut marco, room, 2).await), ErrorCode::Forbidden);
        let entries = page(&mut marco, room).await;
        assert_eq!(edits(&entries), [None, Some("three".to_owned())]);
        let resumed = marco.resume(room, 1).await;
        assert_eq!(edits(resumed.entries.iter()), [None, Some("three".to_owned())]);
        world.restart().await;
        owner = world.connect("owner").await;
        giulia = world.connect("giulia").await;
        marco = world.connect("marco").await;
    }
    let mut anna = world.connect("anna").await;
    assert_eq!(code(revisions(&mut anna, room, 2).await), ErrorCode::NotFound);
    assert_eq!(code(revisions(&mut giulia, room, 1).await), ErrorCode::NotFound, "no message");
    assert_eq!(code(revisions(&mut giulia, room, 9).await), ErrorCode::OutOfRange);
    let mut auditor = world.connect("service:audit;right=history").await;
    assert_eq!(said(&mut auditor, room, 2).await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn who_may_edit_what() {
    let world = World::unhurried().await;
    let [mut owner, mut giulia, mut anna] = world.people(["owner", "giulia", "anna"]).await;
    let room = owner.group(&["giulia"]).await;
    giulia.send(room, "hers").await.expect("sent");
    giulia.role(room, "owner", Role::Member).await.expect_err("not hers to give");
    let refused = [
        (edit(&mut owner, room, 2, "not hers").await, ErrorCode::Forbidden),
        (edit(&mut anna, room, 2, "an outsider's").await, ErrorCode::NotFound),
        (edit(&mut giulia, room, 1, "no message").await, ErrorCode::NotFound),
        (edit(&mut giulia, room, 7, "nothing").await, ErrorCode::NotFound),
        (edit(&mut giulia, room, 0, "nothing").await, ErrorCode::NotFound),
        (edit(&mut giulia, room, 2, " \n ").await, ErrorCode::TextEmpty),
        (edit(&mut giulia, room, 2, &"x".repeat(8_001)).await, ErrorCode::TextTooLong),
        (edit(&mut giulia, room, 2, "a\u{202e}b").await, ErrorCode::TextNotAllowed),
    ];
    for (number, (answer, expected)) in refused.into_iter().enumerate() {
        assert_eq!(code(answer), expected, "{number}");
    }
    let mut service = world.service().await;
    let meetup = service.ensure("meetup", RoomClass::Social, &["giulia"]).await.expect("made").room;
    giulia.send(meetup, "hers").await.expect("sent");
    assert_eq!(code(edit(&mut service, meetup, 2, "a service").await), ErrorCode::Forbidden);
    // Nothing of it happened.
    assert_eq!(giulia.log(room).await, ["hers"]);
    assert_eq!(giulia.positions(room).await, [1, 2]);
    // Who left writes nothing any more, and who comes back may.
    owner.remove(room, "giulia").await.expect("removed");
    assert_eq!(code(edit(&mut giulia, room, 2, "gone").await), ErrorCode::NotFound);
    owner.add(room, &["giulia"]).await.expect("added");
    edit(&mut giulia, room, 2, "back").await.expect("edited");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_edited_where_everything_is_evidence() {
    let world = World::unhurried().await;
    let [mut giulia] = world.people(["giulia"]).await;
    let mut service = world.service().await;
    let room =
        service.ensure("booking", RoomClass::Evidence, &["giulia"]).await.expect("made").room;
    giulia.send(room, "a table for two").await.expect("sent");
    assert_eq!(code(edit(&mut giulia, room, 2, "for four").await), ErrorCode::RoomClass);
    assert_eq!(giulia.log(room).await, ["a table for two"]);
}

#[tokio::test(start_paused = true)]
async fn after_five_minutes_by_the_owners_clock_it_is_too_late() {
    let world = World::unhurried().await;
    let [mut giulia] = world.people(["giulia"]).await;
    let room = giulia.group(&[]).await;
    giulia.send(room, "one").await.expect("sent");
    world.clock.advance(Duration::from_millis(300_000));
    edit(&mut giulia, room, 2, "just in time").await.expect("edited");
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(code(edit(&mut giulia, room, 2, "too late").await), ErrorCode::TooLate);
    // A client whose clock is an hour behind or ahead changes nothing: its key says when, the owner decides.
    for hours_ahead in [false, true] {
        let mut key = giulia.key();
        key.time = if hours_ahead { key.time + 3_600_000 } else { key.time.back(3_600_000) };
        let command = Edit::words(key, room, Position(2), text("drifting"));
        assert_eq!(code(giulia.ask(Command::Edit(command)).await), ErrorCode::TooLate);
    }
    let log = giulia.log(room).await;
    assert_eq!(log, ["just in time"]);
}

#[tokio::test(start_paused = true)]
async fn the_next_owner_measures_the_five_minutes_by_its_own_clock() {
    for drift in [-3_000_i64, 3_000] {
        let mut world = World::unhurried().await;
        let [mut giulia, _marco] = world.people(["giulia", "marco"]).await;
        let room = giulia.group(&["marco"]).await;
        // The owner's clock is ahead of the next one's, or behind it.
        world.clock.set(START.strict_add_signed(10_000 + drift));
        giulia.send(room, "one").await.expect("sent");
        world.clock.set(START + 10_000);
        world.restart().await;
        let mut giulia = world.connect("giulia").await;
        let end = START.strict_add_signed(10_000 + drift) + 300_000;
        world.clock.set(end);
        edit(&mut giulia, room, 2, "two").await.expect("in time");
        world.clock.set(end + 1);
        assert_eq!(code(edit(&mut giulia, room, 2, "three").await), ErrorCode::TooLate, "{drift}");
        assert_eq!(giulia.log(room).await, ["two"]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_edit_is_done_once_and_only_if_it_changes_something() {
    let world = World::unhurried().await;
    let [mut giulia] = world.people(["giulia"]).await;
    let room = giulia.group(&[]).await;
    giulia.send(room, "one").await.expect("sent");
    let (key, position) = (giulia.key(), Position(2));
    let command = Edit::words(key, room, position, text("two"));
    let first = giulia.appended(Command::Edit(command.clone())).await.expect("edited");
    edit(&mut giulia, room, 2, "three").await.expect("edited");
    let again = giulia.appended(Command::Edit(command.clone())).await.expect("the same answer");
    assert_eq!((first, giulia.log(room).await), (again, vec!["three".to_owned()]));
    let other = Edit { body: text("four"), ..command };
    assert_eq!(code(giulia.ask(Command::Edit(other)).await), ErrorCode::ClientIdReused);
    let nothing = edit(&mut giulia, room, 2, "three").await.expect("nothing to do");
    assert_eq!((nothing.position.get(), giulia.positions(room).await.len()), (4, 4));
    for number in 3..REVISIONS {
        edit(&mut giulia, room, 2, &format!("{number}")).await.expect("edited");
    }
    assert_eq!(code(edit(&mut giulia, room, 2, "once more").await), ErrorCode::LimitReached);
    assert_eq!(said(&mut giulia, room, 2).await.len(), REVISIONS);
}

#[tokio::test(start_paused = true)]
async fn edits_that_share_an_append_leave_no_words_behind() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    giulia.send(room, "one").await.expect("sent");
    marco.settle().await;
    let mut started = Vec::new();
    for words in ["two", "three", "four"] {
        let (key, position) = (giulia.key(), Position(2));
        let command = Edit::words(key, room, position, text(words));
        started.push(giulia.start(Command::Edit(command)).await);
    }
    for id in started {
        giulia.answer(id).await.expect("edited");
    }
    let told: Vec<Entry> = marco
        .settle()
        .await
        .into_iter()
        .filter_map(|event| match event {
            Event::Entry(entry) => Some(entry.entry),
            _ => None,
        })
        .collect();
    assert_eq!(edits(&told).last().expect("told").as_deref(), Some("four"));
    for _ in 0..2 {
        assert_eq!(edits(&page(&mut marco, room).await), [None, None, Some("four".to_owned())]);
        assert_eq!(said(&mut giulia, room, 2).await, ["0 one", "1 two", "2 three", "3 four"]);
        world.restart().await;
        giulia = world.connect("giulia").await;
        marco = world.connect("marco").await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_does_not_see_a_message_does_not_hear_its_words() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group_with(&[], HistoryPolicy::FromJoining).await;
    giulia.send(room, "before").await.expect("sent");
    giulia.add(room, &["marco"]).await.expect("added");
    marco.settle().await;
    edit(&mut giulia, room, 2, "still before").await.expect("edited");
    let entry = marco.entry().await;
    assert_eq!((entry.position.get(), edits([&entry])), (4, vec![None]));
    for _ in 0..2 {
        assert_eq!(edits(&page(&mut marco, room).await), [None]);
        assert_eq!(edits(marco.resume(room, 3).await.entries.iter()), [None]);
        assert_eq!(marco.listed(room).await.expect("listed").preview, None);
        assert_eq!(code(edit(&mut marco, room, 2, "what?").await), ErrorCode::NotFound);
        assert_eq!(edits(&page(&mut giulia, room).await), [Some("still before".to_owned())]);
        world.restart().await;
        giulia = world.connect("giulia").await;
        marco = world.connect("marco").await;
    }
    let position = Position(3);
    let marco = world.connect_at("marco", vec![Cursor { room, position, open: true }]).await;
    assert_eq!(edits(marco.welcome().resumed[0].entries.iter()), [None]);
}

/// The rows of the log, newest first.
async fn rows(world: &World, room: RoomId) -> Vec<TimelineRow> {
    let partition = TimelineRow::partition(&room, &1, &1);
    tables::partition(world.raw_store(), partition, 100).await.expect("rows")
}

#[tokio::test(start_paused = true)]
async fn what_an_owner_left_undone_of_an_edit_is_done_by_the_next() {
    let mut world = World::unhurried().await;
    let [mut giulia] = world.people(["giulia"]).await;
    let room = giulia.group(&[]).await;
    giulia.send(room, "one").await.expect("sent");
    edit(&mut giulia, room, 2, "two").await.expect("edited");
    let before = rows(&world, room).await;
    edit(&mut giulia, room, 2, "three").await.expect("edited");
    tokio::time::sleep(Duration::from_secs(3)).await;
    // As if the owner had stopped when the entry was durable: the message and its first edit are as before.
    let mut batch = world.batch();
    before.iter().filter(|row| row.position > Position(1)).for_each(|row| batch.put(row));
    world.raw_store().write(batch).await.expect("written");
    world.restart().await;
    let mut giulia = world.connect("giulia").await;
    assert_eq!(giulia.log(room).await, ["three"]);
    assert_eq!(edits(&page(&mut giulia, room).await), [None, Some("three".to_owned())]);
    assert_eq!(said(&mut giulia, room, 2).await, ["0 one", "1 two", "2 three"]);
    giulia.send(room, "next").await.expect("sent");
    let after = rows(&world, room).await;
    let with_words = |row: &&TimelineRow| {
        row.content.as_ref().is_some_and(|content| content.windows(3).any(|part| part == b"two"))
    };
    assert_eq!(after.iter().filter(with_words).count(), 0);
    // Only the message: its last edit is put right, too.
    let row = after.iter().find(|row| row.position == Position(2)).expect("a row");
    let mut batch = world.batch();
    let old = before.iter().find(|row| row.position == Position(3)).expect("a row");
    batch.put(old);
    batch.put(row);
    world.raw_store().write(batch).await.expect("written");
    let partition = RevisionRow::partition(&room, &Position(2));
    let kept: Vec<RevisionRow> =
        tables::partition(world.raw_store(), partition, 10).await.expect("rows");
    assert_eq!(kept.iter().map(|row| row.revision).collect::<Vec<_>>(), [0, 1]);
}
