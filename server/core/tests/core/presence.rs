//! Typing and presence.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use caffis_conformance::faulty::{Fault, Plan};
use caffis_core::tables::{MemberRow, UserRoomRow};
use caffis_schema::{
    ClientFrame, ClientSignal, Command, ErrorCode, Event, Outcome, ServerSignal, Text,
    command::{SetPreferences, SetPresence, Typing},
    room::{Availability, OwnState, Presence, RoomClass},
};

use crate::{
    NODES,
    client::Client,
    harness::{World, code, user},
};

fn set(availability: Availability, status: Option<&str>) -> Command {
    Command::SetPresence(SetPresence { availability, status: status.map(Text::cut) })
}

/// The presence edges that a session hears as events.
async fn edges(client: &mut Client) -> Vec<Presence> {
    let told = client.settle().await.into_iter().filter_map(|event| match event {
        Event::Presence(presence) => Some(presence),
        _ => None,
    });
    told.collect()
}

fn short(edges: &[Presence]) -> Vec<Availability> {
    edges.iter().map(|presence| presence.availability).collect()
}

/// Signals of a session count upwards.
static COUNTER: AtomicU32 = AtomicU32::new(1);

async fn typing(client: &mut Client, room: caffis_schema::RoomId, active: bool) {
    let counter = COUNTER.fetch_add(1, Ordering::Relaxed);
    let signal = ClientSignal::Typing(Typing { room, counter, active });
    client.raw.send(&ClientFrame::Signal(signal)).await;
}

#[tokio::test(start_paused = true)]
async fn both_people_of_a_conversation_see_each_other_even_if_one_came_before_it_was_in_their_list()
{
    let mut world = World::unhurried().await;
    let [mut giulia, _marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.direct("marco").await.expect("made").room;
    tokio::time::sleep(Duration::from_secs(3)).await;
    // As if the owner had stopped between the entry and the rows that follow from it.
    let mut batch = world.batch();
    batch.delete::<MemberRow>(MemberRow::key(&room, &user("marco")));
    batch.delete::<UserRoomRow>(UserRoomRow::key(&user("marco"), &room));
    world.raw_store().write(batch).await.expect("written");
    world.restart().await;
    world.faults.set_plan(Plan { full: 1_000, ..Plan::default() });
    let mut giulia = world.connect("giulia").await;
    let mut marco = world.connect("marco").await;
    assert!(marco.welcome().rooms.is_empty(), "the row cannot be written yet");
    world.faults.set_plan(Plan::default());
    giulia.send(room, "ciao").await.expect("sent");
    tokio::time::sleep(Duration::from_secs(5)).await;
    for (client, other) in [(&mut giulia, "marco"), (&mut marco, "giulia")] {
        let told = client.settle().await.into_iter().filter_map(|event| match event {
            Event::RoomAdded(summary) => summary.peer_presence,
            Event::Presence(presence) => Some(presence),
            _ => None,
        });
        let last = told.filter(|presence| presence.user.as_str() == other).last();
        let last = last.map(|presence| presence.availability);
        assert_eq!(last, Some(Availability::Online), "of {other}");
    }
}

#[tokio::test(start_paused = true)]
async fn typing_reaches_those_who_have_the_room_open() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let room = giulia.group(&["marco", "anna"]).await;
    giulia.open(room).await.expect("opened");
    marco.open(room).await.expect("opened");
    for active in [true, false] {
        typing(&mut giulia, room, active).await;
    }
    let mut last = 0;
    for active in [true, false] {
        loop {
            if let ServerSignal::Typing(by) = marco.signal().await {
                assert_eq!((by.user.as_str(), by.active), ("giulia", active));
                assert!(by.counter > last);
                last = by.counter;
                break;
            }
        }
    }
    giulia.settle().await;
    anna.settle().await;
    for client in [&giulia, &anna] {
        assert!(!client.signals.iter().any(|signal| matches!(signal, ServerSignal::Typing(_))));
    }
    // Nobody types in a room that is not theirs.
    let public = anna.ensure("cafe", RoomClass::Public, &[]).await.expect("made").room;
    anna.open(public).await.expect("walked in");
    typing(&mut giulia, public, true).await;
    anna.settle().await;
    assert!(!anna.signals.iter().any(|signal| matches!(signal, ServerSignal::Typing(_))));
}

#[tokio::test(start_paused = true)]
async fn a_session_signals_at_a_measured_pace() {
    let world = World::new().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    marco.open(room).await.expect("opened");
    marco.settle().await;
    for index in 0..50 {
        typing(&mut giulia, room, index % 2 == 0).await;
    }
    marco.settle().await;
    // Nodes that have just started tell each other who is there a moment later.
    let heard = |client: &Client| {
        let typing = |signal: &&ServerSignal| matches!(signal, ServerSignal::Typing(_));
        client.signals.iter().filter(typing).count()
    };
    assert_eq!(heard(&marco), 10);
    // Going on is told once a second, however often it is said.
    tokio::time::sleep(Duration::from_secs(5)).await;
    for _ in 0..10 {
        typing(&mut giulia, room, true).await;
    }
    marco.settle().await;
    assert_eq!(heard(&marco), 11);
}

