//! The floor: what the same bytes cost through bare system calls and libraries.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use caffis_transport::tls::Trust;
use ring::digest::{SHA256, digest};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use tokio::{io::AsyncReadExt as _, task::spawn_local};

use crate::{frames::TEXT_BYTES, usage};

/// A certificate for 127.0.0.1, as files and in memory.
pub(crate) struct Certificate {
    pub(crate) chain: PathBuf,
    pub(crate) key: PathBuf,
    der: CertificateDer<'static>,
    key_der: Vec<u8>,
}

impl Certificate {
    pub(crate) fn make(folder: &Path) -> anyhow::Result<Self> {
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let made = rcgen::generate_simple_self_signed(names)?;
        let (chain, key) = (folder.join("chain.pem"), folder.join("key.pem"));
        fs::write(&chain, made.cert.pem())?;
        fs::write(&key, made.signing_key.serialize_pem())?;
        let der = made.cert.der().clone();
        Ok(Self { chain, key, der, key_der: made.signing_key.serialize_der() })
    }

    /// Trust in this certificate alone.
    pub(crate) fn trust(&self) -> Trust {
        let hash = digest(&SHA256, &self.der);
        Trust::Hashes(vec![hash.as_ref().try_into().unwrap_or_default()])
    }

    fn server(&self, alpn: &[u8]) -> anyhow::Result<rustls::ServerConfig> {
        let key = PrivatePkcs8KeyDer::from(self.key_der.clone());
        let mut config = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![self.der.clone()], key.into())?;
        config.alpn_protocols = vec![alpn.to_vec()];
        Ok(config)
    }
}

/// CPU of a thread that writes 200 bytes to each of `receivers` sockets, `rate` times a second, in
/// microseconds per write.
pub(crate) async fn send_loop(receivers: usize, rate: u64, time: Duration) -> anyhow::Result<f64> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let mut sockets = Vec::with_capacity(receivers);
    let mut readers = Vec::with_capacity(receivers);
    for _ in 0..receivers {
        let mut stream = tokio::net::TcpStream::connect(address).await?;
        let (socket, _) = listener.accept()?;
        socket.set_nodelay(true)?;
        sockets.push(socket);
        readers.push(spawn_local(async move {
            let mut buffer = [0; 4_096];
            while matches!(stream.read(&mut buffer).await, Ok(count) if count > 0) {}
        }));
    }
    let writer = thread::spawn(move || write_rounds(sockets, rate, time));
    while !writer.is_finished() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let cost = writer.join().map_err(|_| anyhow::anyhow!("the writer failed"))??;
    for reader in readers {
        reader.await?;
    }
    Ok(cost)
}

fn write_rounds(mut sockets: Vec<TcpStream>, rate: u64, time: Duration) -> anyhow::Result<f64> {
    let payload = [b'x'; TEXT_BYTES];
    let (begun, before) = (Instant::now(), usage::own_thread());
    let rounds = rate * time.as_millis() as u64 / 1_000;
    for round in 0..rounds {
        let due = Duration::from_secs_f64(round as f64 / rate as f64);
        thread::sleep(due.saturating_sub(begun.elapsed()));
        for socket in &mut sockets {
            socket.write_all(&payload)?;
        }
    }
    // The scheduler's count is exact just after a thread has slept.
    thread::sleep(Duration::from_millis(1));
    let used = usage::own_thread() - before;
    Ok(used.as_secs_f64() * 1e6 / (rounds * sockets.len() as u64).max(1) as f64)
}

/// CPU of a thread that accepts TCP connections and performs TLS handshakes, in microseconds each.
pub(crate) fn tls_handshake(certificate: &Certificate, count: usize) -> anyhow::Result<f64> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let config = Arc::new(certificate.server(b"http/1.1")?);
    let server = thread::spawn(move || -> anyhow::Result<f64> {
        let before = usage::own_thread();
        for _ in 0..count {
            let (mut socket, _) = listener.accept()?;
            let mut tls = rustls::ServerConnection::new(Arc::clone(&config))?;
            while tls.is_handshaking() {
                tls.complete_io(&mut socket)?;
            }
            rustls::Stream::new(&mut tls, &mut socket).write_all(b"x")?;
        }
        thread::sleep(Duration::from_millis(1));
        let used = usage::own_thread() - before;
        Ok(used.as_secs_f64() * 1e6 / count as f64)
    });
    let config = Arc::new(certificate.trust().client_config(&[b"http/1.1"])?);
    for _ in 0..count {
        let mut socket = TcpStream::connect(address)?;
        let name = ServerName::try_from("localhost")?;
        let mut tls = rustls::ClientConnection::new(Arc::clone(&config), name)?;
        rustls::Stream::new(&mut tls, &mut socket).read_exact(&mut [0])?;
    }
    server.join().map_err(|_| anyhow::anyhow!("the server's side failed"))?
}

/// CPU of a thread that accepts QUIC connections, in microseconds each.
pub(crate) fn quic_handshake(certificate: &Certificate, count: usize) -> anyhow::Result<f64> {
    let tls = certificate.server(b"floor")?;
    let crypto = quinn::crypto::rustls::QuicServerConfig::try_from(tls)?;
    let config = quinn::ServerConfig::with_crypto(Arc::new(crypto));
    let (sender, address) = std::sync::mpsc::channel();
    let server = thread::spawn(move || -> anyhow::Result<f64> {
        alone(async move {
            let endpoint = quinn::Endpoint::server(config, (Ipv4Addr::LOCALHOST, 0).into())?;
            sender.send(endpoint.local_addr()?)?;
            let before = usage::own_thread();
            let mut kept = Vec::with_capacity(count);
            for _ in 0..count {
                kept.push(endpoint.accept().await.context("closed")?.await?);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            let used = usage::own_thread() - before;
            Ok(used.as_secs_f64() * 1e6 / count as f64)
        })
    });
    let address = address.recv().context("the server's side failed")?;
    let tls = certificate.trust().client_config(&[b"floor"])?;
    let client = thread::spawn(move || -> anyhow::Result<()> {
        alone(async move {
            let endpoint = quinn::Endpoint::client((Ipv4Addr::LOCALHOST, 0).into())?;
            let crypto = quinn::crypto::rustls::QuicClientConfig::try_from(tls)?;
            let config = quinn::ClientConfig::new(Arc::new(crypto));
            let mut kept = Vec::with_capacity(count);
            for _ in 0..count {
                kept.push(endpoint.connect_with(config.clone(), address, "localhost")?.await?);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            Ok(())
        })
    });
    let cost = server.join().map_err(|_| anyhow::anyhow!("the server's side failed"))?;
    client.join().map_err(|_| anyhow::anyhow!("the client's side failed"))??;
    cost
}

/// Runs a future on its own runtime on this thread.
fn alone<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(future)
}
