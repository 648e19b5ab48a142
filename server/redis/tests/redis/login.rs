//! Who is let in, and who hears whom.

use std::time::Duration;

use caffis_core::ports::bus::Bus;
use caffis_redis::{ConnectError, Options, RedisBus};
use caffis_servers::redis::RedisServer;
use tokio::time::timeout;

use crate::common::{
    echo, heals, node, nodes, options, replies, say, subscribed, topic, unavailable, words,
};

/// The rules of a user with no more rights than the bus needs, as `docs/operations.md` has them.
const RULES: [&str; 15] = [
    "on",
    ">s3cret",
    "resetchannels",
    "&caffis:*",
    "+hello",
    "+auth",
    "+publish",
    "+spublish",
    "+subscribe",
    "+unsubscribe",
    "+ssubscribe",
    "+sunsubscribe",
    "+cluster|slots",
    "+select",
    "+ping",
];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a real server"]
async fn a_wrong_password() {
    let server = RedisServer::with(&["--requirepass", "right"]);
    let wrong = options(&server).with_password("wrong");
    let refused = RedisBus::check(&wrong).await.expect_err("refused");
    assert!(matches!(&refused, ConnectError::Refused(_)), "{refused}");
    assert!(!refused.to_string().contains("wrong"), "{refused}");
    let none = RedisBus::check(&options(&server)).await.expect_err("refused");
    assert!(matches!(none, ConnectError::Refused(_)), "{none}");
    let bus = node(1, &wrong);
    let mut subscription = bus.subscribe();
    let reason = unavailable(&bus).await;
    assert!(reason.to_lowercase().contains("password"), "{reason}");
    assert!(subscription.add(&[topic("room")]).await.is_err());
    // The server's password is changed to the one that the node has.
    let url = format!("redis://:right@127.0.0.1:{}", server.port());
    assert_eq!(RedisBus::check(&url.parse().unwrap()).await, Ok(()));
    server.order(&["-a", "right", "CONFIG", "SET", "requirepass", "wrong"]);
    while subscription.add(&[topic("room")]).await.is_err() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    heals(&bus, "room", &mut subscription).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a real server"]
async fn a_user_with_no_more_rights_than_needed() {
    let server = RedisServer::start();
    let rules: Vec<_> = ["ACL", "SETUSER", "caffis"].into_iter().chain(RULES).collect();
    server.order(&rules);
    server.order(&["ACL", "SETUSER", "default", "off"]);
    let url = format!("redis://caffis:s3cret@127.0.0.1:{}", server.port());
    let options: Options = url.parse().unwrap();
    assert_eq!(RedisBus::check(&options).await, Ok(()));
    let [one, two, _] = nodes(&options);
    let mut subscription = subscribed(&two, "room").await;
    say(&one, "room", "hello").await.expect("said");
    assert_eq!(words(&mut subscription).await, "hello");
    echo(&two);
    replies(&one, &two).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a real server"]
async fn a_user_who_may_not_publish_is_told_so() {
    let server = RedisServer::start();
    let rules: Vec<_> = ["ACL", "SETUSER", "caffis"].into_iter().chain(RULES).collect();
    server.order(&rules);
    server.order(&["ACL", "SETUSER", "caffis", "-publish"]);
    let options = options(&server).with_user("caffis").with_password("s3cret");
    let reason = unavailable(&node(1, &options)).await;
    assert!(reason.contains("publish"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a real server"]
async fn clusters_with_different_names_share_a_server() {
    let server = RedisServer::start();
    let named = |name: &str| {
        let url = format!("redis://127.0.0.1:{}/{name}", server.port());
        url.parse::<Options>().unwrap()
    };
    let (blue, green) = (node(1, &named("blue")), node(1, &named("green")));
    let mut heard = subscribed(&green, "room").await;
    echo(&green);
    say(&blue, "room", "not for them").await.expect("said");
    say(&green, "room", "theirs").await.expect("said");
    assert_eq!(words(&mut heard).await, "theirs");
    // The same node of the other cluster takes requests, and gets none.
    let asking = crate::common::ask(&blue, &green);
    assert!(timeout(Duration::from_secs(1), asking).await.is_err(), "nobody replies");
}
