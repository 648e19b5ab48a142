//! Rooms that other services open: one for each context, with what it is about, and with the members that
//! the business names, in whatever order and however often the events come.

use std::time::Duration;

use caffis_conformance::faulty::{Fault, Plan};
use caffis_schema::{
    Command, EntryKind, Error, ErrorCode, Event, List, Reply, RoomId, Text,
    command::Open,
    hooks::{
        HookAnswer, HookEvent, HookResult,
        contexts::{
            BookingParticipants, BusinessOpened, BusinessParticipant, CafeOpened, Coordinates,
            Ended, EventPlace, MatchCreated, Meetup,
        },
        places::{Latitude, Longitude},
        values::{ContextId, Moment, TimeZone, Url, Version, Word},
    },
    reply::Opened,
    room::{Card, ContextStatus, RoomClass},
};
use futures_util::future::join_all;

use crate::{
    client::Client,
    harness::{START, World, code, user, users},
};

fn id(id: &str) -> ContextId {
    ContextId::new(id).expect("an id")
}

fn version(version: u64) -> Version {
    Version::new(version).expect("a version")
}

fn meetup(number: u64, title: &str, people: &[&str]) -> Meetup {
    let coordinates = Coordinates {
        latitude: Latitude::new(45.4642).expect("degrees"),
        longitude: Longitude::new(9.19).expect("degrees"),
    };
    Meetup {
        id: id("m1"),
        version: version(number),
        participants: List::cut(users(people)),
        title: Some(Text::cut(title)),
        place: Some(EventPlace {
            name: Some(Text::cut("Caffè Nero")),
            address: Some(Text::cut("Via Dante 7, Milano")),
            coordinates: Some(coordinates),
        }),
        time: Some(Moment(caffis_schema::Timestamp(START + 86_400_000))),
        ends: None,
        time_zone: TimeZone::new("Europe/Rome").ok(),
        photos: List::cut(vec![Url::new("https://a.example/p.jpg").expect("an address")]),
    }
}

fn accepted(number: u64, title: &str, people: &[&str]) -> HookEvent {
    HookEvent::InvitationAccepted(meetup(number, title, people))
}

fn updated(number: u64, title: &str) -> HookEvent {
    HookEvent::MeetupUpdated(meetup(number, title, &["giulia", "marco"]))
}

fn ended(number: u64) -> Ended {
    Ended { id: id("m1"), version: version(number) }
}

fn participants<const N: usize>(people: &[(&str, &str)]) -> List<BusinessParticipant, N> {
    let one = |(name, role): &(&str, &str)| BusinessParticipant {
        user: user(name),
        role: Word::new(role).expect("a word"),
    };
    List::cut(people.iter().map(one).collect())
}

fn business(number: u64, people: &[(&str, &str)]) -> BusinessOpened {
    BusinessOpened {
        id: id("m1"),
        version: version(number),
        participants: participants(people),
        title: Some(Text::cut("Drill, 3 days")),
        place: None,
        time: None,
        ends: None,
        time_zone: None,
    }
}

fn belonging(number: u64, people: &[(&str, &str)]) -> HookEvent {
    HookEvent::BookingParticipants(BookingParticipants {
        id: id("m1"),
        version: version(number),
        participants: participants(people),
    })
}

#[track_caller]
fn room_of(answer: Result<HookAnswer, Error>) -> RoomId {
    let answer = answer.expect("done");
    assert_eq!(answer.result, HookResult::Applied);
    answer.room.expect("a room")
}

async fn open(client: &mut Client, room: RoomId) -> Opened {
    match client.ask(Command::Open(Open { room, limit: 50 })).await {
        Ok(Reply::Opened(opened)) => opened,
        other => panic!("answered with {other:?}"),
    }
}

async fn card(client: &mut Client, room: RoomId) -> Card {
    open(client, room).await.card.expect("a card")
}

fn title(card: &Card) -> &str {
    card.details.title.as_deref().unwrap_or_default()
}

/// The cards among what a client was told.
async fn told(client: &mut Client) -> Vec<Card> {
    let events = client.settle().await.into_iter();
    let cards = events.filter_map(|event| match event {
        Event::Entry(entry) => match entry.entry.kind {
            EntryKind::Context(card) => Some(card),
            _ => None,
        },
        _ => None,
    });
    cards.collect()
}

