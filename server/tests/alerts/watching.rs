//! Prometheus as it sees a server.

use std::{collections::BTreeSet, net::SocketAddr, path::PathBuf, time::Duration};

use caffis_servers::prometheus::Prometheus;
use serde_json::Value;

use crate::common::{http, soon};

/// The configuration of this project.
pub(crate) fn configuration() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../deploy/prometheus")
}

/// A Prometheus that reads some servers.
pub(crate) struct Watch(Prometheus);

impl Watch {
    /// Starts it; waits until it knows the servers, and sees nothing wrong.
    pub(crate) async fn over(targets: &[SocketAddr]) -> Self {
        let watch = Self(Prometheus::start(&configuration(), targets));
        watch.settled().await;
        watch.evaluated().await;
        let active = watch.active().await;
        assert!(active.is_empty(), "before anything happened: {active:?}");
        watch
    }

    /// Starts it over servers that are in trouble already; waits until it sees that, and nothing else.
    pub(crate) async fn over_trouble(targets: &[SocketAddr], alert: &str) -> Self {
        let watch = Self(Prometheus::start(&configuration(), targets));
        watch.settled().await;
        watch.sees(&[alert]).await;
        watch.evaluated().await;
        let active = watch.active().await;
        assert!(active.iter().eq([alert]), "besides {alert}: {active:?}");
        watch
    }

    /// Waits until every server was read a few times, so that what changes from now on is seen as a change.
    pub(crate) async fn settled(&self) {
        let settled = async {
            loop {
                let counts = self.query("min(count_over_time(up{job=\"caffis-chat\"}[1m]))").await;
                let up = self.query("min(up{job=\"caffis-chat\"})").await;
                if counts.is_some_and(|count| count >= 4.0) && up == Some(1.0) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        soon("the first readings", settled).await;
    }

    async fn get(&self, path: &str) -> Value {
        // It may listen before it answers.
        loop {
            let answer = http().get(self.0.url(path)).send().await;
            if let Ok(answer) = answer
                && answer.status() == 200
            {
                return serde_json::from_str(&answer.text().await.unwrap()).unwrap();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What Prometheus answers to an expression.
    pub(crate) async fn answer(&self, expression: &str) -> Option<Value> {
        let query = [("query", expression)];
        let url = reqwest::Url::parse_with_params(&self.0.url("/api/v1/query"), query);
        let answer = http().get(url.unwrap()).send().await.ok()?;
        serde_json::from_str(&answer.text().await.ok()?).ok()
    }

    /// The value of an expression that gives one.
    pub(crate) async fn query(&self, expression: &str) -> Option<f64> {
        let answer = self.answer(expression).await?;
        answer["data"]["result"][0]["value"][1].as_str()?.parse().ok()
    }

    /// The alerts whose expression is true now, whether or not it has been for long enough.
    pub(crate) async fn active(&self) -> BTreeSet<String> {
        let answer = soon("the alerts", self.get("/api/v1/alerts")).await;
        let alerts = answer["data"]["alerts"].as_array().unwrap();
        let name = |alert: &Value| alert["labels"]["alertname"].as_str().unwrap().to_owned();
        alerts.iter().map(name).collect()
    }

    /// Waits until every alert was looked at once more.
    pub(crate) async fn evaluated(&self) {
        let times = async || {
            let answer = self.get("/api/v1/rules").await;
            let groups = answer["data"]["groups"].as_array().unwrap().iter();
            groups.map(|group| group["lastEvaluation"].clone()).collect::<Vec<_>>()
        };
        let before = times().await;
        let evaluating = async {
            while times().await.iter().zip(&before).any(|(now, before)| now == before) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        soon("another look at the alerts", evaluating).await;
    }

    /// Waits until an expression has such a value.
    pub(crate) async fn until(&self, what: &str, expression: &str, wanted: impl Fn(f64) -> bool) {
        let waiting = async {
            while !self.query(expression).await.is_some_and(&wanted) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        soon(what, waiting).await;
    }

    /// Waits until the expressions of these alerts are true.
    pub(crate) async fn sees(&self, wanted: &[&str]) {
        let seeing = async {
            loop {
                let active = self.active().await;
                if wanted.iter().all(|name| active.contains(*name)) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        soon(&format!("{wanted:?}"), seeing).await;
    }
}
