//! Messages that are sent later, when the nodes that would send them come and go.

use std::{collections::BTreeMap, time::Duration};

use caffis_conformance::bus::faulty::Plan;
use caffis_schema::{Outcome, RoomId, Timestamp};
use tokio::time::{Instant, sleep};

use crate::{
    client::Client,
    harness::START,
    schedules::{listed, scheduling},
    several::{Several, TAKEN_OVER, check, log},
};

/// Schedules a message until that is known to have happened, with the same key.
async fn schedule(client: &mut Client, room: RoomId, words: &str, due: Timestamp) {
    let (key, start) = (client.key(), Instant::now());
    while let Err(error) = client.ask(scheduling(key, room, words, due)).await {
        let again = error.outcome == Outcome::Unknown || error.retry_after_ms.is_some();
        assert!(again && start.elapsed() < Duration::from_secs(60), "{error:?}");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_sent_once_by_whoever_owns_the_room_when_it_is_due() {
    let mut several = Several::start(3, 11, Plan::default()).await;
    let mut giulia = several.connect(1, "giulia").await;
    let mut rooms = Vec::new();
    for _ in 0..12 {
        rooms.push(giulia.group(&["giulia"]).await);
    }
    let owners: Vec<_> = rooms.iter().map(|room| several.owner(*room)).collect();
    assert!((1..=3).all(|node| owners.contains(&node)), "{owners:?}");
    let mut written: BTreeMap<RoomId, Vec<String>> = BTreeMap::new();
    for (number, due) in [1, 20, 40, 60].into_iter().enumerate() {
        for room in &rooms {
            let words = format!("number {number}");
            let due = Timestamp(START + 1_000_000 + due * 1_000);
            schedule(&mut giulia, *room, &words, due).await;
            written.entry(*room).or_default().push(words);
        }
    }
    several.clock.set(START + 1_000_000);
    // One owner ends with a word and one without, in between.
    several.pass(Duration::from_secs(10)).await;
    several.crash(3);
    several.pass(TAKEN_OVER + Duration::from_secs(20)).await;
    several.leave(2).await;
    several.pass(Duration::from_secs(60)).await;
    assert_eq!(listed(&mut giulia, None).await, []);
    for room in rooms {
        let log = log(&mut giulia, room).await;
        check(&log, &written[&room]);
        let texts = log.iter().filter(|(_, text)| !text.is_empty()).map(|(_, text)| text);
        assert!(texts.eq(&written[&room]), "in the order in which they were due");
    }
}