#[tokio::test(start_paused = true)]
async fn an_accepted_invitation_opens_the_room_on_every_device() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut tablet] = world.people(["giulia", "giulia"]).await;
    let answer = world.deliver("1", accepted(1, "Coffee", &["giulia", "marco"])).await;
    let room = room_of(answer);
    for client in [&mut giulia, &mut tablet] {
        let added = client.settle().await.into_iter().find_map(|event| match event {
            Event::RoomAdded(summary) => Some(summary),
            _ => None,
        });
        let added = added.expect("told at once");
        assert_eq!((added.room, added.class, added.members), (room, RoomClass::Social, 2));
        assert_eq!(added.name.as_deref(), Some("Coffee"));
    }
    for restarted in [false, true] {
        if restarted {
            // The entry that tells it has expired; the card stays.
            world.clock.advance(Duration::from_secs(40 * 86_400));
            world.restart().await;
        }
        // Marco was not known before.
        let mut marco = world.connect("marco").await;
        let opened = open(&mut marco, room).await;
        let card = opened.card.expect("a card");
        let place = card.details.place.clone().expect("a place");
        assert_eq!(place.coordinates.as_deref(), Some("45.4642,9.19"), "{restarted}");
        assert_eq!(place.address.as_deref(), Some("Via Dante 7, Milano"));
        assert_eq!(card.details.time_zone.as_deref(), Some("Europe/Rome"));
        assert_eq!(
            (title(&card), card.details_version, card.details.photos.len()),
            ("Coffee", 1, 1)
        );
        assert_eq!(opened.room.name.as_deref(), Some("Coffee"));
    }
}

