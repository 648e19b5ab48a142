//! Filters of a search: by what messages have, and by days where the person is.

use std::time::Duration;

use caffis_core::{
    cluster::Shard,
    tables::{self, SearchTermRow, SearchedRow},
};
use caffis_schema::{
    Body, Command, Error, ErrorCode, List, Position, RoomId, Text,
    command::{Delete, Edit, Search, Send},
    hooks::{
        HookEvent,
        users::UserUpserted,
        values::{TimeZone, Version},
    },
    places::{LocationBody, PlaceBody},
    reply::SearchPage,
    room::{Extra, Mentions},
};
use tokio::time::sleep;

use crate::{
    client::Client,
    harness::{START, World, code, text, user},
    polls,
    search::{SOON, asked, found, page, said, terms},
    threads::in_thread,
};

const KINDS: [&str; 7] = ["link", "poll", "location", "place", "mention", "reply", "thread"];

async fn send(client: &mut Client, room: RoomId, body: Body) {
    client.appended(Command::Send(Send::new(client.key(), room, body))).await.expect("sent");
}

fn mentions() -> Mentions {
    Mentions { users: List::cut(vec![user("marco")]), room: false }
}

/// What each filter finds, newest first.
async fn of_kinds(client: &mut Client, room: RoomId) -> Vec<(&'static str, Vec<String>)> {
    let mut all = Vec::new();
    for kind in KINDS {
        all.push((kind, found(client, Some(room), &format!("has:{kind}")).await));
    }
    all
}

/// A room with a message of each kind. The positions: 2 link, 3 poll, 4 location, 5 place, 6 mention, 7 reply, 8 the reply
/// in the thread of 2.
async fn room_of_kinds(giulia: &mut Client) -> RoomId {
    let room = giulia.group(&["marco"]).await;
    giulia.send(room, "menu: https://caffis.app").await.expect("sent");
    polls::ask(giulia, room, |_| {}).await.expect("sent");
    let coordinates = Text::cut("45.4642,9.19");
    let name = Some(Text::cut("Duomo"));
    let location = LocationBody { coordinates, accuracy: None, name, address: None };
    send(giulia, room, Body::Location(location)).await;
    let name = Text::cut("Zefiro");
    let place = PlaceBody { name, phone: None, website: None, address: None, coordinates: None };
    send(giulia, room, Body::Place(place)).await;
    let extras = List::cut(vec![Extra::Mentions(mentions())]);
    let called = Send { extras, ..Send::new(giulia.key(), room, text("ciao @marco")) };
    giulia.appended(Command::Send(called)).await.expect("sent");
    let answer = Send::reply(giulia.key(), room, text("d'accordo"), Position(2));
    giulia.appended(Command::Send(answer)).await.expect("sent");
    room
}

