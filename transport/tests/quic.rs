//! The UDP port: routing, refusal, time limits, migration, restart and rotation.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use caffis_link::{Farewell, Incoming, Kind, Lane, Link, LinkExt, codes, frame};
use caffis_transport::{
    ALPN_HTTP3, ALPN_QUIC, ConnectError,
    admit::Admit,
    lobby::Lobby,
    quic::{self, ClientOptions, Connector, EndpointKeys, OriginCheck, QuicServer, ServerOptions},
    tls::Trust,
};
use tokio::time::{Instant, timeout};

const STEP: Duration = Duration::from_secs(5);

fn start(change: impl FnOnce(&mut ServerOptions)) -> (QuicServer, ClientOptions) {
    let (tls, trust) = common::certificate();
    let mut options = ServerOptions::new(common::any_port(), tls);
    change(&mut options);
    (QuicServer::bind(options).unwrap(), ClientOptions { trust, ..ClientOptions::default() })
}

fn address(server: &QuicServer) -> String {
    format!("127.0.0.1:{}", common::port(server))
}

async fn accept(server: &QuicServer) -> Box<dyn Link> {
    timeout(STEP, server.accept()).await.unwrap().unwrap().link
}

async fn passes(from: &mut Box<dyn Link>, to: &mut Box<dyn Link>, text: &'static str) {
    from.send(Lane::MAIN, text.into()).await.unwrap();
    let got = timeout(STEP, to.recv()).await.unwrap();
    assert_eq!(got, Incoming::Frame { lane: Lane::MAIN, payload: text.into() });
}

#[tokio::test]
async fn one_port_serves_both_protocols_and_refuses_others() {
    let (server, options) = start(|_| ());
    let mut quic = quic::connect(&address(&server), &options).await.unwrap();
    let mut there = accept(&server).await;
    assert_eq!(there.info().kind, Kind::Quic);
    passes(&mut quic, &mut there, "over QUIC").await;
    let url = format!("https://localhost:{}/api/chat/wt?x=1", common::port(&server));
    let url = url.replace("localhost", "127.0.0.1");
    let mut web = quic::connect_webtransport(&url, &options).await.unwrap();
    let mut there = accept(&server).await;
    assert_eq!(there.info().kind, Kind::WebTransport);
    passes(&mut there, &mut web, "over WebTransport").await;

    let (other, _endpoint) =
        common::raw_connection(common::port(&server), &options.trust, b"other").await;
    timeout(STEP, other.closed()).await.unwrap();
}

#[tokio::test]
async fn webtransport_asks_for_the_right_path_and_origin() {
    let only = |origin: Option<&str>| origin == Some("https://chat.test");
    let (server, options) = start(|options| options.origin = OriginCheck::new(only));
    let url = format!("https://{}/api/chat/wt", address(&server));
    let with = |origin: &str| ClientOptions { origin: Some(origin.to_owned()), ..options.clone() };
    for (url, options) in [
        (url.clone(), options.clone()),
        (url.clone(), with("https://evil.test")),
        (url.replace("/wt", "/elsewhere"), with("https://chat.test")),
    ] {
        let refused = quic::connect_webtransport(&url, &options).await;
        assert!(matches!(refused, Err(ConnectError::WebTransport(_))));
    }
    let _link = quic::connect_webtransport(&url, &with("https://chat.test")).await.unwrap();
    accept(&server).await;
}

#[tokio::test]
async fn handshakes_that_never_finish_end_and_hold_up_nobody() {
    let patience = Duration::from_millis(400);
    let (server, options) = start(|options| options.handshake_timeout = patience);
    let port = common::port(&server);
    let started = Instant::now();
    // Native QUIC that opens no stream, HTTP/3 that never asks for a session, and a session of
    // WebTransport without a stream.
    let (quic, _quic) = common::raw_connection(port, &options.trust, ALPN_QUIC).await;
    let (web, _web) = common::raw_connection(port, &options.trust, ALPN_HTTP3).await;
    let session = common::bare_session(port, &options.trust).await;
    let _client = quic::connect(&address(&server), &options).await.unwrap();
    let _link = accept(&server).await;
    assert!(started.elapsed() < patience, "others do not wait for them");
    for stuck in [quic, web, session.quic_connection().clone()] {
        timeout(STEP, stuck.closed()).await.expect("the server ends it");
        assert!(started.elapsed() >= patience);
    }
}

