//! What people learn of rooms that are not theirs, and what they cost: nothing.

use std::time::Duration;

use caffis_conformance::faulty::Plan;
use caffis_core::Settings;
use caffis_schema::{
    Command, Error, ErrorCode, List, Position, RoomId, Timestamp,
    command::{AddMembers, RemoveMember, Send},
    room::{ClientKey, RoomClass},
};

use crate::harness::{START, World, code, text, unhurried, user, users};

#[tokio::test(start_paused = true)]
async fn a_foreign_room_answers_as_one_that_does_not_exist() {
    let world = World::unhurried().await;
    let [mut giulia, mut anna] = world.people(["giulia", "anna"]).await;
    let foreign = giulia.group(&[]).await;
    let nowhere = RoomId::from_random(12_345);
    let month = 30 * 86_400_000;
    for time in [START, START - month, START + month] {
        let mut answers: Vec<Error> = Vec::new();
        for room in [foreign, nowhere] {
            let key = ClientKey { time: Timestamp(time), ..anna.key() };
            answers.push(anna.send_as(key, room, "hello?").await.expect_err("refused"));
        }
        assert_eq!(answers[0].code, ErrorCode::NotFound);
        assert_eq!(answers[0], answers[1]);
    }
    // A member hears the truth about the key.
    let old = ClientKey { time: Timestamp(START - month), ..giulia.key() };
    assert_eq!(code(giulia.send_as(old, foreign, "hello?").await), ErrorCode::Expired);
}

#[tokio::test(start_paused = true)]
async fn outsiders_do_not_bring_rooms_into_memory() {
    let mut world = World::unhurried().await;
    let [mut giulia] = world.people(["giulia"]).await;
    let room = giulia.group(&[]).await;
    world.restart().await;
    let mut anna = world.connect("anna").await;
    assert_eq!(code(anna.send(room, "hello?").await), ErrorCode::NotFound);
    assert_eq!(code(anna.open(room).await), ErrorCode::NotFound);
    assert_eq!(code(anna.add(room, &["giulia"]).await), ErrorCode::NotFound);
    assert_eq!(world.core.statistics().rooms, 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_stranger_was_refused_is_not_done_when_they_come_in() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut anna] = world.people(["giulia", "anna"]).await;
    let room = giulia.group(&[]).await;
    for in_memory in [true, false] {
        if !in_memory {
            giulia.remove(room, "anna").await.expect("removed");
            world.restart().await;
            anna = world.connect("anna").await;
        }
        let key = anna.key_at(Position::ZERO);
        assert_eq!(code(anna.send_as(key, room, "hello?").await), ErrorCode::NotFound);
        if !in_memory {
            // Only now, because her list brings the room into memory.
            giulia = world.connect("giulia").await;
        }
        giulia.add(room, &["anna"]).await.expect("added");
        // A copy that was on its way all the time.
        assert_eq!(code(anna.send_as(key, room, "hello?").await), ErrorCode::NotFound);
        anna.send(room, "hello").await.expect("sent");
    }
    assert_eq!(giulia.log(room).await, ["hello", "hello"]);
}

#[tokio::test(start_paused = true)]
async fn someone_who_left_is_still_answered_for_what_they_sent() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    let key = marco.key();
    let sent = marco.send_as(key, room, "last words").await.expect("sent");
    giulia.remove(room, "marco").await.expect("removed");
    assert_eq!(marco.send_as(key, room, "last words").await.expect("as before"), sent);
    world.restart().await;
    let mut marco = world.connect("marco").await;
    assert_eq!(marco.send_as(key, room, "last words").await.expect("as before"), sent);
    assert_eq!(code(marco.send(room, "more words").await), ErrorCode::NotFound);
}

#[tokio::test(start_paused = true)]
async fn a_removal_does_not_overtake_the_adding() {
    let world = World::unhurried().await;
    let [mut giulia, _marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&[]).await;
    // Whether the person is known takes the store some time.
    world.faults.set_plan(Plan { delay: Duration::from_millis(20), ..Plan::default() });
    let add = AddMembers { key: giulia.key(), room, users: List::cut(users(&["marco"])) };
    let remove = RemoveMember { key: giulia.key(), room, user: user("marco") };
    let first = giulia.start(Command::AddMembers(add)).await;
    let second = giulia.start(Command::RemoveMember(remove)).await;
    giulia.answer(first).await.expect("added");
    giulia.answer(second).await.expect("removed");
    assert_eq!(giulia.listed(room).await.expect("listed").members, 1);
    assert_eq!(giulia.positions(room).await, [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_client_id_counts_whatever_its_time() {
    let world = World::unhurried().await;
    let mut giulia = world.connect("giulia").await;
    let room = giulia.group(&[]).await;
    let key = giulia.key();
    let sent = giulia.send_as(key, room, "once").await.expect("sent");
    for time in [key.time + 1, key.time.back(1_000), key.time + 3_600_000] {
        let again = giulia.send_as(ClientKey { time, ..key }, room, "once").await;
        assert_eq!(again.expect("as before"), sent);
    }
    assert_eq!(giulia.log(room).await, ["once"]);
}

#[tokio::test(start_paused = true)]
async fn people_make_so_many_cafes_a_day() {
    let world = World::with(Settings { open_rooms_made_per_day: 2, ..unhurried() }).await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    for id in ["1", "2"] {
        giulia.ensure_context("cafe", id, RoomClass::Public).await.expect("made");
    }
    let third = giulia.ensure_context("cafe", "3", RoomClass::Public).await;
    assert_eq!(code(third), ErrorCode::LimitReached);
    // What is there costs nothing, and others have a quota of their own.
    giulia.ensure_context("cafe", "1", RoomClass::Public).await.expect("found");
    marco.ensure_context("cafe", "3", RoomClass::Public).await.expect("made");
}

#[tokio::test(start_paused = true)]
async fn line_ends_of_every_system_are_kept_as_line_feeds() {
    let world = World::unhurried().await;
    let mut giulia = world.connect("giulia").await;
    let room = giulia.group(&[]).await;
    giulia.send(room, "one\r\ntwo\rthree").await.expect("sent");
    assert_eq!(giulia.log(room).await, ["one\ntwo\nthree"]);
    let invisible = Send::new(giulia.key(), room, text("\u{200b}\u{2060}"));
    assert_eq!(code(giulia.ask(Command::Send(invisible)).await), ErrorCode::TextEmpty);
}
