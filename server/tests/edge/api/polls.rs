//! Polls over REST.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answered, Api, Caller, fresh_uuid, room_of_two};
use crate::common::Setup;

/// Sends a poll.
async fn ask(by: &Caller<'_>, room: &str, poll: Value) -> Answered {
    let path = format!("/api/chat/rooms/{room}/messages");
    by.do_once(Method::POST, &path, json!({"body": {"poll": poll}})).await
}

fn poll(more: Value) -> Value {
    let mut poll = json!({"question": "Where?", "options": ["Bar", "Park", "Caff\u{e8}"]});
    let fields = more.as_object().unwrap().clone();
    poll.as_object_mut().unwrap().extend(fields);
    poll
}

#[tokio::test]
async fn people_vote_see_what_came_out_and_close() {
    let server = Setup::dev().flags(&["--commands-per-second", "10000"]).start().await;
    let api = Api::of(&server).await;
    let (giulia, marco) = (api.person("giulia"), api.person("marco"));
    let room = room_of_two(&api).await;
    let asked = ask(&giulia, &room, poll(json!({"multiple": true}))).await.ok();
    let one = format!("/api/chat/rooms/{room}/messages/{}", asked["position"]);
    let (vote, key) = (format!("{one}/vote"), fresh_uuid());
    let choices = Some(json!({"choices": [2, 0]}));
    let voted = giulia.change(Method::PUT, &vote, &key, choices.clone()).await.ok();
    marco.do_once(Method::PUT, &vote, json!({"choices": [0]})).await.ok();
    assert_eq!(giulia.change(Method::PUT, &vote, &key, choices).await.ok(), voted);
    let found = giulia.get(&format!("{one}/poll")).await.ok();
    assert_eq!(
        found,
        json!({
            "tally": {"counts": [2, 0, 1], "voters": 2, "closed": null},
            "own": [0, 2],
            "closed": false
        })
    );
    let entry = format!("/api/chat/rooms/{room}/entries/{}", asked["position"]);
    let message = marco.get(&entry).await.ok();
    assert_eq!(message["kind"]["message"]["extras"][0]["tally"], found["tally"]);
    let page = marco.get(&format!("{one}/voters?limit=1")).await.ok();
    assert_eq!(page, json!({"voters": [{"user": "giulia", "choices": [0, 2]}], "more": true}));
    let page = marco.get(&format!("{one}/voters?after=giulia")).await.ok();
    assert_eq!(page, json!({"voters": [{"user": "marco", "choices": [0]}], "more": false}));
    marco.do_once(Method::PUT, &vote, json!({"choices": []})).await.ok();
    let close = format!("{one}/close");
    let refused = marco.change(Method::POST, &close, &fresh_uuid(), None).await;
    assert_eq!(refused.error(), (403, "forbidden"));
    giulia.change(Method::POST, &close, &fresh_uuid(), None).await.ok();
    let late = marco.do_once(Method::PUT, &vote, json!({"choices": [1]})).await;
    assert_eq!(late.error(), (409, "poll_closed"));
    let found = marco.get(&format!("{one}/poll")).await.ok();
    assert_eq!((&found["tally"]["counts"], &found["closed"]), (&json!([1, 0, 1]), &json!(true)));
    let search = format!("/api/chat/rooms/{room}/search?q=where");
    while marco.get(&search).await.ok()["hits"].as_array().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn bad_polls_and_bad_votes_are_refused_by_name() {
    let server = Setup::dev()
        .flags(&["--messages-per-second", "10000", "--commands-per-second", "10000"])
        .start()
        .await;
    let api = Api::of(&server).await;
    let (giulia, marco) = (api.person("giulia"), api.person("marco"));
    let room = room_of_two(&api).await;
    let hundred: Vec<String> = (0..100).map(|number| number.to_string()).collect();
    let thirteen = &hundred[..13];
    for (more, error) in [
        (json!({"options": ["Bar"]}), (422, "invalid")),
        (json!({"options": []}), (422, "invalid")),
        (json!({"options": ["Bar", "Bar "]}), (422, "invalid")),
        (json!({"options": ["Bar", ""]}), (422, "text_empty")),
        (json!({"options": ["Bar", "a\nb"]}), (422, "text_not_allowed")),
        (json!({"options": ["Bar", "x".repeat(101)]}), (422, "text_too_long")),
        (json!({"question": " "}), (422, "text_empty")),
        (json!({"question": "x".repeat(301)}), (422, "text_too_long")),
        (json!({"closes": 1}), (422, "invalid")),
        (json!({"options": thirteen}), (400, "malformed")),
        (json!({"options": hundred}), (400, "malformed")),
        (json!({"multiple": "yes"}), (400, "malformed")),
    ] {
        let refused = ask(&giulia, &room, poll(more.clone())).await;
        assert_eq!(refused.error(), error, "{more}");
    }
    let asked = ask(&giulia, &room, poll(json!({"anonymous": true}))).await.ok();
    let one = format!("/api/chat/rooms/{room}/messages/{}", asked["position"]);
    let said = giulia.say(&room, "ciao").await.ok()["position"].clone();
    let text = format!("/api/chat/rooms/{room}/messages/{said}");
    let vote = |choices: Value| json!({"choices": choices});
    for (path, body, error) in [
        (&one, vote(json!([3])), (422, "invalid")),
        (&one, vote(json!([0, 1])), (422, "invalid")),
        (&one, vote(json!([-1])), (400, "malformed")),
        (&one, json!({}), (400, "malformed")),
        (&text, vote(json!([0])), (422, "not_a_poll")),
    ] {
        let refused = marco.do_once(Method::PUT, &format!("{path}/vote"), body.clone()).await;
        assert_eq!(refused.error(), error, "{body}");
    }
    marco.do_once(Method::PUT, &format!("{one}/vote"), vote(json!([1]))).await.ok();
    assert_eq!(giulia.get(&format!("{one}/voters")).await.error(), (403, "forbidden"));
    assert_eq!(giulia.get(&format!("{text}/voters")).await.error(), (422, "not_a_poll"));
    assert_eq!(giulia.get(&format!("{text}/poll")).await.error(), (422, "not_a_poll"));
    let log = giulia.get(&format!("/api/chat/rooms/{room}/entries")).await.ok();
    let entries = log["entries"].as_array().unwrap();
    let tallied = entries.iter().find(|entry| !entry["kind"]["tallied"].is_null()).unwrap();
    assert_eq!(tallied["kind"]["tallied"]["tally"]["counts"], json!([0, 1, 0]));
    assert!(!tallied.to_string().contains("marco"), "{tallied}");
    let edit = json!({"body": {"text": {"text": "otherwise"}}});
    assert_eq!(giulia.do_once(Method::PUT, &one, edit).await.error(), (422, "invalid"));
    giulia.change(Method::DELETE, &one, &fresh_uuid(), None).await.ok();
    for path in ["poll", "voters"] {
        let gone = giulia.get(&format!("{one}/{path}")).await;
        assert_eq!(gone.error(), (409, "deleted"));
    }
}
