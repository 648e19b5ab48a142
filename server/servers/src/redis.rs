//! Redis: one server, or a Redis Cluster.

use std::{
    fs,
    net::Ipv4Addr,
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

use crate::{address::free_port, folder::Folder, process::Process};

/// How long a server may take to start, or a cluster to agree.
const PATIENCE: Duration = Duration::from_secs(30);

/// The wait between two looks.
const STEP: Duration = Duration::from_millis(20);

/// How often another port is tried, should somebody else take one.
const ATTEMPTS: usize = 5;

/// What it prints, in its folder.
const LOG: &str = "log";

/// A running `redis-server`. Dropped, it is killed.
pub struct RedisServer {
    process: Process,
    folder: Folder,
    port: u16,
    options: Vec<String>,
}

impl RedisServer {
    /// Starts one that keeps nothing.
    #[must_use]
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Starts one with more options, such as `--maxmemory` and `2mb`.
    ///
    /// # Panics
    /// It does not start; `redis-server` may be missing.
    #[must_use]
    pub fn with(options: &[&str]) -> Self {
        let options: Vec<_> = options.iter().map(|option| (*option).to_owned()).collect();
        for _ in 0..ATTEMPTS {
            let folder = Folder::make("redis");
            let port = free_port();
            let process = spawn(&folder, port, &options);
            let server = Self { process, folder, port, options: options.clone() };
            if server.answers() {
                return server;
            }
        }
        panic!("redis-server does not start with {options:?}");
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
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

    /// All that it printed.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join(LOG)).unwrap_or_default()
    }

    /// Kills it, as `kill -9` does.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again after [`Self::kill`], on the same port.
    ///
    /// # Panics
    /// It does not start.
    pub fn restart(&mut self) {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            self.process = spawn(&self.folder, self.port, &self.options);
            if self.answers() {
                return;
            }
        }
        panic!("redis-server does not start again on port {}", self.port);
    }

    /// Stops it from running: connections stay open, and nothing is answered.
    pub fn pause(&self) {
        self.process.pause();
    }

    /// Lets it run again.
    pub fn resume(&self) {
        self.process.resume();
    }

    /// Gives a command by `redis-cli`; returns what it prints.
    ///
    /// # Panics
    /// `redis-cli` is missing.
    #[must_use]
    pub fn command(&self, words: &[&str]) -> String {
        let output = Command::new("redis-cli")
            .args(["-p", &self.port.to_string()])
            .args(words)
            .output()
            .expect("redis-cli is installed");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Gives a command that has to be answered by `OK`.
    ///
    /// # Panics
    /// It is not.
    pub fn order(&self, words: &[&str]) {
        let answer = self.command(words);
        assert_eq!(answer, "OK", "{words:?}");
    }

    /// Waits until a command's answer is as wanted.
    ///
    /// # Panics
    /// It does not become so.
    pub fn until(&self, words: &[&str], wanted: impl Fn(&str) -> bool) {
        let end = Instant::now() + PATIENCE;
        loop {
            let answer = self.command(words);
            if wanted(&answer) {
                return;
            }
            assert!(Instant::now() < end, "{words:?} is still answered by {answer}");
            sleep(STEP);
        }
    }

    /// Waits until it answers; false if it has ended.
    fn answers(&self) -> bool {
        let end = Instant::now() + PATIENCE;
        loop {
            if !self.process.is_running() {
                let log = self.log();
                eprintln!("redis-server has ended, or is not installed (cargo xtask setup): {log}");
                return false;
            }
            let answer = self.command(&["PING"]);
            // One that wants a password, or TLS, answers as well.
            if answer == "PONG" || answer.contains("NOAUTH") || self.wants_tls() {
                return true;
            }
            assert!(Instant::now() < end, "redis-server does not answer: {answer}");
            sleep(STEP);
        }
    }

    fn wants_tls(&self) -> bool {
        self.options.iter().any(|option| option == "--tls-port")
            && std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok()
    }
}

fn spawn(folder: &Folder, port: u16, options: &[String]) -> Process {
    let encrypted = options.iter().any(|option| option == "--tls-port");
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
    command.arg("--dir").arg(folder.path());
    let port = port.to_string();
    if encrypted {
        command.args(["--port", "0"]);
    } else {
        command.args(["--port", &port]);
    }
    let options = options.iter().map(|option| if option == "PORT" { &port } else { option });
    command.args(options);
    Process::start(&command, &folder.path().join(LOG))
}

/// The slots of a Redis Cluster.
const SLOTS: usize = 16_384;

/// A Redis Cluster: masters, and a replica of the first.
pub struct RedisCluster {
    /// The masters.
    pub masters: Vec<RedisServer>,
    /// The replica of the first.
    pub replica: RedisServer,
}

impl RedisCluster {
    /// Starts one with so many masters, which share the slots evenly.
    ///
    /// # Panics
    /// It does not start.
    #[must_use]
    pub fn start(masters: usize) -> Self {
        let servers: Vec<_> = (0..=masters).map(|_| clustered()).collect();
        let first = &servers[0].0;
        for (index, (server, _)) in servers.iter().enumerate() {
            server.order(&["CLUSTER", "SET-CONFIG-EPOCH", &(index + 1).to_string()]);
            if index < masters {
                let (from, to) = (SLOTS * index / masters, SLOTS * (index + 1) / masters - 1);
                let (from, to) = (from.to_string(), to.to_string());
                server.order(&["CLUSTER", "ADDSLOTSRANGE", &from, &to]);
            }
        }
        for (server, bus) in &servers[1..] {
            let (port, bus) = (server.port().to_string(), bus.to_string());
            first.order(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]);
        }
        let known = format!("cluster_known_nodes:{}", servers.len());
        for (server, _) in &servers {
            server.until(&["CLUSTER", "INFO"], |info| info.contains(&known));
        }
        let replica = &servers[masters].0;
        let id = first.command(&["CLUSTER", "MYID"]);
        // Until it has heard of the first one's slots it refuses.
        replica.until(&["CLUSTER", "REPLICATE", &id], |answer| answer == "OK");
        replica.until(&["ROLE"], |role| role.starts_with("slave") && role.contains("connected"));
        for (server, _) in &servers {
            server.until(&["CLUSTER", "INFO"], |info| info.contains("cluster_state:ok"));
        }
        let mut servers: Vec<_> = servers.into_iter().map(|(server, _)| server).collect();
        let replica = servers.pop().expect("a replica");
        Self { masters: servers, replica }
    }
}

/// A server of a cluster, and its port for the others.
fn clustered() -> (RedisServer, u16) {
    let bus = free_port();
    let port = bus.to_string();
    let server = RedisServer::with(&[
        "--cluster-enabled",
        "yes",
        "--cluster-port",
        &port,
        "--cluster-node-timeout",
        "1000",
        "--cluster-require-full-coverage",
        "no",
        "--repl-diskless-sync-delay",
        "0",
    ]);
    (server, bus)
}
