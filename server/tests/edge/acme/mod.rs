//! Certificates of an authority that speaks ACME.

mod pebble;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use caffis_chat::{
    system::SystemClock,
    tokens::{Grant, mint},
};
use caffis_core::ports::clock::Clock;
use caffis_schema::{Command, UserId, open::Empty};
use caffis_transport::{ConnectError, quic, tls::Trust, ws};
use reqwest::tls::TlsInfo;
use ring::digest::{SHA256, digest};
use rustix::process::Signal;
use serde_json::Value;

use crate::common::{Over, PATIENCE, Person, Server, Setup, soon};
use pebble::{Pebble, Place};

const SECRET: &str = "a secret of the operator with more than 32 bytes";

/// What the log says with each order.
const ASKED: &str = "a certificate is asked for";

const DAY: Duration = Duration::from_secs(86_400);

/// So short that a third of it is left soon.
const SHORT: Duration = Duration::from_secs(6);

fn server_of(place: &Place, domains: &str) -> Setup {
    let flags = place.flags(domains);
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    Setup::production().variable("CAFFIS_TOKEN_SECRET", SECRET).flags(&flags)
}

fn token() -> String {
    let grant = Grant {
        user: UserId::new("giulia").unwrap(),
        name: Some("Giulia".to_owned()),
        issued: SystemClock.now(),
        lifetime: DAY,
        service: None,
        issuer: None,
        audience: None,
    };
    mint(SECRET, &grant).unwrap()
}

/// Waits until something can be made of what is looked at.
async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    soon(what, looking).await
}

async fn logged(server: &Server, text: &str) {
    until(text, async || server.log().contains(text).then_some(())).await;
}

fn count(server: &Server, text: &str) -> usize {
    server.log().matches(text).count()
}

/// A client that looks at no certificate, as probes do.
fn probe() -> reqwest::Client {
    drop(crate::common::http());
    let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy().tls_info(true);
    client.tls_danger_accept_invalid_certs(true).build().unwrap()
}

