//! Messages that are sent later, over REST.

use std::time::Duration;

use caffis_chat::system::SystemClock;
use caffis_core::ports::clock::Clock;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Api, Caller, fresh_uuid};
use crate::common::Setup;

const HOUR_MS: u64 = 3_600_000;

fn later(words: &str, milliseconds: u64) -> Value {
    let due = SystemClock.now().get() + milliseconds;
    json!({"body": {"text": {"text": words}}, "due": due})
}

/// What the scheduled messages of a page say.
fn said(page: &Value) -> Vec<&str> {
    let messages = page["messages"].as_array().unwrap().iter();
    messages.map(|message| message["body"]["text"]["text"].as_str().unwrap()).collect()
}

/// What the messages of a room say.
async fn log(by: &Caller<'_>, room: &str) -> Vec<String> {
    let page = by.get(&format!("/api/chat/rooms/{room}/entries")).await.ok();
    let texts = page["entries"].as_array().unwrap().iter();
    let texts = texts.filter_map(|entry| entry["kind"]["message"]["body"]["text"]["text"].as_str());
    texts.map(str::to_owned).collect()
}

#[tokio::test]
async fn people_schedule_change_cancel_and_send() {
    let server = Setup::dev().start().await;
    let api = Api::of(&server).await;
    let (giulia, marco) = (api.person("giulia"), api.person("marco"));
    marco.get("/api/chat/rooms").await.ok();
    let direct = giulia.send(Method::PUT, "/api/chat/direct/marco", |request| request).await.ok();
    let room = direct["room"].as_str().unwrap();
    let scheduled = format!("/api/chat/rooms/{room}/scheduled");
    let (key, body) = (fresh_uuid(), later("in an hour", HOUR_MS));
    let made = giulia.change(Method::POST, &scheduled, &key, Some(body.clone())).await.ok();
    assert_eq!((&made["due"], &made["failed"]), (&body["due"], &Value::Null));
    assert_eq!(giulia.change(Method::POST, &scheduled, &key, Some(body)).await.ok(), made);
    let one = format!("{scheduled}/{}", made["id"].as_str().unwrap());
    giulia.do_once(Method::PUT, &one, later("in two hours", 2 * HOUR_MS)).await.ok();
    let second = giulia.do_once(Method::POST, &scheduled, later("never", HOUR_MS)).await.ok();
    let second = format!("{scheduled}/{}", second["id"].as_str().unwrap());
    for list in ["/api/chat/scheduled", &scheduled] {
        let mut found = giulia.get(list).await.ok();
        let mut words = said(&found);
        words.sort_unstable();
        assert_eq!(words, ["in two hours", "never"]);
        let last = found["messages"].as_array_mut().unwrap().pop().unwrap();
        let after = format!("{list}?after={room}:{}", last["id"].as_str().unwrap());
        assert_eq!(said(&giulia.get(&after).await.ok()), [""; 0]);
        assert_eq!(said(&marco.get(list).await.ok()), [""; 0], "it is nobody else's");
    }
    let key = fresh_uuid();
    for _ in 0..2 {
        giulia.change(Method::DELETE, &second, &key, None).await.ok();
    }
    let sent = giulia.change(Method::POST, &format!("{one}/send"), &fresh_uuid(), None).await.ok();
    let said = log(&marco, room).await;
    assert_eq!(
        (sent["number"].as_u64(), said.last().unwrap().as_str()),
        (Some(said.len() as u64), "in two hours")
    );
    let gone = giulia.change(Method::DELETE, &one, &fresh_uuid(), None).await;
    assert_eq!(gone.error(), (404, "not_found"));
}

#[tokio::test]
async fn what_is_due_is_sent_without_its_author() {
    let server = Setup::dev().start().await;
    let api = Api::of(&server).await;
    let (giulia, marco) = (api.person("giulia"), api.person("marco"));
    marco.get("/api/chat/rooms").await.ok();
    let direct = giulia.send(Method::PUT, "/api/chat/direct/marco", |request| request).await.ok();
    let room = direct["room"].as_str().unwrap();
    let scheduled = format!("/api/chat/rooms/{room}/scheduled");
    giulia.do_once(Method::POST, &scheduled, later("soon", 1_000)).await.ok();
    let sent = |log: Vec<String>| log.iter().filter(|words| *words == "soon").count();
    while sent(log(&marco, room).await) == 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    while !said(&giulia.get(&scheduled).await.ok()).is_empty() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(sent(log(&marco, room).await), 1);
    for (body, error) in [
        (json!({"body": {"text": {"text": "x"}}, "due": 1}), (422, "invalid")),
        (later("x", 366 * 24 * HOUR_MS), (422, "invalid")),
        (later(" ", HOUR_MS), (422, "text_empty")),
        (json!({"body": {"system": {"notice": {"text": "x"}}}, "due": 1}), (403, "forbidden")),
        (json!({"body": {"text": {"text": "x"}}}), (400, "malformed")),
    ] {
        let refused = giulia.do_once(Method::POST, &scheduled, body.clone()).await;
        assert_eq!(refused.error(), error, "{body}");
    }
    let nowhere = giulia.get("/api/chat/scheduled?after=7").await;
    assert_eq!(nowhere.error(), (400, "invalid"));
    let nothing = format!("{scheduled}/x");
    let refused = giulia.change(Method::DELETE, &nothing, &fresh_uuid(), None).await;
    assert_eq!(refused.error(), (400, "invalid"));
}
