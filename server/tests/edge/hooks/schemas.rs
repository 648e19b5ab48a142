//! The published JSON Schemas say what the server takes, and the documentation shows one of each kind.

use std::{collections::BTreeSet, fs, path::PathBuf};

use boon::{Compiler, SchemaIndex, Schemas};
use caffis_schema::{
    hooks::{HOOKS_VERSION, Hook, HookEvent},
    outgoing::ChatEvent,
};
use serde_json::{Value, json};

const DOCUMENT: &str = include_str!("../../../../docs/integration.md");

fn folder() -> PathBuf {
    let schema = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../schema/hooks");
    schema.join(format!("v{HOOKS_VERSION}"))
}

/// The schemas, as an independent library reads them.
struct Published {
    schemas: Schemas,
    compiler: Compiler,
}

impl Published {
    fn new() -> Self {
        let mut compiler = Compiler::new();
        compiler.enable_format_assertions();
        Self { schemas: Schemas::new(), compiler }
    }

    fn of(&mut self, kind: &str) -> SchemaIndex {
        let path = folder().join(format!("{kind}.json"));
        self.compiler.compile(path.to_str().unwrap(), &mut self.schemas).unwrap()
    }

    fn takes(&mut self, body: &Value) -> bool {
        let kind = self.of(body["type"].as_str().unwrap());
        self.schemas.validate(body, kind).is_ok()
    }
}

/// The events in the documentation that services send.
fn examples() -> Vec<Value> {
    let blocks = DOCUMENT.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let bodies = blocks.map(|block| serde_json::from_str::<Value>(block).expect(block));
    let bodies = bodies.filter(|body| body.get("type").is_some() && body.get("data").is_some());
    // The others are those that services receive.
    bodies.filter(|body| !ChatEvent::KINDS.iter().any(|kind| body["type"] == *kind)).collect()
}

#[test]
fn every_kind_has_a_schema_and_an_example() {
    let files = fs::read_dir(folder()).unwrap().map(|file| file.unwrap().file_name());
    let files: BTreeSet<String> = files.map(|name| name.to_string_lossy().into_owned()).collect();
    let kinds = HookEvent::KINDS.iter().map(|kind| format!("{kind}.json"));
    assert_eq!(files, kinds.collect());
    let shown: BTreeSet<_> =
        examples().iter().map(|body| body["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(shown, HookEvent::KINDS.iter().map(|kind| (*kind).to_owned()).collect());
}

#[test]
fn schemas_and_server_agree_on_every_change_of_an_example() {
    let mut published = Published::new();
    let mut tried = 0;
    for example in examples() {
        assert!(published.takes(&example), "{example}");
        assert!(Hook::decode(example.to_string().as_bytes()).is_ok(), "{example}");
        for changed in arrays(&example) {
            assert!(!published.takes(&changed), "{changed}");
            let refused = Hook::decode(changed.to_string().as_bytes()).expect_err("an array");
            assert!(refused.to_string().contains("expected an object"), "{changed}: {refused}");
            tried += 1;
        }
        let fields: Vec<String> = example["data"].as_object().unwrap().keys().cloned().collect();
        for field in fields.iter().map(String::as_str).chain(["foreign"]) {
            for value in values() {
                let mut changed = example.clone();
                match value {
                    Some(value) => changed["data"][field] = value,
                    None => _ = changed["data"].as_object_mut().unwrap().remove(field),
                }
                let taken = Hook::decode(changed.to_string().as_bytes());
                assert_eq!(published.takes(&changed), taken.is_ok(), "{changed}: {taken:?}");
                tried += 1;
            }
        }
    }
    assert!(tried > 100, "{tried}");
}

/// The event with each of its objects in turn as an array of the object's values.
fn arrays(event: &Value) -> Vec<Value> {
    let mut pointers = vec!["/data".to_owned()];
    for (field, value) in event["data"].as_object().unwrap() {
        let nested = value.as_array().map_or_else(
            || vec![(format!("/data/{field}"), value)],
            |all| all.iter().map(|one| (format!("/data/{field}/0"), one)).take(1).collect(),
        );
        pointers.extend(nested.into_iter().filter(|(_, v)| v.is_object()).map(|(at, _)| at));
    }
    let changed = |at: &String| {
        let mut event = event.clone();
        let object = event.pointer_mut(at).unwrap();
        *object = object.as_object().unwrap().values().cloned().collect();
        event
    };
    pointers.iter().map(changed).collect()
}

/// Values that some fields take and others do not; none: the field is absent.
fn values() -> Vec<Option<Value>> {
    let mut values = vec![None];
    let long = "x".repeat(600);
    values.extend(
        [
            json!(null),
            json!(true),
            json!(0),
            json!(1),
            json!(-1),
            json!(0.5),
            json!(91),
            json!(9_007_199_254_740_992_u64),
            json!(""),
            json!("a"),
            json!("it"),
            json!("en-GB"),
            json!("12:30"),
            json!("24:00"),
            json!("Europe/Rome"),
            json!("https://a.example/b"),
            json!("https://a.example/b c"),
            json!("2026-12-01T18:30:00Z"),
            json!("2026-12-01"),
            json!(180),
            json!(["u1", "u2"]),
            json!([""]),
            json!([{"user": "u1", "role": "Worker"}]),
            json!([{"user": "u1"}]),
            json!({"name": "a", "coordinates": {"latitude": 90, "longitude": -180}}),
            json!({"name": "a", "coordinates": {"latitude": 90.5, "longitude": 0}}),
            json!({"name": "a", "floor": 1}),
            json!("a\nb"),
            json!(long),
            json!([]),
            json!(["a"]),
            json!(["a,b"]),
            json!([7]),
            json!(vec!["a"; 2_000]),
            json!({}),
            json!({"start": "22:00", "end": "07:00"}),
            json!({"start": "22:00", "end": "07:00", "zone": "UTC"}),
        ]
        .map(Some),
    );
    values
}