#[tokio::test]
async fn silent_connections_are_dropped_for_newer_ones_and_links_past_hello_are_not() {
    let lobby = Lobby::new(10, 3);
    let (server, options) = start(|options| options.lobby = lobby.clone());
    let mut client = quic::connect(&address(&server), &options).await.unwrap();
    let arrival = timeout(STEP, server.accept()).await.unwrap().unwrap();
    assert!(arrival.place.keep());
    let mut link = arrival.link;
    let mut silent = Vec::new();
    for _ in 0..8 {
        let port = common::port(&server);
        silent.push(common::raw_connection(port, &options.trust, ALPN_QUIC).await);
    }
    for (connection, _) in silent.drain(..5) {
        timeout(STEP, connection.closed()).await.expect("the oldest make way");
    }
    passes(&mut client, &mut link, "still here").await;
    assert_eq!((lobby.waiting(), lobby.taken()), (3, 4));
}

#[tokio::test]
async fn when_many_wait_a_new_address_shows_first_that_packets_reach_it() {
    let (server, options) = start(|options| options.prove_above = 0);
    let mut client =
        timeout(STEP, quic::connect(&address(&server), &options)).await.unwrap().unwrap();
    let mut link = accept(&server).await;
    passes(&mut client, &mut link, "after a retry").await;
}

