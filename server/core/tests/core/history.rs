//! Reading pages of a room's log.

use std::time::Duration;

use caffis_conformance::faulty::Plan;
use caffis_core::{Settings, tables::MemberRow};
use caffis_schema::{
    Command, ErrorCode, Position, Reply, RoomId,
    command::{Anchor, History, MessageAt},
    limits::PAGE_BYTES,
    room::{HistoryPolicy, Role},
};

use crate::NODES;
use crate::client::Client;
use crate::harness::{World, code, unhurried, user, words};

/// A room of `count` messages: positions 2 to `count + 1`.
async fn room_of(client: &mut Client, count: u64) -> RoomId {
    let room = client.group(&[]).await;
    for index in 1..=count {
        client.send(room, &format!("{index}")).await.expect("sent");
    }
    client.settle().await;
    room
}

#[tokio::test(start_paused = true)]
async fn who_opens_the_same_old_page_at_once_shares_one_read_of_the_store() {
    let world = World::unhurried().await;
    let mut giulia = world.connect("giulia").await;
    let room = room_of(&mut giulia, 250).await;
    let mut devices = Vec::new();
    for _ in 0..15 {
        devices.push(world.connect("giulia").await);
    }
    world.faults.set_plan(Plan { delay: Duration::from_millis(20), ..Plan::default() });
    let before = world.faults.reads_of("timeline");
    let page = |before: u64| History { room, anchor: Anchor::Before(Position(before)), limit: 50 };
    for id in 1..=20 {
        for device in &mut devices {
            device.raw.request(1_000 + id, Command::History(page(100))).await;
        }
    }
    let first = giulia.history(room, Anchor::Before(Position(100)), 50).await.expect("a page");
    for device in &mut devices {
        for id in 1..=20 {
            let found = device.raw.answer(1_000 + id).await.expect("answered");
            assert_eq!(found, Reply::Page(first.clone()));
        }
    }
    let reads = world.faults.reads_of("timeline") - before;
    assert!(reads <= NODES as u64, "{reads} reads of the same page");
    let pages = world.core.statistics().pages;
    assert_eq!(pages.misses, 1);
    assert!(NODES > 1 || pages.hits == 300, "{} shared", pages.hits);
    // What is read after something was said is read again.
    giulia.send(room, "more").await.expect("sent");
    giulia.history(room, Anchor::Before(Position(100)), 50).await.expect("a page");
    assert_eq!(world.core.statistics().pages.misses, 2);
}

#[tokio::test(start_paused = true)]
async fn pages_lie_where_they_are_asked_for() {
    let mut world = World::unhurried().await;
    let mut giulia = world.connect("giulia").await;
    // More than memory holds.
    let room = room_of(&mut giulia, 250).await;
    for round in ["from memory", "from the store"] {
        let cases = [
            (Anchor::Latest, 100, 152..252, true, false),
            (Anchor::Latest, 255, 152..252, true, false),
            (Anchor::Latest, 0, 251..252, true, false),
            (Anchor::Before(Position(152)), 100, 52..152, true, true),
            (Anchor::Before(Position(52)), 100, 1..52, false, true),
            (Anchor::Before(Position(1)), 10, 0..0, false, false),
            (Anchor::Before(Position(252)), 3, 249..252, true, false),
            (Anchor::After(Position(0)), 10, 1..11, false, true),
            (Anchor::After(Position(100)), 100, 101..201, true, true),
            (Anchor::After(Position(249)), 100, 250..252, true, false),
            (Anchor::After(Position(251)), 10, 0..0, false, false),
            (Anchor::Around(Position(100)), 11, 95..106, true, true),
            (Anchor::Around(Position(1)), 10, 1..7, false, true),
            (Anchor::Around(Position(251)), 10, 247..252, true, false),
        ];
        for (anchor, limit, expected, before, after) in cases {
            let page = giulia.history(room, anchor, limit).await.expect("a page");
            let found: Vec<_> = page.entries.iter().map(|entry| entry.position).collect();
            assert_eq!(
                found,
                expected.map(Position).collect::<Vec<_>>(),
                "{anchor:?} {limit} {round}"
            );
            if !found.is_empty() {
                assert_eq!((page.more_before, page.more_after), (before, after), "{anchor:?}");
            }
            assert_eq!(page.head, Position(251));
        }
        for anchor in [
            Anchor::Before(Position(253)),
            Anchor::After(Position(253)),
            Anchor::Around(Position(caffis_schema::ids::MAX_EXACT)),
        ] {
            let refused = giulia.history(room, anchor, 10).await;
            assert_eq!(code(refused), ErrorCode::OutOfRange, "{anchor:?}");
        }
        world.restart().await;
        giulia = world.connect("giulia").await;
    }
}

