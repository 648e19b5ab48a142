//! The beginning of a session.

use std::time::Duration;

use caffis_conformance::faulty::Plan;
use caffis_core::{
    Settings,
    tables::{self, UserRow},
};
use caffis_schema::{
    ClientFrame, ClientSignal, CloseCode, Codec, Command, DeviceId, ErrorCode, Event, List, Reply,
    Text, Timestamp,
    command::{Hello, Refresh, SetPreferences, Typing},
    open::Empty,
    room::HistoryPolicy,
};

use crate::harness::{START, World, code, unhurried, user};

#[tokio::test(start_paused = true)]
async fn the_first_frame_has_to_be_hello() {
    let world = World::new().await;
    let mut raw = world.link();
    raw.request(3, Command::Ping(Empty {})).await;
    assert_eq!(code(raw.answer(3).await), ErrorCode::HelloExpected);
    assert_eq!(raw.closed().await, CloseCode::Protocol);

    let mut raw = world.link();
    raw.send_bytes(&b"\xff\xff\xff"[..]).await;
    assert_eq!(code(raw.answer(0).await), ErrorCode::Malformed);
    assert_eq!(raw.closed().await, CloseCode::Protocol);

    let mut raw = world.link();
    let room = caffis_schema::RoomId::from_random(1);
    let typing = Typing { room, counter: 1, active: true };
    raw.send(&ClientFrame::Signal(ClientSignal::Typing(typing))).await;
    assert_eq!(code(raw.answer(0).await), ErrorCode::Malformed);
    assert_eq!(raw.closed().await, CloseCode::Protocol);
    assert_eq!(world.core.statistics().sessions, 0);
}

