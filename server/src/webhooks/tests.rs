//! The sender with a real receiver, and with names that lead where they should not.

use std::{
    collections::VecDeque,
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{
        HeaderMap, StatusCode,
        header::{CONNECTION, LOCATION, RETRY_AFTER},
    },
    response::{IntoResponse, Response},
    routing::post,
};
use caffis_core::ports::webhooks::{Answer, Dialer as _, Outbound, Target, WebhookSender as _};
use futures_util::stream;
use reqwest::Url;
use standardwebhooks::Webhook;
use tokio::{
    net::TcpListener,
    time::{Instant, sleep},
};

use super::{
    dialer::HttpDialer,
    guard::{Found, Lookup},
    sender::{HttpSender, REASON_BYTES},
};
use crate::config::{HookEndpoint, HookOutSettings, HookSettings, Secret};

const SECRETS: [&str; 2] =
    ["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"];

/// What a receiver was sent.
type Received = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// A receiver at an address, which answers as the path says.
async fn receiver(address: &str) -> (SocketAddr, Received) {
    async fn take(
        State(received): State<Received>,
        headers: HeaderMap,
        uri: axum::http::Uri,
        body: Bytes,
    ) -> Response {
        received.lock().unwrap().push((headers, body));
        match uri.path() {
            "/busy" => {
                (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "30")], "not\nnow").into_response()
            }
            "/broken" => (StatusCode::INTERNAL_SERVER_ERROR, "x".repeat(5_000)).into_response(),
            "/moved" => {
                let to = uri.query().unwrap_or_default().to_owned();
                (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, to)]).into_response()
            }
            "/hangs" => {
                sleep(Duration::from_secs(60)).await;
                StatusCode::OK.into_response()
            }
            "/endless" => {
                let piece = || Ok::<_, io::Error>(Bytes::from_static(&[b'x'; 1_024]));
                Body::from_stream(stream::repeat_with(piece)).into_response()
            }
            _ => ([(CONNECTION, "close")], "thanks").into_response(),
        }
    }
    let received = Received::default();
    let listener = TcpListener::bind((address, 0)).await.unwrap();
    let place = listener.local_addr().unwrap();
    let app = Router::new().fallback(post(take)).with_state(received.clone());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (place, received)
}

