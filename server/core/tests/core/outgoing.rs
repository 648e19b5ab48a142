//! Webhooks to other services: what they are told, when, how often, and in what order.

use std::{collections::BTreeSet, time::Duration};

use caffis_core::tables::{self, DeadLetterRow, RetryRow};
use caffis_schema::{
    Command, List, Position, RoomId, Text, Timestamp,
    command::{Delete, Edit, Mute},
    hooks::{
        HookEvent,
        users::{QuietHours, UserUpserted},
        values::{ClockTime, TimeZone, Version},
    },
};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::{
    NODES,
    harness::{World, text, user},
    receiver::{Mood, Receiver},
};

/// How soon an endpoint hears when nothing is in the way.
pub(crate) const SOON: Duration = Duration::from_secs(1);

pub(crate) async fn pass(world: &World, time: Duration) {
    let step = Duration::from_millis(250);
    let end = Instant::now() + time;
    while Instant::now() < end {
        world.clock.advance(step);
        sleep(step).await;
    }
}

/// Much time passes, in larger steps.
pub(crate) async fn pass_long(world: &World, time: Duration) {
    let step = Duration::from_secs(5);
    let end = Instant::now() + time;
    while Instant::now() < end {
        world.clock.advance(step);
        sleep(step).await;
    }
}

/// Sends numbered messages to rooms, as somebody who comes for that.
pub(crate) async fn write(world: &World, rooms: &[RoomId], numbers: std::ops::Range<usize>) {
    let mut giulia = world.connect("giulia").await;
    for number in numbers {
        for room in rooms {
            giulia.send(*room, &format!("m{number}")).await.expect("sent");
        }
    }
    giulia.leave_session().await;
}

/// An endpoint was told of these messages in each room, in their order.
pub(crate) fn check(
    receiver: &Receiver,
    endpoint: &str,
    rooms: &[RoomId],
    numbers: std::ops::Range<usize>,
) {
    let told = receiver.messages(endpoint);
    for room in rooms {
        let expected: Vec<_> = numbers.clone().map(|number| format!("m{number}")).collect();
        assert_eq!(told.get(&room.to_string()), Some(&expected), "{endpoint}, {room}");
    }
}

pub(crate) async fn waiting(world: &World) -> Vec<RetryRow> {
    let mut found = Vec::new();
    for shard in 0..256_u64 {
        let partition = RetryRow::partition(&shard);
        let rows = tables::partition(world.raw_store(), partition, 1_000).await;
        found.extend(rows.expect("read"));
    }
    found
}

pub(crate) async fn dead(world: &World, endpoint: &str) -> Vec<DeadLetterRow> {
    let mut found: Vec<DeadLetterRow> = Vec::new();
    for shard in 0..256_u64 {
        let partition = DeadLetterRow::partition(&endpoint.into(), &shard);
        let rows = tables::partition(world.raw_store(), partition, 1_000).await;
        found.extend(rows.expect("read"));
    }
    found.sort_by_key(|row| (row.died, row.id.clone()));
    found
}

/// A world with one endpoint, and rooms of giulia and marco.
pub(crate) async fn rooms(
    receiver: &Receiver,
    names: &[(&str, &[&str])],
    count: usize,
) -> (World, Vec<RoomId>) {
    let world = World::telling(receiver.endpoints(names)).await;
    pass(&world, SOON).await;
    let [mut giulia, marco] = world.people(["giulia", "marco"]).await;
    let mut rooms = Vec::new();
    for _ in 0..count {
        rooms.push(giulia.group(&["marco"]).await);
    }
    giulia.leave_session().await;
    marco.leave_session().await;
    pass(&world, SOON).await;
    (world, rooms)
}

pub(crate) const MESSAGES: &[&str] = &["chat.message.created"];

