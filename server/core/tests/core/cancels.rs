//! Cancelling a scheduled message when the rows of that land one after the other, or late.

use std::time::Duration;

use caffis_schema::{
    Command, Error, ErrorCode, Reply, RoomId, Timestamp, room::ClientKey,
    scheduled::CancelScheduled,
};

use crate::{
    client::Client,
    harness::{START, World, code},
    schedules::{listed, rows, scheduling},
};

/// Longer than the owner takes to look at the clock again.
const LOOK: Duration = Duration::from_secs(2);

/// When the message is due.
const DUE: Timestamp = Timestamp(START + 60_000);

async fn cancel(
    client: &mut Client,
    key: ClientKey,
    (room, message): (RoomId, ClientKey),
) -> Result<Reply, Error> {
    let id = message.id;
    client.ask(Command::CancelScheduled(CancelScheduled { key, room, id })).await
}

/// A message that was scheduled and cancelled, whose rows are there as before: the answer to that command has landed,
/// and the rest has not.
async fn cancelled_in_part() -> (World, RoomId, ClientKey, ClientKey) {
    let mut world = World::unhurried().await;
    let [mut giulia] = world.people(["giulia"]).await;
    let room = giulia.group(&[]).await;
    let (message, key) = (giulia.key(), giulia.key());
    giulia.ask(scheduling(message, room, "no", DUE)).await.expect("scheduled");
    let (messages, due) = rows(&world, "giulia").await;
    cancel(&mut giulia, key, (room, message)).await.expect("cancelled");
    let mut batch = world.batch();
    batch.put(&messages[0]);
    batch.put(&due[0]);
    world.raw_store().write(batch).await.expect("written");
    world.restart().await;
    (world, room, message, key)
}

#[tokio::test(start_paused = true)]
async fn what_is_answered_as_cancelled_is_not_sent() {
    let (mut world, room, message, key) = cancelled_in_part().await;
    let mut giulia = world.connect("giulia").await;
    for _ in 0..2 {
        cancel(&mut giulia, key, (room, message)).await.expect("cancelled");
        assert_eq!(listed(&mut giulia, None).await, []);
    }
    assert_eq!(rows(&world, "giulia").await, (vec![], vec![]));
    world.clock.set(DUE.get() + 1_000);
    world.restart().await;
    tokio::time::sleep(LOOK).await;
    let mut giulia = world.connect("giulia").await;
    assert_eq!(giulia.log(room).await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_before_the_cancelling_landed_is_not_answered_as_cancelled() {
    let (world, room, message, key) = cancelled_in_part().await;
    world.clock.set(DUE.get() + 1_000);
    tokio::time::sleep(LOOK).await;
    let mut giulia = world.connect("giulia").await;
    assert_eq!(giulia.log(room).await, ["no"]);
    for _ in 0..2 {
        let late = cancel(&mut giulia, key, (room, message)).await;
        assert_eq!(code(late), ErrorCode::NotFound);
    }
}
