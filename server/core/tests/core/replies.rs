//! Messages that answer others, and the quotes of those.

use caffis_schema::{
    Body, Command, EntryKind, Error, ErrorCode, List, Position, RoomId, Text,
    command::{Delete, Edit, Previews, Send},
    event::TextBody,
    open::Unknown,
    reply::Appended,
    room::{Extra, HistoryPolicy, Message, MessagePreview, ReplyTo, RoomClass},
};

use crate::{
    client::Client,
    edits::message,
    harness::{World, code, text},
};

async fn reply(
    client: &mut Client,
    room: RoomId,
    position: u64,
    words: &str,
) -> Result<Appended, Error> {
    let send = Send::reply(client.key(), room, text(words), Position(position));
    client.appended(Command::Send(send)).await
}

async fn previews(client: &mut Client, room: RoomId, positions: &[u64]) -> Vec<MessagePreview> {
    let positions = List::cut(positions.iter().copied().map(Position).collect());
    let asked = client.ask(Command::Previews(Previews { room, positions })).await;
    let caffis_schema::Reply::Previews(list) = asked.expect("previews") else { panic!("others") };
    list.previews.into_vec()
}

/// What a person sees of messages in short: position, sender and words, or that it was deleted.
async fn quotes(client: &mut Client, room: RoomId, positions: &[u64]) -> Vec<String> {
    let found = previews(client, room, positions).await.into_iter();
    found
        .map(|MessagePreview { position, preview, .. }| {
            let sender = preview.sender.map_or("-".to_owned(), |sender| sender.to_string());
            let words = if preview.deleted { "(deleted)" } else { &*preview.text };
            format!("{position} {sender} {words}")
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_message_says_which_one_it_answers_on_every_way_of_reading() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    giulia.send(room, "who comes?").await.expect("sent");
    giulia.settle().await;
    let done = reply(&mut marco, room, 2, "me").await.expect("sent");
    assert_eq!((done.position.get(), done.number.get()), (3, 2));
    let entry = giulia.entry().await;
    assert!(matches!(&entry.kind, EntryKind::Message(it) if it.reply() == Some(Position(2))));
    // An answer to an answer, and an edit that leaves it one.
    reply(&mut giulia, room, 3, "good").await.expect("sent");
    let (key, position) = (giulia.key(), Position(4));
    let body = Body::Text(TextBody { text: Text::cut("great") });
    giulia.ask(Command::Edit(Edit::words(key, room, position, body))).await.expect("edited");
    for _ in 0..2 {
        assert_eq!(message(&mut giulia, room, 3).await.reply(), Some(Position(2)));
        let edited = message(&mut marco, room, 4).await;
        assert_eq!((edited.reply(), edited.revision()), (Some(Position(3)), 1));
        let resumed = giulia.resume(room, 2).await;
        let EntryKind::Message(found) = &resumed.entries[0].kind else { panic!("{resumed:?}") };
        assert_eq!(found.reply(), Some(Position(2)));
        assert_eq!(quotes(&mut marco, room, &[3, 2]).await, ["2 giulia who comes?", "3 marco me"]);
        world.restart().await;
        giulia = world.connect("giulia").await;
        marco = world.connect("marco").await;
    }
}

#[tokio::test(start_paused = true)]
async fn quotes_follow_edits_and_deletes() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    giulia.send(room, "at seven").await.expect("sent");
    giulia.send(room, "or not").await.expect("sent");
    reply(&mut marco, room, 2, "fine").await.expect("sent");
    let (key, position) = (giulia.key(), Position(2));
    let edit = Edit::words(key, room, position, text("at eight"));
    giulia.ask(Command::Edit(edit)).await.expect("edited");
    let (key, position) = (giulia.key(), Position(3));
    giulia.ask(Command::Delete(Delete { key, room, position })).await.expect("deleted");
    for _ in 0..2 {
        let shown = quotes(&mut marco, room, &[2, 3]).await;
        assert_eq!(shown, ["2 giulia at eight", "3 giulia (deleted)"]);
        let changed = previews(&mut marco, room, &[2, 3]).await;
        assert_eq!(changed.iter().map(|it| it.changed.get()).collect::<Vec<_>>(), [5, 6]);
        world.restart().await;
        marco = world.connect("marco").await;
    }
    // A deleted answer answers nothing any more.
    let (key, position) = (marco.key(), Position(4));
    marco.ask(Command::Delete(Delete { key, room, position })).await.expect("deleted");
    let gone = message(&mut marco, room, 4).await;
    assert!(gone.is_deleted() && gone.extras.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_answered() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let room = giulia.group_with(&["marco"], HistoryPolicy::FromJoining).await;
    let other = giulia.group(&["marco"]).await;
    giulia.send(room, "one").await.expect("sent");
    for words in ["two", "three", "four"] {
        giulia.send(other, words).await.expect("sent");
    }
    // What is no message, what is not there yet, and a message of another room, which has no name here.
    for nothing in [1, 3, 4, u64::MAX >> 11] {
        let answer = reply(&mut marco, room, nothing, "to what?").await;
        assert_eq!(code(answer), ErrorCode::NotFound, "{nothing}");
    }
    // Nobody answers what they do not see.
    assert_eq!(code(reply(&mut anna, room, 2, "hm").await), ErrorCode::NotFound);
    giulia.add(room, &["anna"]).await.expect("added");
    assert_eq!(code(reply(&mut anna, room, 2, "hm").await), ErrorCode::NotFound);
    assert_eq!(quotes(&mut anna, room, &[1, 2, 3, 9]).await, [""; 0]);
    let (key, position) = (giulia.key(), Position(2));
    giulia.ask(Command::Delete(Delete { key, room, position })).await.expect("deleted");
    assert_eq!(code(reply(&mut marco, room, 2, "what was it?").await), ErrorCode::Deleted);
    // Two of a kind, and a kind that the server does not know.
    let to = |message| Extra::Reply(ReplyTo { message: Position(message) });
    let unknown = Extra::Unknown(Unknown { tag: 99, bytes: Default::default() });
    for extras in [vec![to(2), to(3)], vec![unknown]] {
        let send = Send::new(marco.key(), other, text("hm"));
        let send = Send { extras: List::cut(extras), ..send };
        assert_eq!(code(marco.ask(Command::Send(send)).await), ErrorCode::Invalid);
    }
    // In memory or not, in the same write or not: a message that was deleted is not answered.
    let (key, position) = (giulia.key(), Position(2));
    let delete = giulia.start(Command::Delete(Delete { key, room: other, position })).await;
    let send = Send::reply(giulia.key(), other, text("hm"), position);
    let answer = giulia.start(Command::Send(send)).await;
    giulia.answer(delete).await.expect("deleted");
    assert_eq!(code(giulia.answer(answer).await), ErrorCode::Deleted);
    assert_eq!(giulia.positions(other).await, [1, 2, 3, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn services_and_people_in_cafes_answer_too() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let cafe = giulia.ensure("cafe", RoomClass::Public, &[]).await.expect("made").room;
    giulia.open(cafe).await.expect("opened");
    giulia.send(cafe, "ciao").await.expect("sent");
    assert_eq!(code(reply(&mut marco, cafe, 2, "ciao").await), ErrorCode::NotFound);
    marco.open(cafe).await.expect("opened");
    reply(&mut marco, cafe, 2, "ciao").await.expect("sent");
    let mut service = world.service().await;
    let meetup = service.ensure("meetup", RoomClass::Social, &["giulia"]).await.expect("made").room;
    giulia.send(meetup, "when?").await.expect("sent");
    let notice = caffis_schema::event::SystemBody::Notice(TextBody { text: Text::cut("at nine") });
    let send = Send::reply(service.key(), meetup, Body::System(notice), Position(2));
    service.appended(Command::Send(send)).await.expect("sent");
    let Message { sender, .. } = message(&mut giulia, meetup, 3).await;
    assert!(sender.is_none());
    // This one does not read what people write.
    let positions = List::cut(vec![Position(2)]);
    let asked = service.ask(Command::Previews(Previews { room: meetup, positions })).await;
    assert_eq!(code(asked), ErrorCode::Forbidden);
}
