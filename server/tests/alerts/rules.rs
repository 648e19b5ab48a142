//! The rules themselves, by Prometheus's own tool.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::{
    common::{Setup, http, soon},
    disk::Disk,
    watching::{Watch, configuration},
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

#[tokio::test]
#[ignore = "needs Prometheus"]
async fn every_panel_of_the_dashboard_is_a_query_that_prometheus_takes() {
    let file = configuration().join("../grafana/dashboard.json");
    let dashboard: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let server = Disk::quick().setup().start().await;
    let watch = Watch::over(&[server.metrics()]).await;
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let mut filled = 0;
    for target in panels.filter_map(|panel| panel["targets"].as_array()).flatten() {
        let expression = target["expr"].as_str().unwrap();
        // As Grafana fills them in.
        let query = expression.replace("$instance", ".*").replace("$__rate_interval", "1m");
        let answer = soon("an answer", watch.answer(&query)).await.unwrap();
        assert_eq!(answer["status"], "success", "{expression}: {answer}");
        filled += usize::from(!answer["data"]["result"].as_array().unwrap().is_empty());
    }
    // On a quiet server a few show only what goes wrong.
    assert!(filled > 40, "{filled} panels show something");
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
