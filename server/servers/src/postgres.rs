//! PostgreSQL.

use std::{
    fs,
    net::Ipv4Addr,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Command, Output},
    thread::sleep,
    time::{Duration, Instant},
};

use crate::{address::free_port, folder::Folder, process::Process};

/// How long it may take to start, also after a crash.
const PATIENCE: Duration = Duration::from_secs(60);
/// The wait between two looks.
const STEP: Duration = Duration::from_millis(20);
/// How often another port is tried, should somebody else take one.
const ATTEMPTS: usize = 5;
/// Where Debian puts the programs of each version.
const DEBIAN: &str = "/usr/lib/postgresql";
/// Users that it may run as where the tests run as root, which it refuses. Debian's package makes the first.
const USERS: [&str; 2] = ["postgres", "nobody"];
/// What it prints, in its folder.
const LOG: &str = "log";
/// It ends at once, and gives back its shared memory, which a killed one does not.
const IMMEDIATE: &str = "QUIT";
/// The first role, a superuser.
const OWNER: &str = "owner";

/// A running PostgreSQL on 127.0.0.1 with an empty database `app`, whose owner is `owner` with the password
/// `owner`. Passwords are checked by SCRAM. Dropped, it is ended.
pub struct PostgresServer {
    // Before the folder, which is removed once it has ended.
    process: Process,
    folder: Folder,
    port: u16,
    options: Vec<String>,
}

impl PostgresServer {
    /// Starts one.
    ///
    /// # Panics
    /// It does not start; it may be missing.
    #[must_use]
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Starts one with further settings, such as `"max_connections=20"`.
    ///
    /// # Panics
    /// It does not start; it may be missing.
    #[must_use]
    pub fn with(options: &[&str]) -> Self {
        Self::begin(options, None)
    }

    /// Starts one that also takes encrypted connections, with this certificate and its key, both PEM.
    ///
    /// # Panics
    /// It does not start; it may be missing.
    #[must_use]
    pub fn encrypted(certificate: &str, key: &str) -> Self {
        Self::begin(&["ssl=on"], Some((certificate, key)))
    }

    fn begin(options: &[&str], certificate: Option<(&str, &str)>) -> Self {
        let folder = Folder::make("postgres");
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        initialize(folder.path());
        if let Some((certificate, key)) = certificate {
            // The names that it looks for by itself.
            secret(folder.path(), "server.crt", certificate);
            secret(folder.path(), "server.key", key);
        }
        let mut port = free_port();
        let mut server =
            Self { process: spawn(folder.path(), port, &options), folder, port, options };
        for _ in 0..ATTEMPTS {
            if server.answers() {
                server.order("postgres", "CREATE DATABASE app");
                return server;
            }
            port = free_port();
            server.port = port;
            server.start_again();
        }
        panic!("postgres does not start: {}", server.log());
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address of the database for a role whose password is its name.
    #[must_use]
    pub fn url(&self, role: &str) -> String {
        format!("postgresql://{role}:{role}@127.0.0.1:{}/app?sslmode=disable", self.port)
    }

    /// All that it printed.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join(LOG)).unwrap_or_default()
    }

    /// Ends it without a word to its clients, as a crash of the machine does.
    pub fn crash(&mut self) {
        self.process.kill();
    }

    /// Starts it again after [`Self::crash`], on the same port.
    ///
    /// # Panics
    /// It does not start.
    pub fn restart(&mut self) {
        self.start_again();
        assert!(self.answers(), "postgres does not start again: {}", self.log());
    }

    /// Stops it from accepting and answering; connections stay open.
    pub fn pause(&self) {
        self.process.pause();
    }

    /// Lets it run again.
    pub fn resume(&self) {
        self.process.resume();
    }

