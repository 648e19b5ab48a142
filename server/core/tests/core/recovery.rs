//! Taking a room over: what an owner left undone is done again.

use std::time::Duration;

use caffis_core::{
    Settings,
    ports::store::MAX_SCAN_ROWS,
    tables::{self, HeadRow, MarkerRow, MemberRow, UserRoomRow},
};
use caffis_schema::{
    MessageNumber, Position, Timestamp,
    limits::PAGE_ROOMS,
    room::{HistoryPolicy, Role},
};

use crate::harness::{START, World, unhurried, user};

#[tokio::test(start_paused = true)]
async fn everything_is_there_after_a_restart() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    for index in 0..150 {
        giulia.send(room, &format!("{index}")).await.expect("sent");
    }
    marco.read(room, 140).await.expect("read");
    giulia.role(room, "marco", Role::Admin).await.expect("given");
    let before = (giulia.listed(room).await, marco.listed(room).await);
    world.restart().await;
    let mut giulia = world.connect("giulia").await;
    let mut marco = world.connect("marco").await;
    assert_eq!((giulia.listed(room).await, marco.listed(room).await), before);
    let sent = marco.send(room, "next").await.expect("sent");
    assert_eq!((sent.position.get(), sent.number.get()), (153, 151));
}

#[tokio::test(start_paused = true)]
async fn lost_rows_of_memberships_are_written_again_from_the_log() {
    for history in [HistoryPolicy::All, HistoryPolicy::FromJoining] {
        let mut world = World::unhurried().await;
        let [mut giulia, mut marco, mut anna, _luca] =
            world.people(["giulia", "marco", "anna", "luca"]).await;
        let room = giulia.group_with(&["marco", "luca"], history).await;
        for words in ["1", "2", "3"] {
            giulia.send(room, words).await.expect("sent");
        }
        giulia.add(room, &["anna"]).await.expect("added");
        giulia.role(room, "marco", Role::Admin).await.expect("given");
        giulia.send(room, "4").await.expect("sent");
        let before = (giulia.listed(room).await, marco.listed(room).await, anna.listed(room).await);
        let log = anna.log(room).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        // The rows of some who joined are gone, the one of who left is back.
        giulia.remove(room, "luca").await.expect("removed");
        let mut batch = world.batch();
        for name in ["marco", "anna"] {
            batch.delete::<MemberRow>(MemberRow::key(&room, &user(name)));
            batch.delete::<UserRoomRow>(UserRoomRow::key(&user(name), &room));
        }
        batch.put(&MemberRow {
            room,
            user: user("luca"),
            role: Role::Member,
            joined: Timestamp(START),
            joined_position: Position(1),
            visible_after: Position(0),
            unread_after: MessageNumber(0),
        });
        world.raw_store().write(batch).await.expect("written");
        world.restart().await;
        // Whoever asks for the room first has its rows put right.
        let mut giulia = world.connect("giulia").await;
        giulia.log(room).await;
        let mut giulia = world.connect("giulia").await;
        let mut marco = world.connect("marco").await;
        let mut anna = world.connect("anna").await;
        let mut luca = world.connect("luca").await;
        assert_eq!(anna.log(room).await, log, "{history:?}");
        let found = (giulia.listed(room).await, marco.listed(room).await, anna.listed(room).await);
        let short = |room: &Option<caffis_schema::room::RoomSummary>| {
            room.as_ref().map(|room| (room.role, room.number, room.read, room.unread))
        };
        assert_eq!(short(&found.0), short(&before.0));
        assert_eq!(short(&found.1), short(&before.1));
        assert_eq!(short(&found.2), short(&before.2));
        assert!(luca.listed(room).await.is_none());
        let rows: Vec<MemberRow> =
            tables::partition(world.raw_store(), MemberRow::partition(&room), 10)
                .await
                .expect("rows");
        let names: Vec<_> = rows.iter().map(|row| row.user.as_str()).collect();
        assert_eq!(names, ["anna", "giulia", "marco"]);
    }
}

#[tokio::test(start_paused = true)]
async fn hints_are_only_hints() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    for words in ["1", "2", "3"] {
        giulia.send(room, words).await.expect("sent");
    }
    let before = (giulia.listed(room).await, marco.listed(room).await);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut batch = world.batch();
    batch.delete::<HeadRow>(HeadRow::key(&room));
    batch.delete::<MarkerRow>(MarkerRow::key(&room, &user("giulia")));
    world.raw_store().write(batch).await.expect("written");
    world.restart().await;
    let mut giulia = world.connect("giulia").await;
    let mut marco = world.connect("marco").await;
    assert_eq!((giulia.listed(room).await, marco.listed(room).await), before);
}

