//! Reporting messages: who may, what moderators read, and what endpoints are told.

use std::time::Duration;

use caffis_conformance::faulty::Plan;
use caffis_core::{Core, Inquirer, model::caller::Rights, outgoing::Endpoint};
use caffis_schema::{
    Command, Error, ErrorCode, Position, Reply, RoomId, Text,
    command::{Delete, Report, ReportReason},
    reports::ReportedMessage,
};
use serde_json::json;

use crate::{
    client::Client,
    harness::{World, code, user},
    outgoing::{SOON, dead, pass},
    receiver::{Mood, Receiver},
};

const REPORTS: &[&str] = &["message.reported"];

fn moderator() -> Inquirer {
    let rights = Rights { read_reports: true, ..Rights::default() };
    Inquirer { user: user("service:moderation"), service: Some(rights) }
}

async fn report(
    client: &mut Client,
    (room, position): (RoomId, Position),
    words: &str,
) -> Result<Reply, Error> {
    let (reason, text) = (ReportReason::Harassment, Text::cut(words));
    client.ask(Command::Report(Report { room, position, reason, text })).await
}

async fn listed(core: &Core) -> Vec<ReportedMessage> {
    core.reports(&moderator(), None, 100).await.expect("listed").reports.to_vec()
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_reported_twice_at_once_is_listed_once() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    let mut tablet = world.connect("marco").await;
    for count in 1..=10 {
        let at = (room, giulia.send(room, "something rude").await.expect("sent").position);
        let delay = Duration::from_millis(20);
        world.faults.set_plan(Plan { delay, ..Plan::default() });
        let time_passes = async {
            for _ in 0..200 {
                tokio::time::sleep(Duration::from_millis(1)).await;
                world.clock.advance(Duration::from_millis(1));
            }
        };
        let (marco, tablet) = (&mut marco, &mut tablet);
        let reports = async { tokio::join!(report(marco, at, ""), report(tablet, at, "")) };
        let ((first, second), ()) = tokio::join!(reports, time_passes);
        first.and(second).expect("reported");
        world.faults.set_plan(Plan::default());
        assert_eq!(listed(&world.nodes()[0]).await.len(), count);
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_is_reported_once_by_each_person_and_the_room_hears_nothing() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, mut sara] = world.people(["giulia", "marco", "sara"]).await;
    let room = giulia.group(&["marco", "sara"]).await;
    let at = (room, giulia.send(room, "something rude").await.expect("sent").position);
    for client in [&mut giulia, &mut marco, &mut sara] {
        client.settle().await;
    }
    for _ in 0..2 {
        report(&mut marco, at, "He does it all the time.\r\nAgain!").await.expect("reported");
        world.clock.advance(Duration::from_secs(1));
    }
    report(&mut sara, at, "").await.expect("reported");
    for client in [&mut giulia, &mut marco, &mut sara] {
        assert_eq!(client.settle().await, [], "nobody hears of it");
    }
    for node in world.nodes() {
        let reports = listed(node).await;
        assert_eq!(reports.len(), 2, "{reports:?}");
        let first = &reports[0];
        assert_eq!((first.room, first.position, &first.reporter), (at.0, at.1, &user("marco")));
        assert_eq!(
            (&first.sender, first.reason),
            (&Some(user("giulia")), ReportReason::Harassment)
        );
        assert_eq!(&*first.text, "He does it all the time.\nAgain!");
        assert_eq!(reports[1].reporter, user("sara"));
        let page = node.reports(&moderator(), None, 1).await.expect("listed");
        assert_eq!(page.reports.to_vec(), reports[..1]);
        let after = page.next.expect("more");
        let page = node.reports(&moderator(), Some(&after), 1).await.expect("listed");
        assert_eq!((page.reports.to_vec(), page.next), (reports[1..].to_vec(), None));
    }
}

