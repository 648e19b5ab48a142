//! The same client id gives the same answer.

use std::time::Duration;

use caffis_conformance::faulty::{Fault, LATE};
use caffis_core::Settings;
use caffis_schema::{
    ErrorCode, List, Outcome, Position,
    command::{AddMembers, Command, Leave, SetRole},
    room::Role,
};

use crate::harness::{World, code, unhurried, user, words};

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test(start_paused = true)]
async fn a_resend_gives_the_same_answer_from_any_session_and_after_a_restart() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    let key = giulia.key();
    let first = giulia.send_as(key, room, "ciao").await.expect("sent");
    giulia.send(room, "more").await.expect("sent");
    assert_eq!(giulia.send_as(key, room, "ciao").await.expect("again"), first);
    let mut tablet = world.connect("giulia").await;
    assert_eq!(tablet.send_as(key, room, "ciao").await.expect("again"), first);
    // Another person's id is another one.
    let theirs = marco.send_as(key, room, "ciao").await.expect("sent");
    assert_ne!(theirs.position, first.position);
    assert_eq!(marco.heard().await, ["ciao", "more", "ciao"]);
    world.restart().await;
    let mut giulia = world.connect("giulia").await;
    assert_eq!(giulia.send_as(key, room, "ciao").await.expect("again"), first);
    assert_eq!(giulia.log(room).await, ["ciao", "more", "ciao"]);
}

#[tokio::test(start_paused = true)]
async fn resends_beyond_what_memory_holds_are_found_in_the_store() {
    let world = World::unhurried().await;
    let [mut giulia] = world.people(["giulia"]).await;
    let room = giulia.group(&[]).await;
    let key = giulia.key();
    let first = giulia.send_as(key, room, "ciao").await.expect("sent");
    for index in 0..400 {
        giulia.send(room, &format!("{index}")).await.expect("sent");
    }
    assert_eq!(giulia.send_as(key, room, "ciao").await.expect("again"), first);
    assert_eq!(code(giulia.send_as(key, room, "salve").await), ErrorCode::ClientIdReused);
}