#[tokio::test]
async fn an_address_has_only_so_many_places_and_gets_them_back() {
    struct Place(Arc<AtomicUsize>);
    impl Drop for Place {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
    let taken = Arc::new(AtomicUsize::new(0));
    let places = taken.clone();
    let admit = Admit::new(move |address| {
        assert!(address.is_loopback());
        let full = places.fetch_add(1, Ordering::SeqCst) >= 2;
        let place = Place(places.clone());
        (!full).then(|| -> Box<Place> { Box::new(place) }).map(|place| place as _)
    });
    let (server, options) = start(|options| options.admit = admit);
    let connector = Connector::new(options).unwrap();
    let first = connector.connect(&address(&server)).await.unwrap();
    let second = connector.connect(&address(&server)).await.unwrap();
    let mut link = accept(&server).await;
    let _other = accept(&server).await;
    let third = connector.connect(&address(&server)).await;
    assert!(matches!(third, Err(ConnectError::Quic(quinn::ConnectionError::ConnectionClosed(_)))));
    drop((first, second));
    assert!(matches!(link.recv().await, Incoming::Closed(_)));
    drop(link);
    let _third = connector.connect(&address(&server)).await.unwrap();
    accept(&server).await;
}

#[tokio::test]
async fn a_link_survives_the_move_to_another_address() {
    let (server, options) = start(|_| ());
    let connector = Connector::new(options).unwrap();
    let mut client = connector.connect(&address(&server)).await.unwrap();
    let mut link = accept(&server).await;
    passes(&mut client, &mut link, "before").await;
    let before = connector.local_addr().unwrap();
    connector.rebind(None).unwrap();
    let after = connector.local_addr().unwrap();
    assert_ne!(before.port(), after.port());
    passes(&mut client, &mut link, "after").await;
    passes(&mut link, &mut client, "back").await;
    client.ping().unwrap();
    client.flush().await.unwrap();
    let pong = std::future::poll_fn(|cx| {
        // It answers the ping.
        let _ = link.poll_recv(cx);
        client.poll_recv(cx)
    });
    assert_eq!(timeout(STEP, pong).await.unwrap(), Incoming::Pong);
    assert_eq!(link.info().peer.unwrap().port(), after.port());
}

#[tokio::test]
async fn the_client_socket_has_the_servers_address_family() {
    let localhost = |address: &str| vec![address.parse().unwrap()];
    let (tls, trust) = common::certificate();
    let old = QuicServer::bind(ServerOptions::new(localhost("[::1]:0"), tls.clone())).unwrap();
    let new = QuicServer::bind(ServerOptions::new(localhost("127.0.0.1:0"), tls)).unwrap();
    let connector = Connector::new(ClientOptions { trust, ..ClientOptions::default() }).unwrap();
    let over_ipv6 = format!("[::1]:{}", common::port(&old));
    let mut client = connector.connect(&over_ipv6).await.unwrap();
    let mut link = accept(&old).await;
    // The new network has IPv4 only; the link is not torn from its socket.
    connector.rebind(Some(([127, 0, 0, 1], 0).into())).unwrap();
    passes(&mut client, &mut link, "still there").await;
    passes(&mut link, &mut client, "and back").await;
    let _client = connector.connect(&address(&new)).await.unwrap();
    assert!(accept(&new).await.info().peer.unwrap().is_ipv4());
    // The network after that has IPv6 again.
    let _client = connector.connect(&over_ipv6).await.unwrap();
    assert!(accept(&old).await.info().peer.unwrap().is_ipv6());
}

/// Set in the process that [`restarted_server`] runs in.
const CHILD: &str = "CAFFIS_TEST_RESTARTED_SERVER";

fn fixed_keys() -> EndpointKeys {
    EndpointKeys { reset: [5; 64], connection_ids: 77 }
}

/// No test by itself: the server that [`a_restart_is_noticed_at_once`] starts and kills.
#[tokio::test]
async fn restarted_server() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let (tls, trust) = common::certificate();
    let options =
        ServerOptions { keys: fixed_keys(), ..ServerOptions::new(common::any_port(), tls) };
    let server = QuicServer::bind(options).unwrap();
    let Trust::Hashes(hashes) = trust else { panic!("trust by hash") };
    println!("\nserving {} {}", common::port(&server), hashes[0].map(|b| b.to_string()).join(","));
    let mut link = server.accept().await.unwrap().link;
    // Until it is killed, or its parent is gone and the link dies.
    while !matches!(link.recv().await, Incoming::Closed(_)) {}
}

#[tokio::test]
async fn a_restart_is_noticed_at_once() {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "restarted_server", "--nocapture"])
        .env(CHILD, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.map(Result::unwrap).find(|line| line.starts_with("serving ")).unwrap();
    let [_, port, hash] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
    let hash: Vec<u8> = hash.split(',').map(|byte| byte.parse().unwrap()).collect();
    let trust = Trust::Hashes(vec![hash.try_into().unwrap()]);
    let address = format!("127.0.0.1:{port}");
    let options = ClientOptions { trust, ..ClientOptions::default() };
    let client = quic::connect(&address, &options).await;
    child.kill().unwrap();
    child.wait().unwrap();
    let mut client = client.unwrap();

    let (tls, _) = common::certificate();
    let options = ServerOptions::new(vec![address.parse().unwrap()], tls);
    let _server = QuicServer::bind(ServerOptions { keys: fixed_keys(), ..options }).unwrap();
    client.send(Lane::MAIN, "anybody there?".into()).await.unwrap();
    let heard = timeout(Duration::from_secs(3), client.recv()).await.expect("within 3 s");
    let Incoming::Closed(farewell) = heard else { panic!("{heard:?}") };
    assert_eq!(farewell.code, codes::ABRUPT);
    assert!(farewell.reason.contains("reset"), "by a stateless reset: {farewell:?}");
}

