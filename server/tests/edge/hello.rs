//! The beginning of a connection, on every transport.

use std::time::{Duration, Instant};

use caffis_schema::{CloseCode, Command, ErrorCode, open::Empty};

use crate::common::{Over, Person, Setup, token_of};

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
    for over in [Over::WebSocket, Over::Json, Over::Quic, Over::WebTransport] {
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
