//! Live locations: a message that moves with its sender, by signals that may be lost.

use std::time::Duration;

use caffis_schema::{
    Body, ClientFrame, ClientSignal, Command, EntryKind, Error, ErrorCode, Event, List, Position,
    RoomId, ServerSignal, Text, Timestamp,
    command::{Edit, Send},
    limits::{LIVE_LOCATION_MINUTES, LIVE_LOCATION_UPDATE_MS},
    places::{LiveLocation, LocationBody, LocationUpdate, LocationUpdateBy},
    reply::Appended,
    room::{Extra, RoomClass},
    scheduled::Schedule,
};

use crate::{
    client::Client,
    edits::{edit, message, revisions},
    harness::{START, World, code, text},
};

const HOUR_MS: u64 = 3_600_000;

/// Longer than the server waits between two updates of a person.
const PACE: Duration = Duration::from_millis(LIVE_LOCATION_UPDATE_MS as u64);

fn at(coordinates: &str) -> Body {
    let coordinates = Text::cut(coordinates);
    Body::Location(LocationBody { coordinates, accuracy: None, name: None, address: None })
}

fn live(until: u64) -> List<Extra, { caffis_schema::limits::EXTRAS }> {
    let until = Timestamp(START + until);
    List::cut(vec![Extra::LiveLocation(LiveLocation { until })])
}

async fn share(
    client: &mut Client,
    room: RoomId,
    body: Body,
    until: u64,
) -> Result<Appended, Error> {
    let (key, extras) = (client.key(), live(until));
    client.appended(Command::Send(Send { key, room, body, extras })).await
}

async fn moves(client: &mut Client, room: RoomId, message: Position, to: (u32, &str)) {
    let (counter, coordinates) = (to.0, Text::cut(to.1));
    let update = LocationUpdate { room, message, counter, coordinates, accuracy: Some(12) };
    client.raw.send(&ClientFrame::Signal(ClientSignal::Location(update))).await;
}

async fn end(
    client: &mut Client,
    room: RoomId,
    message: Position,
    coordinates: &str,
) -> Result<Appended, Error> {
    let command = Edit::words(client.key(), room, message, at(coordinates));
    client.appended(Command::Edit(command)).await
}

/// The locations that a session was told, once nothing is on its way.
async fn told(client: &mut Client) -> Vec<LocationUpdateBy> {
    client.settle().await;
    let signals = client.signals.drain(..).filter_map(|signal| match signal {
        ServerSignal::Location(by) => Some(by),
        _ => None,
    });
    signals.collect()
}

