//! Forwarding messages between rooms.

use caffis_schema::{
    Body, Command, EntryKind, Error, ErrorCode, List, Position, RoomId, Timestamp,
    command::{Copied, Delete, Forward, Hide, Send},
    reply::Appended,
    room::{Extra, Forwarded, HistoryPolicy, Message, RoomClass},
};

use crate::{
    client::Client,
    edits::{edit, message},
    harness::{World, code, text, user},
};

fn of(client: &Client, room: RoomId, source: RoomId, position: u64) -> Forward {
    let (key, position) = (client.key(), Position(position));
    Forward { key, room, source, position, copied: None }
}

async fn forward(
    client: &mut Client,
    room: RoomId,
    source: RoomId,
    position: u64,
) -> Result<Appended, Error> {
    let command = of(client, room, source, position);
    client.appended(Command::Forward(command)).await
}

fn said(message: &Message) -> &str {
    match &message.body {
        Body::Text(words) => &words.text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn the_words_come_with_who_wrote_them_first() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let source = giulia.group(&["marco"]).await;
    let mut rooms = Vec::new();
    for _ in 0..4 {
        rooms.push(marco.group(&["anna"]).await);
    }
    let sent = giulia.send(source, "at nine").await.expect("sent");
    anna.settle().await;
    for room in &rooms {
        let done = forward(&mut marco, *room, source, 2).await.expect("forwarded");
        assert_eq!((done.room, done.position, done.number.get()), (*room, Position(2), 1));
        let EntryKind::Message(told) = anna.entry().await.kind else { panic!("no message") };
        let origin = Forwarded { by: Some(user("giulia")), time: sent.time, place: None };
        assert_eq!(
            (said(&told), told.sender.clone(), told.extras.to_vec()),
            ("at nine", Some(user("marco")), vec![Extra::Forwarded(origin)])
        );
    }
    // Who forwards it again does not become who wrote it, and later edits stay where they are.
    let direct = anna.direct("giulia").await.expect("made").room;
    edit(&mut giulia, source, 2, "at ten").await.expect("edited");
    forward(&mut anna, direct, rooms[0], 2).await.expect("forwarded");
    let found = message(&mut giulia, direct, 2).await;
    assert_eq!(said(&found), "at nine");
    assert_eq!(found.forwarded().and_then(|origin| origin.by.clone()), Some(user("giulia")));
    // Of a public room it also says where.
    let cafe = giulia.ensure("cafe", RoomClass::Public, &[]).await.expect("made").room;
    giulia.open(cafe).await.expect("opened");
    giulia.send(cafe, "ciao").await.expect("sent");
    forward(&mut giulia, source, cafe, 2).await.expect("forwarded");
    let last = giulia.listed(source).await.expect("listed").head.get();
    let place =
        message(&mut giulia, source, last).await.forwarded().and_then(|origin| origin.place);
    assert_eq!(place.map(|place| (place.room, place.position)), Some((cafe, Position(2))));
}

#[tokio::test(start_paused = true)]
async fn nobody_can_say_what_somebody_else_did_not() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    giulia.send(room, "true").await.expect("sent");
    let origin = Forwarded { by: Some(user("giulia")), time: Timestamp(1), place: None };
    let copied = Some(Copied { body: text("false"), origin: origin.clone() });
    let command = Forward { copied: copied.clone(), ..of(&marco, room, room, 2) };
    let done = marco.appended(Command::Forward(command)).await.expect("forwarded");
    assert_eq!(said(&message(&mut giulia, room, done.position.get()).await), "true");
    let command = Forward { copied, ..of(&marco, room, room, 99) };
    assert_eq!(code(marco.appended(Command::Forward(command)).await), ErrorCode::NotFound);
    let extras = List::cut(vec![Extra::Forwarded(origin)]);
    let send = Send { extras, ..Send::new(marco.key(), room, text("false")) };
    assert_eq!(code(marco.appended(Command::Send(send)).await), ErrorCode::Invalid);
}

#[tokio::test(start_paused = true)]
async fn who_may_forward_what() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let source = giulia.group_with(&["marco"], HistoryPolicy::FromJoining).await;
    let target = anna.group(&["marco"]).await;
    for words in ["one", "two", "three"] {
        giulia.send(source, words).await.expect("sent");
    }
    // What is no message, what is in a room of others, and a room of others.
    for position in [1, 99] {
        assert_eq!(code(forward(&mut marco, target, source, position).await), ErrorCode::NotFound);
    }
    assert_eq!(code(forward(&mut anna, target, source, 2).await), ErrorCode::NotFound);
    assert_eq!(code(forward(&mut giulia, target, source, 2).await), ErrorCode::NotFound);
    // What is deleted, hidden, or from before somebody came.
    let (key, position) = (giulia.key(), Position(2));
    giulia.ask(Command::Delete(Delete { key, room: source, position })).await.expect("deleted");
    assert_eq!(code(forward(&mut marco, target, source, 2).await), ErrorCode::Deleted);
    marco.ask(Command::Hide(Hide { room: source, position: Position(3) })).await.expect("hidden");
    assert_eq!(code(forward(&mut marco, target, source, 3).await), ErrorCode::NotFound);
    giulia.add(source, &["anna"]).await.expect("added");
    assert_eq!(code(forward(&mut anna, target, source, 4).await), ErrorCode::NotFound);
    forward(&mut marco, target, source, 4).await.expect("forwarded");
    // What is said in a room of evidence stays there, and other things may come into it.
    let mut service = world.service().await;
    let booking =
        service.ensure("booking", RoomClass::Evidence, &["marco"]).await.expect("made").room;
    marco.send(booking, "secret").await.expect("sent");
    assert_eq!(code(forward(&mut marco, target, booking, 2).await), ErrorCode::RoomClass);
    forward(&mut marco, booking, source, 4).await.expect("forwarded");
    // A public room takes shorter texts.
    let long = giulia.send(source, &"x".repeat(600)).await.expect("sent").position.get();
    let cafe = marco.ensure("cafe", RoomClass::Public, &[]).await.expect("made").room;
    marco.open(cafe).await.expect("opened");
    assert_eq!(code(forward(&mut marco, cafe, source, long).await), ErrorCode::TextTooLong);
}

#[tokio::test(start_paused = true)]
async fn it_is_done_once_even_if_the_message_is_gone_meanwhile() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let source = giulia.group(&["marco"]).await;
    let target = marco.group(&[]).await;
    for words in ["one", "two"] {
        giulia.send(source, words).await.expect("sent");
    }
    let commands = [of(&marco, target, source, 2), of(&marco, target, source, 3)];
    let mut first = Vec::new();
    for command in &commands {
        first.push(marco.appended(Command::Forward(command.clone())).await.expect("forwarded"));
    }
    edit(&mut giulia, source, 2, "uno").await.expect("edited");
    let (key, position) = (giulia.key(), Position(3));
    giulia.ask(Command::Delete(Delete { key, room: source, position })).await.expect("deleted");
    for _ in 0..2 {
        for (command, first) in commands.iter().zip(&first) {
            let again = marco.appended(Command::Forward(command.clone())).await;
            assert_eq!(again.expect("the same answer"), *first);
        }
        assert_eq!(marco.log(target).await, ["one", "two"]);
        world.restart().await;
        marco = world.connect("marco").await;
    }
    let other = Forward { position: Position(4), ..commands[0].clone() };
    let refused = marco.appended(Command::Forward(other)).await;
    assert!(refused.is_err(), "{refused:?}");
}
