//! Messages that are sent later, when an owner ends, a write lands late, or the clock is set.

use std::time::Duration;

use caffis_conformance::faulty::Plan;
use caffis_core::{
    ports::clock::Clock,
    tables::{self, DueRow, Record, ScheduledAnswerRow, ScheduledRow},
};
use caffis_schema::{Command, ErrorCode, List, Outcome, scheduled::ChangeScheduled};

use crate::{
    harness::{START, World, code, text, user},
    schedules::{
        DAY_MS, LOOK, after, cancel, change, listed, message, pass, rows, schedule, scheduling,
        send_now,
    },
};

#[tokio::test(start_paused = true)]
async fn an_owner_that_ends_after_it_has_sent_is_followed_by_one_that_sends_nothing() {
    let mut world = World::unhurried().await;
    let [mut giulia, _marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    let scheduled = schedule(&mut giulia, room, "once", after(5_000)).await.expect("scheduled");
    let (messages, due) = rows(&world, "giulia").await;
    assert_eq!((messages.len(), due.len()), (1, 1));
    pass(&world, 5_000).await;
    assert_eq!(rows(&world, "giulia").await, (vec![], vec![]));
    // The store is as if the owner had ended between the message and its rows. Whoever comes next may be asked to
    // cancel the message, to change it, or to send it, before it has looked at what is due.
    for way in 0..4 {
        let mut batch = world.batch();
        batch.put(&messages[0]);
        batch.put(&due[0]);
        world.raw_store().write(batch).await.expect("written");
        // The clock of the new owner is behind.
        world.clock.set(START + if way == 0 { 6_000 } else { 1_000 });
        world.restart().await;
        let mut giulia = world.connect("giulia").await;
        let key = giulia.key();
        match way {
            0 => {}
            1 => {
                let late = cancel(&mut giulia, room, scheduled.id).await;
                assert_eq!(code(late), ErrorCode::NotFound);
            }
            2 => {
                let late = change(&mut giulia, &scheduled, "twice", after(9_000)).await;
                assert_eq!(code(late), ErrorCode::NotFound);
            }
            _ => drop(send_now(&mut giulia, key, room, scheduled.id).await.expect("was sent")),
        }
        world.clock.set(START + 20_000);
        tokio::time::sleep(LOOK).await;
        assert_eq!(giulia.log(room).await, ["once"], "way {way}");
        assert_eq!(rows(&world, "giulia").await, (vec![], vec![]), "way {way}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_due_so_long_ago_that_nobody_knows_whether_it_was_sent_is_left_to_its_author() {
    let mut world = World::unhurried().await;
    let [mut giulia, _marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    schedule(&mut giulia, room, "old", after(1_000)).await.expect("scheduled");
    world.clock.advance(Duration::from_millis(4 * DAY_MS));
    world.restart().await;
    tokio::time::sleep(LOOK).await;
    let mut giulia = world.connect("giulia").await;
    assert_eq!(giulia.log(room).await, [""; 0]);
    assert_eq!(listed(&mut giulia, None).await[0].failed, Some(ErrorCode::Expired));
    let key = giulia.key();
    let id = listed(&mut giulia, None).await[0].id;
    send_now(&mut giulia, key, room, id).await.expect("sent");
    assert_eq!(giulia.log(room).await, ["old"]);
}

/// The store does not say what became of a write, which lands hours later.
fn late() -> Plan {
    let latest = Duration::from_secs(7_200);
    Plan { unknown_late: 1_000, latest, ..Plan::default() }
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_is_not_sent_although_an_earlier_copy_lands_later() {
    let world = World::unhurried().await;
    let [mut giulia, _marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    let key = giulia.key();
    world.faults.set_plan(late());
    let doubt = message(giulia.ask(scheduling(key, room, "now", after(10_000))).await);
    assert_eq!(doubt.expect_err("nobody knows").outcome, Outcome::Unknown);
    world.faults.set_plan(Plan::default());
    // Its time is past when it is asked for again.
    world.clock.advance(Duration::from_secs(20));
    let again = giulia.ask(scheduling(key, room, "now", after(10_000))).await;
    assert_eq!(code(again), ErrorCode::Invalid);
    // The same with a change.
    let kept = schedule(&mut giulia, room, "later", after(DAY_MS)).await.expect("scheduled");
    let (key, id) = (giulia.key(), kept.id);
    let (body, extras, due) = (text("soon"), List::default(), after(30_000));
    let change = Command::ChangeScheduled(ChangeScheduled { key, room, id, body, extras, due });
    world.faults.set_plan(late());
    let doubt = message(giulia.ask(change.clone()).await);
    assert_eq!(doubt.expect_err("nobody knows").outcome, Outcome::Unknown);
    world.faults.set_plan(Plan::default());
    world.clock.advance(Duration::from_secs(20));
    assert_eq!(code(giulia.ask(change).await), ErrorCode::Invalid);
    tokio::time::sleep(Duration::from_secs(8_000)).await;
    pass(&world, 60_000).await;
    // Their sessions have been silent for too long.
    let mut giulia = world.connect("giulia").await;
    let mut marco = world.connect("marco").await;
    assert_eq!(listed(&mut giulia, None).await, [kept]);
    assert_eq!(marco.log(room).await, [] as [&str; 0]);
    pass(&world, DAY_MS).await;
    assert_eq!(marco.log(room).await, ["later"]);
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_sent_is_tried_again_soon_although_the_clock_was_set_back() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    schedule(&mut giulia, room, "soon", after(10_000)).await.expect("scheduled");
    world.faults.set_plan(Plan { unavailable: 1_000, ..Plan::default() });
    pass(&world, 7_200_000).await;
    world.faults.set_plan(Plan::default());
    world.clock.set(START + 3_600_000);
    tokio::time::sleep(LOOK).await;
    assert_eq!(marco.log(room).await, ["soon"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_former_owner_wrote_late_is_sent_in_time_once_its_author_asks_again() {
    let mut world = World::unhurried().await;
    let [mut giulia, _marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    for (round, answered) in [(1, true), (2, false)] {
        let key = giulia.key();
        let due = world.clock.now() + 60_000;
        let command = scheduling(key, room, "in time", due);
        message(giulia.ask(command.clone()).await).expect("scheduled");
        let (messages, dues) = rows(&world, "giulia").await;
        let answer = ScheduledAnswerRow::key(&user("giulia"), &key.id);
        let answer = tables::get::<ScheduledAnswerRow>(world.raw_store(), answer).await;
        let answer = answer.expect("read").expect("there");
        // The next owner reads what is due while none of it has landed.
        let mut batch = world.batch();
        batch.delete::<ScheduledRow>(messages[0].to_row().key);
        batch.delete::<DueRow>(dues[0].to_row().key);
        batch.delete::<ScheduledAnswerRow>(answer.to_row().key);
        world.raw_store().write(batch).await.expect("written");
        world.restart().await;
        tokio::time::sleep(LOOK).await;
        let mut batch = world.batch();
        batch.put(&messages[0]);
        batch.put(&dues[0]);
        if answered {
            batch.put(&answer);
        }
        world.raw_store().write(batch).await.expect("landed");
        giulia = world.connect("giulia").await;
        message(giulia.ask(command).await).expect("done before");
        pass(&world, 61_000).await;
        assert_eq!(giulia.log(room).await.len(), round, "answered: {answered}");
    }
}