#[tokio::test(start_paused = true)]
async fn a_person_is_there_while_one_of_their_sessions_is() {
    let world = World::unhurried().await;
    let [mut giulia, marco] = world.people(["giulia", "marco"]).await;
    giulia.direct("marco").await.expect("made");
    giulia.settle().await;
    let mut tablet = world.connect("marco").await;
    assert_eq!(edges(&mut giulia).await, [], "there already");
    marco.leave_session().await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(edges(&mut giulia).await, [], "the other device is there");
    tablet.ask(set(Availability::Away, None)).await.expect("set");
    let away = edges(&mut giulia).await;
    assert_eq!(short(&away), [Availability::Away]);
    let mut phone = world.connect("marco").await;
    let online = edges(&mut giulia).await;
    assert_eq!(short(&online), [Availability::Online]);
    phone.ask(set(Availability::Online, Some("in Rome"))).await.expect("set");
    let words = edges(&mut giulia).await;
    assert_eq!(words[0].status.as_deref(), Some("in Rome"));
    drop((tablet, phone));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(edges(&mut giulia).await, [], "a reload does not flicker");
    tokio::time::sleep(Duration::from_secs(2)).await;
    // Two nodes of which each lost a session may tell the one that is less available first.
    let offline = edges(&mut giulia).await.split_off(NODES.min(2) - 1);
    assert_eq!(short(&offline), [Availability::Offline]);
    assert!(offline[0].last_seen.is_some());
    let versions: Vec<_> =
        [away, online, words, offline].iter().map(|edges| edges[0].version).collect();
    assert!(versions.windows(2).all(|pair| pair[0] < pair[1]), "{versions:?}");
    // What the store has is told too, as newer than all before and older than what comes.
    world.clock.advance(Duration::from_secs(1));
    let room = giulia.direct("marco").await.expect("found");
    let stored = room.peer_presence.expect("a person");
    assert_eq!(
        (stored.availability, stored.status.as_deref()),
        (Availability::Offline, Some("in Rome"))
    );
    assert!(stored.version >= versions[3]);
    let _marco = world.connect("marco").await;
    let back = edges(&mut giulia).await;
    assert!(back[0].version > stored.version);
}

#[tokio::test(start_paused = true)]
async fn a_reload_is_no_edge() {
    let world = World::unhurried().await;
    let [mut giulia, marco] = world.people(["giulia", "marco"]).await;
    giulia.direct("marco").await.expect("made");
    giulia.settle().await;
    drop(marco);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let _marco = world.connect("marco").await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(edges(&mut giulia).await, []);
}

#[tokio::test(start_paused = true)]
async fn presence_goes_to_acquaintances_only() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let room = giulia.group(&["marco"]).await;
    marco.settle().await;
    giulia.ask(set(Availability::Away, None)).await.expect("set");
    assert_eq!(edges(&mut marco).await, [], "the group is not open");
    marco.open(room).await.expect("opened");
    giulia.ask(set(Availability::Online, None)).await.expect("set");
    assert_eq!(short(&edges(&mut marco).await), [Availability::Online]);
    assert_eq!(edges(&mut anna).await, []);
    assert!(anna.signals.is_empty());
}

#[tokio::test(start_paused = true)]
async fn words_and_availability_have_rules() {
    let world = World::unhurried().await;
    let mut giulia = world.connect("giulia").await;
    assert_eq!(code(giulia.ask(set(Availability::Offline, None)).await), ErrorCode::Invalid);
    let refused = giulia.ask(set(Availability::Online, Some("a\u{202e}b"))).await;
    assert_eq!(code(refused), ErrorCode::TextNotAllowed);
    giulia.ask(set(Availability::Online, Some("busy"))).await.expect("set");
    giulia.ask(set(Availability::Online, Some(""))).await.expect("taken back");
}

#[tokio::test(start_paused = true)]
async fn devices_that_change_different_settings_at_once_lose_neither() {
    let mut world = World::unhurried().await;
    let [mut phone] = world.people(["giulia"]).await;
    let mut tablet = world.connect("giulia").await;
    let slow = Plan { delay: Duration::from_secs(1), ..Plan::default() };
    world.faults.set_plan(slow);
    let private = Command::SetPreferences(SetPreferences { private_receipts: true });
    let (one, other) =
        tokio::join!(phone.ask(private), tablet.ask(set(Availability::Online, Some("in Rome"))));
    one.expect("set");
    other.expect("set");
    world.faults.set_plan(Plan::default());
    world.restart().await;
    let [giulia, mut marco] = world.people(["giulia", "marco"]).await;
    assert!(giulia.welcome().own.private_receipts);
    let status = marco.direct("giulia").await.expect("made").peer_presence.expect("one").status;
    assert_eq!(status.as_deref(), Some("in Rome"));
}

