//! What a service may do with each scope, and what it may not.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Api, Caller, fresh_uuid, made_room, notice, texts};
use crate::common::{Over, Person, Setup, token_of};

const SCOPES: [&str; 9] =
    ["rooms", "members", "notices", "states", "history", "people", "webhooks", "reports", "import"];

/// Who may do something: the scopes that are enough.
struct Case {
    name: &'static str,
    method: Method,
    path: String,
    body: Option<Value>,
    enough: &'static [&'static str],
    /// What those hear who have none of them: 403, or as if there were nothing.
    refused: u16,
}

fn cases(room: &str) -> Vec<Case> {
    let rooms = |rest: &str| format!("/api/chat/rooms/{room}{rest}");
    let case = |name, method, path: String, body, enough, refused| Case {
        name,
        method,
        path,
        body,
        enough,
        refused,
    };
    let (get, post, put) = (Method::GET, Method::POST, Method::PUT);
    let user = "/api/chat/people/giulia";
    let webhooks = |rest: &str| format!("/api/chat/webhooks/{rest}");
    vec![
        case(
            "ensure",
            put.clone(),
            "/api/chat/contexts/new/{n}".to_owned(),
            Some(json!({"class": "social"})),
            &["rooms"],
            404,
        ),
        case("room", get.clone(), rooms(""), None, &["states", "history"], 403),
        case(
            "context",
            get.clone(),
            "/api/chat/contexts/meetup/1".to_owned(),
            None,
            &["states", "history"],
            403,
        ),
        case("members", get.clone(), rooms("/members"), None, &["states", "history"], 403),
        case(
            "add",
            post.clone(),
            rooms("/members"),
            Some(json!({"users": ["aiko"]})),
            &["members"],
            403,
        ),
        case(
            "role",
            put.clone(),
            rooms("/members/aiko/role"),
            Some(json!({"role": "member"})),
            &["members"],
            403,
        ),
        case(
            "set",
            put.clone(),
            rooms("/settings"),
            Some(json!({"frozen": false})),
            &["members"],
            403,
        ),
        case("remove", Method::DELETE, rooms("/members/aiko"), None, &["members"], 403),
        case(
            "notice",
            post.clone(),
            rooms("/messages"),
            Some(notice("At nine")),
            &["notices"],
            403,
        ),
        case("entries", get.clone(), rooms("/entries?limit=5"), None, &["history"], 403),
        case("search", get.clone(), rooms("/search?q=ciao&limit=5"), None, &["history"], 403),
        case("message", get.clone(), rooms("/entries/2"), None, &["history"], 403),
        case("previews", get.clone(), rooms("/previews?positions=2,1"), None, &["history"], 403),
        case("revisions", get.clone(), rooms("/messages/{m}/revisions"), None, &["history"], 403),
        case("pins", get.clone(), rooms("/pins"), None, &["history"], 403),
        case("pin", put.clone(), rooms("/messages/{m}/pin"), None, &["members"], 403),
        case("unpin", Method::DELETE, rooms("/messages/{m}/pin"), None, &["members"], 403),
        case("delete", Method::DELETE, rooms("/messages/{m}"), None, &["members"], 403),
        case("may write", get.clone(), format!("{user}/may-write/marco"), None, &["people"], 403),
        case("shares", get.clone(), format!("{user}/shares-room/marco"), None, &["people"], 403),
        case("unread", get.clone(), format!("{user}/unread"), None, &["people"], 403),
        case(
            "connections",
            post.clone(),
            "/api/chat/people/connections".to_owned(),
            Some(json!({"users": ["giulia", "marco"]})),
            &["people"],
            403,
        ),
        case("endpoints", get.clone(), webhooks("endpoints"), None, &["webhooks"], 403),
        case(
            "make endpoint",
            post.clone(),
            webhooks("endpoints/n{n}"),
            Some(json!({"url": "https://8.8.8.8/", "kinds": ["room.context.updated"]})),
            &["webhooks"],
            403,
        ),
        case("dead letters", get.clone(), webhooks("dead-letters"), None, &["webhooks"], 403),
        case("redrive", post.clone(), webhooks("redrive"), None, &["webhooks"], 403),
        case("reports", get.clone(), "/api/chat/reports".to_owned(), None, &["reports"], 403),
        case("poll", get.clone(), rooms("/messages/3/poll"), None, &["history"], 403),
        case("voters", get.clone(), rooms("/messages/3/voters?limit=5"), None, &["history"], 403),
        case("close", post.clone(), rooms("/messages/3/close"), None, &["members"], 403),
        // What belongs to people is for none.
        case("mute", put.clone(), rooms("/mute"), Some(json!({})), &[], 403),
        case("unmute", Method::DELETE, rooms("/mute"), None, &[], 403),
        case(
            "report",
            put.clone(),
            rooms("/messages/{m}/report"),
            Some(json!({"reason": "spam"})),
            &[],
            403,
        ),
        case("edit", put.clone(), rooms("/messages/{m}"), Some(notice("At ten")), &[], 403),
        case("react", put.clone(), rooms("/messages/{m}/reactions/%F0%9F%91%8D"), None, &[], 403),
        case(
            "vote",
            put.clone(),
            rooms("/messages/3/vote"),
            Some(json!({"choices": [0]})),
            &[],
            403,
        ),
        case("hide", put.clone(), rooms("/messages/{m}/hidden"), None, &[], 403),
        case(
            "place",
            put.clone(),
            rooms("/placement"),
            Some(json!({"placement": "pinned"})),
            &[],
            403,
        ),
        case("hand over", put.clone(), rooms("/owner"), Some(json!({"user": "giulia"})), &[], 403),
        case("mentions", get.clone(), "/api/chat/mentions".to_owned(), None, &[], 403),
        case(
            "forward",
            post.clone(),
            rooms("/forwards"),
            Some(json!({"source": room, "position": 2})),
            &[],
            403,
        ),
        case("drafts", get.clone(), "/api/chat/drafts".to_owned(), None, &[], 403),
        case(
            "draft",
            put.clone(),
            rooms("/draft"),
            Some(json!({"text": "ciao", "time": 1})),
            &[],
            403,
        ),
        case("scheduled", get.clone(), "/api/chat/scheduled".to_owned(), None, &[], 403),
        case("scheduled here", get.clone(), rooms("/scheduled"), None, &[], 403),
        case("schedule", post.clone(), rooms("/scheduled"), Some(later()), &[], 403),
        case("change scheduled", put.clone(), rooms(SCHEDULED), Some(later()), &[], 403),
        case("cancel scheduled", Method::DELETE, rooms(SCHEDULED), None, &[], 403),
        case(
            "send scheduled",
            post.clone(),
            rooms("/scheduled/00000000000000000000000000000000/send"),
            None,
            &[],
            403,
        ),
        case("thread", get.clone(), rooms("/messages/2/thread"), None, &["history"], 403),
        case("follow", put.clone(), rooms("/messages/2/thread/follow"), None, &[], 403),
        case("unfollow", Method::DELETE, rooms("/messages/2/thread/follow"), None, &[], 403),
        case(
            "thread read",
            put.clone(),
            rooms("/messages/2/thread/read"),
            Some(json!({"number": 0})),
            &[],
            403,
        ),
        case(
            "thread draft",
            put.clone(),
            rooms("/messages/2/thread/draft"),
            Some(json!({"text": "ciao", "time": 1})),
            &[],
            403,
        ),
        case("thread drafts", get.clone(), "/api/chat/threads/drafts".to_owned(), None, &[], 403),
        case("threads", get.clone(), "/api/chat/threads".to_owned(), None, &[], 403),
        case("stars", get.clone(), "/api/chat/stars".to_owned(), None, &[], 403),
        case("star places", get.clone(), "/api/chat/stars/places".to_owned(), None, &[], 403),
        case("star", put.clone(), rooms("/messages/{m}/star"), None, &[], 403),
        case("unstar", Method::DELETE, rooms("/messages/{m}/star"), None, &[], 403),
        case("me", get.clone(), "/api/chat/me".to_owned(), None, &[], 403),
        case(
            "status",
            put.clone(),
            "/api/chat/me/status".to_owned(),
            Some(json!({"status": "open"})),
            &[],
            403,
        ),
        case(
            "preferences",
            put.clone(),
            "/api/chat/me/preferences".to_owned(),
            Some(json!({"private_receipts": true})),
            &[],
            403,
        ),
        case("delivered", put.clone(), rooms("/delivered"), Some(json!({"number": 1})), &[], 403),
        case(
            "describe",
            put.clone(),
            rooms("/info"),
            Some(json!({"description": "Who has a table?"})),
            &["members"],
            403,
        ),
        case("mention places", get, "/api/chat/mentions/places".to_owned(), None, &[], 403),
        case("leave", post.clone(), rooms("/leave"), None, &[], 403),
        case("read", put.clone(), rooms("/read"), Some(json!({"number": 1})), &[], 403),
        case("group", post, "/api/chat/groups".to_owned(), Some(json!({"name": "Ours"})), &[], 403),
        case("direct", put, "/api/chat/direct/giulia".to_owned(), None, &[], 422),
    ]
}

