//! Finding and making rooms.

use caffis_schema::{
    Command, ErrorCode, Event, List, Text,
    command::EnsureRoom,
    room::{Context, HistoryPolicy, Role, RoomClass},
};

use crate::harness::{World, code, user};

#[tokio::test(start_paused = true)]
async fn a_direct_conversation_is_the_same_from_both_sides() {
    let world = World::new().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.direct("marco").await.expect("made");
    assert_eq!(room.peer.as_ref().map(|peer| &peer.user), Some(&user("marco")));
    assert_eq!((room.members, room.role), (2, Some(Role::Member)));
    let added = marco.settle().await;
    let Some(Event::RoomAdded(added)) =
        added.into_iter().find(|e| matches!(e, Event::RoomAdded(_)))
    else {
        panic!("marco hears of it");
    };
    assert_eq!(added.room, room.room);
    assert_eq!(added.peer.map(|peer| peer.user), Some(user("giulia")));
    assert_eq!(marco.direct("giulia").await.expect("found").room, room.room);
    assert_eq!(giulia.positions(room.room).await, [1]);

    assert_eq!(code(giulia.direct("giulia").await), ErrorCode::Invalid);
    assert_eq!(code(giulia.direct("nobody").await), ErrorCode::NotFound);
    let mut service = world.service().await;
    assert_eq!(code(service.direct("marco").await), ErrorCode::Invalid);
}

#[tokio::test(start_paused = true)]
async fn two_who_write_first_at_the_same_time_get_one_room() {
    let world = World::new().await;
    world.faults.set_plan(caffis_conformance::faulty::Plan {
        delay: std::time::Duration::from_millis(20),
        ..Default::default()
    });
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let (one, other) = tokio::join!(giulia.direct("marco"), marco.direct("giulia"));
    let room = one.expect("made").room;
    assert_eq!(room, other.expect("made").room);
    assert_eq!(giulia.positions(room).await, [1]);
}

#[tokio::test(start_paused = true)]
async fn what_anyone_may_make_is_public() {
    let world = World::new().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    for class in [RoomClass::Social, RoomClass::Evidence] {
        assert_eq!(code(giulia.ensure("cafe", class, &["marco"]).await), ErrorCode::RoomClass);
    }
    let cafe = giulia.ensure("cafe", RoomClass::Public, &["marco"]).await.expect("made");
    assert_eq!((cafe.class, cafe.members), (RoomClass::Public, 0));
    let same = marco.ensure("cafe", RoomClass::Public, &[]).await.expect("found");
    assert_eq!(same.room, cafe.room);
}

#[tokio::test(start_paused = true)]
async fn a_context_has_one_room_whoever_asks() {
    let world = World::new().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let mut service = world.service().await;
    // Not known: no room yet, and not a person's to make.
    assert_eq!(code(giulia.ensure("meetup", RoomClass::Social, &[]).await), ErrorCode::NotFound);
    let (one, other) = {
        let mut second = world.service().await;
        let one = service.ensure("meetup", RoomClass::Social, &["giulia"]);
        let other = second.ensure("meetup", RoomClass::Social, &["giulia"]);
        let (one, other) = tokio::join!(one, other);
        (one.expect("made").room, other.expect("made").room)
    };
    assert_eq!(one, other);
    // What is there is given back as it is, to those who expect a room of its class.
    let other = service.ensure("meetup", RoomClass::Evidence, &["marco"]).await;
    assert_eq!(code(other), ErrorCode::RoomClass);
    let again = service.ensure("meetup", RoomClass::Social, &["marco"]).await.expect("found");
    assert_eq!((again.room, again.class, again.members), (one, RoomClass::Social, 1));
    let found = giulia.ensure("meetup", RoomClass::Social, &[]).await.expect("a member finds it");
    assert_eq!((found.room, found.role), (one, Some(Role::Member)));
    assert_eq!(code(marco.ensure("meetup", RoomClass::Social, &[]).await), ErrorCode::NotFound);
}

#[tokio::test(start_paused = true)]
async fn anyone_may_ask_for_a_cafes_room() {
    let world = World::new().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.ensure("cafe", RoomClass::Public, &["marco"]).await.expect("made");
    assert_eq!((room.members, room.role), (0, None), "nobody is a member");
    let again = marco.ensure("cafe", RoomClass::Public, &[]).await.expect("found");
    assert_eq!(again.room, room.room);
}

