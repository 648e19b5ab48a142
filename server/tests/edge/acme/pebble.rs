//! A real certificate authority on loopback: Pebble, the test server of Let's Encrypt.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use reqwest::Certificate;
use rustls::{RootCertStore, pki_types::CertificateDer};
use rustls_pki_types::pem::PemObject;
use serde_json::json;
use tempfile::TempDir;
use tokio::{net::UdpSocket, task::JoinHandle};

use crate::common::{PATIENCE, http, soon};

/// Where an authority lives, and what makes its own address trusted. It may run or not.
pub(super) struct Place {
    folder: TempDir,
    directory: SocketAddr,
    management: SocketAddr,
}

impl Place {
    pub(super) fn new() -> Self {
        let (directory, management) = (address(), address());
        let place = Self { folder: TempDir::new().unwrap(), directory, management };
        place.write_certificates();
        place
    }

    /// The root that its own address leads to, and a certificate for that address.
    fn write_certificates(&self) {
        let mut root = CertificateParams::default();
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root_key = KeyPair::generate().unwrap();
        let certificate = root.self_signed(&root_key).unwrap();
        fs::write(self.root(), certificate.pem()).unwrap();
        let key = KeyPair::generate().unwrap();
        let own = CertificateParams::new([self.directory.ip().to_string()]).unwrap();
        let own = own.signed_by(&key, &Issuer::new(root, root_key)).unwrap();
        fs::write(self.file("own.pem"), own.pem()).unwrap();
        fs::write(self.file("own-key.pem"), key.serialize_pem()).unwrap();
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn root(&self) -> PathBuf {
        self.file("root.pem")
    }

    /// The settings of a server that asks this authority for a certificate.
    pub(super) fn flags(&self, domains: &str) -> [String; 8] {
        [
            "--acme-domains",
            domains,
            "--acme-agree-tos=true",
            "--acme-contact=operator@chat.test",
            "--acme-directory",
            &format!("https://{}/dir", self.directory),
            "--acme-ca",
            self.root().to_str().unwrap(),
        ]
        .map(str::to_owned)
    }

    /// Starts the authority, which looks for proofs at this port of the names and gives certificates
    /// of this lifetime; waits until it answers.
    pub(super) async fn start(&self, port: u16, lifetime: Duration) -> Pebble {
        let config = json!({"pebble": {
            "listenAddress": self.directory.to_string(),
            "managementListenAddress": self.management.to_string(),
            "certificate": self.file("own.pem"),
            "privateKey": self.file("own-key.pem"),
            "httpPort": 1,
            "tlsPort": port,
            "certificateValidityPeriod": lifetime.as_secs(),
        }});
        fs::write(self.file("pebble.json"), config.to_string()).unwrap();
        let names = Names::start().await;
        let log = self.file("log");
        let out = File::options().create(true).append(true).open(&log).unwrap();
        let mut command = Command::new("pebble");
        command.arg("-config").arg(self.file("pebble.json"));
        command.arg("-dnsserver").arg(names.address.to_string());
        // At once; always with new proofs; without made-up errors.
        command.env("PEBBLE_VA_NOSLEEP", "1").env("PEBBLE_AUTHZREUSE", "0");
        command.env("PEBBLE_WFE_NONCEREJECT", "0");
        command.stdin(Stdio::null()).stderr(out.try_clone().unwrap()).stdout(out);
        let child = command.spawn().expect("pebble is not installed: cargo xtask setup");
        let mut pebble = Pebble { child, log, root: Vec::new(), _names: names };
        pebble.root = soon("the authority's answer", self.issuing_root()).await;
        pebble
    }

    /// The root of the certificates that it gives, PEM.
    async fn issuing_root(&self) -> Vec<u8> {
        // For the crypto library.
        drop(http());
        let own = Certificate::from_pem(&fs::read(self.root()).unwrap()).unwrap();
        let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy().tls_certs_only([own]);
        let client = client.build().unwrap();
        let url = format!("https://{}/roots/0", self.management);
        loop {
            if let Ok(answer) = client.get(&url).send().await {
                return answer.bytes().await.unwrap().to_vec();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// A running authority. It forgets everything when it ends.
pub(super) struct Pebble {
    child: Child,
    log: PathBuf,
    root: Vec<u8>,
    _names: Names,
}

impl Pebble {
    /// The root of what it gives, for HTTP.
    pub(super) fn certificate(&self) -> Certificate {
        Certificate::from_pem(&self.root).unwrap()
    }

    /// The root of what it gives, for links.
    pub(super) fn roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(&self.root).unwrap()).unwrap();
        Arc::new(roots)
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            eprintln!("--- the authority's log\n{log}--- end of the log");
        }
    }
}

/// Tells the authority where names lead: `localhost` to this machine, all others nowhere. No question
/// leaves this machine.
struct Names {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Names {
    async fn start() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let mut question = [0; 512];
            while let Ok((length, peer)) = socket.recv_from(&mut question).await {
                if let Some(answer) = answer(&question[..length]) {
                    // Pebble may be gone.
                    let _ = socket.send_to(&answer, peer).await;
                }
            }
        });
        Self { address, task }
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The answer to a question of DNS (RFC 1035): the address, nothing of this type, or no such name.
fn answer(question: &[u8]) -> Option<Vec<u8>> {
    const HEADER: usize = 12;
    const ADDRESS: [u8; 2] = [0, 1];
    let name = question[HEADER..].iter().position(|byte| *byte == 0)? + HEADER + 1;
    let kind = question.get(name..name + 2)?;
    let is_here = question[HEADER..name].eq_ignore_ascii_case(b"\x09localhost\0");
    let answers = u8::from(is_here && kind == ADDRESS);
    let mut answer = question[..2].to_vec();
    answer.extend([0x81, if is_here { 0x80 } else { 0x83 }, 0, 1, 0, answers, 0, 0, 0, 0]);
    answer.extend(question.get(HEADER..name + 4)?);
    if answers == 1 {
        // The name of the question, A, IN, a minute, four bytes.
        answer.extend([0xc0, HEADER as u8, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
    }
    Some(answer)
}

/// A loopback address that nobody else uses: Pebble cannot tell which port the system chose, so each
/// test process has an IP address of its own, and ports that the system never chooses.
fn address() -> SocketAddr {
    static PORT: AtomicU16 = AtomicU16::new(14_000);
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    let ip = Ipv4Addr::new(127, 64 | (high & 63), middle, low);
    (ip, PORT.fetch_add(1, Ordering::Relaxed)).into()
}
