//! People who are kept apart: nothing passes between them in their conversation, and neither sees whether the
//! other is there, on whatever nodes they are.

use std::time::Duration;

use caffis_conformance::faulty::Plan;
use caffis_core::ports::clock::Clock;
use caffis_schema::{
    ClientFrame, ClientSignal, Command, Error, ErrorCode, Event, Reply, ServerSignal,
    command::{Members, SetPresence, Typing},
    hooks::{HookAnswer, HookEvent, HookResult, relationships::Relationship, values::Version},
    room::{Availability, RoomClass},
};

use crate::{
    client::Client,
    harness::{World, code, user},
};

fn relationship(name: &str, other: &str, version: u64) -> Relationship {
    let version = Version::new(version).expect("a version");
    Relationship { user: user(name), other: user(other), version }
}

fn blocked(name: &str, other: &str, version: u64) -> HookEvent {
    HookEvent::RelationshipBlocked(relationship(name, other, version))
}

fn unblocked(name: &str, other: &str, version: u64) -> HookEvent {
    HookEvent::RelationshipUnblocked(relationship(name, other, version))
}

fn disconnected(name: &str, other: &str, version: u64) -> HookEvent {
    HookEvent::RelationshipDisconnected(relationship(name, other, version))
}

#[track_caller]
fn applied(answer: Result<HookAnswer, Error>) {
    assert_eq!(answer.expect("done").result, HookResult::Applied);
}

/// What a client was told of somebody's availability.
async fn told(client: &mut Client, of: &str) -> Vec<Availability> {
    let events = client.settle().await.into_iter();
    let told = events.filter_map(|event| match event {
        Event::Presence(presence) if presence.user == user(of) => Some(presence.availability),
        _ => None,
    });
    told.collect()
}

/// Whether a client reads that somebody is there, in a room's list of members.
async fn is_shown(client: &mut Client, room: caffis_schema::RoomId, of: &str) -> bool {
    let command = Command::Members(Members { room, after: None, limit: 100 });
    match client.ask(command).await {
        Ok(Reply::Members(page)) => {
            let member = page.members.iter().find(|member| member.profile.user == user(of));
            let presence = member.and_then(|member| member.presence.clone()).expect("small");
            presence.availability != Availability::Offline
        }
        other => panic!("answered with {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_passes_in_either_direction_and_nobody_learns_who_wants_it_so() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.direct("marco").await.expect("made").room;
    marco.send(room, "before").await.expect("sent");
    applied(world.deliver("1", blocked("giulia", "marco", 1)).await);
    let mut refused = Vec::new();
    for (client, other) in [(&mut giulia, "marco"), (&mut marco, "giulia")] {
        let error = client.send(room, "after").await.expect_err("refused");
        assert_eq!(error.code, ErrorCode::Forbidden);
        refused.push(error);
        let error = client.direct(other).await.expect_err("refused");
        assert_eq!(error.code, ErrorCode::Forbidden);
        assert_eq!(client.log(room).await, ["before"], "what was written stays");
    }
    assert_eq!(refused[0], refused[1], "the same for both");
    // Both have to want it otherwise.
    applied(world.deliver("2", blocked("marco", "giulia", 1)).await);
    applied(world.deliver("3", unblocked("giulia", "marco", 2)).await);
    assert_eq!(code(giulia.send(room, "after").await), ErrorCode::Forbidden);
    applied(world.deliver("4", unblocked("marco", "giulia", 2)).await);
    giulia.send(room, "again").await.expect("sent");
    marco.direct("giulia").await.expect("found");
}

#[tokio::test(start_paused = true)]
async fn neither_sees_whether_the_other_is_there() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let direct = giulia.direct("marco").await.expect("made").room;
    let group = anna.group(&["giulia", "marco"]).await;
    for client in [&mut giulia, &mut marco, &mut anna] {
        client.open(group).await.expect("opened");
        client.settle().await;
    }
    assert!(is_shown(&mut giulia, group, "marco").await);
    applied(world.deliver("1", blocked("giulia", "marco", 1)).await);
    // What was on its way before may come first.
    let offline = Some(Availability::Offline);
    assert_eq!(told(&mut giulia, "marco").await.pop(), offline);
    assert_eq!(told(&mut marco, "giulia").await.pop(), offline);
    assert!(!told(&mut anna, "giulia").await.contains(&Availability::Offline));
    for (client, other) in [(&mut giulia, "marco"), (&mut marco, "giulia")] {
        assert!(!is_shown(client, group, other).await);
        let opened = client.open(group).await.expect("opened");
        let shown = opened.presence.iter().find(|presence| presence.user == user(other));
        assert_eq!(shown.expect("a member").availability, Availability::Offline);
        let listed = client.rooms(None, 100).await.rooms;
        let peer = listed.iter().find(|room| room.room == direct).expect("listed");
        let peer = peer.peer_presence.clone().expect("a person");
        assert_eq!((peer.availability, peer.last_seen), (Availability::Offline, None));
    }
    assert!(is_shown(&mut anna, group, "giulia").await, "others see both");
    // In a group that both are in, both write.
    giulia.send(group, "ciao").await.expect("sent");
    assert!(marco.heard().await.contains(&"ciao".to_owned()));
    // Nobody is told of one who types, but for others.
    anna.signals.clear();
    marco.signals.clear();
    let typing = Typing { room: group, counter: 1, active: true };
    giulia.raw.send(&ClientFrame::Signal(ClientSignal::Typing(typing))).await;
    anna.settle().await;
    marco.settle().await;
    let typed = |client: &Client| {
        client.signals.iter().any(|signal| matches!(signal, ServerSignal::Typing(_)))
    };
    assert!(typed(&anna) && !typed(&marco));
    // Whoever comes later does not see it either.
    let mut second = world.connect("marco").await;
    assert!(!is_shown(&mut second, group, "giulia").await);
    drop(second);
    world.restart().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    assert!(!is_shown(&mut giulia, group, "marco").await);
    assert!(!is_shown(&mut marco, group, "giulia").await);
    applied(world.deliver("2", unblocked("giulia", "marco", 2)).await);
    assert_eq!(told(&mut giulia, "marco").await.pop(), Some(Availability::Online));
    assert!(is_shown(&mut giulia, group, "marco").await);
}

#[tokio::test(start_paused = true)]
async fn neither_brings_the_other_into_a_room() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let group = giulia.group(&["anna"]).await;
    applied(world.deliver("1", blocked("giulia", "marco", 1)).await);
    assert_eq!(code(giulia.add(group, &["marco"]).await), ErrorCode::Forbidden);
    let command = |client: &Client, name: &str| {
        Command::CreateGroup(caffis_schema::command::CreateGroup {
            key: client.key(),
            name: caffis_schema::Text::cut("Us"),
            members: caffis_schema::List::cut(vec![user(name)]),
            history: caffis_schema::room::HistoryPolicy::All,
        })
    };
    for (client, other) in [(&mut giulia, "marco"), (&mut marco, "giulia")] {
        let command = command(client, other);
        assert_eq!(code(client.ask(command).await), ErrorCode::Forbidden);
        assert_eq!(code(client.direct(other).await), ErrorCode::Forbidden);
    }
    // Somebody else may bring both together.
    anna.group(&["giulia", "marco"]).await;
}

