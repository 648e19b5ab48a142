//! Starring messages.

use std::time::Duration;

use caffis_core::tables::FlagRow;
use caffis_schema::{
    Command, Error, ErrorCode, Event, MessageNumber, Position, Reply, RoomId, Timestamp,
    command::{Delete, Hide, Marked, Marks, SearchPlace, Star},
    event::{Flag, Flagged},
    limits::STARRED_MESSAGES,
    open::Empty,
    reply::MarkedPage,
    room::HistoryPolicy,
};

use crate::{
    client::Client,
    edits::edit,
    harness::{World, code, user},
};

async fn star(
    client: &mut Client,
    room: RoomId,
    position: u64,
    star: bool,
) -> Result<Reply, Error> {
    client.ask(Command::Star(Star { room, position: Position(position), star })).await
}

async fn page(client: &mut Client, before: Option<SearchPlace>, limit: u8) -> MarkedPage {
    let flag = Flag::Starred(Empty {});
    match client.ask(Command::Marked(Marked { flag, before, limit })).await {
        Ok(Reply::Marked(page)) => page,
        other => panic!("answered with {other:?}"),
    }
}

async fn starred(client: &mut Client) -> Vec<String> {
    let page = page(client, None, 50).await;
    page.messages.iter().map(|marked| marked.message.preview.text.to_string()).collect()
}

async fn places(client: &mut Client) -> Vec<u64> {
    match client.ask(Command::Marks(Marks { flag: Flag::Starred(Empty {}) })).await {
        Ok(Reply::Marks(list)) => list.marks.iter().map(|mark| mark.position.get()).collect(),
        other => panic!("answered with {other:?}"),
    }
}

async fn told(client: &mut Client) -> Vec<(u64, bool)> {
    let news = client.settle().await.into_iter().filter_map(|event| match event {
        Event::Flagged(Flagged { position, flag: Flag::Starred(_), on, .. }) => {
            Some((position.get(), on))
        }
        _ => None,
    });
    news.collect()
}

#[tokio::test(start_paused = true)]
async fn a_person_finds_them_newest_star_first_on_every_device() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let group = giulia.group(&["marco"]).await;
    let direct = giulia.direct("marco").await.expect("made").room;
    for words in ["one", "two", "three"] {
        giulia.send(group, words).await.expect("sent");
    }
    giulia.send(direct, "four").await.expect("sent");
    let mut tablet = world.connect("marco").await;
    for client in [&mut giulia, &mut marco, &mut tablet] {
        client.settle().await;
    }
    for (room, position, on) in [
        (group, 3, true),
        (direct, 2, true),
        (group, 2, true),
        (group, 2, true),
        (group, 4, true),
        (group, 4, false),
        (group, 4, false),
    ] {
        world.clock.advance(Duration::from_secs(1));
        star(&mut marco, room, position, on).await.expect("done");
    }
    for client in [&mut marco, &mut tablet] {
        assert_eq!(told(client).await, [(3, true), (2, true), (2, true), (4, true), (4, false)]);
    }
    assert_eq!(told(&mut giulia).await, []);
    edit(&mut giulia, group, 2, "uno").await.expect("edited");
    for _ in 0..2 {
        assert_eq!(starred(&mut marco).await, ["uno", "four", "two"]);
        assert_eq!(starred(&mut giulia).await, [""; 0]);
        let first = page(&mut marco, None, 2).await;
        let last = page(&mut marco, first.next, 2).await;
        assert_eq!((first.messages.len(), last.messages.len(), last.next), (2, 1, None));
        world.restart().await;
        [giulia, marco] = world.people(["giulia", "marco"]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_deleted_hidden_or_left_behind_is_not_shown() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group_with(&["marco"], HistoryPolicy::All).await;
    for words in ["one", "two", "three"] {
        giulia.send(room, words).await.expect("sent");
        let position = giulia.listed(room).await.expect("listed").head.get();
        star(&mut marco, room, position, true).await.expect("starred");
    }
    let (key, position) = (giulia.key(), Position(2));
    giulia.ask(Command::Delete(Delete { key, room, position })).await.expect("deleted");
    marco.settle().await;
    assert_eq!(starred(&mut marco).await, ["three", "two"]);
    // It makes room for another one.
    assert_eq!((told(&mut marco).await, places(&mut marco).await), (vec![(2, false)], vec![3, 4]));
    marco.ask(Command::Hide(Hide { room, position: Position(3) })).await.expect("hidden");
    assert_eq!(starred(&mut marco).await, ["three"]);
    marco.leave(room).await.expect("left");
    assert_eq!(starred(&mut marco).await, [""; 0]);
    // Who comes back finds them again; a star of a room that was left can be taken back.
    star(&mut marco, room, 3, false).await.expect("done");
    giulia.add(room, &["marco"]).await.expect("added");
    assert_eq!(
        (starred(&mut marco).await, places(&mut marco).await),
        (vec!["three".to_owned()], vec![4])
    );
}

#[tokio::test(start_paused = true)]
async fn who_may_star_what_and_how_many() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let room = giulia.group_with(&["marco"], HistoryPolicy::FromJoining).await;
    giulia.send(room, "one").await.expect("sent");
    giulia.send(room, "two").await.expect("sent");
    for nothing in [1, 9] {
        assert_eq!(code(star(&mut giulia, room, nothing, true).await), ErrorCode::NotFound);
    }
    giulia.add(room, &["anna"]).await.expect("added");
    for on in [true, false] {
        assert_eq!(code(star(&mut anna, room, 2, on).await), ErrorCode::NotFound);
    }
    let (key, position) = (giulia.key(), Position(2));
    giulia.ask(Command::Delete(Delete { key, room, position })).await.expect("deleted");
    assert_eq!(code(star(&mut marco, room, 2, true).await), ErrorCode::Deleted);
    let mut batch = world.batch();
    for position in 0..STARRED_MESSAGES as u64 {
        batch.put(&FlagRow {
            user: user("marco"),
            kind: FlagRow::STARRED.into(),
            room: RoomId::from_random(7),
            position: Position(position),
            number: MessageNumber(position),
            time: Timestamp(position),
        });
    }
    world.raw_store().write(batch).await.expect("written");
    assert_eq!(code(star(&mut marco, room, 3, true).await), ErrorCode::LimitReached);
    let elsewhere = RoomId::from_random(7);
    star(&mut marco, elsewhere, 5, false).await.expect("taken back");
    star(&mut marco, room, 3, true).await.expect("there is a place");
    assert_eq!(starred(&mut marco).await, ["two"]);
    let mut service = world.service().await;
    let meetup = service
        .ensure("meetup", caffis_schema::room::RoomClass::Social, &["giulia"])
        .await
        .expect("made");
    giulia.send(meetup.room, "ciao").await.expect("sent");
    let refused = star(&mut service, meetup.room, 2, true).await;
    assert!(matches!(code(refused), ErrorCode::Forbidden | ErrorCode::NotFound));
}
