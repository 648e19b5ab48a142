//! Webhooks to other services, from the real binary to a real receiver.

mod made;
mod receiver;

use std::time::{Duration, Instant};

use boon::{Compiler, Schemas};
use caffis_schema::outgoing::{ChatEvent, EVENTS_VERSION};
use reqwest::Method;
use serde_json::{Value, json};

use self::receiver::{Receiver, SECRET};
use crate::{
    api::Api,
    common::{Over, Person, Scrape, Setup, run, soon},
};

const DOCUMENT: &str = include_str!("../../../../docs/integration.md");

/// A server that tells an endpoint everything.
fn setup(url: &str) -> Setup {
    Setup::dev()
        .variable("CAFFIS_HOOK_OUT_SECRETS", &format!("push:{SECRET}"))
        .flags(&["--hook-out-urls", &format!("push:{url}")])
        .flags(&["--hook-out-kinds", "push:*,push:user.presence"])
        .flags(&["--hook-out-networks", "127.0.0.0/8"])
}

/// Whether the published schema of its kind takes a body.
fn fits_its_schema(body: &Value) -> bool {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../schema/events");
    let kind = body["type"].as_str().unwrap();
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.enable_format_assertions();
    let path = format!("{folder}/v{EVENTS_VERSION}/{kind}.json");
    let schema = compiler.compile(&path, &mut schemas).unwrap();
    schemas.validate(body, schema).is_ok()
}

fn of_kind(events: &[Value], kind: &str) -> Vec<Value> {
    events.iter().filter(|event| event["type"] == kind).cloned().collect()
}

#[tokio::test]
async fn a_receiver_hears_within_a_moment_signed_and_as_documented() {
    let receiver = Receiver::start("127.0.0.1").await;
    let server = setup(&receiver.url("/")).metrics().start().await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let room = giulia.direct("marco").await;
    soon("that she is there", receiver.until(|e| !of_kind(e, "user.presence").is_empty())).await;
    let start = Instant::now();
    giulia.say(room, "Ciao Marco").await.unwrap();
    let told = |events: &[Value]| !of_kind(events, "chat.message.created").is_empty();
    soon("the message", receiver.until(told)).await;
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    let events = receiver.events();
    let message = &of_kind(&events, "chat.message.created")[0]["data"];
    assert_eq!((&message["preview"], &message["sender"]), (&json!("Ciao Marco"), &json!("giulia")));
    assert_eq!(
        message["recipients"],
        json!([{"user": "marco", "offline": true, "quiet": false, "muted": false, "mentioned": false}])
    );
    for event in &events {
        assert!(fits_its_schema(event), "{event}");
    }
    assert_eq!(receiver.unsigned(), 0, "the official library checks every one");
    let labels = [("endpoint", "push")];
    let scrape = server.scrape().await;
    assert!(scrape.value("caffis_hooks_out_delivered_total", &labels) >= 2.0);
    for name in ["failed_total", "dead_total", "in_flight", "waiting_rooms", "oldest_seconds"] {
        assert_eq!(scrape.value(&format!("caffis_hooks_out_{name}"), &labels), 0.0, "{name}");
    }
    receiver.answer(500);
    giulia.say(room, "Are you there?").await.unwrap();
    let waits = |scrape: &Scrape| {
        scrape.value("caffis_hooks_out_waiting_rooms", &labels) > 0.0
            && scrape.value("caffis_hooks_out_failed_total", &labels) > 0.0
    };
    server.scrape_until("a room that waits", waits).await;
}

