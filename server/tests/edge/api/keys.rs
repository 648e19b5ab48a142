//! Keys of services: made, listed, rotated, revoked, and refused.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::{Api, create_key, keys};
use crate::common::{Setup, read, run};

#[tokio::test]
async fn a_key_is_shown_once_and_kept_as_its_digest() {
    let setup = Setup::dev();
    let server = setup.start().await;
    let api = Api::of(&server).await;
    let key = create_key(&server, "map", "people,rooms").await;
    let (name, digits) = key.strip_prefix("cck_").unwrap().split_once('_').unwrap();
    assert_eq!((name, digits.len()), ("map", 64));
    let unread = "/api/chat/people/giulia/unread";
    api.by(&key).get(unread).await.ok();
    let listed = keys(&server, &["list"]).await.worked();
    assert!(listed.contains("map\n  scopes rooms,people\n") && listed.contains("good"), "{listed}");
    assert!(!listed.contains(digits), "{listed}");
    assert!(!server.log().contains(digits), "the log has a secret");
    assert!(server.log().contains("service key made"), "{}", server.log());
    // The use is written beside the request.
    let mut tries = 0;
    while keys(&server, &["list"]).await.worked().contains("used never") {
        tries += 1;
        assert!(tries < 100, "the use is not listed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    server.stop().await;
    let mut folders = vec![setup.data()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else if entry.file_type().unwrap().is_file() {
                let bytes = read(&entry.path());
                let found = bytes.windows(64).any(|bytes| bytes == digits.as_bytes());
                assert!(!found, "{} has the secret", entry.path().display());
            }
        }
    }
    // It is good after a restart, and keys are made without a server too.
    let data = setup.data();
    let offline = ["keys", "create", "--name", "later", "--scope", "people", "--data"];
    let later = run(&[&offline[..], &[data.to_str().unwrap()]].concat()).await.worked();
    let server = setup.start().await;
    let api = Api::of(&server).await;
    api.by(&key).get(unread).await.ok();
    api.by(later.trim()).get(unread).await.ok();
}

#[tokio::test]
async fn an_old_secret_is_good_for_the_time_of_grace() {
    let server = Setup::dev().start().await;
    let api = Api::of(&server).await;
    let unread = "/api/chat/people/giulia/unread";
    let first = create_key(&server, "map", "people").await;
    api.by(&first).get(unread).await.ok();
    let second = keys(&server, &["rotate", "map", "--grace", "1h"]).await.worked();
    let second = second.trim();
    assert_ne!(first, second);
    api.by(&first).get(unread).await.ok();
    api.by(second).get(unread).await.ok();
    assert!(keys(&server, &["list"]).await.worked().contains("rotated, old one until"));
    // The next one takes the place of both.
    let third = keys(&server, &["rotate", "map", "--grace", "0s"]).await.worked();
    for gone in [first.as_str(), second] {
        assert_eq!(api.by(gone).get(unread).await.error(), (401, "token_invalid"));
    }
    api.by(third.trim()).get(unread).await.ok();
    keys(&server, &["rotate", "map", "--grace", "31d"]).await.refused(&["30d"]);
    keys(&server, &["rotate", "nothing"]).await.refused(&["there is no key nothing"]);
}

#[tokio::test]
async fn revoked_expired_and_made_up_keys_are_refused() {
    let server = Setup::dev().start().await;
    let api = Api::of(&server).await;
    let unread = "/api/chat/people/giulia/unread";
    let key = create_key(&server, "map", "people").await;
    api.by(&key).get(unread).await.ok();
    keys(&server, &["revoke", "map"]).await.worked();
    assert_eq!(api.by(&key).get(unread).await.error(), (401, "token_revoked"));
    assert!(keys(&server, &["list"]).await.worked().contains("revoked 20"));
    keys(&server, &["revoke", "map"]).await.refused(&["was revoked"]);
    keys(&server, &["rotate", "map"]).await.refused(&["was revoked"]);
    let taken = keys(&server, &["create", "--name", "map", "--scope", "people"]).await;
    taken.refused(&["there is a key map already"]);

    let soon = ["create", "--name", "soon", "--scope", "people", "--expires", "1ms"];
    let expired = keys(&server, &soon).await.worked();
    tokio::time::sleep(Duration::from_millis(2)).await;
    assert_eq!(api.by(expired.trim()).get(unread).await.error(), (401, "token_expired"));
    assert!(keys(&server, &["list"]).await.worked().contains("expired 20"));

    let made_up = format!("cck_map_{}", "0".repeat(64));
    let unnamed = format!("cck_other_{}", "0".repeat(64));
    for bearer in [made_up.as_str(), &unnamed, "cck_", "cck_map", "", "nonsense", "a.b.c"] {
        let refused = api.by(bearer).get(unread).await;
        assert_eq!(refused.error(), (401, "token_invalid"), "{bearer}");
    }
    keys(&server, &["create", "--name", "Map", "--scope", "people"]).await.refused(&["a-z"]);
    let unknown = keys(&server, &["create", "--name", "all", "--scope", "everything"]).await;
    unknown.refused(&["everything", "rooms"]);
}

#[tokio::test]
async fn each_key_has_a_rate() {
    let server = Setup::dev().flags(&["--service-requests-per-second", "5"]).start().await;
    let api = Api::of(&server).await;
    let one = api.service(&server, "one", "people").await;
    let other = api.service(&server, "other", "people").await;
    let unread = "/api/chat/people/giulia/unread";
    let first = one.get(unread).await;
    assert_eq!(first.headers["ratelimit-policy"], "\"caller\";q=5;w=1");
    assert_eq!(first.headers["ratelimit"], "\"caller\";r=4;t=1");
    let mut refused = None;
    for _ in 0..50 {
        let answered = one.get(unread).await;
        if answered.status == 429 {
            refused = Some(answered);
            break;
        }
    }
    let refused = refused.expect("too many");
    assert_eq!(refused.code(), "rate_limited");
    assert_eq!(refused.headers["ratelimit"], "\"caller\";r=0;t=1");
    assert_eq!(
        (&refused.body["retryable"], &refused.body["outcome"]),
        (&json!(true), &json!("refused"))
    );
    other.get(unread).await.ok();
    // Whoever is not let in, again and again, is not listened to for a moment.
    let stranger = api.by("nonsense");
    let mut statuses = Vec::new();
    for _ in 0..40 {
        statuses.push(stranger.send(Method::GET, unread, |request| request).await.status);
    }
    assert!(statuses.contains(&401) && statuses.contains(&429), "{statuses:?}");
}
