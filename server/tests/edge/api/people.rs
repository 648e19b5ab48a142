//! What people do with their own token.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Api, fresh_uuid, texts};
use crate::common::{Over, Person, Setup, run};

#[tokio::test]
async fn a_person_has_the_same_chat_as_over_a_connection() {
    let server = Setup::dev().start().await;
    let api = Api::of(&server).await;
    let (giulia, marco) = (api.person("giulia"), api.person("marco"));
    // Whoever calls is known from then on.
    marco.get("/api/chat/rooms").await.ok();
    let key = fresh_uuid();
    let group = json!({"name": "Saturday", "members": ["marco"]});
    let made =
        giulia.change(Method::POST, "/api/chat/groups", &key, Some(group.clone())).await.ok();
    let again = giulia.change(Method::POST, "/api/chat/groups", &key, Some(group)).await.ok();
    assert_eq!(made["room"], again["room"]);
    let room = made["room"].as_str().unwrap();
    let rooms = |rest: &str| format!("/api/chat/rooms/{room}{rest}");
    for number in 1..=5 {
        let sent = giulia.say(room, &format!("message {number}")).await.ok();
        assert_eq!(sent["number"], number);
    }
    // He reads it, page by page, and says so.
    let listed = marco.get("/api/chat/rooms?limit=1").await.ok();
    assert_eq!(
        (&listed["rooms"][0]["room"], &listed["rooms"][0]["unread"]),
        (&json!(room), &json!(5))
    );
    let last = marco.get(&rooms("/entries?limit=2")).await.ok();
    assert_eq!(texts(&last), ["message 4", "message 5"]);
    let before = last["entries"][0]["position"].as_u64().unwrap();
    let earlier = marco.get(&rooms(&format!("/entries?before={before}&limit=2"))).await.ok();
    assert_eq!(texts(&earlier), ["message 2", "message 3"]);
    let one = marco.get(&rooms(&format!("/entries/{before}"))).await.ok();
    assert_eq!(one["kind"]["message"]["body"]["text"]["text"], "message 4");
    marco.put(&rooms("/read"), json!({"number": 4})).await.ok();
    assert_eq!(marco.get(&rooms("")).await.ok()["unread"], 1);
    marco.put(&rooms("/unread"), json!({"number": 2})).await.ok();
    assert_eq!(marco.get(&rooms("")).await.ok()["unread"], 4);
    // Members, page by page.
    let first = marco.get(&rooms("/members?limit=1")).await.ok();
    assert_eq!(
        (&first["members"][0]["profile"]["user"], &first["more"]),
        (&json!("giulia"), &json!(true))
    );
    let second = marco.get(&rooms("/members?limit=1&after=giulia")).await.ok();
    assert_eq!((&second["members"][0]["role"], &second["more"]), (&json!("member"), &json!(false)));
    // What a role does not allow.
    let add = marco.do_once(Method::POST, &rooms("/members"), json!({"users": ["giulia"]})).await;
    assert_eq!(add.error(), (403, "forbidden"));
    let nobody =
        giulia.do_once(Method::POST, &rooms("/members"), json!({"users": ["nobody"]})).await;
    assert_eq!(nobody.error(), (404, "not_found"));
    let role = json!({"role": "admin"});
    giulia.do_once(Method::PUT, &rooms("/members/marco/role"), role).await.ok();
    giulia.change(Method::POST, &rooms("/leave"), &fresh_uuid(), None).await.ok();
    let gone = giulia.get(&rooms("/entries")).await;
    assert_eq!(gone.error(), (404, "not_found"));
    let left = giulia.get("/api/chat/rooms").await.ok();
    assert!(left["rooms"].as_array().unwrap().iter().all(|other| other["room"] != made["room"]));
    let last = marco.change(Method::POST, &rooms("/leave"), &fresh_uuid(), None).await;
    last.ok();
}

