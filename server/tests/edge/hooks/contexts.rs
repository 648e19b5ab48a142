//! Rooms of meetups, matches, bookings, disputes and cafes: from a webhook to the clients.

use caffis_schema::{Command, EntryKind, Event, Reply, RoomId, command::Open, room::Card};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{Sending, setup};
use crate::{
    api::Api,
    common::{Over, Person, Server},
};

fn meetup(version: u64, title: &str) -> Value {
    json!({"id": "inv_77", "version": version, "participants": ["giulia", "marco", "sara", "luca", "aiko"],
        "title": title, "time": "2026-12-01T18:30:00+01:00", "time_zone": "Europe/Rome",
        "place": {"name": "Caffè Nero", "coordinates": {"latitude": 45.4657, "longitude": 9.1859}}})
}

fn room_of((status, answer): &(u16, Value)) -> RoomId {
    assert_eq!((*status, &answer["result"]), (200, &json!("applied")), "{answer}");
    answer["room"].as_str().unwrap().parse().unwrap()
}

async fn send(server: &Server, id: &str, kind: &str, data: Value) -> (u16, Value) {
    Sending::new(id, kind, &data).send(server).await
}

async fn added(person: &mut Person, room: RoomId) {
    person
        .event(|event| match event {
            Event::RoomAdded(summary) => (summary.room == room).then_some(()),
            _ => None,
        })
        .await;
}

async fn removed(person: &mut Person, room: RoomId) {
    person
        .event(|event| match event {
            Event::RoomRemoved(gone) => (gone.room == room).then_some(()),
            _ => None,
        })
        .await;
}

async fn card(person: &mut Person) -> Card {
    person
        .event(|event| match event {
            Event::Entry(entry) => match entry.entry.kind {
                EntryKind::Context(card) => Some(card),
                _ => None,
            },
            _ => None,
        })
        .await
}

#[tokio::test]
async fn an_accepted_invitation_reaches_clients_on_every_transport() {
    let server = setup().start().await;
    let mut clients = Vec::new();
    for (name, over) in ["giulia", "marco", "sara", "luca", "aiko"].into_iter().zip(Over::ALL) {
        clients.push(Person::enter(&server, name, over).await);
    }
    let answer = send(&server, "evt-1", "invitation.accepted", meetup(1, "Coffee")).await;
    let room = room_of(&answer);
    for client in &mut clients {
        added(client, room).await;
        let told = card(client).await;
        let place = told.details.place.unwrap();
        assert_eq!(place.coordinates.as_deref(), Some("45.4657,9.1859"));
        assert_eq!(told.details.time.unwrap().get(), 1_796_146_200_000);
        let opened = client.open(room).await.unwrap();
        assert_eq!(opened.card.unwrap().details.title.as_deref(), Some("Coffee"));
    }
    assert_eq!(room_of(&send(&server, "evt-2", "meetup.updated", meetup(2, "Tea")).await), room);
    for client in &mut clients {
        assert_eq!(card(client).await.details.title.as_deref(), Some("Tea"));
    }
}

#[tokio::test]
async fn ten_at_once_make_one_room_that_outlives_a_kill() {
    let setup = setup();
    let server = setup.start().await;
    let copies = (0..10).map(|number| {
        let (server, id) = (&server, format!("evt-{number}"));
        async move { send(server, &id, "invitation.accepted", meetup(1, "Coffee")).await }
    });
    let answers = join_all(copies).await;
    let room = room_of(&answers[0]);
    assert!(answers.iter().all(|answer| room_of(answer) == room));
    server.kill().await;
    let server = setup.start().await;
    let again = send(&server, "evt-3", "invitation.accepted", meetup(1, "Coffee")).await;
    assert_eq!(again, answers[3]);
    let mut sara = Person::enter(&server, "sara", Over::WebSocket).await;
    let opened = match sara.ask(Command::Open(Open { room, limit: 10 })).await.unwrap() {
        Reply::Opened(opened) => opened,
        other => panic!("{other:?}"),
    };
    assert_eq!(opened.card.unwrap().details.title.as_deref(), Some("Coffee"));
    assert_eq!(opened.room.members, 5);
}

