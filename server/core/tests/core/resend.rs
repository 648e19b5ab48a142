//! The same client id gives the same answer.

use std::time::Duration;

use caffis_conformance::faulty::{Fault, LATE, Plan};
use caffis_core::{
    Settings,
    room::RoomCommand,
    tables::{self, SentRow},
};
use caffis_schema::{
    ErrorCode, List, MessageNumber, Outcome, Position, RoomId,
    command::{AddMembers, Command, Leave, RemoveMember, Send, SetRole},
    room::{ClientKey, Role},
};

use crate::{
    client::Client,
    harness::{World, code, text, unhurried, user, words},
};

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
    world.faults.set_plan(Plan { delay: Duration::from_millis(30), ..Plan::default() });
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
/// A world of two people in a group, and the head of the group.
async fn pair() -> (World, Client, Client, RoomId, Position) {
    let world = World::unhurried().await;
    let [mut giulia, marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    (world, giulia, marco, room, Position(1))
}

#[tokio::test(start_paused = true)]
async fn new_messages_need_no_read_of_what_was_sent() {
    let (mut world, mut giulia, mut marco, room, mut head) = pair().await;
    for number in 0..600 {
        let client = if number % 2 == 0 { &mut giulia } else { &mut marco };
        // The client knows what came a while ago.
        let key = client.key_at(head.back(20));
        head = client.send_as(key, room, "ciao").await.expect("sent").position;
    }
    assert_eq!(world.faults.reads_of("sent"), 0);
    // Nor after the room was read again.
    world.restart().await;
    let mut giulia = world.connect("giulia").await;
    for _ in 0..10 {
        let key = giulia.key_at(head);
        giulia.send_as(key, room, "salve").await.expect("sent");
    }
    assert_eq!(world.faults.reads_of("sent"), 0);
    // What may have been done before is looked up.
    let key = giulia.key_at(head.back(1));
    giulia.send_as(key, room, "late").await.expect("sent");
    assert_eq!(world.faults.reads_of("sent"), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_looked_up_for_a_batch_is_one_read() {
    let (mut world, _, _, room, _) = pair().await;
    world.restart().await;
    let mut giulia = world.connect("giulia").await;
    giulia.open(room).await.expect("in memory");
    world.faults.set_plan(Plan { delay: Duration::from_millis(30), ..Plan::default() });
    let mut asked = Vec::new();
    for number in 0..20 {
        let (key, body) = (giulia.key(), text(&format!("{number}")));
        asked.push(giulia.start(Command::Send(Send::new(key, room, body))).await);
    }
    for id in asked {
        giulia.answer(id).await.expect("sent");
    }
    let reads = world.faults.reads_of("sent");
    assert!((1..=5).contains(&reads), "{reads} reads for 20 messages without a head");
}

#[tokio::test(start_paused = true)]
async fn a_first_copy_that_comes_after_the_second_changes_nothing() {
    for restarts in [false, true] {
        let (mut world, mut phone, mut marco, room, head) = pair().await;
        // The first copy hangs on the way; the phone connects again and sends the second.
        let key = phone.key_at(head);
        let mut tablet = world.connect("giulia").await;
        let sent = tablet.send_as(key, room, "ciao").await.expect("sent");
        for _ in 0..300 {
            marco.send(room, "so much in between").await.expect("sent");
        }
        if restarts {
            world.restart().await;
            phone = world.connect("giulia").await;
        }
        assert_eq!(phone.send_as(key, room, "ciao").await.expect("as before"), sent);
        assert!(!phone.log(room).await.contains(&"ciao".to_owned()), "it is far up");
    }
}

#[tokio::test(start_paused = true)]
async fn a_resend_after_a_restart_is_found_by_its_head() {
    let (mut world, mut giulia, _, room, head) = pair().await;
    let keys = [giulia.key_at(head), giulia.key_at(head), giulia.key()];
    let mut sent = Vec::new();
    for key in keys {
        sent.push(giulia.send_as(key, room, "ciao").await.expect("sent"));
    }
    world.restart().await;
    let mut giulia = world.connect("giulia").await;
    for (key, before) in keys.into_iter().zip(sent) {
        assert_eq!(giulia.send_as(key, room, "ciao").await.expect("as before"), before);
    }
    assert_eq!(giulia.log(room).await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_the_room_has_not_reached_is_refused_by_every_copy() {
    let (_world, mut giulia, mut marco, room, head) = pair().await;
    let key = giulia.key_at(head + 2);
    assert_eq!(code(giulia.send_as(key, room, "ciao").await), ErrorCode::OutOfRange);
    let far = giulia.key_at(Position::MAX);
    assert_eq!(code(giulia.send_as(far, room, "ciao").await), ErrorCode::OutOfRange);
    let add = AddMembers { key: far, room, users: List::cut(vec![user("marco")]) };
    assert_eq!(code(giulia.ask(Command::AddMembers(add)).await), ErrorCode::OutOfRange);
    assert_eq!(giulia.positions(room).await, [1], "nothing happened");
    // Whoever may not know of the room learns nothing of its length.
    giulia.remove(room, "marco").await.expect("removed");
    assert_eq!(code(marco.send_as(far, room, "ciao").await), ErrorCode::NotFound);
}

#[tokio::test(start_paused = true)]
async fn what_changed_nothing_at_the_head_is_found_after_a_restart() {
    let (mut world, mut giulia, _, room, head) = pair().await;
    let key = giulia.key_at(head);
    let add = Command::AddMembers(AddMembers { key, room, users: List::cut(vec![user("marco")]) });
    let first = giulia.appended(add.clone()).await.expect("marco is there already");
    assert_eq!(first.position, head);
    world.restart().await;
    let mut giulia = world.connect("giulia").await;
    giulia.remove(room, "marco").await.expect("removed");
    assert_eq!(giulia.appended(add).await.expect("as before"), first);
    let mut marco = world.connect("marco").await;
    assert!(marco.listed(room).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn what_changed_nothing_after_a_lost_change_does_not_count() {
    let (world, mut giulia, mut marco, room, head) = pair().await;
    // The answer of a command that changes nothing is kept for a log in which something else is there.
    let key = giulia.key_at(head);
    let remove = RemoveMember { key, room, user: user("marco") };
    let mut batch = world.batch();
    batch.put(&SentRow {
        room,
        sender: user("giulia"),
        day: key.time.get() / DAY.as_millis() as u64,
        client: key.id,
        position: head + 1,
        number: MessageNumber::ZERO,
        time: key.time + 5,
        made: false,
        digest: remove.digest(),
    });
    world.raw_store().write(batch).await.expect("written");
    for _ in 0..300 {
        marco.send(room, "something else").await.expect("sent");
    }
    giulia.appended(Command::RemoveMember(remove)).await.expect("removed");
    assert!(marco.listed(room).await.is_none(), "it was not done before");
}

#[tokio::test(start_paused = true)]
async fn what_is_done_on_one_day_lies_in_one_partition() {
    let (world, mut giulia, _, room, _) = pair().await;
    let key = giulia.key();
    let late = ClientKey { time: key.time + DAY.as_millis() as u64, ..giulia.key() };
    for (key, words) in [(key, "today"), (late, "tomorrow")] {
        giulia.send_as(key, room, words).await.expect("sent");
        let day = key.time.get() / DAY.as_millis() as u64;
        let partition = SentRow::partition(&room, &user("giulia"), &day);
        let rows = tables::partition::<SentRow>(world.raw_store(), partition, 10).await;
        assert_eq!(rows.expect("read").iter().map(|row| row.client).collect::<Vec<_>>(), [key.id]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_is_not_done_by_a_copy_that_comes_later() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, _elena] = world.people(["giulia", "marco", "elena"]).await;
    let room = giulia.group(&["marco"]).await;
    let add =
        |key| Command::AddMembers(AddMembers { key, room, users: List::cut(vec![user("elena")]) });
    let key = marco.key();
    assert_eq!(code(marco.appended(add(key)).await), ErrorCode::Forbidden);
    giulia.role(room, "marco", Role::Admin).await.expect("raised");
    assert_eq!(code(marco.appended(add(key)).await), ErrorCode::Forbidden);
    // A copy is not on its way for ever.
    tokio::time::sleep(Duration::from_secs(61)).await;
    let mut marco = world.connect("marco").await;
    marco.appended(add(key)).await.expect("added");
}

#[tokio::test(start_paused = true)]
async fn what_a_person_tries_again_is_another_command() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, _elena] = world.people(["giulia", "marco", "elena"]).await;
    let room = giulia.group(&["marco"]).await;
    assert_eq!(code(marco.add(room, &["elena"]).await), ErrorCode::Forbidden);
    giulia.role(room, "marco", Role::Admin).await.expect("raised");
    marco.add(room, &["elena"]).await.expect("added");
}
