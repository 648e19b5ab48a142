//! Locations and places over REST.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answered, Api, Caller, room_of_two};
use crate::common::Setup;

async fn send(by: &Caller<'_>, room: &str, body: Value) -> Answered {
    let path = format!("/api/chat/rooms/{room}/messages");
    by.do_once(Method::POST, &path, json!({"body": body})).await
}

#[tokio::test]
async fn places_are_sent_kept_found_and_forwarded() {
    let server = Setup::dev().flags(&["--commands-per-second", "10000"]).start().await;
    let api = Api::of(&server).await;
    let (giulia, marco) = (api.person("giulia"), api.person("marco"));
    let room = &room_of_two(&api).await;
    let location = json!({"location": {
        "coordinates": " 45.4642000, -9.19", "accuracy": 12, "name": " Duomo ", "address": ""
    }});
    let at = send(&giulia, room, location).await.ok()["position"].clone();
    let entry = marco.get(&format!("/api/chat/rooms/{room}/entries/{at}")).await.ok();
    assert_eq!(
        entry["kind"]["message"]["body"]["location"],
        json!({"coordinates": "45.4642,-9.19", "accuracy": 12, "name": "Duomo", "address": null})
    );
    let place = json!({"place": {
        "name": "Caff\u{e8} Zefiro", "phone": "+39 02 1234", "website": "https://zefiro.example/",
        "address": "Via Brera 1", "coordinates": "45.47,9.18"
    }});
    send(&giulia, room, place.clone()).await.ok();
    let listed = marco.get(&format!("/api/chat/rooms/{room}")).await.ok();
    assert_eq!(listed["preview"]["text"], "\u{1f4cd} Caff\u{e8} Zefiro, Via Brera 1");
    for (word, found) in [("duomo", 1), ("brera", 1)] {
        let search = format!("/api/chat/rooms/{room}/search?q={word}");
        while marco.get(&search).await.ok()["hits"].as_array().unwrap().len() != found {
            tokio::task::yield_now().await;
        }
    }
    let forward = json!({"source": room, "position": at});
    let path = format!("/api/chat/rooms/{room}/forwards");
    let copy = marco.do_once(Method::POST, &path, forward).await.ok()["position"].clone();
    let copy = marco.get(&format!("/api/chat/rooms/{room}/entries/{copy}")).await.ok();
    assert_eq!(copy["kind"]["message"]["body"], entry["kind"]["message"]["body"]);
    let edit = json!({"body": {"text": {"text": "elsewhere"}}});
    let refused =
        giulia.do_once(Method::PUT, &format!("/api/chat/rooms/{room}/messages/{at}"), edit).await;
    assert_eq!(refused.error(), (422, "invalid"));
}

#[tokio::test]
async fn a_live_location_is_begun_and_ended_over_rest() {
    let server = Setup::dev().flags(&["--messages-per-second", "10000"]).start().await;
    let api = Api::of(&server).await;
    let (giulia, marco) = (api.person("giulia"), api.person("marco"));
    let room = &room_of_two(&api).await;
    let path = format!("/api/chat/rooms/{room}/messages");
    let at = |coordinates: &str| json!({"location": {"coordinates": coordinates}});
    let listed = giulia.get(&format!("/api/chat/rooms/{room}")).await.ok();
    let now = listed["active"].as_u64().unwrap();
    let live = |until: u64| json!([{"live_location": {"until": until}}]);
    for (body, until) in [
        (at("1,1"), now - 1),
        (at("1,1"), now + 9 * 3_600_000),
        (json!({"text": {"text": "here"}}), now + 3_600_000),
    ] {
        let said = json!({"body": body, "extras": live(until)});
        let refused = giulia.do_once(Method::POST, &path, said).await;
        assert_eq!(refused.error(), (422, "invalid"), "{until}");
    }
    let until = now + 3_600_000;
    let said = json!({"body": at("45.46,9.19"), "extras": live(until)});
    let sent = giulia.do_once(Method::POST, &path, said).await.ok()["position"].clone();
    let entry = format!("/api/chat/rooms/{room}/entries/{sent}");
    assert_eq!(marco.get(&entry).await.ok()["kind"]["message"]["extras"], live(until));
    let (message, end) = (format!("{path}/{sent}"), json!({"body": at("45.5,9.2")}));
    assert_eq!(marco.do_once(Method::PUT, &message, end.clone()).await.error(), (403, "forbidden"));
    giulia.do_once(Method::PUT, &message, end.clone()).await.ok();
    let ended = marco.get(&entry).await.ok();
    assert_eq!(ended["kind"]["message"]["body"]["location"]["coordinates"], "45.5,9.2");
    assert_eq!(ended["kind"]["message"]["edited"]["revision"], 1);
    assert_eq!(giulia.do_once(Method::PUT, &message, end).await.error(), (422, "invalid"));
}

#[tokio::test]
async fn what_is_nowhere_and_leads_nowhere_is_refused() {
    let server = Setup::dev().flags(&["--messages-per-second", "10000"]).start().await;
    let api = Api::of(&server).await;
    let giulia = api.person("giulia");
    let room = &room_of_two(&api).await;
    for (location, error) in [
        (json!({"coordinates": "91,0"}), (422, "invalid")),
        (json!({"coordinates": "0,181"}), (422, "invalid")),
        (json!({"coordinates": "here"}), (422, "invalid")),
        (json!({"coordinates": "1.12345678,0"}), (422, "invalid")),
        (json!({"coordinates": "1,1", "accuracy": 100_001}), (422, "invalid")),
        (json!({"coordinates": "1,1", "accuracy": -1}), (400, "malformed")),
        (json!({"coordinates": "1,1", "name": "a\nb"}), (422, "text_not_allowed")),
        (json!({"coordinates": "1".repeat(40)}), (400, "malformed")),
        (json!({"name": "Duomo"}), (400, "malformed")),
    ] {
        let refused = send(&giulia, room, json!({"location": location})).await;
        assert_eq!(refused.error(), error, "{location}");
    }
    for (place, error) in [
        (json!({"name": " "}), (422, "text_empty")),
        (json!({"name": "x", "website": "javascript:alert(1)"}), (422, "invalid")),
        (json!({"name": "x", "website": "https://a@b.example"}), (422, "invalid")),
        (json!({"name": "x", "phone": "call me"}), (422, "invalid")),
        (json!({"name": "x", "coordinates": "1"}), (422, "invalid")),
        (json!({"name": "x".repeat(129)}), (400, "malformed")),
        (json!({"phone": "112"}), (400, "malformed")),
    ] {
        let refused = send(&giulia, room, json!({"place": place})).await;
        assert_eq!(refused.error(), error, "{place}");
    }
}
