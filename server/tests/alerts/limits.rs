//! What comes near its limit: connections, files, disk space, certificates.

use std::fs;

use rcgen::{CertificateParams, KeyPair};
use rustix::process::Resource;
use tokio::net::TcpStream;

use crate::{common::Setup, disk::Disk, watching::Watch};

const SECRET: &str = "a secret of the operator with more than 32 bytes";

#[tokio::test]
#[ignore = "needs Prometheus"]
async fn connections_files_and_space_run_out() {
    let flags = ["--max-connections", "100", "--handshake-timeout", "5m"];
    let server = Disk::quick().setup().flags(&flags).start().await;
    let watch = Watch::over(&[server.metrics()]).await;
    let mut sockets = Vec::new();
    for _ in 0..100 {
        sockets.push(TcpStream::connect(server.tcp()).await.unwrap());
    }
    watch.sees(&["CaffisPlacesNearlyTaken"]).await;
    for _ in 0..200 {
        sockets.push(TcpStream::connect(server.tcp()).await.unwrap());
    }
    watch.sees(&["CaffisConnectionsRefused"]).await;
    let open = server.scrape().await.value("process_open_fds", &[]);
    server.limit(Resource::Nofile, Some((open * 1.04) as u64));
    watch.sees(&["CaffisFilesNearlyAll"]).await;
    // Another one, whose disk is nearly full.
    let free = server.scrape().await.value("caffis_store_free_bytes", &[]) as u64;
    let reserve = format!("{}MiB", (free >> 20).saturating_sub(500));
    let full = Disk::quick().setup().flags(&["--store-reserve", &reserve]).start().await;
    drop(Watch::over_trouble(&[full.metrics()], "CaffisDiskFilling").await);
}

#[tokio::test]
#[ignore = "needs Prometheus"]
async fn certificates_that_end_or_never_come() {
    let setup = Setup::production().metrics().variable("CAFFIS_TOKEN_SECRET", SECRET);
    let (chain, key) = (setup.beside("chain.pem"), setup.beside("key.pem"));
    let made = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let day = std::time::Duration::from_secs(86_400);
    params.not_after = (std::time::SystemTime::now() + day).into();
    fs::write(&key, made.serialize_pem()).unwrap();
    fs::write(&chain, params.self_signed(&made).unwrap().pem()).unwrap();
    let files = ["--tls-certificate", chain.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    let ending = setup.flags(&files).start().await;
    drop(Watch::over_trouble(&[ending.metrics()], "CaffisCertificateExpiring").await);
    // Nobody is at the authority's address.
    let flags = [
        "--acme-domains",
        "chat.test",
        "--acme-agree-tos",
        "--acme-directory",
        "https://127.0.0.1:9/directory",
    ];
    let setup = Setup::production().metrics().variable("CAFFIS_TOKEN_SECRET", SECRET);
    let without = setup.flags(&flags).start().await;
    drop(Watch::over_trouble(&[without.metrics()], "CaffisNoCertificate").await);
}
