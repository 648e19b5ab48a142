//! Search: what is found, what is not, and who finds it.

use std::time::Duration;

use caffis_conformance::faulty::Fault;
use caffis_core::{
    Settings,
    tables::{self, SearchTermRow},
};
use caffis_schema::{
    Command, Error, ErrorCode, Position, Reply, RoomId, Text,
    command::{Delete, Edit, Hide, Search, SearchPlace},
    hooks::{HookEvent, relationships::Relationship, values::Version},
    reply::{Hit, SearchPage},
    room::{HistoryPolicy, RoomClass},
};
use tokio::time::{Instant, sleep};

use crate::{
    client::Client,
    harness::{World, code, text, unhurried, user},
};

/// How long the index may be late.
pub(crate) const SOON: Duration = Duration::from_secs(1);

pub(crate) async fn page(
    client: &mut Client,
    room: Option<RoomId>,
    query: &str,
    before: Option<SearchPlace>,
    limit: u8,
) -> Result<SearchPage, Error> {
    let query = Text::new(query).expect("fits the wire");
    asked(client, Search { room, query, time_zone: None, before, limit }).await
}

/// The answer to a search.
pub(crate) async fn asked(client: &mut Client, search: Search) -> Result<SearchPage, Error> {
    match client.ask(Command::Search(search)).await? {
        Reply::Found(page) => Ok(page),
        other => panic!("answered with {other:?}"),
    }
}

pub(crate) fn said(hit: &Hit) -> String {
    hit.excerpt.iter().map(|fragment| fragment.text.as_str()).collect()
}

/// What a search finds, newest first.
pub(crate) async fn found(client: &mut Client, room: Option<RoomId>, query: &str) -> Vec<String> {
    let page = page(client, room, query, None, 50).await.expect("an answer");
    assert_eq!(page.next, None, "all of it");
    page.hits.iter().map(said).collect()
}

async fn delete(client: &mut Client, room: RoomId, position: u64) {
    let (key, position) = (client.key(), Position(position));
    client.appended(Command::Delete(Delete { key, room, position })).await.expect("deleted");
}

async fn edit(client: &mut Client, room: RoomId, position: u64, words: &str) {
    let (key, position, body) = (client.key(), Position(position), text(words));
    client.appended(Command::Edit(Edit::words(key, room, position, body))).await.expect("edited");
}

