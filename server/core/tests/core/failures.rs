//! A store that fails: what a command ends as is true, and nothing is lost, doubled or out of order.

use std::time::Duration;

use caffis_conformance::faulty::{Fault, Plan};
use caffis_core::{
    Settings,
    tables::{self, MemberRow},
};
use caffis_schema::{
    Command, ErrorCode, Event, List, Outcome, Position, Reply,
    command::{
        AddMembers, Anchor, Cursor, EnsureDirect, History, Members, MessageAt, Open, Profiles,
        RemoveMember, Resume,
    },
    reply::Standing,
    room::HistoryPolicy,
};
use tokio::time::Instant;

use crate::harness::{World, code, unhurried, user, users};

#[tokio::test(start_paused = true)]
async fn a_full_store_refuses_and_recovers() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    world.faults.set_plan(Plan { full: 1_000, ..Plan::default() });
    let key = giulia.key();
    let error = giulia.send_as(key, room, "ciao").await.expect_err("full");
    assert_eq!((error.code, error.outcome), (ErrorCode::StorageFull, Outcome::Refused));
    assert!(error.retry_after_ms.is_some());
    assert_eq!(marco.log(room).await, [""; 0], "reads go on");
    world.faults.set_plan(Plan::default());
    assert_eq!(giulia.send_as(key, room, "ciao").await.expect("sent").position, Position(2));
    assert_eq!(marco.heard().await, ["ciao"]);
}

#[tokio::test(start_paused = true)]
async fn a_room_is_read_while_the_rows_that_it_owes_cannot_be_written() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    giulia.send(room, "ciao").await.expect("sent");
    marco.read(room, 1).await.expect("read");
    tokio::time::sleep(Duration::from_secs(3)).await;
    // As if the owner had stopped between the entry and the rows that follow from it.
    let mut batch = world.batch();
    batch.delete::<MemberRow>(MemberRow::key(&room, &user("marco")));
    world.raw_store().write(batch).await.expect("written");
    world.restart().await;
    world.faults.set_plan(Plan { full: 1_000, ..Plan::default() });
    let mut marco = world.connect("marco").await;
    let listed = marco.welcome().rooms.iter().find(|listed| listed.room == room).expect("listed");
    assert!(listed.readable);
    assert_eq!((listed.members, listed.number.get()), (2, 1));
    assert_eq!(marco.log(room).await, ["ciao"]);
    let error = marco.send(room, "a reply").await.expect_err("full");
    assert_eq!((error.code, error.outcome), (ErrorCode::StorageFull, Outcome::Refused));
    // Without anybody asking, the rows are written once there is space.
    world.faults.set_plan(Plan::default());
    tokio::time::sleep(Duration::from_secs(3)).await;
    let key = MemberRow::key(&room, &user("marco"));
    let row: Option<MemberRow> = tables::get(world.raw_store(), key).await.expect("read");
    assert!(row.is_some());
    assert_eq!(marco.send(room, "a reply").await.expect("sent").position, Position(3));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_refuses_for_now() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    let key = giulia.key();
    world.faults.fail_next_write(Fault::Unavailable);
    let error = giulia.send_as(key, room, "ciao").await.expect_err("away");
    assert_eq!((error.code, error.outcome), (ErrorCode::Unavailable, Outcome::Refused));
    assert!(error.retry_after_ms.is_some());
    assert_eq!(giulia.send_as(key, room, "ciao").await.expect("sent").position, Position(2));
    assert_eq!(marco.heard().await, ["ciao"]);
    // Looking for a resend fails too when the store cannot be read.
    world.restart().await;
    let mut giulia = world.connect("giulia").await;
    giulia.open(room).await.expect("in memory");
    world.faults.fail_next_read(Fault::Unavailable);
    let error = giulia.send(room, "more").await.expect_err("away");
    assert_eq!((error.code, error.outcome), (ErrorCode::Unavailable, Outcome::Refused));
    assert_eq!(giulia.log(room).await, ["ciao"]);
}

