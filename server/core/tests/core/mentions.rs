//! Mentioning people, and where they find it.

use std::{collections::BTreeSet, time::Duration};

use caffis_core::tables::MentionRow;
use caffis_schema::{
    Command, Error, ErrorCode, Event, List, Position, Reply, RoomId,
    command::{Delete, Edit, Hide, Marked, Marks, SearchPlace, Send},
    event::{Flag, Flagged},
    limits::{MENTIONED_MESSAGES, MENTIONS, ROOM_MENTION_MEMBERS},
    open::Empty,
    reply::{Appended, MarkedPage},
    room::{Extra, HistoryPolicy, Mentions, MessageMark, Role, RoomClass},
};

use crate::{
    client::Client,
    edits::edit,
    harness::{World, code, text, users},
};

fn mentions(names: &[&str], room: bool) -> Mentions {
    Mentions { users: List::cut(users(names)), room }
}

async fn mention(
    client: &mut Client,
    room: RoomId,
    words: &str,
    mentions: Mentions,
) -> Result<Appended, Error> {
    let extras = List::cut(vec![Extra::Mentions(mentions)]);
    let send = Send { extras, ..Send::new(client.key(), room, text(words)) };
    client.appended(Command::Send(send)).await
}

async fn change(
    client: &mut Client,
    room: RoomId,
    position: u64,
    words: &str,
    mentions: Mentions,
) -> Result<Appended, Error> {
    let (key, position) = (client.key(), Position(position));
    let edit = Edit { mentions: Some(mentions), ..Edit::words(key, room, position, text(words)) };
    client.appended(Command::Edit(edit)).await
}

fn mentioned() -> Flag {
    Flag::Mentioned(Empty {})
}

async fn page(client: &mut Client, before: Option<SearchPlace>, limit: u8) -> MarkedPage {
    let command = Marked { flag: mentioned(), before, limit };
    match client.ask(Command::Marked(command)).await {
        Ok(Reply::Marked(page)) => page,
        other => panic!("answered with {other:?}"),
    }
}

fn said(page: &MarkedPage) -> Vec<String> {
    page.messages.iter().map(|marked| marked.message.preview.text.to_string()).collect()
}

/// What the messages say that mention a person, newest first.
async fn inbox(client: &mut Client) -> Vec<String> {
    said(&page(client, None, 50).await)
}

async fn places(client: &mut Client) -> Vec<MessageMark> {
    match client.ask(Command::Marks(Marks { flag: mentioned() })).await {
        Ok(Reply::Marks(list)) => list.marks.into_vec(),
        other => panic!("answered with {other:?}"),
    }
}

/// The news of mentions that came.
async fn told(client: &mut Client) -> Vec<(u64, bool)> {
    let news = client.settle().await.into_iter().filter_map(|event| match event {
        Event::Flagged(Flagged { position, flag: Flag::Mentioned(_), on, .. }) => {
            Some((position.get(), on))
        }
        _ => None,
    });
    news.collect()
}

