//! Threads that people follow: who does, how far they have read, and the list of them.

use std::time::Duration;

use caffis_conformance::faulty::Plan;
use caffis_core::tables::{self, ThreadMarkRow};
use caffis_schema::{
    Command, ErrorCode, Event, Position, ReplyNumber,
    command::{Anchor, Hide, RemoveMember, Send},
    limits::FOLLOWED_THREADS,
    room::Role,
    threads::{OwnThread, ThreadAnchor, Threads},
};

use crate::{
    harness::{World, code, text, user},
    threads::{follow, followed, followed_page, in_thread, latest, mark, mention, page, reply},
};

fn threads_of(events: &[Event]) -> Vec<OwnThread> {
    let own = events.iter().filter_map(|event| match event {
        Event::Thread(own) => Some(*own),
        _ => None,
    });
    own.collect()
}

#[tokio::test(start_paused = true)]
async fn who_follows_many_threads_chooses_no_more() {
    let world = World::unhurried().await;
    let [mut giulia, _] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    let mut roots = Vec::new();
    for number in 0..=FOLLOWED_THREADS {
        roots.push(giulia.send(room, &format!("m{number}")).await.expect("sent").position.get());
    }
    let last = roots[FOLLOWED_THREADS];
    let mut marco = world.connect("marco").await;
    for root in &roots[..FOLLOWED_THREADS] {
        follow(&mut marco, room, *root, true).await.expect("followed");
    }
    let refused = follow(&mut marco, room, last, true).await;
    assert_eq!(code(refused), ErrorCode::LimitReached);
    follow(&mut marco, room, roots[7], false).await.expect("left");
    follow(&mut marco, room, last, true).await.expect("followed");
}

#[tokio::test(start_paused = true)]
async fn those_follow_whom_a_thread_concerns() {
    let mut world = World::unhurried().await;
    let names = ["giulia", "marco", "anna", "luca"];
    let [mut giulia, mut marco, mut anna, mut luca] = world.people(names).await;
    let mut phone = world.connect("giulia").await;
    let room = giulia.group(&["marco", "anna", "luca"]).await;
    giulia.send(room, "who comes?").await.expect("sent");
    phone.settle().await;
    anna.settle().await;
    luca.settle().await;
    reply(&mut marco, room, 2, "me").await.expect("sent");
    let own = |following, read: Option<u64>| OwnThread {
        room,
        root: Position(2),
        following,
        read: read.map(ReplyNumber),
    };
    assert_eq!(threads_of(&phone.settle().await), [own(true, None)]);
    mention(&mut marco, room, 2, &["anna"]).await;
    assert_eq!(threads_of(&anna.settle().await), [own(true, None)]);
    assert_eq!(threads_of(&phone.settle().await), []);
    assert_eq!(threads_of(&luca.settle().await), []);
    for _ in 0..2 {
        assert_eq!(followed(&mut giulia).await, [(2, 2, 2)]);
        assert_eq!(followed(&mut marco).await, [(2, 2, 0)]);
        assert_eq!(followed(&mut anna).await, [(2, 2, 2)]);
        assert_eq!(followed(&mut luca).await, []);
        world.restart().await;
        giulia = world.connect("giulia").await;
        phone = world.connect("giulia").await;
        marco = world.connect("marco").await;
        anna = world.connect("anna").await;
        luca = world.connect("luca").await;
    }
    mark(&mut giulia, room, 2, 1).await.expect("marked");
    assert_eq!(threads_of(&phone.settle().await), [own(true, Some(1))]);
    mark(&mut giulia, room, 2, 1).await.expect("marked before");
    assert_eq!(threads_of(&phone.settle().await), []);
    assert_eq!(followed(&mut phone).await, [(2, 2, 1)]);
    assert_eq!(code(mark(&mut giulia, room, 2, 3).await), ErrorCode::OutOfRange);
    let seen = page(&mut giulia, room, 2, ThreadAnchor::Latest, 5).await.expect("a page");
    assert_eq!((seen.following, seen.read), (true, ReplyNumber(1)));
    // Who does not follow has nothing to mark.
    mark(&mut luca, room, 2, 2).await.expect("nothing");
    let seen = page(&mut luca, room, 2, ThreadAnchor::Latest, 5).await.expect("a page");
    assert_eq!((seen.following, seen.read), (false, ReplyNumber::ZERO));
    follow(&mut luca, room, 2, true).await.expect("followed");
    assert_eq!(followed(&mut luca).await, [(2, 2, 0)], "what was before counts as read");
    // Who stops to follow does so until a reply is theirs or calls them.
    follow(&mut giulia, room, 2, false).await.expect("unfollowed");
    assert_eq!(threads_of(&phone.settle().await), [own(false, None)]);
    reply(&mut marco, room, 2, "at nine").await.expect("sent");
    assert_eq!(followed(&mut giulia).await, []);
    assert_eq!(followed(&mut luca).await, [(2, 3, 1)]);
    world.restart().await;
    let mut giulia = world.connect("giulia").await;
    let mut marco = world.connect("marco").await;
    assert_eq!(followed(&mut giulia).await, []);
    mention(&mut marco, room, 2, &["giulia"]).await;
    assert_eq!(followed(&mut giulia).await, [(2, 4, 3)]);
    follow(&mut giulia, room, 2, false).await.expect("unfollowed");
    reply(&mut giulia, room, 2, "well").await.expect("sent");
    assert_eq!(followed(&mut giulia).await, [(2, 5, 0)]);
}

