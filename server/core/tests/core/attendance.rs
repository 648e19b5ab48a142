//! Public rooms: people walk in and out.

use caffis_schema::{
    ClientFrame, ClientSignal, Command, ErrorCode, Event, MessageNumber, Position, Reply,
    command::{Anchor, Cursor, Mark, Members, Typing},
    reply::Standing,
    room::{Role, RoomClass},
};

use crate::client::Client;
use crate::harness::{World, code, user};

async fn attendance(client: &mut Client) -> Vec<(u32, Option<String>, Option<String>)> {
    let told = client.settle().await.into_iter().filter_map(|event| match event {
        Event::Attendance(a) => Some((
            a.count,
            a.entered.map(|profile| profile.user.to_string()),
            a.exited.map(|user| user.to_string()),
        )),
        _ => None,
    });
    told.collect()
}

#[tokio::test(start_paused = true)]
async fn a_public_room_is_readable_only_while_it_is_open() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.ensure("cafe", RoomClass::Public, &[]).await.expect("made").room;
    for client in [&mut giulia, &mut marco] {
        assert_eq!(code(client.send(room, "ciao").await), ErrorCode::NotFound);
        assert_eq!(code(client.history(room, Anchor::Latest, 5).await), ErrorCode::NotFound);
        assert_eq!(client.resume(room, 0).await.standing, Standing::Gone);
    }
    assert_eq!(giulia.open(room).await.expect("walked in").attendance, 1);
    giulia.send(room, "ciao").await.expect("sent");
    assert_eq!(marco.heard().await, [""; 0]);
    let opened = marco.open(room).await.expect("walked in");
    assert_eq!((opened.attendance, opened.page.entries.len()), (2, 2));
    marco.send(room, "salve").await.expect("sent");
    assert_eq!(giulia.heard().await, ["ciao", "salve"]);
    assert_eq!(
        code(marco.ask(Command::MarkRead(Mark { room, number: MessageNumber(1) })).await),
        ErrorCode::Forbidden
    );
    marco.close(room).await;
    marco.settle().await;
    giulia.send(room, "gone?").await.expect("sent");
    assert_eq!(marco.heard().await, [""; 0]);
    assert_eq!(code(marco.history(room, Anchor::Latest, 5).await), ErrorCode::NotFound);
    assert!(marco.listed(room).await.is_none(), "attendance is not membership");
}

#[tokio::test(start_paused = true)]
async fn walking_in_and_out_is_told_once_for_each_person() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let mut tablet = world.connect("marco").await;
    let room = giulia.ensure("cafe", RoomClass::Public, &[]).await.expect("made").room;
    giulia.open(room).await.expect("walked in");
    giulia.settle().await;
    marco.open(room).await.expect("walked in");
    assert_eq!(attendance(&mut giulia).await, [(2, Some("marco".to_owned()), None)]);
    tablet.open(room).await.expect("walked in");
    marco.close(room).await;
    assert_eq!(attendance(&mut giulia).await, []);
    drop(tablet);
    assert_eq!(attendance(&mut giulia).await, [(1, None, Some("marco".to_owned()))]);
    // A service looks without being seen.
    let mut service = world.service().await;
    service.open(room).await.expect("opened");
    let typing = Typing { room, counter: 1, active: true };
    service.raw.send(&ClientFrame::Signal(ClientSignal::Typing(typing))).await;
    service.settle().await;
    assert_eq!(attendance(&mut giulia).await, []);
    assert_eq!(giulia.members(room, 10).await, ["giulia"]);
    assert!(giulia.signals.is_empty(), "{:?}", giulia.signals);
}

#[tokio::test(start_paused = true)]
async fn who_is_inside_is_listed_for_those_inside_and_for_services() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let room = giulia.ensure("cafe", RoomClass::Public, &[]).await.expect("made").room;
    let list = Members { room, after: None, limit: 10 };
    assert_eq!(code(anna.ask(Command::Members(list.clone())).await), ErrorCode::NotFound);
    let mut service = world.service().await;
    assert_eq!(service.members(room, 10).await, [""; 0]);
    giulia.open(room).await.expect("walked in");
    marco.open(room).await.expect("walked in");
    anna.open(room).await.expect("walked in");
    for limit in [1, 2, 3, 100] {
        assert_eq!(marco.members(room, limit).await, ["anna", "giulia", "marco"]);
    }
    let Ok(Reply::Members(page)) = marco.ask(Command::Members(list)).await else {
        panic!("listed")
    };
    let found = page.members.iter().map(|it| (it.role, it.joined, it.presence.is_some()));
    assert!(found.eq([(Role::Member, None, true); 3]), "{page:?}");
    anna.close(room).await;
    drop(marco);
    giulia.settle().await;
    assert_eq!(giulia.members(room, 10).await, ["giulia"]);
    service.open(room).await.expect("opened");
    assert_eq!(service.members(room, 10).await, ["giulia"]);
}

#[tokio::test(start_paused = true)]
async fn coming_back_with_a_cursor_walks_in_again() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.ensure("cafe", RoomClass::Public, &[]).await.expect("made").room;
    giulia.open(room).await.expect("walked in");
    marco.open(room).await.expect("walked in");
    drop(marco);
    giulia.settle().await;
    giulia.send(room, "missed").await.expect("sent");
    let cursors = vec![Cursor { room, position: Position(1), open: true }];
    let mut marco = world.connect_at("marco", cursors).await;
    let resumed = &marco.welcome().resumed[0];
    assert_eq!(
        (resumed.standing, resumed.entries.len(), resumed.head.get()),
        (Standing::Complete, 1, 2)
    );
    assert_eq!(attendance(&mut giulia).await, [(2, Some("marco".to_owned()), None)]);
    giulia.send(room, "now").await.expect("sent");
    assert_eq!(marco.heard().await, ["now"]);
    assert_eq!(user("marco"), marco.welcome().profile.user);
}
