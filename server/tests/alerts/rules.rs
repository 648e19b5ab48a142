//! The rules themselves, by Prometheus's own tool.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    common::{Setup, http},
    watching::configuration,
};

fn promtool(arguments: &[&str], input: &str) -> String {
    let mut command = Command::new("promtool");
    command.args(arguments).current_dir(configuration());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("promtool is installed: cargo xtask setup");
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(output.status.success(), "promtool {arguments:?}: {text}");
    text
}

#[test]
#[ignore = "needs Prometheus"]
fn the_configuration_is_valid_and_each_alert_fires_when_it_should() {
    promtool(&["check", "config", "prometheus.yml"], "");
    promtool(&["check", "rules", "alerts.yml"], "");
    let tested = promtool(&["test", "rules", "alerts_test.yml"], "");
    assert!(tested.contains("SUCCESS"), "{tested}");
}

#[tokio::test]
#[ignore = "needs Prometheus"]
async fn the_metrics_follow_the_conventions_of_prometheus() {
    let server = Setup::dev().metrics().start().await;
    let url = format!("http://{}/metrics", server.metrics());
    let text = http().get(url).send().await.unwrap().text().await.unwrap();
    assert_eq!(promtool(&["check", "metrics"], &text), "");
}

#[test]
#[ignore = "belongs to the tests that need Prometheus"]
fn the_fault_of_every_alert_is_caused() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/alerts");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let sources: String = files
        .filter(|file| file.extension().is_some_and(|extension| extension == "rs"))
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    let rules = fs::read_to_string(configuration().join("alerts.yml")).unwrap();
    let names = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
    for name in names {
        assert!(sources.contains(&format!("\"{name}\"")), "no test causes {name}");
    }
}
