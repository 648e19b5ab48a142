//! The whole way: PostgreSQL, the relay, a real server, a client.

use std::{collections::BTreeMap, time::Instant};

use caffis_schema::Event;
use caffis_servers::PostgresServer;
use serde_json::Value;

use crate::{
    common::{Over, Person, Setup},
    receiver::SECRET,
    relays::Relays,
};

/// A server that takes users from `main`.
fn chat() -> Setup {
    Setup::dev()
        .variable("CAFFIS_HOOK_SECRETS", &format!("main:{SECRET}"))
        .flags(&["--hook-kinds", "main:user.*"])
}

async fn name_of(person: &mut Person, user: &str) -> String {
    person
        .event(|event| match event {
            Event::Profile(profile) if profile.user.as_str() == user => {
                Some(profile.name.to_string())
            }
            _ => None,
        })
        .await
}

/// The environment of a service of docker-compose.yml, without what `.env` sets.
fn composed(service: &str) -> BTreeMap<String, String> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docker-compose.yml");
    let file: Value = serde_saphyr::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let pairs = file["services"][service]["environment"].as_object().unwrap();
    let pairs = pairs.iter().map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned()));
    pairs.filter(|(_, value)| !value.contains("${")).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: cargo xtask test --only servers"]
async fn a_changed_name_reaches_connected_clients() {
    let postgres = PostgresServer::start();
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/postgres/users.sql");
    postgres.order("app", &std::fs::read_to_string(example).unwrap());
    let server = chat().start().await;
    let mut relays = Relays::to(&postgres, &server.url("/api/chat/hooks/main"));
    // As docker-compose.yml installs it, but for the address.
    let settings = composed("pg-relay-install");
    let map = settings.into_iter().filter(|(key, _)| key != "CAFFIS_PG_RELAY_DATABASE");
    relays.add(map);
    let owner = postgres.url("owner");
    relays.worked(&["install", "--apply", "--pg-relay-database", &owner]);
    let mut people = Vec::new();
    for (name, over) in ["anna", "marco", "sara", "luca", "aiko"].into_iter().zip(Over::ALL) {
        let mut person = Person::enter(&server, name, over).await;
        person.direct("giulia").await;
        people.push(person);
    }
    let relay = relays.start();
    postgres.order("app", "UPDATE users SET name = 'Giulia B.' WHERE id = 'giulia'");
    let started = Instant::now();
    for person in &mut people {
        // What the first fill brings may come before.
        while name_of(person, "giulia").await != "Giulia B." {}
    }
    println!("the first change after {:?}", started.elapsed());
    let mut times = Vec::new();
    for number in 0..20 {
        let name = format!("Giulia {number}");
        postgres.order("app", &format!("UPDATE users SET name = '{name}' WHERE id = 'giulia'"));
        let started = Instant::now();
        for person in &mut people {
            assert_eq!(name_of(person, "giulia").await, name);
        }
        times.push(started.elapsed());
    }
    times.sort();
    println!("from commit to the last of 4 clients: p50 {:?}, longest {:?}", times[10], times[19]);
    let status: Value = serde_json::from_str(&relays.worked(&["status", "--json"])).unwrap();
    assert_eq!((&status["dead"], &status["fill_users"]), (&Value::from(0), &Value::from(6)));
    let resync = relays.worked(&["resync"]);
    assert!(resync.contains(" 0 ranges differ"), "{resync}");
    // Everything again is nothing new to it.
    let resync = relays.worked(&["resync", "--everything"]);
    assert!(resync.contains("6 users will be sent"), "{resync}");
    let end = Instant::now() + crate::relays::PATIENCE;
    loop {
        let status: Value = serde_json::from_str(&relays.worked(&["status", "--json"])).unwrap();
        assert_eq!(status["dead"], 0, "{status}");
        if status["pending"] == 0 {
            break;
        }
        assert!(Instant::now() < end, "{status}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(relay.stop().success());
}
