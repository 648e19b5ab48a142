//! How core writes: stamps decide, and no batch is larger than the store takes.

use std::time::Duration;

use caffis_conformance::faulty::{Fault, LATE};
use caffis_core::{
    ports::store::StoreLimits,
    tables::{self, MarkerRow, UserRow},
};
use caffis_schema::{
    Command, MessageNumber, Text,
    command::{Mark, Send, SetPresence},
    room::Availability,
};

use crate::harness::{START, World, text, unhurried, user, users};

#[tokio::test(start_paused = true)]
async fn a_late_write_does_not_take_back_what_was_set_after_it() {
    let world = World::unhurried().await;
    let [mut giulia] = world.people(["giulia"]).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let set = |words: &str| {
        let status = Some(Text::cut(words));
        Command::SetPresence(SetPresence { availability: Availability::Online, status })
    };
    world.faults.fail_next_write(Fault::UnknownLate);
    assert!(giulia.ask(set("in Rome")).await.is_err());
    giulia.ask(set("in Naples")).await.expect("set");
    tokio::time::sleep(2 * LATE).await;
    let row =
        tables::get::<UserRow>(world.raw_store(), UserRow::key(&user("giulia"), &"status".into()))
            .await;
    let status = row.expect("read").expect("a row").status;
    assert_eq!(status.as_deref(), Some("in Naples"), "the first write came last");
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_goes_back_takes_no_writes_back() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    for index in 0..5 {
        giulia.send(room, &format!("{index}")).await.expect("sent");
    }
    marco.read(room, 2).await.expect("read");
    world.clock.set(START - 3_600_000);
    marco.read(room, 4).await.expect("read");
    let key = MarkerRow::key(&room, &user("marco"));
    let row = tables::get::<MarkerRow>(world.raw_store(), key).await.expect("read");
    assert_eq!(row.expect("a row").read, MessageNumber(4));
}

/// Small, but the largest single command fits.
const SMALL: StoreLimits = StoreLimits { batch_operations: 512, batch_bytes: 256 * 1024 };

#[tokio::test(start_paused = true)]
async fn a_store_that_takes_small_batches_is_given_no_larger_ones() {
    let mut world = World::within(unhurried(), SMALL).await;
    let names: Vec<String> = (0..600).map(|number| format!("person-{number:03}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut clients = Vec::new();
    for name in &names {
        clients.push(world.connect(name).await);
    }
    let mut giulia = world.connect("giulia").await;
    // More people than a batch takes operations are written together.
    tokio::time::sleep(Duration::from_secs(1)).await;
    for name in users(&names) {
        let row =
            tables::get::<UserRow>(world.raw_store(), UserRow::key(&name, &"profile".into())).await;
        assert!(row.expect("read").is_some(), "{name:?}");
    }
    let room = giulia.group(&names[..100]).await;
    for hundred in names[100..].chunks(100) {
        giulia.add(room, hundred).await.expect("added");
    }
    // 100 messages wait for the room at once, of 24,000 bytes each.
    let long = "€".repeat(8_000);
    let mut asked = Vec::new();
    for client in &mut clients[..100] {
        let key = client.key();
        asked.push(client.start(Command::Send(Send::new(key, room, text(&long)))).await);
    }
    for (client, id) in clients.iter_mut().zip(asked) {
        client.answer(id).await.expect("sent");
    }
    // Markers of more people than a batch takes operations.
    tokio::time::sleep(Duration::from_secs(2)).await;
    for name in users(&names) {
        let mark = Mark { room, number: MessageNumber(100) };
        world.core.call(&name, None, Command::MarkDelivered(mark)).await.expect("marked");
    }
    for index in 0..70 {
        giulia.send(room, &format!("{index}")).await.expect("sent");
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    world.restart().await;
    let mut giulia = world.connect("giulia").await;
    assert_eq!(giulia.listed(room).await.expect("listed").number, MessageNumber(170));
    for name in users(&names) {
        let key = MarkerRow::key(&room, &name);
        let row = tables::get::<MarkerRow>(world.raw_store(), key).await.expect("read");
        assert_eq!(row.expect("a row").delivered, MessageNumber(100), "{name:?}");
    }
}