#[tokio::test(start_paused = true)]
async fn a_log_goes_on_over_buckets() {
    let mut world = World::with(Settings { bucket_bytes: 5_000, ..unhurried() }).await;
    let mut giulia = world.connect("giulia").await;
    let room = giulia.group(&[]).await;
    for day in 0..12 {
        for index in 0..5 {
            giulia.send(room, &format!("{day} {index}")).await.expect("sent");
        }
        world.clock.advance(Duration::from_secs(3 * 86_400));
        world.restart().await;
        giulia = world.connect("giulia").await;
    }
    let buckets: Vec<tables::BucketRow> =
        tables::partition(world.raw_store(), tables::BucketRow::partition(&room), 100)
            .await
            .expect("rows");
    assert!(buckets.len() >= 3, "{buckets:?}");
    let mut positions = Vec::new();
    let mut anchor = caffis_schema::command::Anchor::Latest;
    loop {
        let page = giulia.history(room, anchor, 7).await.expect("a page");
        positions.splice(0..0, page.entries.iter().map(|entry| entry.position));
        if !page.more_before || page.entries.is_empty() {
            break;
        }
        anchor = caffis_schema::command::Anchor::Before(positions[0]);
    }
    // The entry by which the room was made has been let go of.
    assert!(positions.iter().map(|position| position.get()).eq(2..=61), "{positions:?}");
    let after = giulia.history(room, caffis_schema::command::Anchor::After(Position(20)), 30).await;
    let after: Vec<_> = after.expect("a page").entries.iter().map(|e| e.position).collect();
    assert!(after.iter().map(|position| position.get()).eq(21..=50), "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn the_rooms_that_were_active_last_are_listed_first_after_a_crash() {
    let mut world = World::unhurried().await;
    let [mut giulia] = world.people(["giulia"]).await;
    let mut rooms = Vec::new();
    for _ in 0..PAGE_ROOMS + 5 {
        world.clock.advance(Duration::from_secs(60));
        rooms.push(giulia.group(&[]).await);
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    world.clock.advance(Duration::from_secs(3_600));
    giulia.send(rooms[0], "ciao").await.expect("sent");
    world.clock.advance(Duration::from_secs(5));
    giulia.send(rooms[2], "ciao").await.expect("sent");
    giulia.send(rooms[1], "ciao").await.expect("sent");
    world.clock.advance(Duration::from_secs(5));
    giulia.send(rooms[2], "ciao").await.expect("sent");
    world.clock.advance(Duration::from_secs(5));
    let new = giulia.group(&[]).await;
    world.restart().await;
    let giulia = world.connect("giulia").await;
    let first: Vec<_> = giulia.welcome().rooms.iter().take(4).map(|room| room.room).collect();
    assert_eq!(first, [new, rooms[2], rooms[1], rooms[0]]);
}

#[tokio::test(start_paused = true)]
async fn a_room_is_read_whole_however_many_rows_it_has() {
    let mut world = World::unhurried().await;
    let mut giulia = world.connect("giulia").await;
    let room = giulia.group(&[]).await;
    giulia.send(room, "ciao").await.expect("sent");
    tokio::time::sleep(Duration::from_secs(2)).await;
    // More members, markers and buckets than one request to the store gives.
    let count = MAX_SCAN_ROWS as u64 + 1_000;
    let person = |number| user(&format!("person{number:05}"));
    for from in (0..count).step_by(1_000) {
        let mut batch = world.batch();
        for number in from..from + 1_000 {
            batch.put(&MemberRow {
                room,
                user: person(number),
                role: Role::Member,
                joined: Timestamp(START),
                joined_position: Position(1),
                visible_after: Position(0),
                unread_after: MessageNumber(0),
            });
            let (user, unread_from) = (person(number), None);
            batch.put(&MarkerRow {
                room,
                user,
                delivered: MessageNumber(1),
                read: MessageNumber(1),
                unread_from,
                muted_until: None,
            });
        }
        world.raw_store().write(batch).await.expect("written");
    }
    // The log goes on in the newest bucket, behind many that are void.
    for from in (0..count).step_by(1_000) {
        let mut batch = world.batch();
        for number in from..from + 1_000 {
            batch.put(&tables::BucketRow {
                room,
                epoch: 0,
                number: 1 + number,
                first: Position(3 + number),
                opened: Timestamp(START),
                before_epoch: None,
                before_number: None,
            });
        }
        world.raw_store().write(batch).await.expect("written");
    }
    let head = 3 + count;
    let mut batch = world.batch();
    batch.put(&tables::BucketRow {
        room,
        epoch: 1,
        number: 2,
        first: Position(head),
        opened: Timestamp(START),
        before_epoch: Some(1),
        before_number: Some(1),
    });
    batch.put(&tables::TimelineRow {
        room,
        epoch: 1,
        bucket: 2,
        position: Position(head),
        time: Timestamp(START),
        append: Position(head),
        by: None,
        digest: None,
        kind: "message".into(),
        number: Some(MessageNumber(2)),
        sender: Some(user("giulia")),
        client: None,
        client_time: None,
        text: Some("newest".into()),
        content: None,
        ballots: None,
    });
    world.raw_store().write(batch).await.expect("written");
    world.restart().await;
    let mut giulia = world.connect("giulia").await;
    let listed = giulia.listed(room).await.expect("listed");
    assert_eq!(u64::from(listed.members), count + 1);
    let last = person(count - 1);
    let mut batch = world.batch();
    batch.put(&UserRoomRow { user: last.clone(), room, joined: Timestamp(START), peer: None });
    world.raw_store().write(batch).await.expect("written");
    let mut last = world.connect(last.as_str()).await;
    assert_eq!(last.log(room).await, ["ciao", "newest"]);
    let sent = giulia.send(room, "more").await.expect("sent");
    assert_eq!((sent.position.get(), sent.number.get()), (head + 1, 3));
    world.restart().await;
    let mut giulia = world.connect("giulia").await;
    assert_eq!(giulia.log(room).await, ["ciao", "newest", "more"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_active_is_kept_for_a_time() {
    let world = World::unhurried().await;
    let mut giulia = world.connect("giulia").await;
    let room = giulia.group(&[]).await;
    let retention = world.core.settings().activity_retention;
    let minute = START / 60_000;
    let key = tables::ActivityRow::key(&(room.get() % 256), &(minute / 60), &minute, &room);
    for (passed, kept) in [(Duration::ZERO, true), (retention, false)] {
        world.clock.advance(passed);
        let row = tables::get::<tables::ActivityRow>(world.raw_store(), key.clone()).await;
        assert_eq!(row.expect("read").is_some(), kept);
    }
}
