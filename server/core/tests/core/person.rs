//! What several connections of one person write of them, on whatever nodes.

use std::time::Duration;

use caffis_conformance::faulty::Fault;
use caffis_core::tables::{self, UserRow};
use caffis_schema::{
    Command, Text, Timestamp,
    command::{SetPreferences, SetPresence},
    room::Availability,
};

use crate::harness::{START, World, user};

/// A part of what the store has of a person.
async fn part(world: &World, name: &str, part: &str) -> UserRow {
    let key = UserRow::key(&user(name), &part.into());
    tables::get(world.raw_store(), key).await.expect("read").expect("a row")
}

#[tokio::test(start_paused = true)]
async fn what_nodes_write_of_a_person_at_once_is_all_kept() {
    let mut world = World::unhurried().await;
    let _phone = world.connect("giulia;name=Giulia").await;
    // On two nodes, this one is connected to the other.
    let mut tablet = world.connect("giulia;name=Giulia").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    // A new name, and when she was seen, wait to be written because the store takes nothing for a moment.
    // She sets something else meanwhile.
    world.faults.fail_next_write(Fault::Unavailable);
    world.clock.advance(Duration::from_secs(3_600));
    let _desk = world.connect("giulia;name=Giulia Bianchi").await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let status = Some(Text::cut("in Rome"));
    let set = SetPresence { availability: Availability::Online, status };
    tablet.ask(Command::SetPresence(set)).await.expect("set");
    let private = SetPreferences { private_receipts: true };
    tablet.ask(Command::SetPreferences(private)).await.expect("set");
    tokio::time::sleep(Duration::from_secs(3)).await;
    let name = part(&world, "giulia", "profile").await.name;
    assert_eq!(name.as_deref(), Some("Giulia Bianchi"));
    let status = part(&world, "giulia", "status").await.status;
    assert_eq!(status.as_deref(), Some("in Rome"));
    let seen = part(&world, "giulia", "last_seen").await.last_seen;
    assert_eq!(seen, Some(Timestamp(START + 3_600_000)));
    world.restart().await;
    let giulia = world.connect("giulia").await;
    assert!(giulia.welcome().own.private_receipts);
    assert_eq!(giulia.welcome().own.presence.status.as_deref(), Some("in Rome"));
    assert_eq!(giulia.welcome().profile.name.as_str(), "Giulia Bianchi");
}