#[tokio::test]
async fn what_failed_is_tried_again_also_after_a_kill_with_the_same_id() {
    let receiver = Receiver::start("127.0.0.1").await;
    let server = setup(&receiver.url("/")).start().await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let room = giulia.direct("marco").await;
    soon("that she is there", receiver.until(|e| !of_kind(e, "user.presence").is_empty())).await;
    receiver.answer(500);
    let first = giulia.say(room, "one").await.unwrap().position;
    giulia.say(room, "two").await.unwrap();
    giulia.say(room, "three").await.unwrap();
    let id = format!("evt_{room}_{first}_push");
    soon("a failure", receiver.until_tried(&id)).await;
    let setup = server.setup.clone();
    server.kill().await;
    receiver.answer(204);
    let server = setup.start().await;
    let told = |events: &[Value]| of_kind(events, "chat.message.created").len() >= 3;
    soon("the messages", receiver.until(told)).await;
    let texts: Vec<_> = of_kind(&receiver.events(), "chat.message.created")
        .iter()
        .map(|event| event["data"]["preview"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(texts, ["one", "two", "three"]);
    let ids = receiver.ids();
    assert_eq!(ids.iter().filter(|tried| **tried == id).count(), 2, "{ids:?}");
    // A stop in order, and another start, tell nothing twice.
    assert_eq!(server.stop().await.code(), Some(0));
    let before = receiver.ids().len();
    let server = setup.start().await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    giulia.say(room, "four").await.unwrap();
    soon("the fourth", receiver.until(|e| of_kind(e, "chat.message.created").len() == 4)).await;
    let later: Vec<_> = receiver.ids().split_off(before);
    assert!(later.iter().all(|told| !ids.contains(told)), "{later:?}");
}

#[tokio::test]
async fn what_is_refused_is_found_shown_and_sent_again_by_command() {
    let receiver = Receiver::start("127.0.0.1").await;
    let server = setup(&receiver.url("/")).start().await;
    let data = server.setup.data();
    let hooks = async |arguments: &[&str]| {
        let data = ["--data", data.to_str().unwrap()];
        run(&[&["hooks"], arguments, &data].concat()).await
    };
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let room = giulia.direct("marco").await;
    soon("that she is there", receiver.until(|e| !of_kind(e, "user.presence").is_empty())).await;
    receiver.answer(422);
    let position = giulia.say(room, "What a receiver refuses").await.unwrap().position;
    let id = format!("evt_{room}_{position}_push");
    soon("the refusal", receiver.until_tried(&id)).await;
    let listed = async {
        while !hooks(&["dead"]).await.worked().contains(&id) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    soon("the dead letter", listed).await;
    let shown = hooks(&["show", &id]).await.worked();
    assert!(shown.contains("What a receiver refuses") && shown.contains("422"), "{shown}");
    let row = hooks(&[]).await.worked();
    assert!(row.contains("push"), "{row}");
    hooks(&["redrive", &id]).await.refused(&["not taken"]);
    receiver.answer(204);
    let redriven = hooks(&["redrive", "--endpoint", "push"]).await.worked();
    assert!(redriven.contains("1 delivered, 0 left"), "{redriven}");
    let told = of_kind(&receiver.events(), "chat.message.created");
    assert_eq!(told[0]["data"]["preview"], "What a receiver refuses");
    assert!(!hooks(&["dead"]).await.worked().contains(&id));
    hooks(&["show", &id]).await.refused(&["no such dead letter"]);
    hooks(&["redrive", &id]).await.refused(&["no such dead letter"]);
}

#[tokio::test]
async fn a_service_sees_endpoints_and_sends_dead_letters_again_over_rest() {
    let receiver = Receiver::start("127.0.0.1").await;
    let server = setup(&receiver.url("/")).start().await;
    let api = Api::of(&server).await;
    let ops = api.service(&server, "ops", "webhooks").await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let room = giulia.direct("marco").await;
    soon("that she is there", receiver.until(|e| !of_kind(e, "user.presence").is_empty())).await;
    receiver.answer(422);
    let mut ids = Vec::new();
    for words in ["one", "two", "three"] {
        let position = giulia.say(room, words).await.unwrap().position;
        ids.push(format!("evt_{room}_{position}_push"));
    }
    soon("the last refusal", receiver.until_tried(&ids[2])).await;
    let list = "/api/chat/webhooks/dead-letters";
    let listed = async |query: &str| ops.get(&format!("{list}{query}")).await.ok();
    while listed("").await["letters"].as_array().unwrap().len() < 3 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let page = listed("?endpoint=push&limit=2").await;
    let next = page["next"].as_str().unwrap();
    let rest = listed(&format!("?limit=2&after={next}")).await;
    let found =
        page["letters"].as_array().unwrap().iter().chain(rest["letters"].as_array().unwrap());
    let found: Vec<_> = found.map(|letter| letter["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!((found, &rest["next"]), (ids.clone(), &Value::Null));
    let shown = ops.get(&format!("{list}/{}", ids[0])).await.ok();
    let body: Value = serde_json::from_str(shown["body"].as_str().unwrap()).unwrap();
    assert!(fits_its_schema(&body), "{body}");
    assert_eq!(
        (&body["data"]["preview"], &shown["letter"]["reason"]),
        (&json!("one"), &json!("422"))
    );
    let states = ops.get("/api/chat/webhooks/endpoints").await.ok();
    let state = &states["endpoints"][0];
    assert_eq!((&state["endpoint"], &state["dead"]), (&json!("push"), &json!(3)));
    assert_eq!((&states["silent_shards"], &state["broken"]), (&json!(0), &json!(false)));
    // Bad input, and what there is not.
    for (query, status, code) in [
        ("?after=x", 422, "invalid"),
        ("?limit=0", 400, "invalid"),
        ("?endpoint=nobody", 404, "not_found"),
        ("?room=1", 400, "invalid"),
    ] {
        let answered = ops.get(&format!("{list}{query}")).await;
        assert_eq!(answered.error(), (status, code), "{query}");
    }
    assert_eq!(ops.get(&format!("{list}/evt_x")).await.error(), (404, "not_found"));
    let again = format!("{list}/{}/redrive", ids[1]);
    let refused = ops.change(Method::POST, &again, "", None).await.ok();
    assert_eq!((&refused["left"], &refused["failed"][0]["id"]), (&json!(1), &json!(ids[1])));
    receiver.answer(204);
    let one = ops.change(Method::POST, &again, "", None).await.ok();
    assert_eq!((&one["delivered"], &one["left"]), (&json!(1), &json!(0)));
    let gone = ops.change(Method::POST, &again, "", None).await;
    assert_eq!(gone.error(), (404, "not_found"));
    let all = "/api/chat/webhooks/redrive?endpoint=push";
    let done = ops.change(Method::POST, all, "", None).await.ok();
    assert_eq!((&done["delivered"], &done["more"]), (&json!(2), &json!(false)));
    assert_eq!(listed("").await["letters"], json!([]));
    let person = api.person("giulia").get(list).await;
    assert_eq!(person.error(), (403, "forbidden"));
}

#[tokio::test]
async fn an_endpoint_that_leads_inside_gets_nothing() {
    let inside = Receiver::start("127.0.0.2").await;
    let outside = Receiver::start("127.0.0.1").await;
    outside.redirect(&inside.url("/"));
    // By its name, by its address, and by a redirect.
    let port = inside.port();
    for (url, networks) in [
        (format!("http://localhost:{port}/"), "10.0.0.0/8"),
        (inside.url("/"), "127.0.0.1/32"),
        (outside.url("/"), "127.0.0.1/32"),
    ] {
        let server = setup(&url).flags(&["--hook-out-networks", networks]).start().await;
        let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
        let room = giulia.direct("marco").await;
        giulia.say(room, "Only for us").await.unwrap();
        let noted = async {
            while !server.log().contains("left alone") {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        soon("the line in the log", noted).await;
        assert!(inside.events().is_empty(), "{url}");
        assert!(!server.log().contains("Only for us"));
    }
}

#[test]
fn every_kind_has_a_schema_and_an_example() {
    let blocks = DOCUMENT.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let bodies: Vec<Value> =
        blocks.map(|block| serde_json::from_str(block).expect(block)).collect();
    for kind in ChatEvent::KINDS {
        let examples = of_kind(&bodies, kind);
        assert!(!examples.is_empty(), "no example of {kind}");
        for example in examples {
            assert!(fits_its_schema(&example), "{example}");
            let mut less = example.clone();
            let data = less["data"].as_object_mut().unwrap();
            let field = data.keys().next().unwrap().clone();
            data.remove(&field);
            assert!(!fits_its_schema(&less), "{kind} without {field}");
        }
    }
}
