//! Which crate may import which, checked against what cargo resolves. ARCHITECTURE.md has the picture.

#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use serde_json::Value;

/// The crates of ours that one crate may import.
struct Rule {
    name: &'static str,
    /// In the product.
    imports: &'static [&'static str],
    /// Beyond those, in its tests.
    tests: &'static [&'static str],
}

const SCHEMA: &str = "caffis-schema";
const LINK: &str = "caffis-link";
const TRANSPORT: &str = "caffis-transport";
const CERTS: &str = "caffis-certs";
const CORE: &str = "caffis-core";
const EMBEDDED: &str = "caffis-embedded";
const REDIS: &str = "caffis-redis";
const RELAY: &str = "caffis-relay";
const SERVERS: &str = "caffis-servers";
const CONFORMANCE: &str = "caffis-conformance";
const SCYLLA: &str = "caffis-scylla";
const SIM: &str = "caffis-sim";
const CLIENT: &str = "caffis-client";
const WORDS: &str = "caffis-words";
const SERVER: &str = "caffis-chat";

const RULES: [Rule; 19] = [
    Rule { name: SCHEMA, imports: &[], tests: &[] },
    Rule { name: LINK, imports: &[], tests: &[] },
    Rule { name: TRANSPORT, imports: &[LINK], tests: &[CERTS] },
    Rule { name: CERTS, imports: &[], tests: &[] },
    Rule { name: CORE, imports: &[SCHEMA, LINK, WORDS], tests: &[CONFORMANCE] },
    Rule {
        name: "caffis-core-tests",
        imports: &[],
        tests: &[SCHEMA, LINK, CORE, WORDS, CONFORMANCE],
    },
    Rule { name: WORDS, imports: &[], tests: &[] },
    Rule { name: EMBEDDED, imports: &[SCHEMA, CORE], tests: &[CONFORMANCE] },
    Rule { name: REDIS, imports: &[CORE], tests: &[CONFORMANCE, SERVERS] },
    Rule { name: RELAY, imports: &[], tests: &[SERVERS] },
    Rule { name: SCYLLA, imports: &[CORE], tests: &[CONFORMANCE, SERVERS] },
    Rule { name: SERVERS, imports: &[], tests: &[] },
    Rule { name: CONFORMANCE, imports: &[SCHEMA, CORE], tests: &[] },
    Rule { name: SIM, imports: &[SCHEMA, LINK, CORE, CLIENT, CONFORMANCE], tests: &[] },
    Rule {
        name: SERVER,
        imports: &[SCHEMA, LINK, TRANSPORT, CERTS, CORE, EMBEDDED, REDIS, RELAY, SCYLLA, CLIENT],
        tests: &[CONFORMANCE, SERVERS],
    },
    Rule { name: "caffis-model", imports: &[], tests: &[] },
    Rule { name: CLIENT, imports: &[SCHEMA, LINK, TRANSPORT], tests: &[CERTS] },
    Rule { name: "caffis-bench", imports: &[SCHEMA, LINK, TRANSPORT, CLIENT, SERVERS], tests: &[] },
    Rule { name: "xtask", imports: &[], tests: &[] },
];

/// Sockets and stores of others: never below core, however indirectly.
const NOT_UNDER_CORE: [&str; 12] = [
    "axum",
    "fjall",
    "h3",
    "hyper",
    "quinn",
    "quinn-proto",
    "redis",
    "reqwest",
    "rustls",
    "scylla",
    "tungstenite",
    "wtransport",
];

/// What core may not ask tokio for: sockets, files, processes.
const NOT_FROM_TOKIO: [&str; 4] = ["fs", "full", "net", "process"];

/// The workspace as cargo resolves it for this machine.
struct Graph {
    /// Package id to name.
    names: BTreeMap<String, String>,
    members: BTreeSet<String>,
    /// Package id to the ids that it needs, with the kind: `normal`, `build` or `dev`.
    edges: BTreeMap<String, Vec<(String, String)>>,
}

