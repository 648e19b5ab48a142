//! Reacting to messages.

use std::time::Duration;

use caffis_core::tables::{self, TimelineRow};
use caffis_schema::{
    Command, EntryKind, Error, ErrorCode, Position, RoomId, Text,
    command::{Anchor, Delete, React},
    limits::REACTIONS,
    reply::Appended,
    room::{HistoryPolicy, RoomClass},
};

use crate::{
    client::Client,
    edits::message,
    harness::{World, code},
};

async fn react(
    client: &mut Client,
    room: RoomId,
    position: u64,
    emoji: &str,
    add: bool,
) -> Result<Appended, Error> {
    let (key, position, emoji) = (client.key(), Position(position), Text::cut(emoji));
    client.appended(Command::React(React { key, room, position, emoji, add })).await
}

async fn reactions(client: &mut Client, room: RoomId, position: u64) -> Vec<String> {
    let message = message(client, room, position).await;
    message.reactions.iter().map(|each| format!("{} {}", each.user, each.emoji)).collect()
}

#[tokio::test(start_paused = true)]
async fn reactions_reach_everybody_and_every_way_of_reading() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    giulia.send(room, "ciao").await.expect("sent");
    marco.settle().await;
    let before = marco.listed(room).await.expect("listed");
    let done = react(&mut giulia, room, 2, "☕", true).await.expect("added");
    assert_eq!((done.position.get(), done.number.get()), (3, 0));
    let entry = marco.entry().await;
    assert!(matches!(&entry.kind, EntryKind::Reacted(it) if it.added && &*it.emoji == "☕"));
    react(&mut marco, room, 2, "☕", true).await.expect("added");
    react(&mut marco, room, 2, "👍🏽", true).await.expect("added");
    // What is there or gone already changes nothing.
    let same = react(&mut marco, room, 2, "👍🏽", true).await.expect("nothing to do");
    assert_eq!(same.position.get(), 5);
    react(&mut giulia, room, 2, "👍🏽", false).await.expect("nothing to do");
    react(&mut giulia, room, 2, "☕", false).await.expect("taken back");
    for _ in 0..2 {
        assert_eq!(reactions(&mut giulia, room, 2).await, ["marco ☕", "marco 👍🏽"]);
        assert_eq!(giulia.positions(room).await, [1, 2, 3, 4, 5, 6]);
        let resumed = giulia.resume(room, 1).await;
        let EntryKind::Message(found) = &resumed.entries[0].kind else { panic!("{resumed:?}") };
        assert_eq!((found.reactions.len(), found.changed), (2, Position(6)));
        let listed = marco.listed(room).await.expect("listed");
        assert_eq!((listed.number, listed.unread), (before.number, before.unread));
        assert_eq!(listed.preview, before.preview);
        world.restart().await;
        giulia = world.connect("giulia").await;
        marco = world.connect("marco").await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_fifty_first_is_refused() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    giulia.send(room, "ciao").await.expect("sent");
    let emoji = |number: u32| char::from_u32(0x1f600 + number).expect("one").to_string();
    for number in 0..REACTIONS as u32 {
        react(&mut giulia, room, 2, &emoji(number), true).await.expect("added");
    }
    assert_eq!(code(react(&mut marco, room, 2, "☕", true).await), ErrorCode::LimitReached);
    assert_eq!(giulia.positions(room).await.len(), 2 + REACTIONS);
    react(&mut giulia, room, 2, &emoji(7), false).await.expect("taken back");
    react(&mut marco, room, 2, "☕", true).await.expect("there is a place");
    assert_eq!(reactions(&mut marco, room, 2).await.len(), REACTIONS);
}

#[tokio::test(start_paused = true)]
async fn who_may_react_and_with_what() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let room = giulia.group_with(&["marco"], HistoryPolicy::FromJoining).await;
    giulia.send(room, "ciao").await.expect("sent");
    for wrong in ["", "a", "👍👍", "👍 ", "1", "ciao", "<b>", "\u{200d}"] {
        let answer = react(&mut marco, room, 2, wrong, true).await;
        assert_eq!(code(answer), ErrorCode::NotAnEmoji, "{wrong:?}");
    }
    assert_eq!(code(react(&mut anna, room, 2, "👍", true).await), ErrorCode::NotFound);
    assert_eq!(code(react(&mut marco, room, 1, "👍", true).await), ErrorCode::NotFound);
    assert_eq!(code(react(&mut marco, room, 9, "👍", true).await), ErrorCode::NotFound);
    // Who joined later does not see the message.
    giulia.add(room, &["anna"]).await.expect("added");
    assert_eq!(code(react(&mut anna, room, 2, "👍", true).await), ErrorCode::NotFound);
    let mut service = world.service().await;
    let meetup = service.ensure("meetup", RoomClass::Social, &["giulia"]).await.expect("made").room;
    giulia.send(meetup, "ciao").await.expect("sent");
    assert_eq!(code(react(&mut service, meetup, 2, "👍", true).await), ErrorCode::Forbidden);
    // In a cafe everybody who is there may.
    let cafe = giulia.ensure("cafe", RoomClass::Public, &[]).await.expect("made").room;
    giulia.open(cafe).await.expect("opened");
    giulia.send(cafe, "ciao").await.expect("sent");
    assert_eq!(code(react(&mut marco, cafe, 2, "👍", true).await), ErrorCode::NotFound);
    marco.open(cafe).await.expect("opened");
    react(&mut marco, cafe, 2, "👍", true).await.expect("added");
    // A tombstone has no reactions.
    react(&mut marco, room, 2, "👍", true).await.expect("added");
    let (key, position) = (giulia.key(), Position(2));
    giulia.ask(Command::Delete(Delete { key, room, position })).await.expect("deleted");
    assert_eq!(code(react(&mut marco, room, 2, "☕", true).await), ErrorCode::Deleted);
    assert_eq!(reactions(&mut giulia, room, 2).await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_reaction_is_done_once_and_survives_its_owner() {
    let mut world = World::unhurried().await;
    let [mut giulia] = world.people(["giulia"]).await;
    let room = giulia.group(&[]).await;
    giulia.send(room, "ciao").await.expect("sent");
    let partition = TimelineRow::partition(&room, &1, &1);
    let before: Vec<TimelineRow> =
        tables::partition(world.raw_store(), partition, 10).await.expect("rows");
    let (key, position, emoji) = (giulia.key(), Position(2), Text::cut("☕"));
    let command = Command::React(React { key, room, position, emoji, add: true });
    let first = giulia.appended(command.clone()).await.expect("added");
    react(&mut giulia, room, 2, "☕", false).await.expect("taken back");
    assert_eq!(giulia.appended(command).await.expect("the same answer"), first);
    assert_eq!(reactions(&mut giulia, room, 2).await, [""; 0]);
    react(&mut giulia, room, 2, "👍", true).await.expect("added");
    tokio::time::sleep(Duration::from_secs(3)).await;
    // As if the owner had stopped when the last entry was durable, and not the message with it.
    let mut row = before.iter().find(|row| row.position == position).expect("a row").clone();
    row.append = position;
    let mut batch = world.batch();
    batch.put(&row);
    world.raw_store().write(batch).await.expect("written");
    world.restart().await;
    let mut giulia = world.connect("giulia").await;
    assert_eq!(reactions(&mut giulia, room, 2).await, ["giulia 👍"]);
    let page = giulia.history(room, Anchor::Latest, 10).await.expect("a page");
    assert_eq!(page.entries.len(), 5);
}