#[tokio::test(start_paused = true)]
async fn two_at_once_with_one_id_make_one_message() {
    let world = World::unhurried().await;
    world.faults.set_plan(caffis_conformance::faulty::Plan {
        delay: Duration::from_millis(30),
        ..Default::default()
    });
    let mut phone = world.connect("giulia").await;
    let mut tablet = world.connect("giulia").await;
    let room = phone.group(&[]).await;
    let key = phone.key();
    let (one, other) =
        tokio::join!(phone.send_as(key, room, "ciao"), tablet.send_as(key, room, "ciao"));
    assert_eq!(one.expect("sent"), other.expect("sent"));
    assert_eq!(phone.log(room).await, ["ciao"]);
    let key = phone.key();
    let (one, other) =
        tokio::join!(phone.send_as(key, room, "uno"), tablet.send_as(key, room, "due"));
    let refused = one.err().or(other.err()).expect("one of them is refused");
    assert_eq!(refused.code, ErrorCode::ClientIdReused);
    assert_eq!(phone.log(room).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_id_with_another_content_is_refused() {
    let world = World::new().await;
    let [mut giulia, _marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&[]).await;
    let key = giulia.key();
    giulia.send_as(key, room, "ciao").await.expect("sent");
    assert_eq!(code(giulia.send_as(key, room, "ciao!").await), ErrorCode::ClientIdReused);
    let add = AddMembers { key, room, users: List::cut(vec![user("marco")]) };
    assert_eq!(code(giulia.ask(Command::AddMembers(add)).await), ErrorCode::ClientIdReused);
    assert_eq!(giulia.log(room).await, ["ciao"]);
}

#[tokio::test(start_paused = true)]
async fn an_id_that_is_too_old_is_expired_and_one_of_the_future_is_refused() {
    let world = World::new().await;
    let mut giulia = world.connect("giulia").await;
    let room = giulia.group(&[]).await;
    let unsent = giulia.key();
    let sent = giulia.key();
    let first = giulia.send_as(sent, room, "ciao").await.expect("sent");
    world.clock.advance(3 * DAY + Duration::from_secs(1));
    let mut giulia = world.connect("giulia").await;
    assert_eq!(code(giulia.send_as(unsent, room, "late").await), ErrorCode::Expired);
    // Known a little longer than promised.
    assert_eq!(giulia.send_as(sent, room, "ciao").await.expect("known"), first);
    world.clock.advance(2 * DAY);
    world.connect("marco").await;
    let mut world = world;
    world.restart().await;
    let mut giulia = world.connect("giulia").await;
    assert_eq!(code(giulia.send_as(sent, room, "ciao").await), ErrorCode::Expired);
    let mut key = giulia.key();
    key.time += 2 * DAY.as_millis() as u64;
    assert_eq!(code(giulia.send_as(key, room, "early").await), ErrorCode::Invalid);
    assert_eq!(giulia.log(room).await, ["ciao"]);
}

#[tokio::test(start_paused = true)]
async fn an_id_of_a_clock_that_is_ahead_is_known_until_it_expires() {
    let mut world = World::new().await;
    let mut giulia = world.connect("giulia").await;
    let room = giulia.group(&[]).await;
    let mut key = giulia.key();
    key.time += (DAY / 2).as_millis() as u64;
    let first = giulia.send_as(key, room, "ciao").await.expect("sent");
    world.clock.advance(3 * DAY + DAY / 4);
    world.restart().await;
    let mut giulia = world.connect("giulia").await;
    assert_eq!(giulia.send_as(key, room, "ciao").await.expect("again"), first);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_written_after_the_room_went_on_does_not_count() {
    // Memory has little, so that the store is read.
    let mut world = World::with(Settings { ring_entries: 1, ..unhurried() }).await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    world.faults.fail_next_write(Fault::UnknownLate);
    let key = giulia.key();
    let error = giulia.send_as(key, room, "ciao").await.expect_err("nobody knows");
    assert_eq!(error.outcome, Outcome::Unknown);
    let between = marco.send(room, "between").await.expect("sent");
    tokio::time::sleep(2 * LATE).await;
    let settled = giulia.send_as(key, room, "ciao").await.expect("settled");
    assert_eq!((between.position.get(), settled.position.get()), (2, 3));
    world.restart().await;
    let mut giulia = world.connect("giulia").await;
    assert_eq!(giulia.log(room).await, ["between", "ciao"]);
    let missed = giulia.resume(room, 1).await.entries;
    assert!(missed.iter().filter_map(words).eq(["between", "ciao"]), "{missed:?}");
    assert_eq!(giulia.send_as(key, room, "ciao").await.expect("again"), settled);
}

#[tokio::test(start_paused = true)]
async fn of_several_that_are_written_late_none_counts() {
    let mut world = World::with(Settings { ring_entries: 1, ..unhurried() }).await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    let mut keys = Vec::new();
    for words in ["one", "two"] {
        world.faults.fail_next_write(Fault::UnknownLate);
        let key = giulia.key();
        giulia.send_as(key, room, words).await.expect_err("nobody knows");
        keys.push((key, words));
    }
    marco.send(room, "between").await.expect("sent");
    tokio::time::sleep(2 * LATE).await;
    for (key, words) in keys {
        giulia.send_as(key, room, words).await.expect("settled");
    }
    world.restart().await;
    let mut giulia = world.connect("giulia").await;
    assert_eq!(giulia.log(room).await, ["between", "one", "two"]);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_written_after_the_room_went_on_does_not_count() {
    for meanwhile in [false, true] {
        let world = World::unhurried().await;
        let [mut giulia, _marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
        let room = giulia.group(&["marco"]).await;
        world.faults.fail_next_write(Fault::UnknownLate);
        let key = giulia.key();
        let add =
            Command::AddMembers(AddMembers { key, room, users: List::cut(vec![user("anna")]) });
        giulia.appended(add.clone()).await.expect_err("nobody knows");
        giulia.open(room).await.expect("the room is read again");
        if meanwhile {
            world.clock.advance(Duration::from_secs(1));
            let key = giulia.key();
            let set = SetRole { key, room, user: user("marco"), role: Role::Admin };
            giulia.appended(Command::SetRole(set)).await.expect("set");
        }
        tokio::time::sleep(2 * LATE).await;
        let added = giulia.appended(add).await.expect("settled");
        assert_eq!(added.position, Position(if meanwhile { 3 } else { 2 }));
        giulia.send(room, "ciao").await.expect("sent");
        assert_eq!(anna.heard().await, ["ciao"]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_changed_nothing_changes_nothing_later_either() {
    let mut world = World::new().await;
    let [mut giulia, _marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    let key = giulia.key();
    let add = Command::AddMembers(AddMembers { key, room, users: List::cut(vec![user("marco")]) });
    let first = giulia.appended(add.clone()).await.expect("marco is there already");
    giulia.remove(room, "marco").await.expect("removed");
    assert_eq!(giulia.appended(add.clone()).await.expect("as before"), first);
    world.restart().await;
    let mut giulia = world.connect("giulia").await;
    assert_eq!(giulia.appended(add).await.expect("as before"), first);
    let mut marco = world.connect("marco").await;
    assert!(marco.listed(room).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn who_has_left_is_told_so_again() {
    let world = World::new().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    let key = marco.key();
    let leave = Command::Leave(Leave { key, room });
    let first = marco.appended(leave.clone()).await.expect("left");
    assert_eq!(marco.appended(leave).await.expect("again"), first);
}
