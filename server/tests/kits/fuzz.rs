//! Schemathesis makes requests from the OpenAPI document, good ones and bad ones. Each answer is one of those that the
//! document names for its operation, and none says that the server failed.

use std::{fs, process::Command};

use serde_json::Value;
use tempfile::TempDir;

use crate::common::{Server, Setup, http, run, token_of};

/// Examples of each operation, besides those that go through every constraint.
const EXAMPLES: &str = "10";

/// The same requests each time: what fails follows from what was changed. Another seed finds other things.
const SEED: &str = "1";

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance,response_headers_conformance";

/// Teaches it bodies of lines.
const LINES: &str = include_str!("fuzz_lines.py");

/// Runs it for somebody, with a room that there is.
fn fuzz(server: &Server, bearer: &str, room: &str, examples: &str) {
    let folder = TempDir::new().unwrap();
    let config = folder.path().join("schemathesis.toml");
    let parameters = format!(
        "[parameters]\n\"path.room\" = \"{room}\"\n\"path.position\" = 2\n\"path.user\" = \
         [\"giulia\", \"marco\"]\n\"path.other\" = \"marco\"\n"
    );
    fs::write(&config, parameters).unwrap();
    fs::write(folder.path().join("fuzz_lines.py"), LINES).unwrap();
    let program = std::env::var_os("CAFFIS_SCHEMATHESIS")
        .expect("the program: run `cargo xtask test --only servers`");
    let output = Command::new(program)
        .arg("--config-file")
        .arg(&config)
        .arg("run")
        .arg(server.url("/api/chat/openapi.json"))
        .args(["--header", &format!("Authorization: Bearer {bearer}")])
        .args(["--phases", "coverage,fuzzing", "--checks", CHECKS, "--max-examples", examples])
        .args(["--seed", SEED, "--request-timeout", "10", "--continue-on-failure", "--no-color"])
        .env("SCHEMATHESIS_HOOKS", "fuzz_lines")
        .env("PYTHONPATH", folder.path())
        .current_dir(folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    // It has really tried something.
    let counts = text.lines().filter(|line| line.contains("generated,")).collect::<String>();
    let count = counts
        .lines()
        .find_map(|line| line.trim().strip_suffix(" passed")?.rsplit(' ').next()?.parse().ok());
    assert!(count.is_some_and(|count: u32| count > 500), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python: cargo xtask test --only servers"]
async fn no_request_is_answered_in_a_way_that_the_document_does_not_name() {
    let flags = ["--service-requests-per-second", "10000", "--commands-per-second", "10000"];
    let server = Setup::dev().flags(&flags).start().await;
    let data = server.setup.data();
    let scopes = "rooms,members,notices,states,history,people,webhooks,reports,import";
    let arguments = ["keys", "create", "--name", "fuzz", "--scope", scopes, "--data"];
    let key = run(&[&arguments[..], &[data.to_str().unwrap()]].concat()).await;
    let key = key.worked().trim().to_owned();
    let request = http().get(server.url("/api/chat/rooms")).bearer_auth(token_of("giulia"));
    let rooms: Value =
        serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap();
    let room = rooms["rooms"][0]["room"].as_str().unwrap().to_owned();
    for bearer in [key, token_of("giulia")] {
        fuzz(&server, &bearer, &room, EXAMPLES);
    }
}
