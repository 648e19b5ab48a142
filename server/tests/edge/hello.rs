//! The beginning of a connection, on every transport.

use std::time::{Duration, Instant};

use caffis_schema::{CloseCode, Command, ErrorCode, open::Empty};

use crate::common::{Over, Person, Setup, read, token_of};

#[tokio::test]
async fn everybody_gets_in_on_every_transport() {
    let server = Setup::dev().start().await;
    for over in Over::ALL {
        let mut giulia = Person::stranger(&server, over).await;
        let welcome = giulia.greet(&token_of("giulia")).await.unwrap();
        assert_eq!(welcome.profile.name.as_str(), "Giulia", "{over:?}");
        let names: Vec<_> = welcome.rooms.iter().filter_map(|room| room.name.as_ref()).collect();
        assert!(names.iter().any(|name| name.as_str() == "Sabato da Gilli"), "{names:?}");
        let room = giulia.direct("marco").await;
        assert_eq!(giulia.open(room).await.unwrap().page.entries.len(), 4, "{over:?}");
    }
}

#[tokio::test]
async fn whoever_says_no_hello_is_sent_away() {
    let server = Setup::dev().flags(&["--hello-timeout", "300ms"]).start().await;
    for over in Over::ALL {
        let mut silent = Person::stranger(&server, over).await;
        let begun = Instant::now();
        let farewell = silent.farewell().await;
        assert_eq!(farewell.code, CloseCode::HelloTimeout.number(), "{over:?}: {farewell:?}");
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn the_first_command_is_hello() {
    let server = Setup::dev().start().await;
    for over in Over::ALL {
        let mut hasty = Person::stranger(&server, over).await;
        let error = hasty.ask(Command::Ping(Empty {})).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::HelloExpected, "{over:?}");
        assert_eq!(hasty.farewell().await.code, CloseCode::Protocol.number(), "{over:?}");
        let mut twice = Person::enter(&server, "giulia", over).await;
        let again = twice.ask(Command::Hello(crate::common::hello(&token_of("giulia")))).await;
        assert_eq!(again.unwrap_err().code, ErrorCode::HelloExpected, "{over:?}");
    }
}

#[tokio::test]
async fn garbage_instead_of_hello_is_refused() {
    let server = Setup::dev().start().await;
    for over in Over::ALL {
        for bytes in [vec![], vec![0xff], vec![0x20; 500], b"{\"request\":".to_vec()] {
            let mut stranger = Person::stranger(&server, over).await;
            stranger.write(bytes).await;
            assert_eq!(stranger.farewell().await.code, CloseCode::Protocol.number(), "{over:?}");
        }
    }
    assert_eq!(server.get("/readyz").await.0, 200);
}

#[tokio::test]
async fn the_log_tells_of_each_session_once_when_it_opens_and_once_when_it_ends() {
    let server = Setup::dev().start().await;
    let token = token_of("giulia");
    let mut sessions = Vec::new();
    for over in Over::ALL {
        let mut giulia = Person::stranger(&server, over).await;
        giulia.greet(&token).await.unwrap();
        let room = giulia.direct("marco").await;
        giulia.say(room, "between the two of us").await.unwrap();
        sessions.push(giulia);
    }
    let setup = server.setup.clone();
    assert!(server.stop().await.success());
    let log = String::from_utf8(read(&setup.beside("log"))).unwrap();
    let lines = |what| log.lines().filter(move |line| line.contains(what));
    assert_eq!(lines("session opened").count(), Over::ALL.len(), "{log}");
    for kind in ["websocket", "webtransport", "quic"] {
        let opened = |line: &str| line.contains("user.id=giulia") && line.contains("127.0.0.1");
        assert!(lines("session opened").filter(|l| l.contains(kind)).any(opened), "{kind}: {log}");
    }
    let shutdown = format!("close.code={}", CloseCode::Shutdown.number());
    let ended = |line: &str| line.contains("user.id=giulia") && line.contains(&shutdown);
    assert_eq!(lines("session ended").filter(|l| ended(l)).count(), Over::ALL.len(), "{log}");
    assert!(!log.contains(&token) && !log.contains("between the two of us"), "{log}");
}

#[tokio::test]
async fn the_log_says_why_hellos_were_refused_at_a_measured_pace_and_never_with_which_token() {
    let flags = ["--address-connects-per-second", "100000"];
    let server = Setup::dev().flags(&flags).start().await;
    let token = "a-token-of-somebody-else";
    let begun = Instant::now();
    for over in Over::ALL.into_iter().cycle().take(60) {
        let mut stranger = Person::stranger(&server, over).await;
        let refusal = stranger.greet(token).await.unwrap_err();
        assert_eq!(refusal.error.code, ErrorCode::TokenInvalid);
    }
    let most = 10.0 * (1.0 + begun.elapsed().as_secs_f64());
    let setup = server.setup.clone();
    assert!(server.stop().await.success());
    let log = String::from_utf8(read(&setup.beside("log"))).unwrap();
    let refused: Vec<_> = log.lines().filter(|line| line.contains("hello refused")).collect();
    assert!(refused.len() >= 10 && refused.len() as f64 <= most, "{} lines", refused.len());
    let says = |line: &&str| line.contains("token_invalid") && line.contains("127.0.0.1");
    assert!(refused.iter().all(says), "{log}");
    assert!(!log.contains(token), "{log}");
}

#[tokio::test]
async fn a_log_that_nobody_reads_stops_nobody() {
    let setup = Setup::dev().flags(&["--address-connects-per-second", "100000"]).unread_log();
    let server = setup.start().await;
    // More lines than a pipe takes.
    for _ in 0..600 {
        Person::enter(&server, "giulia", Over::WebSocket).await;
    }
    assert_eq!(server.get("/readyz").await.0, 200);
}
