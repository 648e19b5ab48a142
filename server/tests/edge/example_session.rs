//! The session that `docs/protocol.md` shows, replayed against the real server: what a stranger
//! reads there is what happens.

use std::collections::BTreeMap;

use bytes::Bytes;
use caffis_link::{Codec, Incoming, Lane, Link, LinkExt as _};
use caffis_transport::ws;
use serde_json::Value;

use crate::common::{Setup, soon, token_of};

const DOCUMENT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/protocol.md"));

/// What the document's `<names>` stand for: bound by the server's first answer that has them.
type Names = BTreeMap<String, Value>;

fn is_name(text: &str) -> bool {
    text.starts_with('<') && text.ends_with('>')
}

/// A frame to send, with the names filled in.
fn fill(template: &Value, names: &Names) -> Value {
    match template {
        Value::String(text) if is_name(text) => names[text].clone(),
        Value::Array(items) => items.iter().map(|item| fill(item, names)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| (key.clone(), fill(value, names))).collect()
        }
        other => other.clone(),
    }
}

/// Whether a frame is what the document shows. A name that is new is bound; one that is known has to
/// be the same.
fn matches(shown: &Value, got: &Value, names: &mut Names) -> bool {
    match (shown, got) {
        (Value::String(text), got) if is_name(text) => match names.get(text) {
            Some(known) => known == got,
            None => {
                names.insert(text.clone(), got.clone());
                true
            }
        },
        (Value::Array(shown), Value::Array(got)) => {
            shown.len() == got.len() && shown.iter().zip(got).all(|(s, g)| matches(s, g, names))
        }
        (Value::Object(shown), Value::Object(got)) => {
            shown.len() == got.len()
                && shown.iter().all(|(key, s)| got.get(key).is_some_and(|g| matches(s, g, names)))
        }
        (shown, got) => shown == got,
    }
}

async fn next(link: &mut Box<dyn Link>) -> Value {
    match soon("a frame", link.recv()).await {
        Incoming::Frame { payload, .. } => serde_json::from_slice(&payload).unwrap(),
        other => panic!("a frame is expected, not {other:?}"),
    }
}

/// Takes frames until all that the document shows have come, in whatever order.
async fn expect(link: &mut Box<dyn Link>, mut shown: Vec<Value>, names: &mut Names) {
    while !shown.is_empty() {
        let got = next(link).await;
        let found = shown.iter().position(|shown| {
            let mut bound = names.clone();
            let found = matches(shown, &got, &mut bound);
            if found {
                *names = bound;
            }
            found
        });
        let found =
            found.unwrap_or_else(|| panic!("not in the document: {got}\nwanted: {shown:#?}"));
        shown.remove(found);
    }
}

#[tokio::test]
async fn the_example_session_is_what_happens() {
    let server = Setup::dev().start().await;
    let options = ws::ClientOptions { codec: Codec::Json, ..ws::ClientOptions::default() };
    let mut link = ws::connect(&server.socket_url(), &options).await.unwrap();
    let mut names = Names::new();
    names.insert("<token>".into(), token_of("ana").into());
    names.insert("<device>".into(), "00112233445566778899aabbccddeeff".into());
    for n in 1..=3 {
        names.insert(format!("<id-{n}>"), format!("{n:032x}").into());
    }

    let mut lines = DOCUMENT.lines().peekable();
    let mut commands = 0;
    while let Some(line) = lines.next() {
        let Some(command) = line.strip_prefix("-> ") else { continue };
        let frame = fill(&serde_json::from_str(command).unwrap(), &names);
        link.send(Lane::MAIN, Bytes::from(frame.to_string())).await.unwrap();
        commands += 1;
        let mut shown = Vec::new();
        while let Some(answer) = lines.next_if(|line| line.starts_with("<- ")) {
            shown.push(serde_json::from_str(&answer[3..]).unwrap());
        }
        expect(&mut link, shown, &mut names).await;
    }
    assert!(commands > 10, "the document shows a session of {commands} frames only");
}
