//! News that the bus loses: what everybody has to learn reaches every node all the same, and soon.

use std::time::Duration;

use caffis_conformance::bus::faulty::Plan;
use caffis_core::ports::clock::Clock;
use caffis_schema::{CloseCode, Event, RoomId};
use tokio::time::Instant;

use crate::{client::Client, harness::user, several::Several};

/// A room of a node, with another member.
async fn group_of(several: &Several, client: &mut Client, owner: usize, member: &str) -> RoomId {
    loop {
        let room = client.group(&[member]).await;
        if several.owner(room) == owner {
            return room;
        }
    }
}

/// Waits for the news that a person is in a room now; gives how long it took.
async fn added(client: &mut Client, room: RoomId) -> Duration {
    let start = Instant::now();
    loop {
        if let Event::RoomAdded(added) = client.event().await
            && added.room == room
        {
            return start.elapsed();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_room_of_which_the_news_was_lost_is_there_a_moment_later() {
    let several = Several::start(2, 5, Plan::default()).await;
    let mut giulia = several.connect(1, "giulia").await;
    let mut marco = several.connect(2, "marco").await;
    several.faults.lose_topics(&["person/"]);
    for owner in [1, 2] {
        let room = group_of(&several, &mut giulia, owner, "marco").await;
        let took = added(&mut marco, room).await;
        assert!(took <= Duration::from_secs(3), "owner {owner}: {took:?}");
        giulia.send(room, "ciao").await.expect("sent");
        assert_eq!(marco.heard().await, ["ciao"]);
    }
    // Nothing comes twice.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let again = marco.settle().await.into_iter();
    let again = again.filter(|event| matches!(event, Event::RoomAdded(_)));
    assert_eq!(again.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_recap_that_was_lost_too_is_asked_for() {
    let several = Several::start(2, 6, Plan::default()).await;
    let mut giulia = several.connect(1, "giulia").await;
    let mut marco = several.connect(2, "marco").await;
    let lossy = Plan { lost: 1_000, ..Plan::default() };
    several.faults.set_plan(lossy.clone());
    let room = group_of(&several, &mut giulia, 1, "marco").await;
    // Shorter than a node has to be silent to be given up.
    tokio::time::sleep(Duration::from_secs(4)).await;
    marco.settle().await;
    several.faults.set_plan(Plan::default());
    let took = added(&mut marco, room).await;
    assert!(took <= Duration::from_secs(2), "{took:?}");
    // Longer; and so many recaps were told that not all are kept.
    for _ in 0..70 {
        group_of(&several, &mut giulia, 1, "marco").await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        marco.settle().await;
    }
    several.faults.set_plan(lossy);
    let room = group_of(&several, &mut giulia, 1, "marco").await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    marco.settle().await;
    several.faults.set_plan(Plan::default());
    let took = added(&mut marco, room).await;
    assert!(took <= Duration::from_secs(2), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_room_that_somebody_left_meanwhile_is_not_added() {
    let several = Several::start(2, 7, Plan::default()).await;
    let mut giulia = several.connect(1, "giulia").await;
    let mut marco = several.connect(2, "marco").await;
    several.faults.lose_topics(&["person/"]);
    let room = group_of(&several, &mut giulia, 1, "marco").await;
    giulia.remove(room, "marco").await.expect("removed");
    tokio::time::sleep(Duration::from_secs(5)).await;
    let heard = marco.settle().await;
    let of_room = |event: &Event| matches!(event, Event::RoomAdded(added) if added.room == room);
    assert!(!heard.iter().any(of_room), "{heard:?}");
    assert!(marco.listed(room).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_revocation_reaches_every_node_although_its_news_is_lost() {
    for suspended in [false, true] {
        let several = Several::start(2, 8, Plan::default()).await;
        let mut giulia = several.connect(1, "giulia").await;
        let mut marco = several.connect(1, "marco").await;
        several.faults.lose_topics(&["person/"]);
        let before = several.clock.now() + 1;
        several.nodes[&2].core.revoke(&user("giulia"), before).await.expect("revoked");
        if suspended {
            // Longer than the rows of recent revocations are kept.
            several.clock.advance(Duration::from_secs(2 * 3_600));
        }
        let start = Instant::now();
        assert_eq!(giulia.raw.closed().await, CloseCode::Revoked);
        assert!(start.elapsed() <= Duration::from_secs(6), "{:?}", start.elapsed());
        assert!(marco.settle().await.len() < 1_000, "others stay");
    }
}
