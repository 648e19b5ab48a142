//! What is not a good webhook, or not a good event.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{NEXT_SECRET, SECRET, Sending, answer, setup};
use crate::common::{Server, http, soon};

fn user(version: &Value) -> Value {
    json!({"id": "giulia", "version": version, "name": "Giulia", "picture": null})
}

fn good(id: &str) -> Sending {
    Sending::new(id, "user.upserted", &user(&json!(1)))
}

#[track_caller]
fn refused((status, problem): (u16, Value), expected: u16, code: &str) {
    assert_eq!((status, &problem["code"]), (expected, &json!(code)), "{problem}");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.ends_with('.')), "{problem}");
}

/// The log has a line for each of these, and neither a secret nor what was sent.
pub(super) async fn logged(server: &Server, codes: &[&str]) {
    let has = |log: &str, code: &str| {
        let refused = |line: &&str| line.contains("webhook refused") && line.contains("hint=");
        log.lines().filter(refused).any(|line| line.contains(code))
    };
    soon("a line of each refusal", async {
        while !codes.iter().all(|code| has(&server.log(), code)) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let log = server.log();
    for hidden in [SECRET, NEXT_SECRET, "hunter2", "Giulia"] {
        assert!(!log.contains(hidden), "{hidden} is in the log");
    }
}

#[tokio::test]
async fn who_does_not_sign_well_is_refused() {
    let server = setup().start().await;
    let url = server.url("/api/chat/hooks/main");
    refused(
        answer(http().post(&url).body("{}").send().await.unwrap()).await,
        401,
        "header_invalid",
    );
    for signature in ["", "v1", "v1,", "v1,AAAA", "v2,AAAA", "v1a,AAAA v1,BBBB", "nonsense"] {
        refused(good("m").send_signed(&server, signature).await, 401, "signature_invalid");
    }
    let mut other = good("m");
    other.secret = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    refused(other.send(&server).await, 401, "signature_invalid");
    // The secret of the other source's next one is no secret of this source.
    let mut foreign = good("m");
    (foreign.source, foreign.secret) = ("map", NEXT_SECRET);
    refused(foreign.send(&server).await, 401, "signature_invalid");
    for shift in [-301, 310] {
        let mut sending = good("m");
        sending.time += shift;
        refused(sending.send(&server).await, 401, "timestamp_outside_window");
    }
    for id in ["", "two words", &"x".repeat(129)] {
        let mut sending = good("m");
        sending.id = id.to_owned();
        refused(sending.send(&server).await, 401, "header_invalid");
    }
    let mut sending = good("m");
    sending.source = "nobody";
    refused(sending.send(&server).await, 404, "unknown_source");
    let got = http().get(&url).send().await.unwrap();
    assert_eq!(got.status(), 405);
    let codes =
        ["header_invalid", "signature_invalid", "timestamp_outside_window", "unknown_source"];
    logged(&server, &codes).await;
}

#[tokio::test]
async fn what_is_no_event_is_refused() {
    let server = setup().start().await;
    let body = |body: &str| Sending { body: body.to_owned(), ..good("m") };
    for text in ["", "{}", "[]", "nonsense", "{\"type\":\"user.upserted\"}"] {
        refused(body(text).send(&server).await, 400, "malformed");
    }
    refused(body(&"x".repeat(262_145)).send(&server).await, 413, "too_large");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    refused(body(&deep).send(&server).await, 400, "malformed");
    refused(Sending::new("m", "user.renamed", &json!({})).send(&server).await, 400, "unknown_kind");
    for version in [json!(0), json!(-1), json!(1.5), json!("1"), json!(9_007_199_254_740_992_u64)] {
        let sending = Sending::new("m", "user.upserted", &user(&version));
        refused(sending.send(&server).await, 400, "data_invalid");
    }
    for (key, value) in [
        ("id", json!("")),
        ("id", json!("x".repeat(65))),
        ("name", json!("hunter2".repeat(20))),
        ("name", Value::Null),
        ("picture", json!("javascript:alert(1)")),
        ("locale", json!("it_IT")),
        ("time_zone", json!("half past")),
        ("quiet_hours", json!({"start": "22:00"})),
        ("roles", json!(["a,b"])),
        ("email", json!("hunter2@example.org")),
    ] {
        let mut data = user(&json!(1));
        data[key] = value;
        let sending = Sending::new("m", "user.upserted", &data);
        refused(sending.send(&server).await, 400, "data_invalid");
    }
    let mut blank = user(&json!(1));
    blank["name"] = json!("\u{200b}");
    refused(Sending::new("m", "user.upserted", &blank).send(&server).await, 422, "invalid");
    let mut sending = good("m");
    sending.source = "map";
    refused(sending.send(&server).await, 403, "kind_not_allowed");
    // None of it was done, and none of the ids is taken.
    assert_eq!(good("m").send(&server).await.0, 200);
    logged(&server, &["malformed", "too_large", "unknown_kind", "data_invalid", "invalid"]).await;
}

#[tokio::test]
async fn an_event_that_contradicts_another_is_refused() {
    let server = setup().start().await;
    assert_eq!(good("first").send(&server).await.0, 200);
    let mut other = user(&json!(1));
    other["name"] = json!("Giuliana");
    let sending = Sending::new("second", "user.upserted", &other);
    refused(sending.send(&server).await, 409, "conflict");
    let sending = Sending::new("first", "user.upserted", &user(&json!(2)));
    refused(sending.send(&server).await, 409, "webhook_id_reused");
    logged(&server, &["conflict", "webhook_id_reused"]).await;
}

#[tokio::test]
async fn a_source_that_sends_too_much_waits() {
    let server = setup().flags(&["--hook-rates", "main:1"]).start().await;
    // At once, and so many that a slow machine has not the time for all.
    let events: Vec<_> = (0..50).map(|id| good(&format!("m-{id}"))).collect();
    let answers = join_all(events.iter().map(|event| event.send(&server))).await;
    let (taken, limited): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|(status, _)| *status == 200);
    assert!(!taken.is_empty() && !limited.is_empty(), "{} taken", taken.len());
    limited.into_iter().for_each(|answer| refused(answer, 429, "rate_limited"));
    logged(&server, &["rate_limited"]).await;
}

#[tokio::test]
async fn half_a_source_stops_the_start() {
    let secret = format!("main:{SECRET}");
    let finished = setup().variable("CAFFIS_HOOK_SECRETS", &secret).fail().await;
    finished.refused(&["hook_kinds", "nothing for map"]);
    let finished = setup().variable("CAFFIS_HOOK_SECRETS", "main:hunter2").fail().await;
    finished.refused(&["CAFFIS_HOOK_SECRETS", "(hidden)", "whsec_"]);
    assert!(!finished.stderr.contains("hunter2"), "{finished:?}");
}