/// The owner writes a reply and that somebody was removed in one append, and dies before it has written who follows
/// the thread.
#[tokio::test(start_paused = true)]
async fn who_was_removed_together_with_a_reply_that_called_them_follows_it_once_they_are_back() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let room = giulia.group(&["marco", "anna"]).await;
    let root = marco.send(room, "who comes?").await.expect("sent").position;
    world.faults.set_plan(Plan { delay: Duration::from_millis(50), ..Plan::default() });
    let first = anna
        .start(Command::Send(Send::new(anna.key(), room, text("the first of two appends"))))
        .await;
    let called = in_thread(&giulia, room, root.get(), "I do");
    let called = giulia.start(Command::Send(called)).await;
    let remove = RemoveMember { key: giulia.key(), room, user: user("marco") };
    let removed = giulia.start(Command::RemoveMember(remove)).await;
    anna.answer(first).await.expect("sent");
    giulia.answer(called).await.expect("sent");
    giulia.answer(removed).await.expect("removed");
    world.faults.set_plan(Plan::default());
    let log = giulia.history(room, Anchor::Latest, 10).await.expect("a page");
    let times: Vec<_> = log.entries.iter().rev().take(2).map(|entry| entry.time).collect();
    assert_eq!(times[0], times[1], "one append");
    giulia.settle().await;
    // The rows that say who follows are gone.
    let partition = ThreadMarkRow::partition(&user("marco"));
    let rows: Vec<ThreadMarkRow> = tables::whole(world.raw_store(), partition).await.expect("rows");
    assert_eq!(rows.len(), 1);
    let mut batch = world.batch();
    let row = &rows[0];
    let key = ThreadMarkRow::key(&row.user, &row.time, &row.room, &row.root, &row.kind);
    batch.delete::<ThreadMarkRow>(key);
    world.raw_store().write(batch).await.expect("written");
    world.restart().await;
    let mut giulia = world.connect("giulia").await;
    let mut marco = world.connect("marco").await;
    giulia.add(room, &["marco"]).await.expect("added");
    assert_eq!(followed(&mut marco).await, [(root.get(), 1, 1)]);
}

#[tokio::test(start_paused = true)]
async fn the_list_has_the_latest_first_and_nothing_of_rooms_left() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let mut rooms = Vec::new();
    for _ in 0..3 {
        let room = giulia.group(&["marco"]).await;
        giulia.send(room, "who comes?").await.expect("sent");
        rooms.push(room);
    }
    for place in [0, 2, 1, 0] {
        world.clock.advance(Duration::from_secs(1));
        reply(&mut marco, rooms[place], 2, "me").await.expect("sent");
    }
    let mut order = Vec::new();
    let mut before = None;
    loop {
        let page = followed_page(&mut giulia, Threads { before, limit: 2 }).await;
        assert_eq!(page.unread, 3);
        order.extend(page.threads.iter().map(|thread| (thread.room, thread.unread)));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(order, [(rooms[0], 2), (rooms[1], 1), (rooms[2], 1)]);
    // Hidden roots are not listed, and rooms that the person has left neither.
    giulia
        .ask(Command::Hide(Hide { room: rooms[2], position: Position(2) }))
        .await
        .expect("hidden");
    giulia.role(rooms[1], "marco", Role::Admin).await.expect("made an admin");
    giulia.leave(rooms[1]).await.expect("left");
    let page = followed_page(&mut giulia, Threads { before: None, limit: 50 }).await;
    assert_eq!(page.threads.iter().map(|thread| thread.room).collect::<Vec<_>>(), [rooms[0]]);
    // Of a hidden reply the place stays, without its words.
    giulia
        .ask(Command::Hide(Hide { room: rooms[0], position: Position(3) }))
        .await
        .expect("hidden");
    assert_eq!(latest(&mut giulia, rooms[0], 2).await, ["-", "me"]);
}
