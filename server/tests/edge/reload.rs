//! Certificates of the operator's own.

use std::{fs, path::Path, time::Duration};

use caffis_transport::{tls::Trust, ws};
use ring::digest::{SHA256, digest};
use rustix::process::Signal;

use crate::common::{Over, Person, Server, Setup, soon, token_of};

/// Writes a self-signed certificate for localhost; gives its hash.
fn certificate(chain: &Path, key: &Path) -> [u8; 32] {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(key, made.signing_key.serialize_pem()).unwrap();
    fs::write(chain, made.cert.pem()).unwrap();
    digest(&SHA256, made.cert.der()).as_ref().try_into().unwrap()
}

async fn trusting(server: &Server, hash: [u8; 32]) -> Result<Person, String> {
    let options =
        ws::ClientOptions { trust: Trust::Hashes(vec![hash]), ..ws::ClientOptions::default() };
    let url = format!("wss://localhost:{}/api/chat/ws", server.tcp().port());
    let link = soon("the connection", ws::connect(&url, &options)).await;
    Ok(Person::on(link.map_err(|error| error.to_string())?, Over::WebSocket))
}

#[tokio::test]
async fn own_certificates_serve_tls_and_are_replaced_without_dropping_anybody() {
    let setup = Setup::dev();
    let (chain, key) = (setup.beside("chain.pem"), setup.beside("key.pem"));
    let old = certificate(&chain, &key);
    let flags = ["--tls-certificate", chain.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    let server = setup.flags(&flags).start().await;
    let mut giulia = trusting(&server, old).await.unwrap();
    giulia.greet(&token_of("giulia")).await.unwrap();

    let new = certificate(&chain, &key);
    server.signal(Signal::HUP);
    let replaced = async {
        while trusting(&server, new).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    soon("the new certificate", replaced).await;
    assert!(trusting(&server, old).await.is_err());
    let room = giulia.direct("marco").await;
    giulia.say(room, "still here").await.unwrap();

    fs::write(&chain, "broken").unwrap();
    server.signal(Signal::HUP);
    let refused = async {
        while !server.log().contains("the old certificate stays") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    soon("the refusal of the broken file", refused).await;
    assert!(trusting(&server, new).await.is_ok());
}