    /// Gives statements to the database `app` by `psql`; returns what it prints.
    ///
    /// # Panics
    /// They fail.
    #[must_use]
    pub fn ask(&self, statements: &str) -> String {
        let output = self.psql("app", statements);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{statements}: {errors}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Gives statements to a database by `psql`.
    ///
    /// # Panics
    /// They fail.
    pub fn order(&self, database: &str, statements: &str) {
        let output = self.psql(database, statements);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{statements}: {errors}");
    }

    fn psql(&self, database: &str, statements: &str) -> Output {
        let port = self.port.to_string();
        Command::new("psql")
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", &port])
            .args(["-U", OWNER, "-d", database, "-c", statements])
            .env("PGPASSWORD", OWNER)
            .env("PGCONNECT_TIMEOUT", "5")
            .output()
            .expect("psql is installed (cargo xtask setup)")
    }

    fn start_again(&mut self) {
        self.process.kill();
        self.process = spawn(self.folder.path(), self.port, &self.options);
    }

    /// Waits until it answers; false if it has ended.
    fn answers(&self) -> bool {
        let end = Instant::now() + PATIENCE;
        while self.process.is_running() {
            if self.psql("postgres", "SELECT 1").status.success() {
                return true;
            }
            assert!(Instant::now() < end, "postgres does not answer: {}", self.log());
            sleep(STEP);
        }
        false
    }
}

/// Makes its files.
fn initialize(folder: &Path) {
    let data = folder.join("data");
    let password = folder.join("password");
    fs::create_dir(&data).expect("a folder");
    fs::write(&password, OWNER).expect("a file");
    if let Some((user, group)) = other_user() {
        // It has to get through to its own.
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder, open).expect("the folder is ours");
        chown(&data, Some(user), Some(group)).expect("root may");
    }
    let output = program("initdb")
        .args(["-U", OWNER, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"])
        .arg(format!("--pwfile={}", password.display()))
        .arg("-D")
        .arg(&data)
        .output()
        .expect("initdb runs");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&said));
}

/// A file of the server's data that nobody else may read.
fn secret(folder: &Path, name: &str, content: &str) {
    let path = folder.join("data").join(name);
    fs::write(&path, content).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("the file is ours");
    if let Some((user, group)) = other_user() {
        chown(&path, Some(user), Some(group)).expect("root may");
    }
}

fn spawn(folder: &Path, port: u16, options: &[String]) -> Process {
    let mut command = program("postgres");
    command.arg("-D").arg(folder.join("data")).args(["-p", &port.to_string()]);
    let address = format!("listen_addresses={}", Ipv4Addr::LOCALHOST);
    command.args([
        "-c",
        &address,
        "-c",
        "unix_socket_directories=",
        "-c",
        "log_min_messages=warning",
    ]);
    for option in options {
        command.args(["-c", option]);
    }
    Process::start_ending_by(&command, &folder.join(LOG), IMMEDIATE)
}

/// One of its programs, run by somebody who is not root.
fn program(name: &str) -> Command {
    let path = programs().join(name);
    let Some((user, group)) = other_user() else { return Command::new(path) };
    let mut command = Command::new("setpriv");
    command.args([format!("--reuid={user}"), format!("--regid={group}")]);
    command.args(["--clear-groups", "--"]).arg(path);
    command
}

/// The folder of the newest version's programs.
fn programs() -> PathBuf {
    let version = |path: &PathBuf| -> Option<u32> { path.file_name()?.to_str()?.parse().ok() };
    let found = fs::read_dir(DEBIAN).into_iter().flatten().flatten().map(|entry| entry.path());
    let newest = found.filter(|path| path.join("bin/initdb").is_file()).max_by_key(version);
    newest
        .map(|path| path.join("bin"))
        .expect("PostgreSQL is not installed: run `cargo xtask setup`")
}

/// The user and the group that it runs as, where we are root.
fn other_user() -> Option<(u32, u32)> {
    if fs::metadata("/proc/self").expect("a process").uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").expect("the list of users");
    let found = USERS.iter().find_map(|name| {
        let line = users.lines().find(|line| line.starts_with(&format!("{name}:")))?;
        let mut numbers = line.split(':').skip(2).map(str::parse);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    });
    Some(found.expect("a user that is not root"))
}