#[tokio::test]
async fn a_message_is_edited_reacted_to_and_deleted() {
    let server = Setup::dev().start().await;
    let api = Api::of(&server).await;
    let (giulia, marco) = (api.person("giulia"), api.person("marco"));
    marco.get("/api/chat/rooms").await.ok();
    let direct = giulia.send(Method::PUT, "/api/chat/direct/marco", |request| request).await.ok();
    let room = direct["room"].as_str().unwrap();
    let sent = giulia.say(room, "at nine").await.ok();
    let of = |rest: &str| {
        format!("/api/chat/rooms/{room}/messages/{}{rest}", sent["position"].as_u64().unwrap())
    };
    let words = |text: &str| json!({"body": {"text": {"text": text}}});
    let key = fresh_uuid();
    for _ in 0..2 {
        giulia.change(Method::PUT, &of(""), &key, Some(words("at ten"))).await.ok();
    }
    let foreign = marco.do_once(Method::PUT, &of(""), words("never")).await;
    assert_eq!(foreign.error(), (403, "forbidden"));
    let revisions = giulia.get(&of("/revisions")).await.ok();
    let said: Vec<_> = revisions["revisions"].as_array().unwrap().iter().collect();
    assert_eq!(said.len(), 2, "{revisions}");
    assert_eq!(said[0]["body"]["text"]["text"], "at nine");
    assert_eq!(giulia.get(&of("/revisions?from=1")).await.ok()["revisions"][0], *said[1]);
    assert_eq!(marco.get(&of("/revisions")).await.error(), (403, "forbidden"));
    let thumb = of("/reactions/%F0%9F%91%8D");
    let message = async |by: &super::Caller<'_>| {
        let page = by.get(&format!("/api/chat/rooms/{room}/entries")).await.ok();
        let position = &sent["position"];
        let entries = page["entries"].as_array().unwrap();
        let found = entries.iter().find(|entry| entry["position"] == *position).unwrap();
        found["kind"]["message"].clone()
    };
    marco.change(Method::PUT, &thumb, &fresh_uuid(), None).await.ok();
    let shown = message(&giulia).await;
    assert_eq!(shown["body"]["text"]["text"], "at ten");
    assert!(shown.to_string().contains("\u{1f44d}"), "{shown}");
    let letter = marco.change(Method::PUT, &of("/reactions/a"), &fresh_uuid(), None).await;
    assert_eq!(letter.error(), (422, "not_an_emoji"));
    let long = of(&format!("/reactions/{}", "a".repeat(200)));
    let long = marco.change(Method::PUT, &long, &fresh_uuid(), None).await;
    assert_eq!(long.error(), (422, "not_an_emoji"));
    marco.change(Method::DELETE, &thumb, &fresh_uuid(), None).await.ok();
    assert!(!message(&giulia).await.to_string().contains("\u{1f44d}"));
    giulia.change(Method::DELETE, &of(""), &fresh_uuid(), None).await.ok();
    assert!(!message(&marco).await.to_string().contains("at ten"));
    let late = giulia.do_once(Method::PUT, &of(""), words("again")).await;
    assert_eq!(late.error(), (409, "deleted"));
}

