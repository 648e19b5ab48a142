//! What a room is called, what it is for, and what later members see.

use std::time::Duration;

use caffis_core::tables::{self, RoomRow};
use caffis_schema::{
    Command, EntryKind, ErrorCode, Position, RoomId, Text,
    command::Send,
    info::RoomInfo,
    room::{HistoryPolicy, RoomClass},
};

use crate::{
    client::Client,
    harness::{World, code, text, user},
    permissions::describe,
};

fn rename(client: &Client, room: RoomId, name: &str) -> Command {
    describe(client, room, |command| command.name = Some(Text::cut(name)))
}

fn shows(client: &Client, room: RoomId, history: HistoryPolicy) -> Command {
    describe(client, room, |command| command.history = Some(history))
}

async fn listed(client: &mut Client, room: RoomId) -> (Option<String>, Option<String>) {
    let summary = client.listed(room).await.expect("listed");
    let words = |text: &str| text.to_owned();
    (summary.name.map(|name| words(&name)), summary.description.map(|text| words(&text)))
}

#[tokio::test(start_paused = true)]
async fn a_group_is_renamed_and_described_and_all_are_told_once() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    let before = listed(&mut giulia, room).await.0;
    marco.settle().await;
    let command = describe(&giulia, room, |command| {
        command.name = Some(Text::cut("Sabato"));
        command.description = Some(Text::cut("Where we meet\r\non Saturdays"));
    });
    let done = giulia.appended(command.clone()).await.expect("done");
    assert_eq!(giulia.appended(command).await.expect("the same answer"), done);
    let EntryKind::Info(told) = marco.entry().await.kind else { panic!("info") };
    assert_eq!(told.by, Some(user("giulia")));
    assert_eq!(told.before.name.as_deref().map(ToOwned::to_owned), before);
    let description = Some(Text::cut("Where we meet\non Saturdays"));
    let name = Some(Text::cut("Sabato"));
    assert_eq!(told.info, RoomInfo { name, description, history: HistoryPolicy::All });
    // What is as it was already makes no entry.
    let again = rename(&giulia, room, "Sabato");
    assert_eq!(giulia.appended(again).await.expect("done").position, done.position);
    let expected = (Some("Sabato".to_owned()), Some("Where we meet\non Saturdays".to_owned()));
    for _ in 0..2 {
        assert_eq!(listed(&mut marco, room).await, expected);
        world.restart().await;
        marco = world.connect("marco").await;
    }
    let mut giulia = world.connect("giulia").await;
    let cleared = describe(&giulia, room, |command| command.description = Some(Text::cut(" ")));
    giulia.appended(cleared).await.expect("done");
    assert_eq!(listed(&mut marco, room).await, (expected.0, None));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_said_of_a_room_is_refused_by_code() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let room = giulia.group(&["marco"]).await;
    for (name, expected) in [(" ", ErrorCode::TextEmpty), ("two\nlines", ErrorCode::TextNotAllowed)]
    {
        let command = rename(&giulia, room, name);
        assert_eq!(code(giulia.ask(command).await), expected);
    }
    for history in [HistoryPolicy::Last(0), HistoryPolicy::Last(101)] {
        let command = shows(&giulia, room, history);
        assert_eq!(code(giulia.ask(command).await), ErrorCode::Invalid);
    }
    let command = rename(&marco, room, "Mine");
    assert_eq!(code(marco.ask(command).await), ErrorCode::Forbidden);
    let command = rename(&anna, room, "Mine");
    assert_eq!(code(anna.ask(command).await), ErrorCode::NotFound);
    let direct = giulia.direct("marco").await.expect("made").room;
    let command = rename(&giulia, direct, "Us");
    assert_eq!(code(giulia.ask(command).await), ErrorCode::RoomClass);
    // A service names rooms of contexts and public rooms, and not those of people.
    let mut service = world.service().await;
    let command = rename(&service, room, "Theirs");
    assert_eq!(code(service.ask(command).await), ErrorCode::NotFound);
    let cafe = giulia.ensure("cafe", RoomClass::Public, &[]).await.expect("made").room;
    let command = rename(&service, cafe, "Caffè Gilli");
    service.ask(command).await.expect("done");
}

