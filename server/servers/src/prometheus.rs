//! Prometheus, with the configuration and the alerts of this project.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

use crate::{folder::Folder, process::Process};

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// The wait between two looks.
const STEP: Duration = Duration::from_millis(20);

/// How often another port is tried, should somebody else take one.
const ATTEMPTS: usize = 5;

/// How often it looks at its targets and alerts in production, and here.
const INTERVALS: [&str; 2] = [": 15s", ": 500ms"];

/// A running `prometheus`. Dropped, it is killed.
pub struct Prometheus {
    _process: Process,
    _folder: Folder,
    address: SocketAddr,
}

impl Prometheus {
    /// Starts one with the configuration in a folder, which gets these targets, and looks at them twice a
    /// second.
    ///
    /// # Panics
    /// It does not start; `prometheus` may be missing.
    #[must_use]
    pub fn start(configuration: &Path, targets: &[SocketAddr]) -> Self {
        for _ in 0..ATTEMPTS {
            let folder = Folder::make("prometheus");
            configure(configuration, folder.path(), targets);
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
            let address = listener.local_addr().expect("an address");
            drop(listener);
            let process = spawn(folder.path(), address);
            if listens(&process, address) {
                return Self { _process: process, _folder: folder, address };
            }
        }
        panic!("prometheus does not start: cargo xtask setup installs it");
    }

    /// An address of its HTTP side.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

fn configure(from: &Path, to: &Path, targets: &[SocketAddr]) {
    let read = |name| fs::read_to_string(from.join(name)).expect("a file of the configuration");
    let [production, here] = INTERVALS;
    let file = read("prometheus.yml").replace(production, here);
    assert!(file.contains(here), "prometheus.yml has other intervals than {production}");
    fs::write(to.join("prometheus.yml"), file).expect("written");
    fs::write(to.join("alerts.yml"), read("alerts.yml")).expect("written");
    let targets: Vec<_> = targets.iter().map(|target| format!("\"{target}\"")).collect();
    let targets = format!("- targets: [{}]\n", targets.join(", "));
    fs::write(to.join("targets.yml"), targets).expect("written");
}

fn spawn(folder: &Path, address: SocketAddr) -> Process {
    let mut command = Command::new("prometheus");
    command.arg(format!("--config.file={}", folder.join("prometheus.yml").display()));
    command.arg(format!("--storage.tsdb.path={}", folder.join("data").display()));
    command.arg(format!("--web.listen-address={address}"));
    Process::start(&command, &folder.join("log"))
}

/// Waits until it listens; false if it has ended.
fn listens(process: &Process, address: SocketAddr) -> bool {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end && process.is_running() {
        if TcpStream::connect(address).is_ok() {
            return true;
        }
        sleep(STEP);
    }
    false
}
