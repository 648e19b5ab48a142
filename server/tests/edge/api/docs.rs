//! The walk-through in docs/api.md, run as it stands there.

use std::process::Stdio;

use tokio::process::Command;

use super::create_key;
use crate::common::{Setup, soon, token_of};

const DOCUMENT: &str = include_str!("../../../../docs/api.md");

/// The blocks of a kind.
fn blocks<'a>(kind: &str) -> Vec<&'a str> {
    let start = format!("```{kind}\n");
    let parts = DOCUMENT.split(start.as_str()).skip(1);
    parts.map(|part| part.split("```").next().unwrap()).collect()
}

#[tokio::test]
async fn the_walk_through_works() {
    let server = Setup::dev().start().await;
    let key = create_key(&server, "map", "rooms,members,notices,states,people").await;
    let script = blocks("sh walk").join("\n");
    assert!(script.matches("curl").count() >= 6, "{script}");
    let mut command = Command::new("bash");
    command
        .args(["-euo", "pipefail", "-c", &script])
        .env("CHAT", server.url(""))
        .env("KEY", key)
        .env("TOKEN", token_of("anna"))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = soon("the walk-through", command.output()).await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{wrong}");
    // Each answer that the page shows comes, in this order.
    let mut rest = &*said;
    for expected in blocks("json walk") {
        let expected = expected.trim();
        let at = rest.find(expected).unwrap_or_else(|| panic!("{expected} does not come: {said}"));
        rest = &rest[at + expected.len()..];
    }
}
