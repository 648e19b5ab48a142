//! The OpenAPI document: it is whole, it is what the server does, and the console shows it.

use std::{collections::BTreeSet, time::Duration};

use boon::{Compiler, Schemas};
use caffis_schema::{
    hooks::{HOOKS_VERSION, HookEvent},
    outgoing::{ChatEvent, EVENTS_VERSION},
};
use serde_json::Value;

use super::{Api, distinct};
use crate::common::{Setup, http};

/// Every object in a value.
fn objects<'a>(value: &'a Value, found: &mut Vec<&'a serde_json::Map<String, Value>>) {
    match value {
        Value::Object(object) => {
            found.push(object);
            object.values().for_each(|value| objects(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| objects(value, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_document_is_whole() {
    let server = Setup::dev().start().await;
    let api = Api::of(&server).await;
    let document = &api.document;
    assert_eq!(document["openapi"], "3.1.0");
    let mut found = Vec::new();
    objects(document, &mut found);
    let references: BTreeSet<_> =
        found.iter().filter_map(|object| object.get("$ref")?.as_str()).collect();
    assert!(references.len() > 10, "{references:?}");
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("a place in the document");
        assert!(document.pointer(pointer).is_some_and(Value::is_object), "{reference}");
    }
    let schemas = document["components"]["schemas"].as_object().unwrap();
    assert!(schemas.values().all(Value::is_object), "a schema was not made");
    let mut ids = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        assert!(path.starts_with("/api/chat/"), "{path}");
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            ids.push(id);
            assert!(!operation["summary"].as_str().unwrap().is_empty(), "{id}");
            assert!(!operation["security"].as_array().unwrap().is_empty(), "{id}");
            let parameters = operation["parameters"].as_array().unwrap();
            let in_path: BTreeSet<_> = parameters
                .iter()
                .filter(|parameter| parameter["in"] == "path")
                .map(|parameter| format!("{{{}}}", parameter["name"].as_str().unwrap()))
                .collect();
            let named: BTreeSet<_> =
                path.split('/').filter(|part| part.starts_with('{')).map(str::to_owned).collect();
            assert_eq!(in_path, named, "{id}");
            assert!(!operation["requestBody"].is_object() || method != "get", "{id}");
            assert!(operation["responses"]["200"]["content"]["application/json"].is_object());
        }
    }
    assert!(distinct(ids.iter().copied()), "{ids:?}");
    // What a schema says holds for JSON Schema too.
    for name in schemas.keys() {
        let reference = serde_json::json!({"$ref": format!("#/components/schemas/{name}")});
        let mut whole = reference;
        whole["components"] = document["components"].clone();
        let (mut all, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("urn:schema", whole).unwrap();
        compiler.compile("urn:schema", &mut all).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[tokio::test]
async fn every_operation_is_routed_and_wants_to_know_who_calls() {
    let server = Setup::dev().start().await;
    let api = Api::of(&server).await;
    let methods = [
        reqwest::Method::GET,
        reqwest::Method::POST,
        reqwest::Method::PUT,
        reqwest::Method::DELETE,
    ];
    for (path, described) in api.document["paths"].as_object().unwrap() {
        for method in &methods {
            let is_described = described[method.as_str().to_lowercase()].is_object();
            let path = path.replace("{room}", "0123456789abcdef").replace(['{', '}'], "");
            let answer = loop {
                let request = http().request(method.clone(), server.url(&path));
                let answer = request.send().await.unwrap();
                if answer.status() != 429 {
                    break answer;
                }
                // An address may be refused so often in a second.
                tokio::time::sleep(Duration::from_millis(200)).await;
            };
            // Whoever is not known hears nothing else, whatever is wrong beside.
            let expected = if is_described { 401 } else { 405 };
            assert_eq!(answer.status(), expected, "{method} {path}");
            if is_described {
                api.checked(method, &path, answer).await;
            }
        }
    }
}

#[tokio::test]
async fn the_console_loads_nothing_from_elsewhere() {
    let server = Setup::production().flags(&["--token-secret", &"s".repeat(32)]).start().await;
    let page = http().get(server.url("/api/chat/docs")).send().await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(!policy.contains("unsafe"), "{policy}");
    let page = page.text().await.unwrap();
    assert!(!page.contains("//") && !page.contains("style="), "{page}");
    for (kind, path) in [
        ("text/css", "/api/chat/docs/console.css"),
        ("text/javascript", "/api/chat/docs/console.js"),
    ] {
        assert!(page.contains(path), "{path}");
        let answer = http().get(server.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with(kind));
        let text = answer.text().await.unwrap();
        assert!(!text.contains("http://") && !text.contains("https://"), "{path}");
    }
    assert_eq!(server.get("/api/chat/openapi.json").await.0, 200);
}

#[tokio::test]
async fn the_realtime_protocol_is_described_where_it_is_spoken() {
    let server = Setup::dev().start().await;
    let read = async |path: &str| -> Value {
        let (status, text) = server.get(path).await;
        assert_eq!(status, 200, "{path}");
        serde_json::from_str(&text).unwrap()
    };
    let document = read("/api/chat/asyncapi.json").await;
    assert_eq!(document["asyncapi"], "3.0.0");
    let connect = read("/api/chat/connect").await;
    assert_eq!(document["channels"]["chat"]["address"], connect["websocket"]["path"]);
    let mut references = BTreeSet::new();
    let mut found = Vec::new();
    objects(&document, &mut found);
    for object in found {
        references.extend(object.get("$ref").and_then(Value::as_str).map(str::to_owned));
    }
    assert!(references.len() > 100, "{} references", references.len());
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

#[tokio::test]
async fn the_schemas_of_webhooks_are_where_their_list_says() {
    let server = Setup::dev().start().await;
    let read = async |path: &str| -> Value {
        let answer = http().get(server.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    };
    let list = read("/api/chat/schemas").await;
    for (direction, known, version) in
        [("hooks", HookEvent::KINDS, HOOKS_VERSION), ("events", ChatEvent::KINDS, EVENTS_VERSION)]
    {
        let kinds = list[direction].as_object().unwrap();
        assert_eq!(kinds.len(), known.len());
        for kind in known {
            let schema = read(kinds[*kind].as_str().unwrap()).await;
            assert_eq!(schema["$id"], format!("urn:caffis-chat:{direction}:v{version}:{kind}"));
            assert_eq!(schema["properties"]["type"]["const"], *kind);
            let mut compiler = Compiler::new();
            compiler.add_resource("kind.json", schema).unwrap();
            compiler.compile("kind.json", &mut Schemas::new()).unwrap();
        }
    }
    for unknown in ["hooks/v1/user.renamed.json", "hooks/v2/user.deleted.json", "hooks"] {
        let answer = http().get(server.url(&format!("/api/chat/schemas/{unknown}")));
        assert_eq!(answer.send().await.unwrap().status(), 404, "{unknown}");
    }
}
