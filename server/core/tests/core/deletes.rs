//! Deleting a message for everyone.

use std::time::Duration;

use caffis_core::{
    Settings,
    tables::{self, TimelineRow},
};
use caffis_schema::{
    Body, Command, EntryKind, Error, ErrorCode, Event, MessageNumber, Position, RoomId,
    command::{Anchor, Delete, Mark, SetPreferences},
    reply::Appended,
    room::{Role, RoomClass},
};

use crate::{
    client::Client,
    edits::{edit, message, revisions},
    harness::{World, code, unhurried, user, words},
};

async fn delete(client: &mut Client, room: RoomId, position: u64) -> Result<Appended, Error> {
    let (key, position) = (client.key(), Position(position));
    client.appended(Command::Delete(Delete { key, room, position })).await
}

#[tokio::test(start_paused = true)]
async fn a_tombstone_is_all_that_is_left() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    giulia.send(room, "secret one").await.expect("sent");
    edit(&mut giulia, room, 2, "secret two").await.expect("edited");
    edit(&mut giulia, room, 2, "secret three").await.expect("edited");
    marco.settle().await;
    let done = delete(&mut giulia, room, 2).await.expect("deleted");
    assert_eq!(done.position.get(), 5);
    let entry = marco.entry().await;
    assert!(matches!(&entry.kind, EntryKind::Deleted(gone) if gone.message == Position(2)));
    for _ in 0..2 {
        for client in [&mut giulia, &mut marco] {
            let found = message(client, room, 2).await;
            assert!(matches!(&found.body, Body::Deleted(by) if by.by == Some(user("giulia"))));
            assert_eq!((found.revision(), found.changed, found.number.get()), (0, Position(5), 1));
            let summary = client.listed(room).await.expect("listed");
            let preview = summary.preview.as_ref().expect("one");
            assert!(preview.deleted && preview.text.is_empty(), "{preview:?}");
            assert_eq!(summary.number.get(), 1);
            let page = client.history(room, Anchor::Latest, 100).await.expect("a page");
            let resumed = client.resume(room, 1).await;
            assert_eq!(resumed.entries.len(), 4);
            let opened = client.open(room).await.expect("opened");
            let served = format!("{page:?} {resumed:?} {opened:?} {summary:?}");
            assert!(!served.contains("secret"), "{served}");
        }
        assert_eq!(code(revisions(&mut giulia, room, 2).await), ErrorCode::Deleted);
        assert_eq!(marco.listed(room).await.expect("listed").unread, 1, "the number stays");
        assert_eq!(code(edit(&mut giulia, room, 2, "again").await), ErrorCode::Deleted);
        world.restart().await;
        giulia = world.connect("giulia").await;
        marco = world.connect("marco").await;
    }
    // Again changes nothing.
    let nothing = delete(&mut giulia, room, 2).await.expect("nothing to do");
    assert_eq!((nothing.position.get(), giulia.positions(room).await.len()), (5, 5));
    // Neither does the log keep the words.
    let partition = TimelineRow::partition(&room, &1, &1);
    let rows: Vec<TimelineRow> =
        tables::partition(world.raw_store(), partition, 100).await.expect("rows");
    let secret = |row: &&TimelineRow| {
        let content = row.content.as_ref().map(|content| content.to_vec()).unwrap_or_default();
        row.text.is_some() || content.windows(6).any(|part| part == b"secret")
    };
    assert_eq!(rows.iter().filter(secret).count(), 0, "{rows:?}");
}

