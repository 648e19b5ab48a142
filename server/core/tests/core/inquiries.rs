//! What REST asks: about people, and what people and services do without a connection, on whatever node the
//! request comes to.

use std::time::Duration;

use caffis_core::{Inquirer, model::caller::Rights};
use caffis_schema::{
    Command, ErrorCode, List, Reply, RoomId, Text, Timestamp, UserId,
    command::{Mark, Members, Rooms},
    hooks::{HookEvent, relationships::Relationship, users::UserDeleted, values::Version},
    people::Unread,
    room::{Availability, Context, RoomClass},
};

use crate::harness::{START, World, code, user};

/// Waits until each node has heard of who is connected to the others, also one that had only just begun to
/// listen: two beats.
async fn heard_of() {
    tokio::time::sleep(Duration::from_secs(2)).await;
}

fn service(rights: &[&str]) -> Inquirer {
    let mut granted = Rights::default();
    assert!(rights.iter().all(|right| granted.grant(right)));
    Inquirer { user: user("service:rest"), service: Some(granted) }
}

fn person(name: &str) -> Inquirer {
    Inquirer { user: user(name), service: None }
}

fn blocks(name: &str, other: &str) -> HookEvent {
    let version = Version::new(1).expect("a version");
    HookEvent::RelationshipBlocked(Relationship { user: user(name), other: user(other), version })
}

fn named(names: &[&str]) -> List<UserId, 100> {
    List::cut(names.iter().map(|name| user(name)).collect())
}

#[tokio::test(start_paused = true)]
async fn who_may_write_to_whom() {
    let world = World::unhurried().await;
    let _people = world.people(["giulia", "marco", "aiko"]).await;
    world.deliver("1", blocks("giulia", "marco")).await.expect("done");
    let version = Version::new(1).expect("a version");
    let gone = UserDeleted { id: user("luca"), version };
    world.deliver("2", HookEvent::UserDeleted(gone)).await.expect("done");
    for node in world.nodes() {
        for (from, to, expected) in [
            ("giulia", "aiko", true),
            ("aiko", "giulia", true),
            ("giulia", "marco", false),
            ("marco", "giulia", false),
            ("giulia", "giulia", false),
            ("giulia", "nobody", false),
            ("giulia", "luca", false),
            ("luca", "giulia", false),
        ] {
            let (from, to) = (user(from), user(to));
            let found = node.may_write(&service(&["people"]), &from, &to).await.expect("asked");
            assert_eq!(found.may_write, expected, "{from} to {to}");
        }
        let (giulia, marco) = (user("giulia"), user("marco"));
        let own = node.may_write(&person("giulia"), &giulia, &marco).await.expect("her own");
        assert!(!own.may_write);
        let others = node.may_write(&person("aiko"), &giulia, &marco).await;
        assert_eq!(code(others), ErrorCode::Forbidden);
        let usual = Inquirer { user: user("service:rest"), service: Some(Rights::USUAL) };
        assert_eq!(code(node.may_write(&usual, &giulia, &marco).await), ErrorCode::Forbidden);
    }
}

#[tokio::test(start_paused = true)]
async fn who_shares_a_room_with_whom() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, _aiko] = world.people(["giulia", "marco", "aiko"]).await;
    let room = giulia.group(&["marco"]).await;
    let by = service(&["people"]);
    for node in world.nodes() {
        let shares = async |one: &str, other: &str| {
            node.share_room(&by, &user(one), &user(other)).await.expect("asked").shares_room
        };
        assert!(shares("giulia", "marco").await && shares("marco", "giulia").await);
        assert!(!shares("giulia", "aiko").await && !shares("nobody", "giulia").await);
        let states = service(&["states"]);
        let refused = node.share_room(&states, &user("giulia"), &user("marco")).await;
        assert_eq!(code(refused), ErrorCode::Forbidden);
    }
    marco.leave(room).await.expect("left");
    for node in world.nodes() {
        let left = node.share_room(&by, &user("giulia"), &user("marco")).await.expect("asked");
        assert!(!left.shares_room);
    }
}

