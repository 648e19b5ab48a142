//! What keeps the server from starting.

use std::fs;

use crate::common::{Setup, run};

const SECRET: &str = "a secret of the operator with more than 32 bytes";

#[tokio::test]
async fn a_bad_value_stops_the_start_wherever_it_comes_from() {
    let flag = Setup::dev().flags(&["--open-rooms", "many"]).fail().await;
    flag.refused(&["--open-rooms", "`many`", "a whole number from 1 to"]);
    let variable = Setup::dev().variable("CAFFIS_HELLO_TIMEOUT", "soon").fail().await;
    variable.refused(&["CAFFIS_HELLO_TIMEOUT", "`soon`", "such as 500ms"]);
    let setup = Setup::dev();
    let file = setup.beside("caffis.toml");
    fs::write(&file, "log_format = \"xml\"\n").unwrap();
    let flags = ["--config", file.to_str().unwrap()];
    setup.clone().flags(&flags).fail().await.refused(&["`log_format`", "`xml`", "text or json"]);
    fs::write(&file, "log_fromat = \"json\"\n").unwrap();
    setup.clone().flags(&flags).fail().await.refused(&["`log_fromat`", "did you mean log_format?"]);
    fs::write(&file, "log_format = \n").unwrap();
    setup.clone().flags(&flags).fail().await.refused(&["caffis.toml", "line 1"]);
    setup.flags(&["--config", "/nowhere.toml"]).fail().await.refused(&["/nowhere.toml"]);
}

#[tokio::test]
async fn a_secret_is_never_repeated() {
    let outcome = Setup::production().variable("CAFFIS_TOKEN_SECRET", "hunter2").fail().await;
    outcome.refused(&["CAFFIS_TOKEN_SECRET", "at least 32 bytes"]);
    assert!(!outcome.stderr.contains("hunter2"), "{}", outcome.stderr);
}

#[tokio::test]
async fn without_dev_the_server_wants_a_key_of_its_own() {
    Setup::production().fail().await.refused(&["token_secret", "token_jwks", "--dev"]);
    let built_in = caffis_chat::config::DEVELOPMENT_SECRET;
    let outcome = Setup::production().flags(&["--token-secret", built_in]).fail().await;
    outcome.refused(&["built-in development secret"]);
    assert!(!outcome.stderr.contains(built_in), "{}", outcome.stderr);
    let server = Setup::production().variable("CAFFIS_TOKEN_SECRET", SECRET).start().await;
    for path in ["/api/chat/dev/users", "/api/chat/dev/token"] {
        assert_eq!(server.get(path).await.0, 404);
    }
    assert_eq!(server.connect_info().await["dev"], false);
    assert!(!server.log().contains(SECRET));
}

#[tokio::test]
async fn a_development_server_listens_on_loopback_only() {
    for key in ["--listen", "--listen-quic"] {
        let outcome = Setup::dev().flags(&[key, "0.0.0.0:0"]).fail().await;
        outcome.refused(&["loopback", "0.0.0.0:0"]);
    }
}

#[tokio::test]
async fn two_servers_never_share_a_folder_or_a_port() {
    let first = Setup::dev().start().await;
    first.setup.fail().await.refused(&["in use by another process"]);
    let address = first.tcp().to_string();
    let outcome = Setup::dev().flags(&["--listen", &address]).fail().await;
    outcome.refused(&["cannot listen on TCP", &address]);
    assert_eq!(first.get("/readyz").await.0, 200);
}

#[tokio::test]
async fn a_folder_of_another_version_or_of_something_else_is_left_alone() {
    let setup = Setup::dev();
    let store = setup.data().join("store");
    fs::create_dir_all(&store).unwrap();
    fs::write(store.join("format"), "caffis-store 99\n").unwrap();
    setup.fail().await.refused(&["format 99"]);
    fs::remove_file(store.join("format")).unwrap();
    fs::write(store.join("holiday.jpg"), "not a store").unwrap();
    setup.fail().await.refused(&["is not a store"]);
    assert!(store.join("holiday.jpg").exists());
}

