//! What a person sets of themselves and of a room, without a connection.

use reqwest::Method;
use serde_json::json;

use super::Api;
use crate::common::{Over, Person, Setup, token_of};

#[tokio::test]
async fn a_person_sets_their_words_and_keeps_to_themselves_what_they_read() {
    let server = Setup::dev().start().await;
    let api = Api::of(&server).await;
    let (giulia, marco) = (api.person("giulia"), api.person("marco"));
    let before = giulia.get("/api/chat/me").await.ok();
    assert_eq!(before["presence"]["availability"], "offline");
    assert_eq!(
        (&before["presence"]["status"], &before["private_receipts"]),
        (&json!(null), &json!(false))
    );
    let put =
        async |status: &str| giulia.put("/api/chat/me/status", json!({"status": status})).await;
    let set = put("At Gilli until six").await.ok();
    assert_eq!(set["presence"]["status"], "At Gilli until six");
    assert_eq!(put("two\nlines").await.error(), (422, "text_not_allowed"));
    assert_eq!(put(&"a".repeat(201)).await.error(), (400, "malformed"));
    let private = json!({"private_receipts": true});
    giulia.put("/api/chat/me/preferences", private).await.ok();
    // Others read the words; what she has read is hers.
    marco.get("/api/chat/rooms").await.ok();
    let direct = giulia.send(Method::PUT, "/api/chat/direct/marco", |request| request).await.ok();
    let room = direct["room"].as_str().unwrap();
    let shown = marco.get(&format!("/api/chat/rooms/{room}")).await.ok();
    assert_eq!(shown["peer_presence"]["status"], "At Gilli until six");
    marco.say(room, "ciao").await.ok();
    giulia.put(&format!("/api/chat/rooms/{room}/delivered"), json!({"number": 1})).await.ok();
    let mut connected = Person::stranger(&server, Over::WebSocket).await;
    let welcome = connected.greet(&token_of("giulia")).await.unwrap();
    assert!(welcome.own.private_receipts);
    put("").await.ok();
    let after = giulia.get("/api/chat/me").await.ok();
    assert_eq!(
        (&after["presence"]["status"], &after["private_receipts"]),
        (&json!(null), &json!(true))
    );
    assert_eq!(after["presence"]["availability"], "online");
    drop(connected);
}

#[tokio::test]
async fn a_group_gets_a_name_a_description_and_another_history() {
    let server = Setup::dev().start().await;
    let api = Api::of(&server).await;
    let (giulia, marco, anna) = (api.person("giulia"), api.person("marco"), api.person("anna"));
    for person in [&marco, &anna] {
        person.get("/api/chat/rooms").await.ok();
    }
    let group = json!({"name": "Saturday"});
    let made = giulia.do_once(Method::POST, "/api/chat/groups", group).await.ok();
    let room = made["room"].as_str().unwrap();
    let rooms = |rest: &str| format!("/api/chat/rooms/{room}{rest}");
    for number in 1..=4 {
        giulia.say(room, &format!("message {number}")).await.ok();
    }
    let set = async |change| giulia.do_once(Method::PUT, &rooms("/info"), change).await;
    set(json!({"name": "Sunday", "description": "Where we meet", "history": {"last": 2}}))
        .await
        .ok();
    for (wrong, code) in
        [(json!({"name": " "}), "text_empty"), (json!({"history": {"last": 101}}), "invalid")]
    {
        assert_eq!(set(wrong).await.error(), (422, code));
    }
    let add = async |who: &str| {
        giulia.do_once(Method::POST, &rooms("/members"), json!({"users": [who]})).await.ok();
    };
    add("marco").await;
    let shown = marco.get(&rooms("")).await.ok();
    assert_eq!(
        (&shown["name"], &shown["description"]),
        (&json!("Sunday"), &json!("Where we meet"))
    );
    let page = marco.get(&rooms("/entries")).await.ok();
    assert_eq!(super::texts(&page), ["message 3", "message 4"]);
    set(json!({"history": "from_joining", "description": ""})).await.ok();
    add("anna").await;
    assert_eq!(anna.get(&rooms("")).await.ok()["description"], json!(null));
    assert_eq!(super::texts(&anna.get(&rooms("/entries")).await.ok()), [""; 0]);
    assert_eq!(super::texts(&marco.get(&rooms("/entries")).await.ok()).len(), 2);
}