#[tokio::test(start_paused = true)]
async fn ten_at_once_make_one_room() {
    let world = World::unhurried().await;
    let [mut giulia] = world.people(["giulia"]).await;
    let answers = join_all((0..10).map(|number| {
        let (world, id) = (&world, format!("copy-{number}"));
        async move { world.deliver(&id, accepted(1, "Coffee", &["giulia", "marco"])).await }
    }))
    .await;
    let rooms: Vec<RoomId> = answers.into_iter().map(room_of).collect();
    assert!(rooms.iter().all(|room| *room == rooms[0]), "{rooms:?}");
    assert_eq!(told(&mut giulia).await.len(), 1, "it is told once");
    assert_eq!(giulia.rooms(None, 100).await.rooms.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_latest_version_stands_in_whatever_order_they_come() {
    let events = [
        ("a", accepted(1, "One", &["giulia", "marco"])),
        ("b", updated(2, "Two")),
        ("c", HookEvent::MeetupCancelled(ended(3))),
        ("d", updated(4, "Four")),
        ("e", HookEvent::MeetupCancelled(ended(5))),
    ];
    for turn in 0..events.len() {
        let world = World::unhurried().await;
        let [mut giulia] = world.people(["giulia"]).await;
        let mut order: Vec<_> = events.iter().collect();
        order.rotate_left(turn);
        if turn % 2 == 1 {
            order.reverse();
        }
        // Senders send again what was not done.
        for _ in 0..2 {
            let mut again = Vec::new();
            for sent in order {
                match world.deliver(sent.0, sent.1.clone()).await {
                    Ok(_) => {}
                    Err(error) if error.code == ErrorCode::Unavailable => again.push(sent),
                    Err(error) => panic!("{}: {error:?}", sent.0),
                }
            }
            order = again;
        }
        assert!(order.is_empty(), "{turn}");
        let room = giulia.rooms(None, 100).await.rooms[0].room;
        let card = card(&mut giulia, room).await;
        assert_eq!((title(&card), card.details_version), ("Four", 4), "{turn}");
        assert_eq!(card.status, ContextStatus::Cancelled(caffis_schema::open::Empty {}), "{turn}");
        assert_eq!(card.status_version, 5);
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_reaches_those_who_have_it_open_and_a_conflict_nobody() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = room_of(world.deliver("1", accepted(1, "Coffee", &["giulia", "marco"])).await);
    for client in [&mut giulia, &mut marco] {
        client.open(room).await.expect("opened");
        client.settle().await;
    }
    room_of(world.deliver("2", updated(2, "Tea")).await);
    for client in [&mut giulia, &mut marco] {
        let cards = told(client).await;
        assert_eq!((cards.len(), title(&cards[0])), (1, "Tea"));
    }
    assert_eq!(marco.rooms(None, 10).await.rooms[0].name.as_deref(), Some("Tea"));
    assert_eq!(code(world.deliver("3", updated(2, "Juice")).await), ErrorCode::Conflict);
    let late = world.deliver("4", updated(1, "Water")).await.expect("done");
    assert_eq!((late.result, late.room), (HookResult::Ignored, Some(room)));
    assert!(told(&mut giulia).await.is_empty());
    // The same id says the same again.
    let again = world.deliver("4", updated(1, "Water")).await.expect("done");
    assert_eq!(again, late);
    // A cancelled meetup is still talked about.
    room_of(world.deliver("5", HookEvent::MeetupCancelled(ended(3))).await);
    giulia.send(room, "another day?").await.expect("sent");
}

#[tokio::test(start_paused = true)]
async fn members_follow_the_business() {
    let world = World::unhurried().await;
    let [mut worker, mut lender, mut admin] = world.people(["worker", "lender", "admin"]).await;
    let first = business(1, &[("worker", "Worker"), ("lender", "Lender Admin")]);
    let room = room_of(world.deliver("1", HookEvent::BookingOpened(first)).await);
    worker.send(room, "when?").await.expect("sent");
    let now = [("worker", "Worker"), ("admin", "Borrower Admin"), ("new", "Supervisor")];
    room_of(world.deliver("2", belonging(2, &now)).await);
    let removed = lender
        .settle()
        .await
        .into_iter()
        .any(|event| matches!(event, Event::RoomRemoved(removed) if removed.room == room));
    assert!(removed, "who does not belong to it any more is told");
    assert_eq!(code(lender.open(room).await), ErrorCode::NotFound);
    let opened = open(&mut admin, room).await;
    assert_eq!((opened.room.class, opened.room.members), (RoomClass::Evidence, 3));
    let card = opened.card.expect("a card");
    let roles: Vec<_> = card.participants.iter().map(|p| p.role.as_deref()).collect();
    assert_eq!(roles, [Some("Worker"), Some("Borrower Admin"), Some("Supervisor")]);
    assert_eq!((title(&card), card.details_version), ("Drill, 3 days", 1));
    // Late, and another content of the same version.
    let late = world.deliver("3", belonging(1, &[("worker", "Worker")])).await.expect("done");
    assert_eq!(late.result, HookResult::Ignored);
    let other = world.deliver("4", belonging(2, &[("worker", "Worker")])).await;
    assert_eq!(code(other), ErrorCode::Conflict);
    assert_eq!(code(world.deliver("5", belonging(3, &[])).await), ErrorCode::Invalid);
    assert_eq!(open(&mut admin, room).await.room.members, 3);
}

#[tokio::test(start_paused = true)]
async fn nobody_writes_in_a_closed_room_until_it_is_open_again() {
    let world = World::unhurried().await;
    let [mut worker] = world.people(["worker"]).await;
    let people = [("worker", "Worker"), ("lender", "Lender Manager")];
    let room = room_of(world.deliver("1", HookEvent::DisputeOpened(business(1, &people))).await);
    worker.send(room, "broken").await.expect("sent");
    room_of(world.deliver("2", HookEvent::DisputeClosed(ended(2))).await);
    assert_eq!(code(worker.send(room, "still").await), ErrorCode::Forbidden);
    assert_eq!(worker.log(room).await, ["broken"], "what was written stays");
    room_of(world.deliver("3", HookEvent::DisputeOpened(business(3, &people))).await);
    worker.send(room, "again").await.expect("sent");
}

#[tokio::test(start_paused = true)]
async fn matches_and_cafes_have_rooms_of_their_class() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let event = HookEvent::MatchCreated(MatchCreated {
        id: id("m1"),
        version: version(1),
        participants: List::cut(users(&["giulia", "marco"])),
        title: None,
    });
    let matched = room_of(world.deliver("1", event).await);
    giulia.send(matched, "ciao").await.expect("sent");
    room_of(world.deliver("2", HookEvent::MatchEnded(ended(2))).await);
    assert_eq!(code(marco.send(matched, "ciao").await), ErrorCode::Forbidden);
    let cafe = HookEvent::CafeOpened(CafeOpened {
        id: id("m1"),
        version: version(1),
        title: Some(Text::cut("Caffè Nero")),
        place: None,
        time_zone: None,
        photos: List::default(),
    });
    let cafe = room_of(world.deliver("3", cafe).await);
    assert_ne!(cafe, matched, "another context");
    let opened = open(&mut marco, cafe).await;
    assert_eq!((opened.room.class, opened.room.members), (RoomClass::Public, 0));
    assert_eq!(title(&opened.card.expect("a card")), "Caffè Nero");
    marco.send(cafe, "ciao").await.expect("sent");
    room_of(world.deliver("4", HookEvent::CafeClosed(ended(2))).await);
    assert_eq!(code(marco.send(cafe, "ciao").await), ErrorCode::Forbidden);
}

#[tokio::test(start_paused = true)]
async fn an_event_waits_for_the_one_that_opens_the_room_but_not_for_ever() {
    let world = World::unhurried().await;
    let early = world.deliver("1", HookEvent::MeetupCancelled(ended(2))).await;
    let early = early.expect_err("nothing to cancel");
    assert_eq!(early.code, ErrorCode::Unavailable);
    assert!(early.retry_after_ms.is_some());
    let old = world.deliver_of("1", HookEvent::MeetupCancelled(ended(2)), START - 3_600_001).await;
    assert_eq!(code(old), ErrorCode::NotFound);
    let nobody = world.deliver("2", accepted(1, "Coffee", &[])).await;
    assert_eq!(code(nobody), ErrorCode::Invalid);
    room_of(world.deliver("2", accepted(1, "Coffee", &["giulia"])).await);
    room_of(world.deliver("1", HookEvent::MeetupCancelled(ended(2))).await);
}

#[tokio::test(start_paused = true)]
async fn a_room_of_another_class_is_a_conflict() {
    let world = World::unhurried().await;
    let mut service = world.service().await;
    let context = caffis_schema::room::Context { kind: Text::cut("meetup"), id: Text::cut("m1") };
    let ensure = caffis_schema::command::EnsureRoom {
        context,
        class: RoomClass::Evidence,
        name: None,
        members: List::cut(users(&["giulia"])),
        history: caffis_schema::room::HistoryPolicy::All,
    };
    service.ask(Command::EnsureRoom(ensure)).await.expect("made");
    let answer = world.deliver("1", accepted(1, "Coffee", &["giulia"])).await;
    assert_eq!(code(answer), ErrorCode::RoomClass);
}

#[tokio::test(start_paused = true)]
async fn what_was_cut_short_is_completed_by_a_resend() {
    let world = World::unhurried().await;
    let [mut giulia] = world.people(["giulia"]).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    for version in 1..30 {
        let event = updated(version, &format!("Version {version}"));
        let id = format!("event-{version}");
        world.faults.fail_next_write(match version % 4 {
            0 => Fault::Unavailable,
            1 => Fault::UnknownLost,
            2 => Fault::UnknownWritten,
            _ => Fault::UnknownPartly,
        });
        world.faults.set_plan(Plan { unavailable: 200, ..Plan::default() });
        let mut tries = 0;
        let answer = loop {
            match world.deliver(&id, event.clone()).await {
                Ok(answer) => break answer,
                Err(error) => assert!(error.retry_after_ms.is_some(), "{error:?}"),
            }
            tries += 1;
            assert!(tries < 200, "it never gets done");
            tokio::time::sleep(Duration::from_secs(1)).await;
        };
        world.faults.set_plan(Plan::default());
        assert_eq!(answer.result, HookResult::Applied);
        let rooms = giulia.rooms(None, 100).await.rooms;
        assert_eq!(rooms.len(), 1);
        let card = card(&mut giulia, rooms[0].room).await;
        assert_eq!(title(&card), format!("Version {version}"));
        giulia.settle().await;
    }
}