#[tokio::test(start_paused = true)]
async fn messages_are_found_by_what_they_have() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = room_of_kinds(&mut giulia).await;
    sleep(SOON).await;
    assert_eq!(found(&mut marco, Some(room), "has:thread").await, Vec::<String>::new());
    // The index has had the root for a while.
    let reply = in_thread(&giulia, room, 2, "buono");
    giulia.appended(Command::Send(reply)).await.expect("sent");
    sleep(SOON).await;
    let link = "menu: https://caffis.app";
    let expected = [
        ("link", vec![link]),
        ("poll", vec!["Where do we meet?"]),
        ("location", vec!["Duomo, 45.4642,9.19"]),
        ("place", vec!["Zefiro"]),
        ("mention", vec!["ciao @marco"]),
        ("reply", vec!["d'accordo"]),
        ("thread", vec!["buono", link]),
    ];
    for _ in 0..2 {
        for ((kind, found), (_, expected)) in
            of_kinds(&mut marco, room).await.into_iter().zip(expected.clone())
        {
            assert_eq!(found, expected, "{kind}");
        }
        assert_eq!(found(&mut marco, None, "has:thread has:links from:giulia").await, [link]);
        assert_eq!(found(&mut marco, None, "has:poll has:link").await, Vec::<String>::new());
        world.restart().await;
        marco = world.connect("marco").await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_messages_have_no_longer_is_not_found_and_soon_not_in_the_index() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = room_of_kinds(&mut giulia).await;
    let reply = in_thread(&giulia, room, 2, "buono");
    giulia.appended(Command::Send(reply)).await.expect("sent");
    sleep(SOON).await;
    let edit = |key, position, words| Edit::words(key, room, Position(position), text(words));
    let no_link = edit(giulia.key(), 2, "menu");
    let nobody = Edit { mentions: Some(Mentions::default()), ..edit(giulia.key(), 6, "ciao") };
    for edit in [no_link, nobody] {
        giulia.appended(Command::Edit(edit)).await.expect("edited");
    }
    for position in [3, 8] {
        let (key, position) = (giulia.key(), Position(position));
        giulia.appended(Command::Delete(Delete { key, room, position })).await.expect("deleted");
    }
    // At once, and when the index has heard of it.
    for _ in 0..2 {
        for (kind, found) in of_kinds(&mut marco, room).await {
            let gone = ["link", "poll", "mention", "thread"].contains(&kind);
            assert_eq!(found.is_empty(), gone, "{kind}: {found:?}");
        }
        sleep(SOON).await;
    }
    for position in [2, 3, 6, 8] {
        let kept = terms(&world, room, position).await;
        assert!(!kept.iter().any(|term| term.starts_with('#')), "{position}: {kept:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_index_of_older_rules_says_so_and_is_made_again_by_itself() {
    let mut world = World::unhurried().await;
    let mut giulia = world.connect("giulia").await;
    let room = giulia.group(&[]).await;
    polls::ask(&mut giulia, room, |_| {}).await.expect("sent");
    sleep(SOON).await;
    // As a server left it that knew nothing of polls.
    let key = SearchedRow::key(&Shard::of(room).get(), &room);
    let row: SearchedRow = tables::get(world.raw_store(), key).await.expect("read").expect("a row");
    let mut batch = world.batch();
    batch.put(&SearchedRow { rules: 1, ..row });
    let rows: Vec<SearchTermRow> =
        tables::partition(world.raw_store(), SearchTermRow::partition(&room, &0), 100)
            .await
            .expect("read");
    for row in rows.iter().filter(|row| &*row.term == "#poll") {
        let SearchTermRow { room, bucket, term, time, position } = row;
        batch.delete::<SearchTermRow>(SearchTermRow::key(room, bucket, term, time, position));
    }
    world.raw_store().write(batch).await.expect("written");
    for within in [None, Some(room)] {
        let first = page(&mut giulia, within, "has:poll", None, 10).await.expect("an answer");
        assert_eq!((first.hits.len(), first.behind), (0, true));
    }
    world.restart().await;
    giulia = world.connect("giulia").await;
    sleep(10 * SOON).await;
    let then = page(&mut giulia, None, "has:poll", None, 10).await.expect("an answer");
    assert_eq!((then.hits.len(), then.behind), (1, false));
}

async fn on(client: &mut Client, query: &str, zone: Option<&str>) -> Result<SearchPage, Error> {
    let (query, time_zone) = (Text::cut(query), zone.map(Text::cut));
    asked(client, Search { room: None, query, time_zone, before: None, limit: 50 }).await
}

/// What a search finds, oldest first.
async fn found_on(client: &mut Client, query: &str, zone: Option<&str>) -> Vec<String> {
    let page = on(client, query, zone).await.expect("an answer");
    page.hits.iter().rev().map(said).collect()
}

const HOUR: Duration = Duration::from_secs(3_600);
const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn days_are_those_where_the_person_is() {
    let world = World::unhurried().await;
    let [mut giulia, _] = world.people(["giulia", "marco"]).await;
    world.deliver("a", lives_in("marco", "Europe/Rome")).await.expect("mirrored");
    let room = giulia.group(&["marco"]).await;
    // It is midnight in London and one o'clock in Rome on the first of January.
    let mut now = Duration::ZERO;
    for (at, words) in [
        (22 * HOUR + 59 * MINUTE, "pane 23:59 in Rome"),
        (23 * HOUR, "pane 00:00 in Rome"),
        (24 * HOUR - MINUTE, "pane 23:59 in London"),
        (24 * HOUR, "pane 00:00 in London"),
    ] {
        world.clock.advance(at - now);
        now = at;
        giulia = world.connect("giulia").await;
        giulia.send(room, words).await.expect("sent");
    }
    let mut marco = world.connect("marco").await;
    sleep(SOON).await;
    let all = [
        "pane 23:59 in Rome",
        "pane 00:00 in Rome",
        "pane 23:59 in London",
        "pane 00:00 in London",
    ];
    let first = |count| all.split_at(count);
    for (zone, count) in [
        (Some("Europe/Rome"), 1),
        (Some("europe/rome"), 1),
        (Some("Europe/London"), 3),
        (Some("UTC"), 3),
        (Some("America/New_York"), 4),
        (Some("Pacific/Kiritimati"), 0),
        (None, 3),
    ] {
        let (earlier, later) = first(count);
        assert_eq!(
            found_on(&mut giulia, "pane before:2026-01-02", zone).await,
            earlier,
            "{zone:?}"
        );
        assert_eq!(found_on(&mut giulia, "pane after:2026-01-01", zone).await, later, "{zone:?}");
    }
    // By his profile, unless he is elsewhere.
    for (zone, count) in [(None, 1), (Some("Europe/London"), 3)] {
        let (earlier, later) = first(count);
        assert_eq!(found_on(&mut marco, "pane before:2026-01-02", zone).await, earlier, "{zone:?}");
        assert_eq!(found_on(&mut marco, "pane after:2026-01-01", zone).await, later, "{zone:?}");
    }
    let nowhere = Some("Mars/Olympus");
    assert_eq!(code(on(&mut giulia, "pane before:2026-01-02", nowhere).await), ErrorCode::Invalid);
    // Nobody asked for a day.
    assert_eq!(found_on(&mut giulia, "pane", nowhere).await.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn days_follow_the_clocks_of_summer() {
    let world = World::unhurried().await;
    let mut giulia = world.connect("giulia").await;
    let room = giulia.group(&[]).await;
    // 29 March 2026 has 23 hours in Rome: it begins at 23:00 UTC and ends at 22:00 UTC.
    let midnight = Duration::from_millis(1_774_742_400_000 - START);
    let mut now = Duration::ZERO;
    for (at, words) in [
        (midnight - HOUR - MINUTE, "pane sabato"),
        (midnight - HOUR, "pane domenica presto"),
        (midnight + 22 * HOUR - MINUTE, "pane domenica tardi"),
        (midnight + 22 * HOUR, "pane lunedi"),
    ] {
        world.clock.advance(at - now);
        now = at;
        giulia = world.connect("giulia").await;
        giulia.send(room, words).await.expect("sent");
    }
    sleep(SOON).await;
    let rome = Some("Europe/Rome");
    let sunday = "pane after:2026-03-28 before:2026-03-30";
    let expected = ["pane domenica presto", "pane domenica tardi"];
    assert_eq!(found_on(&mut giulia, sunday, rome).await, expected);
    assert_eq!(found_on(&mut giulia, "pane after:2026-03-29", rome).await, ["pane lunedi"]);
    assert_eq!(found_on(&mut giulia, "pane before:2026-03-29", rome).await, ["pane sabato"]);
}

fn lives_in(id: &str, zone: &str) -> HookEvent {
    HookEvent::UserUpserted(UserUpserted {
        id: user(id),
        version: Version::new(1).expect("a version"),
        name: Text::cut(id),
        picture: None,
        locale: None,
        time_zone: TimeZone::new(zone).ok(),
        quiet_hours: None,
        roles: List::default(),
    })
}