#[tokio::test(start_paused = true)]
async fn what_somebody_has_read_its_author_does_not_delete() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let room = marco.group(&["giulia", "anna"]).await;
    for words in ["one", "two", "three"] {
        giulia.send(room, words).await.expect("sent");
    }
    // Delivered is not read, and one's own reading does not count.
    let mark = Mark { room, number: MessageNumber(3) };
    marco.ask(Command::MarkDelivered(mark)).await.expect("marked");
    giulia.read(room, 3).await.expect("read");
    anna.read(room, 1).await.expect("read");
    assert_eq!(code(delete(&mut giulia, room, 2).await), ErrorCode::AlreadyRead);
    // However much later.
    world.clock.advance(Duration::from_secs(86_400));
    delete(&mut giulia, room, 3).await.expect("deleted");
    // Who answers has read what is before.
    anna.send(room, "what was that?").await.expect("sent");
    assert_eq!(code(delete(&mut giulia, room, 4).await), ErrorCode::AlreadyRead);
    assert_eq!(giulia.log(room).await, ["one", "three", "what was that?"]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_with_it_counts_as_read() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.direct("marco").await.expect("made").room;
    for round in 0..20_u64 {
        let sent = giulia.send(room, "ciao").await.expect("sent").position;
        let key = marco.key();
        let body = crate::harness::text("ciao!");
        let send = caffis_schema::command::Send::new(key, room, body);
        let answer = marco.start(Command::Send(send)).await;
        let gone = delete(&mut giulia, room, sent.get()).await;
        let answered = marco.answer(answer).await;
        answered.expect("sent");
        let before = match &gone {
            Ok(gone) => gone.position,
            Err(error) => {
                assert_eq!(error.code, ErrorCode::AlreadyRead, "{round}");
                continue;
            }
        };
        let page = giulia.history(room, Anchor::Latest, 2).await.expect("a page");
        let reply = page.entries.iter().find(|entry| words(entry).is_some()).expect("the answer");
        assert!(before < reply.position, "{round}: deleted after it was answered");
    }
}

#[tokio::test(start_paused = true)]
async fn who_reads_privately_does_not_count() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.direct("marco").await.expect("made").room;
    let private = SetPreferences { private_receipts: true };
    marco.ask(Command::SetPreferences(private)).await.expect("set");
    for words in ["one", "two"] {
        giulia.send(room, words).await.expect("sent");
    }
    marco.read(room, 1).await.expect("read");
    delete(&mut giulia, room, 2).await.expect("deleted");
    let told = SetPreferences { private_receipts: false };
    marco.ask(Command::SetPreferences(told)).await.expect("set");
    marco.read(room, 2).await.expect("read");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(code(delete(&mut giulia, room, 3).await), ErrorCode::AlreadyRead);
}

#[tokio::test(start_paused = true)]
async fn who_may_delete_what() {
    let world = World::unhurried().await;
    let [mut owner, mut admin, mut giulia, mut marco, mut anna] =
        world.people(["owner", "admin", "giulia", "marco", "anna"]).await;
    let room = owner.group(&["admin", "giulia", "marco"]).await;
    owner.role(room, "admin", Role::Admin).await.expect("given");
    for words in ["one", "two", "three"] {
        giulia.send(room, words).await.expect("sent");
    }
    owner.send(room, "the owner's").await.expect("sent");
    marco.read(room, 4).await.expect("read");
    world.clock.advance(Duration::from_secs(86_400));
    let refused = [
        (delete(&mut marco, room, 3).await, ErrorCode::Forbidden),
        (delete(&mut anna, room, 3).await, ErrorCode::NotFound),
        (delete(&mut giulia, room, 3).await, ErrorCode::AlreadyRead),
        (delete(&mut owner, room, 2).await, ErrorCode::NotFound),
        (delete(&mut owner, room, 99).await, ErrorCode::NotFound),
    ];
    for (number, (answer, expected)) in refused.into_iter().enumerate() {
        assert_eq!(code(answer), expected, "{number}");
    }
    // Those who moderate always may, whoever has read it.
    delete(&mut owner, room, 3).await.expect("deleted");
    for position in [4, 6] {
        delete(&mut admin, room, position).await.expect("deleted");
    }
    let by = message(&mut marco, room, 4).await;
    assert!(matches!(by.body, Body::Deleted(by) if by.by == Some(user("admin"))));
    assert_eq!(marco.log(room).await, ["three"]);
    // In a conversation of two nobody does.
    let direct = giulia.direct("marco").await.expect("made").room;
    giulia.send(direct, "ciao").await.expect("sent");
    assert_eq!(code(delete(&mut marco, direct, 2).await), ErrorCode::Forbidden);
    assert_eq!(code(delete(&mut world.service().await, direct, 2).await), ErrorCode::NotFound);
    // In rooms of contexts a service does that manages members.
    let mut service = world.service().await;
    let meetup = service.ensure("meetup", RoomClass::Social, &["giulia"]).await.expect("made").room;
    giulia.send(meetup, "ciao").await.expect("sent");
    let mut reader = world.connect("service:reader;right=history;right=states").await;
    assert_eq!(code(delete(&mut reader, meetup, 2).await), ErrorCode::Forbidden);
    delete(&mut service, meetup, 2).await.expect("deleted");
    assert!(
        matches!(message(&mut giulia, meetup, 2).await.body, Body::Deleted(by) if by.by.is_none())
    );
}