#[tokio::test(start_paused = true)]
async fn the_last_version_of_each_side_counts() {
    let world = World::unhurried().await;
    let [mut giulia, _marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.direct("marco").await.expect("made").room;
    applied(world.deliver("a", unblocked("giulia", "marco", 3)).await);
    let late = world.deliver("b", blocked("giulia", "marco", 2)).await.expect("done");
    assert_eq!((late.result, late.version), (HookResult::Ignored, Some(3)));
    giulia.send(room, "ciao").await.expect("sent");
    assert_eq!(code(world.deliver("c", blocked("giulia", "marco", 3)).await), ErrorCode::Conflict);
    assert_eq!(code(world.deliver("d", blocked("giulia", "giulia", 1)).await), ErrorCode::Invalid);
    // Both at once.
    for version in (4..24).step_by(2) {
        let (one, other) = (format!("one-{version}"), format!("other-{version}"));
        let both = tokio::join!(
            world.deliver(&one, blocked("giulia", "marco", version)),
            world.deliver(&other, blocked("marco", "giulia", version)),
        );
        applied(both.0);
        applied(both.1);
        assert_eq!(code(giulia.send(room, "ciao").await), ErrorCode::Forbidden);
        let (one, other) = (format!("one-off-{version}"), format!("other-off-{version}"));
        let both = tokio::join!(
            world.deliver(&one, unblocked("giulia", "marco", version + 1)),
            world.deliver(&other, unblocked("marco", "giulia", version + 1)),
        );
        applied(both.0);
        applied(both.1);
        giulia.send(room, "ciao").await.expect("sent");
    }
}

#[tokio::test(start_paused = true)]
async fn who_blocks_nobody_any_more_hears_of_them_although_the_clock_was_set_back() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    giulia.direct("marco").await.expect("made");
    giulia.settle().await;
    marco.settle().await;
    let now = world.clock.now().get();
    let mut heard = Vec::new();
    let steps =
        [(now + 3_600_000, blocked("giulia", "marco", 1)), (now, unblocked("giulia", "marco", 2))];
    for (time, event) in steps {
        world.clock.set(time);
        applied(world.deliver(&format!("{time}"), event).await);
        heard.extend(giulia.settle().await);
    }
    let (availability, status) = (Availability::Away, None);
    marco.ask(Command::SetPresence(SetPresence { availability, status })).await.expect("away");
    heard.extend(giulia.settle().await);
    let told = heard.into_iter().filter_map(|event| match event {
        Event::Presence(presence) => Some((presence.version, presence.availability)),
        _ => None,
    });
    let told: Vec<_> = told.collect();
    assert!(told.is_sorted_by_key(|(version, _)| *version), "{told:?}");
    let availabilities = told.into_iter().map(|(_, availability)| availability);
    let expected = [Availability::Offline, Availability::Online, Availability::Away];
    assert!(availabilities.eq(expected));
}

