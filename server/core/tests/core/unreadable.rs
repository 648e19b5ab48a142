//! Rooms that cannot be read: they are listed as such, and hold up nobody.

use std::time::Duration;

use bytes::Bytes;
use caffis_conformance::faulty::Plan;
use caffis_core::{
    ports::store::{Operation, Value},
    tables::{MemberRow, RoomRow, TimelineRow},
};
use caffis_schema::{
    ErrorCode, Outcome, Position, RoomId, Timestamp, command::Cursor, reply::Standing,
    room::RoomSummary,
};
use tokio::time::Instant;

use crate::{
    client::Client,
    harness::{START, World, code, user},
};

fn summary(client: &Client, room: RoomId) -> &RoomSummary {
    let rooms = &client.welcome().rooms;
    rooms.iter().find(|found| found.room == room).expect("listed")
}

/// A row at the end of the log that nobody can read.
fn damaged(room: RoomId, position: u64) -> TimelineRow {
    TimelineRow {
        room,
        epoch: 1,
        bucket: 1,
        position: Position(position),
        time: Timestamp(START),
        append: Position(position),
        by: None,
        digest: None,
        kind: "message".into(),
        number: None,
        sender: None,
        client: None,
        client_time: None,
        text: None,
        content: Some(Bytes::from_static(b"\xff\xff\xff")),
        ballots: None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_damaged_room_is_listed_as_unreadable_and_the_others_go_on() {
    let mut world = World::unhurried().await;
    let [mut giulia, _marco] = world.people(["giulia", "marco"]).await;
    let good = giulia.group(&["marco"]).await;
    let bad = giulia.group(&["marco"]).await;
    let direct = giulia.direct("marco").await.expect("a room").room;
    for room in [good, bad, direct] {
        giulia.send(room, "secret").await.expect("sent");
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut batch = world.batch();
    batch.put(&damaged(bad, 3));
    batch.put(&damaged(direct, 3));
    world.raw_store().write(batch).await.expect("written");
    world.restart().await;
    let cursor = |room| Cursor { room, position: Position(2), open: true };
    let mut giulia = world.connect_at("giulia", vec![cursor(bad), cursor(good)]).await;
    assert!(summary(&giulia, good).readable);
    let found = summary(&giulia, bad);
    assert!(!found.readable);
    assert_eq!(found.name.as_deref(), Some("Friday"));
    assert_eq!((found.head.get(), found.number.get(), found.unread), (0, 0, 0));
    assert!(found.preview.is_none() && found.role.is_none());
    assert!(found.active >= Timestamp(START), "it keeps its place in the list");
    let found = summary(&giulia, direct);
    assert!(!found.readable);
    assert_eq!(found.peer.as_ref().map(|peer| &peer.user), Some(&user("marco")));
    let resumed = &giulia.welcome().resumed;
    let standings: Vec<_> = resumed.iter().map(|resumed| resumed.standing).collect();
    assert_eq!(standings, [Standing::Later, Standing::Complete]);
    assert_eq!(code(giulia.open(bad).await), ErrorCode::Internal);
    giulia.send(good, "more").await.expect("sent");
    // Once the row is gone, the room is as it was.
    let mut batch = world.batch();
    for room in [bad, direct] {
        let key = TimelineRow::key(&room, &1, &1, &Position(3));
        batch.delete::<TimelineRow>(key);
    }
    world.raw_store().write(batch).await.expect("written");
    let listed = giulia.listed(bad).await.expect("listed");
    assert!(listed.readable);
    assert_eq!((listed.head.get(), listed.number.get()), (2, 1));
    assert_eq!(giulia.log(bad).await, ["secret"]);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_role_or_class_is_damage_and_never_passes_for_another() {
    let mut world = World::unhurried().await;
    let [mut giulia, _marco] = world.people(["giulia", "marco"]).await;
    let by_role = giulia.group(&["marco"]).await;
    let by_class = giulia.group(&["marco"]).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let store = world.raw_store();
    for (table, key, column, value) in [
        (MemberRow::TABLE, MemberRow::key(&by_role, &user("marco")), 0, Value::U64(7)),
        (RoomRow::TABLE, RoomRow::key(&by_class), 0, Value::Text("secret".into())),
    ] {
        let mut row = store.get(table, &key).await.expect("read").expect("a row");
        row.values[column] = value;
        let mut batch = world.batch();
        batch.operations.push(Operation::Put { table, row, ttl: None, fresh: false });
        store.write(batch).await.expect("written");
    }
    world.restart().await;
    let mut marco = world.connect("marco").await;
    assert!(!summary(&marco, by_role).readable);
    assert!(!summary(&marco, by_class).readable);
    assert_eq!(code(marco.send(by_role, "ciao").await), ErrorCode::Internal);
}

#[tokio::test(start_paused = true)]
async fn one_room_that_hangs_takes_no_more_than_its_time() {
    let mut world = World::unhurried().await;
    let [mut giulia, _marco] = world.people(["giulia", "marco"]).await;
    let mut rooms = Vec::new();
    for _ in 0..5 {
        rooms.push(giulia.group(&["marco"]).await);
    }
    world.restart().await;
    let hangs = Value::U64(rooms[2].get());
    world.faults.set_plan(Plan { hang_reads_of: Some(hangs), ..Plan::default() });
    let asked = Instant::now();
    let cursors =
        rooms.iter().map(|room| Cursor { room: *room, position: Position(1), open: false });
    let giulia = world.connect_at("giulia", cursors.collect()).await;
    let settings = world.core.settings();
    assert!(asked.elapsed() <= 4 * settings.room_timeout, "{:?}", asked.elapsed());
    for (index, resumed) in giulia.welcome().resumed.iter().enumerate() {
        let expected = if index == 2 { Standing::Later } else { Standing::Complete };
        assert_eq!(resumed.standing, expected, "{index}");
        assert_eq!(summary(&giulia, rooms[index]).readable, index != 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_is_late_keeps_nobody_from_connecting() {
    let world = World::unhurried().await;
    let [mut giulia, _marco] = world.people(["giulia", "marco"]).await;
    let other = giulia.group(&["marco"]).await;
    let room = giulia.group(&["marco"]).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    // One part of the write is done at once, the others within hours.
    world.faults.set_plan(Plan::reordering(Duration::from_secs(7_500)));
    let error = giulia.send(room, "late").await.expect_err("it takes too long");
    assert_eq!(error.outcome, Outcome::Unknown);
    world.faults.set_plan(Plan::default());
    let asked = Instant::now();
    let mut marco = world.connect("marco").await;
    assert!(asked.elapsed() <= 2 * world.core.settings().room_timeout, "{:?}", asked.elapsed());
    assert!(!summary(&marco, room).readable);
    assert!(summary(&marco, other).readable);
    giulia.send(other, "ciao").await.expect("sent");
    assert_eq!(marco.heard().await, ["ciao"]);
}
