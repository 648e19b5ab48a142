//! REST over several nodes: whatever node a request comes to, the answer is the same.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    common::{Over, PATIENCE, Server, http, run, with_json},
    nodes::{Ground, friend, shared},
};

/// How long a key that was revoked on one node may be good on another.
const BOUND: Duration = Duration::from_secs(6);

pub(crate) async fn keys(server: &Server, arguments: &[&str]) -> String {
    let data = server.setup.data();
    let arguments = [&["keys"], arguments, &["--data", data.to_str().unwrap()]].concat();
    run(&arguments).await.worked().trim().to_owned()
}

/// Status and body.
pub(crate) async fn answer(request: reqwest::RequestBuilder, key: &str) -> (u16, Value) {
    let answer = request.bearer_auth(key).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap())
}

pub(crate) async fn get(server: &Server, path: &str, key: &str) -> (u16, Value) {
    answer(http().get(server.url(path)), key).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a real server"]
async fn rest_is_the_same_on_every_node() {
    let ground = Ground::start().await;
    let one = ground.node("one").start().await;
    let two = ground.node("two").start().await;
    shared(&one).await;
    let scopes = "rooms,members,notices,states,history,people";
    let key = keys(&one, &["create", "--name", "map", "--scope", scopes]).await;
    let _giulia = friend(&[&one], "giulia", Over::WebSocket).await;
    let _marco = friend(&[&two], "marco", Over::WebSocket).await;
    let users = json!({"users": ["giulia", "marco", "luca"]});
    for node in [&one, &two] {
        // Each hears of the other's people in a moment.
        let end = Instant::now() + PATIENCE;
        loop {
            let request = with_json(http().post(node.url("/api/chat/people/connections")), &users);
            let (status, states) = answer(request, &key).await;
            assert_eq!(status, 200, "{states}");
            let found = states["people"].as_array().unwrap().iter();
            let found: Vec<_> = found.map(|one| one["availability"].as_str().unwrap()).collect();
            if found == ["online", "online", "offline"] {
                break;
            }
            assert!(Instant::now() < end, "{found:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    // Rooms of both nodes, made and written to on both, with the same key once.
    for number in 0..8 {
        let context = format!("/api/chat/contexts/meetup/{number}");
        let body = json!({"class": "social", "members": ["giulia", "marco"]});
        let made = answer(with_json(http().put(one.url(&context)), &body), &key).await;
        let again = answer(with_json(http().put(two.url(&context)), &body), &key).await;
        assert_eq!((made.0, &made.1["room"]), (200, &again.1["room"]), "{made:?} {again:?}");
        assert_eq!(get(&two, &context, &key).await.1["room"], made.1["room"]);
        let messages = format!("/api/chat/rooms/{}/messages", made.1["room"].as_str().unwrap());
        let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let once = format!("{:032x}", number + 1);
        let once = format!("{once};time={}", time.as_millis());
        let mut answers = Vec::new();
        for node in [&one, &two, &one] {
            let notice = json!({"body": {"system": {"notice": {"text": "At nine"}}}});
            let request = http().post(node.url(&messages)).header("idempotency-key", &once);
            answers.push(answer(with_json(request, &notice), &key).await);
        }
        assert!(answers.iter().all(|a| *a == answers[0] && a.0 == 200), "{answers:?}");
    }
    for node in [&one, &two] {
        let (status, unread) = get(node, "/api/chat/people/luca/unread", &key).await;
        assert!(status == 404 || unread["messages"] == 0, "{unread}");
        let (_, unread) = get(node, "/api/chat/people/marco/unread", &key).await;
        assert_eq!(unread, json!({"messages": 8, "mentions": 0, "rooms": 8, "unreadable": 0}));
        let (_, shares) = get(node, "/api/chat/people/giulia/shares-room/marco", &key).await;
        assert_eq!(shares["shares_room"], true);
    }
    // A key that was revoked on one node is refused on the other within the bound.
    keys(&one, &["revoke", "map"]).await;
    let revoked = Instant::now();
    assert_eq!(get(&one, "/api/chat/people/marco/unread", &key).await.0, 401);
    while get(&two, "/api/chat/people/marco/unread", &key).await.0 != 401 {
        assert!(revoked.elapsed() < BOUND, "the key is still good");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
