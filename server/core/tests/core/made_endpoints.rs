//! Endpoints that services make by API: from when they are told what, on every node, and what may be changed.

use std::{ops::Range, time::Duration};

use caffis_core::{
    Inquirer,
    model::{caller::Rights, webhooks::DeadLetterFilter},
    outgoing::READ_AGAIN,
    tables::{self, MadeEndpointRow},
};
use caffis_schema::{
    Command, ErrorCode, List, RoomId, Text,
    command::{Report, ReportReason},
    endpoints::{ENDPOINTS, EndpointChange, EndpointState},
};

use crate::{
    harness::{World, code, user},
    outgoing::{MESSAGES, SOON, check, dead, pass, rooms, write},
    receiver::{Mood, Receiver},
};

/// Longer than until every node has read what was changed.
const EVERYWHERE: Duration = Duration::from_secs(2 * READ_AGAIN.as_secs());

/// Longer than the walk of the reactors.
const WALKED: Duration = Duration::from_secs(240);

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn manager() -> Inquirer {
    let rights = Rights { manage_webhooks: true, ..Rights::default() };
    Inquirer { user: user("service:ops"), service: Some(rights) }
}

fn to(url: &str, kinds: &[&str], contexts: &[&str]) -> EndpointChange {
    EndpointChange {
        url: Text::cut(url),
        kinds: List::cut(kinds.iter().map(|kind| Text::cut(kind)).collect()),
        contexts: List::cut(contexts.iter().map(|kind| Text::cut(kind)).collect()),
    }
}

fn push(kinds: &[&str]) -> EndpointChange {
    to("https://push.example.org/chat", kinds, &[])
}

async fn create(world: &World, name: &str, change: &EndpointChange) {
    let made = world.core.create_endpoint(&manager(), name, change, SECRET).await;
    assert!(!made.expect("made").configured);
}

/// What each node says of an endpoint.
async fn states(world: &World, name: &str) -> Vec<EndpointState> {
    let mut found = Vec::new();
    for node in world.nodes() {
        found.push(node.endpoint_state(&manager(), name).await.expect("known"));
    }
    found
}