#[tokio::test]
async fn certificates_that_cannot_be_used_stop_the_start() {
    let setup = Setup::dev();
    let (certificate, key) = (setup.beside("chain.pem"), setup.beside("key.pem"));
    let flags =
        ["--tls-certificate", certificate.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    setup.clone().flags(&flags[..2]).fail().await.refused(&["tls_certificate and tls_key"]);
    setup.clone().flags(&flags).fail().await.refused(&["chain.pem"]);
    fs::write(&certificate, "nonsense").unwrap();
    fs::write(&key, "nonsense").unwrap();
    setup.flags(&flags).fail().await.refused(&["certificate"]);
}

#[tokio::test]
async fn json_logs_are_json_and_name_unknown_variables() {
    let setup = Setup::dev().flags(&["--log-format", "json"]);
    let server = setup.variable("CAFFIS_OPEN_ROMS", "7").start().await;
    let log = server.log();
    assert!(log.contains("CAFFIS_OPEN_ROOMS"), "{log}");
    for line in log.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["message"].is_string() && line["level"].is_string(), "{line}");
    }
}

#[tokio::test]
async fn config_explains_every_setting() {
    let text = run(&["config", "--open-rooms", "7"]).await.worked();
    for setting in caffis_chat::config::settings() {
        assert!(text.contains(&format!("--{}", setting.flag())), "{}", setting.key);
        assert!(text.contains(&setting.variable()), "{}", setting.key);
    }
    assert!(text.contains("default: 100; now 7"), "{text}");
    let help = run(&["serve", "--help"]).await.worked();
    for setting in caffis_chat::config::settings() {
        assert!(help.contains(&format!("--{}", setting.flag())), "{}", setting.key);
    }
    run(&["serve", "--no-such-flag"]).await.refused(&["--no-such-flag"]);
}

#[tokio::test]
async fn seeding_and_tokens_need_to_be_asked_for() {
    let setup = Setup::dev();
    let data = setup.data();
    let data = data.to_str().unwrap();
    run(&["seed", "--data", data]).await.refused(&["--dev"]);
    run(&["token", "--user", "giulia"]).await.refused(&["token_secret"]);
    run(&["backup", setup.beside("b").to_str().unwrap(), "--data", data])
        .await
        .refused(&["there is no store"]);
    let seeded = run(&["seed", "--data", data, "--dev", "--rooms", "3", "--messages", "50"]).await;
    assert!(seeded.worked().contains("3 rooms with 50 messages"));
    let token = run(&["token", "--dev", "--user", "giulia"]).await.worked();
    let server = setup.start().await;
    let mut giulia = crate::common::Person::stranger(&server, crate::common::Over::WebSocket).await;
    let welcome = giulia.greet(token.trim()).await.unwrap();
    assert_eq!(welcome.rooms.iter().filter(|room| room.name.is_some()).count(), 4);
}

#[tokio::test]
async fn several_addresses_have_their_ports() {
    let several = Setup::dev().flags(&["--listen", "127.0.0.1:0,127.0.0.2:0"]).fail().await;
    several.refused(&["listen", "`127.0.0.1:0` among 2 addresses", "allowed"]);
}

#[tokio::test]
async fn a_data_folder_with_a_long_path_is_served_and_spoken_to() {
    let path = format!("{}/data", ["a folder of forty characters, more or less"; 4].join("/"));
    let server = Setup::dev().data_at(&path).start().await;
    let data = server.setup.data();
    assert!(data.as_os_str().len() > 150);
    let file = server.setup.beside("backup");
    let arguments = ["backup", file.to_str().unwrap(), "--data", data.to_str().unwrap()];
    run(&arguments).await.worked();
    assert!(server.stop().await.success());
    assert!(!data.join("control.sock").exists());
}