#[tokio::test]
async fn a_new_certificate_is_used_for_new_links_only() {
    let (server, options) = start(|_| ());
    let mut client = quic::connect(&address(&server), &options).await.unwrap();
    let mut link = accept(&server).await;
    let (tls, trust) = common::certificate();
    server.set_tls(tls).unwrap();
    passes(&mut client, &mut link, "the old link goes on").await;
    assert!(quic::connect(&address(&server), &options).await.is_err());
    let options = ClientOptions { trust, ..options };
    let _new = quic::connect(&address(&server), &options).await.unwrap();
    accept(&server).await;
}

#[tokio::test]
async fn a_certificate_of_another_hash_is_refused() {
    let (server, options) = start(|_| ());
    let options = ClientOptions { trust: Trust::Hashes(vec![[7; 32]]), ..options };
    assert!(quic::connect(&address(&server), &options).await.is_err());
}

#[tokio::test]
async fn frames_arrive_also_byte_by_byte() {
    let (server, options) = start(|_| ());
    let (connection, _endpoint) =
        common::raw_connection(common::port(&server), &options.trust, ALPN_QUIC).await;
    let (mut send, _receive) = connection.open_bi().await.unwrap();
    let mut bytes = Vec::new();
    for text in ["one", "", "three"] {
        frame::put_header(&mut bytes, frame::FrameKind::Data, text.len() as u32);
        bytes.extend_from_slice(text.as_bytes());
    }
    let write = async {
        for byte in &bytes {
            send.write_all(&[*byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    let read = async {
        let mut link = accept(&server).await;
        for text in ["one", "", "three"] {
            let got = timeout(STEP, link.recv()).await.unwrap();
            assert_eq!(got, Incoming::Frame { lane: Lane::MAIN, payload: text.into() });
        }
    };
    tokio::join!(write, read);
}

#[tokio::test]
async fn lanes_that_do_not_exist_or_come_twice_break_the_protocol() {
    for first_bytes in [&[vec![0_u8]][..], &[vec![4]], &[vec![1, 2, 0], vec![1, 0, 0]]] {
        let (server, options) = start(|_| ());
        let (connection, _endpoint) =
            common::raw_connection(common::port(&server), &options.trust, ALPN_QUIC).await;
        let (mut main, _receive) = connection.open_bi().await.unwrap();
        main.write_all(&[3, 0]).await.unwrap();
        let mut streams = Vec::new();
        for bytes in first_bytes {
            let mut stream = connection.open_uni().await.unwrap();
            stream.write_all(bytes).await.unwrap();
            streams.push(stream);
        }
        let mut link = accept(&server).await;
        let heard = timeout(STEP, link.recv()).await.unwrap();
        let Incoming::Closed(Farewell { code: codes::PROTOCOL, .. }) = heard else {
            panic!("{first_bytes:?} came out as {heard:?}")
        };
    }
}

#[tokio::test]
async fn a_peer_cannot_open_many_streams() {
    let (server, options) = start(|_| ());
    let _client = quic::connect(&address(&server), &options).await.unwrap();
    let _link = accept(&server).await;
    let (connection, _endpoint) =
        common::raw_connection(common::port(&server), &options.trust, ALPN_QUIC).await;
    let mut streams = Vec::new();
    while let Ok(stream) = timeout(Duration::from_millis(200), connection.open_uni()).await {
        streams.push(stream.unwrap());
        assert!(streams.len() <= 10, "unidirectional streams are capped");
    }
}

#[tokio::test]
async fn shutting_down_waits_for_the_links() {
    let (server, options) = start(|_| ());
    let mut client = quic::connect(&address(&server), &options).await.unwrap();
    let mut link = accept(&server).await;
    let target = address(&server);
    server.stop_accepting();
    assert!(timeout(STEP, server.accept()).await.unwrap().is_none());
    assert!(quic::connect(&target, &options).await.is_err());
    let say = link.close(Farewell::new(3, "shutting down"));
    let hear = async {
        assert_eq!(client.recv().await, Incoming::Closed(Farewell::new(3, "shutting down")))
    };
    tokio::join!(say, hear);
    timeout(STEP, server.shutdown(STEP)).await.unwrap();
}
