//! Invite links, over REST.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Api, fresh_uuid};
use crate::common::Setup;

/// A new secret.
fn secret() -> String {
    fresh_uuid().replace('-', "")
}

#[tokio::test]
async fn people_join_a_group_by_a_link() {
    let server = Setup::dev().start().await;
    let api = Api::of(&server).await;
    let (giulia, marco, anna) = (api.person("giulia"), api.person("marco"), api.person("anna"));
    let group = json!({"name": "Table", "members": []});
    let made = giulia.do_once(Method::POST, "/api/chat/groups", group).await.ok();
    let room = made["room"].as_str().unwrap();
    let invites = format!("/api/chat/rooms/{room}/invites");
    let secret = secret();
    let body = json!({"secret": secret, "max_uses": 1, "name": "Friends"});
    let key = fresh_uuid();
    let first = giulia.change(Method::POST, &invites, &key, Some(body.clone())).await.ok();
    let again = giulia.change(Method::POST, &invites, &key, Some(body)).await.ok();
    assert_eq!(first, again);
    let link = json!({"room": room, "secret": secret});
    let seen = marco.post("/api/chat/invites/preview", link.clone()).await.ok();
    assert_eq!((&seen["name"], &seen["members"]), (&json!("Table"), &json!(1)));
    assert_eq!((&seen["by"]["user"], &seen["member"]), (&json!("giulia"), &json!(false)));
    for _ in 0..2 {
        marco.do_once(Method::POST, "/api/chat/invites/join", link.clone()).await.ok();
    }
    marco.say(room, "ciao").await.ok();
    let late = anna.do_once(Method::POST, "/api/chat/invites/join", link.clone()).await;
    assert_eq!(late.error(), (409, "invite_used_up"));
    let unknown = json!({"room": room, "secret": "0".repeat(32)});
    let unknown = anna.do_once(Method::POST, "/api/chat/invites/join", unknown).await;
    assert_eq!(unknown.error(), (404, "not_found"));
    let short = json!({"room": room, "secret": "abc"});
    let short = anna.do_once(Method::POST, "/api/chat/invites/join", short).await;
    assert_eq!(short.error(), (400, "malformed"));
    let listed = giulia.get(&invites).await.ok();
    let listed = &listed["invites"][0];
    assert_eq!((&listed["uses"], &listed["name"]), (&json!(1), &json!("Friends")));
    let week = listed["expires"].as_u64().unwrap() - listed["made"].as_u64().unwrap();
    assert_eq!(week, 7 * 86_400_000);
    assert!(!listed.to_string().contains(&secret));
    assert_eq!(marco.get(&invites).await.error(), (403, "forbidden"));
    let position = first["position"].as_u64().unwrap();
    let path = format!("{invites}/{position}");
    giulia.change(Method::DELETE, &path, &fresh_uuid(), None).await.ok();
    let gone = anna.do_once(Method::POST, "/api/chat/invites/join", link).await;
    assert_eq!(gone.error(), (409, "invite_revoked"));
    let listed = giulia.get(&invites).await.ok();
    assert_eq!(listed["invites"][0]["revoked"], Value::Bool(true));
}
