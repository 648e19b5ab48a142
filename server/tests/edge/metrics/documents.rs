//! The documents, alerts and dashboard name what there is, and all of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::common::{Scrape, Setup};

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn document(path: &str) -> String {
    fs::read_to_string(project().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

async fn scrape() -> Scrape {
    Setup::dev().metrics().start().await.scrape().await
}

/// The words in a text that look like metrics.
fn metrics_in(text: &str) -> BTreeSet<&str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split(|c| !is_name(c));
    words.filter(|word| word.starts_with("caffis_") || word.starts_with("process_")).collect()
}

/// The alerts: their names and expressions.
fn alerts() -> Vec<(String, String)> {
    let text = document("deploy/prometheus/alerts.yml");
    let mut alerts = Vec::<(String, String)>::new();
    let mut in_expression = false;
    for line in text.lines() {
        let trimmed = line.trim();
        if let Some(name) = trimmed.strip_prefix("- alert: ") {
            alerts.push((name.to_owned(), String::new()));
        } else if let Some(first) = trimmed.strip_prefix("expr: ") {
            alerts.last_mut().unwrap().1.push_str(first);
            in_expression = true;
        } else if trimmed.starts_with("for: ") || trimmed.starts_with("labels:") {
            in_expression = false;
        } else if in_expression {
            alerts.last_mut().unwrap().1.push_str(trimmed);
        }
    }
    alerts
}

/// The expressions of the dashboard.
fn panels() -> Vec<String> {
    let dashboard: Value =
        serde_json::from_str(&document("deploy/grafana/dashboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.filter_map(|panel| panel["targets"].as_array()).flatten();
    targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect()
}

/// `key="value"` and `key=~"one|other"` in an expression.
fn selected(expression: &str) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let parts: Vec<&str> = expression.split('"').collect();
    for pair in parts.chunks(2).filter(|pair| pair.len() == 2) {
        let key = pair[0].trim_end_matches(['=', '~', '!']);
        let start = key.rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let key = &key[start.map_or(0, |at| at + 1)..];
        found.entry(key).or_default().extend(pair[1].split('|'));
    }
    found
}

#[tokio::test]
async fn every_metric_that_is_used_exists_with_its_labels() {
    let scrape = scrape().await;
    let names = scrape.names();
    let alerts = alerts().into_iter().map(|(_, expression)| expression);
    let expressions: Vec<String> = alerts.chain(panels()).collect();
    assert!(expressions.len() > 60, "{}", expressions.len());
    for expression in &expressions {
        let used = metrics_in(expression);
        assert!(!used.is_empty() || expression.contains("up{"), "{expression}");
        for name in used {
            assert!(names.contains(name), "there is no {name}: {expression}");
        }
        for (key, values) in selected(expression) {
            // Prometheus itself adds these.
            if key == "instance" || key == "job" {
                continue;
            }
            let there = scrape.label_values(key);
            for value in values {
                assert!(there.contains(value), "no {key} is {value}: {expression}");
            }
        }
    }
}

#[tokio::test]
async fn every_metric_is_documented_and_nothing_else_is() {
    let scrape = scrape().await;
    let text = document("docs/metrics.md");
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| `")).collect();
    let first = |row: &&str| row.split('|').nth(1).unwrap().to_owned();
    let columns: Vec<String> = rows.iter().map(first).collect();
    let documented: BTreeSet<&str> = columns.iter().flat_map(|names| metrics_in(names)).collect();
    let there: BTreeSet<&str> = scrape.kinds.keys().map(String::as_str).collect();
    assert_eq!(documented, there);
    // Each value of a label with a fixed set of values is named as well, but for commands and codes,
    // which the protocol lists.
    for key in ["reason", "transport", "result", "kind", "cache", "operation", "error", "owner"] {
        for value in scrape.label_values(key) {
            assert!(text.contains(&format!("`{value}`")), "{key} {value} is not documented");
        }
    }
    for name in metrics_in(&text) {
        assert!(there.contains(name), "{name}");
    }
}

#[tokio::test]
async fn names_follow_the_conventions() {
    let scrape = scrape().await;
    for (name, kind) in &scrape.kinds {
        match kind.as_str() {
            "counter" => assert!(name.ends_with("_total"), "{name}"),
            "histogram" => assert!(name.ends_with("_seconds"), "{name}"),
            "gauge" => assert!(!name.ends_with("_total"), "{name}"),
            other => panic!("{name} is a {other}"),
        }
        let is_ours = name.starts_with("caffis_") || name.starts_with("process_");
        assert!(is_ours && !name.contains("__"), "{name}");
    }
}

#[test]
fn every_alert_has_its_section_in_the_runbook_and_its_tests() {
    let (runbook, rules) = (document("docs/runbook.md"), document("deploy/prometheus/alerts.yml"));
    let tests = document("deploy/prometheus/alerts_test.yml");
    let sections: Vec<&str> = runbook.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let mut names: Vec<String> = alerts().into_iter().map(|(name, _)| name).collect();
    for name in &names {
        let anchor = format!("runbook: docs/runbook.md#{}\n", name.to_lowercase());
        assert!(rules.contains(&anchor), "{anchor}");
        let tested = format!("alertname: {name}\n");
        assert_eq!(tests.matches(&tested).count(), 2, "{name} fires, and does not");
    }
    names.sort_unstable();
    let mut sorted = sections.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, names);
    for name in metrics_in(&runbook) {
        assert!(document("docs/metrics.md").contains(&format!("`{name}`")), "{name}");
    }
}