#[tokio::test(start_paused = true)]
async fn people_find_the_messages_that_mention_them_newest_first_on_every_device() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let group = giulia.group(&["marco", "anna"]).await;
    let direct = giulia.direct("marco").await.expect("made").room;
    let mut tablet = world.connect("marco").await;
    for client in [&mut giulia, &mut marco, &mut anna, &mut tablet] {
        client.settle().await;
    }
    mention(&mut giulia, group, "one", mentions(&["marco", "marco"], false)).await.expect("sent");
    world.clock.advance(Duration::from_secs(1));
    mention(&mut giulia, direct, "two", mentions(&["marco"], false)).await.expect("sent");
    world.clock.advance(Duration::from_secs(1));
    mention(&mut giulia, group, "three", mentions(&["giulia"], true)).await.expect("sent");
    giulia.send(group, "four").await.expect("sent");
    for client in [&mut marco, &mut tablet] {
        assert_eq!(
            told(client).await.into_iter().collect::<BTreeSet<_>>(),
            [(2, true), (3, true)].into()
        );
    }
    assert_eq!(told(&mut anna).await, [(3, true)]);
    // Nobody mentions themselves.
    assert_eq!(told(&mut giulia).await, []);
    for _ in 0..2 {
        assert_eq!(inbox(&mut marco).await, ["three", "two", "one"]);
        assert_eq!(inbox(&mut anna).await, ["three"]);
        assert_eq!(inbox(&mut giulia).await, [""; 0]);
        let first = page(&mut marco, None, 2).await;
        assert_eq!(said(&first), ["three", "two"]);
        let last = page(&mut marco, first.next, 2).await;
        assert_eq!((said(&last), last.next), (vec!["one".to_owned()], None));
        // A message is unread as long as its number is above what the person has read.
        let numbers = places(&mut marco).await.into_iter().filter(|mark| mark.room == group);
        assert_eq!(numbers.map(|mark| mark.number.get()).collect::<Vec<_>>(), [1, 2]);
        world.restart().await;
        [giulia, marco, anna] = world.people(["giulia", "marco", "anna"]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn edits_deletes_hides_and_leaving_decide_what_is_found() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let room = giulia.group_with(&["marco", "anna"], HistoryPolicy::FromJoining).await;
    mention(&mut giulia, room, "one", mentions(&["marco"], false)).await.expect("sent");
    for client in [&mut marco, &mut anna] {
        client.settle().await;
    }
    // Other words alone leave the mentions as they are.
    edit(&mut giulia, room, 2, "uno").await.expect("edited");
    assert_eq!((told(&mut marco).await, inbox(&mut marco).await), (vec![], vec!["uno".to_owned()]));
    change(&mut giulia, room, 2, "uno", mentions(&["anna"], false)).await.expect("edited");
    assert_eq!(
        (told(&mut marco).await, told(&mut anna).await),
        (vec![(2, false)], vec![(2, true)])
    );
    assert_eq!((inbox(&mut marco).await, inbox(&mut anna).await), (vec![], vec!["uno".to_owned()]));
    // The same again is no other entry.
    let same = change(&mut giulia, room, 2, "uno", mentions(&["anna"], false)).await.expect("done");
    assert_eq!(same.position, Position(4));
    change(&mut giulia, room, 2, "uno", mentions(&[], true)).await.expect("edited");
    assert_eq!((told(&mut marco).await, told(&mut anna).await), (vec![(2, true)], vec![]));
    // Who is deleted, hidden or left behind is found no more.
    mention(&mut giulia, room, "two", mentions(&[], true)).await.expect("sent");
    mention(&mut giulia, room, "three", mentions(&["marco"], false)).await.expect("sent");
    let (key, position) = (giulia.key(), Position(2));
    giulia.ask(Command::Delete(Delete { key, room, position })).await.expect("deleted");
    assert!(told(&mut marco).await.contains(&(2, false)));
    assert_eq!(inbox(&mut marco).await, ["three", "two"]);
    marco.ask(Command::Hide(Hide { room, position: Position(6) })).await.expect("hidden");
    assert_eq!(
        (inbox(&mut marco).await, inbox(&mut anna).await),
        (vec!["three".to_owned()], vec!["two".to_owned()])
    );
    anna.leave(room).await.expect("left");
    assert_eq!(inbox(&mut anna).await, [""; 0]);
    // Who comes back does not see what was said before.
    giulia.add(room, &["anna"]).await.expect("added");
    assert_eq!(inbox(&mut anna).await, [""; 0]);
    mention(&mut giulia, room, "four", mentions(&["anna"], false)).await.expect("sent");
    assert_eq!(inbox(&mut anna).await, ["four"]);
}

#[tokio::test(start_paused = true)]
async fn who_may_mention_whom() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, _anna] = world.people(["giulia", "marco", "anna"]).await;
    let room = giulia.group(&["marco"]).await;
    let everybody = || mentions(&[], true);
    let refused = mention(&mut giulia, room, "ciao", mentions(&["anna"], false)).await;
    assert_eq!(code(refused), ErrorCode::NotFound);
    assert_eq!(code(mention(&mut marco, room, "ciao", everybody()).await), ErrorCode::Forbidden);
    let sent = marco.send(room, "ciao").await.expect("sent").position.get();
    assert_eq!(
        code(change(&mut marco, room, sent, "ciao", everybody()).await),
        ErrorCode::Forbidden
    );
    let refused = change(&mut marco, room, sent, "ciao", mentions(&["anna"], false)).await;
    assert_eq!(code(refused), ErrorCode::NotFound);
    giulia.role(room, "marco", Role::Admin).await.expect("an admin");
    mention(&mut marco, room, "ciao", everybody()).await.expect("sent");
    // What it has already needs no permission again.
    let sent = mention(&mut marco, room, "two", everybody()).await.expect("sent").position.get();
    giulia.role(room, "marco", Role::Member).await.expect("a member");
    change(&mut marco, room, sent, "three", everybody()).await.expect("edited");
    let direct = giulia.direct("marco").await.expect("made").room;
    mention(&mut giulia, direct, "ciao", mentions(&["marco"], false)).await.expect("sent");
    assert_eq!(code(mention(&mut giulia, direct, "ciao", everybody()).await), ErrorCode::RoomClass);
    let cafe = giulia.ensure("cafe", RoomClass::Public, &[]).await.expect("made").room;
    giulia.open(cafe).await.expect("opened");
    let refused = mention(&mut giulia, cafe, "ciao", mentions(&["marco"], false)).await;
    assert_eq!(code(refused), ErrorCode::RoomClass);
    // Nobody at all is no extra, and twice is one too many.
    mention(&mut giulia, cafe, "ciao", mentions(&[], false)).await.expect("sent");
    let twice = List::cut(vec![Extra::Mentions(mentions(&[], false)); 2]);
    let send = Send { extras: twice, ..Send::new(giulia.key(), room, text("ciao")) };
    assert_eq!(code(giulia.appended(Command::Send(send)).await), ErrorCode::Invalid);
    let mut service = world.service().await;
    for command in [
        Command::Marks(Marks { flag: mentioned() }),
        Command::Marked(Marked { flag: mentioned(), before: None, limit: 5 }),
    ] {
        assert_eq!(code(service.ask(command).await), ErrorCode::Forbidden);
    }
    let hidden = Marks { flag: Flag::Hidden(Empty {}) };
    assert_eq!(code(giulia.ask(Command::Marks(hidden)).await), ErrorCode::Invalid);
}

