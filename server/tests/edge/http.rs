//! The HTTP side.

use caffis_schema::catalogue::{UNKNOWN_STATUS, all};
use serde_json::Value;

use crate::common::{Setup, http};

#[tokio::test]
async fn connect_tells_all_that_a_client_needs() {
    let server = Setup::dev().start().await;
    let answer = http().get(server.url("/api/chat/connect")).send().await.unwrap();
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert!(!answer.headers().contains_key("access-control-allow-origin"));
    let info: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    let port = u64::from(server.udp().port());
    assert_eq!(info["webtransport"]["port"], port);
    assert_eq!(info["webtransport"]["path"], "/api/chat/wt");
    assert_eq!(info["quic"]["port"], port);
    assert_eq!(info["quic"]["alpn"], "caffis/1");
    assert_eq!(info["websocket"]["path"], "/api/chat/ws");
    assert_eq!(info["gated"][0]["engine"], "webkit");
    assert_eq!(info["limits"]["text_chars"], 8_000);
    let (now, ends) = (&info["time"], &info["webtransport"]["certificateExpires"]);
    let days = (ends.as_u64().unwrap() - now.as_u64().unwrap()) / 86_400_000;
    assert!((1..14).contains(&days), "{days}");
}

#[tokio::test]
async fn every_answer_keeps_browsers_on_a_short_leash() {
    let server = Setup::dev().start().await;
    for path in ["/", "/api/chat/connect", "/healthz", "/no/such/place", "/api/nothing"] {
        let answer = http().get(server.url(path)).send().await.unwrap();
        let headers = answer.headers();
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'self';"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
    }
}

#[tokio::test]
async fn the_page_is_served_and_nothing_else_is_found() {
    let server = Setup::dev().start().await;
    let (status, body) = server.get("/").await;
    assert_eq!(status, 200);
    assert!(body.to_lowercase().contains("<!doctype html>"), "{body}");
    for path in [
        "/metrics",
        "/admin",
        "/rooms/anything",
        "/api",
        "/api/nothing",
        "/api/chat/wt",
        "/missing.js",
        "/assets/../../etc/passwd.txt",
    ] {
        let answer = http().get(server.url(path)).send().await.unwrap();
        let problem = problem(answer, 404).await;
        assert_eq!(problem["code"], "not_found", "{path}");
        assert_eq!(problem["title"], "Not Found", "{path}");
    }
}

#[tokio::test]
async fn a_method_that_an_address_does_not_take_is_refused() {
    let server = Setup::dev().start().await;
    for path in ["/", "/healthz", "/api/chat/connect", "/api/chat/ws"] {
        let answer = http().post(server.url(path)).send().await.unwrap();
        let allowed = answer.headers()["allow"].to_str().unwrap().to_owned();
        assert!(allowed.contains("GET"), "{path}: {allowed}");
        assert_eq!(problem(answer, 405).await["code"], "invalid", "{path}");
    }
    let answer = http().delete(server.url("/api/nothing")).send().await.unwrap();
    problem(answer, 404).await;
}

/// The problem details (RFC 9457) of an answer with this status.
async fn problem(answer: reqwest::Response, status: u16) -> Value {
    assert_eq!(answer.status(), status, "{}", answer.url());
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let problem: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    let code = problem["code"].as_str().unwrap();
    assert_eq!(problem["type"], format!("/api/chat/errors#{code}"));
    let known = all().any(|known| known.code == code && known.statuses.contains(&status));
    assert!(known || status == UNKNOWN_STATUS, "{status} {code} is not in the catalogue");
    assert_eq!(problem["status"], status);
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.ends_with('.')), "{problem}");
    problem
}

#[tokio::test]
async fn the_type_of_a_problem_leads_to_what_it_means() {
    let server = Setup::dev().start().await;
    let (status, page) = server.get("/api/chat/errors").await;
    assert_eq!(status, 200);
    for known in all() {
        assert!(page.contains(&format!("<h2 id=\"{0}\">{0}</h2>", known.code)), "{}", known.code);
    }
    assert_eq!(page.matches("<h2 ").count(), all().count());
    assert!(!page.contains('`') && page.contains("<code>retry_after_ms</code>"), "{page}");
}

#[tokio::test]
async fn development_tokens_are_given_to_this_machine_only() {
    let server = Setup::dev().start().await;
    let users: Value = serde_json::from_str(&server.get("/api/chat/dev/users").await.1).unwrap();
    assert_eq!(users["users"][0], serde_json::json!({"user": "giulia", "name": "Giulia"}));
    let ask = |host: Option<&str>, body: &str| {
        let request = http()
            .post(server.url("/api/chat/dev/token"))
            .header("content-type", "application/json")
            .body(body.to_owned());
        host.map_or(request.try_clone().unwrap(), |host| request.header("host", host)).send()
    };
    let given = ask(None, r#"{"user":"giulia"}"#).await.unwrap();
    assert_eq!(given.status(), 200);
    let given: Value = serde_json::from_str(&given.text().await.unwrap()).unwrap();
    assert_eq!(given["token"].as_str().unwrap().split('.').count(), 3);
    assert!(given["expires"].as_u64().is_some());
    // A page of another site whose name leads to this machine sends its own name.
    let foreign = ask(Some("evil.example"), r#"{"user":"giulia"}"#).await.unwrap();
    assert_eq!(foreign.status(), 403);
    for body in ["", "{}", r#"{"user":""}"#, r#"{"user":7}"#, r#"{"user":"a","admin":true}"#] {
        assert_eq!(ask(None, body).await.unwrap().status(), 400, "{body}");
    }
    let large = format!(r#"{{"user":"{}"}}"#, "x".repeat(20_000));
    assert_eq!(ask(None, &large).await.unwrap().status(), 400);
}

#[tokio::test]
async fn a_request_that_is_no_websocket_is_told_so() {
    let server = Setup::dev().start().await;
    let plain = http().get(server.url("/api/chat/ws")).send().await.unwrap();
    assert_eq!(plain.headers()["upgrade"], "websocket");
    problem(plain, 426).await;
    let without_protocol = http()
        .get(server.url("/api/chat/ws"))
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .send()
        .await
        .unwrap();
    problem(without_protocol, 400).await;
}