#[tokio::test(start_paused = true)]
async fn a_clean_break_takes_the_conversation_from_both_at_once() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.direct("marco").await.expect("made").room;
    giulia.send(room, "ciao").await.expect("sent");
    giulia.settle().await;
    marco.settle().await;
    applied(world.deliver("1", disconnected("giulia", "marco", 1)).await);
    for restarted in [false, true] {
        if restarted {
            world.restart().await;
            [giulia, marco] = world.people(["giulia", "marco"]).await;
        }
        for (client, other) in [(&mut giulia, "marco"), (&mut marco, "giulia")] {
            if !restarted {
                let removed = client.settle().await.into_iter().any(
                    |event| matches!(event, Event::RoomRemoved(removed) if removed.room == room),
                );
                assert!(removed);
            }
            assert!(client.rooms(None, 100).await.rooms.is_empty());
            assert_eq!(code(client.open(room).await), ErrorCode::NotFound);
            assert_eq!(code(client.send(room, "still").await), ErrorCode::NotFound);
            assert_eq!(code(client.direct(other).await), ErrorCode::Forbidden);
        }
    }
    let day = caffis_core::tables::ErasureRow::partition(&(crate::harness::START / 86_400_000));
    let jobs: Vec<caffis_core::tables::ErasureRow> =
        caffis_core::tables::partition(world.raw_store(), day, 10).await.expect("read");
    assert_eq!(jobs.iter().map(|job| job.room).collect::<Vec<_>>(), [room]);
}

#[tokio::test(start_paused = true)]
async fn what_was_cut_short_is_completed_by_a_resend() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.direct("marco").await.expect("made").room;
    tokio::time::sleep(Duration::from_secs(1)).await;
    for version in 1..40 {
        let block = version % 2 == 1;
        let event = if block { blocked } else { unblocked };
        world.faults.set_plan(Plan {
            unavailable: 150,
            unknown_written: 100,
            unknown_partly: 100,
            ..Plan::default()
        });
        let (id, mut tries) = (format!("event-{version}"), 0);
        while let Err(error) = world.deliver(&id, event("giulia", "marco", version)).await {
            assert!(error.retry_after_ms.is_some(), "{error:?}");
            tries += 1;
            assert!(tries < 200, "it never gets done");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        world.faults.set_plan(Plan::default());
        for client in [&mut giulia, &mut marco] {
            let sent = client.send(room, "ciao").await;
            assert_eq!(sent.is_err(), block, "{version}: {sent:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn in_a_cafe_people_hear_of_those_they_are_kept_apart_from_by_number_alone() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    applied(world.deliver("1", blocked("giulia", "marco", 1)).await);
    let room = anna.ensure("cafe", RoomClass::Public, &[]).await.expect("made").room;
    for client in [&mut giulia, &mut anna] {
        client.open(room).await.expect("walked in");
    }
    giulia.settle().await;
    anna.settle().await;
    for inside in [true, false] {
        match inside {
            true => drop(marco.open(room).await.expect("walked in")),
            false => marco.close(room).await,
        }
        for (client, names) in [(&mut giulia, false), (&mut anna, true)] {
            let events = client.settle().await.into_iter();
            let told = events.filter_map(|event| match event {
                Event::Attendance(told) => Some((told.count, told.entered, told.exited)),
                _ => None,
            });
            let [(count, entered, exited)] = &told.collect::<Vec<_>>()[..] else {
                panic!("{} is told once", client.welcome().profile.name);
            };
            assert_eq!(*count, 2 + u32::from(inside));
            assert_eq!((entered.is_some(), exited.is_some()), (names && inside, names && !inside));
            let listed = client.members(room, 10).await.contains(&"marco".to_owned());
            assert_eq!(listed, names && inside, "of those in the room");
        }
    }
}
