//! Endpoints that a service makes over REST, with a real receiver.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{Receiver, fits_its_schema, of_kind};
use crate::{
    api::{Api, Caller},
    common::{Over, Person, Setup, soon},
};

const PUSH: &str = "/api/chat/webhooks/endpoints/push";

/// A server without a configured endpoint, whose endpoints may be on this machine.
fn setup() -> Setup {
    Setup::dev().flags(&["--hook-out-networks", "127.0.0.1"])
}

async fn create(ops: &Caller<'_>, url: &str) -> Value {
    ops.post(PUSH, json!({"url": url, "kinds": ["chat.*", "room.created"]})).await.ok()
}

async fn delete(ops: &Caller<'_>) -> Value {
    ops.send(Method::DELETE, PUSH, |request| request).await.ok()
}

/// Until the receiver has these texts, in their order.
async fn texts(receiver: &Receiver, expected: &[&str]) {
    let told = |events: &[Value]| {
        let messages = of_kind(events, "chat.message.created");
        let texts = messages.iter().map(|event| event["data"]["preview"].as_str().unwrap());
        texts.eq(expected.iter().copied())
    };
    soon("the messages", receiver.until(told)).await;
}

#[tokio::test]
async fn an_endpoint_is_made_changed_and_deleted_over_rest() {
    let [receiver, other] =
        [Receiver::start("127.0.0.1").await, Receiver::start("127.0.0.1").await];
    let server = setup().start().await;
    let api = Api::of(&server).await;
    let ops = api.service(&server, "ops", "webhooks").await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let room = giulia.direct("marco").await;
    giulia.say(room, "before").await.unwrap();
    let made = create(&ops, &receiver.url("/")).await;
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_"), "{made}");
    receiver.knows(secret);
    giulia.say(room, "one").await.unwrap();
    texts(&receiver, &["one"]).await;
    assert!(receiver.events().iter().all(fits_its_schema));
    // The receiver has it a moment before the server hears so.
    let counted = async {
        loop {
            let shown = ops.get(PUSH).await.ok();
            if shown["delivered"] != json!(0) {
                break shown;
            }
            sleep(Duration::from_millis(100)).await;
        }
    };
    let shown = soon("the count", counted).await;
    assert_eq!(shown["settings"]["url"], json!(receiver.url("/")));
    assert_eq!(shown["settings"]["kinds"], json!(["chat.*", "room.created"]));
    assert_eq!((&shown["delivered"], &shown["settings"]["configured"]), (&json!(1), &json!(false)));
    let listed = ops.get("/api/chat/webhooks/endpoints").await.ok();
    assert_eq!(listed["endpoints"], json!([shown]));
    for answer in [&shown, &listed] {
        assert!(!answer.to_string().contains("whsec_"), "a secret is shown once");
    }
    // It moves, and what it is told changes.
    let moved = json!({"url": other.url("/"), "kinds": ["chat.message.created"]});
    ops.put(PUSH, moved).await.ok();
    other.knows(secret);
    giulia.say(room, "two").await.unwrap();
    texts(&other, &["two"]).await;
    // A new secret signs from now on, beside the one before for as long as was said.
    let rotate = format!("{PUSH}/rotate");
    let rotated = ops.post(&rotate, json!({"grace_s": 3600})).await.ok();
    assert!(rotated["settings"]["former_until"].is_u64(), "{rotated}");
    giulia.say(room, "three").await.unwrap();
    texts(&other, &["two", "three"]).await;
    other.knows(rotated["secret"].as_str().unwrap());
    giulia.say(room, "four").await.unwrap();
    texts(&other, &["two", "three", "four"]).await;
    assert_eq!((receiver.unsigned(), other.unsigned()), (0, 0));
    delete(&ops).await;
    assert_eq!(ops.get(PUSH).await.error(), (404, "not_found"));
    giulia.say(room, "five").await.unwrap();
    // Another one hears what comes after it was made, and by then the deleted one would have.
    create(&ops, &receiver.url("/again")).await;
    giulia.say(room, "six").await.unwrap();
    // What was said in the millisecond before may be told, too.
    let last = |events: &[Value]| {
        let messages = of_kind(events, "chat.message.created");
        messages.last().is_some_and(|event| event["data"]["preview"] == "six")
    };
    soon("the last message", receiver.until(last)).await;
    texts(&other, &["two", "three", "four"]).await;
    assert!(!server.log().contains("whsec_"), "{}", server.log());
}

