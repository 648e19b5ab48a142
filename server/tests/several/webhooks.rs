//! Webhooks and reports over several nodes: whatever node a service asks, it looks after those of all.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};

use crate::{
    common::{Over, PATIENCE, Server, http, soon, token_of, with_json},
    nodes::{Ground, friend, shared},
    receiver::{Receiver, SECRET},
    rest::{answer, get, keys},
};

/// Until a change of an endpoint holds on every node, and a moment.
const BOUND: Duration = Duration::from_secs(6);

const ROOMS: u128 = 16;

const PUSH: &str = "/api/chat/webhooks/endpoints/push";

async fn post(server: &Server, path: &str, body: &Value, key: &str) -> (u16, Value) {
    answer(with_json(http().post(server.url(path)), body), key).await
}

/// Says something as a person, over REST; gives its position.
async fn say(server: &Server, room: &str, number: u128) -> u64 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let once = format!("{:032x}", (time << 80) | (7 << 76) | (2 << 62) | number);
    let body = json!({"body": {"text": {"text": "Are you there?"}}});
    let path = server.url(&format!("/api/chat/rooms/{room}/messages"));
    let request = with_json(http().post(path).header("idempotency-key", once), &body);
    let (status, said) = answer(request, &token_of("giulia")).await;
    assert_eq!(status, 200, "{said}");
    said["position"].as_u64().unwrap()
}

/// Asks until the answer is as it should be.
async fn until(server: &Server, path: &str, key: &str, is_right: impl Fn(&(u16, Value)) -> bool) {
    let end = Instant::now() + PATIENCE;
    loop {
        let answered = get(server, path, key).await;
        if is_right(&answered) {
            return;
        }
        assert!(Instant::now() < end, "{path}: {answered:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a real server"]
async fn endpoints_dead_letters_and_reports_are_those_of_all_nodes() {
    let receiver = Receiver::start("127.0.0.1").await;
    let ground = Ground::start().await;
    let node = |name| ground.node(name).flags(&["--hook-out-networks", "127.0.0.1"]);
    let one = node("one").start().await;
    let two = node("two").start().await;
    shared(&one).await;
    let key = keys(&one, &["create", "--name", "ops", "--scope", "webhooks,reports"]).await;
    let giulia = friend(&[&one], "giulia", Over::WebSocket).await;
    let marco = friend(&[&two], "marco", Over::WebSocket).await;
    // Made on one node, it is there on the other within the bound.
    let endpoint =
        json!({"url": receiver.url("/"), "kinds": ["chat.message.created"], "secret": SECRET});
    let (status, made) = post(&one, PUSH, &endpoint, &key).await;
    assert_eq!(status, 200, "{made}");
    let made = Instant::now();
    until(&two, PUSH, &key, |answer| answer.0 == 200).await;
    assert!(made.elapsed() < BOUND, "{:?}", made.elapsed());
    // What is refused in rooms of both nodes are dead letters of all.
    receiver.answer(422);
    let (mut ids, mut messages) = (BTreeSet::new(), Vec::new());
    for number in 0..ROOMS {
        let room = giulia.group(&[&marco]).await.to_string();
        let position = say([&one, &two][number as usize % 2], &room, number).await;
        ids.insert(format!("evt_{room}_{position}_push"));
        messages.push((room, position));
    }
    let letters = "/api/chat/webhooks/dead-letters?limit=100";
    for node in [&one, &two] {
        until(node, letters, &key, |(_, page)| {
            page["letters"].as_array().is_some_and(|found| found.len() == ids.len())
        })
        .await;
    }
    // Each is sent again from either node, by the node that owns its room.
    receiver.answer(204);
    for (number, id) in ids.iter().take(8).enumerate() {
        let path = format!("/api/chat/webhooks/dead-letters/{id}/redrive");
        let request = http().post([&one, &two][number % 2].url(&path));
        let (status, done) = answer(request, &key).await;
        assert_eq!((status, &done["delivered"]), (200, &json!(1)), "{done}");
    }
    let request = http().post(two.url("/api/chat/webhooks/redrive"));
    let (_, done) = answer(request, &key).await;
    assert_eq!((&done["delivered"], &done["left"]), (&json!(ROOMS - 8), &json!(0)), "{done}");
    assert_eq!(receiver.events().len(), ids.len());
    assert_eq!(receiver.ids().into_iter().collect::<BTreeSet<_>>(), ids);
    assert_eq!(receiver.unsigned(), 0);
    let states = get(&two, "/api/chat/webhooks/endpoints", &key).await.1;
    assert_eq!(states["endpoints"][0]["dead"], json!(ROOMS), "of both nodes: {states}");
    // Reports that are written on one node are read on the other.
    for (room, position) in &messages {
        let path = format!("/api/chat/rooms/{room}/messages/{position}/report");
        let request = with_json(http().put(two.url(&path)), &json!({"reason": "spam"}));
        let (status, done) = answer(request, &token_of("marco")).await;
        assert_eq!(status, 200, "{done}");
    }
    let (_, here) = get(&one, "/api/chat/reports?limit=100", &key).await;
    let reported = here["reports"].as_array().unwrap().iter();
    let reported: BTreeSet<_> = reported.map(|r| r["room"].as_str().unwrap().to_owned()).collect();
    assert_eq!(reported, messages.iter().map(|(room, _)| room.clone()).collect());
    assert_eq!(get(&two, "/api/chat/reports?limit=100", &key).await.1, here);
    // Deleted on one node, it is told nothing by the other within the bound.
    let (status, done) = answer(http().delete(two.url(PUSH)), &key).await;
    assert_eq!(status, 200, "{done}");
    let deleted = Instant::now();
    until(&one, PUSH, &key, |answer| answer.0 == 404).await;
    assert!(deleted.elapsed() < BOUND, "{:?}", deleted.elapsed());
    let other = json!({"url": receiver.url("/"), "kinds": ["*"], "secret": SECRET});
    let path = "/api/chat/webhooks/endpoints/other";
    assert_eq!(post(&one, path, &other, &key).await.0, 200);
    until(&two, path, &key, |answer| answer.0 == 200).await;
    for (number, (room, _)) in (ROOMS..).zip(&messages) {
        say(&two, room, number).await;
    }
    let before = ids.len();
    soon("the other endpoint", receiver.until(|events| events.len() == before + 16)).await;
    let later = receiver.ids().split_off(before + ids.len());
    assert!(later.iter().all(|id| id.ends_with("_other")), "{later:?}");
}
