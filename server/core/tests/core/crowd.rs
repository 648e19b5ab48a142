//! What many people in one room cost: counted, not timed.

use std::time::Duration;

use caffis_core::Settings;
use caffis_schema::{
    ClientFrame, ClientSignal, Command, Event, MessageNumber, RoomId, ServerSignal,
    command::{Mark, Typing},
    room::RoomClass,
};

use crate::client::Client;
use crate::harness::{World, unhurried};

/// Connects so many people.
async fn crowd(world: &World, count: usize) -> Vec<Client> {
    let mut clients = Vec::new();
    for number in 0..count {
        clients.push(world.connect(&format!("person-{number:04}")).await);
    }
    clients
}

/// A group of so many people, of whom each has it open.
async fn open_group(world: &World, count: usize) -> (RoomId, Vec<Client>) {
    let mut clients = crowd(world, count).await;
    let names: Vec<String> = (1..count).map(|number| format!("person-{number:04}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let room = clients[0].group(&names[..names.len().min(99)]).await;
    for client in &mut clients {
        client.open(room).await.expect("opened");
        client.settle().await;
    }
    (room, clients)
}

#[tokio::test(start_paused = true)]
async fn a_message_that_a_hundred_people_read_costs_each_a_few_events() {
    let world = World::unhurried().await;
    let (room, mut clients) = open_group(&world, 100).await;
    let before = world.core.statistics();
    clients[0].send(room, "ciao").await.expect("sent");
    for client in &mut clients[1..] {
        for mark in [Command::MarkDelivered, Command::MarkRead] {
            client.ask(mark(Mark { room, number: MessageNumber(1) })).await.expect("marked");
        }
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let after = world.core.statistics();
    assert_eq!(after.delivered - before.delivered, 100);
    let told = after.told - before.told;
    assert!(told <= 500, "{told} events told that 99 people received and read one message");
    let mut read = std::collections::BTreeMap::new();
    for event in clients[0].settle().await {
        if let Event::Markers(markers) = event {
            read.extend(markers.markers.iter().map(|marker| (marker.user.clone(), marker.read)));
        }
    }
    assert_eq!(
        read.values().filter(|read| **read == MessageNumber(1)).count(),
        99,
        "nobody's marker is lost"
    );
}

#[tokio::test(start_paused = true)]
async fn who_reads_slowly_is_told_all_markers_at_once() {
    let world = World::unhurried().await;
    let (room, mut clients) = open_group(&world, 10).await;
    clients[0].send(room, "ciao").await.expect("sent");
    // A reader whose queue stands still: what is told later takes the place of what waits.
    let mut tablet = crate::slow::narrow(&world, "person-0000").await;
    tablet.open(room).await.expect("opened");
    for index in 0..40 {
        clients[0].send(room, &format!("{index} {}", "x".repeat(1_000))).await.expect("sent");
    }
    for client in &mut clients[1..] {
        client.read(room, 1).await.expect("read");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let told: Vec<_> = tablet
        .settle()
        .await
        .into_iter()
        .filter_map(|event| match event {
            Event::Markers(markers) => Some(markers.markers),
            _ => None,
        })
        .collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        told[0].iter().filter(|marker| marker.read == MessageNumber(1)).count(),
        9,
        "{told:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn walking_into_a_full_cafe_costs_each_one_event_a_second() {
    let world = World::with(Settings { small_room_members: 10, ..unhurried() }).await;
    let mut clients = crowd(&world, 400).await;
    let room = clients[0].ensure("cafe", RoomClass::Public, &[]).await.expect("made").room;
    let before = world.core.statistics().told;
    for client in &mut clients {
        client.open(room).await.expect("walked in");
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let told = world.core.statistics().told - before;
    assert!(told <= 45 + 3 * 400, "{told} events told that 400 people walked in");
    let events = clients[0].settle().await;
    let counts: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Attendance(attendance) => Some((attendance.count, attendance.entered.is_some())),
            _ => None,
        })
        .collect();
    assert_eq!(counts.iter().filter(|(_, named)| *named).count(), 9, "{counts:?}");
    assert_eq!(counts.last(), Some(&(400, false)), "{counts:?}");
    // Walking out is told the same way, and by name again once few are left.
    let mut clients = clients.into_iter();
    let mut first = clients.next().expect("one");
    let mut second = clients.next().expect("another");
    drop(clients);
    tokio::time::sleep(Duration::from_secs(3)).await;
    second.close(room).await;
    let left = first.settle().await.into_iter().filter_map(|event| match event {
        Event::Attendance(attendance) => Some((attendance.count, attendance.exited)),
        _ => None,
    });
    let left: Vec<_> = left.collect();
    let (count, exited) = left.last().expect("told");
    assert_eq!((*count, exited.as_ref().map(|user| user.as_str())), (1, Some("person-0001")));
}

#[tokio::test(start_paused = true)]
async fn a_message_in_a_full_cafe_costs_one_event_for_each_session() {
    let world = World::with(Settings { small_room_members: 10, ..unhurried() }).await;
    for count in [20, 200] {
        let mut clients = crowd(&world, count).await;
        let room = clients[0].ensure("cafe", RoomClass::Public, &[]).await.expect("made").room;
        for client in &mut clients {
            client.open(room).await.expect("walked in");
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        let before = world.core.statistics();
        clients[0].send(room, "ciao").await.expect("sent");
        for (index, client) in clients.iter_mut().enumerate() {
            type_in(client, room, u32::try_from(index).expect("few")).await;
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        let after = world.core.statistics();
        assert_eq!(after.delivered - before.delivered, count as u64);
        assert_eq!(after.told, before.told, "nobody is told to type in a large room");
    }
}

async fn type_in(client: &mut Client, room: RoomId, index: u32) {
    let typing = Typing { room, counter: index + 1, active: true };
    client.raw.send(&ClientFrame::Signal(ClientSignal::Typing(typing))).await;
}

#[tokio::test(start_paused = true)]
async fn a_few_people_at_a_time_are_told_to_type() {
    let world = World::unhurried().await;
    let (room, mut clients) = open_group(&world, 20).await;
    let before = world.core.statistics().told;
    for (index, client) in clients.iter_mut().enumerate() {
        type_in(client, room, u32::try_from(index).expect("few")).await;
    }
    clients[19].settle().await;
    let mut typists: Vec<_> = clients[19]
        .signals
        .iter()
        .filter_map(|signal| match signal {
            ServerSignal::Typing(by) => Some(by.user.clone()),
            _ => None,
        })
        .collect();
    typists.dedup();
    assert_eq!(typists.len(), 8);
    assert_eq!(world.core.statistics().told - before, 8 * 19);
}

#[tokio::test(start_paused = true)]
async fn open_rooms_do_not_push_idle_ones_out_of_memory() {
    let world = World::with(Settings { idle_rooms: 3, ..unhurried() }).await;
    let mut giulia = world.connect("giulia").await;
    let mut rooms = Vec::new();
    for _ in 0..5 {
        let room = giulia.group(&[]).await;
        giulia.open(room).await.expect("opened");
        rooms.push(room);
    }
    for _ in 0..10 {
        giulia.group(&[]).await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    // Another one becomes idle: rooms that had something unsaved were passed over until now.
    giulia.group(&[]).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(world.core.statistics().rooms, 5 + 3);
    for room in rooms {
        giulia.close(room).await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(world.core.statistics().rooms, 3);
}