#[tokio::test(start_paused = true)]
async fn only_what_others_write_and_one_sees_can_be_reported() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, mut luca] = world.people(["giulia", "marco", "luca"]).await;
    let room = giulia.group(&["marco"]).await;
    let at = (room, giulia.send(room, "ciao").await.expect("sent").position);
    assert_eq!(code(report(&mut giulia, at, "").await), ErrorCode::Forbidden);
    assert_eq!(code(report(&mut luca, at, "").await), ErrorCode::NotFound);
    let beyond = (room, at.1 + 7);
    assert_eq!(code(report(&mut marco, beyond, "").await), ErrorCode::OutOfRange);
    let no_message = (room, Position(1));
    assert_eq!(code(report(&mut marco, no_message, "").await), ErrorCode::NotFound);
    let controls = report(&mut marco, at, "a\u{7}b").await;
    assert_eq!(code(controls), ErrorCode::TextNotAllowed);
    let mut service = world.service().await;
    assert!(report(&mut service, at, "").await.is_err());
    assert!(listed(&world.core).await.is_empty());
    // Who may read reports.
    for (name, service) in [("giulia", None), ("service:rest", Some(Rights::USUAL))] {
        let by = Inquirer { user: user(name), service };
        assert_eq!(code(world.core.reports(&by, None, 50).await), ErrorCode::Forbidden);
    }
    for after in ["", "x", "1.2.3.4", "-1.0000000000000007.1.anna"] {
        let page = world.core.reports(&moderator(), Some(after), 50).await;
        assert_eq!(code(page), ErrorCode::Invalid, "{after}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_person_reports_only_so_much_a_day() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    let mut last = Position(0);
    for number in 0..101 {
        last = giulia.send(room, &format!("{number}")).await.expect("sent").position;
    }
    for position in 2..last.get() {
        report(&mut marco, (room, Position(position)), "").await.expect("reported");
    }
    assert_eq!(code(report(&mut marco, (room, last), "").await), ErrorCode::LimitReached);
    report(&mut marco, (room, Position(2)), "").await.expect("it was reported already");
    world.clock.advance(Duration::from_secs(86_400));
    report(&mut marco, (room, last), "").await.expect("another day");
}

#[tokio::test(start_paused = true)]
async fn endpoints_are_told_of_reports_and_not_of_deleted_words() {
    let receiver = Receiver::default();
    let mut endpoints = receiver.endpoints(&[("moderation", REPORTS), ("push", &["chat.*"])]);
    endpoints.list.push(Endpoint { name: "cafes".into(), ..endpoints.list[0].clone() });
    endpoints.list[2].contexts = vec!["cafe".to_owned()];
    let mut world = World::telling(endpoints).await;
    pass(&world, SOON).await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    let first = giulia.send(room, "something rude").await.expect("sent").position;
    report(&mut marco, (room, first), "Please look").await.expect("reported");
    pass(&world, SOON).await;
    let told = receiver.taken("moderation");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(receiver.taken("push").iter().all(|seen| seen.body["type"] != "message.reported"));
    assert!(receiver.taken("cafes").is_empty());
    let data = &told[0].body["data"];
    assert_eq!(told[0].body["type"], "message.reported");
    let expected = json!({
        "room": data["room"], "message": first, "number": 1, "sender": "giulia",
        "reporter": "marco", "reason": "harassment", "text": "Please look", "body": "text",
        "preview": "something rude",
    });
    assert_eq!(*data, expected);
    // What fails is told later, also by the next owner, and says nothing that was deleted meanwhile.
    receiver.set("moderation", Mood::Says(500, None));
    let second = giulia.send(room, "something worse").await.expect("sent").position;
    report(&mut marco, (room, second), "").await.expect("reported");
    pass(&world, SOON).await;
    let delete = Delete { key: giulia.key(), room, position: second };
    giulia.ask(Command::Delete(delete)).await.expect("deleted");
    world.restart_in_order().await;
    receiver.set("moderation", None);
    pass(&world, Duration::from_secs(20)).await;
    let told = receiver.taken("moderation");
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(
        (&told[1].body["data"]["body"], &told[1].body["data"]["preview"]),
        (&json!("deleted"), &json!(""))
    );
    let tried: Vec<_> = receiver.attempts("moderation").into_iter().map(|seen| seen.id).collect();
    assert!(tried.iter().filter(|id| **id == told[1].id).count() > 1, "the same id: {tried:?}");
}

#[tokio::test(start_paused = true)]
async fn a_report_that_is_refused_is_a_dead_letter_and_can_be_sent_again() {
    let receiver = Receiver::default();
    let world = World::telling(receiver.endpoints(&[("moderation", REPORTS)])).await;
    pass(&world, SOON).await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    let at = (room, giulia.send(room, "something rude").await.expect("sent").position);
    receiver.set("moderation", Mood::Says(422, None));
    report(&mut marco, at, "").await.expect("reported");
    pass(&world, SOON).await;
    let letters = dead(&world, "moderation").await;
    assert_eq!(letters.len(), 1);
    receiver.set("moderation", None);
    let rights = Rights { manage_webhooks: true, ..Rights::default() };
    let by = Inquirer { user: user("service:ops"), service: Some(rights) };
    for node in world.nodes() {
        let body = node.dead_letter(&by, &letters[0].id).await.expect("inspected").body;
        assert!(body.expect("a body").contains("something rude"));
    }
    let done = world.core.redrive(&by, &Default::default()).await.expect("sent");
    assert_eq!((done.delivered, done.left), (1, 0));
    let told = receiver.taken("moderation");
    assert_eq!((told.len(), told[0].id.as_str()), (1, &*letters[0].id));
}
