//! Whether the servers could lose what they acknowledged.
//!
//! Two things decide that: how many servers keep a row, and whether a server has a write on its disk when it
//! acknowledges it. Both are settings of the servers, so they are looked at, and whoever starts a node decides
//! what they accept.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::future::join_all;
use scylla::{
    client::session::Session,
    cluster::Node,
    policies::load_balancing::{NodeIdentifier, SingleTargetLoadBalancingPolicy},
    statement::Statement,
};

use crate::{
    failure::sentence,
    options::{ConnectError, Options, Replication},
    session::{self, Profiles},
};

/// With so many copies, a write is on two servers when it is acknowledged, and one of them may be lost.
const ENOUGH_COPIES: u32 = 3;

/// How long one server may take to say how it writes its commit log.
const ANSWER: Duration = Duration::from_secs(2);

/// Where a server says so: Apache Cassandra, and the versions of ScyllaDB that do.
const COMMIT_LOG: [&str; 2] = [
    "SELECT value FROM system_views.settings WHERE name = 'commitlog_sync'",
    "SELECT value FROM system.config WHERE name = 'commitlog_sync'",
];

/// What can lose writes that were acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Too few servers keep a row.
    Replication,
    /// A server acknowledges before the write is on its disk.
    CommitLog,
}

impl Loss {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Replication, Self::CommitLog];

    /// Its name in configurations.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Replication => "replication",
            Self::CommitLog => "commit_log",
        }
    }
}

/// A setting of the servers that can lose acknowledged writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Risk {
    /// What kind it is.
    pub loss: Loss,
    /// What is set, what follows from it, and what to do.
    pub sentence: String,
}

impl Risk {
    fn new(loss: Loss, sentence: String) -> Self {
        Self { loss, sentence }
    }
}

/// Looks at the keyspace, or at what a new one would get, and at the commit log of every server. A server
/// that does not say how it writes its commit log is only logged: ScyllaDB does not in every version, and a
/// role may not be allowed to ask.
///
/// # Errors
/// The servers cannot be reached.
pub async fn risks(options: &Options) -> Result<Vec<Risk>, ConnectError> {
    let session = session::connect(options, &Profiles::new(options)).await?;
    let found = keyspace(&session, &options.keyspace).await;
    let found = found.map_err(|reason| ConnectError::unreachable(options, reason))?;
    let mut risks = match found {
        Some((replication, durable_writes)) => {
            let mut risks = existing(&options.keyspace, &replication);
            if !durable_writes {
                let sentence = format!(
                    "the keyspace {} does not use the commit log: servers that lose their power lose \
                     acknowledged messages. Set durable_writes = true",
                    options.keyspace
                );
                risks.push(Risk::new(Loss::CommitLog, sentence));
            }
            risks
        }
        None => planned(&options.keyspace, &options.replication),
    };
    risks.extend(commit_logs(&session).await);
    Ok(risks)
}

/// The replication of a keyspace, and whether its writes are logged; none where there is no keyspace.
async fn keyspace(
    session: &Session,
    name: &str,
) -> Result<Option<(BTreeMap<String, String>, bool)>, String> {
    let text = "SELECT replication, durable_writes FROM system_schema.keyspaces \
                WHERE keyspace_name = ?";
    let answer = session.query_unpaged(Statement::new(text), (name,)).await;
    let rows = answer.map_err(sentence)?.into_rows_result().map_err(sentence)?;
    rows.maybe_first_row().map_err(sentence)
}

/// The risks of the copies that a keyspace has.
fn existing(keyspace: &str, replication: &BTreeMap<String, String>) -> Vec<Risk> {
    let copies = replication.iter().filter(|(key, _)| *key != "class");
    let few = copies.filter(|(_, copies)| number(copies) < ENOUGH_COPIES);
    let risk = |(place, copies): (&String, &String)| {
        let place = match place.as_str() {
            "replication_factor" => String::new(),
            centre => format!(" in the data centre {centre}"),
        };
        let sentence = format!(
            "the keyspace {keyspace} has a replication of {copies}{place}: servers that are lost take \
             acknowledged messages with them. Make it {ENOUGH_COPIES} by ALTER KEYSPACE, then run \
             `nodetool repair --full` on each server"
        );
        Risk::new(Loss::Replication, sentence)
    };
    few.map(risk).collect()
}

/// How many copies a text means: a number, one with `/` and those that are temporary, or a list of racks. A
/// text that means nothing else is none.
fn number(text: &str) -> u32 {
    let full = text.split('/').next().unwrap_or_default();
    match text.strip_prefix('[') {
        Some(racks) => racks.split(',').filter(|rack| rack.contains(char::is_alphanumeric)).count(),
        None => full.trim().parse().unwrap_or(0),
    }
    .try_into()
    .unwrap_or(u32::MAX)
}

/// The risks of the copies that a new keyspace would get.
fn planned(keyspace: &str, replication: &Replication) -> Vec<Risk> {
    let risk = |copies: u8, place: String| {
        let sentence = format!(
            "the keyspace {keyspace} would get a replication of {copies}{place}: servers that are lost \
             would take acknowledged messages with them. Ask for {ENOUGH_COPIES}, on as many servers"
        );
        (u32::from(copies) < ENOUGH_COPIES).then(|| Risk::new(Loss::Replication, sentence))
    };
    match replication {
        Replication::Everywhere(copies) => risk(*copies, String::new()).into_iter().collect(),
        Replication::In(centres) => centres
            .iter()
            .filter_map(|(centre, copies)| risk(*copies, format!(" in the data centre {centre}")))
            .collect(),
    }
}

