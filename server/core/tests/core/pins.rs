//! Pinning messages.

use std::time::Duration;

use caffis_core::tables::PinsRow;
use caffis_schema::{
    Command, EntryKind, Error, ErrorCode, Position, Reply, RoomId,
    command::{Delete, Pin, Pins},
    limits::PINS,
    reply::{Appended, PinList},
    room::{HistoryPolicy, Role, RoomClass},
};

use crate::{
    client::Client,
    harness::{World, code},
};

async fn pin(
    client: &mut Client,
    room: RoomId,
    position: u64,
    pin: bool,
) -> Result<Appended, Error> {
    let (key, position) = (client.key(), Position(position));
    client.appended(Command::Pin(Pin { key, room, position, pin })).await
}

async fn list(client: &mut Client, room: RoomId) -> Result<PinList, Error> {
    match client.ask(Command::Pins(Pins { room })).await? {
        Reply::Pins(list) => Ok(list),
        other => panic!("answered with {other:?}"),
    }
}

/// The positions of the messages that are pinned, oldest pin first.
async fn pinned(client: &mut Client, room: RoomId) -> Vec<u64> {
    let list = list(client, room).await.expect("pins");
    list.pins.iter().map(|pin| pin.message.get()).collect()
}

#[tokio::test(start_paused = true)]
async fn everybody_sees_the_same_pins_in_the_same_order() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    for words in ["one", "two", "three"] {
        giulia.send(room, words).await.expect("sent");
    }
    marco.settle().await;
    let done = pin(&mut giulia, room, 3, true).await.expect("pinned");
    assert_eq!((done.position.get(), done.number.get()), (5, 0));
    let entry = marco.entry().await;
    let EntryKind::Pinned(told) = &entry.kind else { panic!("{entry:?}") };
    assert_eq!((told.message, told.number.get(), told.pinned), (Position(3), 2, true));
    for (message, on) in [(2, true), (4, true), (4, true), (2, false), (2, false)] {
        pin(&mut giulia, room, message, on).await.expect("done");
    }
    // What is so already makes no entry.
    assert_eq!(giulia.positions(room).await, [1, 2, 3, 4, 5, 6, 7, 8]);
    for _ in 0..2 {
        assert_eq!(pinned(&mut giulia, room).await, [3, 4]);
        let PinList { pins, head } = list(&mut marco, room).await.expect("pins");
        assert_eq!(head, Position(8));
        let first = pins.first().expect("a pin");
        assert_eq!(first.by.as_ref().map(|by| by.as_str()), Some("giulia"));
        assert_eq!((first.position, first.time), (Position(5), done.time));
        world.restart().await;
        giulia = world.connect("giulia").await;
        marco = world.connect("marco").await;
    }
    // A message that is deleted is pinned no longer.
    let (key, position) = (giulia.key(), Position(3));
    giulia.ask(Command::Delete(Delete { key, room, position })).await.expect("deleted");
    assert_eq!(pinned(&mut marco, room).await, [4]);
    assert_eq!(code(pin(&mut giulia, room, 3, true).await), ErrorCode::Deleted);
    world.restart().await;
    let mut marco = world.connect("marco").await;
    assert_eq!(pinned(&mut marco, room).await, [4]);
}

#[tokio::test(start_paused = true)]
async fn there_are_only_so_many() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.direct("marco").await.expect("made").room;
    for number in 0..=PINS as u64 {
        giulia.send(room, "ciao").await.expect("sent");
        let pinned = pin(&mut marco, room, 2 + 2 * number, true).await;
        if number == PINS as u64 {
            assert_eq!(code(pinned), ErrorCode::LimitReached);
        } else {
            pinned.expect("pinned");
        }
    }
    assert_eq!(pinned(&mut giulia, room).await.len(), PINS);
    pin(&mut giulia, room, 2, false).await.expect("taken back");
    pin(&mut giulia, room, 2 + 2 * PINS as u64, true).await.expect("there is a place");
}

