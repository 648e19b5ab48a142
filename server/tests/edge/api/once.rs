//! The same key is done once, over REST and over a connection.

use caffis_schema::{ClientId, Position, Timestamp, room::ClientKey};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use super::{Api, fresh_uuid, made_room, notice, texts};
use crate::common::{Over, Person, Setup};

#[tokio::test]
async fn ten_at_once_with_the_same_key_are_one_message() {
    let server = Setup::dev().start().await;
    let api = Api::of(&server).await;
    let service = api.service(&server, "map", "rooms,notices,members,history").await;
    let room = made_room(&service, "meetup", "1", &["giulia"]).await;
    let path = format!("/api/chat/rooms/{room}/messages");
    let key = fresh_uuid();
    let send = || service.change(Method::POST, &path, &key, Some(notice("At nine")));
    let answers = join_all((0..10).map(|_| send())).await;
    let first = answers[0].clone().ok();
    for answered in answers {
        assert_eq!(answered.ok(), first);
    }
    // The dashes and the quotes are not part of it.
    let dashed = format!(
        "\"{}-{}-{}-{}-{}\"",
        &key[..8],
        &key[8..12],
        &key[12..16],
        &key[16..20],
        &key[20..]
    );
    let again = service.change(Method::POST, &path, &dashed, Some(notice("At nine"))).await;
    assert_eq!(again.ok(), first);
    let other = service.change(Method::POST, &path, &key, Some(notice("At ten"))).await;
    assert_eq!(other.error(), (409, "client_id_reused"));
    let page = service.get(&format!("/api/chat/rooms/{room}/entries")).await.ok();
    assert_eq!(texts(&page), ["At nine"]);
    // Members are added once too, and the answer stays after they were removed.
    let (add, members) = (fresh_uuid(), format!("/api/chat/rooms/{room}/members"));
    let marco = Some(json!({"users": ["marco"]}));
    let added = service.change(Method::POST, &members, &add, marco.clone()).await.ok();
    let remove = format!("{members}/marco");
    service.change(Method::DELETE, &remove, &fresh_uuid(), None).await.ok();
    let again = service.change(Method::POST, &members, &add, marco).await.ok();
    assert_eq!(again, added);
    let listed = service.get(&members).await.ok();
    assert_eq!(listed["members"].as_array().unwrap().len(), 1, "{listed}");
}

#[tokio::test]
async fn a_command_that_was_sent_over_a_connection_is_not_done_again_over_rest() {
    let server = Setup::dev().start().await;
    let api = Api::of(&server).await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let room = giulia.direct("marco").await;
    let uuid = fresh_uuid();
    let id = ClientId(u128::from_str_radix(&uuid, 16).unwrap().to_be_bytes());
    let time = Timestamp(u64::from_str_radix(&uuid[..12], 16).unwrap());
    let key = ClientKey { id, time, head: Position(1) };
    let sent = giulia.say_again(room, "once", key).await.unwrap();
    let by = api.person("giulia");
    let path = format!("/api/chat/rooms/{room}/messages");
    let text = json!({"body": {"text": {"text": "once"}}});
    for header in [uuid.clone(), format!("\"{uuid}\";head=1"), format!("{uuid};time={time};head=1")]
    {
        let again = by.change(Method::POST, &path, &header, Some(text.clone())).await.ok();
        assert_eq!(again["position"], sent.position.get());
    }
    let page = by.get(&format!("/api/chat/rooms/{room}/entries")).await.ok();
    assert_eq!(texts(&page).iter().filter(|text| *text == "once").count(), 1, "{page}");
    // A key that is too old to be remembered, and one from the future.
    let old = by
        .change(Method::POST, &path, &format!("{};time=1", fresh_uuid()), Some(text.clone()))
        .await;
    assert_eq!(old.error(), (409, "expired"));
    let ahead = format!("{};time={}", fresh_uuid(), time + 100_000_000);
    let ahead = by.change(Method::POST, &path, &ahead, Some(text)).await;
    assert_eq!(ahead.error(), (422, "invalid"));
}

#[tokio::test]
async fn what_the_caller_has_already_is_not_sent_again() {
    let server = Setup::dev().metrics().start().await;
    let api = Api::of(&server).await;
    let service = api.service(&server, "map", "rooms,states").await;
    let room = made_room(&service, "meetup", "1", &["giulia", "marco"]).await;
    let giulia = api.person("giulia");
    giulia.say(&room, "ciao").await.ok();
    for path in [format!("/api/chat/rooms/{room}"), format!("/api/chat/rooms/{room}/entries")] {
        let first = giulia.get(&path).await;
        let tag = first.headers["etag"].clone();
        let again = giulia.get(&path).await;
        assert_eq!(again.headers["etag"], tag, "{path}");
        for known in
            [tag.to_str().unwrap().to_owned(), format!("\"x\", W/{}", tag.to_str().unwrap())]
        {
            let (status, headers, body) = giulia.get_known(&path, &known).await;
            assert_eq!((status, body.as_str()), (304, ""), "{path}");
            assert_eq!(headers["etag"], tag);
            assert!(headers.contains_key("ratelimit") && !headers.contains_key("content-type"));
        }
        let (status, ..) = giulia.get_known(&path, "\"other\"").await;
        assert_eq!(status, 200);
        giulia.say(&room, "ancora").await.ok();
        let (status, headers, _) = giulia.get_known(&path, tag.to_str().unwrap()).await;
        assert_eq!(status, 200, "{path}");
        assert_ne!(headers["etag"], tag);
    }
    // What changes something has no tag.
    let said = giulia.say(&room, "e ancora").await;
    assert!(!said.headers.contains_key("etag"));
    // What was answered is counted.
    let nobody = giulia.get("/api/chat/rooms/0123456789abcdef").await;
    assert_eq!(nobody.status, 404);
    let scrape = server.scrape().await;
    for (call, status, least) in [
        ("get_room", "2xx", 4.0),
        ("get_room", "3xx", 2.0),
        ("get_room", "4xx", 1.0),
        ("list_entries", "3xx", 2.0),
        ("send_message", "2xx", 4.0),
    ] {
        let count =
            scrape.value("caffis_rest_requests_total", &[("call", call), ("status", status)]);
        assert!(count >= least, "{call} {status}: {count}");
    }
    for does in ["read", "change"] {
        let count = scrape.value("caffis_rest_duration_seconds_count", &[("does", does)]);
        assert!(count >= 4.0, "{does}: {count}");
    }
}