#[tokio::test(start_paused = true)]
async fn a_service_hears_at_once_for_whom_a_message_is_and_how_they_can_be_reached() {
    let receiver = Receiver::default();
    let world = World::telling(receiver.endpoints(&[("push", &["chat.*"])])).await;
    pass(&world, SOON).await;
    let clock = |text| ClockTime::new(text).expect("a time");
    // The tests begin at midnight UTC, which is one o'clock in Rome.
    let sara = HookEvent::UserUpserted(UserUpserted {
        id: user("sara"),
        version: Version::new(1).expect("a version"),
        name: Text::cut("Sara"),
        picture: None,
        locale: None,
        time_zone: TimeZone::new("Europe/Rome").ok(),
        quiet_hours: Some(QuietHours { start: clock("00:30"), end: clock("07:00") }),
        roles: List::default(),
    });
    world.deliver("1", sara).await.expect("applied");
    let [mut giulia, mut marco, luca] = world.people(["giulia", "marco", "luca"]).await;
    let room = giulia.group(&["marco", "sara", "luca"]).await;
    luca.leave_session().await;
    let muted = Mute { room, until: Some(Timestamp::MAX) };
    marco.ask(Command::Mute(muted)).await.expect("muted");
    pass(&world, Duration::from_secs(5)).await;
    giulia.send(room, "  Ci vediamo alle otto?  ").await.expect("sent");
    pass(&world, SOON).await;
    let taken = receiver.taken("push");
    assert_eq!(taken.len(), 1, "{taken:?}");
    let data = &taken[0].body["data"];
    assert_eq!(taken[0].id, format!("evt_{room}_2_push"));
    let expected = json!({
        "room": {
            "id": room.to_string(), "class": "social", "name": data["room"]["name"],
            "context": {"kind": "group", "id": data["room"]["context"]["id"]},
        },
        "position": 2, "number": 1, "sender": "giulia", "body": "text",
        "preview": "Ci vediamo alle otto?", "recipient_count": 3,
        "recipients": [
            {"user": "luca", "offline": true, "quiet": false, "muted": false, "mentioned": false},
            {"user": "marco", "offline": false, "quiet": false, "muted": true, "mentioned": false},
            {"user": "sara", "offline": true, "quiet": true, "muted": false, "mentioned": false},
        ],
    });
    assert_eq!(*data, expected);
    drop(marco);
}

