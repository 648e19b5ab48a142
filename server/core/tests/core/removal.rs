//! Nothing reaches a member after removal.

use std::time::Duration;

use caffis_conformance::faulty::Plan;
use caffis_core::Settings;
use caffis_schema::{
    ClientFrame, ClientSignal, Command, ErrorCode, Event, List, MessageNumber, Position, RoomId,
    command::{AddMembers, Anchor, Cursor, Mark, RemoveMember, Send, Typing},
    reply::Standing,
    room::{HistoryPolicy, RoomClass},
};

use crate::client::Client;
use crate::harness::{World, code, text, unhurried, user};

/// What of a room a session hears.
async fn of_room(client: &mut Client, room: RoomId) -> Vec<Event> {
    let mut events = client.settle().await;
    events.retain(|event| match event {
        Event::Entry(entry) => entry.room == room,
        Event::Head(head) | Event::Behind(head) => head.room == room,
        Event::Markers(markers) => markers.room == room,
        Event::RoomRemoved(removed) => removed.room == room,
        Event::RoomAdded(added) => added.room == room,
        _ => false,
    });
    events
}

#[tokio::test(start_paused = true)]
async fn a_removed_member_hears_that_and_nothing_more() {
    // As a small room, whose entries go to the inbox, and as a large one, with only a feed.
    for small_room_members in [100, 1] {
        let world = World::with(Settings { small_room_members, ..unhurried() }).await;
        let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
        let mut tablet = world.connect("marco").await;
        let room = giulia.group(&["marco", "anna"]).await;
        for client in [&mut marco, &mut tablet] {
            client.open(room).await.expect("opened");
            client.settle().await;
        }
        giulia.remove(room, "marco").await.expect("removed");
        giulia.send(room, "secret").await.expect("sent");
        giulia.read(room, 1).await.expect("read");
        let typing = Typing { room, counter: 1, active: true };
        giulia.raw.send(&ClientFrame::Signal(ClientSignal::Typing(typing))).await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        for client in [&mut marco, &mut tablet] {
            let heard = of_room(client, room).await;
            assert!(matches!(&heard[..], [Event::RoomRemoved(_)]), "{heard:?}");
            assert!(client.signals.is_empty());
        }
        assert_eq!(code(marco.send(room, "still here?").await), ErrorCode::NotFound);
        assert_eq!(code(marco.history(room, Anchor::Latest, 10).await), ErrorCode::NotFound);
        assert_eq!(code(marco.open(room).await), ErrorCode::NotFound);
        assert_eq!(marco.resume(room, 1).await.standing, Standing::Gone);
        assert!(marco.listed(room).await.is_none());
        assert_eq!(anna.log(room).await, ["secret"]);
        assert_eq!(anna.open(room).await.expect("opened").attendance, 1, "marco has closed it");
    }
}

/// Sends commands that share one write, because a message before them holds the store.
async fn at_once(world: &World, giulia: &mut Client, room: RoomId, commands: Vec<Command>) {
    world.faults.set_plan(Plan { delay: Duration::from_millis(50), ..Plan::default() });
    let first = Command::Send(Send::new(giulia.key(), room, text("first")));
    let mut ids = vec![giulia.start(first).await];
    tokio::time::sleep(Duration::from_millis(1)).await;
    for command in commands {
        ids.push(giulia.start(command).await);
    }
    for id in ids {
        giulia.answer(id).await.expect("done");
    }
    world.faults.set_plan(Plan::default());
}