/// The terms that the index has of a room's message.
pub(crate) async fn terms(world: &World, room: RoomId, position: u64) -> Vec<String> {
    let partition = SearchTermRow::partition(&room, &0);
    let rows = tables::partition::<SearchTermRow>(world.raw_store(), partition, 10_000).await;
    let rows = rows.expect("read").into_iter().filter(|row| row.position == Position(position));
    rows.map(|row| row.term.to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_is_found_within_a_second_newest_first() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    let other = marco.group_as(marco.key(), "Bar Sport", &[], HistoryPolicy::All).await;
    let other = other.expect("made").room;
    giulia.send(room, "Due cappuccini al banco, per favore").await.expect("sent");
    world.clock.advance(Duration::from_secs(1));
    marco.send(other, "Il cappuccino è pronto: https://caffis.app").await.expect("sent");
    world.clock.advance(Duration::from_secs(1));
    marco.send(room, "al bar, non al banco").await.expect("sent");
    sleep(SOON).await;
    for _ in 0..2 {
        let (one, two, three) = (
            "Due cappuccini al banco, per favore",
            "Il cappuccino è pronto: https://caffis.app",
            "al bar, non al banco",
        );
        for (query, all, in_room) in [
            ("cappuccino", vec![two, one], vec![one]),
            ("cappu*", vec![two, one], vec![one]),
            ("banco", vec![three, one], vec![three, one]),
            ("\"cappuccini al banco\"", vec![one], vec![one]),
            ("e pronto", vec![two], vec![]),
            ("from:giulia", vec![one], vec![one]),
            ("from:me banco", vec![three], vec![three]),
            ("has:link", vec![two], vec![]),
            ("tè", vec![], vec![]),
        ] {
            assert_eq!(found(&mut marco, None, query).await, all, "{query}");
            assert_eq!(found(&mut marco, Some(room), query).await, in_room, "{query}");
        }
        assert_eq!(found(&mut marco, None, "cappu* in:sport").await, [two]);
        assert_eq!(found(&mut giulia, None, "cappuccino").await, [one], "not her room");
        for (query, expected) in [
            ("banco before:2026-01-02", vec![three, one]),
            ("banco after:2025-12-31", vec![three, one]),
            ("banco before:2026-01-01", vec![]),
            ("banco after:2026-01-01", vec![]),
        ] {
            assert_eq!(found(&mut marco, None, query).await, expected, "{query}");
        }
        // The same after a restart.
        world.restart().await;
        giulia = world.connect("giulia").await;
        marco = world.connect("marco").await;
    }
    let hit = page(&mut marco, Some(room), "\"al banco\"", None, 1).await.expect("found");
    let marked = hit.hits[0].excerpt.iter().filter(|it| it.matched).map(|it| it.text.as_str());
    assert_eq!(marked.collect::<Vec<_>>(), ["al banco"]);
    assert_eq!(hit.hits[0].sender, Some(user("marco")));
}

#[tokio::test(start_paused = true)]
async fn eight_languages_are_found_in_a_room() {
    let world = World::unhurried().await;
    let mut giulia = world.connect("giulia").await;
    let room = giulia.group(&[]).await;
    let cases = [
        ("perche", "Non so PERCHÉ ma va bene"),
        ("meeting", "All the meetings are over"),
        ("strasse", "Nein, in der Straße"),
        ("ete", "C'est l'été !"),
        ("咖啡", "我们去喝咖啡吧"),
        ("東京", "明日東京都へ行きます"),
        ("커피", "커피를 마실까요"),
        ("กาแฟ", "ฉันชอบดื่มกาแฟมาก"),
    ];
    for (_, message) in cases {
        giulia.send(room, message).await.expect("sent");
    }
    sleep(SOON).await;
    for (query, message) in cases {
        assert_eq!(found(&mut giulia, Some(room), query).await, [message], "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn words_that_were_changed_or_deleted_are_gone_at_once_and_from_the_index_soon() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    giulia.send(room, "the secret number").await.expect("sent");
    giulia.send(room, "another secret").await.expect("sent");
    sleep(SOON).await;
    assert_eq!(found(&mut marco, None, "secret").await.len(), 2);
    edit(&mut giulia, room, 2, "the public number").await;
    delete(&mut giulia, room, 3).await;
    // Before the index knows.
    assert_eq!(found(&mut marco, None, "secret").await, Vec::<String>::new());
    assert_eq!(terms(&world, room, 3).await, ["@giulia", "anoth", "another", "secret"]);
    sleep(SOON).await;
    assert_eq!(found(&mut marco, None, "number public").await, ["the public number"]);
    assert_eq!(found(&mut marco, None, "secret").await, Vec::<String>::new());
    assert_eq!(found(&mut marco, None, "from:giulia").await, ["the public number"]);
    assert_eq!(terms(&world, room, 2).await, ["@giulia", "number", "public"]);
    assert_eq!(terms(&world, room, 3).await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn nobody_finds_what_they_may_not_read() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let left = giulia.group(&["marco"]).await;
    let removed = giulia.group(&["marco"]).await;
    let late = giulia.group_with(&["anna"], HistoryPolicy::FromJoining).await;
    let blocked = giulia.direct("marco").await.expect("made").room;
    let own = giulia.group(&[]).await;
    for room in [left, removed, late, blocked, own] {
        giulia.send(room, "a word of espresso").await.expect("sent");
    }
    giulia.add(late, &["marco"]).await.expect("added");
    giulia.send(late, "more espresso").await.expect("sent");
    sleep(SOON).await;
    assert_eq!(found(&mut marco, None, "espresso").await.len(), 4);
    assert_eq!(found(&mut giulia, None, "espresso").await.len(), 6);
    marco.leave(left).await.expect("left");
    giulia.remove(removed, "marco").await.expect("removed");
    let version = Version::new(1).expect("a version");
    let relationship = Relationship { user: user("giulia"), other: user("marco"), version };
    world.deliver("b", HookEvent::RelationshipBlocked(relationship)).await.expect("blocked");
    assert_eq!(found(&mut marco, None, "espresso").await, ["more espresso"]);
    assert_eq!(found(&mut marco, Some(late), "espresso").await, ["more espresso"]);
    assert_eq!(found(&mut marco, Some(blocked), "espresso").await, Vec::<String>::new());
    for room in [left, removed, own] {
        let answer = page(&mut marco, Some(room), "espresso", None, 10).await;
        assert_eq!(code(answer), ErrorCode::NotFound);
    }
    assert_eq!(found(&mut anna, None, "espresso").await.len(), 2);
    // What somebody deleted for themselves the others still find.
    let hide = Hide { room: late, position: Position(2) };
    anna.ask(Command::Hide(hide)).await.expect("hidden");
    assert_eq!(found(&mut anna, None, "espresso").await, ["more espresso"]);
    assert_eq!(found(&mut giulia, Some(late), "espresso").await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_found_in_a_conversation_that_was_taken_from_both() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.direct("marco").await.expect("made").room;
    for client in [&mut giulia, &mut marco] {
        client.send(room, "a word of espresso").await.expect("sent");
    }
    sleep(SOON).await;
    assert_eq!(found(&mut marco, None, "espresso").await.len(), 2);
    let version = Version::new(1).expect("a version");
    let relationship = Relationship { user: user("giulia"), other: user("marco"), version };
    world.deliver("d", HookEvent::RelationshipDisconnected(relationship)).await.expect("apart");
    for restarted in [false, true] {
        if restarted {
            world.restart().await;
            [giulia, marco] = world.people(["giulia", "marco"]).await;
        }
        for client in [&mut giulia, &mut marco] {
            assert_eq!(found(client, None, "espresso").await, Vec::<String>::new());
            let answer = page(client, Some(room), "espresso", None, 10).await;
            assert_eq!(code(answer), ErrorCode::NotFound);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_public_room_is_searched_by_those_who_walked_in() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let cafe = giulia.ensure("cafe", RoomClass::Public, &[]).await.expect("made").room;
    giulia.open(cafe).await.expect("opened");
    giulia.send(cafe, "espresso").await.expect("sent");
    sleep(SOON).await;
    assert_eq!(found(&mut giulia, Some(cafe), "espresso").await, ["espresso"]);
    let answer = page(&mut marco, Some(cafe), "espresso", None, 10).await;
    assert_eq!(code(answer), ErrorCode::NotFound);
    let mut service = world.connect("service:audit;right=history").await;
    assert_eq!(found(&mut service, Some(cafe), "espresso").await, ["espresso"]);
    let across = page(&mut service, None, "espresso", None, 10).await;
    assert_eq!(code(across), ErrorCode::Invalid);
}

#[tokio::test(start_paused = true)]
async fn pages_go_on_where_the_one_before_ended() {
    let world = World::unhurried().await;
    let mut giulia = world.connect("giulia").await;
    let mut rooms = Vec::new();
    for _ in 0..3 {
        rooms.push(giulia.group(&[]).await);
    }
    for number in 0..150 {
        // Three at the same time.
        if number % 3 == 0 {
            world.clock.advance(Duration::from_millis(5));
        }
        let sent = giulia.send(rooms[number % 3], &format!("espresso {number}")).await;
        sent.expect("sent");
    }
    sleep(SOON).await;
    for room in [None, Some(rooms[1])] {
        let (mut all, mut before) = (Vec::new(), None);
        loop {
            let page = page(&mut giulia, room, "espresso", before, 7).await.expect("a page");
            all.extend(page.hits.iter().map(|hit| (hit.time, hit.room, hit.position)));
            before = page.next;
            if before.is_none() {
                break;
            }
            assert_eq!(page.hits.len(), 7);
        }
        assert_eq!(all.len(), if room.is_some() { 50 } else { 150 });
        assert!(all.is_sorted_by(|one, other| one > other), "newest first, each once");
    }
}

#[tokio::test(start_paused = true)]
async fn a_query_that_cannot_be_answered_is_refused_with_the_reason() {
    let world = World::unhurried().await;
    let mut giulia = world.connect("giulia").await;
    for (query, expected) in [
        ("x".repeat(10_000), ErrorCode::TextTooLong),
        ("語".repeat(10_000), ErrorCode::TextTooLong),
        (String::new(), ErrorCode::TextEmpty),
        ("?!…—".to_owned(), ErrorCode::TextEmpty),
        ("the".to_owned(), ErrorCode::Invalid),
        ("\"di un\"".to_owned(), ErrorCode::Invalid),
        ("a b c d e f".to_owned(), ErrorCode::Invalid),
        ("uno2 due2 tre2 quattro2 cinque2 sei2 sette2 otto2 nove2".to_owned(), ErrorCode::Invalid),
        ("c*".to_owned(), ErrorCode::Invalid),
        ("pane before:soon".to_owned(), ErrorCode::Invalid),
        ("pane before:2026-02-29".to_owned(), ErrorCode::Invalid),
        ("has:everything".to_owned(), ErrorCode::Invalid),
    ] {
        assert_eq!(code(page(&mut giulia, None, &query, None, 10).await), expected, "{query:.20}");
    }
    let off = World::with(Settings { search: false, ..unhurried() }).await;
    let mut giulia = off.connect("giulia").await;
    let answer = page(&mut giulia, None, "pane", None, 10).await;
    assert_eq!(code(answer), ErrorCode::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn a_crash_and_a_store_that_fails_only_make_it_late() {
    let mut world = World::unhurried().await;
    let mut giulia = world.connect("giulia").await;
    let room = giulia.group(&[]).await;
    giulia.send(room, "the first espresso").await.expect("sent");
    giulia.send(room, "the second espresso").await.expect("sent");
    sleep(SOON).await;
    delete(&mut giulia, room, 2).await;
    giulia.send(room, "the third espresso").await.expect("sent");
    // The index has heard of neither.
    world.restart().await;
    giulia = world.connect("giulia").await;
    sleep(2 * SOON).await;
    let both = ["the third espresso", "the second espresso"];
    assert_eq!(found(&mut giulia, Some(room), "espresso").await, both);
    assert_eq!(terms(&world, room, 2).await, Vec::<String>::new());
    giulia.send(room, "the fourth espresso").await.expect("sent");
    world.faults.fail_next_write(Fault::Unavailable);
    sleep(20 * SOON).await;
    assert_eq!(found(&mut giulia, Some(room), "fourth").await, ["the fourth espresso"]);
}

#[tokio::test(start_paused = true)]
async fn a_rebuild_makes_the_index_again_and_survives_a_crash() {
    let mut world = World::unhurried().await;
    let mut giulia = world.connect("giulia").await;
    let mut rooms = Vec::new();
    for _ in 0..20 {
        let room = giulia.group(&[]).await;
        giulia.send(room, "espresso").await.expect("sent");
        rooms.push(room);
    }
    sleep(SOON).await;
    // The index has lost a room, and has words that no message has.
    let mut batch = world.batch();
    let partition = SearchTermRow::partition(&rooms[0], &0);
    let rows: Vec<SearchTermRow> =
        tables::partition(world.raw_store(), partition, 100).await.expect("read");
    for row in &rows {
        let SearchTermRow { room, bucket, term, time, position } = row;
        batch.delete::<SearchTermRow>(SearchTermRow::key(room, bucket, term, time, position));
    }
    let ghost = SearchTermRow { room: rooms[1], term: "ghost".into(), ..rows[0].clone() };
    batch.put(&ghost);
    world.raw_store().write(batch).await.expect("written");
    assert_eq!(found(&mut giulia, None, "espresso").await.len(), 19);
    assert_eq!(world.core.rebuild_search().await, Ok(1));
    sleep(11 * SOON).await;
    // In the middle of it, or not yet begun.
    world.restart().await;
    giulia = world.connect("giulia").await;
    let start = Instant::now();
    loop {
        let standing = world.core.search_rebuilding().await.expect("read");
        assert_eq!((standing.rebuild, standing.done + standing.left), (1, 20));
        if standing.left == 0 {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "{standing:?}");
        sleep(SOON).await;
    }
    assert_eq!(found(&mut giulia, None, "espresso").await.len(), 20);
    assert_eq!(terms(&world, rooms[1], 2).await, terms(&world, rooms[2], 2).await);
}