#[tokio::test(start_paused = true)]
async fn every_kind_is_told_in_the_order_of_the_room() {
    let receiver = Receiver::default();
    let world =
        World::telling(receiver.endpoints(&[("all", &["*"]), ("rooms", &["room.*"])])).await;
    pass(&world, SOON).await;
    let [mut giulia, mut marco, _sara] = world.people(["giulia", "marco", "sara"]).await;
    let room = giulia.group(&["marco"]).await;
    giulia.add(room, &["sara"]).await.expect("added");
    giulia.send(room, "ciao").await.expect("sent");
    let (key, position, body) = (giulia.key(), Position(3), text("ciao a tutti"));
    giulia.ask(Command::Edit(Edit::words(key, room, position, body))).await.expect("edited");
    pass(&world, SOON).await;
    let key = giulia.key();
    giulia.ask(Command::Delete(Delete { key, room, position })).await.expect("deleted");
    giulia.remove(room, "sara").await.expect("removed");
    marco.leave(room).await.expect("left");
    pass(&world, SOON).await;
    let kinds = |endpoint| -> Vec<String> {
        let taken = receiver.taken(endpoint);
        taken.iter().map(|seen| seen.body["type"].as_str().expect("a kind").to_owned()).collect()
    };
    let expected = [
        "room.created",
        "member.joined",
        "chat.message.created",
        "chat.message.edited",
        "chat.message.deleted",
        "member.left",
        "member.left",
    ];
    assert_eq!(kinds("all"), expected);
    assert_eq!(kinds("rooms"), ["room.created"]);
    let all = receiver.taken("all");
    let data = |at: usize| &all[at].body["data"];
    assert_eq!(data(0)["members"], json!(["giulia", "marco"]));
    assert_eq!((&data(0)["by"], &data(0)["position"]), (&json!("giulia"), &json!(1)));
    assert_eq!((&data(1)["users"], &data(1)["by"]), (&json!(["sara"]), &json!("giulia")));
    assert_eq!((&data(3)["preview"], &data(3)["revision"]), (&json!("ciao a tutti"), &json!(1)));
    for at in [3, 4] {
        assert_eq!((&data(at)["message"], &data(at)["number"]), (&json!(3), &json!(1)));
    }
    assert_eq!(data(4)["by"], json!("giulia"));
    assert_eq!((&data(5)["user"], &data(5)["by"]), (&json!("sara"), &json!("giulia")));
    assert_eq!((&data(6)["user"], &data(6)["by"]), (&json!("marco"), &json!("marco")));
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_is_gone_for_long_loses_nothing_and_makes_nobody_late() {
    let receiver = Receiver::default();
    let (mut world, rooms) = rooms(&receiver, &[("bad", MESSAGES), ("good", MESSAGES)], 5).await;
    receiver.set("bad", Mood::Gone);
    write(&world, &rooms, 0..3).await;
    pass(&world, SOON).await;
    check(&receiver, "good", &rooms, 0..3);
    let before = receiver.attempts("bad").len();
    pass_long(&world, Duration::from_secs(4 * 3_600)).await;
    let tried = receiver.attempts("bad").len() - before;
    assert!((200..=700).contains(&tried), "one attempt in a minute or so: {tried}");
    assert_eq!(waiting(&world).await.len(), rooms.len());
    // A crash forgets nothing of what waits.
    world.restart().await;
    write(&world, &rooms, 3..5).await;
    pass(&world, SOON).await;
    check(&receiver, "good", &rooms, 0..5);
    pass_long(&world, Duration::from_secs(3_600)).await;
    assert!(receiver.taken("bad").is_empty());
    receiver.set("bad", None);
    pass(&world, Duration::from_secs(70)).await;
    check(&receiver, "bad", &rooms, 0..5);
    assert_eq!(receiver.doubles("bad"), 0);
    assert_eq!(waiting(&world).await, []);
    assert_eq!(dead(&world, "bad").await, []);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_fails_holds_up_its_room_and_no_other() {
    let receiver = Receiver::default();
    let (world, rooms) = rooms(&receiver, &[("push", MESSAGES)], 4).await;
    receiver.set("push", Mood::SaysTo("poison", 500));
    let mut giulia = world.connect("giulia").await;
    giulia.send(rooms[0], "poison").await.expect("sent");
    drop(giulia);
    write(&world, &rooms, 0..20).await;
    pass(&world, SOON).await;
    check(&receiver, "push", &rooms[1..], 0..20);
    assert_eq!(receiver.messages("push").get(&rooms[0].to_string()), None);
    // Its attempts come later each time, from 5 s on.
    pass(&world, Duration::from_secs(120)).await;
    let tried: Vec<_> = receiver.attempts("push").into_iter().filter(|seen| !seen.taken).collect();
    let ids: BTreeSet<_> = tried.iter().map(|seen| &seen.id).collect();
    assert_eq!(ids.len(), 1);
    let waits: Vec<f64> =
        tried.windows(2).map(|two| (two[1].at - two[0].at).as_secs_f64()).collect();
    for (number, wait) in waits.iter().enumerate() {
        let most = 5.0 * f64::from(1 << number);
        assert!(*wait >= most / 2.0 && *wait <= most + 1.1, "{waits:?}");
    }
    assert!(waits.len() >= 4, "{waits:?}");
    receiver.set("push", None);
    pass(&world, Duration::from_secs(200)).await;
    let told = receiver.messages("push");
    assert_eq!(told[&rooms[0].to_string()].len(), 21);
    assert_eq!(told[&rooms[0].to_string()][0], "poison");
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_is_busy_is_left_alone_as_long_as_it_asks() {
    let receiver = Receiver::default();
    let (world, rooms) = rooms(&receiver, &[("push", MESSAGES)], 3).await;
    receiver.set("push", Mood::Says(429, Some(120)));
    write(&world, &rooms, 0..1).await;
    pass(&world, SOON).await;
    let first = receiver.attempts("push").len();
    assert!((1..=rooms.len()).contains(&first), "{first}");
    receiver.set("push", None);
    write(&world, &rooms, 1..2).await;
    pass(&world, Duration::from_secs(115)).await;
    assert_eq!(receiver.attempts("push").len(), first, "it is left alone");
    pass(&world, Duration::from_secs(10)).await;
    check(&receiver, "push", &rooms, 0..2);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_hangs_makes_no_other_late_and_has_few_attempts_under_way() {
    let receiver = Receiver::default();
    let (world, rooms) = rooms(&receiver, &[("hangs", MESSAGES), ("good", MESSAGES)], 40).await;
    receiver.set("hangs", Mood::Hangs(Duration::from_secs(15)));
    for round in 0..4 {
        write(&world, &rooms, round..round + 1).await;
        pass(&world, SOON).await;
        check(&receiver, "good", &rooms, 0..round + 1);
    }
    assert!(receiver.most_under_way() <= 16 * NODES, "{}", receiver.most_under_way());
    receiver.set("hangs", None);
    pass(&world, Duration::from_secs(150)).await;
    check(&receiver, "hangs", &rooms, 0..4);
}

#[tokio::test(start_paused = true)]
async fn a_crash_in_the_middle_loses_nothing_and_an_end_in_order_doubles_nothing() {
    let receiver = Receiver::default();
    let (mut world, rooms) = rooms(&receiver, &[("push", MESSAGES)], 6).await;
    receiver.takes(Duration::from_millis(40));
    for round in 0..5 {
        write(&world, &rooms, 4 * round..4 * round + 4).await;
        if round == 2 {
            world.restart_in_order().await;
            let doubles = receiver.doubles("push");
            pass(&world, Duration::from_secs(10)).await;
            assert_eq!(receiver.doubles("push"), doubles);
        } else {
            sleep(Duration::from_millis(60)).await;
            world.restart().await;
            pass(&world, Duration::from_secs(2)).await;
        }
    }
    pass(&world, Duration::from_secs(10)).await;
    check(&receiver, "push", &rooms, 0..20);
    for seen in receiver.taken("push") {
        let data = &seen.body["data"];
        let room = data["room"]["id"].as_str().expect("an id");
        assert_eq!(seen.id, format!("evt_{room}_{}_push", data["position"]));
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_is_new_hears_what_happens_from_then_on() {
    let receiver = Receiver::default();
    let (mut world, rooms) = rooms(&receiver, &[("old", MESSAGES)], 2).await;
    write(&world, &rooms, 0..100).await;
    pass(&world, Duration::from_secs(5)).await;
    world.endpoints(receiver.endpoints(&[("old", MESSAGES), ("new", MESSAGES)]));
    world.restart_in_order().await;
    pass(&world, Duration::from_secs(5)).await;
    assert!(receiver.attempts("new").is_empty());
    write(&world, &rooms, 100..170).await;
    pass(&world, SOON).await;
    check(&receiver, "old", &rooms, 0..170);
    check(&receiver, "new", &rooms, 100..170);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_woke_is_found_a_few_minutes_later() {
    let receiver = Receiver::default();
    let (world, rooms) = rooms(&receiver, &[("push", MESSAGES)], 3).await;
    // The store fails whenever something is read or written for the endpoint.
    receiver.set("push", Mood::Gone);
    write(&world, &rooms, 0..2).await;
    world.faults.set_plan(caffis_conformance::faulty::Plan {
        unavailable: 1_000,
        unavailable_reads: 1_000,
        ..Default::default()
    });
    pass(&world, Duration::from_secs(20)).await;
    world.faults.set_plan(Default::default());
    receiver.set("push", None);
    pass(&world, Duration::from_secs(240)).await;
    check(&receiver, "push", &rooms, 0..2);
}

#[tokio::test(start_paused = true)]
async fn how_people_are_is_told_once_to_those_who_ask_for_it() {
    let receiver = Receiver::default();
    let endpoints = receiver.endpoints(&[("all", &["*"]), ("who", &["user.presence"])]);
    let world = World::telling(endpoints).await;
    pass(&world, SOON).await;
    let [giulia, _marco] = world.people(["giulia", "marco"]).await;
    pass(&world, SOON).await;
    receiver.set("who", Mood::Says(503, None));
    giulia.leave_session().await;
    pass(&world, Duration::from_secs(20)).await;
    receiver.set("who", None);
    pass(&world, Duration::from_secs(60)).await;
    let taken = receiver.taken("who");
    let edges: Vec<_> = taken
        .iter()
        .map(|seen| (seen.body["data"]["user"].clone(), seen.body["data"]["availability"].clone()))
        .collect();
    let of = |name: &str| -> Vec<_> {
        edges.iter().filter(|(user, _)| user == name).map(|(_, how)| how.clone()).collect()
    };
    assert_eq!(of("giulia"), ["online", "offline"]);
    assert_eq!(of("marco")[0], "online");
    assert_eq!(receiver.doubles("who"), 0);
    assert!(receiver.attempts("all").is_empty());
}