#[tokio::test(start_paused = true)]
async fn asking_again_settles_what_was_unknown() {
    for fault in [Fault::UnknownLost, Fault::UnknownWritten] {
        let world = World::unhurried().await;
        let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
        let room = giulia.group(&["marco"]).await;
        giulia.send(room, "one").await.expect("sent");
        world.faults.fail_next_write(fault);
        let key = giulia.key();
        let error = giulia.send_as(key, room, "two").await.expect_err("nobody knows");
        assert_eq!((error.code, error.outcome), (ErrorCode::Unavailable, Outcome::Unknown));
        // Others go on meanwhile.
        marco.send(room, "between").await.expect("sent");
        let settled = giulia.send_as(key, room, "two").await.expect("settled");
        let (position, log) = match fault {
            Fault::UnknownWritten => (3, ["one", "two", "between"]),
            _ => (4, ["one", "between", "two"]),
        };
        assert_eq!(
            (settled.position.get(), settled.number.get()),
            (position, position - 1),
            "{fault:?}"
        );
        assert_eq!(giulia.log(room).await, log, "{fault:?}");
        assert_eq!(giulia.positions(room).await, [1, 2, 3, 4]);
        assert_eq!(marco.heard().await, log, "those who are connected hear all of it");
        assert_eq!(code(giulia.send_as(key, room, "other").await), ErrorCode::ClientIdReused);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_written_without_saying_so_is_told_although_nobody_asks_again() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    marco.settle().await;
    world.faults.fail_next_write(Fault::UnknownWritten);
    giulia.send(room, "ciao").await.expect_err("nobody knows");
    drop(giulia);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(marco.heard().await, ["ciao"]);
    assert_eq!(marco.listed(room).await.expect("listed").unread, 1);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_comes_late_and_in_parts_is_waited_for() {
    let patient = Settings { idle_timeout: Duration::from_secs(100_000), ..unhurried() };
    let world = World::with(patient).await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    marco.settle().await;
    for round in 0..5 {
        // One part of the write is done at once, the others come within hours.
        world.faults.set_plan(Plan::reordering(Duration::from_secs(7_500)));
        let key = giulia.key();
        let late = format!("late {round}");
        let error = giulia.send_as(key, room, &late).await.expect_err("it takes too long");
        assert_eq!((error.code, error.outcome), (ErrorCode::Unavailable, Outcome::Unknown));
        world.faults.set_plan(Plan::default());
        let between = marco.send(room, "between").await.expect_err("the room waits");
        assert_eq!((between.code, between.outcome), (ErrorCode::Unavailable, Outcome::Refused));
        tokio::time::sleep(Duration::from_secs(16_000)).await;
        assert_eq!(
            marco.heard().await,
            std::slice::from_ref(&late),
            "told although nobody asked again"
        );
        marco.send(room, "after").await.expect("goes on");
        giulia.send_as(key, room, &late).await.expect("settled");
        assert_eq!(marco.heard().await, ["after"]);
    }
    assert_eq!(marco.positions(room).await, (1..=11).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn memberships_of_unknown_outcome_are_settled_and_told() {
    for fault in [Fault::UnknownLost, Fault::UnknownWritten] {
        let world = World::unhurried().await;
        let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
        let room = giulia.group_with(&["marco"], HistoryPolicy::FromJoining).await;
        giulia.send(room, "before").await.expect("sent");
        let add = AddMembers { key: giulia.key(), room, users: List::cut(vec![user("anna")]) };
        world.faults.fail_next_write(fault);
        let error = giulia.appended(Command::AddMembers(add.clone())).await.expect_err("unknown");
        assert_eq!(error.outcome, Outcome::Unknown);
        giulia.appended(Command::AddMembers(add)).await.expect("settled");
        let remove = RemoveMember { key: giulia.key(), room, user: user("marco") };
        world.faults.fail_next_write(fault);
        giulia.appended(Command::RemoveMember(remove.clone())).await.expect_err("unknown");
        giulia.appended(Command::RemoveMember(remove)).await.expect("settled");
        giulia.send(room, "after").await.expect("sent");
        assert_eq!(giulia.positions(room).await, [1, 2, 3, 4, 5], "{fault:?}");
        let told = anna.settle().await;
        let added = told.iter().filter(|event| matches!(event, Event::RoomAdded(_))).count();
        assert_eq!(added, 1, "{told:?}");
        let told = marco.settle().await;
        assert!(matches!(told.last(), Some(Event::RoomRemoved(_))), "{told:?}");
        assert_eq!(anna.log(room).await, ["after"]);
        assert_eq!(anna.listed(room).await.expect("listed").unread, 1);
        assert!(marco.listed(room).await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_creation_of_unknown_outcome_is_settled_by_asking_again() {
    for fault in [Fault::Unavailable, Fault::UnknownLost, Fault::UnknownWritten] {
        for write in 0..2 {
            let mut world = World::unhurried().await;
            let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
            let key = giulia.key();
            let all = HistoryPolicy::All;
            if write == 0 {
                // The claim of the context fails.
                world.faults.fail_next_write(fault);
            } else {
                // The claim is there, and the making of the room fails.
                world.faults.fail_next_write(Fault::UnknownWritten);
                giulia.group_as(key, "Friday", &["marco"], all).await.expect_err("unknown");
                world.faults.fail_next_write(fault);
            }
            giulia.group_as(key, "Friday", &["marco"], all).await.expect_err("failed");
            let group = giulia.group_as(key, "Friday", &["marco"], all).await.expect("settled");
            giulia.send(group.room, "ciao").await.expect("sent");
            assert_eq!(giulia.positions(group.room).await, [1, 2]);
            assert_eq!(marco.heard().await, ["ciao"]);
            world.restart().await;
            let mut marco = world.connect("marco").await;
            assert_eq!(marco.rooms(None, 100).await.rooms.len(), 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn batches_that_come_in_parts_and_any_order_change_nothing() {
    let mut world = World::unhurried().await;
    world.faults.set_plan(Plan {
        unavailable: 100,
        unknown_lost: 100,
        unknown_written: 100,
        unavailable_reads: 20,
        delay: Duration::from_millis(5),
        split: Some(Duration::from_millis(5)),
        ..Plan::default()
    });
    let mut names = Vec::new();
    let mut giulia = world.connect_until("giulia").await;
    let key = giulia.key();
    let room = loop {
        if let Ok(group) = giulia.group_as(key, "Friday", &[], HistoryPolicy::All).await {
            break group.room;
        }
    };
    for index in 0..200_u32 {
        let key = giulia.key();
        let words = format!("{index}");
        let mut unknown = false;
        loop {
            match giulia.send_as(key, room, &words).await {
                Ok(_) => break names.push(words),
                // Some give up, if they know that it did not happen.
                Err(error) if error.outcome == Outcome::Refused && index % 7 == 0 && !unknown => {
                    break;
                }
                Err(error) => unknown |= error.outcome == Outcome::Unknown,
            }
        }
    }
    world.faults.set_plan(Plan::default());
    for _ in 0..2 {
        let mut found = Vec::new();
        let mut position = 1;
        loop {
            let resumed = giulia.resume(room, position).await;
            assert_eq!(resumed.standing, Standing::Complete);
            found.extend(
                resumed.entries.iter().filter_map(|e| crate::harness::words(e).map(str::to_owned)),
            );
            position += resumed.entries.len() as u64;
            if !resumed.more {
                break;
            }
        }
        assert_eq!(found, names);
        world.restart().await;
        giulia = world.connect("giulia").await;
    }
}

#[tokio::test(start_paused = true)]
async fn many_slow_reads_take_no_longer_than_one_may() {
    let mut world = World::unhurried().await;
    let names: Vec<String> = (0..60).map(|number| format!("person{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut giulia = world.connect("giulia").await;
    for name in &names {
        drop(world.connect(name).await);
    }
    let room = giulia.group(&names).await;
    let people = List::cut(users(&names));
    for read in [
        Command::Open(Open { room, limit: 50 }),
        Command::Members(Members { room, after: None, limit: 100 }),
        Command::Profiles(Profiles { users: people }),
    ] {
        world.faults.set_plan(Plan::default());
        world.restart().await;
        giulia = world.connect("giulia").await;
        world.faults.set_plan(Plan { delay: Duration::from_secs(9), ..Plan::default() });
        let asked = Instant::now();
        // What was read until then is known when it is asked for again.
        assert_eq!(code(giulia.ask(read.clone()).await), ErrorCode::Unavailable, "{read:?}");
        assert_eq!(asked.elapsed().as_secs(), world.core.settings().store_timeout.as_secs());
    }
    world.faults.set_plan(Plan::default());
    giulia.open(room).await.expect("opened");
}

#[tokio::test(start_paused = true)]
async fn a_read_that_hangs_ends_in_time() {
    let world = World::with(Settings { ring_entries: 10, idle_rooms: 0, ..unhurried() }).await;
    let [mut giulia, _marco] = world.people(["giulia", "marco"]).await;
    let closed = giulia.group(&["marco"]).await;
    let room = giulia.group(&["marco"]).await;
    for _ in 0..50 {
        giulia.send(room, "ciao").await.expect("sent");
    }
    giulia.open(room).await.expect("opened");
    tokio::time::sleep(Duration::from_secs(5)).await;
    world.faults.set_plan(Plan { hang_reads: true, ..Plan::default() });
    let before = Anchor::Before(Position(5));
    let reads = [
        Command::History(History { room, anchor: before, limit: 3 }),
        Command::Message(MessageAt { room, position: Position(3) }),
        Command::Open(Open { room, limit: 50 }),
        Command::Open(Open { room: closed, limit: 50 }),
        Command::Profiles(Profiles { users: List::cut(vec![user("anna")]) }),
        Command::EnsureDirect(EnsureDirect { user: user("anna") }),
    ];
    let limit = world.core.settings().store_timeout;
    for read in reads {
        let asked = Instant::now();
        let error = giulia.ask(read.clone()).await.expect_err("the store hangs");
        assert_eq!((error.code, error.outcome), (ErrorCode::Unavailable, Outcome::Refused));
        assert!(error.retry_after_ms.is_some());
        assert!(asked.elapsed() <= limit + Duration::from_millis(10), "{read:?}");
    }
    let asked = Instant::now();
    let open = giulia.listed(room).await.expect("listed");
    assert!(open.readable, "a room that was open stays so when it cannot be opened again");
    assert!(!giulia.listed(closed).await.expect("listed").readable);
    assert!(asked.elapsed() <= limit);
    let cursor = |room| Cursor { room, position: Position(1), open: false };
    let cursors = List::cut(vec![cursor(closed), cursor(room), cursor(closed)]);
    let asked = Instant::now();
    let Ok(Reply::Resumed(resumed)) = giulia.ask(Command::Resume(Resume { cursors })).await else {
        panic!("each room has its own standing");
    };
    assert!(resumed.rooms.iter().all(|room| room.standing == Standing::Later));
    assert!(asked.elapsed() <= limit + Duration::from_millis(10));
    world.faults.set_plan(Plan::default());
    // The reads that hang come to their end.
    tokio::time::sleep(limit).await;
    assert_eq!(giulia.history(room, before, 3).await.expect("a page").entries.len(), 3);
}
