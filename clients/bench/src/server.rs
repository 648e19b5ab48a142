//! The server that is measured: its own process on its own folder.

use std::{
    io::{BufRead as _, BufReader},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, bail};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{token, usage};

/// Settings that differ from the defaults: the generator's clients share addresses and send faster
/// than people do.
pub(crate) const SETTINGS: &[(&str, &str)] = &[
    ("MESSAGES_PER_SECOND", "1000000"),
    ("COMMANDS_PER_SECOND", "1000000"),
    ("ADDRESS_COMMANDS_PER_SECOND", "10000000"),
    ("ADDRESS_CONNECTS_PER_SECOND", "1000000"),
    ("CONNECTIONS_PER_ADDRESS", "1000000"),
    ("SIGNALS_PER_SECOND", "1000000"),
    ("MAX_CONNECTIONS", "15000"),
    ("OPEN_ROOMS_MADE_PER_DAY", "1000000"),
    ("LOG_FILTER", "warn"),
];

/// The key with which the benchmark's webhooks are signed, and nothing else.
pub(crate) const HOOK_SECRET: &str = "a key for benchmarks of webhooks";

/// A running server; killed on drop.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: SocketAddr,
    metrics: Option<SocketAddr>,
    /// Removed after the process is gone.
    _folder: Option<TempDir>,
}

/// How to start a server.
pub(crate) struct Start<'a> {
    program: &'a Path,
    folder: Option<PathBuf>,
    tls: Option<(PathBuf, PathBuf)>,
    metrics: Option<SocketAddr>,
    settings: Vec<(String, String)>,
}

impl<'a> Start<'a> {
    pub(crate) fn new(program: &'a Path) -> Self {
        Self { program, folder: None, tls: None, metrics: None, settings: Vec::new() }
    }

    /// Uses this folder, which is kept.
    pub(crate) fn folder(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// Sets more environment variables.
    pub(crate) fn settings(mut self, settings: &[(&str, &str)]) -> Self {
        let owned = settings.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        self.settings.extend(owned);
        self
    }

    /// Serves metrics.
    pub(crate) fn metrics(mut self) -> anyhow::Result<Self> {
        self.metrics = Some(free_address()?);
        Ok(self)
    }

    /// Serves TLS on TCP, with a certificate chain and key in PEM files.
    pub(crate) fn tls(mut self, chain: PathBuf, key: PathBuf) -> Self {
        self.tls = Some((chain, key));
        self
    }

    /// Starts the process, which may not listen yet.
    pub(crate) fn spawn(self) -> anyhow::Result<Server> {
        let (folder, path) = match self.folder {
            Some(path) => (None, path),
            None => {
                let folder = tempfile::Builder::new().prefix("caffis-bench-").tempdir()?;
                let path = folder.path().to_owned();
                (Some(folder), path)
            }
        };
        let address = free_address()?;
        let mut command = command(self.program, &path);
        command
            .arg("serve")
            .stdout(Stdio::piped())
            .env("CAFFIS_LISTEN", address.to_string())
            .env("CAFFIS_LISTEN_QUIC", address.to_string())
            .envs(self.settings);
        if let Some((chain, key)) = &self.tls {
            command.env("CAFFIS_TLS_CERTIFICATE", chain).env("CAFFIS_TLS_KEY", key);
        }
        if let Some(metrics) = self.metrics {
            command.env("CAFFIS_METRICS_LISTEN", metrics.to_string());
        }
        let process = command
            .spawn()
            .with_context(|| format!("{} cannot be started", self.program.display()))?;
        Ok(Server { process, address, metrics: self.metrics, _folder: folder })
    }

    /// Starts the process and waits until it reports that it listens on both ports.
    pub(crate) fn listening(self) -> anyhow::Result<Server> {
        let mut server = self.spawn()?;
        let stdout = server.process.stdout.take().context("no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        if line.is_empty() {
            bail!("the server did not start: {}", server.process.wait()?);
        }
        Ok(server)
    }
}

/// Fills a folder with rooms and messages.
pub(crate) fn seed(program: &Path, folder: &Path, rooms: u64, messages: u64) -> anyhow::Result<()> {
    let (rooms, messages) = (rooms.to_string(), messages.to_string());
    let status = command(program, folder)
        .args(["seed", "--dev", "--rooms", &rooms, "--messages", &messages, "--seed", "1"])
        .stdout(Stdio::null())
        .status()?;
    if !status.success() {
        bail!("the store cannot be seeded: {status}");
    }
    Ok(())
}

fn command(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_remove("CAFFIS_CHAT_BIN")
        .env("CAFFIS_DATA", folder)
        .env("CAFFIS_TOKEN_SECRET", token::SECRET)
        .env("CAFFIS_HOSTS", "127.0.0.1")
        .env("CAFFIS_HOOK_SECRETS", hook_secret())
        .env("CAFFIS_HOOK_KINDS", "bench:*")
        .env("CAFFIS_HOOK_RATES", "bench:1000000")
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    for (name, value) in SETTINGS {
        command.env(format!("CAFFIS_{name}"), value);
    }
    command
}

/// The key, as the server reads it.
fn hook_secret() -> String {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    format!("bench:whsec_{}", BASE64_STANDARD.encode(HOOK_SECRET))
}

/// A port that is free on TCP and UDP at present.
fn free_address() -> anyhow::Result<SocketAddr> {
    for _ in 0..100 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        if std::net::UdpSocket::bind(address).is_ok() {
            return Ok(address);
        }
    }
    bail!("there is no free port")
}

impl Server {
    /// A figure of the server's metrics, by its name and labels; 0 where it has not counted it yet.
    pub(crate) async fn metric(&self, name: &str) -> anyhow::Result<f64> {
        let address = self.metrics.context("the server was started without metrics")?;
        let mut stream = TcpStream::connect(address).await?;
        let request =
            format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut page = String::new();
        stream.read_to_string(&mut page).await?;
        let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(Ok(0.0), |value| Ok(value.parse()?))
    }

    pub(crate) fn cpu(&self) -> Duration {
        usage::cpu(self.process.id())
    }

    pub(crate) fn memory(&self) -> u64 {
        usage::memory(self.process.id())
    }

    pub(crate) fn peak(&self) -> u64 {
        usage::peak(self.process.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