fn told(receiver: &Receiver, rooms: &[RoomId], numbers: Range<usize>) {
    check(receiver, "push", rooms, numbers);
    assert_eq!(receiver.doubles("push"), 0);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_is_told_what_happens_from_its_making_on_also_by_nodes_that_hear_of_it_late() {
    let receiver = Receiver::default();
    let (world, rooms) = rooms(&receiver, &[], 20).await;
    write(&world, &rooms, 0..1).await;
    pass(&world, SOON).await;
    create(&world, "push", &push(MESSAGES)).await;
    // Other nodes do not know it yet.
    write(&world, &rooms, 1..2).await;
    pass(&world, WALKED).await;
    told(&receiver, &rooms, 1..2);
    write(&world, &rooms, 2..4).await;
    pass(&world, SOON).await;
    told(&receiver, &rooms, 1..4);
    for state in states(&world, "push").await {
        assert_eq!(state.delivered, 3 * rooms.len() as u64);
        let settings = state.settings.expect("settings");
        assert_eq!(settings.url.as_str(), "https://push.example.org/chat");
        assert!(settings.created.is_some() && !settings.configured);
    }
}

#[tokio::test(start_paused = true)]
async fn endpoints_that_were_made_are_there_after_a_restart_and_are_told_what_they_missed() {
    let receiver = Receiver::default();
    let (mut world, rooms) = rooms(&receiver, &[], 6).await;
    create(&world, "push", &push(MESSAGES)).await;
    pass(&world, EVERYWHERE).await;
    receiver.set("push", Mood::Gone);
    write(&world, &rooms, 0..1).await;
    pass(&world, SOON).await;
    world.restart().await;
    receiver.set("push", None);
    pass(&world, WALKED).await;
    told(&receiver, &rooms, 0..1);
}

#[tokio::test(start_paused = true)]
async fn a_change_of_what_it_is_told_reaches_every_node() {
    let receiver = Receiver::default();
    let (world, rooms) = rooms(&receiver, &[], 6).await;
    create(&world, "push", &push(&["member.*"])).await;
    pass(&world, EVERYWHERE).await;
    write(&world, &rooms, 0..1).await;
    pass(&world, SOON).await;
    assert_eq!(receiver.attempts("push").len(), 0);
    let elsewhere = to("https://other.example.org/", MESSAGES, &[]);
    let changed = world.core.change_endpoint(&manager(), "push", &elsewhere).await.expect("done");
    assert!(changed.changed > changed.created);
    pass(&world, EVERYWHERE).await;
    write(&world, &rooms, 1..2).await;
    pass(&world, SOON).await;
    told(&receiver, &rooms, 1..2);
    assert_eq!(&*receiver.target("push").expect("reached").url, "https://other.example.org/");
    // Only of rooms about cafes: of none of these.
    let cafes = to("https://other.example.org/", MESSAGES, &["cafe"]);
    world.core.change_endpoint(&manager(), "push", &cafes).await.expect("done");
    pass(&world, EVERYWHERE).await;
    write(&world, &rooms, 2..3).await;
    pass(&world, SOON).await;
    told(&receiver, &rooms, 1..2);
}

#[tokio::test(start_paused = true)]
async fn reports_and_presence_reach_an_endpoint_that_asks_for_them_later() {
    let receiver = Receiver::default();
    let (world, rooms) = rooms(&receiver, &[], 1).await;
    create(&world, "push", &push(&["room.created"])).await;
    pass(&world, EVERYWHERE).await;
    let wider = push(&["message.reported", "user.presence"]);
    world.core.change_endpoint(&manager(), "push", &wider).await.expect("done");
    pass(&world, EVERYWHERE).await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let position = giulia.send(rooms[0], "rude").await.expect("sent").position;
    let (reason, text) = (ReportReason::Spam, Text::default());
    let report = Report { room: rooms[0], position, reason, text };
    marco.ask(Command::Report(report)).await.expect("reported");
    pass(&world, Duration::from_secs(5)).await;
    let taken = receiver.taken("push");
    let of_kind = |kind: &str| taken.iter().filter(|seen| seen.body["type"] == kind).count();
    assert_eq!(of_kind("message.reported"), 1, "{taken:?}");
    assert!(of_kind("user.presence") >= 2, "{taken:?}");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_endpoint_is_told_nothing_and_its_name_begins_anew() {
    let receiver = Receiver::default();
    let (world, rooms) = rooms(&receiver, &[], 6).await;
    create(&world, "push", &push(MESSAGES)).await;
    pass(&world, EVERYWHERE).await;
    receiver.set("push", Mood::Says(422, None));
    write(&world, &rooms, 0..1).await;
    pass(&world, SOON).await;
    assert_eq!(dead(&world, "push").await.len(), rooms.len());
    receiver.set("push", Mood::Says(500, None));
    write(&world, &rooms, 1..2).await;
    pass(&world, SOON).await;
    let by = manager();
    world.core.delete_endpoint(&by, "push").await.expect("deleted");
    pass(&world, EVERYWHERE).await;
    receiver.set("push", None);
    for node in world.nodes() {
        assert_eq!(code(node.endpoint_state(&by, "push").await), ErrorCode::NotFound);
        let letters = node.dead_letters(&by, None, None, 50).await.expect("listed");
        assert_eq!(letters.letters.len(), 0);
        assert_eq!(code(node.delete_endpoint(&by, "push").await), ErrorCode::NotFound);
    }
    let key = MadeEndpointRow::key(&MadeEndpointRow::LIST, &"push".into());
    let row = tables::get::<MadeEndpointRow>(world.raw_store(), key).await.expect("read");
    let row = row.expect("the name is kept");
    assert_eq!((&*row.url, &*row.secret, row.former), ("", "", None), "secrets do not stay");
    let before = receiver.attempts("push").len();
    // More than a page, of which nothing counts.
    write(&world, &rooms[..1], 2..150).await;
    pass(&world, WALKED).await;
    assert_eq!(receiver.attempts("push").len(), before);
    create(&world, "push", &push(MESSAGES)).await;
    pass(&world, EVERYWHERE).await;
    write(&world, &rooms, 150..151).await;
    pass(&world, WALKED).await;
    told(&receiver, &rooms, 150..151);
    for node in world.nodes() {
        let letters = node.dead_letters(&by, Some("push"), None, 50).await.expect("listed");
        assert_eq!(letters.letters.len(), 0, "those of before are not its own");
        let done = node.redrive(&by, &DeadLetterFilter::default()).await.expect("tried");
        assert_eq!((done.delivered, done.left), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_secret_signs_beside_the_one_before_for_a_time() {
    let receiver = Receiver::default();
    let (world, _) = rooms(&receiver, &[], 1).await;
    create(&world, "push", &push(MESSAGES)).await;
    let secrets = || {
        let target = receiver.target("push").expect("reached");
        target.secrets.iter().map(|secret| secret.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(secrets(), [SECRET]);
    let (by, grace) = (manager(), Duration::from_secs(60));
    let settings = world.core.rotate_endpoint(&by, "push", "whsec_new", grace).await;
    assert!(settings.expect("rotated").former_until.is_some());
    assert_eq!(secrets(), ["whsec_new", SECRET]);
    pass(&world, grace + EVERYWHERE).await;
    assert_eq!(secrets(), ["whsec_new"]);
    // One that has leaked signs nothing more.
    let settings = world.core.rotate_endpoint(&by, "push", "whsec_newer", Duration::ZERO).await;
    assert_eq!(settings.expect("rotated").former_until, None);
    assert_eq!(secrets(), ["whsec_newer"]);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_is_refused_and_changes_nothing() {
    let receiver = Receiver::default();
    let (world, _) = rooms(&receiver, &[("fixed", MESSAGES)], 1).await;
    let (core, by, good) = (&world.core, manager(), push(MESSAGES));
    let refused = async |name: &str, change: &EndpointChange| {
        code(core.create_endpoint(&by, name, change, SECRET).await)
    };
    for name in ["", "Push", "a b", &"a".repeat(33)] {
        assert_eq!(refused(name, &good).await, ErrorCode::Invalid, "{name}");
    }
    for bad in [push(&[]), push(&["chat*"]), push(&["user.upserted"])] {
        assert_eq!(refused("push", &bad).await, ErrorCode::Invalid, "{bad:?}");
    }
    let spaces = to("https://push.example.org/", MESSAGES, &["a b"]);
    assert_eq!(refused("push", &spaces).await, ErrorCode::Invalid);
    let inside = to("http://10.0.0.7/", MESSAGES, &[]);
    assert_eq!(refused("push", &inside).await, ErrorCode::Invalid);
    assert_eq!(refused("fixed", &good).await, ErrorCode::Forbidden);
    assert_eq!(code(core.change_endpoint(&by, "fixed", &good).await), ErrorCode::Forbidden);
    assert_eq!(code(core.delete_endpoint(&by, "fixed").await), ErrorCode::Forbidden);
    let rotated = core.rotate_endpoint(&by, "fixed", SECRET, Duration::ZERO).await;
    assert_eq!(code(rotated), ErrorCode::Forbidden);
    assert!(states(&world, "fixed").await[0].settings.as_ref().expect("shown").configured);
    assert_eq!(code(core.change_endpoint(&by, "push", &good).await), ErrorCode::NotFound);
    create(&world, "push", &good).await;
    assert_eq!(refused("push", &good).await, ErrorCode::Conflict);
    assert_eq!(code(core.change_endpoint(&by, "push", &inside).await), ErrorCode::Invalid);
    for number in 2..ENDPOINTS {
        create(&world, &format!("more-{number}"), &good).await;
    }
    assert_eq!(refused("too-many", &good).await, ErrorCode::LimitReached);
    let all = core.endpoint_states(&by).await.expect("told");
    assert_eq!(all.endpoints.len(), ENDPOINTS);
    core.delete_endpoint(&by, "more-7").await.expect("deleted");
    create(&world, "too-many", &good).await;
    for (name, service) in [("giulia", None), ("service:rest", Some(Rights::USUAL))] {
        let by = Inquirer { user: user(name), service };
        let made = core.create_endpoint(&by, "mine", &good, SECRET).await;
        assert_eq!(code(made), ErrorCode::Forbidden);
        assert_eq!(code(core.change_endpoint(&by, "push", &good).await), ErrorCode::Forbidden);
        assert_eq!(code(core.delete_endpoint(&by, "push").await), ErrorCode::Forbidden);
        let rotated = core.rotate_endpoint(&by, "push", SECRET, Duration::ZERO).await;
        assert_eq!(code(rotated), ErrorCode::Forbidden);
    }
}
