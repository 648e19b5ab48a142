//! What caffis-gen writes is current, and the golden vectors hold.
#![allow(clippy::expect_used, reason = "a helper of tests panics as they do")]

use std::process::Command;

use caffis_schema::{
    ClientFrame, ServerFrame,
    codec::{Codec, decode, encode},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

/// One golden vector.
#[derive(Deserialize)]
struct Vector {
    name: String,
    r#type: String,
    json: Value,
    hex: String,
}

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
    (0..hex.len()).step_by(2).map(digit).collect()
}

fn holds<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(vector: &Vector) {
    let name = &vector.name;
    let binary = bytes(&vector.hex);
    let value: T = decode(&binary, Codec::Binary).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(encode(&value, Codec::Binary).expect("encodes"), binary, "{name}");
    let json = encode(&value, Codec::Json).expect("encodes as JSON");
    let json: Value = serde_json::from_slice(&json).expect("is JSON");
    assert_eq!(json, vector.json, "{name}");
    let from_json: T = decode(vector.json.to_string().as_bytes(), Codec::Json)
        .unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(from_json, value, "{name}");
}

#[test]
fn the_golden_vectors_hold() {
    let vectors: Vec<Vector> =
        serde_json::from_str(include_str!("../golden/frames.json")).expect("a list of vectors");
    assert!(vectors.len() > 100, "{} vectors", vectors.len());
    for vector in &vectors {
        match vector.r#type.as_str() {
            "ClientFrame" => holds::<ClientFrame>(vector),
            "ServerFrame" => holds::<ServerFrame>(vector),
            other => panic!("{}: no type {other}", vector.name),
        }
    }
}

#[test]
fn generated_files_are_current() {
    let check = Command::new(env!("CARGO_BIN_EXE_caffis-gen")).arg("--check").output();
    let check = check.expect("caffis-gen runs");
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}