#[tokio::test]
async fn a_message_answers_another_one() {
    let server = Setup::dev().start().await;
    let api = Api::of(&server).await;
    let (giulia, marco) = (api.person("giulia"), api.person("marco"));
    marco.get("/api/chat/rooms").await.ok();
    let direct = giulia.send(Method::PUT, "/api/chat/direct/marco", |request| request).await.ok();
    let room = direct["room"].as_str().unwrap();
    let rooms = |rest: &str| format!("/api/chat/rooms/{room}{rest}");
    let first = giulia.say(room, "at nine?").await.ok()["position"].as_u64().unwrap();
    let answer = |extras: Value| json!({"body": {"text": {"text": "yes"}}, "extras": extras});
    let reply = |position: u64| answer(json!([{"reply": {"message": position}}]));
    let key = fresh_uuid();
    let sent = marco.change(Method::POST, &rooms("/messages"), &key, Some(reply(first))).await.ok();
    // The same key with the same words, but no answer, is another command.
    let other =
        marco.change(Method::POST, &rooms("/messages"), &key, Some(answer(json!([])))).await;
    assert_eq!(other.error(), (409, "client_id_reused"));
    let position = sent["position"].as_u64().unwrap();
    let shown = giulia.get(&rooms(&format!("/entries/{position}"))).await.ok();
    assert_eq!(shown["kind"]["message"]["extras"], json!([{"reply": {"message": first}}]));
    let previews = giulia.get(&rooms(&format!("/previews?positions={first},{position},99"))).await;
    let previews = previews.ok();
    let texts: Vec<_> = previews["previews"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| found["preview"]["text"].as_str().unwrap())
        .collect();
    assert_eq!(texts, ["at nine?", "yes"]);
    assert_eq!(giulia.get(&rooms("/previews")).await.ok()["previews"], json!([]));
    for bad in ["a", "1,", "-1", &vec!["1"; 101].join(",")] {
        let answered = giulia.get(&rooms(&format!("/previews?positions={bad}"))).await;
        assert_eq!(answered.error(), (400, "invalid"), "{bad}");
    }
    let unknown = answer(json!([{"wave": {}}]));
    let bad = giulia.do_once(Method::POST, &rooms("/messages"), unknown).await;
    assert_eq!(bad.error(), (422, "invalid"));
    let nothing = giulia.do_once(Method::POST, &rooms("/messages"), reply(99)).await;
    assert_eq!(nothing.error(), (404, "not_found"));
    // What he wrote nobody else has read.
    let path = rooms(&format!("/messages/{position}"));
    marco.change(Method::DELETE, &path, &fresh_uuid(), None).await.ok();
    let late = giulia.do_once(Method::POST, &rooms("/messages"), reply(position)).await;
    assert_eq!(late.error(), (409, "deleted"));
}

#[tokio::test]
async fn a_message_is_pinned_and_hidden() {
    let server = Setup::dev().start().await;
    let api = Api::of(&server).await;
    let (giulia, marco) = (api.person("giulia"), api.person("marco"));
    marco.get("/api/chat/rooms").await.ok();
    let group = json!({"name": "Saturday", "members": ["marco"]});
    let key = fresh_uuid();
    let made = giulia.change(Method::POST, "/api/chat/groups", &key, Some(group)).await.ok();
    let room = made["room"].as_str().unwrap();
    let rooms = |rest: &str| format!("/api/chat/rooms/{room}{rest}");
    let first = giulia.say(room, "the address").await.ok()["position"].as_u64().unwrap();
    let of = |rest: &str| rooms(&format!("/messages/{first}{rest}"));
    let refused = marco.change(Method::PUT, &of("/pin"), &fresh_uuid(), None).await;
    assert_eq!(refused.error(), (403, "forbidden"));
    let key = fresh_uuid();
    for _ in 0..2 {
        giulia.change(Method::PUT, &of("/pin"), &key, None).await.ok();
    }
    let pins = marco.get(&rooms("/pins")).await.ok();
    assert_eq!(
        (&pins["pins"][0]["message"], &pins["pins"][0]["by"]),
        (&json!(first), &json!("giulia"))
    );
    giulia.change(Method::DELETE, &of("/pin"), &fresh_uuid(), None).await.ok();
    assert_eq!(marco.get(&rooms("/pins")).await.ok()["pins"], json!([]));
    // Hidden for one person, who is not connected at all.
    marco.send(Method::PUT, &of("/hidden"), |request| request).await.ok();
    marco.send(Method::PUT, &of("/hidden"), |request| request).await.ok();
    assert_eq!(texts(&marco.get(&rooms("/entries")).await.ok()), [""; 0]);
    assert_eq!(texts(&giulia.get(&rooms("/entries")).await.ok()), ["the address"]);
    let listed = marco.get(&rooms("")).await.ok();
    assert_eq!(listed["preview"]["text"], "");
    let listed = marco.get("/api/chat/rooms").await.ok();
    assert!(!listed.to_string().contains("the address"), "{listed}");
    let path = rooms("/messages/99/hidden");
    let nothing = marco.send(Method::PUT, &path, |request| request).await;
    assert_eq!(nothing.error(), (404, "not_found"));
}