fn places(told: &[LocationUpdateBy]) -> Vec<&str> {
    told.iter().map(|by| by.coordinates.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_live_location_moves_for_those_who_have_the_room_open() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let mut telephone = world.connect("giulia").await;
    let room = giulia.group(&["marco", "anna"]).await;
    for client in [&mut giulia, &mut marco, &mut telephone] {
        client.open(room).await.expect("opened");
    }
    let shared = share(&mut giulia, room, at("45.46,9.19"), HOUR_MS).await.expect("shared");
    moves(&mut giulia, room, shared.position, (1, " 45.4700 , 9.20")).await;
    // At once again, without another place, nowhere, and older than what came: none of it is told.
    moves(&mut giulia, room, shared.position, (2, "45.48,9.21")).await;
    tokio::time::sleep(PACE).await;
    moves(&mut giulia, room, shared.position, (3, "91,0")).await;
    moves(&mut giulia, room, shared.position, (2, "45.49,9.22")).await;
    moves(&mut giulia, room, shared.position, (4, "45.5,9.23")).await;
    let heard = told(&mut marco).await;
    assert_eq!(places(&heard), ["45.47,9.2", "45.5,9.23"]);
    let first = &heard[0];
    assert_eq!((first.room, first.message, first.accuracy), (room, shared.position, Some(12)));
    assert_eq!(first.user.as_str(), "giulia");
    assert!(first.counter < heard[1].counter);
    // Her other device shows it, too. Anna does not have the room open.
    assert_eq!(told(&mut telephone).await, heard);
    assert_eq!(told(&mut anna).await, []);
    // Nobody tells it in a room that is not theirs.
    let [mut luca] = world.people(["luca"]).await;
    moves(&mut luca, room, shared.position, (1, "1,1")).await;
    assert_eq!(told(&mut marco).await, []);
}

#[tokio::test(start_paused = true)]
async fn a_live_location_ends_once_where_its_sender_says() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    marco.open(room).await.expect("opened");
    let shared = share(&mut giulia, room, at("45.46,9.19"), HOUR_MS).await.expect("shared");
    // Long after the time in which words are edited.
    world.clock.advance(Duration::from_secs(1_800));
    let sent = message(&mut marco, room, shared.position.get()).await;
    assert_eq!(sent.live_until(), Some(Timestamp(START + HOUR_MS)));
    assert_eq!(code(end(&mut marco, room, shared.position, "1,1").await), ErrorCode::Forbidden);
    let words = edit(&mut giulia, room, shared.position.get(), "words").await;
    assert_eq!(code(words), ErrorCode::TooLate, "it is a location");
    assert_eq!(code(end(&mut giulia, room, shared.position, "91,1").await), ErrorCode::Invalid);
    // Also where it began.
    end(&mut giulia, room, shared.position, "45.46,9.19").await.expect("ended");
    let ended = marco.settle().await.into_iter().find_map(|event| match event {
        Event::Entry(entry) => match entry.entry.kind {
            EntryKind::Edited(edited) => Some(edited),
            _ => None,
        },
        _ => None,
    });
    assert_eq!(ended.expect("told").body, Some(at("45.46,9.19")));
    let ended = message(&mut marco, room, shared.position.get()).await;
    assert_eq!((ended.live_until(), ended.revision()), (None, 1));
    let again = end(&mut giulia, room, shared.position, "45.5,9.2").await;
    assert_eq!(code(again), ErrorCode::TooLate, "it has ended");
    let page = revisions(&mut giulia, room, shared.position.get()).await.expect("revisions");
    assert_eq!(page.revisions.len(), 1);
    // One that ended by itself stays as it is.
    let shared = share(&mut giulia, room, at("45.46,9.19"), 2 * HOUR_MS).await.expect("shared");
    world.clock.advance(Duration::from_secs(2 * 3_600));
    let late = end(&mut giulia, room, shared.position, "45.5,9.2").await;
    assert_eq!(code(late), ErrorCode::TooLate);
    // A location that is not live is never edited.
    let plain = Send::new(giulia.key(), room, at("1,1"));
    let plain = giulia.appended(Command::Send(plain)).await.expect("sent");
    assert_eq!(code(end(&mut giulia, room, plain.position, "2,2").await), ErrorCode::Invalid);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_a_live_location_is_refused() {
    let world = World::unhurried().await;
    let [mut giulia, marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    drop(marco);
    let longest = LIVE_LOCATION_MINUTES as u64 * 60_000;
    for (body, until) in [
        (at("1,1"), 0),
        (at("1,1"), longest + HOUR_MS),
        (text("here"), HOUR_MS),
        (at("x"), HOUR_MS),
    ] {
        assert_eq!(
            code(share(&mut giulia, room, body, until).await),
            ErrorCode::Invalid,
            "{until}"
        );
    }
    let (key, due) = (giulia.key(), Timestamp(START + HOUR_MS));
    let (body, extras) = (at("1,1"), live(2 * HOUR_MS));
    let later = Command::Schedule(Schedule { key, room, body, extras, due });
    assert_eq!(code(giulia.ask(later).await), ErrorCode::Invalid, "begins when it is sent");
    let mut service = world.service().await;
    let meetup = service.ensure("meetup", RoomClass::Social, &["giulia"]).await.expect("made").room;
    let refused = share(&mut service, meetup, at("1,1"), HOUR_MS).await;
    assert_eq!(code(refused), ErrorCode::Forbidden);
    share(&mut giulia, meetup, at("1,1"), HOUR_MS).await.expect("of a person");
    for class in [RoomClass::Public, RoomClass::Evidence] {
        let name = format!("{class:?}").to_lowercase();
        let room = service.ensure(&name, class, &["giulia"]).await.expect("made").room;
        giulia.open(room).await.expect("opened");
        let refused = share(&mut giulia, room, at("1,1"), HOUR_MS).await;
        assert_eq!(code(refused), ErrorCode::RoomClass, "{name}");
    }
    share(&mut giulia, room, at("1,1"), longest - HOUR_MS).await.expect("as long as can be");
}
