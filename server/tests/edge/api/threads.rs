//! Threads over REST.

use caffis_schema::Event;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Api, made_room, notice, room_of_two};
use crate::common::{Over, Person, Setup};

const RATES: [[&str; 2]; 3] = [
    ["--commands-per-second", "10000"],
    ["--messages-per-second", "10000"],
    ["--service-requests-per-second", "10000"],
];

fn reply(words: &str, root: u64) -> Value {
    json!({"body": {"text": {"text": words}}, "extras": [{"thread": {"root": root}}]})
}

/// What the replies of a page say.
fn said(page: &Value) -> Vec<&str> {
    let replies = page["replies"].as_array().unwrap().iter();
    replies.map(|it| it["kind"]["message"]["body"]["text"]["text"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn people_reply_in_threads_follow_them_and_read_them() {
    let server = Setup::dev().flags(RATES.as_flattened()).start().await;
    let api = Api::of(&server).await;
    let service = api.service(&server, "all", "rooms,members,notices").await;
    let (giulia, marco) = (api.person("giulia"), api.person("marco"));
    for person in [&giulia, &marco] {
        person.get("/api/chat/rooms").await.ok();
    }
    let room = made_room(&service, "meetup", "9", &["giulia", "marco"]).await;
    let messages = format!("/api/chat/rooms/{room}/messages");
    let root = giulia.say(&room, "who comes?").await.ok()["position"].as_u64().unwrap();
    let thread = format!("{messages}/{root}/thread");
    for words in ["one", "two", "three"] {
        marco.do_once(Method::POST, &messages, reply(words, root)).await.ok();
    }
    // They are in the room's log as well.
    let page = giulia.get(&thread).await.ok();
    assert_eq!(said(&page), ["one", "two", "three"]);
    let replies = &page["root"]["kind"]["message"]["extras"][0]["replies"];
    assert_eq!(
        (&replies["count"], &replies["last"], &replies["people"]),
        (&json!(3), &json!(3), &json!(["marco"]))
    );
    assert_eq!((&page["following"], &page["read"]), (&json!(true), &json!(0)));
    let log = giulia.get(&format!("/api/chat/rooms/{room}/entries?limit=1")).await.ok();
    let last = &log["entries"][0]["kind"]["message"]["extras"][0]["thread"];
    assert_eq!(last, &json!({"root": root, "number": 3, "in_room": false}));
    for (query, expected, before, after) in [
        ("?limit=2", vec!["two", "three"], true, false),
        ("?before=3&limit=1", vec!["two"], true, true),
        ("?after=1", vec!["two", "three"], true, false),
        ("?around=1&limit=1", vec!["one"], false, true),
        ("?after=3", vec![], false, false),
    ] {
        let page = giulia.get(&format!("{thread}{query}")).await.ok();
        let more = (page["more_before"].as_bool(), page["more_after"].as_bool());
        assert_eq!((said(&page), more), (expected, (Some(before), Some(after))), "{query}");
    }
    // The list has the thread, with what each has not read.
    let listed = async |by: &super::Caller<'_>| {
        let page = by.get("/api/chat/threads").await.ok();
        let threads = page["threads"].as_array().unwrap().iter();
        let unread: Vec<_> = threads.map(|it| it["unread"].as_u64().unwrap()).collect();
        (unread, page["unread"].as_u64().unwrap())
    };
    assert_eq!(listed(&giulia).await, (vec![3], 1));
    assert_eq!(listed(&marco).await, (vec![0], 0));
    let read = format!("{thread}/read");
    let mark = |number| json!({"number": number});
    giulia.do_once(Method::PUT, &read, mark(2)).await.ok();
    giulia.do_once(Method::PUT, &read, mark(1)).await.ok();
    assert_eq!(listed(&giulia).await, (vec![1], 1));
    assert_eq!(giulia.do_once(Method::PUT, &read, mark(4)).await.error(), (422, "out_of_range"));
    let follow = format!("{thread}/follow");
    giulia.send(Method::DELETE, &follow, |request| request).await.ok();
    assert_eq!(listed(&giulia).await, (vec![], 0));
    giulia.send(Method::PUT, &follow, |request| request).await.ok();
    assert_eq!(listed(&giulia).await, (vec![0], 0));
}

#[tokio::test]
async fn what_has_no_thread_is_refused() {
    let server = Setup::dev().flags(RATES.as_flattened()).start().await;
    let api = Api::of(&server).await;
    let service = api.service(&server, "all", "rooms,members,notices,history").await;
    let (giulia, anna) = (api.person("giulia"), api.person("anna"));
    giulia.get("/api/chat/rooms").await.ok();
    let room = made_room(&service, "meetup", "9", &["giulia"]).await;
    let messages = format!("/api/chat/rooms/{room}/messages");
    let root = giulia.say(&room, "who comes?").await.ok()["position"].as_u64().unwrap();
    let sent = giulia.do_once(Method::POST, &messages, reply("me", root)).await.ok();
    let deep = sent["position"].as_u64().unwrap();
    let told = service.do_once(Method::POST, &messages, notice("closed")).await.ok();
    let told = told["position"].as_u64().unwrap();
    for (at, error) in [
        (deep, (422, "invalid")),
        (told, (422, "invalid")),
        (1, (404, "not_found")),
        (99, (404, "not_found")),
    ] {
        let refused = giulia.do_once(Method::POST, &messages, reply("x", at)).await;
        assert_eq!(refused.error(), error, "a reply to {at}");
    }
    for (at, error) in
        [(deep, (422, "invalid")), (1, (404, "not_found")), (99, (422, "out_of_range"))]
    {
        for path in ["", "/follow"] {
            let path = format!("{messages}/{at}/thread{path}");
            let method = if path.ends_with("follow") { Method::PUT } else { Method::GET };
            let refused = giulia.send(method, &path, |request| request).await;
            assert_eq!(refused.error(), error, "{path}");
        }
    }
    let mut both = reply("x", root);
    both["extras"].as_array_mut().unwrap().push(json!({"reply": {"message": root}}));
    assert_eq!(giulia.do_once(Method::POST, &messages, both).await.error(), (422, "invalid"));
    let thread = format!("{messages}/{root}/thread");
    assert_eq!(anna.get(&thread).await.error(), (404, "not_found"));
    assert_eq!(giulia.get(&format!("{thread}?before=x")).await.error(), (400, "invalid"));
    assert_eq!(giulia.get(&format!("{thread}?before=1&after=1")).await.error(), (400, "invalid"));
    assert_eq!(said(&service.get(&thread).await.ok()), ["me"]);
}

#[tokio::test]
async fn each_thread_has_a_draft_that_the_room_does_not_have() {
    let server = Setup::dev().flags(RATES.as_flattened()).start().await;
    let api = Api::of(&server).await;
    let (giulia, anna) = (api.person("giulia"), api.person("anna"));
    let room = &room_of_two(&api).await;
    let mut roots = Vec::new();
    for words in ["where?", "when?"] {
        roots.push(giulia.say(room, words).await.ok()["position"].as_u64().unwrap());
    }
    let draft = |root: u64| format!("/api/chat/rooms/{room}/messages/{root}/thread/draft");
    let written = |text: &str, time: u64| json!({"text": text, "time": time});
    let mut phone = Person::enter(&server, "giulia", Over::Json).await;
    for (root, text, time) in
        [(roots[0], "At the b", 5), (roots[0], "At the bar", 9), (roots[1], "At ten", 7)]
    {
        giulia.put(&draft(root), written(text, time)).await.ok();
    }
    giulia.put(&draft(roots[0]), written("At", 8)).await.ok();
    giulia.put(&format!("/api/chat/rooms/{room}/draft"), written("ciao", 9)).await.ok();
    // What a client that knows no threads takes for the room's comes last, and only once.
    let mut heard = Vec::new();
    let last = phone.event(|event| match event {
        Event::ThreadDraft(draft) => {
            heard.push((draft.root.get(), draft.text.to_string()));
            None
        }
        Event::Draft(draft) => Some(draft.text.to_string()),
        _ => None,
    });
    assert_eq!(last.await, "ciao");
    let ended = [(roots[0], "At the bar".to_owned()), (roots[1], "At ten".to_owned())];
    assert!(heard.ends_with(&ended), "{heard:?}");
    let kept = async || giulia.get("/api/chat/threads/drafts").await.ok()["drafts"].clone();
    let first = json!({"room": room, "root": roots[0], "text": "At the bar", "time": 9});
    let second = json!({"room": room, "root": roots[1], "text": "At ten", "time": 7});
    assert_eq!(kept().await, json!([first, second]));
    let rooms = giulia.get("/api/chat/drafts").await.ok();
    assert_eq!(rooms, json!({"drafts": [{"room": room, "text": "ciao", "time": 9}]}));
    giulia.put(&draft(roots[0]), written("", 10)).await.ok();
    assert_eq!(kept().await, json!([second]));
    // It ends with the root of its thread.
    let root = format!("/api/chat/rooms/{room}/messages/{}", roots[1]);
    giulia.change(Method::DELETE, &root, &super::fresh_uuid(), None).await.ok();
    assert_eq!(kept().await, json!([]));
    let refused = giulia.put(&draft(roots[1]), written("At eleven", 11)).await;
    assert_eq!(refused.error(), (409, "deleted"));
    for (path, error) in [
        (draft(1), (404, "not_found")),
        (format!("/api/chat/rooms/{room}/messages/x/thread/draft"), (400, "invalid")),
    ] {
        assert_eq!(giulia.put(&path, written("x", 12)).await.error(), error, "{path}");
    }
    let foreign = anna.put(&draft(roots[0]), written("x", 12)).await;
    assert_eq!(foreign.error(), (404, "not_found"));
    let long = written(&"x".repeat(5_000), 12);
    assert_eq!(giulia.put(&draft(roots[0]), long).await.status / 100, 4);
}