/// The risks of the commit logs; one for all servers that have the same.
async fn commit_logs(session: &Session) -> Vec<Risk> {
    let state = session.get_cluster_state();
    let nodes = state.get_nodes_info();
    let answers = join_all(nodes.iter().map(|node| commit_log(session, node))).await;
    let mut servers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (node, answer) in nodes.iter().zip(answers) {
        let address = node.address.to_string();
        match answer {
            Ok(how) if is_written_first(&how) => {}
            Ok(how) => servers.entry(how).or_default().push(address),
            Err(reason) => tracing::warn!(
                server = address,
                reason,
                "this CQL server does not say how it writes its commit log: see that its commitlog_sync is \
                 batch or group"
            ),
        }
    }
    servers.into_iter().map(|(how, servers)| commit_log_risk(&how, &servers)).collect()
}

fn commit_log_risk(how: &str, servers: &[String]) -> Risk {
    let sentence = format!(
        "commitlog_sync is {how} on {}: servers that lose their power lose what they acknowledged in the last \
         seconds. Set commitlog_sync to batch or group in their configuration, and start them again",
        servers.join(", ")
    );
    Risk::new(Loss::CommitLog, sentence)
}

/// Whether a server acknowledges after it has written to its disk.
fn is_written_first(how: &str) -> bool {
    matches!(how, "batch" | "group")
}

/// How one server writes its commit log.
async fn commit_log(session: &Session, node: &Arc<Node>) -> Result<String, String> {
    let mut reasons = Vec::new();
    for text in COMMIT_LOG {
        let mut statement = Statement::new(text);
        let node = NodeIdentifier::Node(Arc::clone(node));
        statement.set_load_balancing_policy(Some(SingleTargetLoadBalancingPolicy::new(node, None)));
        statement.set_request_timeout(Some(ANSWER));
        match value(session, statement).await {
            // ScyllaDB writes texts in quotes.
            Ok(Some(value)) => return Ok(value.trim_matches('"').to_lowercase()),
            Ok(None) => reasons.push("it does not know commitlog_sync".to_owned()),
            Err(reason) => reasons.push(reason),
        }
    }
    Err(reasons.join("; "))
}

async fn value(session: &Session, statement: Statement) -> Result<Option<String>, String> {
    let answer = session.query_unpaged(statement, ()).await.map_err(sentence)?;
    let rows = answer.into_rows_result().map_err(sentence)?;
    let row = rows.maybe_first_row::<(Option<String>,)>().map_err(sentence)?;
    Ok(row.and_then(|(value,)| value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(replication: &[(&str, &str)]) -> Vec<Risk> {
        let replication = replication.iter().map(|(key, value)| ((*key).into(), (*value).into()));
        existing("chat", &replication.collect())
    }

    #[test]
    fn fewer_than_three_copies_in_any_data_centre_are_a_risk() {
        let topology = ("class", "org.apache.cassandra.locator.NetworkTopologyStrategy");
        for enough in ["3", "5", "4/1", "['one', 'two', 'three']"] {
            assert_eq!(of(&[topology, ("milan", "3"), ("rome", enough)]), [], "{enough}");
        }
        for few in ["1", "2", "2/1", "['one', 'two']", "[]", "", "many"] {
            let risks = of(&[topology, ("milan", "3"), ("rome", few)]);
            let [risk] = &risks[..] else { panic!("{few}: {risks:?}") };
            assert_eq!(risk.loss, Loss::Replication);
            let sentence = &risk.sentence;
            assert!(sentence.contains("in the data centre rome: "), "{sentence}");
            assert!(!sentence.contains("milan"), "{sentence}");
        }
        let simple = of(&[("class", "SimpleStrategy"), ("replication_factor", "1")]);
        assert!(simple[0].sentence.contains("has a replication of 1: "), "{simple:?}");
    }

    #[test]
    fn a_keyspace_is_judged_before_it_is_made() {
        assert_eq!(planned("chat", &Replication::default()), []);
        assert_eq!(planned("chat", &Replication::Everywhere(2)).len(), 1);
        let centres = BTreeMap::from([("milan".to_owned(), 3), ("rome".to_owned(), 1)]);
        let risks = planned("chat", &Replication::In(centres));
        assert_eq!(risks.len(), 1);
        assert!(risks[0].sentence.contains("would get a replication of 1 in the data centre rome"));
    }

    #[test]
    fn only_what_is_on_the_disk_counts() {
        assert!(is_written_first("batch") && is_written_first("group"));
        assert!(!is_written_first("periodic") && !is_written_first(""));
        let risk = commit_log_risk("periodic", &["db1".to_owned(), "db2".to_owned()]);
        assert!(risk.sentence.starts_with("commitlog_sync is periodic on db1, db2: "));
        assert_eq!(Loss::ALL.map(Loss::name), ["replication", "commit_log"]);
    }
}
