//! Webhooks to other services from nodes that share the work: nothing is lost when one dies, and nothing is
//! told twice when rooms move.

use std::{collections::BTreeMap, time::Duration};

use caffis_schema::RoomId;

use crate::{
    receiver::{Mood, Receiver},
    several::{Several, send},
};

const MESSAGES: &[&str] = &["chat.message.created"];

/// Longer than a lease, a takeover and a walk.
const WALKS: Duration = Duration::from_secs(240);

fn check(receiver: &Receiver, endpoint: &str, written: &BTreeMap<RoomId, Vec<String>>) {
    let told = receiver.messages(endpoint);
    for (room, written) in written {
        assert_eq!(told.get(&room.to_string()), Some(written), "{endpoint}, {room}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_dies_while_it_delivers_loses_nothing() {
    let receiver = Receiver::default();
    let endpoints = receiver.endpoints(&[("good", MESSAGES), ("bad", MESSAGES)]);
    let mut several = Several::telling(3, 31, endpoints).await;
    several.pass(Duration::from_secs(2)).await;
    receiver.takes(Duration::from_millis(30));
    receiver.set("bad", Mood::Says(500, None));
    let mut giulia = several.connect(1, "giulia").await;
    let mut written = BTreeMap::new();
    for _ in 0..12 {
        written.insert(giulia.group(&["giulia"]).await, Vec::new());
    }
    assert!(written.keys().any(|room| several.owner(*room) == 3), "no room belongs to node 3");
    for round in 0..6 {
        for (room, said) in &mut written {
            said.push(format!("m{round}"));
            send(&mut giulia, *room, said.last().expect("said")).await;
        }
        if round == 3 {
            several.crash(3);
        }
    }
    several.pass(Duration::from_secs(20)).await;
    check(&receiver, "good", &written);
    receiver.set("bad", None);
    several.pass(WALKS).await;
    check(&receiver, "bad", &written);
}

#[tokio::test(start_paused = true)]
async fn rooms_that_move_are_told_of_once() {
    let receiver = Receiver::default();
    let mut several = Several::telling(2, 32, receiver.endpoints(&[("push", MESSAGES)])).await;
    several.pass(Duration::from_secs(2)).await;
    receiver.takes(Duration::from_millis(30));
    let mut giulia = several.connect(1, "giulia").await;
    let mut written: BTreeMap<RoomId, Vec<String>> = BTreeMap::new();
    for _ in 0..12 {
        written.insert(giulia.group(&["giulia"]).await, Vec::new());
    }
    several.join().await;
    for round in 0..60 {
        for (room, said) in &mut written {
            said.push(format!("m{round}"));
            send(&mut giulia, *room, said.last().expect("said")).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        if round == 30 {
            several.settle().await;
            several.leave(2).await;
        }
    }
    several.pass(WALKS).await;
    check(&receiver, "push", &written);
    assert_eq!(receiver.doubles("push"), 0);
}