#[tokio::test]
async fn a_room_is_pinned_archived_and_hidden() {
    let server = Setup::dev().start().await;
    let api = Api::of(&server).await;
    let (giulia, marco) = (api.person("giulia"), api.person("marco"));
    marco.get("/api/chat/rooms").await.ok();
    let mut rooms = Vec::new();
    for name in ["one", "two"] {
        let group = json!({"name": name, "members": ["marco"]});
        let made = giulia.do_once(Method::POST, "/api/chat/groups", group).await.ok();
        rooms.push(made["room"].as_str().unwrap().to_owned());
    }
    giulia.say(&rooms[0], "ciao").await.ok();
    giulia.say(&rooms[1], "ciao").await.ok();
    let place = async |room: &str, placement: &str| {
        let path = format!("/api/chat/rooms/{room}/placement");
        marco.put(&path, json!({"placement": placement})).await
    };
    let first = async || {
        let list = marco.get("/api/chat/rooms?limit=1").await.ok();
        (list["rooms"][0]["room"].as_str().unwrap().to_owned(), list["rooms"][0]["placed"].clone())
    };
    assert_eq!(first().await, (rooms[1].clone(), json!({"placement": "listed", "number": 0})));
    place(&rooms[0], "pinned").await.ok();
    assert_eq!(first().await, (rooms[0].clone(), json!({"placement": "pinned", "number": 1})));
    for placement in ["archived", "hidden"] {
        place(&rooms[0], placement).await.ok();
        let shown = marco.get(&format!("/api/chat/rooms/{}", rooms[0])).await.ok();
        assert_eq!(shown["placed"], json!({"placement": placement, "number": 1}));
    }
    let theirs = giulia.get(&format!("/api/chat/rooms/{}", rooms[0])).await.ok();
    assert_eq!(theirs["placed"], json!({"placement": "listed", "number": 0}));
    assert_eq!(place(&rooms[0], "lost").await.error(), (400, "malformed"));
    assert_eq!(place("0123456789abcdef", "pinned").await.error(), (404, "not_found"));
}

#[tokio::test]
async fn what_is_said_over_rest_is_heard_over_a_connection() {
    let server = Setup::dev().start().await;
    let api = Api::of(&server).await;
    let mut marco = Person::enter(&server, "marco", Over::WebSocket).await;
    let giulia = api.person("giulia");
    let send = Method::PUT;
    let direct = giulia.send(send, "/api/chat/direct/marco", |request| request).await.ok();
    assert_eq!(direct["peer"]["user"], "marco");
    giulia.say(direct["room"].as_str().unwrap(), "ciao").await.ok();
    let heard = marco.event(|event| match event {
        caffis_schema::Event::Entry(entry) => {
            let entry = serde_json::to_value(&entry.entry).unwrap();
            entry["kind"]["message"]["body"]["text"]["text"].as_str().map(str::to_owned)
        }
        _ => None,
    });
    assert_eq!(heard.await, "ciao");
    let alone = giulia.send(Method::PUT, "/api/chat/direct/giulia", |request| request).await;
    assert_eq!(alone.error(), (422, "invalid"));
    let nobody = giulia.send(Method::PUT, "/api/chat/direct/nobody", |request| request).await;
    assert_eq!(nobody.error(), (404, "not_found"));
}

