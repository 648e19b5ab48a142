//! Reactors hear of every entry, whatever happens to those who wrote it.

use std::time::Duration;

use caffis_conformance::faulty::Fault;
use caffis_core::tables::{self, ActivityRow, CursorRow, HeadRow};
use caffis_schema::{Position, RoomId};

use crate::harness::{START, World};

/// Longer than two walks, and the wait before the first.
const WALKS: Duration = Duration::from_secs(200);

/// Time passes for the timers and for the clock.
async fn pass(world: &World, time: Duration) {
    for _ in 0..time.as_secs() {
        world.clock.advance(Duration::from_secs(1));
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// The position of the hint of a room's head.
async fn hinted(world: &World, room: RoomId) -> u64 {
    let hint = tables::get::<HeadRow>(world.raw_store(), HeadRow::key(&room)).await;
    hint.expect("read").map_or(0, |hint| hint.position.get())
}

/// The minute up to which the shard of a room is handled.
async fn cursor(world: &World, room: RoomId) -> Option<u64> {
    let key = CursorRow::key(&(room.get() % 256), &"heads".into());
    let row = tables::get::<CursorRow>(world.raw_store(), key).await;
    row.expect("read").map(|row| row.minute)
}

/// The minutes in which a room was noted as active.
async fn minutes(world: &World, room: RoomId, hour: u64) -> Vec<u64> {
    let partition = ActivityRow::partition(&(room.get() % 256), &hour);
    let rows = tables::partition::<ActivityRow>(world.raw_store(), partition, 1_000).await;
    let rows = rows.expect("read").into_iter();
    rows.filter(|row| row.room == room).map(|row| row.minute).collect()
}

#[tokio::test(start_paused = true)]
async fn a_hint_that_a_crash_left_behind_is_put_right_without_anybody_asking() {
    let mut world = World::unhurried().await;
    let mut giulia = world.connect("giulia").await;
    let room = giulia.group(&[]).await;
    pass(&world, Duration::from_secs(3)).await;
    giulia.send(room, "one").await.expect("sent");
    giulia.send(room, "two").await.expect("sent");
    world.restart().await;
    assert!(hinted(&world, room).await < 3, "the hint was written before the crash");
    pass(&world, WALKS).await;
    assert_eq!(hinted(&world, room).await, 3);
    let handled = cursor(&world, room).await.expect("a cursor");
    assert!(handled >= START / 60_000, "{handled}");
}

#[tokio::test(start_paused = true)]
async fn a_shard_is_followed_on_over_restarts_and_idle_times() {
    let mut world = World::unhurried().await;
    let mut giulia = world.connect("giulia").await;
    let room = giulia.group(&[]).await;
    for round in 0..3 {
        // Restarts come more often than walks.
        for _ in 0..4 {
            giulia.send(room, "ciao").await.expect("sent");
            world.restart().await;
            giulia = world.connect("giulia").await;
            pass(&world, Duration::from_secs(20)).await;
        }
        giulia.send(room, "the last before the crash").await.expect("sent");
        world.restart().await;
        // A night, in which nothing runs.
        world.clock.advance(Duration::from_secs(8 * 3_600));
        let head = 1 + 5 * (round + 1);
        assert!(hinted(&world, room).await < head);
        pass(&world, WALKS).await;
        assert_eq!(hinted(&world, room).await, head, "round {round}");
        giulia = world.connect("giulia").await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_entry_is_never_noted_in_a_minute_that_was_read() {
    let mut world = World::unhurried().await;
    let mut giulia = world.connect("giulia").await;
    let room = giulia.group(&[]).await;
    pass(&world, WALKS).await;
    let handled = cursor(&world, room).await.expect("a cursor");
    // The clock goes back, also under a process that knows nothing but the cursor.
    world.clock.set(START - 120_000);
    let mut giulia = world.connect("giulia").await;
    giulia.send(room, "one").await.expect("sent");
    world.restart().await;
    let mut giulia = world.connect("giulia").await;
    giulia.send(room, "two").await.expect("sent");
    let noted = minutes(&world, room, handled / 60).await;
    assert_eq!(noted.first(), Some(&(START / 60_000)), "when the room was made");
    assert!(noted.iter().skip(1).all(|minute| *minute > handled), "{noted:?}, {handled}");
    assert!(noted.len() > 1);
    // And it is handled although the clock is behind the cursor.
    world.restart().await;
    pass(&world, WALKS).await;
    assert_eq!(hinted(&world, room).await, 3);
}

#[tokio::test(start_paused = true)]
async fn what_was_noted_by_a_clock_that_was_ahead_does_not_wait_for_it() {
    for ahead in [50, 170] {
        // The process goes on, or ends before the clock is set back, or after.
        for restarts in [None, Some(true), Some(false)] {
            let mut world = World::unhurried().await;
            let mut giulia = world.connect("giulia").await;
            let room = giulia.group(&[]).await;
            pass(&world, WALKS).await;
            world.clock.advance(Duration::from_secs(ahead * 60));
            let mut giulia = world.connect("giulia").await;
            giulia.send(room, "one").await.expect("sent");
            if restarts == Some(true) {
                world.restart().await;
                world.connect("giulia").await.open(room).await.expect("opened");
            }
            world.clock.set(START + WALKS.as_secs() * 1_000);
            if restarts == Some(false) {
                world.restart().await;
            }
            pass(&world, WALKS + WALKS).await;
            let handled = cursor(&world, room).await.expect("a cursor");
            assert!(handled >= START / 60_000 + ahead, "{handled}, {ahead} min, {restarts:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_room_that_cannot_be_read_holds_up_no_other_and_is_handled_later() {
    let mut world = World::unhurried().await;
    let mut giulia = world.connect("giulia").await;
    let mut rooms = Vec::new();
    // Two rooms of one shard.
    let (broken, whole) = loop {
        let room = giulia.group(&[]).await;
        let same = |other: &&RoomId| other.get() % 256 == room.get() % 256;
        if let Some(other) = rooms.iter().find(same) {
            break (*other, room);
        }
        rooms.push(room);
    };
    pass(&world, Duration::from_secs(3)).await;
    for room in [broken, whole] {
        giulia.send(room, "ciao").await.expect("sent");
    }
    world.restart().await;
    // Its only bucket is gone.
    let bucket = tables::BucketRow::key(&broken, &1, &1);
    let row = tables::get::<tables::BucketRow>(world.raw_store(), bucket).await;
    let row = row.expect("read").expect("a bucket");
    let mut batch = world.batch();
    batch.put(&tables::BucketRow { before_epoch: Some(1), before_number: Some(9), ..row.clone() });
    world.raw_store().write(batch).await.expect("written");
    pass(&world, WALKS).await;
    assert_eq!((hinted(&world, whole).await, hinted(&world, broken).await), (2, 1));
    let mut batch = world.batch();
    batch.put(&row);
    world.raw_store().write(batch).await.expect("written");
    pass(&world, WALKS).await;
    assert_eq!(hinted(&world, broken).await, 2);
}

#[tokio::test(start_paused = true)]
async fn an_entry_whose_write_was_in_doubt_is_handled() {
    let world = World::unhurried().await;
    let mut giulia = world.connect("giulia").await;
    let room = giulia.group(&[]).await;
    pass(&world, WALKS).await;
    let before = cursor(&world, room).await.expect("a cursor");
    let mut giulia = world.connect("giulia").await;
    world.faults.fail_next_write(Fault::UnknownWritten);
    assert!(giulia.send(room, "one").await.is_err());
    pass(&world, WALKS).await;
    let mut giulia = world.connect("giulia").await;
    let page = giulia.history(room, caffis_schema::command::Anchor::After(Position(1)), 10).await;
    assert_eq!(page.expect("a page").entries.len(), 1);
    assert_eq!(hinted(&world, room).await, 2);
    assert!(cursor(&world, room).await.expect("a cursor") > before);
}
