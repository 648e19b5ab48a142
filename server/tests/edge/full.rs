//! A full disk: sends are refused for now, reads go on, and all heals by itself.

use std::time::{Duration, Instant};

use caffis_schema::{ErrorCode, Outcome, Position};

use crate::common::{Over, Person, Setup};

/// The promise: it takes messages again this long after space returned.
const HEALS_WITHIN: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_full_disk_refuses_sends_and_heals_by_itself() {
    let rates = ["--messages-per-second", "100000", "--commands-per-second", "100000"];
    let server = Setup::dev().flags(&rates).start().await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let room = giulia.direct("marco").await;
    let text = "x".repeat(4_000);
    let mut last = giulia.say(room, &text).await.unwrap();
    server.limit_files(Some(600_000));
    let error = loop {
        match giulia.say(room, &text).await {
            Ok(appended) => {
                assert_eq!(appended.position, last.position + 1);
                last = appended;
            }
            Err(error) => break error,
        }
        assert!(last.position < Position(10_000), "it never ran full");
    };
    assert_eq!(error.code, ErrorCode::StorageFull, "{error}");
    assert_eq!(error.outcome, Outcome::Refused);
    assert!(error.retry_after_ms.is_some());
    let (status, body) = server.get("/readyz").await;
    assert_eq!(status, 503);
    assert!(body.contains("storage_full"), "{body}");
    let opened = giulia.open(room).await.unwrap();
    assert_eq!(opened.page.head, last.position, "reads go on");

    server.limit_files(None);
    let begun = Instant::now();
    while server.get("/readyz").await.0 != 200 {
        assert!(begun.elapsed() < HEALS_WITHIN, "{}", server.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let again = giulia.say(room, "there is room again").await.unwrap();
    assert_eq!(again.position, last.position + 1, "nothing that was refused was written");
    let setup = server.setup.clone();
    server.kill().await;
    let server = setup.start().await;
    let mut marco = Person::enter(&server, "marco", Over::WebSocket).await;
    assert_eq!(marco.open(room).await.unwrap().page.head, again.position);
}
