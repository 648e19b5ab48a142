//! Importing messages while the nodes that own their rooms come and go.

use std::time::Duration;

use caffis_conformance::bus::faulty::Plan;
use caffis_schema::{Error, Outcome};
use tokio::time::{Instant, sleep};

use crate::{
    imports::{importer, past},
    several::{Several, TAKEN_OVER, check, log},
};

/// Whether the same line may be taken later.
fn comes_again(error: &Error) -> bool {
    error.outcome == Outcome::Unknown || error.retry_after_ms.is_some()
}

#[tokio::test(start_paused = true)]
async fn each_message_is_there_once_whichever_owner_ends_in_between() {
    let mut several = Several::start(3, 29, Plan::default()).await;
    let mut giulia = several.connect(1, "giulia").await;
    let _marco = several.connect(1, "marco").await;
    let mut rooms = Vec::new();
    for _ in 0..12 {
        rooms.push(giulia.group(&["marco"]).await);
    }
    let owners: Vec<_> = rooms.iter().map(|room| several.owner(*room)).collect();
    assert!((1..=3).all(|node| owners.contains(&node)), "{owners:?}");
    let by = importer();
    for room in &rooms {
        let core = several.nodes[&1].core.clone();
        let (by, room) = (by.clone(), *room);
        tokio::spawn(async move { core.import_messages(&by, room, past(room, 0..60)).await });
    }
    // The owner ends while it works on them.
    sleep(Duration::from_millis(2)).await;
    several.crash(3);
    several.pass(TAKEN_OVER).await;
    for room in &rooms {
        let start = Instant::now();
        loop {
            let core = &several.nodes[&1].core;
            let done = core.import_messages(&by, *room, past(*room, 0..80)).await;
            let failed: Vec<_> = done.into_iter().filter_map(Result::err).collect();
            // What was not taken is found wanting by those that answer it.
            if failed.is_empty() {
                break;
            }
            assert!(failed.iter().any(comes_again), "{failed:?}");
            assert!(start.elapsed() < Duration::from_secs(60), "{failed:?}");
            sleep(Duration::from_millis(50)).await;
        }
    }
    let expected: Vec<_> = (0..80).map(|number| format!("m{number}")).collect();
    for room in &rooms {
        check(&log(&mut giulia, *room).await, &expected);
    }
    // All that is left reads its rooms anew.
    several.crash(2);
    several.pass(TAKEN_OVER + Duration::from_secs(2)).await;
    for room in &rooms {
        let done = several.nodes[&1].core.import_messages(&by, *room, past(*room, 0..80)).await;
        assert!(done.iter().all(|done| *done == Ok(false)), "{done:?}");
        check(&log(&mut giulia, *room).await, &expected);
    }
}