#[tokio::test(start_paused = true)]
async fn who_joins_later_sees_as_much_as_the_room_shows_by_then() {
    let mut world = World::unhurried().await;
    let names = ["giulia", "marco", "anna", "luca", "sofia", "aiko"];
    let [mut giulia, ..] = world.people(names).await;
    let room = giulia.group(&[]).await;
    for number in 1..=60 {
        giulia.send(room, &format!("{number}")).await.expect("sent");
    }
    // More than the room kept in mind, also after a restart, and what comes in the same write counts.
    for (name, history, expected) in [
        ("marco", HistoryPolicy::Last(50), 50),
        ("anna", HistoryPolicy::FromJoining, 0),
        ("luca", HistoryPolicy::Last(3), 3),
        ("sofia", HistoryPolicy::Last(5), 5),
        ("aiko", HistoryPolicy::All, 61),
    ] {
        if name == "sofia" {
            world.restart().await;
            giulia = world.connect("giulia").await;
        }
        let command = shows(&giulia, room, history);
        let mut ids = vec![giulia.start(command).await];
        if name == "luca" {
            let send = Send::new(giulia.key(), room, text("in between"));
            ids.push(giulia.start(Command::Send(send)).await);
        }
        for id in ids {
            giulia.answer(id).await.expect("done");
        }
        giulia.add(room, &[name]).await.expect("added");
        let mut newcomer = world.connect(name).await;
        let log = newcomer.log(room).await;
        assert_eq!(log.len(), expected, "{name}: {log:?}");
        assert_eq!(giulia.listed(room).await.expect("listed").history, history);
    }
    // Who came before sees what they saw.
    let mut anna = world.connect("anna").await;
    let log = anna.log(room).await;
    assert_eq!(log, ["in between"]);
}

#[tokio::test(start_paused = true)]
async fn messages_of_the_write_that_shows_the_last_ones_are_among_them() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&[]).await;
    giulia.send(room, "one").await.expect("sent");
    // The first of these is written alone, the others together.
    let words = ["two", "three", "four"].map(|words| Send::new(giulia.key(), room, text(words)));
    let mut commands = words.map(Command::Send).to_vec();
    commands.push(shows(&giulia, room, HistoryPolicy::Last(50)));
    let mut ids = Vec::new();
    for command in commands {
        ids.push(giulia.start(command).await);
    }
    for id in ids {
        giulia.answer(id).await.expect("done");
    }
    giulia.add(room, &["marco"]).await.expect("added");
    assert_eq!(marco.log(room).await, ["one", "two", "three", "four"]);
}

#[tokio::test(start_paused = true)]
async fn a_new_owner_finishes_what_the_log_says_of_a_room() {
    let mut world = World::unhurried().await;
    let [mut giulia, _marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&[]).await;
    for number in 1..=10 {
        giulia.send(room, &format!("{number}")).await.expect("sent");
    }
    let row = tables::get::<RoomRow>(world.raw_store(), RoomRow::key(&room)).await;
    let row = row.expect("read").expect("there");
    let command = describe(&giulia, room, |command| {
        command.name = Some(Text::cut("Sabato"));
        command.history = Some(HistoryPolicy::Last(7));
    });
    let at = giulia.appended(command).await.expect("done").position;
    tokio::time::sleep(Duration::from_secs(2)).await;
    // The entry is there, and the row that follows from it is as it was before.
    let mut batch = world.batch();
    batch.put(&row);
    world.raw_store().write(batch).await.expect("written");
    world.restart().await;
    let mut giulia = world.connect("giulia").await;
    assert_eq!(listed(&mut giulia, room).await.0.as_deref(), Some("Sabato"));
    giulia.add(room, &["marco"]).await.expect("added");
    let mut marco = world.connect("marco").await;
    assert_eq!(marco.log(room).await, ["4", "5", "6", "7", "8", "9", "10"]);
    let row = tables::get::<RoomRow>(world.raw_store(), RoomRow::key(&room)).await;
    let row = row.expect("read").expect("there");
    assert_eq!((row.name.as_deref(), row.changed), (Some("Sabato"), Some(at)));
    assert!(at > Position::ZERO);
}
