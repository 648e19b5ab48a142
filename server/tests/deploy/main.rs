//! The files that start the server for other programs, checked without those programs: containers, systemd,
//! HAProxy. Where a program is installed, it checks its own file too.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests")]

mod compose;
mod container;
mod unit;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

const SERVER: &str = env!("CARGO_BIN_EXE_caffis-chat");

/// A path of the checkout.
fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What the program says, without the settings of whoever runs the tests.
fn caffis_chat(arguments: &[&str], variables: &[(String, String)]) -> Output {
    let mut command = Command::new(SERVER);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CAFFIS_") {
            command.env_remove(name);
        }
    }
    command.args(arguments).envs(variables.iter().cloned()).output().unwrap()
}

/// What `caffis-chat config` says with these variables.
fn config(variables: &[(String, String)]) -> String {
    let output = caffis_chat(&["config"], variables);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{variables:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// The variables of settings that a text names.
fn variables(text: &str) -> BTreeSet<String> {
    let is_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let found = text.match_indices("CAFFIS_").map(|(at, _)| {
        let name: String = text[at..].chars().take_while(|c| is_name(*c)).collect();
        name
    });
    found.filter(|name| name != "CAFFIS_").collect()
}

/// The program of this name, if it is installed.
fn installed(name: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&paths).chain(["/usr/sbin".into()]);
    folders.map(|folder| folder.join(name)).find(|program| program.is_file())
}

#[test]
fn every_variable_is_a_setting() {
    let known = variables(&config(&[]));
    assert!(known.len() > 50, "{known:?}");
    let files = [
        "docker-compose.yml",
        ".env.example",
        "Containerfile",
        "deploy/systemd/caffis-chat.service",
    ];
    for file in files {
        let named = variables(&read(file));
        assert!(!named.is_empty(), "{file} sets something");
        let unknown: Vec<_> = named.difference(&known).collect();
        assert!(unknown.is_empty(), "{file} names {unknown:?}, which are no settings");
    }
}

#[test]
fn haproxy_takes_its_configuration() {
    let Some(haproxy) = installed("haproxy") else { return };
    for tls in [None, Some(("CHAT_TLS", "yes"))] {
        let mut command = Command::new(&haproxy);
        command.arg("-c").arg("-f").arg(path("deploy/haproxy/haproxy.cfg")).envs(tls);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
