//! The AsyncAPI document that the server gives, against the frames that it takes and sends.

use std::{fs, path::Path, process::Command};

use tempfile::TempDir;

use crate::common::{Setup, http};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python: cargo xtask test --only servers"]
async fn every_frame_is_as_the_document_says() {
    let server = Setup::dev().start().await;
    let folder = TempDir::new().unwrap();
    let document = folder.path().join("asyncapi.json");
    let answer = http().get(server.url("/api/chat/asyncapi.json")).send().await.unwrap();
    fs::write(&document, answer.bytes().await.unwrap()).unwrap();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let schemathesis = std::env::var_os("CAFFIS_SCHEMATHESIS")
        .expect("the program: run `cargo xtask test --only servers`");
    // Its Python has the library that checks.
    let output = Command::new(Path::new(&schemathesis).with_file_name("python"))
        .arg(here.join("tests/kits/realtime.py"))
        .arg(&document)
        .arg(here.join("../schema/golden/frames.json"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let count = text.split(' ').next().and_then(|count| count.parse().ok());
    assert!(count.is_some_and(|count: u32| count > 100), "{text}");
}
