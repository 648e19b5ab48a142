//! People of two nodes in one public room: whoever stays is counted and hears everything, whoever else comes and goes.

use std::time::Duration;

use caffis_conformance::bus::faulty::Plan;
use caffis_schema::{
    Command, RoomId,
    command::{Close, Open},
    room::RoomClass,
};

use crate::{client::Client, several::Several};

/// A turn in which the others get further: the sweep below tries each number of them.
const TURNS: usize = 60;

/// A public room of a node.
async fn cafe_of(several: &Several, client: &mut Client, owner: usize) -> RoomId {
    for id in 0.. {
        let made = client.ensure_context("cafe", &id.to_string(), RoomClass::Public).await;
        let room = made.expect("made").room;
        if several.owner(room) == owner {
            return room;
        }
    }
    unreachable!("numbers do not end")
}

#[tokio::test(start_paused = true)]
async fn who_is_in_a_cafe_on_another_node_is_counted_when_they_go_too() {
    let several = Several::start(2, 5, Plan::default()).await;
    let mut anna = several.connect(1, "anna").await;
    let mut marco = several.connect(2, "marco").await;
    let room = cafe_of(&several, &mut anna, 1).await;
    assert_eq!(marco.open(room).await.expect("open").attendance, 1);
    assert_eq!(anna.open(room).await.expect("open").attendance, 2);
    several.pass(Duration::from_secs(1)).await;
    for client in [&mut anna, &mut marco] {
        assert_eq!(client.members(room, 10).await, ["anna", "marco"]);
    }
    anna.close(room).await;
    several.pass(Duration::from_secs(1)).await;
    marco.close(room).await;
    several.pass(Duration::from_secs(1)).await;
    assert_eq!(anna.open(room).await.expect("open").attendance, 1);
}

#[tokio::test(start_paused = true)]
async fn who_walks_in_while_the_last_of_their_node_goes_hears_what_is_said() {
    let several = Several::start(2, 5, Plan::default()).await;
    let mut giulia = several.connect(1, "giulia").await;
    let mut marco = several.connect(2, "marco").await;
    let mut luca = several.connect(2, "luca").await;
    let room = cafe_of(&several, &mut giulia, 1).await;
    giulia.open(room).await.expect("open");
    for turns in 0..TURNS {
        marco.open(room).await.expect("open");
        let opening = luca.start(Command::Open(Open { room, limit: 1 })).await;
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
        let closing = marco.start(Command::Close(Close { room })).await;
        luca.answer(opening).await.expect("open");
        marco.answer(closing).await.expect("closed");
        luca.settle().await;
        giulia.send(room, "ciao").await.expect("sent");
        assert_eq!(luca.heard().await, ["ciao"], "after {turns} turns");
        luca.close(room).await;
    }
}