async fn readiness(server: &Server) -> (u16, Value) {
    let url = format!("https://localhost:{}/readyz", server.tcp().port());
    let answer = probe().get(url).send().await.unwrap();
    (answer.status().as_u16(), serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
}

/// The hash of the certificate that TCP shows, if it leads to the authority.
async fn shown(server: &Server, authority: &Pebble) -> Option<[u8; 32]> {
    let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy().tls_info(true);
    tls_hash(&client.tls_certs_only([authority.certificate()]).build().unwrap(), server).await
}

/// The hash of the certificate that TCP shows, if this client trusts it.
async fn tls_hash(client: &reqwest::Client, server: &Server) -> Option<[u8; 32]> {
    let url = format!("https://localhost:{}/healthz", server.tcp().port());
    let answer = client.get(url).send().await.ok()?;
    let info = answer.extensions().get::<TlsInfo>().unwrap();
    digest(&SHA256, info.peer_certificate().unwrap()).as_ref().try_into().ok()
}

/// Somebody who trusts these certificates.
async fn connect(server: &Server, over: Over, trust: Trust) -> Result<Person, ConnectError> {
    let port = if over == Over::WebSocket { server.tcp() } else { server.udp() }.port();
    let quic = quic::ClientOptions { trust: trust.clone(), ..Default::default() };
    let link = match over {
        Over::Quic => quic::connect(&format!("localhost:{port}"), &quic).await?,
        Over::WebTransport => {
            quic::connect_webtransport(&format!("https://localhost:{port}/api/chat/wt"), &quic)
                .await?
        }
        _ => {
            let options = ws::ClientOptions { trust, ..Default::default() };
            ws::connect(&format!("wss://localhost:{port}/api/chat/ws"), &options).await?
        }
    };
    Ok(Person::on(link, over))
}

async fn enter(server: &Server, over: Over, trust: Trust) -> Person {
    let mut person = soon("the connection", connect(server, over, trust)).await.unwrap();
    person.greet(&token()).await.unwrap();
    person
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

const EVERY: [Over; 3] = [Over::WebSocket, Over::Quic, Over::WebTransport];

#[tokio::test]
async fn a_server_waits_for_its_authority_and_keeps_what_it_got() {
    let place = Place::new();
    let setup = server_of(&place, "localhost");
    let server = setup.start().await;
    logged(&server, "the certificate authority cannot be reached").await;
    let (status, answer) = readiness(&server).await;
    assert_eq!((status, &answer["reasons"][0]), (503, &Value::from("no_certificate")));
    let placeholder = tls_hash(&probe(), &server).await.unwrap();
    for over in EVERY {
        let trust = Trust::Hashes(vec![placeholder]);
        let refusal = soon("the refusal", connect(&server, over, trust)).await.err().unwrap();
        let is_clean = match over {
            Over::WebSocket => matches!(refusal, ConnectError::Refused(503)),
            _ => !matches!(refusal, ConnectError::TimedOut(_)),
        };
        assert!(is_clean, "{over:?}: {refusal}");
    }

    let authority = place.start(server.tcp().port(), DAY).await;
    let hash = until("a certificate", async || shown(&server, &authority).await).await;
    assert_eq!(readiness(&server).await.0, 200);
    for over in EVERY {
        enter(&server, over, Trust::Roots(authority.roots())).await;
    }
    let kept = files(&setup.data().join("acme"));
    assert_eq!(kept.len(), 2, "{kept:?}");
    for file in kept {
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }

    let asked = count(&server, ASKED);
    let trust = Trust::Roots(authority.roots());
    assert!(server.stop().await.success());
    let server = setup.start().await;
    assert_eq!(shown(&server, &authority).await, Some(hash));
    enter(&server, Over::Quic, trust).await;
    assert_eq!(count(&server, ASKED), asked, "the certificate of before serves on");
}

#[tokio::test]
async fn a_certificate_is_renewed_in_time_and_no_link_ends() {
    let place = Place::new();
    let server = server_of(&place, "localhost").start().await;
    let authority = place.start(server.tcp().port(), SHORT).await;
    let first = until("a certificate", async || shown(&server, &authority).await).await;
    let mut links = Vec::new();
    for over in EVERY {
        links.push(enter(&server, over, Trust::Roots(authority.roots())).await);
    }
    let another = async || {
        let hash = shown(&server, &authority).await.filter(|hash| *hash != first)?;
        // Between the two looks it may have been renewed again.
        connect(&server, Over::Quic, Trust::Hashes(vec![hash])).await.ok()
    };
    until("another certificate on TCP and UDP", another).await;
    let old = connect(&server, Over::Quic, Trust::Hashes(vec![first])).await;
    assert!(old.is_err(), "UDP shows the old certificate still");

    // An authority that lost its memory has other roots and does not know our account.
    drop(authority);
    let authority = place.start(server.tcp().port(), DAY).await;
    until("a certificate of the new authority", async || shown(&server, &authority).await).await;
    assert!(server.log().contains("does not know our account"));
    for link in &mut links {
        link.ask(Command::Ping(Empty {})).await.unwrap();
    }
}

#[tokio::test]
async fn a_domain_that_leads_elsewhere_is_named_and_not_asked_for_too_often() {
    let place = Place::new();
    let server = server_of(&place, "localhost,elsewhere.test").start().await;
    let _authority = place.start(server.tcp().port(), DAY).await;
    let failure = "could not validate elsewhere.test";
    logged(&server, failure).await;
    let log = server.log();
    let line = log.lines().find(|line| line.contains(failure)).unwrap();
    let wait = line.split("retry.seconds=").nth(1).unwrap().split(' ').next().unwrap();
    assert!(wait.parse::<u64>().unwrap() >= 300, "{line}");
    let (status, answer) = readiness(&server).await;
    assert_eq!((status, &answer["reasons"][0]), (503, &Value::from("no_certificate")));

    let asked = count(&server, ASKED);
    server.signal(Signal::HUP);
    until("a failure at once", async || (count(&server, failure) == 2).then_some(())).await;
    assert_eq!(count(&server, ASKED), asked + 1);
}

#[tokio::test]
async fn settings_that_contradict_each_other_stop_the_start() {
    let place = Place::new();
    let domain = ["--acme-domains", "chat.example"];
    Setup::dev().flags(&domain).fail().await.refused(&["acme_domains", "`chat.example`", "dev"]);
    let setup = Setup::production().variable("CAFFIS_TOKEN_SECRET", SECRET);
    setup.clone().flags(&domain).fail().await.refused(&["acme_agree_tos", "`false`", "`true`"]);
    let files = ["--tls-certificate", "chain.pem", "--tls-key", "key.pem"];
    let both = setup.clone().flags(&domain).flags(&files).fail().await;
    both.refused(&["acme_domains", "tls_certificate", "`chain.pem`"]);
    let address = setup.flags(&["--acme-domains", "192.0.2.1"]).fail().await;
    address.refused(&["--acme-domains", "`192.0.2.1`", "domain names"]);
    fs::remove_file(place.root()).unwrap();
    server_of(&place, "localhost").fail().await.refused(&["root.pem"]);
}
