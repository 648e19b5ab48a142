//! HAProxy.

use std::{
    env, fs,
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use crate::{folder::Folder, process::Process};

/// How long it may take until it listens.
const START: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

/// What it prints, in its folder.
const LOG: &str = "log";

/// A running HAProxy. Dropped, it is killed.
pub struct HaProxy {
    command: Command,
    process: Process,
    address: SocketAddr,
    folder: Folder,
}

impl HaProxy {
    /// Starts it with a configuration, and with variables that the configuration reads; waits until it listens
    /// at this address.
    ///
    /// # Panics
    /// It does not start; it may be missing.
    #[must_use]
    pub fn start(configuration: &Path, variables: &[(&str, &str)], address: SocketAddr) -> Self {
        let mut command = Command::new(program());
        // One process, in the foreground, whatever the configuration says.
        command.arg("-db").arg("-f").arg(configuration);
        command.envs(variables.iter().copied());
        let folder = Folder::make("haproxy");
        let process = Process::start(&command, &folder.path().join(LOG));
        let server = Self { command, process, address, folder };
        server.wait();
        server
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Whether it runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.process.is_running()
    }

    /// Starts it again after it has ended.
    ///
    /// # Panics
    /// It does not start.
    pub fn restart(&mut self) {
        self.process.kill();
        self.process = Process::start(&self.command, &self.folder.path().join(LOG));
        self.wait();
    }

    /// All that it printed.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join(LOG)).unwrap_or_default()
    }

    fn wait(&self) {
        let end = Instant::now() + START;
        while TcpStream::connect(self.address).is_err() {
            assert!(
                self.process.is_running() && Instant::now() < end,
                "HAProxy does not listen, or is not installed (cargo xtask setup): {}",
                self.log()
            );
            std::thread::sleep(POLL);
        }
    }
}

/// Its program, which Debian puts where only root looks.
fn program() -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin".into()]);
    let mut programs = folders.map(|folder| folder.join("haproxy"));
    programs.find(|program| program.is_file()).unwrap_or_else(|| "haproxy".into())
}