#[tokio::test]
async fn every_kind_reaches_clients_on_every_transport() {
    let server = setup().start().await;
    let names = ["giulia", "marco", "sara", "luca", "aiko"];
    let mut clients = Vec::new();
    for (name, over) in names.into_iter().zip(Over::ALL) {
        clients.push(Person::enter(&server, name, over).await);
    }
    let people: Vec<_> = names.map(|user| json!({"user": user, "role": "Worker"})).into();
    let opened = |id: &str| json!({"id": id, "version": 1, "participants": people});
    let ended = |id: &str| json!({"id": id, "version": 2});
    for (first, data, last) in [
        ("invitation.accepted", meetup(1, "Coffee"), "meetup.cancelled"),
        (
            "match.created",
            json!({"id": "inv_77", "version": 1, "participants": names}),
            "match.ended",
        ),
        ("booking.opened", opened("inv_77"), "booking.closed"),
        ("dispute.opened", opened("inv_77"), "dispute.closed"),
    ] {
        let room = room_of(&send(&server, first, first, data).await);
        for client in &mut clients {
            added(client, room).await;
            let told = card(client).await;
            assert_eq!((told.status.name(), told.status_version), ("open", 1), "{first}");
        }
        room_of(&send(&server, last, last, ended("inv_77")).await);
        for client in &mut clients {
            let told = card(client).await;
            let status = if last == "meetup.cancelled" { "cancelled" } else { "closed" };
            assert_eq!((told.status.name(), told.status_version), (status, 2), "{last}");
        }
    }
    // Who takes part in a booking changes: those who are out are told, as those who stay.
    let booking = room_of(&send(&server, "b", "booking.opened", opened("inv_78")).await);
    for client in &mut clients {
        added(client, booking).await;
        card(client).await;
    }
    let fewer = json!({"id": "inv_78", "version": 2, "participants": people[..3]});
    assert_eq!(room_of(&send(&server, "c", "booking.participants", fewer).await), booking);
    for (client, name) in clients.iter_mut().zip(names) {
        if ["luca", "aiko"].contains(&name) {
            removed(client, booking).await;
        } else {
            let opened = client.open(booking).await.unwrap();
            assert_eq!(opened.room.members, 3, "{name}");
        }
    }
    let cafe = json!({"id": "nero", "version": 1, "title": "Caffè Nero"});
    let room = room_of(&send(&server, "cafe", "cafe.opened", cafe).await);
    for client in &mut clients {
        let opened = client.open(room).await.unwrap();
        assert_eq!(opened.room.name.as_deref(), Some("Caffè Nero"));
    }
    room_of(&send(&server, "cafe-2", "cafe.closed", ended("nero")).await);
    for client in &mut clients {
        while card(client).await.status.name() != "closed" {}
    }
}

#[tokio::test]
async fn events_that_make_no_sense_are_refused() {
    let server = setup().start().await;
    let many: Vec<String> = (0..10_000).map(|n| format!("u{n}")).collect();
    let mut data = meetup(1, "Coffee");
    data["participants"] = json!(many);
    let (status, problem) = send(&server, "a", "invitation.accepted", data).await;
    assert_eq!((status, &problem["code"]), (400, &json!("data_invalid")), "{problem}");
    let mut data = meetup(1, "Coffee");
    data["place"]["coordinates"]["latitude"] = json!(91);
    let (status, problem) = send(&server, "a", "invitation.accepted", data).await;
    assert_eq!((status, &problem["code"]), (400, &json!("data_invalid")), "{problem}");
    let mut data = meetup(1, "Coffee");
    data["participants"] = json!([]);
    let (status, problem) = send(&server, "a", "invitation.accepted", data).await;
    assert_eq!((status, &problem["code"]), (422, &json!("invalid")), "{problem}");
    let mut early = Sending::new("b", "meetup.cancelled", &json!({"id": "x", "version": 1}));
    // It happened long ago.
    early.body = early.body.replace("2026-11-26", "2020-11-26");
    let (status, problem) = early.send(&server).await;
    assert_eq!((status, &problem["code"]), (404, &json!("not_found")), "{problem}");
    room_of(&send(&server, "a", "invitation.accepted", meetup(1, "Coffee")).await);
    let (status, problem) = send(&server, "c", "meetup.updated", meetup(1, "Tea")).await;
    assert_eq!((status, &problem["code"]), (409, &json!("conflict")), "{problem}");
    // A room of another class has this context already.
    let api = Api::of(&server).await;
    let map = api.service(&server, "map", "rooms").await;
    let evidence = json!({"class": "evidence", "members": ["giulia"]});
    map.put("/api/chat/contexts/meetup/inv_9", evidence).await.ok();
    let mut data = meetup(1, "Coffee");
    data["id"] = json!("inv_9");
    let (status, problem) = send(&server, "d", "invitation.accepted", data).await;
    assert_eq!((status, &problem["code"]), (409, &json!("room_class")), "{problem}");
    // Whoever takes part and never signed in is a member, and finds the room when they come.
    let mut data = meetup(1, "Coffee");
    (data["id"], data["participants"]) = (json!("inv_10"), json!(["giulia", "nobody-yet"]));
    let room = room_of(&send(&server, "e", "invitation.accepted", data).await);
    let mut late = Person::enter(&server, "nobody-yet", Over::WebSocket).await;
    assert_eq!(late.open(room).await.unwrap().room.members, 2);
    super::bad::logged(
        &server,
        &["data_invalid", "invalid", "not_found", "conflict", "room_class"],
    )
    .await;
}