#[tokio::test(start_paused = true)]
async fn a_setting_of_unknown_outcome_says_so_and_the_next_one_begins_with_what_is_stored() {
    for fault in [Fault::UnknownLost, Fault::UnknownWritten] {
        let world = World::unhurried().await;
        let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
        world.faults.fail_next_write(fault);
        let error = giulia.ask(set(Availability::Online, Some("in Rome"))).await;
        let error = error.expect_err("nobody knows");
        assert_eq!((error.code, error.outcome), (ErrorCode::Unavailable, Outcome::Unknown));
        let private = SetPreferences { private_receipts: true };
        giulia.ask(Command::SetPreferences(private)).await.expect("set");
        drop(giulia);
        tokio::time::sleep(Duration::from_secs(5)).await;
        let room = marco.direct("giulia").await.expect("made");
        let status = room.peer_presence.expect("one").status;
        let written = fault == Fault::UnknownWritten;
        assert_eq!(status.as_deref(), written.then_some("in Rome"), "{fault:?}");
    }
}

/// The newest of what a session heard of its own person.
async fn own(client: &mut Client) -> Option<OwnState> {
    let told = client.settle().await.into_iter().filter_map(|event| match event {
        Event::OwnState(own) => Some(own),
        _ => None,
    });
    told.last()
}

fn shown(own: &OwnState) -> (Availability, Option<&str>, bool) {
    (own.presence.availability, own.presence.status.as_deref(), own.private_receipts)
}

#[tokio::test(start_paused = true)]
async fn all_sessions_of_a_person_agree_on_what_they_set() {
    use Availability::{Away, Online};
    let world = World::unhurried().await;
    let [mut phone, mut anna] = world.people(["giulia", "anna"]).await;
    let mut tablet = world.connect("giulia").await;
    anna.direct("giulia").await.expect("made");
    anna.settle().await;
    assert_eq!(shown(&tablet.welcome().own), (Online, None, false));
    assert_eq!(own(&mut phone).await, None, "a second device changes nothing");

    phone.ask(set(Online, Some("in Rome"))).await.expect("set");
    let words = own(&mut tablet).await.expect("told");
    assert_eq!(shown(&words), (Online, Some("in Rome"), false));
    assert_eq!(own(&mut phone).await.as_ref(), Some(&words), "who changed it hears the same");

    let private = Command::SetPreferences(SetPreferences { private_receipts: true });
    tablet.ask(private.clone()).await.expect("set");
    let private_words = own(&mut phone).await.expect("told");
    assert_eq!(shown(&private_words), (Online, Some("in Rome"), true));

    // Away on one device is not yet away: the other is there.
    tablet.settle().await;
    tablet.ask(set(Away, None)).await.expect("set");
    assert_eq!((own(&mut tablet).await, own(&mut phone).await), (None, None));
    phone.ask(set(Away, None)).await.expect("set");
    let away = own(&mut tablet).await.expect("told");
    assert_eq!(shown(&away), (Away, Some("in Rome"), true));

    // Who comes later begins with the same, and is there: the others hear that.
    phone.settle().await;
    let mut laptop = world.connect("giulia").await;
    let back = own(&mut phone).await.expect("told");
    assert_eq!(laptop.welcome().own, back);
    assert_eq!(shown(&back), (Online, Some("in Rome"), true));
    assert_eq!(own(&mut laptop).await, None, "its welcome said it");
    laptop.leave_session().await;
    let left = own(&mut phone).await.expect("told");
    assert_eq!(shown(&left), (Away, Some("in Rome"), true));
    let versions = [words, private_words, away, back, left].map(|own| own.presence.version);
    assert!(versions.windows(2).all(|pair| pair[0] < pair[1]), "{versions:?}");

    // Setting what is set already is nothing to tell; and none of it was for others.
    tablet.settle().await;
    tablet.ask(private).await.expect("set");
    assert_eq!((own(&mut phone).await, own(&mut tablet).await), (None, None));
    let heard = anna.settle().await;
    assert!(heard.iter().any(|event| matches!(event, Event::Presence(_))), "{heard:?}");
    assert!(!heard.iter().any(|event| matches!(event, Event::OwnState(_))), "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn a_setting_is_told_although_nobody_waits_for_its_answer() {
    let world = World::unhurried().await;
    let [mut phone] = world.people(["giulia"]).await;
    let mut tablet = world.connect("giulia").await;
    world.faults.fail_next_write(Fault::UnknownWritten);
    let error = phone.ask(set(Availability::Online, Some("in Rome"))).await;
    assert_eq!(error.expect_err("nobody knows").outcome, Outcome::Unknown);
    phone.ask(set(Availability::Online, Some("in Rome"))).await.expect("set");
    let told = own(&mut tablet).await.expect("told");
    assert_eq!(told.presence.status.as_deref(), Some("in Rome"));

    // The device goes before the store has answered.
    world.faults.set_plan(Plan { delay: Duration::from_secs(5), ..Plan::default() });
    phone.start(Command::SetPreferences(SetPreferences { private_receipts: true })).await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    drop(phone);
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert!(own(&mut tablet).await.expect("told").private_receipts);
}
