//! The count of a thread's replies, when several nodes send at once and owners come and go.

use std::{collections::BTreeSet, time::Duration};

use caffis_conformance::bus::faulty::Plan;
use caffis_schema::{
    Command, EntryKind, Outcome, Position, RoomId,
    command::{Delete, Send},
    room::ClientKey,
    threads::ThreadAnchor,
};
use tokio::time::{Instant, sleep};

use crate::{
    client::Client,
    edits::message,
    harness::{text, words},
    several::{Several, TAKEN_OVER},
    threads::{counted, page},
};

/// Sends a command until it is known to have happened, with the same key.
async fn insist(client: &mut Client, command: impl Fn(ClientKey) -> Command) {
    let (key, start) = (client.key(), Instant::now());
    while let Err(error) = client.appended(command(key)).await {
        let again = error.outcome == Outcome::Unknown || error.retry_after_ms.is_some();
        assert!(again && start.elapsed() < Duration::from_secs(60), "{error:?}");
        sleep(Duration::from_millis(50)).await;
    }
}

async fn replies(client: &mut Client, room: RoomId, name: &str, count: u32) {
    for number in 0..count {
        let words = format!("{name} {number}");
        insist(client, |key| Command::Send(Send::in_thread(key, room, text(&words), Position(2))))
            .await;
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_exact_whoever_owns_the_room() {
    let mut several = Several::start(3, 11, Plan::default()).await;
    let mut giulia = several.connect(1, "giulia").await;
    let mut marco = several.connect(2, "marco").await;
    let mut rooms = Vec::new();
    while rooms.len() < 2 {
        let room = giulia.group(&["marco"]).await;
        // One whose owner crashes, and one whose owner leaves.
        if several.owner(room) == 3 - rooms.len() {
            rooms.push(room);
        }
    }
    for room in &rooms {
        insist(&mut giulia, |key| Command::Send(Send::new(key, *room, text("who comes?")))).await;
    }
    for room in &rooms {
        tokio::join!(
            replies(&mut giulia, *room, "giulia", 7),
            replies(&mut marco, *room, "marco", 7)
        );
        insist(&mut giulia, |key| {
            Command::Delete(Delete { key, room: *room, position: Position(3) })
        })
        .await;
    }
    several.crash(3);
    several.pass(TAKEN_OVER).await;
    for room in &rooms {
        tokio::join!(
            replies(&mut giulia, *room, "later giulia", 5),
            replies(&mut marco, *room, "later marco", 5)
        );
    }
    several.leave(2).await;
    marco = several.connect(1, "marco").await;
    for room in rooms {
        replies(&mut marco, room, "at last", 1).await;
        let root = message(&mut giulia, room, 2).await;
        assert_eq!(counted(&root), (24, 25, vec!["marco".to_owned(), "giulia".to_owned()]));
        let found = page(&mut marco, room, 2, ThreadAnchor::Latest, 100).await.expect("a page");
        let numbers = found.replies.iter().filter_map(|entry| match &entry.kind {
            EntryKind::Message(reply) => reply.thread().map(|thread| thread.number.get()),
            _ => None,
        });
        assert!(numbers.eq(1..=25), "each number once, and in order");
        let said: BTreeSet<_> = found.replies.iter().filter_map(words).collect();
        assert_eq!(said.len(), 24, "{said:?}");
    }
}