#[tokio::test(start_paused = true)]
async fn who_may_pin_what() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let room = giulia.group_with(&["marco"], HistoryPolicy::FromJoining).await;
    giulia.send(room, "ciao").await.expect("sent");
    for nothing in [1, 3, u64::MAX >> 11] {
        assert_eq!(code(pin(&mut giulia, room, nothing, true).await), ErrorCode::NotFound);
    }
    assert_eq!(code(pin(&mut marco, room, 2, true).await), ErrorCode::Forbidden);
    assert_eq!(code(pin(&mut anna, room, 2, true).await), ErrorCode::NotFound);
    assert_eq!(code(list(&mut anna, room).await), ErrorCode::NotFound);
    pin(&mut giulia, room, 2, true).await.expect("pinned");
    assert_eq!(code(pin(&mut marco, room, 2, false).await), ErrorCode::Forbidden);
    giulia.role(room, "marco", Role::Admin).await.expect("an admin");
    pin(&mut marco, room, 2, false).await.expect("taken back");
    pin(&mut marco, room, 2, true).await.expect("pinned");
    // Who joined later does not see what lies before.
    giulia.add(room, &["anna"]).await.expect("added");
    assert_eq!(pinned(&mut anna, room).await, [0; 0]);
    // In a conversation of two both may.
    let direct = giulia.direct("marco").await.expect("made").room;
    giulia.send(direct, "ciao").await.expect("sent");
    pin(&mut marco, direct, 2, true).await.expect("pinned");
    pin(&mut giulia, direct, 2, false).await.expect("taken back");
    // A service that manages members may in its rooms, and in those of evidence too.
    let mut service = world.service().await;
    for (context, class) in [("meetup", RoomClass::Social), ("booking", RoomClass::Evidence)] {
        let made = service.ensure(context, class, &["giulia"]).await.expect("made").room;
        giulia.send(made, "ciao").await.expect("sent");
        assert_eq!(code(pin(&mut giulia, made, 2, true).await), ErrorCode::Forbidden);
        pin(&mut service, made, 2, true).await.expect("pinned");
        let list = list(&mut giulia, made).await.expect("pins");
        assert!(list.pins.first().is_some_and(|pin| pin.by.is_none()));
    }
    assert_eq!(code(pin(&mut service, room, 2, true).await), ErrorCode::NotFound);
    let cafe = giulia.ensure("cafe", RoomClass::Public, &[]).await.expect("made").room;
    giulia.open(cafe).await.expect("opened");
    giulia.send(cafe, "ciao").await.expect("sent");
    assert_eq!(code(pin(&mut giulia, cafe, 2, true).await), ErrorCode::Forbidden);
}

#[tokio::test(start_paused = true)]
async fn a_pin_is_done_once_and_survives_its_owner() {
    let mut world = World::unhurried().await;
    let [mut giulia] = world.people(["giulia"]).await;
    let room = giulia.group(&[]).await;
    giulia.send(room, "ciao").await.expect("sent");
    let (key, position) = (giulia.key(), Position(2));
    let command = Command::Pin(Pin { key, room, position, pin: true });
    let first = giulia.appended(command.clone()).await.expect("pinned");
    pin(&mut giulia, room, 2, false).await.expect("taken back");
    assert_eq!(giulia.appended(command).await.expect("the same answer"), first);
    assert_eq!(pinned(&mut giulia, room).await, [0; 0]);
    pin(&mut giulia, room, 2, true).await.expect("pinned");
    tokio::time::sleep(Duration::from_secs(3)).await;
    // As if the owner had stopped when the last entry was durable, and not the room's pins with it.
    let mut batch = world.batch();
    batch.delete::<PinsRow>(PinsRow::key(&room));
    world.raw_store().write(batch).await.expect("written");
    world.restart().await;
    let mut giulia = world.connect("giulia").await;
    assert_eq!(pinned(&mut giulia, room).await, [2]);
}
