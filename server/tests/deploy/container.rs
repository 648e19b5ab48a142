//! The Containerfile: its paths exist, and it runs the server as the server wants to be run.

use serde_json::Value;

use crate::{caffis_chat, path, read};

/// Its instructions, with continued lines joined.
fn instructions() -> Vec<(String, String)> {
    let text = read("Containerfile").replace("\\\n", " ");
    let lines =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (instruction, rest) = line.split_once(' ').unwrap_or((line, ""));
            (instruction.to_owned(), rest.trim().to_owned())
        })
        .collect()
}

/// What instructions of this name say.
fn all(name: &str) -> Vec<String> {
    let found = instructions().into_iter().filter(|(instruction, _)| instruction == name);
    found.map(|(_, rest)| rest).collect()
}

fn one(name: &str) -> String {
    let found = all(name);
    assert_eq!(found.len(), 1, "{name}: {found:?}");
    found[0].clone()
}

fn words(json: &str) -> Vec<String> {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"))
}

#[test]
fn its_stages_copy_and_build_what_there_is() {
    let stages: Vec<String> =
        all("FROM").iter().filter_map(|from| Some(from.split_once(" AS ")?.1.to_owned())).collect();
    assert_eq!(stages, ["page", "server"]);
    for copy in all("COPY") {
        let mut words = copy.split_whitespace().peekable();
        let from = words.next_if(|word| word.starts_with("--from="));
        match from.and_then(|from| from.strip_prefix("--from=")) {
            Some(stage) => assert!(stages.iter().any(|known| known == stage), "{copy}"),
            None => assert!(path(words.next().unwrap()).exists(), "{copy}"),
        }
    }
    for build in all("RUN") {
        for (at, _) in build.match_indices("cd clients/") {
            let folder = build[at + 3..].split_whitespace().next().unwrap();
            let package: Value =
                serde_json::from_str(&read(&format!("{folder}/package.json"))).unwrap();
            assert!(path(folder).join("package-lock.json").exists(), "npm ci needs it");
            assert!(package["scripts"]["build"].is_string(), "{folder}");
        }
    }
    let cargo = all("RUN").into_iter().find(|run| run.contains("cargo build")).unwrap();
    assert!(cargo.contains(concat!("--package ", env!("CARGO_PKG_NAME"))), "{cargo}");
    let rust = all("FROM").into_iter().find(|from| from.contains("rust:")).unwrap();
    let wanted = read("Cargo.toml");
    let wanted = wanted.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap();
    assert!(rust.contains(&format!("rust:{}-", wanted.trim_matches('"'))), "{rust}");
}

#[test]
fn it_runs_the_server_with_few_rights_and_a_command_that_exists() {
    let [user, group] =
        one("USER").split(':').map(|id| id.parse().unwrap()).collect::<Vec<u32>>()[..]
    else {
        panic!("a user and a group")
    };
    assert!(user != 0 && group != 0);
    let program = words(&one("ENTRYPOINT"));
    assert!(all("COPY").iter().any(|copy| copy.ends_with(&program[0])), "{program:?}");
    let health = one("HEALTHCHECK");
    let health = words(health.split_once("CMD ").unwrap().1);
    assert_eq!(health[0], program[0]);
    let serve = words(&one("CMD"));
    for command in [&serve[0], &health[1]] {
        let help = caffis_chat(&[command, "--help"], &[]);
        assert!(help.status.success(), "{command} is a command");
    }
    let data = one("VOLUME");
    assert!(one("ENV").contains(&format!("CAFFIS_DATA={data}")));
    let owned = format!("--chown={user}:{group} /data {data}");
    assert!(all("COPY").iter().any(|copy| copy.ends_with(&owned)), "the folder is the user's");
    let ports = one("EXPOSE");
    let port = caffis_chat::config::DEFAULT_PORT;
    assert_eq!(ports, format!("{port}/tcp {port}/udp"));
}

#[test]
fn nothing_that_is_built_or_secret_goes_into_it() {
    let ignored = read(".dockerignore");
    let ignored: Vec<&str> = ignored.lines().collect();
    for name in [".git", ".env", "target", "caffis-data", "**/node_modules"] {
        assert!(ignored.contains(&name), "{name}");
    }
    assert!(read(".gitignore").lines().any(|line| line.trim_start_matches('/') == ".env"));
}