#[tokio::test(start_paused = true)]
async fn every_node_knows_who_is_connected() {
    let world = World::unhurried().await;
    let [giulia, _marco] = world.people(["giulia", "marco"]).await;
    let by = service(&["people"]);
    let states = async || {
        let mut states = Vec::new();
        for node in world.nodes() {
            let found = node.connections(&by, &named(&["giulia", "marco", "nobody"])).await;
            let found = found.expect("asked").people;
            assert!(found.iter().map(|one| one.user.as_str()).eq(["giulia", "marco", "nobody"]));
            states.push(found.iter().map(|one| one.availability).collect::<Vec<_>>());
        }
        states
    };
    let (online, offline) = (Availability::Online, Availability::Offline);
    heard_of().await;
    assert_eq!(states().await, vec![vec![online, online, offline]; world.nodes().len()]);
    giulia.leave_session().await;
    tokio::time::sleep(world.core.settings().offline_grace * 2).await;
    heard_of().await;
    assert_eq!(states().await, vec![vec![offline, online, offline]; world.nodes().len()]);
    for node in world.nodes() {
        let found = node.connections(&by, &named(&["giulia", "marco"])).await.expect("asked");
        let seen: Vec<_> = found.people.iter().map(|one| one.last_seen).collect();
        assert!(seen[0].is_some_and(|seen| seen >= Timestamp(START)) && seen[1].is_none());
        let refused = node.connections(&person("giulia"), &named(&["giulia", "marco"])).await;
        assert_eq!(code(refused), ErrorCode::Forbidden);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_unread_is_counted_over_all_rooms() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let mut rooms = Vec::new();
    for _ in 0..6 {
        rooms.push(giulia.group(&["marco"]).await);
    }
    for room in &rooms[..5] {
        giulia.send(*room, "one").await.expect("sent");
        giulia.send(*room, "two").await.expect("sent");
    }
    marco.read(rooms[0], 2).await.expect("read");
    marco.read(rooms[1], 1).await.expect("read");
    let expected = Unread { messages: 7, mentions: 0, rooms: 4, unreadable: 0 };
    for connected in [true, false] {
        if !connected {
            world.restart().await;
        }
        for node in world.nodes() {
            for by in [service(&["people"]), person("marco")] {
                let found = node.unread(&by, &user("marco")).await.expect("asked");
                assert_eq!(found, expected, "connected: {connected}");
            }
            let nobody = node.unread(&service(&["people"]), &user("nobody")).await;
            assert_eq!(code(nobody), ErrorCode::NotFound);
            let refused = node.unread(&service(&["history"]), &user("marco")).await;
            assert_eq!(code(refused), ErrorCode::Forbidden);
            let others = node.unread(&person("giulia"), &user("marco")).await;
            assert_eq!(code(others), ErrorCode::Forbidden);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_room_is_found_by_its_id_and_its_context() {
    let world = World::unhurried().await;
    let [mut giulia, _marco] = world.people(["giulia", "marco"]).await;
    let mut meetups = world.service().await;
    let group = giulia.group(&[]).await;
    giulia.send(group, "between us").await.expect("sent");
    let nobody = RoomId::from_random(77);
    for number in 0..6 {
        let kind = format!("m{number}");
        let made = meetups.ensure(&kind, RoomClass::Social, &["giulia"]).await.expect("made");
        let (room, context) = (made.room, made.context);
        for node in world.nodes() {
            for by in [service(&["states"]), service(&["history"]), person("giulia")] {
                assert_eq!(node.room(&by, room).await.expect("found").room, room);
                assert_eq!(node.room_of(&by, &context).await.expect("found").room, room);
            }
            for by in [service(&["notices"]), service(&["rooms", "people", "members"])] {
                assert_eq!(code(node.room(&by, room).await), ErrorCode::Forbidden);
                assert_eq!(code(node.room_of(&by, &context).await), ErrorCode::Forbidden);
            }
            let outsider = node.room(&person("marco"), room).await;
            assert_eq!(outsider, node.room(&person("marco"), nobody).await);
            let unknown = Context { id: Text::cut("other"), ..context.clone() };
            let outsider = node.room_of(&person("marco"), &context).await;
            assert_eq!(outsider, node.room_of(&person("marco"), &unknown).await);
            assert_eq!(code(outsider), ErrorCode::NotFound);
            // What people make among themselves is like nothing for a service.
            let made = node.room(&service(&["states", "rooms", "people"]), group).await;
            assert_eq!(made, node.room(&service(&["states"]), nobody).await);
        }
    }
    for node in world.nodes() {
        let seen = node.room(&service(&["history"]), group).await.expect("an auditor sees it");
        assert_eq!(seen.number.get(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_person_without_a_connection_has_the_same_rooms() {
    let mut world = World::unhurried().await;
    let [mut giulia, _marco] = world.people(["giulia", "marco"]).await;
    let group = giulia.group(&["marco"]).await;
    let direct = giulia.direct("marco").await.expect("made").room;
    giulia.send(group, "ciao").await.expect("sent");
    world.restart().await;
    // He sits at one node; the requests of her come to each.
    let _marco = world.connect("marco").await;
    heard_of().await;
    let (giulia, marco) = (user("giulia"), user("marco"));
    let shown = async |world: &World, expected: Availability| {
        for node in world.nodes() {
            let rooms = Rooms { after: None, context: None, limit: 10 };
            let reply = node.call(&giulia, None, Command::Rooms(rooms)).await.expect("listed");
            let Reply::Rooms(page) = reply else { panic!("no rooms") };
            let mut listed: Vec<_> = page.rooms.iter().map(|room| room.room).collect();
            listed.sort_unstable();
            let mut expected_rooms = vec![group, direct];
            expected_rooms.sort_unstable();
            assert_eq!(listed, expected_rooms);
            let found = page.rooms.iter().find(|room| room.room == direct).expect("listed");
            let presence = found.peer_presence.as_ref().expect("a peer");
            assert_eq!(presence.availability, expected);
            let room = node.room(&person("giulia"), direct).await.expect("found");
            assert_eq!(room.peer_presence.expect("a peer").availability, expected);
            let members = Members { room: group, after: None, limit: 10 };
            let reply = node.call(&giulia, None, Command::Members(members)).await.expect("listed");
            let Reply::Members(page) = reply else { panic!("no members") };
            let member = page.members.iter().find(|member| member.profile.user == marco);
            let presence = member.and_then(|member| member.presence.clone()).expect("small");
            assert_eq!(presence.availability, expected);
        }
    };
    shown(&world, Availability::Online).await;
    let read = Command::MarkRead(Mark { room: group, number: caffis_schema::MessageNumber(1) });
    world.nodes()[0].call(&marco, None, read).await.expect("read");
    let left = world.core.unread(&person("marco"), &marco).await.expect("asked");
    assert_eq!(left.messages, 0);
    world.deliver("1", blocks("marco", "giulia")).await.expect("done");
    shown(&world, Availability::Offline).await;
}

#[tokio::test(start_paused = true)]
async fn a_token_is_good_without_a_connection_as_long_as_it_is_with_one() {
    let world = World::unhurried().await;
    for node in world.nodes() {
        let identity = node.identify("giulia;name=Giulia").await.expect("hers");
        assert_eq!((identity.user, identity.service), (user("giulia"), None));
        let auditor = node.identify("service:audit;right=history").await.expect("a service's");
        assert!(auditor.service.is_some_and(|rights| rights.read_history));
        assert_eq!(code(node.identify("forged").await), ErrorCode::TokenInvalid);
        assert_eq!(code(node.identify("giulia;expires=1").await), ErrorCode::TokenExpired);
    }
    // She is known from now on, under her name.
    let mut marco = world.connect("marco").await;
    assert_eq!(&*marco.direct("giulia").await.expect("made").peer.expect("her").name, "Giulia");
    world.core.revoke(&user("giulia"), Timestamp(START + 1)).await.expect("revoked");
    for node in world.nodes() {
        let old = node.identify(&format!("giulia;issued={START}")).await;
        assert_eq!(code(old), ErrorCode::TokenRevoked);
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_of_one_kind_of_rooms_loads_no_others() {
    let mut world = World::unhurried().await;
    let mut giulia = world.connect("giulia").await;
    let mut service = world.service().await;
    let made = service.ensure("meetup", RoomClass::Social, &["giulia"]).await;
    let meetup = made.expect("made").room;
    for _ in 0..5 {
        giulia.group(&[]).await;
    }
    world.restart().await;
    for (kind, found) in [("booking", vec![]), ("meetup", vec![meetup])] {
        let context = Some(Text::cut(kind));
        let command = Command::Rooms(Rooms { after: None, context, limit: 100 });
        let Ok(Reply::Rooms(page)) = world.core.call(&user("giulia"), None, command).await else {
            panic!("not listed");
        };
        let rooms: Vec<_> = page.rooms.iter().map(|room| room.room).collect();
        assert_eq!(rooms, found);
        let loaded: u64 = world.nodes().iter().map(|node| node.statistics().rooms as u64).sum();
        assert_eq!(loaded, rooms.len() as u64, "{kind}");
    }
}