#[tokio::test(start_paused = true)]
async fn long_messages_make_short_pages() {
    let world = World::unhurried().await;
    let mut giulia = world.connect("giulia").await;
    let room = giulia.group(&[]).await;
    let long = "👩".repeat(8_000);
    for _ in 0..20 {
        giulia.send(room, &long).await.expect("sent");
    }
    giulia.settle().await;
    let mut seen = Vec::new();
    let mut anchor = Anchor::Latest;
    loop {
        let page = giulia.history(room, anchor, 100).await.expect("a page that fits");
        let bytes: usize = page.entries.iter().filter_map(words).map(str::len).sum();
        assert!(bytes <= PAGE_BYTES && !page.entries.is_empty());
        seen.splice(0..0, page.entries.iter().map(|entry| entry.position));
        anchor = Anchor::Before(seen[0]);
        if !page.more_before {
            break;
        }
    }
    assert!(seen.iter().map(|position| position.get()).eq(1..=21));
    let around = giulia.history(room, Anchor::Around(Position(10)), 100).await.expect("a page");
    let positions: Vec<_> = around.entries.iter().map(|entry| entry.position).collect();
    assert!(
        positions.contains(&Position(10))
            && positions.windows(2).all(|pair| pair[0] + 1 == pair[1])
    );
    assert!(around.more_before && around.more_after);
    // A resume answer keeps to the same budget.
    let resumed = giulia.resume(room, 1).await;
    assert!(resumed.more && !resumed.entries.is_empty());
}

#[tokio::test(start_paused = true)]
async fn single_messages_by_position() {
    let world = World::unhurried().await;
    let mut giulia = world.connect("giulia").await;
    let room = room_of(&mut giulia, 120).await;
    for position in [2, 60, 121] {
        let message = MessageAt { room, position: Position(position) };
        let Ok(Reply::Entry(entry)) = giulia.ask(Command::Message(message)).await else {
            panic!("position {position}");
        };
        assert_eq!(words(&entry), Some(format!("{}", position - 1).as_str()));
    }
    let mut at =
        async |position| code(giulia.ask(Command::Message(MessageAt { room, position })).await);
    assert_eq!(at(Position(0)).await, ErrorCode::NotFound);
    assert_eq!(at(Position(1)).await, ErrorCode::NotFound);
    assert_eq!(at(Position(122)).await, ErrorCode::OutOfRange);
}

#[tokio::test(start_paused = true)]
async fn those_who_join_see_the_last_messages_however_short_memory_is() {
    for (ring_entries, restarts) in [(1, false), (1, true), (100, true)] {
        let settings = Settings { ring_entries, ..unhurried() };
        let mut world = World::with(settings).await;
        let [mut giulia, _marco, _anna] = world.people(["giulia", "marco", "anna"]).await;
        let room = giulia.group_with(&["marco"], HistoryPolicy::Last(3)).await;
        for number in 1..=5 {
            giulia.send(room, &format!("{number}")).await.expect("sent");
            // What is no message does not count.
            giulia.role(room, "marco", Role::Admin).await.expect("given");
            giulia.role(room, "marco", Role::Member).await.expect("taken");
        }
        if restarts {
            world.restart().await;
            giulia = world.connect("giulia").await;
        }
        giulia.add(room, &["anna"]).await.expect("added");
        giulia.send(room, "6").await.expect("sent");
        let mut anna = world.connect("anna").await;
        assert_eq!(anna.log(room).await, ["3", "4", "5", "6"], "{ring_entries}");
        // The row of the membership is lost: the log says the same.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let mut batch = world.batch();
        batch.delete::<MemberRow>(MemberRow::key(&room, &user("anna")));
        world.raw_store().write(batch).await.expect("written");
        world.restart().await;
        let mut anna = world.connect("anna").await;
        assert_eq!(anna.log(room).await, ["3", "4", "5", "6"], "{ring_entries}");
    }
}
