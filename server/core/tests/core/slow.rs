//! A reader that never reads costs bounded memory and hurts nobody else; draining.

use std::time::Duration;

use caffis_core::Settings;
use caffis_link::{Link, memory::Options};
use caffis_schema::{
    CloseCode, Command, Event, Position, RoomId, Timestamp,
    command::{Anchor, History},
    open::Empty,
    reply::Standing,
};

use crate::client::Client;
use crate::harness::{START, World, unhurried, user, words};

/// A session over a link that takes little ahead of its reader.
pub(crate) async fn narrow(world: &World, name: &str) -> Client {
    with_lanes(world, name, 1).await
}

/// The same over so many lanes.
async fn with_lanes(world: &World, name: &str, lanes: u8) -> Client {
    let options = Options { buffer: 4 * 1024, max_frame: 256 * 1024, lanes, ..Options::default() };
    let mut raw = world.link_with(&options);
    raw.hello(name, Vec::new()).await;
    world.greeted(raw).await
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_does_not_read_is_behind_and_catches_up_by_resume() {
    let settings =
        Settings { session_queue_bytes: 16 * 1024, resume_entries: 5_000, ..unhurried() };
    let world = World::with(settings).await;
    let [mut giulia, mut anna] = world.people(["giulia", "anna"]).await;
    let mut marco = narrow(&world, "marco").await;
    let room = giulia.group(&["marco", "anna"]).await;
    marco.settle().await;
    let text = "x".repeat(200);
    for index in 0..1_000 {
        giulia.send(room, &format!("{index} {text}")).await.expect("sent");
        if index % 20 == 19 {
            assert_eq!(anna.heard().await.len(), 20, "others hear everything");
            giulia.settle().await;
        }
    }
    // Now it reads: some entries in order, then that it is behind.
    let mut have = 1;
    let mut behind = None;
    for event in marco.settle().await {
        match event {
            Event::Entry(entry) => {
                assert_eq!(entry.entry.position, Position(have + 1), "no gap before it is told");
                assert!(behind.is_none(), "nothing of the room after it is behind");
                have += 1;
            }
            Event::Behind(head) => behind = Some(head),
            _ => {}
        }
    }
    let behind = behind.expect("it is told");
    assert_eq!((behind.room, behind.head.get()), (room, 1_001));
    assert!((2..200).contains(&have), "{have} entries waited");
    loop {
        let resumed = marco.resume(room, have).await;
        assert_eq!(resumed.standing, Standing::Complete);
        have += resumed.entries.len() as u64;
        if !resumed.more {
            break;
        }
    }
    assert_eq!(have, 1_001);
    giulia.send(room, "live again").await.expect("sent");
    assert_eq!(marco.heard().await, ["live again"]);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_does_not_read_can_be_signed_out() {
    let world = World::with(unhurried()).await;
    let mut giulia = world.connect("giulia").await;
    let _marco = narrow(&world, "marco").await;
    let room = giulia.group(&["marco"]).await;
    for _ in 0..20 {
        giulia.send(room, &"x".repeat(1_000)).await.expect("sent");
    }
    giulia.settle().await;
    assert_eq!(world.core.statistics().sessions, 2);
    world.core.revoke(&user("marco"), Timestamp(START + 1)).await.expect("revoked");
    // A goodbye that nobody takes is given up after a moment, long before the idle timeout.
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert_eq!(world.core.statistics().sessions, 1);
}

#[tokio::test(start_paused = true)]
async fn pings_keep_a_client_that_says_nothing_else() {
    let world = World::new().await;
    let mut raw = world.link();
    raw.hello("giulia", Vec::new()).await;
    raw.answer(0).await.expect("a welcome");
    for _ in 0..20 {
        tokio::time::sleep(Settings::default().idle_timeout * 2 / 3).await;
        raw.link.ping().expect("the link is open");
    }
    raw.request(1, Command::Ping(Empty {})).await;
    raw.answer(1).await.expect("an answer");
}

#[tokio::test(start_paused = true)]
async fn answers_that_nobody_takes_stop_the_reading_of_commands() {
    // Large ones have a lane of their own where there are several, and the main lane stays free.
    for lanes in [1, 4] {
        let world = World::with(Settings { commands_in_flight: 8, ..unhurried() }).await;
        let mut giulia = world.connect("giulia").await;
        let room = giulia.group(&[]).await;
        for _ in 0..10 {
            giulia.send(room, &"x".repeat(8_000)).await.expect("sent");
        }
        let mut tablet = with_lanes(&world, "giulia", lanes).await;
        let before = world.core.statistics().commands;
        let page = Command::History(History { room, anchor: Anchor::Latest, limit: 100 });
        for id in 1..=100 {
            tablet.raw.request(id, page.clone()).await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        let answered = world.core.statistics().commands - before;
        assert!(answered <= 12, "{answered} commands ran although no answer was taken");
        // Who begins to read gets all of them.
        for id in 1..=100 {
            tablet.raw.answer(id).await.expect("a page");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn answers_that_wait_push_no_event_out() {
    let world = World::with(Settings { session_queue_bytes: 100_000, ..unhurried() }).await;
    let mut giulia = world.connect("giulia").await;
    let room = giulia.group(&[]).await;
    for _ in 0..10 {
        giulia.send(room, &"x".repeat(8_000)).await.expect("sent");
    }
    let mut tablet = narrow(&world, "giulia").await;
    let page = Command::History(History { room, anchor: Anchor::Latest, limit: 100 });
    let mut pages = Vec::new();
    for _ in 0..6 {
        pages.push(tablet.start(page.clone()).await);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    // Events that take their turn would close a session that lets too many of them wait.
    let other = giulia.group(&[]).await;
    giulia.send(other, "while answers wait").await.expect("sent");
    for page in pages {
        tablet.answer(page).await.expect("a page");
    }
    let events = tablet.settle().await;
    assert!(events.iter().any(|event| matches!(event, Event::RoomAdded(_))), "{events:?}");
    let said = |event: &Event| matches!(event, Event::Entry(it) if it.entry.position > Position(1));
    assert!(events.iter().any(said), "{events:?}");
    assert!(!events.iter().any(|event| matches!(event, Event::Behind(_))), "{events:?}");
}

#[tokio::test(start_paused = true)]
async fn a_link_that_dies_while_answers_wait_is_let_go() {
    let world = World::with(Settings { commands_in_flight: 2, ..unhurried() }).await;
    let mut giulia = world.connect("giulia").await;
    let room = giulia.group(&[]).await;
    for _ in 0..10 {
        giulia.send(room, &"x".repeat(8_000)).await.expect("sent");
    }
    let mut tablet = narrow(&world, "giulia").await;
    let page = Command::History(History { room, anchor: Anchor::Latest, limit: 100 });
    for id in 1..=20 {
        tablet.raw.request(id, page.clone()).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    tablet.raw.link.cutter().cut();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(world.core.statistics().sessions, 1);
}

#[tokio::test(start_paused = true)]
async fn who_is_silent_for_too_long_is_closed() {
    let world = World::new().await;
    // A link whose other end is not even polled answers no ping.
    let marco = world.connect("marco").await;
    let mut giulia = world.connect("giulia").await;
    for _ in 0..4 {
        // Reading answers pings.
        giulia.settle().await;
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
    assert_eq!(world.core.statistics().sessions, 1);
    let mut raw = marco.raw;
    assert_eq!(raw.closed().await, CloseCode::Idle);
    giulia.ask(Command::Ping(Empty {})).await.expect("goes on");
}

#[tokio::test(start_paused = true)]
async fn a_drain_says_goodbye_and_finishes_what_is_under_way() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room: RoomId = giulia.group(&["marco"]).await;
    let slow = caffis_conformance::faulty::Plan {
        delay: Duration::from_millis(300),
        ..Default::default()
    };
    world.faults.set_plan(slow);
    let key = giulia.key();
    let send = caffis_schema::command::Send::new(key, room, crate::harness::text("last words"));
    giulia.start(Command::Send(send)).await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    let draining = world.core.drain(Duration::from_millis(750), Duration::from_secs(5));
    let hearing = async {
        let mut told = None;
        loop {
            match marco.raw.next().await {
                Ok(caffis_schema::ServerFrame::Event(Event::Draining(d))) => told = Some(d),
                Ok(_) => {}
                Err(farewell) => break (told, farewell.code),
            }
        }
    };
    let ((), (told, code)) = tokio::join!(draining, hearing);
    assert_eq!(told.expect("announced").reconnect_after_ms, 750);
    assert_eq!(CloseCode::from_number(code), Some(CloseCode::Shutdown));
    assert_eq!(world.core.statistics().sessions, 0);
    world.restart().await;
    let mut giulia = world.connect("giulia").await;
    let page = giulia.history(room, Anchor::Latest, 10).await.expect("a page");
    assert_eq!(page.entries.iter().filter_map(words).collect::<Vec<_>>(), ["last words"]);
    assert_eq!(
        giulia.send_as(key, room, "last words").await.expect("the same").position,
        Position(2)
    );
}