#[tokio::test]
async fn an_endpoint_that_was_made_is_there_after_a_kill() {
    let receiver = Receiver::start("127.0.0.1").await;
    let server = setup().start().await;
    let api = Api::of(&server).await;
    let ops = api.service(&server, "ops", "webhooks").await;
    let secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    let given = json!({"url": receiver.url("/"), "kinds": ["*"], "secret": secret});
    assert_eq!(ops.post(PUSH, given).await.ok()["secret"], json!(secret));
    receiver.knows(secret);
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let room = giulia.direct("marco").await;
    receiver.answer(500);
    let position = giulia.say(room, "one").await.unwrap().position;
    soon("a failure", receiver.until_tried(&format!("evt_{room}_{position}_push"))).await;
    let setup = server.setup.clone();
    server.kill().await;
    receiver.answer(204);
    let server = setup.start().await;
    texts(&receiver, &["one"]).await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    giulia.say(room, "two").await.unwrap();
    texts(&receiver, &["one", "two"]).await;
    assert_eq!(receiver.unsigned(), 0);
}

#[tokio::test]
async fn what_is_wrong_with_an_endpoint_is_said_before_it_is_made() {
    let server = Setup::dev()
        .variable("CAFFIS_HOOK_OUT_SECRETS", &format!("fixed:{}", super::SECRET))
        .flags(&["--hook-out-urls", "fixed:http://10.0.3.7/", "--hook-out-kinds", "fixed:*"])
        .start()
        .await;
    let api = Api::of(&server).await;
    let ops = api.service(&server, "ops", "webhooks").await;
    // Of which nothing happens here: nothing is sent anywhere.
    let kinds = json!(["member.left"]);
    let secret = "whsec_c2hvcnQ=";
    for (body, status, code) in [
        (json!({"url": "http://127.0.0.1:9/", "kinds": kinds}), 422, "invalid"),
        (json!({"url": "http://[::1]:9/", "kinds": kinds}), 422, "invalid"),
        (json!({"url": "http://169.254.169.254/", "kinds": kinds}), 422, "invalid"),
        (json!({"url": "http://localhost:9/", "kinds": kinds}), 422, "invalid"),
        (json!({"url": "ftp://8.8.8.8/", "kinds": kinds}), 422, "invalid"),
        (json!({"url": "https://u:p@8.8.8.8/", "kinds": kinds}), 422, "invalid"),
        (json!({"url": "https://8.8.8.8/", "kinds": []}), 422, "invalid"),
        (json!({"url": "https://8.8.8.8/", "kinds": ["x"]}), 422, "invalid"),
        (json!({"url": "https://8.8.8.8/", "kinds": kinds, "secret": secret}), 422, "invalid"),
        (json!({"url": "https://8.8.8.8/"}), 400, "malformed"),
        (json!({"url": "https://8.8.8.8/", "kinds": kinds, "name": "x"}), 400, "malformed"),
    ] {
        let answered = ops.post(PUSH, body.clone()).await;
        assert_eq!(answered.error(), (status, code), "{body}");
        assert!(!answered.body.to_string().contains("whsec_c2"), "{answered:?}");
    }
    let good = json!({"url": "https://8.8.8.8/", "kinds": kinds});
    let bad_name = ops.post("/api/chat/webhooks/endpoints/Push", good.clone()).await;
    assert_eq!(bad_name.error(), (422, "invalid"));
    assert_eq!(ops.put(PUSH, good.clone()).await.error(), (404, "not_found"));
    // What the configuration has, only the configuration changes.
    let fixed = "/api/chat/webhooks/endpoints/fixed";
    let shown = ops.get(fixed).await.ok();
    assert_eq!(
        (&shown["settings"]["configured"], &shown["settings"]["url"]),
        (&json!(true), &json!("http://10.0.3.7/"))
    );
    assert_eq!(ops.post(fixed, good.clone()).await.error(), (403, "forbidden"));
    assert_eq!(ops.put(fixed, good.clone()).await.error(), (403, "forbidden"));
    let deleted = ops.send(Method::DELETE, fixed, |request| request).await;
    assert_eq!(deleted.error(), (403, "forbidden"));
    ops.post(PUSH, good.clone()).await.ok();
    assert_eq!(ops.post(PUSH, good.clone()).await.error(), (409, "conflict"));
    let long = ops.post(&format!("{PUSH}/rotate"), json!({"grace_s": 604_801})).await;
    assert_eq!(long.error(), (422, "invalid"));
    for who in [api.person("giulia"), api.service(&server, "map", "rooms").await] {
        assert_eq!(who.put(PUSH, good.clone()).await.error(), (403, "forbidden"));
        assert_eq!(who.get(PUSH).await.error(), (403, "forbidden"));
    }
}
