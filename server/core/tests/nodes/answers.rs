//! Answers that are lost on the way from a room's owner.

use std::time::Duration;

use caffis_conformance::bus::faulty::Plan;
use caffis_core::ports::bus::NodeId;
use caffis_schema::{
    Command, List, MessageNumber, Position, Reply,
    command::{Anchor, Cursor, History, Mark, Resume, Send},
    reply::Standing,
};
use tokio::time::Instant;

use crate::{
    harness::text,
    several::{Several, check, log},
};

/// By when a question whose answer was lost has been asked again.
const AGAIN: Duration = Duration::from_millis(2_100);

/// How long the way is cut.
const CUT: Duration = Duration::from_millis(500);

/// Asks node 2 for all that a room of it can be asked for, from node 1, while answers or questions are lost;
/// then the way is free again.
async fn comes_soon(lossy: Plan) {
    let several = Several::start(2, 3, Plan::default()).await;
    let mut giulia = several.connect(1, "giulia").await;
    let mut room = giulia.group(&["giulia"]).await;
    while several.owner(room) != 2 {
        room = giulia.group(&["giulia"]).await;
    }
    giulia.send(room, "before").await.expect("sent");
    let body = text("once");
    let commands = [
        Command::Send(Send::new(giulia.key(), room, body)),
        Command::History(History { room, anchor: Anchor::Latest, limit: 10 }),
        Command::MarkRead(Mark { room, number: MessageNumber(1) }),
    ];
    let mut asking = Vec::new();
    for command in commands {
        asking.push((several.connect(1, "giulia").await, command));
    }
    several.faults.set_plan(lossy);
    let start = Instant::now();
    let mut asked = Vec::new();
    for (mut client, command) in asking {
        asked.push((client.start(command).await, client));
    }
    tokio::time::sleep(CUT).await;
    several.faults.set_plan(Plan::default());
    for (id, mut client) in asked {
        client.answer(id).await.expect("done");
    }
    let took = start.elapsed();
    assert!(took >= CUT && took <= AGAIN, "{took:?}");
    let log = log(&mut giulia, room).await;
    check(&log, &["before".to_owned(), "once".to_owned()]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_lost_comes_soon_and_nothing_happens_twice() {
    comes_soon(Plan { lost_replies: 1_000, ..Plan::default() }).await;
}

#[tokio::test(start_paused = true)]
async fn a_question_that_was_lost_is_answered_soon() {
    comes_soon(Plan { lost_requests: 1_000, ..Plan::default() }).await;
}

#[tokio::test(start_paused = true)]
async fn a_cut_way_leaves_the_outcome_open_and_ends_the_wait() {
    let several = Several::start(2, 4, Plan::default()).await;
    let mut giulia = several.connect(1, "giulia").await;
    let mut room = giulia.group(&["giulia"]).await;
    while several.owner(room) != 2 {
        room = giulia.group(&["giulia"]).await;
    }
    let key = giulia.key();
    several.faults.set_plan(Plan { lost_replies: 1_000, ..Plan::default() });
    let start = Instant::now();
    let error = giulia.send_as(key, room, "once").await.expect_err("no answer comes");
    assert_eq!(error.outcome, caffis_schema::Outcome::Unknown);
    assert!(error.retry_after_ms.is_some());
    assert!(start.elapsed() <= Duration::from_secs(13), "{:?}", start.elapsed());
    several.faults.set_plan(Plan::default());
    giulia.send_as(key, room, "once").await.expect("it was sent before");
    check(&log(&mut giulia, room).await, &["once".to_owned()]);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_silent_holds_up_nobody_elses_rooms() {
    let several = Several::start(3, 4, Plan::default()).await;
    let mut giulia = several.connect(1, "giulia").await;
    let mut rooms = Vec::new();
    for owner in [2, 3] {
        let room = loop {
            let room = giulia.group(&["giulia"]).await;
            if several.owner(room) == owner {
                break room;
            }
        };
        giulia.send(room, "ciao").await.expect("sent");
        rooms.push(room);
    }
    let node = |number: usize| several.nodes[&number].cluster.node();
    for (silent, room) in [(2, rooms[0]), (3, rooms[1])] {
        let (here, there): (NodeId, NodeId) = (node(1), node(silent));
        several.faults.isolate(there, &[here]);
        let cursor = |room| Cursor { room, position: Position(1), open: false };
        let cursors = List::cut(rooms.iter().copied().map(cursor).collect());
        let Ok(Reply::Resumed(resumed)) = giulia.ask(Command::Resume(Resume { cursors })).await
        else {
            panic!("not resumed");
        };
        for found in &resumed.rooms {
            let (standing, entries) = (found.standing, found.entries.len());
            match found.room == room {
                true => assert_eq!((standing, entries), (Standing::Later, 0), "node {silent}"),
                false => assert_eq!((standing, entries), (Standing::Complete, 1), "not {silent}"),
            }
        }
        several.faults.heal();
    }
}
