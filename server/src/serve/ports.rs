//! Tells other programs where the server listens: a line on standard output and a file.

use std::{
    fs,
    io::{self, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::listen::Listeners;
use crate::config::Config;

const FILE: &str = "ports.json";

#[derive(Serialize)]
struct Listening<'a> {
    /// The address of the page.
    url: String,
    /// The TCP addresses.
    tcp: &'a [SocketAddr],
    /// The UDP addresses.
    udp: &'a [SocketAddr],
    /// Where metrics are served, if they are.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    metrics: &'a [SocketAddr],
    /// The server's process.
    pid: u32,
}

/// `ports.json` in the data folder while the server runs; removed by Drop.
pub(super) struct PortsFile(PathBuf);

impl PortsFile {
    /// Removes the file of a server that was killed.
    pub(super) fn forget(data: &Path) {
        // Mostly there is none.
        let _ = fs::remove_file(data.join(FILE));
    }

    /// Writes the file whole, then the line.
    pub(super) fn write(config: &Config, listeners: &Listeners) -> io::Result<Self> {
        let url = url(config, listeners.tcp());
        let listening = Listening {
            url,
            tcp: listeners.tcp(),
            udp: listeners.udp(),
            metrics: listeners.metrics(),
            pid: std::process::id(),
        };
        let line = serde_json::to_string(&listening)?;
        let path = config.data.join(FILE);
        let hidden = config.data.join(format!(".{FILE}"));
        fs::write(&hidden, &line)?;
        fs::rename(&hidden, &path)?;
        // Nobody may be reading.
        let _ = writeln!(io::stdout().lock(), "{line}");
        let Listening { url, tcp, udp, metrics, .. } = listening;
        tracing::info!(url, ?tcp, ?udp, ?metrics, "listening");
        Ok(Self(path))
    }
}

impl Drop for PortsFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::debug!(%error, "ports.json was gone already");
        }
    }
}

/// The address to open in a browser.
fn url(config: &Config, tcp: &[SocketAddr]) -> String {
    let scheme = if config.serves_tls() { "https" } else { "http" };
    let port = tcp.first().map_or(0, SocketAddr::port);
    let host = config.hosts.first().map_or("localhost", String::as_str);
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    format!("{scheme}://{host}:{port}")
}