const SCHEDULED: &str = "/scheduled/00000000000000000000000000000000";

fn later() -> Value {
    json!({"body": {"text": {"text": "ciao"}}, "due": 9_000_000_000_000_u64})
}

/// Tries a case, with a number for what is new and the position of a message.
async fn attempt(by: &Caller<'_>, case: &Case, (number, message): (usize, u64)) -> super::Answered {
    let path = case.path.replace("{n}", &number.to_string());
    let path = path.replace("{m}", &message.to_string());
    by.change(case.method.clone(), &path, &fresh_uuid(), case.body.clone()).await
}

#[tokio::test]
async fn each_scope_allows_what_it_names_and_nothing_else() {
    let server = Setup::dev().start().await;
    let api = Api::of(&server).await;
    let all = api.service(&server, "all", &SCOPES.join(",")).await;
    let room = made_room(&all, "meetup", "1", &["giulia", "marco"]).await;
    Person::enter(&server, "giulia", Over::WebSocket).await;
    let giulia = api.person("giulia");
    let say = async || giulia.say(&room, "ciao").await.ok()["position"].as_u64().unwrap();
    assert_eq!(say().await, 2);
    let poll = json!({"body": {"poll": {"question": "?", "options": ["a", "b"]}}});
    let path = format!("/api/chat/rooms/{room}/messages");
    let asked = giulia.do_once(Method::POST, &path, poll).await.ok();
    assert_eq!(asked["position"], 3, "where the cases look for it");
    for (number, scope) in SCOPES.into_iter().enumerate() {
        let one = api.service(&server, &format!("only-{scope}"), scope).await;
        let message = say().await;
        for case in cases(&room) {
            let answered = attempt(&one, &case, (number, message)).await;
            let expected = if case.enough.contains(&scope) { 200 } else { case.refused };
            assert_eq!(answered.status, expected, "{} by {scope}: {answered:?}", case.name);
        }
    }
    // A key with several may do what each of them allows.
    let message = say().await;
    for case in cases(&room) {
        let expected = if case.enough.is_empty() { case.refused } else { 200 };
        let answered = attempt(&all, &case, (99, message)).await;
        assert_eq!(answered.status, expected, "{}: {answered:?}", case.name);
    }
    let page = all.get(&format!("/api/chat/rooms/{room}/entries")).await.ok();
    let notices = texts(&page).into_iter().filter(|text| *text == "At nine").count();
    assert_eq!(notices, 2, "{page}");
}