#[tokio::test]
async fn a_person_is_held_to_their_rates_and_to_the_end_of_their_sessions() {
    let rates = ["--messages-per-second", "2", "--commands-per-second", "20"];
    let server = Setup::dev().flags(&rates).start().await;
    let api = Api::of(&server).await;
    let giulia = api.person("giulia");
    let marco = api.person("marco");
    marco.get("/api/chat/rooms").await.ok();
    let direct = giulia.send(Method::PUT, "/api/chat/direct/marco", |request| request).await.ok();
    let room = direct["room"].as_str().unwrap();
    let mut statuses = Vec::new();
    for number in 0..10 {
        statuses.push(giulia.say(room, &number.to_string()).await.status);
    }
    assert!(statuses.contains(&200) && statuses.contains(&429), "{statuses:?}");
    let data = server.setup.data();
    run(&["revoke", "marco", "--data", data.to_str().unwrap()]).await.worked();
    assert_eq!(marco.get("/api/chat/rooms").await.error(), (401, "token_revoked"));
}

#[tokio::test]
async fn a_public_room_is_walked_into_over_a_connection() {
    let server = Setup::dev().start().await;
    let api = Api::of(&server).await;
    let service = api.service(&server, "map", "rooms,notices,history").await;
    let cafe = "/api/chat/contexts/cafe/nero";
    let made = service.put(cafe, json!({"class": "public", "name": "Nero"})).await.ok();
    let room = made["room"].as_str().unwrap();
    // Everybody finds it; to read and write there one has to be there.
    let giulia = api.person("giulia");
    let found: Value = giulia.get(cafe).await.ok();
    assert_eq!((&found["room"], &found["role"]), (&json!(room), &Value::Null));
    let entries = giulia.get(&format!("/api/chat/rooms/{room}/entries")).await;
    assert_eq!(entries.error(), (404, "not_found"));
    assert_eq!(giulia.say(room, "hello").await.error(), (404, "not_found"));
}

#[tokio::test]
async fn a_message_is_forwarded_with_who_wrote_it() {
    let server = Setup::dev().start().await;
    let api = Api::of(&server).await;
    let (giulia, marco) = (api.person("giulia"), api.person("marco"));
    marco.get("/api/chat/rooms").await.ok();
    let direct = giulia.send(Method::PUT, "/api/chat/direct/marco", |request| request).await.ok();
    let group = json!({"name": "Others"});
    let group =
        marco.change(Method::POST, "/api/chat/groups", &fresh_uuid(), Some(group)).await.ok();
    let source = direct["room"].as_str().unwrap();
    let sent = giulia.say(source, "at nine").await.ok();
    let path = format!("/api/chat/rooms/{}/forwards", group["room"].as_str().unwrap());
    let body = json!({"source": source, "position": sent["position"]});
    let key = fresh_uuid();
    // It is not her group.
    let refused = giulia.do_once(Method::POST, &path, body.clone()).await;
    assert_eq!(refused.error(), (404, "not_found"));
    let first = marco.change(Method::POST, &path, &key, Some(body.clone())).await.ok();
    // What is gone meanwhile gives the same answer to the same key, and nothing to another.
    let delete = format!("/api/chat/rooms/{source}/messages/{}", sent["position"]);
    giulia.change(Method::DELETE, &delete, &fresh_uuid(), None).await.ok();
    assert_eq!(marco.change(Method::POST, &path, &key, Some(body.clone())).await.ok(), first);
    assert_eq!(marco.do_once(Method::POST, &path, body).await.error().1, "deleted");
    let entry = format!(
        "/api/chat/rooms/{}/entries/{}",
        group["room"].as_str().unwrap(),
        first["position"]
    );
    let message = &marco.get(&entry).await.ok()["kind"]["message"];
    assert_eq!(
        (&message["sender"], &message["body"]["text"]["text"]),
        (&json!("marco"), &json!("at nine"))
    );
    let origin = json!({"forwarded": {"by": "giulia", "time": sent["time"], "place": null}});
    assert_eq!(message["extras"], json!([origin]));
}
