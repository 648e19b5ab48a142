//! Pinning, archiving and hiding rooms in one's own list.

use std::time::Duration;

use caffis_core::{
    ports::clock::Clock,
    tables::{self, PlacementRow},
};
use caffis_schema::{
    Command, ErrorCode, Event, Reply, RoomId, Timestamp,
    command::{Mute, Rooms},
    limits::PINNED_ROOMS,
    placement::{Placed, Placement, SetPlacement},
    room::RoomClass,
};

use crate::{
    client::Client,
    harness::{World, user},
};

async fn place(client: &mut Client, room: RoomId, placement: Placement) -> Result<(), ErrorCode> {
    let command = Command::SetPlacement(SetPlacement { room, placement });
    client.ask(command).await.map(|_| ()).map_err(|error| error.code)
}

/// Where a room stands, and the number of its last message at that time, as its person's list says.
async fn placed(client: &mut Client, room: RoomId) -> (Placement, u64) {
    let Placed { placement, number } = client.listed(room).await.expect("listed").placed;
    (placement, number.get())
}

fn told(events: Vec<Event>) -> Vec<(RoomId, Placement, u64)> {
    let told = events.into_iter().filter_map(|event| match event {
        Event::Placed(told) => Some((told.room, told.placed.placement, told.placed.number.get())),
        _ => None,
    });
    told.collect()
}

#[tokio::test(start_paused = true)]
async fn a_room_is_placed_on_all_devices_and_for_oneself_alone() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let mut tablet = world.connect("marco").await;
    let room = giulia.group(&["marco"]).await;
    giulia.send(room, "ciao").await.expect("sent");
    for client in [&mut giulia, &mut marco, &mut tablet] {
        client.settle().await;
    }
    for placement in [Placement::Pinned, Placement::Hidden, Placement::Archived] {
        assert_eq!(place(&mut marco, room, placement).await, Ok(()));
        for own in [&mut marco, &mut tablet] {
            assert_eq!(told(own.settle().await), [(room, placement, 1)]);
            assert_eq!(placed(own, room).await, (placement, 1));
            let opened = own.open(room).await.expect("opened");
            assert_eq!(opened.room.placed.placement, placement);
        }
    }
    // Doing what is done already is told to nobody.
    assert_eq!(place(&mut marco, room, Placement::Archived).await, Ok(()));
    assert_eq!(told(tablet.settle().await), []);
    assert_eq!(told(giulia.settle().await), [], "others do not hear of it");
    assert_eq!(placed(&mut giulia, room).await, (Placement::Listed, 0));
    world.restart().await;
    let mut marco = world.connect("marco").await;
    let welcome = marco.welcome().rooms.iter().map(|room| room.placed.placement);
    assert_eq!(welcome.collect::<Vec<_>>(), [Placement::Archived]);
    // The next message has a larger number: the room is back, without anybody telling it.
    let mut giulia = world.connect("giulia").await;
    giulia.send(room, "ciao").await.expect("sent");
    marco.settle().await;
    let summary = marco.listed(room).await.expect("listed");
    assert_eq!((summary.number.get(), summary.placed.number.get()), (2, 1));
    // Once more puts it aside with that message.
    assert_eq!(place(&mut marco, room, Placement::Archived).await, Ok(()));
    assert_eq!(placed(&mut marco, room).await, (Placement::Archived, 2));
    assert_eq!(place(&mut marco, room, Placement::Listed).await, Ok(()));
    assert_eq!(told(marco.settle().await).last(), Some(&(room, Placement::Listed, 0)));
    assert_eq!(placed(&mut marco, room).await, (Placement::Listed, 0));
    world.restart().await;
    let mut marco = world.connect("marco").await;
    assert_eq!(placed(&mut marco, room).await, (Placement::Listed, 0));
}

#[tokio::test(start_paused = true)]
async fn muting_a_room_that_is_back_from_the_archive_leaves_it_in_the_list() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let mut tablet = world.connect("marco").await;
    let room = giulia.group(&["marco"]).await;
    let now = world.clock.now().0;
    let mute = |hours: Option<u64>| {
        let until = hours.map(|hours| Timestamp(now + hours * 3_600_000));
        Command::Mute(Mute { room, until })
    };
    assert_eq!(place(&mut marco, room, Placement::Archived).await, Ok(()));
    // Muted while it is there, it stays there, whatever comes and however often it is muted.
    marco.ask(mute(Some(1))).await.expect("muted");
    giulia.send(room, "ciao").await.expect("sent");
    marco.ask(mute(Some(2))).await.expect("muted");
    assert_eq!(placed(&mut marco, room).await, (Placement::Archived, 0));
    // Back in the list, it is not archived by muting it.
    marco.ask(mute(None)).await.expect("no longer muted");
    tablet.settle().await;
    marco.ask(mute(Some(1))).await.expect("muted");
    assert_eq!(told(tablet.settle().await), [(room, Placement::Listed, 0)]);
    assert_eq!(placed(&mut marco, room).await, (Placement::Listed, 0));
    world.restart().await;
    let mut marco = world.connect("marco").await;
    assert_eq!(placed(&mut marco, room).await, (Placement::Listed, 0));
    // What is hidden comes back with every message, so it is left as it is.
    let mut giulia = world.connect("giulia").await;
    assert_eq!(place(&mut marco, room, Placement::Hidden).await, Ok(()));
    giulia.send(room, "ancora").await.expect("sent");
    marco.ask(Command::Mute(Mute { room, until: None })).await.expect("no longer muted");
    let until = Some(Timestamp(now + 24 * 3_600_000));
    marco.ask(Command::Mute(Mute { room, until })).await.expect("muted");
    assert_eq!(placed(&mut marco, room).await, (Placement::Hidden, 1));
}

