//! Rooms with more members than one message of the bus holds.

use caffis_core::{
    Settings,
    tables::{MemberRow, UserRoomRow},
};
use caffis_schema::{MessageNumber, Position, Timestamp, room::Role};

use crate::harness::{START, World, unhurried, user};

/// With the longest ids these take 3 MB, three times what a message of the bus may have.
const MEMBERS: u64 = 30_000;

#[tokio::test(start_paused = true)]
async fn a_room_of_many_members_can_be_opened_on_every_node() {
    let settings = Settings { members_per_room: 100_000, ..unhurried() };
    let mut world = World::with(settings).await;
    let mut giulia = world.connect("giulia").await;
    let room = giulia.group(&[]).await;
    let person = |number: u64| user(&format!("{number:05}{}", "x".repeat(59)));
    for from in (0..MEMBERS).step_by(1_000) {
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
        }
        world.raw_store().write(batch).await.expect("written");
    }
    let last = person(MEMBERS - 1);
    let mut batch = world.batch();
    batch.put(&UserRoomRow { user: last.clone(), room, joined: Timestamp(START), peer: None });
    world.raw_store().write(batch).await.expect("written");
    world.restart().await;
    // One of these is connected to the node that does not own the room.
    let mut people = [world.connect("giulia").await, world.connect(last.as_str()).await];
    for person in &mut people {
        let opened = person.open(room).await.expect("opened");
        assert_eq!(u64::from(opened.room.members), MEMBERS + 1);
    }
    let [giulia, last] = &mut people;
    giulia.send(room, "ciao").await.expect("sent");
    last.send(room, "ciao a tutti").await.expect("sent");
    for person in &mut people {
        assert_eq!(person.heard().await, ["ciao", "ciao a tutti"]);
    }
}