#[tokio::test(start_paused = true)]
async fn nothing_after_a_removal_in_the_same_write() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    marco.settle().await;
    let remove = RemoveMember { key: giulia.key(), room, user: user("marco") };
    let secret = Send::new(giulia.key(), room, text("secret"));
    let commands = vec![Command::RemoveMember(remove), Command::Send(secret)];
    at_once(&world, &mut giulia, room, commands).await;
    let heard = of_room(&mut marco, room).await;
    assert!(matches!(heard.last(), Some(Event::RoomRemoved(_))), "{heard:?}");
    for event in heard {
        if let Event::Entry(entry) = event {
            assert!(entry.entry.position <= Position(2), "{entry:?} is after the removal");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_from_before_joining_in_the_same_write() {
    let world = World::unhurried().await;
    let [mut giulia, mut anna] = world.people(["giulia", "anna"]).await;
    let mut tablet = world.connect("giulia").await;
    for delay in 0..100 {
        let room = giulia.group_with(&[], HistoryPolicy::FromJoining).await;
        anna.settle().await;
        let add = AddMembers { key: giulia.key(), room, users: List::cut(vec![user("anna")]) };
        let secret = Send::new(tablet.key(), room, text("secret"));
        // Who is added is looked at first, and meanwhile the first message begins to be written.
        let sending = async {
            tokio::time::sleep(Duration::from_millis(delay)).await;
            at_once(&world, &mut tablet, room, vec![Command::Send(secret)]).await;
        };
        world.faults.set_plan(Plan { delay: Duration::from_millis(50), ..Plan::default() });
        let (added, ()) = tokio::join!(giulia.appended(Command::AddMembers(add)), sending);
        let joined = added.expect("added").position;
        for event in of_room(&mut anna, room).await {
            if let Event::Entry(entry) = event {
                assert!(entry.entry.position >= joined, "{entry:?} is from before {joined}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn opening_while_being_removed_does_not_subscribe() {
    for cursor in [false, true] {
        let world = World::with(Settings { small_room_members: 1, ..unhurried() }).await;
        let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
        let room = giulia.group(&["marco"]).await;
        marco.settle().await;
        world.faults.set_plan(Plan { delay: Duration::from_millis(50), ..Plan::default() });
        for delay in 0..60 {
            let removing = giulia.remove(room, "marco");
            let opening = async {
                tokio::time::sleep(Duration::from_millis(delay)).await;
                if cursor {
                    let cursors = vec![Cursor { room, position: Position(1), open: true }];
                    world.connect_at("marco", cursors).await
                } else {
                    let mut tablet = world.connect("marco").await;
                    let _ = tablet.open(room).await;
                    tablet
                }
            };
            let (removed, mut tablet) = tokio::join!(removing, opening);
            removed.expect("removed");
            tablet.settle().await;
            giulia.send(room, "secret").await.expect("sent");
            assert_eq!(tablet.heard().await, [""; 0], "{delay}");
            tablet.leave_session().await;
            giulia.add(room, &["marco"]).await.expect("back for the next round");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn coming_back_does_not_show_what_was_in_between() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group_with(&["marco"], HistoryPolicy::FromJoining).await;
    giulia.send(room, "before").await.expect("sent");
    assert_eq!(marco.log(room).await, ["before"]);
    giulia.remove(room, "marco").await.expect("removed");
    giulia.send(room, "secret").await.expect("sent");
    marco.settle().await;
    giulia.add(room, &["marco"]).await.expect("added");
    let events = marco.settle().await;
    for event in &events {
        if let Event::RoomAdded(added) = event {
            assert_eq!((added.preview.clone(), added.unread), (None, 0));
        }
    }
    giulia.send(room, "after").await.expect("sent");
    for round in 0..2 {
        assert_eq!(marco.log(room).await, ["after"], "{round}");
        let page = marco.history(room, Anchor::Around(Position(3)), 100).await.expect("a page");
        assert!(page.entries.iter().all(|entry| entry.position >= Position(5)), "{page:?}");
        assert!(!page.more_before);
        assert_eq!(marco.resume(room, 2).await.standing, Standing::Reset);
        assert_eq!(marco.resume(room, 5).await.standing, Standing::Complete);
        for position in [2, 4] {
            let message = caffis_schema::command::MessageAt { room, position: Position(position) };
            assert_eq!(code(marco.ask(Command::Message(message)).await), ErrorCode::NotFound);
        }
        world.restart().await;
        marco = world.connect("marco").await;
    }
}

#[tokio::test(start_paused = true)]
async fn heads_of_a_large_room_do_not_show_what_was_before_joining() {
    let world = World::with(Settings { small_room_members: 1, ..unhurried() }).await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let room = giulia.group_with(&["marco"], HistoryPolicy::FromJoining).await;
    giulia.send(room, "secret").await.expect("sent");
    tokio::time::sleep(Duration::from_secs(2)).await;
    let heads = |events: Vec<Event>| {
        events.into_iter().filter_map(|event| match event {
            Event::Head(head) => Some((head.head, head.preview.map(|p| p.text.to_string()))),
            _ => None,
        })
    };
    let secret = Some("secret".to_owned());
    assert_eq!(heads(marco.settle().await).last(), Some((Position(2), secret.clone())));
    giulia.add(room, &["anna"]).await.expect("added");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(heads(anna.settle().await).last(), Some((Position(3), None)));
    assert_eq!(heads(marco.settle().await).last(), Some((Position(3), secret)));
    giulia.send(room, "hello").await.expect("sent");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(heads(anna.settle().await).last(), Some((Position(4), Some("hello".to_owned()))));
}

#[tokio::test(start_paused = true)]
async fn an_outsider_hears_nothing() {
    let world = World::unhurried().await;
    let [mut giulia, _marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let room = giulia.group(&["marco"]).await;
    assert_eq!(code(anna.open(room).await), ErrorCode::NotFound);
    giulia.send(room, "ciao").await.expect("sent");
    giulia.read(room, 1).await.expect("read");
    let evidence = world.service().await.ensure("dispute", RoomClass::Evidence, &["giulia"]).await;
    giulia.send(evidence.expect("made").room, "words").await.expect("sent");
    assert_eq!(anna.settle().await, []);
    assert!(anna.signals.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_open_does_not_come_after_the_removal() {
    let world = World::with(Settings { ring_entries: 1, ..unhurried() }).await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    giulia.send(room, "one").await.expect("sent");
    marco.settle().await;
    let open = Command::Open(caffis_schema::command::Open { room, limit: 100 });
    let mut answered_late = 0;
    for delay in 0..40 {
        world.faults.set_plan(Plan { delay: Duration::from_millis(30), ..Plan::default() });
        let removing = giulia.remove(room, "marco");
        let opening = async {
            tokio::time::sleep(Duration::from_millis(delay)).await;
            marco.ask(open.clone()).await
        };
        let (removed, answer) = tokio::join!(removing, opening);
        removed.expect("removed");
        world.faults.set_plan(Plan::default());
        let heard_before = marco.events.iter().any(|e| matches!(e, Event::RoomRemoved(_)));
        assert!(!(heard_before && answer.is_ok()), "opened after the removal, {delay}");
        answered_late += u32::from(heard_before);
        marco.settle().await;
        giulia.add(room, &["marco"]).await.expect("back for the next round");
        marco.settle().await;
    }
    assert!(answered_late > 0, "no answer came after a removal: nothing was tested");
}

#[tokio::test(start_paused = true)]
async fn a_read_that_is_stored_after_the_removal_is_not_told() {
    let world = World::with(unhurried()).await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    for _ in 0..20 {
        read_and_removed_at_once(&world, &mut giulia, &mut marco).await;
    }
}

async fn read_and_removed_at_once(world: &World, giulia: &mut Client, marco: &mut Client) {
    world.faults.set_plan(Plan::default());
    let room = giulia.group(&["marco"]).await;
    giulia.send(room, "ciao").await.expect("sent");
    marco.settle().await;
    world.faults.set_plan(Plan { delay: Duration::from_secs(1), ..Plan::default() });
    let remove = RemoveMember { key: giulia.key(), room, user: user("marco") };
    let id = giulia.start(Command::RemoveMember(remove)).await;
    let mark = Mark { room, number: MessageNumber(1) };
    let marked = marco.start(Command::MarkRead(mark)).await;
    giulia.answer(id).await.expect("removed");
    // Whatever becomes of it.
    let _ = marco.answer(marked).await;
    let heard = marco.settle().await;
    let removed = heard.iter().position(|event| matches!(event, Event::RoomRemoved(_)));
    let told = heard.iter().position(|event| matches!(event, Event::OwnRead(_)));
    assert!(removed.is_some() && told < removed, "{heard:?}");
}
