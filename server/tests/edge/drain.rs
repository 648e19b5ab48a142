//! Going down in order.

use caffis_schema::{CloseCode, Event};
use rustix::process::Signal;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::common::{Over, Person, Setup, run, soon};

#[tokio::test]
async fn sigterm_says_goodbye_keeps_everything_and_exits_with_0() {
    let mut server = Setup::dev().flags(&["--drain-delay", "1500ms"]).start().await;
    let mut people = Vec::new();
    for (user, over) in ["giulia", "marco", "luca", "aiko", "nadia"].into_iter().zip(Over::ALL) {
        people.push(Person::enter(&server, user, over).await);
    }
    let room = people[0].direct("marco").await;
    let said = people[0].say(room, "One last thing").await.unwrap();
    server.signal(Signal::TERM);
    for person in &mut people {
        let delay = person
            .event(|event| match event {
                Event::Draining(draining) => Some(draining.reconnect_after_ms),
                _ => None,
            })
            .await;
        assert_eq!(delay, 1_500);
        assert_eq!(person.farewell().await.code, CloseCode::Shutdown.number());
    }
    assert_eq!(server.ended().await.code(), Some(0));
    for file in ["ports.json", "control.sock"] {
        assert!(!server.setup.data().join(file).exists(), "{file} is left behind");
    }
    let server = server.setup.start().await;
    let mut marco = Person::enter(&server, "marco", Over::WebSocket).await;
    let opened = marco.open(room).await.unwrap();
    assert_eq!(opened.page.entries.last().unwrap().position, said.position);
}

#[tokio::test]
async fn a_draining_server_is_not_ready_and_takes_nobody_in() {
    let mut server = Setup::dev().start().await;
    assert_eq!(server.get("/readyz").await.0, 200);
    assert_eq!(server.get("/healthz").await.0, 200);
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    // Somebody who never answers the farewell holds the drain for as long as it waits for them.
    let mut mute = Person::enter(&server, "marco", Over::Json).await;
    let mut kept = TcpStream::connect(server.tcp()).await.unwrap();
    server.signal(Signal::TERM);
    giulia.event(|event| matches!(event, Event::Draining(_)).then_some(())).await;
    kept.write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    soon("the answer", kept.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("draining"), "{answer}");
    assert!(Over::Quic.try_link(&server, None).await.is_err());
    assert_eq!(mute.farewell().await.code, CloseCode::Shutdown.number());
    assert_eq!(server.ended().await.code(), Some(0));
}

#[tokio::test]
async fn ctrl_c_drains_also_without_clients() {
    let mut server = Setup::dev().start().await;
    server.signal(Signal::INT);
    assert_eq!(server.ended().await.code(), Some(0));
}

#[tokio::test]
async fn health_says_whether_a_server_answers() {
    let server = Setup::dev().start().await;
    let data = server.setup.data();
    let health = ["health", "--data", data.to_str().unwrap()];
    assert_eq!(run(&health).await.worked(), "ok\n");
    // The socket of a server that was killed stays.
    server.kill().await;
    run(&health).await.refused(&["no server runs with the data folder"]);
}

#[tokio::test]
async fn a_killed_server_starts_again_in_the_same_folder() {
    let server = Setup::dev().start().await;
    let mut giulia = Person::enter(&server, "giulia", Over::Quic).await;
    let room = giulia.direct("marco").await;
    let said = giulia.say(room, "Acknowledged means durable").await.unwrap();
    let setup = server.setup.clone();
    server.kill().await;
    let server = setup.start().await;
    let mut marco = Person::enter(&server, "marco", Over::Quic).await;
    let opened = marco.open(room).await.unwrap();
    assert_eq!(opened.page.entries.last().unwrap().position, said.position);
    assert_eq!(server.stop().await.code(), Some(0));
}
