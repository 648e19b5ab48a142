//! Relays as processes.

use std::{
    fs::File,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Output, Stdio},
    time::{Duration, Instant},
};

use caffis_servers::PostgresServer;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::receiver::{Receiver, SECRET};

const BINARY: &str = env!("CARGO_BIN_EXE_caffis-chat");
/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// The role that an installation makes; its password is its name.
pub(crate) const ROLE: &str = "caffis_relay";

/// The settings of relays, as variables of their environment.
pub(crate) struct Relays {
    variables: Vec<(String, String)>,
    folder: TempDir,
}

impl Relays {
    /// With these times: a lease of three seconds.
    pub(crate) fn new(server: &PostgresServer, receiver: &Receiver) -> Self {
        Self::to(server, &receiver.url())
    }

    /// To another receiver.
    pub(crate) fn to(server: &PostgresServer, endpoint: &str) -> Self {
        let variables = [
            ("DATABASE", server.url(ROLE)),
            ("ENDPOINT", endpoint.to_owned()),
            ("SECRETS", SECRET.to_owned()),
            ("ROLE_PASSWORD", ROLE.to_owned()),
            ("REQUEST_TIMEOUT", "1s".to_owned()),
            ("LEASE", "3s".to_owned()),
            ("RETRY_FIRST", "100ms".to_owned()),
            ("RETRY_LONGEST", "1s".to_owned()),
        ];
        let variables = variables.map(|(name, value)| (format!("CAFFIS_PG_RELAY_{name}"), value));
        Self { variables: variables.to_vec(), folder: TempDir::new().unwrap() }
    }

    /// With further variables.
    pub(crate) fn add(&mut self, variables: impl Iterator<Item = (String, String)>) {
        self.variables.extend(variables);
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CAFFIS_") {
                command.env_remove(name);
            }
        }
        command.arg("pg-relay").args(arguments).envs(self.variables.iter().cloned());
        command
    }

    /// Runs an action to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What an action prints when it works.
    pub(crate) fn worked(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What an action says when it does not.
    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// Starts a relay.
    pub(crate) fn start(&self) -> Relay {
        let log = self.folder.path().join("log");
        let file = File::options().create(true).append(true).open(&log).unwrap();
        let mut command = self.command(&[]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
        Relay { child: command.spawn().unwrap(), log }
    }

    /// What all relays logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

/// A running relay. Killed by Drop.
pub(crate) struct Relay {
    child: Child,
    log: PathBuf,
}

impl Relay {
    /// Kills it, as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end, and waits.
    pub(crate) fn stop(mut self) -> ExitStatus {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < end, "the relay does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("{}", std::fs::read_to_string(&self.log).unwrap_or_default());
        }
    }
}
