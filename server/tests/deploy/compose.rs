//! docker-compose.yml: against the schema of Compose, the server's own settings, and the files that it mounts.

use std::{collections::BTreeMap, fs};

use boon::{Compiler, Schemas};
use caffis_chat::config::Config;
use serde_json::Value;

use crate::{caffis_chat, config, path, read, variables};

const FILE: &str = "docker-compose.yml";
const NODES: [&str; 2] = ["node-1", "node-2"];

fn yaml(name: &str) -> Value {
    serde_saphyr::from_str(&read(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn service(name: &str) -> Value {
    let service = yaml(FILE)["services"][name].clone();
    assert!(service.is_object(), "there is no {name}");
    service
}

/// A text with its `${NAME:-default}` filled in, and with a long secret for what `.env` has to set.
fn filled(text: &str) -> String {
    let Some((before, rest)) = text.split_once("${") else { return text.to_owned() };
    let (name, after) = rest.split_once('}').unwrap();
    let value = match name.split_once(":-") {
        Some((_, default)) => default.to_owned(),
        None if name.starts_with("HOOK_SECRET") => {
            "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".to_owned()
        }
        None => "a secret of more than 32 bytes for tests".to_owned(),
    };
    format!("{before}{value}{}", filled(after))
}

fn environment(name: &str) -> BTreeMap<String, String> {
    let service = service(name);
    let pairs = service["environment"].as_object().unwrap().iter();
    pairs.map(|(key, value)| (key.clone(), filled(value.as_str().unwrap()))).collect()
}

fn texts(value: &Value) -> Vec<String> {
    let items = value.as_array().unwrap_or_else(|| panic!("{value} is no list"));
    items.iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}

/// The port of `[::]:5002`.
fn port(address: &str) -> u16 {
    address.rsplit_once(':').unwrap().1.parse().unwrap()
}

#[test]
fn it_is_a_compose_file() {
    let schema: Value =
        serde_json::from_str(&read("server/tests/deploy/compose-spec.json")).unwrap();
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("compose-spec.json", schema).unwrap();
    let compiled = compiler.compile("compose-spec.json", &mut schemas).unwrap();
    let file = yaml(FILE);
    schemas.validate(&file, compiled).unwrap_or_else(|error| panic!("{error:#}"));
    let mut wrong = file;
    wrong["services"]["redis"]["comand"] = "redis-server".into();
    assert!(
        schemas.validate(&wrong, compiled).is_err(),
        "the schema refuses what it does not know"
    );
}

#[test]
fn the_nodes_settings_are_good_and_differ_where_they_must() {
    let [one, two] = NODES.map(environment);
    for variables in [&one, &two] {
        let pairs: Vec<_> = variables.clone().into_iter().collect();
        // Every value is checked, and all of them together.
        let said = config(&pairs);
        assert!(said.contains("scylla"), "{said}");
    }
    let differ: Vec<_> = one.keys().filter(|key| one[*key] != two[*key]).collect();
    assert_eq!(differ, ["CAFFIS_LISTEN_QUIC", "CAFFIS_NODE_NAME"]);
    assert_eq!(NODES, [&*one["CAFFIS_NODE_NAME"], &*two["CAFFIS_NODE_NAME"]]);
    for variable in ["CAFFIS_STORE", "CAFFIS_BUS"] {
        let host = one[variable].split("//").nth(1).unwrap().split('/').next().unwrap();
        let health = service(host)["healthcheck"]["test"].clone();
        assert!(health.is_array(), "{host} says when it is ready");
        for node in NODES {
            let wait = service(node)["depends_on"][host]["condition"].clone();
            assert_eq!(wait, "service_healthy", "{node} waits for {host}");
        }
    }
}

#[test]
fn what_has_to_be_set_is_in_the_example() {
    let example = read(".env.example");
    let set: Vec<&str> = example.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    let file = read(FILE);
    let used = file.split("${").skip(1).map(|rest| rest.split([':', '}']).next().unwrap());
    let mut used: Vec<&str> = used.collect();
    used.sort_unstable();
    used.dedup();
    let mut set = set;
    set.sort_unstable();
    assert_eq!(used, set);
}

#[test]
fn ports_agree() {
    for node in NODES {
        let udp = port(&environment(node)["CAFFIS_LISTEN_QUIC"]);
        // A client is told the port on which the node listens, so outside it is the same.
        assert_eq!(texts(&service(node)["ports"]), [format!("{udp}:{udp}/udp")]);
    }
    let balancer = environment("haproxy");
    let tcp = port(&environment("node-1")["CAFFIS_LISTEN"]);
    for (variable, node) in [("CHAT_NODE_1", "node-1"), ("CHAT_NODE_2", "node-2")] {
        assert_eq!(balancer[variable], format!("{node}:{tcp}"));
    }
    let cfg = read("deploy/haproxy/haproxy.cfg");
    for variable in balancer.keys() {
        assert!(cfg.contains(&format!("presetenv {variable} ")), "{variable}");
    }
    let bind = port(&balancer["CHAT_BIND"]);
    assert_eq!(texts(&service("haproxy")["ports"]), [format!("{bind}:{bind}")]);
    // It is believed because it comes from the network of all of them.
    let subnet = yaml(FILE)["networks"]["chat"]["ipam"]["config"][0]["subnet"].clone();
    for node in NODES {
        assert_eq!(environment(node)["CAFFIS_TRUSTED_PROXIES"], subnet.as_str().unwrap());
    }
    let metrics = port(&environment("node-1")["CAFFIS_METRICS_LISTEN"]);
    let targets = yaml("deploy/compose/targets.yml");
    assert_eq!(texts(&targets[0]["targets"]), NODES.map(|node| format!("{node}:{metrics}")));
}

#[test]
fn users_come_from_the_example_to_the_nodes() {
    let (install, relay) = (environment("pg-relay-install"), environment("pg-relay"));
    for variables in [&install, &relay] {
        // Every value is checked.
        config(&variables.clone().into_iter().collect::<Vec<_>>());
    }
    let database = |variables: &BTreeMap<String, String>| {
        reqwest::Url::parse(&variables["CAFFIS_PG_RELAY_DATABASE"]).unwrap()
    };
    let postgres = environment("postgres");
    for url in [database(&install), database(&relay)] {
        assert_eq!(url.host_str(), Some("postgres"));
        assert_eq!(url.path().trim_start_matches('/'), postgres["POSTGRES_DB"]);
    }
    assert_eq!(database(&install).username(), postgres["POSTGRES_USER"]);
    let settings = Config::default().relay;
    assert_eq!(database(&relay).username(), settings.role, "the role that is made");
    assert_eq!(install["CAFFIS_PG_RELAY_DATABASE_PASSWORD"], postgres["POSTGRES_PASSWORD"]);
    // The table has what the map names.
    let table = read("deploy/postgres/users.sql");
    assert!(table.contains(&format!("EXISTS {} (", settings.columns.table)));
    let mapped = install.iter().filter(|(key, _)| {
        ["PICTURE", "LOCALE", "TIME_ZONE"].iter().any(|name| key.ends_with(name))
    });
    let mapped: Vec<_> = mapped.map(|(_, column)| column.as_str()).collect();
    assert_eq!(mapped.len(), 3);
    for column in mapped.into_iter().chain(["id", "name"]) {
        assert!(table.contains(&format!("\n    {column} ")), "{column}");
    }
    // Signed events reach the nodes through the balancer.
    let endpoint = reqwest::Url::parse(&relay["CAFFIS_PG_RELAY_ENDPOINT"]).unwrap();
    assert_eq!(endpoint.host_str(), Some("haproxy"));
    assert_eq!(endpoint.port(), Some(port(&environment("haproxy")["CHAT_BIND"])));
    let source = endpoint.path().strip_prefix("/api/chat/hooks/").unwrap();
    for node in NODES {
        let node = environment(node);
        let secret = format!("{source}:{}", relay["CAFFIS_PG_RELAY_SECRETS"]);
        assert_eq!(node["CAFFIS_HOOK_SECRETS"], secret);
        assert_eq!(node["CAFFIS_HOOK_KINDS"], format!("{source}:user.*"));
    }
    for (name, action) in [("pg-relay-install", &["install", "--apply"][..]), ("pg-relay", &[])] {
        let service = service(name);
        let words = texts(&service["command"]);
        assert!(words[0] == "pg-relay" && words[1..] == *action, "{words:?}");
        let words: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
        assert!(caffis_chat(&words, &[]).status.success(), "{words:?} is a command");
        assert_eq!(service["healthcheck"]["disable"], true, "it has no data folder");
        assert_eq!(service["read_only"], true);
    }
    let wait = |name: &str, on: &str| service(name)["depends_on"][on]["condition"].clone();
    assert_eq!(wait("pg-relay-install", "postgres"), "service_healthy");
    assert_eq!(wait("pg-relay", "pg-relay-install"), "service_completed_successfully");
    let grace = service("pg-relay")["stop_grace_period"].clone();
    let grace: u64 = grace.as_str().unwrap().trim_end_matches('s').parse().unwrap();
    assert!(grace > settings.limits.request_timeout.as_secs());
}

#[test]
fn what_is_mounted_exists_where_it_is_read() {
    let file = yaml(FILE);
    let named = file["volumes"].as_object().unwrap();
    let mut mounts = BTreeMap::new();
    for service in file["services"].as_object().unwrap().values() {
        for mount in service["volumes"].as_array().into_iter().flatten() {
            let mut parts = mount.as_str().unwrap().split(':');
            let (from, to) = (parts.next().unwrap(), parts.next().unwrap());
            match from.strip_prefix("./") {
                Some(inside) => {
                    assert!(path(inside).exists(), "{from}");
                    assert_eq!(parts.next(), Some("ro"), "{from} is not written to");
                    mounts.insert(to.to_owned(), inside.to_owned());
                }
                None => assert!(named.contains_key(from), "{from} is not a volume"),
            }
        }
    }
    // Prometheus reads its rules and targets beside its configuration.
    let prometheus = yaml("deploy/prometheus/prometheus.yml");
    let scraped = &prometheus["scrape_configs"][0]["file_sd_configs"][0]["files"];
    for name in [texts(&prometheus["rule_files"]), texts(scraped)].concat() {
        assert!(mounts.contains_key(&format!("/etc/prometheus/{name}")), "{name}");
    }
    // Grafana's dashboards are where its provisioning says.
    let dashboards = yaml("deploy/grafana/provisioning/dashboards/caffis-chat.yml");
    let folder = dashboards["providers"][0]["options"]["path"].as_str().unwrap();
    assert!(mounts.keys().any(|to| to.starts_with(&format!("{folder}/"))), "{folder}");
    let source = yaml("deploy/grafana/provisioning/datasources/prometheus.yml");
    assert_eq!(source["datasources"][0]["url"], "http://prometheus:9090");
    let data = fs::read_to_string(path("Containerfile")).unwrap();
    for node in NODES {
        let volume = texts(&service(node)["volumes"]);
        assert_eq!(volume, [format!("{node}:/var/lib/caffis-chat")]);
    }
    assert!(data.contains("\nVOLUME /var/lib/caffis-chat\n"));
}

#[test]
fn the_nodes_have_few_rights_and_the_time_to_drain() {
    let container = read("Containerfile");
    let health = container.lines().find_map(|line| line.strip_prefix("HEALTHCHECK")).unwrap();
    let config = Config::default();
    for node in NODES {
        let service = service(node);
        assert_eq!(service["read_only"], true);
        assert_eq!(texts(&service["cap_drop"]), ["ALL"]);
        let user = service["user"].as_str().unwrap();
        assert!(container.contains(&format!("\nUSER {user}\n")), "{user}");
        let health_of_node = texts(&service["healthcheck"]["test"]);
        let words: Vec<String> = health_of_node[1..].iter().map(|w| format!("{w:?}")).collect();
        assert!(health.ends_with(&format!("CMD [{}]", words.join(", "))), "{words:?}");
        let grace = service["stop_grace_period"].as_str().unwrap().trim_end_matches('s');
        let needed = config.handover_within + config.drain_within;
        assert!(grace.parse::<u64>().unwrap() > needed.as_secs());
        assert_eq!(service["restart"], "always");
        let files = service["ulimits"]["nofile"]["soft"].as_u64().unwrap();
        assert!(files > u64::from(config.max_connections));
    }
    // Secrets come from outside.
    for name in variables(&read(FILE)).iter().filter(|name| name.ends_with("SECRET")) {
        assert!(read(FILE).contains(&format!("{name}: ${{{name}:?")), "{name}");
    }
}