#[tokio::test(start_paused = true)]
async fn everybody_is_mentioned_only_where_they_are_few() {
    let world = World::unhurried().await;
    let mut service = world.service().await;
    let [mut giulia] = world.people(["giulia"]).await;
    let names: Vec<_> = (1..ROOM_MENTION_MEMBERS).map(|number| format!("p{number:03}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let made = service.ensure("meetup", RoomClass::Social, &["giulia"]).await.expect("made");
    service.add(made.room, &names).await.expect("added");
    let everybody = || mentions(&[], true);
    // Only those who moderate, and here a service does.
    assert_eq!(
        code(mention(&mut giulia, made.room, "ciao", everybody()).await),
        ErrorCode::Forbidden
    );
    service.role(made.room, "giulia", Role::Admin).await.expect("an admin");
    mention(&mut giulia, made.room, "ciao", everybody()).await.expect("sent");
    let mut last = world.connect("p099").await;
    assert_eq!(inbox(&mut last).await, ["ciao"]);
    service.add(made.room, &["anna"]).await.expect("added");
    let refused = mention(&mut giulia, made.room, "ciao", everybody()).await;
    assert_eq!(code(refused), ErrorCode::LimitReached);
    mention(&mut giulia, made.room, "ciao", mentions(&names[..MENTIONS], false))
        .await
        .expect("sent");
}

#[tokio::test(start_paused = true)]
async fn the_oldest_are_forgotten() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.direct("marco").await.expect("made").room;
    for number in 0..MENTIONED_MESSAGES + 3 {
        world.clock.advance(Duration::from_millis(1));
        let words = number.to_string();
        mention(&mut giulia, room, &words, mentions(&["marco"], false)).await.expect("sent");
    }
    let found = places(&mut marco).await;
    assert_eq!(found.len(), MENTIONED_MESSAGES);
    assert_eq!(found[0].number.get(), 4);
    let partition = MentionRow::partition(&crate::harness::user("marco"));
    let rows = caffis_core::tables::partition::<MentionRow>(world.raw_store(), partition, 1_000);
    assert_eq!(rows.await.expect("read").len(), MENTIONED_MESSAGES);
    assert_eq!(inbox(&mut marco).await[0], (MENTIONED_MESSAGES + 2).to_string());
}

#[tokio::test(start_paused = true)]
async fn a_mention_is_told_once_and_survives_its_owner() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    let extras = List::cut(vec![Extra::Mentions(mentions(&["marco"], false))]);
    let send = Send { extras, ..Send::new(giulia.key(), room, text("one")) };
    marco.settle().await;
    let first = giulia.appended(Command::Send(send.clone())).await.expect("sent");
    assert_eq!(giulia.appended(Command::Send(send)).await.expect("the same answer"), first);
    assert_eq!(told(&mut marco).await, [(2, true)]);
    tokio::time::sleep(Duration::from_secs(3)).await;
    // As if the owner had stopped when the entry was durable, and not the row of whom it mentions with it.
    let marks = crate::harness::user("marco");
    let mut batch = world.batch();
    batch.delete::<MentionRow>(MentionRow::key(&marks, &first.time, &room, &first.position));
    world.raw_store().write(batch).await.expect("written");
    world.restart().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    giulia.listed(room).await.expect("listed");
    assert_eq!(inbox(&mut marco).await, ["one"]);
    // And as if it had stopped before it took one away: what is found is looked at again.
    change(&mut giulia, room, 2, "one", mentions(&[], false)).await.expect("edited");
    let row = MentionRow {
        user: marks,
        time: first.time,
        room,
        position: first.position,
        number: first.number,
    };
    let mut batch = world.batch();
    batch.put(&row);
    world.raw_store().write(batch).await.expect("written");
    assert_eq!(places(&mut marco).await.len(), 1);
    marco.settle().await;
    assert_eq!(inbox(&mut marco).await, [""; 0]);
    assert_eq!((told(&mut marco).await, places(&mut marco).await.len()), (vec![(2, false)], 0));
}
