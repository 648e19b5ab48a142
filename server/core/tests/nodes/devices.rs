//! What a person does for themselves on one node and then on another: what they did last counts.
//!
//! The stamps of a node that has claimed shards are seconds ahead of every clock, because those of their former owner
//! may have been; the nodes before it are not.

use std::time::Duration;

use caffis_conformance::bus::faulty::Plan;
use caffis_core::{
    ports::clock::Clock,
    tables::{self, RevocationRow, UserRow},
};
use caffis_schema::{
    Command, Position, Reply, RoomId, Text, Timestamp,
    command::{Marks, Mute, SetPreferences, Star},
    event::Flag,
    open::Empty,
    placement::{Placement, SetPlacement},
    room::{Draft, HistoryPolicy},
    threads::{FollowThread, ThreadAnchor},
};

use crate::{client::Client, harness::user, several::Several, threads::page};

/// Two nodes, of which each owns one of the rooms, in which giulia has sent two messages.
async fn start() -> (Several, Vec<RoomId>) {
    let several = Several::start(2, 8, Plan::default()).await;
    let mut giulia = several.connect(1, "giulia").await;
    several.connect(2, "marco").await.leave_session().await;
    let mut rooms = Vec::new();
    for owner in [1, 2] {
        let room = loop {
            let room = giulia.group_with(&["marco"], HistoryPolicy::All).await;
            if several.owner(room) == owner {
                break room;
            }
        };
        giulia.send(room, "uno").await.expect("sent");
        giulia.send(room, "due").await.expect("sent");
        rooms.push(room);
    }
    (several, rooms)
}

/// A person's devices, one on each node, in both orders.
async fn devices(several: &Several) -> [[Client; 2]; 2] {
    [
        [several.connect(1, "giulia").await, several.connect(2, "giulia").await],
        [several.connect(2, "giulia").await, several.connect(1, "giulia").await],
    ]
}

async fn stars(client: &mut Client) -> Vec<RoomId> {
    match client.ask(Command::Marks(Marks { flag: Flag::Starred(Empty {}) })).await {
        Ok(Reply::Marks(list)) => list.marks.iter().map(|mark| mark.room).collect(),
        other => panic!("answered with {other:?}"),
    }
}

async fn place(client: &mut Client, room: RoomId, placement: Placement) {
    let command = Command::SetPlacement(SetPlacement { room, placement });
    client.ask(command).await.expect("placed");
}

async fn placement(client: &mut Client, room: RoomId) -> Placement {
    client.listed(room).await.expect("listed").placed.placement
}

