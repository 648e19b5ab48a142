//! What is wrong with a request is said before anything is done, and nothing is done.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{Api, fresh_uuid, made_room, notice, texts};
use crate::common::{Setup, http};

/// How a request is put together.
type Build = Box<dyn FnOnce(RequestBuilder) -> RequestBuilder>;

fn with_key(build: impl FnOnce(RequestBuilder) -> RequestBuilder + 'static) -> Build {
    Box::new(move |request| build(request.header("idempotency-key", fresh_uuid())))
}

fn body(text: impl Into<String>) -> Build {
    let text = text.into();
    with_key(move |request| request.header("content-type", "application/json").body(text))
}

#[tokio::test]
async fn bad_bodies_keys_and_headers_are_refused() {
    let server = Setup::dev().start().await;
    let api = Api::of(&server).await;
    let service = api.service(&server, "map", "rooms,notices,members,history").await;
    let room = made_room(&service, "meetup", "1", &["giulia"]).await;
    let path = format!("/api/chat/rooms/{room}/messages");
    let good = notice("good").to_string();
    let long = |bytes: usize| notice(&"a".repeat(bytes)).to_string();
    let plain = good.clone();
    let unkeyed = good.clone();
    let key_of = |key: &str| -> Build {
        let (key, good) = (key.to_owned(), good.clone());
        Box::new(move |request| {
            let request = request.header("idempotency-key", key);
            request.header("content-type", "application/json").body(good)
        })
    };
    let cases: Vec<(&str, Build, u16, &str)> = vec![
        ("no body", body(""), 400, "malformed"),
        ("no JSON", body("{"), 400, "malformed"),
        ("a list", body("[]"), 400, "malformed"),
        ("a list of the fields' values", body(r#"[{"text":{"text":"x"}}]"#), 400, "malformed"),
        ("nothing in it", body("{}"), 400, "malformed"),
        ("a wrong type", body(json!({"body": 7}).to_string()), 400, "malformed"),
        (
            "a wrong text",
            body(json!({"body": {"text": {"text": 7}}}).to_string()),
            400,
            "malformed",
        ),
        (
            "an unknown field",
            body(json!({"body": {"text": {"text": "x"}}, "extra": 1}).to_string()),
            400,
            "malformed",
        ),
        ("bytes after it", body(format!("{good} x")), 400, "malformed"),
        (
            "an unknown kind",
            body(json!({"body": {"system": {"dance": {}}}}).to_string()),
            422,
            "invalid",
        ),
        ("an empty text", body(notice("  ").to_string()), 422, "text_empty"),
        ("a control character", body(notice("a\u{7}").to_string()), 422, "text_not_allowed"),
        ("too many characters", body(long(8_001)), 422, "text_too_long"),
        ("over the maximum of the protocol", body(long(32_001)), 400, "malformed"),
        ("over the limit of a body", body(long(65_536)), 413, "too_large"),
        (
            "another type of content",
            with_key(move |request| request.header("content-type", "text/plain").body(plain)),
            415,
            "malformed",
        ),
        ("no type of content", with_key(|request| request.body("{}")), 415, "malformed"),
        (
            "no key",
            Box::new(move |request| {
                request.header("content-type", "application/json").body(unkeyed)
            }),
            400,
            "invalid",
        ),
        ("a key that is a word", key_of("order-17"), 400, "invalid"),
        ("a key of version 4", key_of("017f22e2-79b0-4cc3-98c4-dc0c0c07398f"), 400, "invalid"),
    ];
    for (name, build, status, code) in cases {
        let answered = service.send(Method::POST, &path, build).await;
        assert_eq!(answered.error(), (status, code), "{name}: {answered:?}");
        assert_eq!(answered.body["retryable"], false, "{name}");
    }
    let page = service.get(&format!("/api/chat/rooms/{room}/entries")).await.ok();
    assert_eq!(texts(&page), Vec::<String>::new(), "something was done");
    let charset = service.send(Method::POST, &path, |request| {
        let request = request.header("idempotency-key", fresh_uuid());
        request.header("content-type", "application/json; charset=utf-8").body(good.clone())
    });
    charset.await.ok();
    let members = format!("/api/chat/rooms/{room}/members");
    let many: Vec<_> = (0..101).map(|number| format!("u{number}")).collect();
    let answered = service.do_once(Method::POST, &members, json!({"users": many})).await;
    assert_eq!(answered.error(), (400, "malformed"));
    let empty = service.do_once(Method::POST, &members, json!({"users": [""]})).await;
    assert_eq!(empty.error(), (400, "malformed"));
    let with_body = service.send(Method::GET, &members, |request| request.body("{}")).await;
    assert_eq!(with_body.error(), (400, "malformed"));
}

#[tokio::test]
async fn bad_addresses_are_refused() {
    let server = Setup::dev().start().await;
    let api = Api::of(&server).await;
    let giulia = api.person("giulia");
    let room = "0123456789abcdef";
    for path in [
        "/api/chat/rooms?limit=0".to_owned(),
        "/api/chat/rooms?limit=101".to_owned(),
        "/api/chat/rooms?limit=many".to_owned(),
        "/api/chat/rooms?limit=1&limit=2".to_owned(),
        "/api/chat/rooms?after=x".to_owned(),
        "/api/chat/rooms?order=name".to_owned(),
        "/api/chat/rooms/room".to_owned(),
        "/api/chat/rooms/F123456789ABCDEF".to_owned(),
        format!("/api/chat/rooms/{room}/entries?before=1&after=2"),
        format!("/api/chat/rooms/{room}/entries?before=-1"),
        format!("/api/chat/rooms/{room}/entries?before=9007199254740992"),
        format!("/api/chat/rooms/{room}/entries/first"),
        format!("/api/chat/people/{}/unread", "u".repeat(65)),
        format!("/api/chat/contexts/{}/1", "k".repeat(33)),
        format!("/api/chat/contexts/meetup/{}", "i".repeat(161)),
    ] {
        assert_eq!(giulia.get(&path).await.error(), (400, "invalid"), "{path}");
    }
    let kind = giulia.get("/api/chat/contexts/Meetup/1").await;
    assert_eq!(kind.error(), (422, "invalid"));
    // A part that is no text at all.
    let answer = http()
        .get(server.url("/api/chat/contexts/meetup/%FF"))
        .bearer_auth(crate::common::token_of("giulia"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 400);
    let problem: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(problem["code"], "invalid");
    let unknown = http().get(server.url("/api/chat/juggle")).send().await.unwrap();
    assert_eq!(unknown.status(), 404);
}
