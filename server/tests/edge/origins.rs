//! Pages of other sites.

use caffis_schema::CloseCode;

use crate::common::{Over, Person, Setup, http, token_of};

#[tokio::test]
async fn pages_of_other_sites_may_not_connect() {
    let server = Setup::dev().start().await;
    for origin in ["https://evil.example", "http://localhost.evil.example", "null"] {
        let link = Over::WebSocket.try_link(&server, Some(origin)).await.unwrap();
        let farewell = Person::on(link, Over::WebSocket).farewell().await;
        assert_eq!(farewell.code, CloseCode::Origin.number(), "{origin}");
        for over in [Over::WebTransport, Over::Sse] {
            assert!(over.try_link(&server, Some(origin)).await.is_err(), "{over:?} {origin}");
        }
    }
    for origin in ["http://localhost:5002", &server.url("")] {
        for over in [Over::WebSocket, Over::WebTransport, Over::Sse] {
            let link = over.try_link(&server, Some(origin)).await.unwrap();
            Person::on(link, over).greet(&token_of("giulia")).await.unwrap();
        }
    }
}

/// Only browsers name an origin, and they always do: that is what keeps out pages of other sites.
#[tokio::test]
async fn a_client_without_an_origin_may_connect_even_where_origins_are_listed() {
    let server = Setup::dev().flags(&["--origins", "https://app.example"]).start().await;
    for over in Over::ALL {
        let link = over.try_link(&server, None).await.unwrap();
        Person::on(link, over).greet(&token_of("giulia")).await.unwrap();
    }
}

#[tokio::test]
async fn listed_origins_may_connect_and_read_how() {
    let ours = "https://app.example";
    let server = Setup::dev().flags(&["--origins", ours]).start().await;
    for over in [Over::WebSocket, Over::WebTransport, Over::Sse] {
        let link = over.try_link(&server, Some(ours)).await.unwrap();
        Person::on(link, over).greet(&token_of("giulia")).await.unwrap();
    }
    let ask =
        |origin: &str| http().get(server.url("/api/chat/connect")).header("origin", origin).send();
    let answer = ask(ours).await.unwrap();
    assert_eq!(answer.headers()["access-control-allow-origin"], ours);
    let other = ask("https://evil.example").await.unwrap();
    assert!(!other.headers().contains_key("access-control-allow-origin"));
}
