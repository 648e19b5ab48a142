//! How far people have come.

use std::time::Duration;

use caffis_conformance::faulty::{Fault, Plan};
use caffis_schema::{
    Command, ErrorCode, Event, Outcome, RoomId,
    command::{Mark, SetPreferences},
};

use crate::client::Client;
use crate::harness::{World, code};

/// The markers of others and the own ones that a session hears.
async fn markers(client: &mut Client) -> Vec<String> {
    let told = client.settle().await.into_iter().filter_map(|event| match event {
        Event::Marker(m) => {
            let marker = m.marker;
            Some(format!("{} {}/{}", marker.user, marker.delivered, marker.read))
        }
        Event::OwnRead(own) => Some(format!("own {} unread {}", own.read, own.unread)),
        _ => None,
    });
    told.collect()
}

async fn mark(client: &mut Client, mark: fn(Mark) -> Command, room: RoomId, number: u64) {
    client.ask(mark(Mark { room, number })).await.expect("marked");
}

async fn counts(client: &mut Client, room: RoomId) -> (u64, u64) {
    let listed = client.listed(room).await.expect("listed");
    (listed.read, listed.unread)
}

#[tokio::test(start_paused = true)]
async fn markers_are_told_and_kept() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let mut tablet = world.connect("marco").await;
    let room = giulia.group(&["marco"]).await;
    for _ in 0..5 {
        giulia.send(room, "ciao").await.expect("sent");
    }
    giulia.open(room).await.expect("opened");
    giulia.settle().await;
    tablet.settle().await;
    assert_eq!(counts(&mut marco, room).await, (0, 5));
    assert_eq!(counts(&mut giulia, room).await, (5, 0), "one's own messages are read");
    mark(&mut marco, Command::MarkDelivered, room, 4).await;
    assert_eq!(markers(&mut giulia).await, ["marco 4/0"]);
    mark(&mut marco, Command::MarkRead, room, 3).await;
    assert_eq!(markers(&mut giulia).await, ["marco 4/3"]);
    assert_eq!(markers(&mut tablet).await, ["own 3 unread 2"]);
    // Never backwards.
    mark(&mut marco, Command::MarkRead, room, 2).await;
    assert_eq!(markers(&mut giulia).await, [""; 0]);
    assert_eq!(counts(&mut tablet, room).await, (3, 2));
    let refused = marco.ask(Command::MarkRead(Mark { room, number: 6 })).await;
    assert_eq!(code(refused), ErrorCode::OutOfRange);
    world.restart().await;
    let mut marco = world.connect("marco").await;
    assert_eq!(counts(&mut marco, room).await, (3, 2));
    let opened = marco.open(room).await.expect("opened");
    let own = opened.markers.iter().find(|marker| marker.user.as_str() == "marco").expect("one");
    assert_eq!(own.read, 3);
}

#[tokio::test(start_paused = true)]
async fn delivered_markers_reach_the_store_in_a_moment_also_when_it_fails_at_first() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    giulia.send(room, "ciao").await.expect("sent");
    tokio::time::sleep(Duration::from_secs(3)).await;
    mark(&mut marco, Command::MarkDelivered, room, 1).await;
    world.faults.set_plan(Plan { unavailable: 1_000, ..Plan::default() });
    tokio::time::sleep(Duration::from_secs(5)).await;
    world.faults.set_plan(Plan::default());
    tokio::time::sleep(Duration::from_secs(2)).await;
    world.restart().await;
    let mut giulia = world.connect("giulia").await;
    let opened = giulia.open(room).await.expect("opened");
    let marco = opened.markers.iter().find(|marker| marker.user.as_str() == "marco").expect("one");
    assert_eq!(marco.delivered, 1);
}