#[tokio::test(start_paused = true)]
async fn where_nobody_is_told_who_has_read_authors_have_five_minutes() {
    let world = World::with(Settings { small_room_members: 2, ..unhurried() }).await;
    let [mut giulia, mut marco, _anna] = world.people(["giulia", "marco", "anna"]).await;
    let large = marco.group(&["giulia", "anna"]).await;
    let cafe = giulia.ensure("cafe", RoomClass::Public, &[]).await.expect("made").room;
    giulia.open(cafe).await.expect("opened");
    for room in [large, cafe] {
        for words in ["one", "two"] {
            giulia.send(room, words).await.expect("sent");
        }
    }
    marco.read(large, 2).await.expect("read");
    world.clock.advance(Duration::from_millis(300_000));
    for room in [large, cafe] {
        delete(&mut giulia, room, 2).await.expect("deleted");
    }
    world.clock.advance(Duration::from_millis(1));
    for room in [large, cafe] {
        assert_eq!(code(delete(&mut giulia, room, 3).await), ErrorCode::TooLate);
    }
    delete(&mut marco, large, 3).await.expect("as the owner");
}

#[tokio::test(start_paused = true)]
async fn in_evidence_a_delete_only_hides() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let mut service = world.service().await;
    let made = service.ensure("dispute", RoomClass::Evidence, &["giulia", "marco"]).await;
    let room = made.expect("made").room;
    service.role(room, "marco", Role::Admin).await.expect("given");
    giulia.send(room, "I never said that").await.expect("sent");
    delete(&mut giulia, room, 3).await.expect("hidden");
    assert!(message(&mut giulia, room, 3).await.is_deleted());
    assert_eq!(code(revisions(&mut giulia, room, 3).await), ErrorCode::Deleted);
    let page = revisions(&mut marco, room, 3).await.expect("those who moderate see it");
    assert_eq!(page.revisions.len(), 1);
    assert!(
        matches!(&page.revisions[0].body, Body::Text(body) if &*body.text == "I never said that")
    );
}

#[tokio::test(start_paused = true)]
async fn what_an_owner_left_undone_of_a_delete_is_done_by_the_next() {
    let mut world = World::unhurried().await;
    let [mut giulia, _marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    giulia.send(room, "secret one").await.expect("sent");
    edit(&mut giulia, room, 2, "secret two").await.expect("edited");
    let partition = TimelineRow::partition(&room, &1, &1);
    let before: Vec<TimelineRow> =
        tables::partition(world.raw_store(), partition.clone(), 100).await.expect("rows");
    delete(&mut giulia, room, 2).await.expect("deleted");
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mut batch = world.batch();
    before.iter().filter(|row| row.position > Position(1)).for_each(|row| batch.put(row));
    world.raw_store().write(batch).await.expect("written");
    world.restart().await;
    let mut marco = world.connect("marco").await;
    let rooms = format!("{:?}", marco.welcome().rooms);
    let page = marco.history(room, Anchor::Latest, 100).await.expect("a page");
    let resumed = marco.resume(room, 1).await;
    let served = format!("{rooms} {page:?} {resumed:?}");
    assert!(!served.contains("secret"), "{served}");
    let rows: Vec<TimelineRow> =
        tables::partition(world.raw_store(), partition, 100).await.expect("rows");
    assert!(!format!("{rows:?}").contains("secret"), "{rows:?}");
    assert!(marco.settle().await.iter().all(|event| !matches!(event, Event::Behind(_))));
}
