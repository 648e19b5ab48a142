//! Deleting a message for oneself alone.

use caffis_core::tables::FlagRow;
use caffis_schema::{
    Command, EntryKind, Error, ErrorCode, Event, MessageNumber, Position, Reply, RoomId, Timestamp,
    command::{Anchor, Delete, Hide, History, MessageAt, Previews},
    event::{Flag, Flagged},
    limits::HIDDEN_MESSAGES,
    room::{HistoryPolicy, RoomClass},
};

use crate::{
    client::Client,
    edits::{edit, message},
    harness::{World, code, user},
};

async fn hide(client: &mut Client, room: RoomId, position: u64) -> Result<Reply, Error> {
    client.ask(Command::Hide(Hide { room, position: Position(position) })).await
}

/// What a person sees of each message of a room: its words, or that it is hidden.
async fn shown(client: &mut Client, room: RoomId) -> Vec<String> {
    let page = client.history(room, Anchor::Latest, 50).await.expect("a page");
    let all = page.entries.iter().filter_map(|entry| match &entry.kind {
        EntryKind::Message(message) if message.is_hidden() => Some("-".to_owned()),
        EntryKind::Message(_) => crate::harness::words(entry).map(str::to_owned),
        _ => None,
    });
    all.collect()
}

fn flagged(events: &[Event]) -> Vec<&Flagged> {
    let flagged = events.iter().filter_map(|event| match event {
        Event::Flagged(flagged) => Some(flagged),
        _ => None,
    });
    flagged.collect()
}

