//! Rates, bad frames, numbers of things.

use std::{net::IpAddr, time::Duration};

use caffis_conformance::faulty::Plan;
use caffis_core::Settings;
use caffis_schema::{
    Blob, ClientFrame, CloseCode, Codec, Command, ErrorCode, Reply, Request, RoomId, codec,
    command::Open,
    limits::COMMAND_BYTES,
    open::{Empty, Unknown},
};
use tokio::time::Instant;

use crate::harness::{World, code, text, unhurried};

#[tokio::test(start_paused = true)]
async fn eleven_messages_in_a_second_are_one_too_many() {
    let world = World::new().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    for index in 0..10 {
        giulia.send(room, &format!("{index}")).await.expect("sent");
    }
    // The rate is the person's, on whatever device.
    let mut tablet = world.connect("giulia").await;
    let error = tablet.send(room, "eleven").await.expect_err("one too many");
    assert_eq!(error.code, ErrorCode::RateLimited);
    let wait = error.retry_after_ms.expect("when to try again");
    marco.send(room, "another person").await.expect("sent");
    tokio::time::sleep(Duration::from_millis(u64::from(wait))).await;
    giulia.send(room, "eleven").await.expect("after the wait");
    assert_eq!(marco.log(room).await.len(), 12);
}

#[tokio::test(start_paused = true)]
async fn commands_of_every_kind_have_a_rate() {
    let world = World::with(Settings { commands_per_second: 5, ..Settings::default() }).await;
    let mut giulia = world.connect("giulia").await;
    for _ in 0..5 {
        giulia.ask(Command::Ping(Empty {})).await.expect("within the rate");
    }
    assert_eq!(code(giulia.ask(Command::Ping(Empty {})).await), ErrorCode::RateLimited);
}

#[tokio::test(start_paused = true)]
async fn unknown_commands_are_refused_by_name_and_by_tag() {
    let world = World::new().await;
    let mut giulia = world.connect("giulia").await;
    let unknown =
        Command::Unknown(Unknown { tag: 9_999, bytes: Blob::new(vec![1, 2, 3]).expect("fits") });
    assert_eq!(code(giulia.ask(unknown).await), ErrorCode::UnknownCommand);
    giulia.ask(Command::Ping(Empty {})).await.expect("the session goes on");

    let mut raw = world.link_with(&caffis_link::memory::Options {
        codec: caffis_link::Codec::Json,
        ..Default::default()
    });
    raw.codec = Codec::Json;
    raw.hello("marco", Vec::new()).await;
    assert!(matches!(raw.answer(0).await, Ok(Reply::Welcome(_))));
    let ping = Request { id: 5, command: Command::Ping(Empty {}) };
    let json = codec::encode(&ClientFrame::Request(ping), Codec::Json).expect("fits");
    let json = String::from_utf8(json).expect("text");
    raw.send_bytes(json.replace("ping", "teleport")).await;
    assert_eq!(code(raw.answer(5).await), ErrorCode::UnknownCommand);
    raw.send_bytes(json).await;
    raw.answer(5).await.expect("the session goes on");
}

#[tokio::test(start_paused = true)]
async fn ten_malformed_frames_end_the_session() {
    let world = World::new().await;
    let mut giulia = world.connect("giulia").await;
    let frames: [Vec<u8>; 4] = [
        Vec::new(),
        vec![0xff; 10],
        // A ping with a byte left over.
        {
            let ping = Request { id: 5, command: Command::Ping(Empty {}) };
            let mut bytes =
                codec::encode(&ClientFrame::Request(ping), Codec::Binary).expect("fits");
            bytes.push(0);
            bytes
        },
        vec![0; COMMAND_BYTES + 1],
    ];
    for index in 0..9 {
        giulia.raw.send_bytes(frames[index % 4].clone()).await;
        let expected = if index % 4 == 3 { ErrorCode::TooLarge } else { ErrorCode::Malformed };
        assert_eq!(code(giulia.answer(0).await), expected, "{index}");
    }
    giulia.ask(Command::Ping(Empty {})).await.expect("the session still goes on");
    giulia.raw.send_bytes(frames[0].clone()).await;
    assert_eq!(giulia.raw.closed().await, CloseCode::Protocol);
}

#[tokio::test(start_paused = true)]
async fn garbage_in_datagrams_is_dropped() {
    let world = World::new().await;
    let mut giulia = world.connect("giulia").await;
    for size in [0, 1, 7, 500, 1_000] {
        caffis_link::Link::send_datagram(&mut giulia.raw.link, vec![0xee; size].into())
            .expect("sent");
        giulia.settle().await;
    }
    giulia.ask(Command::Ping(Empty {})).await.expect("the session goes on");
}