#[tokio::test(start_paused = true)]
async fn pinned_rooms_come_first_whether_or_not_their_person_is_connected() {
    let world = World::unhurried().await;
    let [mut giulia] = world.people(["giulia"]).await;
    let mut rooms = Vec::new();
    for _ in 0..5 {
        rooms.push(giulia.group(&[]).await);
        world.clock.advance(Duration::from_secs(1));
    }
    let [first, second, third, fourth, fifth] = rooms[..] else { panic!("five") };
    for room in [first, third] {
        assert_eq!(place(&mut giulia, room, Placement::Pinned).await, Ok(()));
    }
    let expected = [third, first, fifth, fourth, second];
    let page = giulia.rooms(None, 3).await;
    let found: Vec<_> = page.rooms.iter().map(|room| room.room).collect();
    assert_eq!(found, expected[..3]);
    let page = giulia.rooms(Some(fifth), 3).await;
    let found: Vec<_> = page.rooms.iter().map(|room| room.room).collect();
    assert_eq!(found, expected[3..]);
    giulia.leave_session().await;
    tokio::time::sleep(Duration::from_secs(120)).await;
    for core in world.nodes() {
        let list = Command::Rooms(Rooms { after: None, context: None, limit: 10 });
        let Ok(Reply::Rooms(page)) = core.call(&user("giulia"), None, list).await else {
            panic!("no list")
        };
        let found: Vec<_> = page.rooms.iter().map(|room| room.room).collect();
        assert_eq!(found, expected);
        assert_eq!(page.rooms[0].placed.placement, Placement::Pinned);
    }
}

#[tokio::test(start_paused = true)]
async fn only_so_many_rooms_are_pinned() {
    let world = World::unhurried().await;
    let [mut giulia] = world.people(["giulia"]).await;
    let mut rooms = Vec::new();
    for _ in 0..=PINNED_ROOMS {
        rooms.push(giulia.group(&[]).await);
    }
    let (last, pinned) = rooms.split_last().expect("rooms");
    for room in pinned {
        assert_eq!(place(&mut giulia, *room, Placement::Pinned).await, Ok(()));
    }
    let refused = place(&mut giulia, *last, Placement::Pinned).await;
    assert_eq!(refused, Err(ErrorCode::LimitReached));
    assert_eq!(placed(&mut giulia, *last).await.0, Placement::Listed);
    // One that is pinned already needs no place, and one that is left or put elsewhere gives its own up.
    assert_eq!(place(&mut giulia, pinned[0], Placement::Pinned).await, Ok(()));
    assert_eq!(place(&mut giulia, pinned[0], Placement::Archived).await, Ok(()));
    assert_eq!(place(&mut giulia, *last, Placement::Pinned).await, Ok(()));
    let refused = place(&mut giulia, pinned[0], Placement::Pinned).await;
    assert_eq!(refused, Err(ErrorCode::LimitReached));
    giulia.leave(*last).await.expect("left");
    giulia.settle().await;
    assert_eq!(place(&mut giulia, pinned[0], Placement::Pinned).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn it_is_for_those_who_have_the_room_in_their_list() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&[]).await;
    let cafe = giulia.ensure("cafe", RoomClass::Public, &[]).await.expect("made").room;
    marco.open(cafe).await.expect("opened");
    let unknown = RoomId::from_random(7);
    for placement in [Placement::Pinned, Placement::Archived, Placement::Listed] {
        for foreign in [room, cafe, unknown] {
            let refused = place(&mut marco, foreign, placement).await;
            assert_eq!(refused, Err(ErrorCode::NotFound), "{foreign}");
        }
    }
    let mut service = world.service().await;
    let meetup = service.ensure("meetup", RoomClass::Social, &["marco"]).await.expect("made").room;
    let refused = place(&mut service, meetup, Placement::Pinned).await;
    assert_eq!(refused, Err(ErrorCode::Forbidden));
    // The row of a room goes with its membership, and whoever comes back begins anew.
    assert_eq!(place(&mut marco, meetup, Placement::Pinned).await, Ok(()));
    service.remove(meetup, "marco").await.expect("removed");
    let key = PlacementRow::key(&user("marco"), &meetup);
    let row = tables::get::<PlacementRow>(world.raw_store(), key.clone()).await.expect("read");
    assert!(row.is_none());
    marco.settle().await;
    service.add(meetup, &["marco"]).await.expect("added");
    marco.settle().await;
    assert_eq!(placed(&mut marco, meetup).await, (Placement::Listed, 0));
    world.restart().await;
    let mut marco = world.connect("marco").await;
    assert_eq!(placed(&mut marco, meetup).await, (Placement::Listed, 0));
}