#[tokio::test(start_paused = true)]
async fn contexts_have_a_form() {
    let world = World::new().await;
    let mut service = world.service().await;
    let ensure = |kind: &str, id: &str| {
        Command::EnsureRoom(EnsureRoom {
            context: Context { kind: Text::cut(kind), id: Text::cut(id) },
            class: RoomClass::Social,
            name: None,
            members: List::default(),
            history: HistoryPolicy::All,
        })
    };
    for (kind, id) in [
        ("", "1"),
        ("Meetup", "1"),
        ("a b", "1"),
        ("meetup", ""),
        ("meetup", "a\nb"),
        ("direct", "1"),
        ("group", "1"),
    ] {
        assert_eq!(code(service.ask(ensure(kind, id)).await), ErrorCode::Invalid, "{kind} {id}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_is_made_once_for_each_client_id() {
    let mut world = World::new().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let key = giulia.key();
    let all = HistoryPolicy::All;
    let group = giulia.group_as(key, "Friday", &["marco"], all).await.expect("made");
    assert_eq!((group.role, group.members), (Some(Role::Owner), 2));
    let again = giulia.group_as(key, "Friday", &["marco"], all).await.expect("found");
    assert_eq!(again.room, group.room);
    let other = giulia.group_as(key, "Saturday", &["marco"], all).await;
    assert_eq!(code(other), ErrorCode::ClientIdReused);
    // The id is the sender's: another person's is another one.
    let theirs = marco.group_as(key, "Friday", &["giulia"], all).await.expect("made");
    assert_ne!(theirs.room, group.room);
    world.restart().await;
    let mut giulia = world.connect("giulia").await;
    let later = giulia.group_as(key, "Friday", &["marco"], all).await.expect("found");
    assert_eq!(later.room, group.room);
    assert_eq!(giulia.positions(group.room).await, [1]);
}

#[tokio::test(start_paused = true)]
async fn groups_have_rules() {
    let world = World::new().await;
    let [mut giulia, _marco] = world.people(["giulia", "marco"]).await;
    let mut group = async |name: &str, members: &[&str], history| {
        let key = giulia.key();
        giulia.group_as(key, name, members, history).await.expect_err("refused").code
    };
    let all = HistoryPolicy::All;
    assert_eq!(group("", &["marco"], all).await, ErrorCode::TextEmpty);
    assert_eq!(group("a\u{202e}b", &["marco"], all).await, ErrorCode::TextNotAllowed);
    assert_eq!(group("Friday", &["nobody"], all).await, ErrorCode::NotFound);
    assert_eq!(group("Friday", &["marco"], HistoryPolicy::Last(0)).await, ErrorCode::Invalid);
    assert_eq!(group("Friday", &["marco"], HistoryPolicy::Last(101)).await, ErrorCode::Invalid);
    let mut service = world.service().await;
    let key = service.key();
    assert_eq!(code(service.group_as(key, "Friday", &[], all).await), ErrorCode::Forbidden);
}

#[tokio::test(start_paused = true)]
async fn a_person_is_in_so_many_rooms() {
    let settings = caffis_core::Settings { rooms_per_user: 2, ..crate::harness::unhurried() };
    let world = World::with(settings).await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    giulia.group(&["marco"]).await;
    let room = giulia.group(&["anna"]).await;
    let key = giulia.key();
    let third = giulia.group_as(key, "Friday", &["anna"], HistoryPolicy::All).await;
    assert_eq!(code(third), ErrorCode::LimitReached);
    // The resend of what brought marco to the limit is answered as the first time.
    let key = giulia.key();
    let users = List::cut(vec![user("marco")]);
    let add = caffis_schema::command::AddMembers { key, room, users };
    let first = giulia.appended(Command::AddMembers(add.clone())).await.expect("added");
    assert_eq!(giulia.appended(Command::AddMembers(add)).await.expect("again"), first);
    marco.settle().await;
    anna.settle().await;
    let extra = anna.group(&[]).await;
    assert_eq!(code(anna.add(extra, &["marco"]).await), ErrorCode::LimitReached);
}
