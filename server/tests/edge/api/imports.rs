//! Importing rooms and messages of the past.

use caffis_chat::system::SystemClock;
use caffis_core::ports::clock::Clock;
use caffis_schema::limits::{IMPORT_FAILURES, IMPORT_LINE_BYTES};
use reqwest::{Body, Method};
use serde_json::{Value, json};

use super::{Answered, Api, Caller, texts};
use crate::common::{Over, Person, Server, Setup};

const PATH: &str = "/api/chat/import";

/// When the first message was sent: long ago.
const SENT: u64 = 1_500_000_000_000;

async fn send(by: &Caller<'_>, body: impl Into<Body>) -> Answered {
    let body = body.into();
    let kind = "application/x-ndjson";
    by.send(Method::POST, PATH, |request| request.header("content-type", kind).body(body)).await
}

/// Sends lines; gives the report.
async fn import(by: &Caller<'_>, lines: &[Value]) -> Value {
    let lines: Vec<_> = lines.iter().map(Value::to_string).collect();
    send(by, lines.join("\n")).await.ok()
}

/// How many lines made something, changed nothing and failed.
#[track_caller]
fn counts(report: &Value) -> (u64, u64, u64) {
    let count = |name: &str| report[name].as_u64().unwrap();
    assert_eq!(report["stopped"], Value::Null, "{report}");
    (count("created"), count("unchanged"), count("failed"))
}

/// The numbers and codes of the lines that failed.
fn failures(report: &Value) -> Vec<(u64, &str)> {
    let failures = report["failures"].as_array().unwrap().iter();
    failures.map(|one| (one["line"].as_u64().unwrap(), one["code"].as_str().unwrap())).collect()
}

fn message(room: &Value, number: u64, sender: &str, words: &str) -> Value {
    json!({"message": {
        "id": format!("m{number}"), "room": room, "sender": sender, "sent": SENT + number * 1_000,
        "body": {"text": {"text": words}},
    }})
}

fn meetup() -> Value {
    json!({"context": {"kind": "meetup", "id": "old"}})
}

fn meetup_with(members: &[&str]) -> Value {
    json!({"room": {"room": meetup(), "name": "Old days", "members": members}})
}

/// A server, with people who were there before.
async fn ground() -> Server {
    let server = Setup::dev().start().await;
    // The last three have no rooms yet.
    for name in ["giulia", "marco", "anna", "zoe", "ugo", "ada"] {
        Person::enter(&server, name, Over::WebSocket).await;
    }
    server
}

/// The messages of a person's room of this context.
async fn entries(api: &Api, name: &str, kind: &str) -> (Value, Vec<Value>) {
    let by = api.person(name);
    let rooms = by.get(&format!("/api/chat/rooms?context={kind}")).await.ok();
    let room = rooms["rooms"][0].clone();
    let path = format!("/api/chat/rooms/{}/entries", room["room"].as_str().unwrap());
    let page = by.get(&path).await.ok();
    let entries = page["entries"].as_array().unwrap().iter();
    let is_message = |entry: &&Value| entry["kind"]["message"].is_object();
    (room, entries.filter(is_message).cloned().collect())
}

#[tokio::test]
async fn a_broken_line_is_named_the_rest_goes_on_and_again_changes_nothing() {
    let server = ground().await;
    let api = Api::of(&server).await;
    let importer = api.service(&server, "mover", "import").await;
    let room = meetup();
    let mut answer = message(&room, 3, "marco", "at nine");
    answer["message"]["reply_to"] = "m1".into();
    let mut orphan = message(&room, 4, "marco", "to nobody");
    orphan["message"]["reply_to"] = "m99".into();
    let mut future = message(&room, 5, "marco", "not yet");
    future["message"]["sent"] = (SystemClock.now().get() + 3_600_000).into();
    let mut unknown_field = message(&room, 6, "marco", "x");
    unknown_field["message"]["colour"] = "red".into();
    let mut poll = message(&room, 7, "marco", "x");
    poll["message"]["body"] = json!({"poll": {"question": "?", "options": ["a", "b"]}});
    let nowhere = json!({"context": {"kind": "meetup", "id": "never"}});
    let lines = [
        meetup_with(&["giulia", "marco"]).to_string(),
        message(&room, 1, "giulia", "when?").to_string(),
        "{\"message\": {".to_owned(),
        String::new(),
        answer.to_string(),
        orphan.to_string(),
        message(&room, 8, "nobody", "x").to_string(),
        message(&nowhere, 9, "giulia", "x").to_string(),
        future.to_string(),
        unknown_field.to_string(),
        poll.to_string(),
        message(&room, 10, "giulia", " ").to_string(),
        message(&room, 11, "anna", &"x".repeat(IMPORT_LINE_BYTES)).to_string(),
        message(&room, 1, "giulia", "another text").to_string(),
        message(&room, 12, "anna", "the last").to_string(),
    ];
    let failed = [
        (3, "malformed"),
        (6, "not_found"),
        (7, "not_found"),
        (8, "not_found"),
        (9, "invalid"),
        (10, "malformed"),
        (11, "invalid"),
        (12, "text_empty"),
        (13, "too_large"),
        (14, "client_id_reused"),
    ];
    let body = lines.join("\r\n");
    for expected in [(4, 0, 10), (0, 4, 10), (0, 4, 10)] {
        let report = send(&importer, body.clone()).await.ok();
        assert_eq!(counts(&report), expected, "{report}");
        assert_eq!((failures(&report), &report["lines"]), (failed.to_vec(), &json!(15)));
    }
    let (summary, messages) = entries(&api, "giulia", "meetup").await;
    assert_eq!((&summary["name"], &summary["members"]), (&json!("Old days"), &json!(2)));
    assert_eq!(texts(&json!({"entries": messages})), ["when?", "at nine", "the last"]);
    let of = |index: usize| &messages[index]["kind"]["message"];
    assert_eq!(of(0)["extras"], json!([{"imported": {"time": SENT + 1_000}}]));
    let reply = json!({"reply": {"message": messages[0]["position"]}});
    assert_eq!(of(1)["extras"], json!([{"imported": {"time": SENT + 3_000}}, reply]));
    assert_eq!((&of(1)["sender"], &of(2)["sender"]), (&json!("marco"), &json!("anna")));
    assert!(messages[0]["time"].as_u64().unwrap() > SENT + 3_600_000, "when it was imported");
    assert_eq!(summary["preview"]["time"], SENT + 12_000);
    // What was long ago is not edited any more.
    let path = format!("/api/chat/rooms/{}/messages/", summary["room"].as_str().unwrap());
    let path = format!("{path}{}", messages[0]["position"]);
    let edit = json!({"body": {"text": {"text": "never said"}}});
    let refused = api.person("giulia").do_once(Method::PUT, &path, edit).await;
    assert_eq!(refused.error(), (409, "too_late"));
}

