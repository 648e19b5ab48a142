//! The list of members, and what is told of changes.

use caffis_core::Settings;
use caffis_schema::{
    EntryKind, ErrorCode, Event,
    event::RemovalReason,
    room::{HistoryPolicy, Role},
};

use crate::harness::{World, code, unhurried, user};

#[tokio::test(start_paused = true)]
async fn members_are_paged_by_id() {
    let world = World::unhurried().await;
    let ids: Vec<String> = (0..60).map(|index| format!("user{index:02}")).collect();
    for id in &ids {
        world.connect(id).await.leave_session().await;
    }
    let mut giulia = world.connect("giulia").await;
    let all: Vec<&str> = ids.iter().map(String::as_str).collect();
    let room = giulia.group(&all).await;
    let mut expected = ids.clone();
    expected.insert(0, "giulia".to_owned());
    for limit in [0, 1, 7, 100, 255] {
        assert_eq!(giulia.members(room, limit).await, expected, "{limit} at a time");
    }
}

#[tokio::test(start_paused = true)]
async fn joining_leaving_and_roles_are_told() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let room = giulia.group(&["marco"]).await;
    marco.settle().await;
    giulia.add(room, &["anna", "marco"]).await.expect("added");
    let EntryKind::Joined(joined) = marco.entry().await.kind else { panic!("joined") };
    assert_eq!((joined.users.to_vec(), joined.by), (vec![user("anna")], Some(user("giulia"))));
    let events = anna.settle().await;
    assert!(matches!(&events[0], Event::RoomAdded(added) if added.room == room), "{events:?}");
    giulia.role(room, "anna", Role::Admin).await.expect("given");
    let EntryKind::Role(change) = marco.entry().await.kind else { panic!("a role") };
    assert_eq!((change.user, change.role), (user("anna"), Role::Admin));
    anna.settle().await;
    anna.leave(room).await.expect("left");
    let EntryKind::Left(left) = marco.entry().await.kind else { panic!("left") };
    assert_eq!((left.user.clone(), left.by), (user("anna"), Some(user("anna"))));
    let events = anna.settle().await;
    let [Event::RoomRemoved(removed)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((removed.room, removed.reason), (room, RemovalReason::Left));
    assert_eq!(giulia.members(room, 100).await, ["giulia", "marco"]);
}

#[tokio::test(start_paused = true)]
async fn a_room_takes_so_many_members_and_only_people_who_are_known() {
    let settings = Settings { members_per_room: 3, ..unhurried() };
    let world = World::with(settings).await;
    let [mut giulia, _marco, _anna, _luca] =
        world.people(["giulia", "marco", "anna", "luca"]).await;
    let room = giulia.group(&["marco"]).await;
    assert_eq!(code(giulia.add(room, &["anna", "luca"]).await), ErrorCode::LimitReached);
    assert_eq!(code(giulia.add(room, &["nobody"]).await), ErrorCode::NotFound);
    giulia.add(room, &["anna"]).await.expect("one more");
    assert_eq!(giulia.members(room, 100).await, ["anna", "giulia", "marco"]);
}

#[tokio::test(start_paused = true)]
async fn new_members_see_as_much_as_the_room_says() {
    for (history, expected) in [
        (HistoryPolicy::All, vec!["1", "2", "3", "4"]),
        (HistoryPolicy::FromJoining, vec!["4"]),
        (HistoryPolicy::Last(2), vec!["2", "3", "4"]),
    ] {
        let mut world = World::unhurried().await;
        let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
        let room = giulia.group_with(&[], history).await;
        for words in ["1", "2", "3"] {
            giulia.send(room, words).await.expect("sent");
        }
        giulia.add(room, &["marco"]).await.expect("added");
        let listed = marco.listed(room).await.expect("listed");
        assert_eq!(listed.unread, 0, "what was before does not count as unread");
        giulia.send(room, "4").await.expect("sent");
        assert_eq!(marco.log(room).await, expected, "{history:?}");
        assert_eq!(marco.listed(room).await.expect("listed").unread, 1);
        world.restart().await;
        let mut marco = world.connect("marco").await;
        assert_eq!(marco.log(room).await, expected, "{history:?} after a restart");
        assert_eq!(marco.listed(room).await.expect("listed").unread, 1);
    }
}
