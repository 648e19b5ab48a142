//! Reading older history on a node that does not own the room.

use caffis_conformance::bus::faulty::Plan;
use caffis_schema::{ErrorCode, Position, RoomId, command::Anchor, reply::EntryPage};

use crate::{client::Client, several::Several};

/// Twice as many as are kept in memory.
const MESSAGES: u64 = 200;

/// How often a node has read the log of a room from the store.
fn reads(several: &Several, node: usize) -> u64 {
    several.nodes[&node].store.reads_of("timeline")
}

async fn page(client: &mut Client, room: RoomId, anchor: Anchor) -> EntryPage {
    client.history(room, anchor, 20).await.expect("a page")
}

#[tokio::test(start_paused = true)]
async fn what_the_owner_has_not_in_memory_is_read_where_it_is_asked_for() {
    let several = Several::start(2, 5, Plan::default()).await;
    several.connect(2, "marco").await;
    let mut giulia = several.connect(1, "giulia").await;
    let room = giulia.group(&["marco"]).await;
    for number in 0..MESSAGES {
        giulia.send(room, &format!("{number}")).await.expect("sent");
    }
    let owner = several.owner(room);
    let other = 3 - owner;
    let mut there = several.connect(owner, "marco").await;
    let mut here = several.connect(other, "marco").await;
    let before = (reads(&several, owner), reads(&several, other));

    // The owner has these in memory.
    let newest = page(&mut here, room, Anchor::Latest).await;
    assert_eq!(newest, page(&mut there, room, Anchor::Latest).await);
    assert_eq!((reads(&several, owner), reads(&several, other)), before);

    // And these only the store.
    let anchors = [
        Anchor::Before(Position(50)),
        Anchor::After(Position(10)),
        Anchor::Around(Position(40)),
        Anchor::After(Position(0)),
    ];
    let mut pages = Vec::new();
    for anchor in anchors {
        pages.push(page(&mut here, room, anchor).await);
    }
    assert_eq!(reads(&several, owner), before.0, "the owner reads nothing for others");
    assert!(reads(&several, other) > before.1);
    for (anchor, found) in anchors.into_iter().zip(pages) {
        assert_eq!(found, page(&mut there, room, anchor).await, "{anchor:?}");
        assert_eq!(found.entries.len(), 20, "{anchor:?}");
    }
    assert!(reads(&several, owner) > before.0);
}

#[tokio::test(start_paused = true)]
async fn older_history_is_for_those_who_may_see_it() {
    let several = Several::start(2, 6, Plan::default()).await;
    several.connect(2, "marco").await;
    let mut giulia = several.connect(1, "giulia").await;
    let room = giulia.group(&["marco"]).await;
    for number in 0..MESSAGES {
        giulia.send(room, &format!("{number}")).await.expect("sent");
    }
    let other = 3 - several.owner(room);
    let mut marco = several.connect(other, "marco").await;
    let mut anna = several.connect(other, "anna").await;
    let old = Anchor::Before(Position(50));
    let refused = anna.history(room, old, 20).await.expect_err("no member");
    assert_eq!(refused.code, ErrorCode::NotFound);
    assert_eq!(page(&mut marco, room, old).await.entries.len(), 20);
    giulia.remove(room, "marco").await.expect("removed");
    let refused = marco.history(room, old, 20).await.expect_err("no member any more");
    assert_eq!(refused.code, ErrorCode::NotFound);
    let beyond = giulia.history(room, Anchor::Before(Position(1_000)), 20).await;
    assert_eq!(beyond.expect_err("not there yet").code, ErrorCode::OutOfRange);
}
