//! Connections: by transport, and who was let in.

use caffis_link::Link;
use tokio::net::TcpStream;

use crate::common::{Over, Person, Scrape, Setup};

fn by_transport(scrape: &Scrape, name: &str) -> [f64; 4] {
    ["websocket", "quic", "webtransport", "sse"]
        .map(|kind| scrape.value(name, &[("transport", kind)]))
}

#[tokio::test]
async fn connections_are_counted_by_transport() {
    let server = Setup::dev().metrics().start().await;
    let nobody = server.scrape().await;
    assert_eq!(by_transport(&nobody, "caffis_connections"), [0.0; 4]);
    let mut people = Vec::new();
    for (user, over) in ["giulia", "marco", "luca", "aiko", "yousef"].into_iter().zip(Over::ALL) {
        people.push(Person::enter(&server, user, over).await);
    }
    let stranger = Person::stranger(&server, Over::WebSocket).await;
    // The requests that asked where to connect have their own places for a moment.
    let all =
        server.scrape_until("six places", |scrape| scrape.value("caffis_places_taken", &[]) == 6.0);
    let all = all.await;
    assert_eq!(by_transport(&all, "caffis_connections"), [3.0, 1.0, 1.0, 1.0]);
    assert_eq!(by_transport(&all, "caffis_connections_opened_total"), [3.0, 1.0, 1.0, 1.0]);
    assert_eq!(all.value("caffis_sessions", &[]), 5.0);
    assert_eq!(all.value("caffis_places_waiting", &[]), 1.0);
    assert_eq!(all.value("caffis_places_limit", &[]), 16_000.0);
    assert_eq!(all.value("caffis_admissions_total", &[("result", "admitted")]), 6.0);
    assert_eq!(all.sum("caffis_admissions_total", &[]), 6.0);
    drop((people, stranger));
    let gone = server.scrape_until("their end", |scrape| {
        scrape.value("caffis_places_taken", &[]) == 0.0
            && scrape.value("caffis_sessions", &[]) == 0.0
    });
    let gone = gone.await;
    assert_eq!(by_transport(&gone, "caffis_connections"), [0.0; 4]);
    assert_eq!(by_transport(&gone, "caffis_connections_opened_total"), [3.0, 1.0, 1.0, 1.0]);
}

#[tokio::test]
async fn who_is_not_let_in_is_counted_by_the_reason() {
    let flags = ["--connections-per-address", "2", "--address-connects-per-second", "4"];
    let server = Setup::dev().metrics().flags(&flags).start().await;
    let result = |scrape: &Scrape, result: &str| {
        scrape.value("caffis_admissions_total", &[("result", result)])
    };
    let mut kept: Vec<Box<dyn Link>> = Vec::new();
    for _ in 0..2 {
        kept.push(Over::WebSocket.link(&server).await);
    }
    // WebSockets are told why; these are the third and fourth connection within a second or so.
    kept.push(Over::WebSocket.link(&server).await);
    let scrape = server.scrape().await;
    assert_eq!((result(&scrape, "admitted"), result(&scrape, "limit_reached")), (2.0, 1.0));
    drop(kept);
    let rated =
        server.scrape_until("too many at once", |scrape| result(scrape, "rate_limited") > 0.0);
    let connecting = async {
        loop {
            drop(Over::WebSocket.link(&server).await);
        }
    };
    let scrape = tokio::select! {
        biased;
        scrape = rated => scrape,
        () = connecting => unreachable!(),
    };
    assert_eq!(result(&scrape, "too_many_sockets"), 0.0);
    // TCP sockets that say nothing: 100 more than links.
    let mut sockets = Vec::new();
    for _ in 0..103 {
        sockets.push(TcpStream::connect(server.tcp()).await.unwrap());
    }
    server
        .scrape_until("too many sockets", |scrape| result(scrape, "too_many_sockets") >= 1.0)
        .await;
}

#[tokio::test]
async fn hellos_are_counted_by_their_turn() {
    let server = Setup::dev().metrics().flags(&["--hellos-at-once", "1"]).start().await;
    let turn = |scrape: &Scrape, turn: &str| scrape.value("caffis_hellos_total", &[("turn", turn)]);
    let herd = |count: usize| {
        let coming = (0..count).map(|_| Person::enter(&server, "giulia", Over::WebSocket));
        futures_util::future::join_all(coming)
    };
    let mut scrape = server.scrape().await;
    assert_eq!(scrape.sum("caffis_hellos_total", &[]), 0.0);
    let mut hellos = 0.0;
    while turn(&scrape, "waited") == 0.0 {
        drop(herd(10).await);
        hellos += 10.0;
        scrape = server.scrape().await;
    }
    assert_eq!(scrape.sum("caffis_hellos_total", &[]), hellos);
    assert!(turn(&scrape, "at_once") > 0.0);
    assert_eq!(turn(&scrape, "put_off"), 0.0);
    assert_eq!(scrape.value("caffis_hellos_waiting", &[]), 0.0);
}

#[tokio::test]
async fn who_loses_a_place_or_finds_none_is_counted() {
    let server = Setup::dev().metrics().flags(&["--max-connections", "2"]).start().await;
    let _giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let _silent = TcpStream::connect(server.tcp()).await.unwrap();
    server
        .scrape_until("two places", |scrape| scrape.value("caffis_places_taken", &[]) == 2.0)
        .await;
    let _newer = TcpStream::connect(server.tcp()).await.unwrap();
    let evicted = |scrape: &Scrape| scrape.value("caffis_places_evicted_total", &[]);
    let scrape = server.scrape_until("an eviction", |scrape| evicted(scrape) == 1.0).await;
    assert_eq!(scrape.value("caffis_places_refused_total", &[]), 0.0);
    let _marco = Person::enter(&server, "marco", Over::WebSocket).await;
    let _late = TcpStream::connect(server.tcp()).await.unwrap();
    let scrape = server
        .scrape_until("a refusal", |scrape| scrape.value("caffis_places_refused_total", &[]) == 1.0)
        .await;
    assert_eq!(evicted(&scrape), 2.0, "Marco took the place of the newer one");
}
