//! Messages of the past, imported by a service over REST: one in each request.

use anyhow::ensure;

use super::{count::count, stage::Stage};
use crate::{
    frames::{Clock, TEXT_BYTES},
    http::Http,
    scenarios::{Plan, now, person},
    server::Server,
    tally::Figures,
    token,
};

const DAY: i64 = 86_400_000;

pub(super) async fn measure(plan: &Plan, server: &Server, times: usize) -> anyhow::Result<Figures> {
    let stage = Stage::new(server, times, 0).await?;
    let mut http = Http::connect(server.address).await?;
    let token = token::mint_service("importer", "import");
    let headers =
        format!("Authorization: Bearer {token}\r\nContent-Type: application/x-ndjson\r\n");
    let (room, sender, text) = (stage.place.room, person(0), "x".repeat(TEXT_BYTES));
    let (sent, clock) = (now().offset(-DAY), Clock::start());
    count(plan, server, times, async |n| {
        let line = serde_json::json!({"message": {
            "id": format!("old-{n}"),
            "room": {"id": room.to_string()},
            "sender": sender,
            "sent": sent.get(),
            "body": {"text": {"text": text}},
        }});
        let begun = clock.now();
        http.request("POST /api/chat/import", &headers, &format!("{line}\n")).await?;
        let took = clock.since(begun);
        let answer = http.answer();
        ensure!(answer.contains(r#""created":1"#), "answered with {answer}");
        Ok(took)
    })
    .await
}