/// Names whose addresses are these, one after the other; and how often they were looked up.
struct Changing(Mutex<VecDeque<&'static str>>, AtomicUsize);

impl Lookup for Changing {
    fn lookup(&self, _: String) -> Found {
        self.1.fetch_add(1, Ordering::Relaxed);
        let mut left = self.0.lock().unwrap();
        let address = if left.len() > 1 { left.pop_front() } else { left.front().copied() };
        let found = address.into_iter().map(|address| address.parse::<IpAddr>().unwrap()).collect();
        Box::pin(std::future::ready(Ok(found)))
    }
}

fn sender(url: &str, allowed: &[&str], addresses: &[&'static str]) -> (HttpSender, Arc<Changing>) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let networks = allowed.iter().map(|network| network.parse().unwrap()).collect();
    let out = HookOutSettings {
        networks,
        timeout: Duration::from_millis(500),
        ..HookOutSettings::default()
    };
    let settings = HookSettings { out, ..HookSettings::default() };
    let endpoint = HookEndpoint {
        name: "push".to_owned(),
        url: Url::parse(url).unwrap(),
        secrets: SECRETS.iter().map(|secret| Secret((*secret).to_owned())).collect(),
        kinds: Vec::new(),
        contexts: Vec::new(),
    };
    let lookup =
        Arc::new(Changing(Mutex::new(addresses.iter().copied().collect()), AtomicUsize::new(0)));
    (HttpSender::new(&settings, &[endpoint], lookup.clone()).unwrap(), lookup)
}

fn webhook() -> Outbound {
    Outbound { endpoint: "push".into(), id: "evt_1".to_owned(), body: Bytes::from_static(b"{}") }
}

fn unreachable(answer: Answer) -> String {
    match answer {
        Answer::Unreachable(reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn each_secret_signs_and_the_official_library_agrees() {
    let (place, received) = receiver("127.0.0.1").await;
    let (sender, _) = sender(&format!("http://{place}/"), &["127.0.0.0/8"], &[]);
    let answer = sender.send(&webhook()).await;
    let thanks = "thanks".to_owned();
    assert_eq!(answer, Answer::Said { status: 200, retry_after: None, reason: thanks });
    let received = received.lock().unwrap();
    let (headers, body) = &received[0];
    assert_eq!(
        (&headers["webhook-id"], &headers["content-type"]),
        (&"evt_1".parse().unwrap(), &"application/json".parse().unwrap())
    );
    for secret in SECRETS {
        Webhook::new(secret).unwrap().verify(body, headers).unwrap();
        assert!(Webhook::new(secret).unwrap().verify(b"{ }", headers).is_err());
    }
}

#[tokio::test]
async fn a_name_is_looked_up_once_and_where_it_leads_then_is_where_the_webhook_goes() {
    // The good one and the one that is not for us listen at the same port.
    let (place, received) = receiver("127.0.0.1").await;
    let internal = TcpListener::bind(("127.0.0.2", place.port())).await.unwrap();
    let url = format!("http://push.example.org:{}/", place.port());
    let (sender, lookup) = sender(&url, &["127.0.0.1/32"], &["127.0.0.1", "127.0.0.2"]);
    let answer = sender.send(&webhook()).await;
    assert!(matches!(answer, Answer::Said { status: 200, .. }), "{answer:?}");
    assert_eq!(lookup.1.load(Ordering::Relaxed), 1, "once for the check and the connection");
    // The next connection finds the other address, and is not made.
    let reason = unreachable(sender.send(&webhook()).await);
    assert!(reason.contains("127.0.0.2") && reason.contains("hook_out_networks"), "{reason}");
    assert_eq!((lookup.1.load(Ordering::Relaxed), received.lock().unwrap().len()), (2, 1));
    let nobody = tokio::time::timeout(Duration::from_millis(100), internal.accept()).await;
    assert!(nobody.is_err(), "somebody connected");
}

#[tokio::test]
async fn addresses_that_are_not_public_are_refused_by_name_and_by_number() {
    let (place, received) = receiver("127.0.0.1").await;
    let port = place.port();
    for url in [
        format!("http://127.0.0.1:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://push.example.org:{port}/"),
    ] {
        let (sender, _) = sender(&url, &["10.0.0.0/8"], &["127.0.0.1"]);
        let reason = unreachable(sender.send(&webhook()).await);
        assert!(reason.contains("127.0.0.1") && reason.contains("not a public"), "{url}: {reason}");
    }
    assert!(received.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_address_that_is_checked_when_it_is_given_is_checked_again_at_each_delivery() {
    let (place, received) = receiver("127.0.0.1").await;
    let port = place.port();
    let (_, lookup) = sender("http://127.0.0.1/", &[], &["8.8.8.8", "127.0.0.1"]);
    let dialer = HttpDialer::new(HookSettings::default(), lookup);
    let url = format!("http://push.example.org:{port}/");
    dialer.check(&url).await.unwrap();
    let secrets = vec![SECRETS[0].into()];
    let target = Target { endpoint: "push".into(), url: url.as_str().into(), secrets };
    let reason = unreachable(dialer.dial(&target).unwrap().send(&webhook()).await);
    assert!(reason.contains("127.0.0.1") && reason.contains("not a public"), "{reason}");
    assert!(received.lock().unwrap().is_empty());
    // By now it is known at once.
    let reason = dialer.check(&url).await.unwrap_err();
    assert!(reason.contains("127.0.0.1") && reason.contains("hook_out_networks"), "{reason}");
    let (_, nothing) = sender("http://127.0.0.1/", &[], &[]);
    let lost = HttpDialer::new(HookSettings::default(), nothing).check(&url).await.unwrap_err();
    assert!(lost.contains("no address"), "{lost}");
    let weak = Target { secrets: vec!["whsec_c2hvcnQ=".into()], ..target };
    let reason = dialer.dial(&weak).err().unwrap();
    assert!(reason.contains("base64") && !reason.contains("c2hvcnQ"), "{reason}");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (internal, asked) = receiver("127.0.0.2").await;
    let (place, _) = receiver("127.0.0.1").await;
    let url = format!("http://{place}/moved?http://{internal}/");
    let (sender, _) = sender(&url, &["127.0.0.0/8"], &[]);
    let answer = sender.send(&webhook()).await;
    assert!(matches!(answer, Answer::Said { status: 307, .. }), "{answer:?}");
    assert!(asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn answers_are_read_as_far_as_needed_and_waited_for_as_long_as_allowed() {
    let (place, _) = receiver("127.0.0.1").await;
    let carry = async |path: &str| {
        let (sender, _) = sender(&format!("http://{place}{path}"), &["127.0.0.1"], &[]);
        sender.send(&webhook()).await
    };
    let retry_after = Some(Duration::from_secs(30));
    let reason = "not now".to_owned();
    assert_eq!(carry("/busy").await, Answer::Said { status: 429, retry_after, reason });
    match carry("/broken").await {
        Answer::Said { status: 500, reason, .. } => assert_eq!(reason.len(), REASON_BYTES),
        other => panic!("{other:?}"),
    }
    let start = Instant::now();
    assert!(matches!(carry("/endless").await, Answer::Said { status: 200, .. }));
    assert_eq!(carry("/hangs").await, Answer::Late);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    let (sender, _) = sender("http://127.0.0.1:1/", &["127.0.0.1"], &[]);
    let reason = unreachable(sender.send(&webhook()).await);
    assert!(reason.contains("refused"), "{reason}");
}
