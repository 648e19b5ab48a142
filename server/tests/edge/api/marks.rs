//! Messages that are marked for people, over REST.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Api, made_room, room_of_two};
use crate::common::Setup;

/// What the messages of a page say.
fn said(page: &Value) -> Vec<&str> {
    let messages = page["messages"].as_array().unwrap().iter();
    messages.map(|marked| marked["message"]["preview"]["text"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn people_find_where_they_are_mentioned() {
    let server = Setup::dev().start().await;
    let api = Api::of(&server).await;
    let service = api.service(&server, "all", "rooms,members,notices").await;
    let (giulia, marco) = (api.person("giulia"), api.person("marco"));
    for person in [&giulia, &marco] {
        person.get("/api/chat/rooms").await.ok();
    }
    let room = made_room(&service, "meetup", "9", &["giulia", "marco"]).await;
    let messages = format!("/api/chat/rooms/{room}/messages");
    let mention = |words: &str, users: &[&str], everybody: bool| {
        let mentions = json!({"users": users, "room": everybody});
        json!({"body": {"text": {"text": words}}, "extras": [{"mentions": mentions}]})
    };
    for words in ["@Marco one", "@Marco two", "@Marco three"] {
        let sent = giulia.do_once(Method::POST, &messages, mention(words, &["marco"], false)).await;
        sent.ok();
    }
    let first = marco.get("/api/chat/mentions?limit=2").await.ok();
    assert_eq!(said(&first), ["@Marco three", "@Marco two"]);
    let next = &first["next"];
    let place = format!("{}:{}:{}", next["time"], next["room"].as_str().unwrap(), next["position"]);
    let last = marco.get(&format!("/api/chat/mentions?before={place}")).await.ok();
    assert_eq!((said(&last), &last["next"]), (vec!["@Marco one"], &Value::Null));
    assert_eq!(said(&giulia.get("/api/chat/mentions").await.ok()), [""; 0]);
    let places = marco.get("/api/chat/mentions/places").await.ok();
    let numbers: Vec<_> =
        places["marks"].as_array().unwrap().iter().map(|it| &it["number"]).collect();
    assert_eq!(numbers, [1, 2, 3]);
    let unread = async || marco.get("/api/chat/people/marco/unread").await.ok()["mentions"].clone();
    assert_eq!(unread().await, 3);
    marco.put(&format!("/api/chat/rooms/{room}/read"), json!({"number": 1})).await.ok();
    assert_eq!(unread().await, 2);
    // An edit takes one back, and gives nobody else the right to mention everybody.
    let position = first["messages"][0]["message"]["position"].as_u64().unwrap();
    let edit =
        json!({"body": {"text": {"text": "three"}}, "mentions": {"users": [], "room": false}});
    giulia.do_once(Method::PUT, &format!("{messages}/{position}"), edit).await.ok();
    assert_eq!(unread().await, 1);
    let left = marco.get("/api/chat/mentions").await.ok();
    assert_eq!(said(&left), ["@Marco two", "@Marco one"]);
    for (body, error) in [
        (mention("@room", &[], true), (403, "forbidden")),
        (mention("@Anna", &["anna"], false), (404, "not_found")),
    ] {
        assert_eq!(giulia.do_once(Method::POST, &messages, body).await.error(), error);
    }
    // A service that manages the members may.
    let mut notice = mention("", &[], true);
    notice["body"] = json!({"system": {"notice": {"text": "@room at nine"}}});
    service.do_once(Method::POST, &messages, notice).await.ok();
    for person in [&giulia, &marco] {
        let page = person.get("/api/chat/mentions").await.ok();
        assert_eq!(said(&page)[0], "@room at nine");
    }
    assert_eq!(marco.get("/api/chat/mentions?before=7").await.error(), (400, "invalid"));
}

#[tokio::test]
async fn people_star_messages_and_find_them_again() {
    let server = Setup::dev().start().await;
    let api = Api::of(&server).await;
    let (giulia, marco) = (api.person("giulia"), api.person("marco"));
    let room = &room_of_two(&api).await;
    let mut positions = Vec::new();
    for words in ["Via dei Mille 12", "codice 4711", "a domani"] {
        positions.push(giulia.say(room, words).await.ok()["position"].as_u64().unwrap());
    }
    let of = |at: usize| format!("/api/chat/rooms/{room}/messages/{}/star", positions[at]);
    for at in [1, 0, 0] {
        marco.send(Method::PUT, &of(at), |request| request).await.ok();
    }
    let first = marco.get("/api/chat/stars?limit=1").await.ok();
    assert_eq!(said(&first), ["Via dei Mille 12"]);
    let next = &first["next"];
    let place = format!("{}:{}:{}", next["time"], next["room"].as_str().unwrap(), next["position"]);
    let last = marco.get(&format!("/api/chat/stars?before={place}")).await.ok();
    assert_eq!((said(&last), &last["next"]), (vec!["codice 4711"], &Value::Null));
    assert_eq!(
        marco.get("/api/chat/stars/places").await.ok()["marks"].as_array().unwrap().len(),
        2
    );
    // Nobody else has them.
    assert_eq!(said(&giulia.get("/api/chat/stars").await.ok()), [""; 0]);
    for _ in 0..2 {
        marco.send(Method::DELETE, &of(0), |request| request).await.ok();
    }
    let delete = format!("/api/chat/rooms/{room}/messages/{}", positions[1]);
    giulia.change(Method::DELETE, &delete, &super::fresh_uuid(), None).await.ok();
    assert_eq!(said(&marco.get("/api/chat/stars").await.ok()), [""; 0]);
    let gone = marco.send(Method::PUT, &of(1), |request| request).await;
    assert_eq!(gone.error().1, "deleted");
    let nothing = format!("/api/chat/rooms/{room}/messages/99/star");
    let nothing = marco.send(Method::PUT, &nothing, |request| request).await;
    assert_eq!(nothing.error(), (404, "not_found"));
}

#[tokio::test]
async fn drafts_follow_a_person_and_the_later_one_counts() {
    let server = Setup::dev().start().await;
    let api = Api::of(&server).await;
    let (giulia, marco) = (api.person("giulia"), api.person("marco"));
    let room = &room_of_two(&api).await;
    let path = format!("/api/chat/rooms/{room}/draft");
    for (text, time) in [("Ci ved", 5), ("Ci vediamo", 9), ("Ci", 7)] {
        giulia.put(&path, json!({"text": text, "time": time})).await.ok();
    }
    let drafts = giulia.get("/api/chat/drafts").await.ok();
    assert_eq!(drafts, json!({"drafts": [{"room": room, "text": "Ci vediamo", "time": 9}]}));
    assert_eq!(marco.get("/api/chat/drafts").await.ok(), json!({"drafts": []}));
    giulia.put(&path, json!({"text": "", "time": 10})).await.ok();
    assert_eq!(giulia.get("/api/chat/drafts").await.ok(), json!({"drafts": []}));
    let foreign = api.person("anna").put(&path, json!({"text": "ciao", "time": 11})).await;
    assert_eq!(foreign.error(), (404, "not_found"));
    let long = json!({"text": "x".repeat(5_000), "time": 11});
    assert_eq!(giulia.put(&path, long).await.status / 100, 4);
}