#[tokio::test(start_paused = true)]
async fn a_session_holds_so_many_rooms_open() {
    let world = World::with(Settings { open_rooms: 3, ..unhurried() }).await;
    let mut giulia = world.connect("giulia").await;
    let mut rooms = Vec::new();
    for _ in 0..4 {
        rooms.push(giulia.group(&[]).await);
    }
    for room in &rooms[..3] {
        giulia.open(*room).await.expect("opened");
        giulia.open(*room).await.expect("again is nothing new");
    }
    assert_eq!(code(giulia.open(rooms[3]).await), ErrorCode::LimitReached);
    giulia.close(rooms[0]).await;
    giulia.open(rooms[3]).await.expect("there is room again");
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_rooms_that_do_not_exist_leave_nothing_in_memory() {
    let world = World::unhurried().await;
    let mut giulia = world.connect("giulia").await;
    for number in 0..10_000 {
        let open = Open { room: RoomId::from_random(number), limit: 1 };
        assert_eq!(code(giulia.ask(Command::Open(open)).await), ErrorCode::NotFound);
    }
    assert_eq!(world.core.statistics().rooms, 0);
}

#[tokio::test(start_paused = true)]
async fn addresses_have_limits_of_their_own() {
    let settings = Settings {
        connections_per_address: 100,
        address_connects_per_second: 150,
        ..Settings::default()
    };
    let world = World::with(settings).await;
    let address: IpAddr = "192.0.2.1".parse().expect("an address");
    let admissions: Vec<_> = (0..200).map(|_| world.core.admit(address)).collect();
    let (let_in, refused): (Vec<_>, Vec<_>) = admissions.into_iter().partition(Result::is_ok);
    assert_eq!((let_in.len(), refused.len()), (100, 100));
    for error in refused.into_iter().filter_map(Result::err) {
        assert_eq!(error.code, ErrorCode::LimitReached);
        assert!(error.retry_after_ms.is_some());
    }
    assert!(world.core.admit("192.0.2.2".parse().expect("an address")).is_ok());
    drop(let_in);
    let again: Vec<_> = (0..60).map(|_| world.core.admit(address)).collect();
    assert_eq!(again.iter().filter(|admission| admission.is_ok()).count(), 50);
    let refused = again.into_iter().find_map(Result::err).expect("too often");
    assert_eq!(refused.code, ErrorCode::RateLimited);
}

#[tokio::test(start_paused = true)]
async fn of_a_herd_everybody_gets_in_by_coming_back_when_told() {
    const HERD: usize = 200;
    let world = World::with(Settings { hellos_at_once: 1, ..unhurried() }).await;
    // A hello takes some time, which is known by now.
    world.faults.set_plan(Plan { delay: Duration::from_millis(40), ..Plan::default() });
    for _ in 0..20 {
        drop(world.connect("giulia").await);
    }
    let start = Instant::now();
    let coming: Vec<_> = (0..HERD)
        .map(|number| {
            let world = &world;
            async move {
                let mut tries = 0;
                loop {
                    tries += 1;
                    let mut raw = world.link();
                    raw.hello(&format!("person-{number}"), Vec::new()).await;
                    match raw.answer(0).await {
                        Ok(_) => return tries,
                        Err(error) => {
                            assert_eq!(error.code, ErrorCode::Unavailable);
                            let after = error.retry_after_ms.expect("when to come back");
                            tokio::time::sleep(Duration::from_millis(after.into())).await;
                        }
                    }
                }
            }
        })
        .collect();
    let tries = futures_util::future::join_all(coming).await;
    let put_off = tries.iter().filter(|tries| **tries > 1).count();
    assert!(put_off > 0, "nobody had to come back");
    assert!(tries.iter().all(|tries| *tries <= 4), "{tries:?}");
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn rooms_that_nobody_uses_leave_memory_and_come_back_whole() {
    let world = World::with(Settings { idle_rooms: 5, ..unhurried() }).await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let mut rooms = Vec::new();
    for index in 0..40 {
        let room = giulia.group(&["marco"]).await;
        giulia.send(room, &format!("{index}")).await.expect("sent");
        rooms.push(room);
    }
    marco.open(rooms[0]).await.expect("opened");
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(world.core.statistics().rooms <= 6, "{:?}", world.core.statistics());
    for (index, room) in rooms.iter().enumerate() {
        let send = caffis_schema::command::Send::new(giulia.key(), *room, text("two"));
        let appended = giulia.appended(Command::Send(send)).await.expect("sent");
        assert_eq!((appended.position.get(), appended.number.get()), (3, 2), "{index}");
    }
    assert_eq!(marco.listed(rooms[7]).await.expect("listed").unread, 2);
}

#[tokio::test(start_paused = true)]
async fn idle_rooms_are_bounded_by_what_they_take() {
    let settings = Settings { idle_bytes: 256 * 1024, ..unhurried() };
    let world = World::with(settings).await;
    let mut giulia = world.connect("giulia").await;
    let long = "x".repeat(8_000);
    for _ in 0..20 {
        let room = giulia.group(&[]).await;
        for _ in 0..5 {
            giulia.send(room, &long).await.expect("sent");
        }
    }
    // Each room takes some 40 KiB: about six of them fit.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let rooms = world.core.statistics().rooms;
    assert!((2..=6).contains(&rooms), "{rooms}");
}
