//! Tests of a room's state.

use caffis_schema::{
    Body, List,
    event::{Joined, Left, RoleChange, TextBody},
};

use super::*;

fn user(name: &str) -> UserId {
    UserId::new(name).expect("an id")
}

fn room(history: HistoryPolicy) -> RoomState {
    let context = Context { kind: Text::cut(GROUP), id: Text::cut("1") };
    let mut room = RoomState::new(RoomMeta {
        id: RoomId::from_random(1),
        class: RoomClass::Social,
        context: context.clone(),
        name: None,
        creator: Some(user("giulia")),
        created: Timestamp(100),
        history,
        description: None,
        changed: Position::ZERO,
    });
    let created = Created {
        by: Some(user("giulia")),
        class: RoomClass::Social,
        context,
        name: None,
        members: List::cut(vec![user("giulia"), user("marco")]),
    };
    apply(&mut room, EntryKind::Created(created));
    room
}

fn apply(room: &mut RoomState, kind: EntryKind) {
    let entry = Entry { position: room.head + 1, time: Timestamp(100 + room.head.get()), kind };
    room.apply(&entry);
}

fn message(room: &mut RoomState, words: &str) {
    let body = Body::Text(TextBody { text: Text::cut(words) });
    let number = room.number + 1;
    let message = Message::new(number, Some(user("giulia")), None, body);
    apply(room, EntryKind::Message(message));
}

fn joined(room: &RoomState, name: &str) -> EntryKind {
    let visible_after = room.visible_to_new();
    EntryKind::Joined(Joined {
        users: List::cut(vec![user(name)]),
        by: None,
        visible_after,
        invite: None,
    })
}

#[test]
fn the_one_who_makes_a_group_owns_it() {
    let room = room(HistoryPolicy::All);
    assert_eq!(room.member(&user("giulia")).map(|m| m.role), Some(Role::Owner));
    assert_eq!(room.member(&user("marco")).map(|m| m.role), Some(Role::Member));
    assert_eq!((room.head.get(), room.number.get()), (1, 0));
}

#[test]
fn an_entry_counts_once() {
    let mut room = room(HistoryPolicy::All);
    message(&mut room, "one");
    let before = room.clone();
    let again = Entry { position: Position(2), time: Timestamp(999), kind: joined(&room, "anna") };
    room.apply(&again);
    assert_eq!(room, before);
    assert_eq!((room.head.get(), room.number.get(), room.time.get()), (2, 1, 101));
}

#[test]
fn who_joins_sees_what_the_room_allows() {
    for (history, visible_after) in
        [(HistoryPolicy::All, 0), (HistoryPolicy::FromJoining, 2), (HistoryPolicy::Last(1), 1)]
    {
        let mut room = room(history);
        message(&mut room, "before");
        let anna = joined(&room, "anna");
        apply(&mut room, anna);
        let anna = *room.member(&user("anna")).expect("a member");
        assert_eq!(
            (anna.visible_after.get(), anna.unread_after.get()),
            (visible_after, 1),
            "{history:?}"
        );
        let sees = room.preview_for(Some(&anna)).is_some();
        assert_eq!(sees, history != HistoryPolicy::FromJoining, "{history:?}");
        message(&mut room, "after");
        assert!(room.preview_for(room.member(&user("anna"))).is_some());
    }
}

#[test]
fn the_member_list_has_a_version() {
    let mut room = room(HistoryPolicy::All);
    let version = room.members_version;
    message(&mut room, "one");
    let marco = joined(&room, "marco");
    apply(&mut room, marco);
    assert_eq!(room.members_version, version, "nothing changed");
    apply(&mut room, EntryKind::Left(Left { user: user("marco"), by: None }));
    assert!(room.member(&user("marco")).is_none());
    let change = RoleChange { user: user("giulia"), role: Role::Admin, by: None };
    apply(&mut room, EntryKind::Role(change));
    assert_eq!(room.members_version, version + 2);
}

#[test]
fn a_direct_context_is_the_same_from_both_sides_and_nobody_elses() {
    let context = |one: &str, other: &str| direct_context(&user(one), &user(other));
    assert_eq!(context("a", "bc"), context("bc", "a"));
    assert_ne!(context("a", "bc"), context("ab", "c"));
}
