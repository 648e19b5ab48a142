//! Searching over REST, and making the index again by command.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{Api, Caller, made_room};
use crate::common::{Finished, Server, Setup, run, soon};

/// The words of what was found.
fn said(page: &Value) -> Vec<String> {
    let fragments = |hit: &Value| {
        let parts = hit["excerpt"].as_array().unwrap().iter();
        parts.map(|part| part["text"].as_str().unwrap()).collect::<String>()
    };
    page["hits"].as_array().unwrap().iter().map(fragments).collect()
}

/// Waits until a search finds so many.
async fn finds(by: &Caller<'_>, path: &str, count: usize) -> Value {
    soon("the index", async {
        loop {
            let page = by.get(path).await.ok();
            if said(&page).len() == count {
                return page;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
}

async fn search(server: &Server, arguments: &[&str]) -> Finished {
    let data = server.setup.data();
    let data = ["--data", data.to_str().unwrap()];
    run(&[&["search"], arguments, &data].concat()).await
}

#[tokio::test]
async fn people_search_their_rooms_and_services_one_room() {
    let server = Setup::dev().start().await;
    let api = Api::of(&server).await;
    let service = api.service(&server, "all", "rooms,history,members").await;
    let (giulia, marco) = (api.person("giulia"), api.person("marco"));
    for person in [&giulia, &marco] {
        person.get("/api/chat/rooms").await.ok();
    }
    let room = made_room(&service, "meetup", "9", &["giulia"]).await;
    for number in 1..=3 {
        giulia.say(&room, &format!("Cappuccino numero {number}")).await.ok();
    }
    let all = "/api/chat/search?q=cappuccini%20from:me&limit=2";
    let first = finds(&giulia, all, 2).await;
    let newest = ["Cappuccino numero 3", "Cappuccino numero 2"];
    assert_eq!(said(&first), newest);
    let next = &first["next"];
    let place = format!("{}:{}:{}", next["time"], next["room"].as_str().unwrap(), next["position"]);
    let last = giulia.get(&format!("{all}&before={place}")).await.ok();
    assert_eq!(
        (said(&last), &last["next"]),
        (vec!["Cappuccino numero 1".to_owned()], &Value::Null)
    );
    let in_room = format!("/api/chat/rooms/{room}/search?q=cappu*");
    assert_eq!(said(&service.get(&in_room).await.ok()).len(), 3);
    let poll = json!({"body": {"poll": {"question": "Dove?", "options": ["Al bar", "Al parco"]}}});
    let path = format!("/api/chat/rooms/{room}/messages");
    giulia.do_once(Method::POST, &path, poll).await.ok();
    assert_eq!(said(&finds(&giulia, "/api/chat/search?q=has:poll", 1).await), ["Dove?"]);
    for (query, count) in [
        ("cappuccini%20has:poll", 0),
        ("dove%20before:2100-01-01&time_zone=Europe/Rome", 1),
        ("dove%20after:2100-01-01&time_zone=Europe/Rome", 0),
        ("dove%20after:2020-01-01", 1),
    ] {
        let page = giulia.get(&format!("/api/chat/search?q={query}")).await.ok();
        assert_eq!(said(&page).len(), count, "{query}");
    }
    // It is not his room.
    assert_eq!(marco.get(&in_room).await.error(), (404, "not_found"));
    assert_eq!(said(&marco.get(all).await.ok()), Vec::<String>::new());
    for (path, error) in [
        ("/api/chat/search?q=%3F!", (422, "text_empty")),
        ("/api/chat/search", (422, "text_empty")),
        ("/api/chat/search?q=the", (422, "invalid")),
        ("/api/chat/search?q=pane&before=7", (400, "invalid")),
        ("/api/chat/search?q=has:everything", (422, "invalid")),
        ("/api/chat/search?q=pane%20before:2026-02-30", (422, "invalid")),
        ("/api/chat/search?q=pane%20before:2026-02-20&time_zone=Mars/Olympus", (422, "invalid")),
        (&format!("/api/chat/search?q=pane&time_zone={}", "x".repeat(65)), (400, "invalid")),
    ] {
        assert_eq!(giulia.get(path).await.error(), error, "{path}");
    }
    let long = format!("/api/chat/search?q={}", "x".repeat(10_000));
    assert_eq!(giulia.get(&long).await.error().1, "text_too_long");
    // A rebuild finds the same again.
    assert!(search(&server, &[]).await.worked().contains("no rebuild was ordered"));
    assert!(search(&server, &["rebuild"]).await.worked().contains("rebuild 1, ordered"));
    soon("the rebuild", async {
        while !search(&server, &["status"]).await.worked().contains(" 0 left") {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    })
    .await;
    assert_eq!(said(&giulia.get(all).await.ok()), newest);
}
