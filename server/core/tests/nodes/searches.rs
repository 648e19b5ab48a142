//! Search over nodes that crash and hand their rooms over: what was acknowledged is found in the end, and what
//! was deleted is not.

use std::time::Duration;

use caffis_conformance::bus::faulty::Plan;
use caffis_schema::{
    Command, Position,
    command::{Delete, Edit},
};

use crate::{
    harness::text,
    search::found,
    several::{Several, send},
};

/// After so long the rooms have another owner, and the index has followed them.
const IN_THE_END: Duration = Duration::from_secs(15);

#[tokio::test(start_paused = true)]
async fn what_was_acknowledged_is_found_in_the_end_and_what_was_deleted_is_not() {
    let mut several = Several::start(3, 21, Plan::default()).await;
    let mut marco = several.connect(2, "marco").await;
    let mut giulia = several.connect(1, "giulia").await;
    let mut rooms = Vec::new();
    for _ in 0..12 {
        rooms.push(giulia.group(&["marco"]).await);
    }
    let mut expected = 0;
    for crash in [true, false] {
        for room in &rooms {
            send(&mut giulia, *room, "an espresso that stays").await;
            send(&mut giulia, *room, "an espresso to delete").await;
            send(&mut giulia, *room, "an espresso to edit").await;
        }
        several.pass(Duration::from_secs(1)).await;
        for room in &rooms {
            let head = giulia.listed(*room).await.expect("listed").head.get();
            let (key, position) = (giulia.key(), Position(head - 1));
            giulia
                .appended(Command::Delete(Delete { key, room: *room, position }))
                .await
                .expect("done");
            let (key, position) = (giulia.key(), Position(head));
            let edit = Edit::words(key, *room, position, text("a ristretto"));
            giulia.appended(Command::Edit(edit)).await.expect("done");
            send(&mut giulia, *room, "the last espresso").await;
        }
        expected += 2;
        // Nothing of the last moment has been indexed.
        if crash {
            assert!(rooms.iter().any(|room| several.owner(*room) == 3), "no room is orphaned");
            several.crash(3);
        } else {
            several.leave(1).await;
            drop(several.nodes.remove(&1));
        }
        several.pass(IN_THE_END).await;
        for room in &rooms {
            let all = found(&mut marco, Some(*room), "espresso").await;
            assert_eq!(all.len(), expected, "{all:?}");
            assert!(all.iter().all(|words| !words.contains("to delete")), "{all:?}");
            let edited = found(&mut marco, Some(*room), "ristretto").await;
            assert_eq!(edited.len(), expected / 2);
        }
        assert_eq!(found(&mut marco, None, "\"to delete\"").await, Vec::<String>::new());
        if crash {
            giulia = several.connect(1, "giulia").await;
        }
    }
}
