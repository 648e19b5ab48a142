//! The walk-through in docs/api.md, run as it stands there.

use std::{collections::BTreeSet, process::Stdio};

use tokio::process::Command;

use super::create_key;
use crate::common::{Setup, soon, token_of};

const DOCUMENT: &str = include_str!("../../../../docs/api.md");
const SEEDS: &str = include_str!("../../../../docs/seeds.md");

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

/// What a place in braces is called does not matter.
fn without_names(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn every_endpoint_that_answers_a_design_is_there() {
    let server = Setup::dev().start().await;
    let (_, text) = server.get("/api/chat/openapi.json").await;
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut known = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            known.insert(format!("{} {}", method.to_uppercase(), without_names(path)));
        }
    }
    let rows = SEEDS.lines().filter_map(|line| line.split('|').nth(2));
    let spans = rows.flat_map(|here| here.split('`').skip(1).step_by(2));
    let named: BTreeSet<_> = spans
        .filter(|span| {
            let method = span.split(' ').next();
            matches!(method, Some("GET" | "PUT" | "POST" | "DELETE"))
                && span.contains(" /api/chat/")
        })
        .map(|span| without_names(span.split('?').next().unwrap()).replace("/cafe/", "/{}/"))
        .collect();
    assert!(named.len() > 20, "{named:?}");
    // Webhooks and streams of events are not in the document of the API.
    let other = ["/api/chat/hooks/", "/api/chat/events"];
    let missing: Vec<_> = named
        .difference(&known)
        .filter(|call| !other.iter().any(|other| call.contains(other)))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
