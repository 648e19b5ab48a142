//! Webhooks of other services, sent as they send them.

mod bad;
mod contexts;
mod relationships;
mod schemas;
mod users;

use caffis_chat::system::SystemClock;
use caffis_core::ports::clock::Clock;
use serde_json::Value;
use standardwebhooks::Webhook;

use crate::common::{Server, Setup, http};

/// The secret of the source `main`.
const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// The secret that takes its place.
const NEXT_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A server that takes webhooks of `main`, which may send everything, and of `map`, which may not.
fn setup() -> Setup {
    let secrets = format!("main:{SECRET},main:{NEXT_SECRET},map:{SECRET}");
    Setup::dev()
        .variable("CAFFIS_HOOK_SECRETS", &secrets)
        .flags(&["--hook-kinds", "main:*,map:user.deleted"])
}

/// A webhook on its way.
struct Sending {
    source: &'static str,
    secret: &'static str,
    id: String,
    time: i64,
    body: String,
}

impl Sending {
    fn new(id: &str, kind: &str, data: &Value) -> Self {
        let time = i64::try_from(SystemClock.now().get() / 1_000).unwrap();
        let body =
            serde_json::json!({"type": kind, "timestamp": "2026-11-26T12:00:00Z", "data": data});
        Self { source: "main", secret: SECRET, id: id.to_owned(), time, body: body.to_string() }
    }

    /// Sends it; status and answer.
    async fn send(&self, server: &Server) -> (u16, Value) {
        let signature = Webhook::new(self.secret).unwrap();
        let signature = signature.sign(&self.id, self.time, self.body.as_bytes()).unwrap();
        self.send_signed(server, &signature).await
    }

    async fn send_signed(&self, server: &Server, signature: &str) -> (u16, Value) {
        let request = http()
            .post(server.url(&format!("/api/chat/hooks/{}", self.source)))
            .header("content-type", "application/json")
            .header("webhook-id", &self.id)
            .header("webhook-timestamp", self.time.to_string())
            .header("webhook-signature", signature)
            .body(self.body.clone());
        answer(request.send().await.unwrap()).await
    }
}

/// Status and body; an error is a problem in the form of RFC 9457.
async fn answer(answer: reqwest::Response) -> (u16, Value) {
    let status = answer.status().as_u16();
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    assert_eq!(kind == "application/problem+json", status >= 400, "{status} {kind}");
    let wait = answer.headers().contains_key("retry-after");
    assert_eq!(wait, matches!(status, 429 | 503), "{status}");
    (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap())
}