#[tokio::test(start_paused = true)]
async fn it_is_gone_for_one_person_on_every_device_and_for_nobody_else() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    for words in ["one", "two", "three"] {
        giulia.send(room, words).await.expect("sent");
    }
    let mut tablet = world.connect("marco").await;
    for client in [&mut giulia, &mut marco, &mut tablet] {
        client.settle().await;
    }
    for position in [2, 4, 4] {
        hide(&mut marco, room, position).await.expect("hidden");
    }
    for client in [&mut marco, &mut tablet] {
        let events = client.settle().await;
        let found = flagged(&events);
        let at: Vec<_> = found.iter().map(|it| (it.position.get(), it.number.get())).collect();
        assert_eq!(at, [(2, 1), (4, 3)]);
        assert!(found.iter().all(|it| it.on && matches!(it.flag, Flag::Hidden(_))));
    }
    assert_eq!(flagged(&giulia.settle().await).len(), 0);
    // What happens to it later brings none of its words back.
    edit(&mut giulia, room, 4, "thirty").await.expect("edited");
    let told = marco.entry().await;
    assert!(matches!(&told.kind, EntryKind::Edited(edited) if edited.body.is_none()), "{told:?}");
    let told = giulia.entry().await;
    assert!(matches!(&told.kind, EntryKind::Edited(edited) if edited.body.is_some()), "{told:?}");
    for _ in 0..2 {
        for client in [&mut marco, &mut tablet] {
            assert_eq!(shown(client, room).await, ["-", "two", "-"]);
            assert!(message(client, room, 2).await.is_hidden());
            let resumed = client.resume(room, 1).await;
            let hidden = resumed.entries.iter().filter(
                |entry| matches!(&entry.kind, EntryKind::Message(message) if message.is_hidden()),
            );
            assert_eq!(hidden.count(), 2);
            let opened = client.open(room).await.expect("opened");
            assert!(!format!("{opened:?}").contains("thirty"));
            let listed = client.listed(room).await.expect("listed");
            let preview = listed.preview.expect("a preview");
            assert_eq!((&*preview.text, preview.deleted, listed.unread), ("", true, 3));
            let positions = caffis_schema::List::cut(vec![Position(2), Position(3)]);
            let asked = client.ask(Command::Previews(Previews { room, positions })).await;
            let Ok(Reply::Previews(list)) = asked else { panic!("{asked:?}") };
            assert_eq!(list.previews.iter().map(|it| it.position.get()).collect::<Vec<_>>(), [3]);
        }
        assert_eq!(shown(&mut giulia, room).await, ["one", "two", "thirty"]);
        let listed = giulia.listed(room).await.expect("listed");
        assert_eq!(listed.preview.map(|it| it.text.to_string()).as_deref(), Some("thirty"));
        world.restart().await;
        giulia = world.connect("giulia").await;
        marco = world.connect("marco").await;
        tablet = world.connect("marco").await;
        let welcome = marco.welcome().rooms.clone();
        assert!(welcome.iter().all(|room| room.preview.as_ref().is_none_or(|it| it.deleted)));
    }
    // Without a connection, too: then the store says it.
    let history = History { room, anchor: Anchor::Latest, limit: 10 };
    drop((marco, tablet));
    tokio::time::sleep(std::time::Duration::from_secs(120)).await;
    for core in world.nodes() {
        let asked = core.call(&user("marco"), None, Command::History(history.clone())).await;
        let Ok(Reply::Page(page)) = asked else { panic!("{asked:?}") };
        assert!(!format!("{page:?}").contains("thirty"));
        let at = MessageAt { room, position: Position(4) };
        let asked = core.call(&user("marco"), None, Command::Message(at)).await;
        assert!(!format!("{asked:?}").contains("thirty"));
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_message_of_a_large_room_is_hidden_in_its_head_too() {
    let world =
        World::with(caffis_core::Settings { small_room_members: 1, ..crate::harness::unhurried() })
            .await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    giulia.send(room, "one").await.expect("sent");
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    marco.settle().await;
    hide(&mut marco, room, 2).await.expect("hidden");
    marco.settle().await;
    edit(&mut giulia, room, 2, "first").await.expect("edited");
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let events = marco.settle().await;
    assert!(events.iter().any(|event| matches!(event, Event::Head(_))), "{events:?}");
    assert!(!format!("{events:?}").contains("first"));
}

#[tokio::test(start_paused = true)]
async fn who_may_hide_what() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let room = giulia.group_with(&["marco"], HistoryPolicy::FromJoining).await;
    giulia.send(room, "ciao").await.expect("sent");
    for nothing in [1, 3, u64::MAX >> 11] {
        assert_eq!(code(hide(&mut marco, room, nothing).await), ErrorCode::NotFound);
    }
    assert_eq!(code(hide(&mut anna, room, 2).await), ErrorCode::NotFound);
    giulia.add(room, &["anna"]).await.expect("added");
    assert_eq!(code(hide(&mut anna, room, 2).await), ErrorCode::NotFound);
    // One's own, and what is left of one that was deleted.
    let (key, position) = (giulia.key(), Position(2));
    giulia.ask(Command::Delete(Delete { key, room, position })).await.expect("deleted");
    hide(&mut giulia, room, 2).await.expect("hidden");
    assert_eq!(shown(&mut giulia, room).await, ["-"]);
    let mut service = world.service().await;
    let meetup = service.ensure("meetup", RoomClass::Evidence, &["giulia"]).await.expect("made");
    giulia.send(meetup.room, "ciao").await.expect("sent");
    assert_eq!(code(hide(&mut service, meetup.room, 2).await), ErrorCode::Forbidden);
    // What is kept for others is hidden from oneself all the same.
    hide(&mut giulia, meetup.room, 2).await.expect("hidden");
    let cafe = giulia.ensure("cafe", RoomClass::Public, &[]).await.expect("made").room;
    giulia.open(cafe).await.expect("opened");
    giulia.send(cafe, "ciao").await.expect("sent");
    assert_eq!(code(hide(&mut marco, cafe, 2).await), ErrorCode::NotFound);
    marco.open(cafe).await.expect("opened");
    hide(&mut marco, cafe, 2).await.expect("hidden");
    assert_eq!(shown(&mut marco, cafe).await, ["-"]);
    assert_eq!(shown(&mut giulia, cafe).await, ["ciao"]);
}

#[tokio::test(start_paused = true)]
async fn there_are_only_so_many() {
    let world = World::unhurried().await;
    let [mut giulia] = world.people(["giulia"]).await;
    let room = giulia.group(&[]).await;
    giulia.send(room, "ciao").await.expect("sent");
    giulia.leave_session().await;
    for chunk in (0..HIDDEN_MESSAGES as u64).collect::<Vec<_>>().chunks(100) {
        let mut batch = world.batch();
        for number in chunk {
            batch.put(&FlagRow {
                user: user("giulia"),
                kind: FlagRow::HIDDEN.into(),
                room: RoomId::from_random(7),
                position: Position(number + 1),
                number: MessageNumber(number + 1),
                time: Timestamp(5),
            });
        }
        world.raw_store().write(batch).await.expect("written");
    }
    let mut giulia = world.connect("giulia").await;
    assert_eq!(code(hide(&mut giulia, room, 2).await), ErrorCode::LimitReached);
    assert_eq!(shown(&mut giulia, room).await, ["ciao"]);
}
