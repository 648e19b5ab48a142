//! Who people are: kept, read again, and never lost.

use std::time::Duration;

use caffis_conformance::faulty::Fault;
use caffis_core::{
    Settings,
    ports::store::Store,
    tables::{self, UserRow},
};
use caffis_schema::{Command, List, Reply, Timestamp, command::Profiles, room::Availability};

use crate::client::Client;
use crate::harness::{START, World, unhurried, user, users};

/// The profile that the store has of a person.
async fn row(world: &World, name: &str) -> Option<UserRow> {
    let key = UserRow::key(&user(name), &"profile".into());
    tables::get(world.raw_store(), key).await.expect("read")
}

async fn names(client: &mut Client, of: &[&str]) -> Vec<String> {
    let profiles = Profiles { users: List::cut(users(of)) };
    match client.ask(Command::Profiles(profiles)).await {
        Ok(Reply::Profiles(list)) => list.profiles.iter().map(|p| p.name.to_string()).collect(),
        other => panic!("answered with {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn names_are_shown_however_few_people_fit_into_memory() {
    let world = World::with(Settings { cached_people: 2, ..unhurried() }).await;
    let people = ["anna", "bea", "carlo", "dino", "elena"];
    for name in people {
        drop(world.connect(&format!("{name};name=The {name}")).await);
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mut giulia = world.connect("giulia;name=Giulia").await;
    for name in people {
        let room = giulia.direct(name).await.expect("made");
        assert_eq!(room.peer.expect("a peer").name.to_string(), format!("The {name}"));
    }
    let listed = giulia.rooms(None, 100).await.rooms;
    let shown: Vec<_> = listed.iter().filter_map(|room| room.peer.as_ref()).collect();
    assert!(
        shown.len() == 5 && shown.iter().all(|peer| peer.name.starts_with("The ")),
        "{shown:?}"
    );
    assert_eq!(names(&mut giulia, &people).await.len(), 5);
    // Who is told of a new conversation reads a name too.
    let mut anna = world.connect("anna").await;
    let mut bea = world.connect("bea").await;
    anna.direct("bea").await.expect("made");
    let told = bea.settle().await.into_iter().find_map(|event| match event {
        caffis_schema::Event::RoomAdded(room) => room.peer,
        _ => None,
    });
    assert_eq!(told.expect("told").name.as_str(), "The anna");
}

#[tokio::test(start_paused = true)]
async fn a_row_that_changed_in_the_store_is_read_again() {
    let world = World::unhurried().await;
    let mut giulia = world.connect("giulia").await;
    let _anna = world.connect("anna;name=Anna").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(names(&mut giulia, &["anna"]).await, ["Anna"]);
    let renamed =
        UserRow { name: Some("Anna Maria".into()), ..row(&world, "anna").await.expect("a row") };
    let mut batch = world.batch();
    batch.put(&renamed);
    world.store.write(batch).await.expect("written");
    tokio::time::sleep(world.core.settings().person_cache).await;
    let mut giulia = world.connect("giulia").await;
    assert_eq!(names(&mut giulia, &["anna"]).await, ["Anna Maria"]);
}

#[tokio::test(start_paused = true)]
async fn who_is_made_a_member_has_a_row() {
    let world = World::unhurried().await;
    let mut giulia = world.connect("giulia").await;
    let _anna = world.connect("anna").await;
    giulia.group(&["anna"]).await;
    for name in ["giulia", "anna"] {
        assert!(row(&world, name).await.is_some(), "{name} is a member and would be unknown");
    }
    let mut marco = world.connect("marco").await;
    let cafe = caffis_schema::room::RoomClass::Public;
    let room = marco.ensure("cafe", cafe, &[]).await.expect("made").room;
    marco.open(room).await.expect("walked in");
    assert!(row(&world, "marco").await.is_some(), "marco walked in and would be unknown");
}

#[tokio::test(start_paused = true)]
async fn more_people_than_one_write_takes_come_at_once() {
    let world = World::unhurried().await;
    let mut clients = Vec::new();
    for number in 0..5_000 {
        clients.push(world.connect(&format!("person-{number}")).await);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    for number in [0, 1_023, 1_024, 4_096, 4_999] {
        assert!(row(&world, &format!("person-{number}")).await.is_some(), "{number}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_row_that_the_store_refuses_is_written_later() {
    for fault in [Fault::Unavailable, Fault::UnknownLost] {
        let world = World::unhurried().await;
        let _giulia = world.connect("giulia").await;
        world.faults.fail_next_write(fault);
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(row(&world, "giulia").await.is_none(), "{fault:?}");
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(row(&world, "giulia").await.is_some(), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_takes_little_of_when_people_were_last_seen() {
    let mut world = World::unhurried().await;
    let _giulia = world.connect("giulia").await;
    let mut anna = world.connect("anna").await;
    let mut tablet = world.connect("giulia").await;
    let hour = Duration::from_secs(3_600);
    for _ in 0..360 {
        tokio::time::sleep(hour / 360).await;
        world.clock.advance(hour / 360);
        // Reading answers pings.
        anna.settle().await;
        tablet.settle().await;
    }
    world.restart().await;
    let mut anna = world.connect("anna").await;
    let presence = anna.direct("giulia").await.expect("made").peer_presence.expect("of a person");
    assert_eq!(presence.availability, Availability::Offline);
    let seen = presence.last_seen.expect("she was there when the server died");
    let ago = Timestamp(START + 3_600_000).elapsed_since(seen);
    assert!(ago <= Duration::from_secs(1_200), "{ago:?} ago");
}