#[tokio::test]
async fn what_people_make_among_themselves_is_like_nothing() {
    // So many refusals in a second are not what this is about.
    let rates = [
        ["--commands-per-second", "10000"],
        ["--messages-per-second", "10000"],
        ["--service-requests-per-second", "10000"],
    ];
    let server = Setup::dev().flags(rates.as_flattened()).start().await;
    let api = Api::of(&server).await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let direct = giulia.direct("marco").await;
    giulia.say(direct, "between us").await.unwrap();
    let direct = direct.to_string();
    let nowhere = "0123456789abcdef";
    let service = api.service(&server, "all", "rooms,members,notices,states,people").await;
    let anna = api.person("anna");
    for by in [&service, &anna] {
        for (ours, theirs) in cases(&direct).into_iter().zip(cases(nowhere)) {
            if !ours.path.contains(&direct) {
                continue;
            }
            let foreign = attempt(by, &ours, (0, 2)).await;
            let unknown = attempt(by, &theirs, (0, 2)).await;
            assert_eq!((foreign.status, &foreign.body), (unknown.status, &unknown.body));
            assert_eq!(foreign.error(), (404, "not_found"), "{}", ours.name);
        }
    }
    let auditor = api.service(&server, "audit", "history").await;
    let page = auditor.get(&format!("/api/chat/rooms/{direct}/entries")).await.ok();
    assert_eq!(texts(&page).last().unwrap(), "between us");
    // What they say to each other is not in the summary of whoever may not read it.
    let room = made_room(&service, "meetup", "2", &["giulia"]).await;
    api.person("giulia").say(&room, "hello").await.ok();
    let shown = service.get(&format!("/api/chat/rooms/{room}")).await.ok();
    assert_eq!((&shown["number"], &shown["preview"]), (&json!(1), &Value::Null));
}