#[tokio::test]
async fn a_file_in_two_halves_and_after_a_restart_is_the_same_file() {
    let setup = Setup::dev();
    let server = setup.start().await;
    for name in ["giulia", "marco"] {
        Person::enter(&server, name, Over::WebSocket).await;
    }
    let room = meetup();
    let mut lines = vec![meetup_with(&["giulia", "marco"])];
    lines.extend((1..=300).map(|n| {
        let mut line = message(&room, n, ["giulia", "marco"][n as usize % 2], &format!("no. {n}"));
        if n % 10 == 0 {
            line["message"]["reply_to"] = format!("m{}", n - 7).into();
        }
        line
    }));
    let api = Api::of(&server).await;
    let key = super::create_key(&server, "mover", "import").await;
    // The second part begins where the caller believes the first ended, and before.
    assert_eq!(counts(&import(&api.by(&key), &lines[..170]).await), (170, 0, 0));
    assert_eq!(counts(&import(&api.by(&key), &lines[150..]).await), (131, 20, 0));
    server.stop().await;
    let server = setup.start().await;
    let api = Api::of(&server).await;
    assert_eq!(counts(&import(&api.by(&key), &lines).await), (0, 301, 0));
    let giulia = api.person("giulia");
    let rooms = giulia.get("/api/chat/rooms?context=meetup").await.ok();
    let summary = &rooms["rooms"][0];
    assert_eq!(summary["number"], 300, "each once");
    let path = format!("/api/chat/rooms/{}/entries?limit=100", summary["room"].as_str().unwrap());
    let page = giulia.get(&path).await.ok();
    let expected: Vec<_> = (201..=300).map(|n| format!("no. {n}")).collect();
    assert_eq!(texts(&page), expected, "in the order of the file");
    let last = page["entries"].as_array().unwrap().last().unwrap();
    let answered = last["kind"]["message"]["extras"][1]["reply"]["message"].as_u64().unwrap();
    assert_eq!(last["position"].as_u64().unwrap() - answered, 7);
}

#[tokio::test]
async fn ten_thousand_messages_come_in_one_request() {
    let server = ground().await;
    let api = Api::of(&server).await;
    let importer = api.service(&server, "mover", "import").await;
    let rooms: Vec<_> =
        (0..4).map(|n| json!({"context": {"kind": "meetup", "id": format!("old{n}")}})).collect();
    let made = rooms.iter().map(|room| json!({"room": {"room": room, "members": ["giulia"]}}));
    let messages = (0..10_000).map(|n| {
        message(&rooms[n as usize % 4], n, "giulia", &format!("no. {n}: {}", "x".repeat(50)))
    });
    let lines: Vec<_> = made.chain(messages).map(|line| line.to_string()).collect();
    for expected in [(10_004, 0, 0), (0, 10_004, 0)] {
        assert_eq!(counts(&send(&importer, lines.join("\n")).await.ok()), expected);
    }
    let listed = api.person("giulia").get("/api/chat/rooms?context=meetup").await.ok();
    let listed = listed["rooms"].as_array().unwrap();
    assert!(listed.len() == 4 && listed.iter().all(|room| room["number"] == 2_500), "{listed:?}");
}