#[tokio::test(start_paused = true)]
async fn hello_comes_once() {
    let world = World::new().await;
    let mut giulia = world.connect("giulia").await;
    giulia.raw.hello("giulia", Vec::new()).await;
    assert_eq!(code(giulia.answer(0).await), ErrorCode::HelloExpected);
    giulia.ask(Command::Ping(Empty {})).await.expect("the session goes on");
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_hello_is_closed() {
    let world = World::new().await;
    let mut raw = world.link();
    let before = tokio::time::Instant::now();
    assert_eq!(raw.closed().await, CloseCode::HelloTimeout);
    assert!(before.elapsed() >= Settings::default().hello_timeout);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_during_hello_leaves_no_session_behind() {
    let world = World::new().await;
    let hangs = Plan { hang_reads: true, ..Default::default() };
    world.faults.set_plan(hangs);
    let mut raw = world.link();
    raw.hello("giulia", Vec::new()).await;
    assert_eq!(code(raw.answer(0).await), ErrorCode::Unavailable);
    assert_eq!(raw.closed().await, CloseCode::Internal);
    assert_eq!(world.core.statistics().sessions, 0);
}

#[tokio::test(start_paused = true)]
async fn datagrams_before_hello_are_ignored() {
    let world = World::new().await;
    let mut raw = world.link();
    for size in [0, 1, 999] {
        caffis_link::Link::send_datagram(&mut raw.link, vec![0xff; size].into()).expect("sent");
    }
    raw.hello("giulia", Vec::new()).await;
    assert!(matches!(raw.answer(0).await, Ok(Reply::Welcome(_))));
}

#[tokio::test(start_paused = true)]
async fn a_version_that_does_not_exist_is_refused() {
    let world = World::new().await;
    let mut raw = world.link();
    let hello = Hello {
        version: 0,
        client: Text::cut("tests"),
        device: DeviceId([1; 16]),
        token: Text::cut("giulia"),
        cursors: List::default(),
        capabilities: 0,
    };
    raw.request(0, Command::Hello(hello.clone())).await;
    assert_eq!(code(raw.answer(0).await), ErrorCode::VersionUnsupported);
    assert_eq!(raw.closed().await, CloseCode::Version);

    // A newer client gets what this server speaks.
    let mut raw = world.link();
    raw.request(0, Command::Hello(Hello { version: 99, ..hello })).await;
    let Ok(Reply::Welcome(welcome)) = raw.answer(0).await else { panic!("welcome") };
    assert_eq!(welcome.version, caffis_schema::PROTOCOL_VERSION);
}

#[tokio::test(start_paused = true)]
async fn bad_tokens_are_refused_with_their_own_codes() {
    let world = World::new().await;
    let old = format!("giulia;issued={}", START - 10_000);
    world.core.revoke(&user("giulia"), Timestamp(START - 5_000)).await.expect("revoked");
    let cases = [
        ("forged", ErrorCode::TokenInvalid, CloseCode::Unauthenticated),
        ("", ErrorCode::TokenInvalid, CloseCode::Unauthenticated),
        ("giulia;expires=5", ErrorCode::TokenExpired, CloseCode::TokenExpired),
        (&old, ErrorCode::TokenRevoked, CloseCode::Revoked),
    ];
    for (token, expected, close) in cases {
        let mut raw = world.link();
        raw.hello(token, Vec::new()).await;
        assert_eq!(code(raw.answer(0).await), expected, "{token}");
        assert_eq!(raw.closed().await, close, "{token}");
    }
    assert_eq!(world.core.statistics().sessions, 0);
    world.connect("giulia").await;
}

#[tokio::test(start_paused = true)]
async fn revoking_ends_sessions_from_before() {
    let world = World::new().await;
    let old = format!("giulia;issued={}", START - 10_000);
    let mut before = world.connect(&old).await;
    let mut refreshed = world.connect(&old).await;
    let refresh = Refresh { token: Text::cut("giulia") };
    refreshed.ask(Command::Refresh(refresh)).await.expect("a new token");
    let mut other = world.connect("marco").await;
    world.core.revoke(&user("giulia"), Timestamp(START)).await.expect("revoked");
    assert_eq!(before.raw.closed().await, CloseCode::Revoked);
    refreshed.ask(Command::Ping(Empty {})).await.expect("its token is newer");
    other.ask(Command::Ping(Empty {})).await.expect("somebody else");
}

#[tokio::test(start_paused = true)]
async fn a_token_ends_with_a_warning_unless_it_is_refreshed() {
    let world =
        World::with(Settings { idle_timeout: Duration::from_secs(10_000), ..unhurried() }).await;
    let token = format!("giulia;expires={}", START + 120_000);
    let mut giulia = world.connect(&token).await;
    tokio::time::sleep(Duration::from_secs(61)).await;
    let Event::TokenExpiring(expiring) = giulia.event().await else { panic!("a warning") };
    assert!(expiring.at > Timestamp(START), "{expiring:?}");
    let wrong = Refresh { token: Text::cut("marco") };
    assert_eq!(code(giulia.ask(Command::Refresh(wrong)).await), ErrorCode::TokenInvalid);
    let refresh = Refresh { token: Text::cut("giulia") };
    giulia.ask(Command::Refresh(refresh)).await.expect("a new token");
    tokio::time::sleep(Duration::from_secs(100)).await;
    giulia.ask(Command::Ping(Empty {})).await.expect("the session goes on");

    let mut marco = world.connect(&format!("marco;expires={}", START + 5_000)).await;
    assert_eq!(marco.raw.closed().await, CloseCode::TokenExpired);
}

#[tokio::test(start_paused = true)]
async fn one_person_has_so_many_connections() {
    let world = World::with(Settings { connections_per_user: 2, ..unhurried() }).await;
    let [first, _second] = [world.connect("giulia").await, world.connect("giulia").await];
    let mut third = world.link();
    third.hello("giulia", Vec::new()).await;
    let error = third.answer(0).await.expect_err("one too many");
    assert_eq!(error.code, ErrorCode::LimitReached);
    assert!(error.retry_after_ms.is_some());
    assert_eq!(third.closed().await, CloseCode::TooManyConnections);
    world.connect("marco").await;
    first.leave_session().await;
    tokio::time::sleep(Duration::from_millis(10)).await;
    world.connect("giulia").await;
}

#[tokio::test(start_paused = true)]
async fn welcome_lists_the_first_rooms_by_activity_and_the_rest_is_paged() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let mut rooms = Vec::new();
    for index in 0..130_u64 {
        world.clock.advance(Duration::from_secs(1));
        let room = giulia.group(&["marco"]).await;
        // The room's number of unread messages differs from its neighbours'.
        for _ in 0..index % 3 {
            giulia.send(room, "ciao").await.expect("sent");
        }
        rooms.push(room);
    }
    rooms.reverse();
    let mut again = world.connect("marco").await;
    let welcome = again.welcome().clone();
    assert!(welcome.more_rooms);
    let listed: Vec<_> = welcome.rooms.iter().map(|summary| summary.room).collect();
    assert_eq!(listed, rooms[..100]);
    for (index, summary) in welcome.rooms.iter().enumerate() {
        let expected = (129 - index as u64) % 3;
        assert_eq!((summary.unread, summary.number.get()), (expected, expected), "{index}");
        assert_eq!(summary.preview.is_some(), expected > 0);
    }
    let mut after = listed.last().copied();
    let mut rest = Vec::new();
    loop {
        let page = again.rooms(after, 20).await;
        rest.extend(page.rooms.iter().map(|summary| summary.room));
        after = rest.last().copied();
        if !page.more {
            break;
        }
        assert_eq!(page.rooms.len(), 20);
    }
    assert_eq!(rest, rooms[100..]);
    // The list is the same from the store alone.
    marco.settle().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut world = world;
    world.restart().await;
    let fresh = world.connect("marco").await;
    let unread = |welcome: &caffis_schema::reply::Welcome| -> Vec<_> {
        welcome.rooms.iter().map(|summary| (summary.room, summary.unread)).collect()
    };
    assert_eq!(unread(fresh.welcome()), unread(&welcome));
}

#[tokio::test(start_paused = true)]
async fn the_same_session_in_json() {
    let world = World::new().await;
    let mut raw = world.link_with(&caffis_link::memory::Options {
        codec: caffis_link::Codec::Json,
        max_frame: caffis_schema::limits::FRAME_BYTES,
        ..Default::default()
    });
    raw.codec = Codec::Json;
    raw.hello("giulia", Vec::new()).await;
    let mut giulia = world.greeted(raw).await;
    let mut marco = world.connect("marco").await;
    let key = marco.key();
    let group = marco.group_as(key, "Caffè", &["giulia"], HistoryPolicy::All).await.expect("made");
    marco.send(group.room, "però").await.expect("sent");
    assert_eq!(giulia.heard().await, ["però"]);
}

/// A part of what the store has of a person.
async fn part(world: &World, name: &str, part: &str) -> Option<UserRow> {
    tables::get(world.raw_store(), UserRow::key(&user(name), &part.into())).await.expect("read")
}

/// The profile that the store has of a person.
async fn row(world: &World, name: &str) -> Option<UserRow> {
    part(world, name, "profile").await
}

/// Longer than people's rows are gathered.
const WRITTEN: Duration = Duration::from_millis(100);

#[tokio::test(start_paused = true)]
async fn nobody_waits_until_they_are_written() {
    let world = World::unhurried().await;
    world.faults.set_plan(Plan { full: 1_000, ..Plan::default() });
    let _phone = world.connect("giulia").await;
    tokio::time::sleep(WRITTEN).await;
    assert!(row(&world, "giulia").await.is_none(), "the store is full");
    world.faults.set_plan(Plan::default());
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(row(&world, "giulia").await.is_some(), "written once the store takes it");
}

#[tokio::test(start_paused = true)]
async fn a_setting_is_durable_at_once_also_of_somebody_who_is_new() {
    let world = World::unhurried().await;
    let mut giulia = world.connect("giulia").await;
    giulia
        .ask(Command::SetPreferences(SetPreferences { private_receipts: true }))
        .await
        .expect("set");
    let private = part(&world, "giulia", "private_receipts").await.expect("written");
    assert_eq!(private.private_receipts, Some(true));
    tokio::time::sleep(WRITTEN).await;
    let private = part(&world, "giulia", "private_receipts").await.expect("written");
    assert_eq!(private.private_receipts, Some(true), "nothing older follows");
}

#[tokio::test(start_paused = true)]
async fn a_drain_writes_who_is_still_to_be_written() {
    let world = World::unhurried().await;
    drop(world.connect("giulia").await);
    world.core.drain(Duration::ZERO, Duration::ZERO).await;
    assert!(row(&world, "giulia").await.is_some());
}