#[tokio::test]
async fn services_ask_about_people() {
    let server = Setup::dev().start().await;
    let api = Api::of(&server).await;
    let service = api.service(&server, "map", "people,rooms").await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let direct = giulia.direct("marco").await;
    let about = async |rest: &str| service.get(&format!("/api/chat/people/{rest}")).await.ok();
    assert_eq!(about("giulia/may-write/marco").await, json!({"may_write": true}));
    assert_eq!(about("giulia/may-write/nobody").await, json!({"may_write": false}));
    assert_eq!(about("giulia/shares-room/marco").await, json!({"shares_room": true}));
    assert_eq!(about("giulia/shares-room/nobody").await, json!({"shares_room": false}));
    let before = about("marco/unread").await["messages"].as_u64().unwrap();
    giulia.say(direct, "one").await.unwrap();
    giulia.say(direct, "two").await.unwrap();
    let unread = about("marco/unread").await;
    assert_eq!(unread["messages"], before + 2, "{unread}");
    assert_eq!(unread["unreadable"], 0, "{unread}");
    assert_eq!(api.person("marco").get("/api/chat/people/marco/unread").await.ok(), unread);
    let others = api.person("giulia").get("/api/chat/people/marco/unread").await;
    assert_eq!(others.error(), (403, "forbidden"));
    assert_eq!(service.get("/api/chat/people/nobody/unread").await.error(), (404, "not_found"));
    let users = json!({"users": ["giulia", "marco"]});
    let states = service.post("/api/chat/people/connections", users).await.ok();
    let states = states["people"].as_array().unwrap();
    assert_eq!(
        (&states[0]["user"], &states[0]["availability"]),
        (&json!("giulia"), &json!("online"))
    );
    assert_eq!(states[1]["availability"], "offline");
    let users = json!({"users": ["giulia", "nobody"]});
    let profiles = service.post("/api/chat/people/profiles", users).await.ok();
    assert_eq!(profiles["profiles"].as_array().unwrap().len(), 1);
    // A token of a service does what a key with the same scopes does.
    let minted =
        crate::common::run(&["token", "--dev", "--user", "service:tool", "--right", "people"]);
    let token = minted.await.worked().trim().to_owned();
    let by_token = api.by(&token).get("/api/chat/people/marco/unread").await;
    assert_eq!(by_token.ok(), unread);
    assert_eq!(api.by(&token_of("aiko")).get("/api/chat/people/marco/unread").await.status, 403);
}

#[tokio::test]
async fn a_context_has_one_room() {
    let server = Setup::dev().start().await;
    let api = Api::of(&server).await;
    let service = api.service(&server, "map", "rooms,states").await;
    let path = "/api/chat/contexts/meetup/coffee%2Fmarco%20%C3%A8";
    assert_eq!(service.get(path).await.error(), (404, "not_found"));
    let body =
        json!({"class": "social", "name": "Coffee", "members": ["giulia"], "history": {"last": 5}});
    let made = service.put(path, body.clone()).await.ok();
    assert_eq!(made["context"], json!({"kind": "meetup", "id": "coffee/marco è"}));
    assert_eq!((&made["name"], &made["members"]), (&json!("Coffee"), &json!(1)));
    assert_eq!(service.put(path, body).await.ok()["room"], made["room"]);
    assert_eq!(service.get(path).await.ok()["room"], made["room"]);
    let other = service.put(path, json!({"class": "evidence"})).await;
    assert_eq!(other.error(), (409, "room_class"));
    // Everybody in it has it at once.
    let mine = api.person("giulia").get("/api/chat/rooms").await.ok();
    assert_eq!(mine["rooms"][0]["room"], made["room"]);
}