impl Graph {
    fn load() -> Self {
        let metadata = metadata();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let list = |value: &Value| value.as_array().unwrap().clone();
        let names = list(&metadata["packages"])
            .iter()
            .map(|package| (text(&package["id"]), text(&package["name"])))
            .collect();
        let members = list(&metadata["workspace_members"]).iter().map(text).collect();
        let mut edges = BTreeMap::new();
        for node in list(&metadata["resolve"]["nodes"]) {
            let mut needs = Vec::new();
            for dependency in list(&node["deps"]) {
                for kind in list(&dependency["dep_kinds"]) {
                    let kind = kind["kind"].as_str().unwrap_or("normal").to_owned();
                    needs.push((text(&dependency["pkg"]), kind));
                }
            }
            edges.insert(text(&node["id"]), needs);
        }
        Self { names, members, edges }
    }

    fn member(&self, name: &str) -> &str {
        self.members.iter().find(|id| self.names[*id] == name).unwrap()
    }

    /// The workspace members that a crate names itself, in its product or in its tests.
    fn imports(&self, name: &str, in_tests: bool) -> BTreeSet<&str> {
        self.edges[self.member(name)]
            .iter()
            .filter(|(id, kind)| self.members.contains(id) && (kind == "dev") == in_tests)
            .map(|(id, _)| self.names[id].as_str())
            .filter(|import| *import != name)
            .collect()
    }

    /// Everything that a crate's product is built from.
    fn under(&self, name: &str) -> BTreeSet<&str> {
        let mut seen = BTreeSet::new();
        let mut open = vec![self.member(name)];
        while let Some(id) = open.pop() {
            for (needed, kind) in &self.edges[id] {
                if kind != "dev" && seen.insert(needed.as_str()) {
                    open.push(needed);
                }
            }
        }
        seen.into_iter().map(|id| self.names[id].as_str()).collect()
    }
}

fn metadata() -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let target = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let host = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let output = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--locked", "--filter-platform", &host])
        .args(["--manifest-path", target])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Imports that are not allowed.
fn breaches<'a>(found: &BTreeSet<&'a str>, allowed: &[&str]) -> Vec<&'a str> {
    found.iter().copied().filter(|name| !allowed.contains(name)).collect()
}

#[test]
fn each_crate_imports_only_what_the_design_allows() {
    let graph = Graph::load();
    for rule in RULES {
        let product = graph.imports(rule.name, false);
        assert_eq!(breaches(&product, rule.imports), Vec::<&str>::new(), "{}", rule.name);
        let allowed = [rule.imports, rule.tests].concat();
        let tests = graph.imports(rule.name, true);
        assert_eq!(breaches(&tests, &allowed), Vec::<&str>::new(), "tests of {}", rule.name);
    }
}

#[test]
fn every_crate_has_a_rule() {
    let graph = Graph::load();
    let members: BTreeSet<_> = graph.members.iter().map(|id| graph.names[id].as_str()).collect();
    assert_eq!(members, RULES.iter().map(|rule| rule.name).collect());
}

#[test]
fn core_reaches_no_socket_and_no_store() {
    let graph = Graph::load();
    let under = graph.under(CORE);
    assert!(under.contains("bytes"), "the walk is empty: {under:?}");
    let found: Vec<_> = NOT_UNDER_CORE.iter().filter(|name| under.contains(**name)).collect();
    assert!(found.is_empty(), "{CORE} reaches {found:?}");
}

#[test]
fn core_asks_tokio_for_no_sockets() {
    // Asked of the manifest: in the resolved graph, features of all crates are mixed.
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let core = packages.iter().find(|package| package["name"] == CORE).unwrap();
    let dependencies = core["dependencies"].as_array().unwrap();
    let tokio = |dependency: &&Value| dependency["name"] == "tokio" && dependency["kind"].is_null();
    let tokio = dependencies.iter().find(tokio).unwrap();
    for feature in tokio["features"].as_array().unwrap() {
        assert!(!NOT_FROM_TOKIO.contains(&feature.as_str().unwrap()), "{feature}");
    }
}

#[test]
fn transport_knows_no_schema() {
    let graph = Graph::load();
    for name in [LINK, TRANSPORT] {
        let under = graph.under(name);
        assert!(under.contains("tokio"), "the walk is empty: {under:?}");
        assert!(!under.contains(SCHEMA) && !under.contains(CORE), "{name} reaches {under:?}");
    }
}

#[test]
fn a_breach_is_found() {
    let found = BTreeSet::from([SCHEMA, LINK]);
    assert_eq!(breaches(&found, &[LINK]), [SCHEMA]);
    assert!(Graph::load().under(TRANSPORT).contains("quinn"));
}