#[tokio::test(start_paused = true)]
async fn unread_is_marked_for_oneself_alone() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    for _ in 0..5 {
        giulia.send(room, "ciao").await.expect("sent");
    }
    giulia.open(room).await.expect("opened");
    marco.read(room, 5).await.expect("read");
    markers(&mut giulia).await;
    marco.settle().await;
    mark(&mut marco, Command::MarkUnread, room, 4).await;
    assert_eq!(markers(&mut marco).await, ["own 3 unread 2"]);
    assert_eq!(markers(&mut giulia).await, [""; 0], "others see what was read");
    assert_eq!(counts(&mut marco, room).await, (3, 2));
    marco.read(room, 5).await.expect("read");
    assert_eq!(counts(&mut marco, room).await, (5, 0));
    assert_eq!(markers(&mut giulia).await, [""; 0], "nor that the mark is gone");
}

#[tokio::test(start_paused = true)]
async fn reading_goes_on_from_where_a_room_was_marked_as_unread() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let mut tablet = world.connect("marco").await;
    let room = giulia.group(&["marco"]).await;
    for _ in 0..5 {
        giulia.send(room, "ciao").await.expect("sent");
    }
    giulia.open(room).await.expect("opened");
    marco.read(room, 5).await.expect("read");
    mark(&mut marco, Command::MarkUnread, room, 2).await;
    markers(&mut giulia).await;
    markers(&mut tablet).await;
    // A device that is behind takes nothing back.
    marco.read(room, 1).await.expect("read");
    assert_eq!(markers(&mut tablet).await, [""; 0]);
    marco.read(room, 3).await.expect("read");
    assert_eq!(markers(&mut tablet).await, ["own 3 unread 2"]);
    assert_eq!(counts(&mut marco, room).await, (3, 2));
    assert_eq!(markers(&mut giulia).await, [""; 0], "others see what was read");
    world.restart().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    assert_eq!(counts(&mut marco, room).await, (3, 2));
    let opened = giulia.open(room).await.expect("opened");
    let of_marco = opened.markers.iter().find(|m| m.user.as_str() == "marco").expect("one");
    assert_eq!(of_marco.read, 5);
    marco.read(room, 5).await.expect("read");
    assert_eq!(counts(&mut marco, room).await, (5, 0));
    giulia.send(room, "ciao").await.expect("sent");
    assert_eq!(counts(&mut marco, room).await, (5, 1), "nothing is left of the mark");
}

#[tokio::test(start_paused = true)]
async fn private_readers_are_not_told_of() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let mut tablet = world.connect("marco").await;
    let room = giulia.group(&["marco"]).await;
    giulia.send(room, "ciao").await.expect("sent");
    giulia.open(room).await.expect("opened");
    let private = SetPreferences { private_receipts: true };
    marco.ask(Command::SetPreferences(private)).await.expect("set");
    markers(&mut giulia).await;
    tablet.settle().await;
    marco.read(room, 1).await.expect("read");
    assert_eq!(markers(&mut giulia).await, ["marco 1/0"]);
    assert_eq!(markers(&mut tablet).await, ["own 1 unread 0"]);
    let opened = giulia.open(room).await.expect("opened");
    let of_marco = opened.markers.iter().find(|m| m.user.as_str() == "marco").expect("one");
    assert_eq!(of_marco.read, 0);
    assert!(world.connect("marco").await.welcome().own.private_receipts);
}

#[tokio::test(start_paused = true)]
async fn a_marker_that_the_store_refuses_at_first_is_not_lost() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    giulia.send(room, "ciao").await.expect("sent");
    tokio::time::sleep(Duration::from_secs(3)).await;
    world.faults.fail_next_write(Fault::Unavailable);
    let error = marco.read(room, 1).await.expect_err("not stored yet");
    assert_eq!((error.outcome, error.code), (Outcome::Unknown, ErrorCode::Unavailable));
    marco.read(room, 1).await.expect("asked again");
    tokio::time::sleep(Duration::from_secs(3)).await;
    world.restart().await;
    let mut marco = world.connect("marco").await;
    assert_eq!(counts(&mut marco, room).await, (1, 0));
}