#[tokio::test(start_paused = true)]
async fn a_star_that_is_taken_back_on_another_node_is_gone() {
    let (several, rooms) = start().await;
    for [mut first, mut second] in devices(&several).await {
        for room in &rooms {
            let star = |star| Command::Star(Star { room: *room, position: Position(2), star });
            first.ask(star(true)).await.expect("starred");
            second.ask(star(false)).await.expect("taken back");
            assert_eq!(stars(&mut first).await, []);
            second.ask(star(true)).await.expect("starred");
            first.ask(star(true)).await.expect("it is already");
            assert_eq!(stars(&mut first).await, [*room]);
            first.ask(star(false)).await.expect("taken back");
            assert_eq!(stars(&mut second).await, []);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn where_a_room_was_put_last_it_stands() {
    let (several, rooms) = start().await;
    for [mut first, mut second] in devices(&several).await {
        for room in rooms.iter().copied() {
            for last in [Placement::Archived, Placement::Listed, Placement::Pinned] {
                place(&mut first, room, Placement::Hidden).await;
                place(&mut second, room, last).await;
                // Whoever did it sees it at once, the other one when the news has come, and a new one from the store.
                assert_eq!(placement(&mut second, room).await, last);
                first.settle().await;
                let mut new = several.connect(1, "giulia").await;
                assert_eq!(placement(&mut first, room).await, last);
                assert_eq!(placement(&mut new, room).await, last);
                new.leave_session().await;
            }
        }
    }
    // Nobody is connected whose memory could say it.
    several.pass(Duration::from_secs(2)).await;
    let mut new = several.connect(2, "giulia").await;
    for room in rooms {
        assert_eq!(placement(&mut new, room).await, Placement::Pinned);
    }
}

#[tokio::test(start_paused = true)]
async fn a_room_that_somebody_comes_back_to_is_placed_anew() {
    let (several, rooms) = start().await;
    for room in rooms {
        for node in [1, 2] {
            let mut giulia = several.connect(1, "giulia").await;
            let mut marco = several.connect(node, "marco").await;
            place(&mut marco, room, Placement::Pinned).await;
            giulia.remove(room, "marco").await.expect("removed");
            giulia.add(room, &["marco"]).await.expect("added");
            marco.settle().await;
            assert_eq!(placement(&mut marco, room).await, Placement::Listed);
            place(&mut marco, room, Placement::Archived).await;
            giulia.send(room, "tre").await.expect("sent");
            // Muting it takes it out of the archive, because the message has brought it back.
            let until = Some(several.clock.now() + 3_600_000);
            marco.ask(Command::Mute(Mute { room, until })).await.expect("muted");
            marco.settle().await;
            assert_eq!(placement(&mut marco, room).await, Placement::Listed);
            place(&mut marco, room, Placement::Hidden).await;
            marco.leave_session().await;
            let mut marco = several.connect(3 - node, "marco").await;
            assert_eq!(placement(&mut marco, room).await, Placement::Hidden);
            place(&mut marco, room, Placement::Listed).await;
            marco.leave_session().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_thread_is_followed_or_not_as_was_said_last() {
    let (several, rooms) = start().await;
    for [mut first, mut second] in devices(&several).await {
        for room in rooms.iter().copied() {
            let follow = |follow| {
                let root = Position(2);
                Command::FollowThread(FollowThread { room, root, follow })
            };
            for (one, other) in [(true, false), (false, true), (true, false)] {
                first.ask(follow(one)).await.expect("done");
                second.ask(follow(other)).await.expect("done");
                let page = page(&mut first, room, 2, ThreadAnchor::Latest, 1).await;
                assert_eq!(page.expect("a page").following, other);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn settings_drafts_and_revocations_are_the_last_ones() {
    let (several, rooms) = start().await;
    let store = &*several.store;
    let mut time = several.clock.now();
    for [mut first, mut second] in devices(&several).await {
        for private_receipts in [true, false] {
            let preferences =
                |private_receipts| Command::SetPreferences(SetPreferences { private_receipts });
            first.ask(preferences(!private_receipts)).await.expect("set");
            // The clock of the other node is behind.
            let ahead = several.clock.now().get();
            several.clock.set(ahead - 60_000);
            second.ask(preferences(private_receipts)).await.expect("set");
            let key = UserRow::key(&user("giulia"), &"private_receipts".into());
            let row = tables::get::<UserRow>(store, key).await.expect("read").expect("a row");
            assert_eq!(row.private_receipts, Some(private_receipts));
            several.clock.set(ahead);
        }
        for room in rooms.iter().copied() {
            let draft = |text, time: Timestamp| {
                Command::SetDraft(Draft { room, text: Text::cut(text), time })
            };
            time += 2;
            first.ask(draft("Ci", time)).await.expect("kept");
            second.ask(draft("Ci vediamo", time + 1)).await.expect("kept");
            // Also of one that comes late.
            first.ask(draft("C", time)).await.expect("too late");
            let Ok(Reply::Drafts(list)) = second.ask(Command::Drafts(Empty {})).await else {
                panic!("no drafts");
            };
            let found = list.drafts.iter().find(|draft| draft.room == room).expect("a draft");
            assert_eq!(found.text.as_str(), "Ci vediamo");
        }
    }
    for (first, second) in [(1, 2), (2, 1)] {
        let before = several.clock.now();
        for (node, more) in [(first, 1), (second, 3), (first, 2)] {
            let core = &several.nodes[&node].core;
            core.revoke(&user("giulia"), before + more).await.expect("revoked");
        }
        let key = RevocationRow::key(&user("giulia"));
        let row = tables::get::<RevocationRow>(store, key).await.expect("read").expect("a row");
        assert_eq!(row.before, before + 3);
        several.clock.advance(Duration::from_secs(1));
    }
}