#[tokio::test]
async fn conversations_and_groups_are_imported_and_are_news_to_nobody() {
    let server = ground().await;
    let api = Api::of(&server).await;
    let importer = api.service(&server, "mover", "import").await;
    let (direct, group) = (json!({"direct": ["zoe", "ugo"]}), json!({"group": "g1"}));
    let lines = [
        json!({"room": {"room": direct}}),
        json!({"room": {"room": group, "name": "Ours", "owner": "ada", "members": ["zoe"]}}),
        message(&json!({"direct": ["ugo", "zoe"]}), 1, "ugo", "between us"),
        message(&group, 1, "zoe", "among us"),
        message(&group, 2, "ada", "yes"),
    ];
    assert_eq!(counts(&import(&importer, &lines).await), (5, 0, 0));
    assert_eq!(counts(&import(&importer, &lines).await), (0, 5, 0));
    let (summary, messages) = entries(&api, "zoe", "direct").await;
    assert_eq!(texts(&json!({"entries": messages})), ["between us"]);
    assert_eq!((&summary["number"], &summary["unread"]), (&json!(1), &json!(0)));
    let (summary, messages) = entries(&api, "ada", "group").await;
    assert_eq!(texts(&json!({"entries": messages})), ["among us", "yes"]);
    assert_eq!((&summary["unread"], &summary["role"]), (&json!(0), &json!("owner")));
    // What somebody has to read stays, and then what is imported after it does, too.
    let room = summary["room"].as_str().unwrap();
    api.person("ada").say(room, "new").await.ok();
    let more = [message(&json!({"id": room}), 3, "ada", "old")];
    assert_eq!(counts(&import(&importer, &more).await), (1, 0, 0));
    assert_eq!(entries(&api, "zoe", "group").await.0["unread"], 2);
    assert_eq!(entries(&api, "ada", "group").await.0["unread"], 0);
    // The key reads nothing, and manages nothing.
    let forbidden = importer.get(&format!("/api/chat/rooms/{room}/entries")).await;
    assert_eq!(forbidden.error(), (403, "forbidden"));
    for (line, code) in [
        (json!({"room": {"room": {"group": "g2"}, "name": "No owner"}}), "invalid"),
        (json!({"room": {"room": {"direct": ["zoe", "zoe"]}}}), "invalid"),
        (json!({"room": {"room": {"direct": ["zoe", "ugo"]}, "name": "x"}}), "invalid"),
        (json!({"room": {"room": {"id": room}}}), "invalid"),
        (json!({"room": {"room": {"context": {"kind": "group", "id": "1"}}}}), "invalid"),
        (
            json!({"room": {"room": group, "name": "Ours", "owner": "ada", "class": "public"}}),
            "invalid",
        ),
        (json!({"room": {"room": meetup(), "history": {"last": 500}}}), "invalid"),
        (message(&json!({"id": "0123456789abcdef"}), 1, "zoe", "x"), "not_found"),
        (message(&json!({"group": "g2"}), 1, "zoe", "x"), "not_found"),
        (json!({"user": {}}), "malformed"),
        (json!({"room": {"room": {"id": "x"}}}), "malformed"),
    ] {
        let report = import(&importer, std::slice::from_ref(&line)).await;
        assert_eq!(failures(&report), [(1, code)], "{line}");
    }
    import(&importer, &[meetup_with(&["zoe"])]).await;
    let other = json!({"room": {"room": meetup(), "class": "evidence"}});
    assert_eq!(failures(&import(&importer, &[other]).await), [(1, "room_class")]);
}

#[tokio::test]
async fn only_a_key_for_it_imports_and_the_report_is_bounded() {
    let server = ground().await;
    let api = Api::of(&server).await;
    let scopes = "rooms,members,notices,states,history,people,webhooks,reports";
    let others = api.service(&server, "others", scopes).await;
    let line = meetup_with(&["giulia"]).to_string();
    for by in [&others, &api.person("giulia")] {
        assert_eq!(send(by, line.clone()).await.error(), (403, "forbidden"));
    }
    assert_eq!(send(&api.by("cck_nothing"), line.clone()).await.error(), (401, "token_invalid"));
    let importer = api.service(&server, "mover", "import").await;
    let json = importer.post(PATH, meetup_with(&["giulia"])).await;
    assert_eq!(json.error(), (415, "malformed"));
    let report = send(&importer, "").await.ok();
    assert_eq!((counts(&report), &report["lines"]), ((0, 0, 0), &json!(0)));
    let many = vec!["x"; IMPORT_FAILURES + 7].join("\n");
    let report = send(&importer, format!("{many}\n{line}")).await.ok();
    assert_eq!((counts(&report), &report["more_failures"]), ((1, 0, 107), &json!(7)));
    let numbers: Vec<_> = failures(&report).into_iter().map(|(line, _)| line).collect();
    assert!(numbers.into_iter().eq(1..=100));
    let lines = "\n".repeat(100_001);
    let report = send(&importer, lines).await.ok();
    let stopped = &report["stopped"];
    assert_eq!((&stopped["line"], &stopped["code"]), (&json!(100_001), &json!("too_large")));
}
