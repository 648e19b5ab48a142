//! Apache Cassandra.

mod program;

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use crate::{address::Address, certificates::Authority, folder::Folder, process::Process};

const CQL_PORT: u16 = 9042;
/// Where the nodes of a ring talk to each other.
const RING_PORT: u16 = 7000;

/// How long a server may take until it answers: four seconds, or a minute on a busy machine.
const START: Duration = Duration::from_secs(180);
const POLL: Duration = Duration::from_millis(50);

/// Where a server has its tables, in its folder.
const DATA: &str = "data";

/// An OPTIONS frame of the native protocol, version 4, and how a server's answer to it begins.
const OPTIONS: [u8; 9] = [4, 0, 0, 0, 5, 0, 0, 0, 0];
const SUPPORTED: [u8; 5] = [0x84, 0, 0, 0, 6];

/// The servers' wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// It stands until a test moves it ([`CqlServers::advance`]), so that a row with a time to live ends when
    /// the test says so.
    Still,
    /// The machine's.
    Running,
}

/// When a server acknowledges a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitLog {
    /// Once it is on the disk.
    Batch,
    /// Before that: the program's own default.
    Periodic,
}

/// Whether connections to a server are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// They are not.
    Off,
    /// They are, and who connects shows a certificate of [`CqlServers::authority`].
    BothSides,
}

/// How servers are started.
#[derive(Clone, Copy, Debug)]
pub struct CqlSetup {
    /// How many: one, or a ring of two or three.
    pub count: usize,
    /// Their clock.
    pub clock: Clock,
    /// When they acknowledge.
    pub commit_log: CommitLog,
    /// How they talk to those who connect.
    pub encryption: Encryption,
    /// Whether they may be started again. If not, tables are made sooner: what they are is only in memory.
    pub restart: bool,
}

impl CqlSetup {
    /// So many, with a still clock, that acknowledge what is on the disk.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self {
            count,
            clock: Clock::Still,
            commit_log: CommitLog::Batch,
            encryption: Encryption::Off,
            restart: true,
        }
    }

    /// Starts them, and waits until all of them answer.
    ///
    /// # Panics
    /// If the server's program or Java 17 is missing, or a server does not start.
    #[must_use]
    pub fn start(self) -> CqlServers {
        self.start_with(None)
    }

    /// The same, for one server that begins with tables that were made before.
    ///
    /// # Panics
    /// As [`CqlSetup::start`].
    #[must_use]
    pub fn start_with(self, made: Option<&MadeTables>) -> CqlServers {
        assert!((1..=3).contains(&self.count), "one server or a ring of up to three");
        let (java, lib) = (program::java(), program::lib());
        let folder = Folder::make("cql");
        let clock = (self.clock == Clock::Still).then(|| {
            let clock = folder.path().join("clock");
            fs::write(&clock, "").expect("a file for the clock");
            program::compile_clock(&java, &lib, folder.path());
            clock
        });
        let addresses: Vec<Address> =
            (0..self.count).map(|_| Address::take(&[CQL_PORT, RING_PORT])).collect();
        let seeds: Vec<String> = addresses.iter().map(|one| one.address.to_string()).collect();
        let seeds = seeds.join(",");
        let authority = Authority::new();
        let nodes = addresses.into_iter().enumerate().map(|(number, address)| {
            let folder = folder.path().join(number.to_string());
            fs::create_dir_all(&folder).expect("a folder");
            let Self { commit_log, encryption, restart, .. } = self;
            let (seeds, address_of) = (seeds.as_str(), address.address);
            authority.write_server(address_of, &folder);
            program::Server { address: address_of, number, seeds, commit_log, encryption }
                .configure(&folder);
            if let Some(made) = made {
                copy(&made.data(), &folder.join(DATA)).expect("the tables are copied");
            }
            let mut command = program::command(&java, &lib, &folder, clock.as_deref());
            // A node forgets others that do not join for half a minute; alone, it waits for nobody.
            let delay = if self.count == 1 { 0 } else { 30_000 };
            command.arg(format!("-Dcassandra.ring_delay_ms={delay}"));
            command.arg(format!("-Dcassandra.test.flush_local_schema_changes={restart}"));
            command.arg("org.apache.cassandra.service.CassandraDaemon");
            let process = Process::start(&command, &folder.join("out.log"));
            CqlNode { address, command, encryption, restart, folder, process }
        });
        let nodes: Vec<CqlNode> = nodes.collect();
        nodes.iter().for_each(CqlNode::wait);
        for (node, other) in nodes.iter().flat_map(|node| nodes.iter().map(move |o| (node, o))) {
            node.wait_for(other);
        }
        CqlServers { nodes, clock, authority, folder }
    }
}

/// Servers that form one cluster. Dropping it ends them and removes their data.
pub struct CqlServers {
    nodes: Vec<CqlNode>,
    clock: Option<PathBuf>,
    authority: Authority,
    // Removed after the nodes have ended.
    folder: Folder,
}

/// Tables that a server has made, for others to begin with: making them takes longer than anything else in most tests.
pub struct MadeTables {
    folder: Folder,
}

impl MadeTables {
    fn data(&self) -> PathBuf {
        self.folder.path().join("0").join(DATA)
    }
}

/// One of the servers.
pub struct CqlNode {
    address: Address,
    command: Command,
    encryption: Encryption,
    restart: bool,
    folder: PathBuf,
    process: Process,
}

impl CqlServers {
    /// Starts so many, as [`CqlSetup::new`] says.
    ///
    /// # Panics
    /// If the server's program or Java 17 is missing, or a server does not start.
    #[must_use]
    pub fn start(count: usize) -> Self {
        CqlSetup::new(count).start()
    }

    /// Starts one that is never started again.
    ///
    /// # Panics
    /// If the server's program or Java 17 is missing, or the server does not start.
    #[must_use]
    pub fn start_once() -> Self {
        CqlSetup { restart: false, ..CqlSetup::new(1) }.start()
    }

    /// Ends a server that is alone, and keeps its tables.
    ///
    /// # Panics
    /// If it may not be started again: then its tables are in memory only.
    #[must_use]
    pub fn into_tables(self) -> MadeTables {
        let Self { mut nodes, folder, .. } = self;
        assert!(nodes.iter().all(|node| node.restart), "the tables are on the disk");
        nodes.iter_mut().for_each(CqlNode::stop);
        MadeTables { folder }
    }

    /// The servers' addresses, as the driver wants them.
    #[must_use]
    pub fn hosts(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.socket().to_string()).collect()
    }

    /// The servers, to look at.
    #[must_use]
    pub fn all(&self) -> &[CqlNode] {
        &self.nodes
    }

    /// The servers.
    pub fn nodes(&mut self) -> &mut [CqlNode] {
        &mut self.nodes
    }

    /// The folder that holds their data and logs.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Who has signed the servers' certificates, and signs those of clients.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Moves the servers' wall clock forward.
    ///
    /// # Panics
    /// If it is not one that stands still.
    pub fn advance(&self, time: Duration) {
        (self.clock())(time);
    }

    /// What [`CqlServers::advance`] does, for a task of its own.
    ///
    /// # Panics
    /// If the clock is not one that stands still.
    pub fn clock(&self) -> impl Fn(Duration) + Send + Sync + 'static {
        let clock = self.clock.clone().expect("a clock that stands still");
        move |time| advance(&clock, time)
    }
}

impl CommitLog {
    /// Its lines of the configuration.
    fn lines(self) -> &'static str {
        match self {
            Self::Batch => "commitlog_sync: batch",
            Self::Periodic => "commitlog_sync: periodic\ncommitlog_sync_period: 10s",
        }
    }
}

impl Encryption {
    /// Its lines of the configuration.
    fn lines(self, folder: &Path) -> String {
        let folder = folder.display();
        match self {
            Self::Off => String::new(),
            Self::BothSides => format!(
                "client_encryption_options:\n  enabled: true\n  optional: false\n  \
                 require_client_auth: true\n  ssl_context_factory:\n    \
                 class_name: org.apache.cassandra.security.PEMBasedSslContextFactory\n  \
                 keystore: {folder}/server.pem\n  truststore: {folder}/authority.pem"
            ),
        }
    }
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &to)?,
            false => drop(fs::copy(entry.path(), &to)?),
        }
    }
    Ok(())
}

fn advance(clock: &Path, time: Duration) {
    let file = fs::File::options().write(true).open(clock).expect("the clock's file");
    let now = file.metadata().and_then(|metadata| metadata.modified()).expect("a time");
    file.set_modified(now + time).expect("a later time");
}

impl CqlNode {
    fn socket(&self) -> SocketAddr {
        (self.address.address, CQL_PORT).into()
    }

    /// Where it answers, as the driver and `cqlsh` want it.
    #[must_use]
    pub fn host(&self) -> String {
        self.socket().to_string()
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

    /// Stops it from running: connections stay open, and nothing is answered.
    pub fn pause(&self) {
        self.process.pause();
    }

    /// Lets it run again.
    pub fn resume(&self) {
        self.process.resume();
    }

    /// Ends it at once, as a crash does.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Asks it to end, and waits until it has.
    pub fn stop(&mut self) {
        self.process.end();
    }

    /// Starts it again with the same data, after it has ended, and waits until it answers.
    ///
    /// # Panics
    /// If it does not start.
    pub fn restart(&mut self) {
        self.process.kill();
        self.process = Process::start(&self.command, &self.folder.join("out.log"));
        self.wait();
    }

    fn wait(&self) {
        let deadline = Instant::now() + START;
        while !self.answers() {
            assert!(self.process.is_running(), "the server has ended: {}", self.log());
            assert!(Instant::now() < deadline, "the server does not answer: {}", self.log());
            std::thread::sleep(POLL);
        }
    }

    /// Whether it says what it can do. Where it encrypts, whether it listens: it does so last.
    fn answers(&self) -> bool {
        let ask = || -> std::io::Result<[u8; 5]> {
            let mut stream = TcpStream::connect_timeout(&self.socket(), Duration::from_secs(1))?;
            if self.encryption != Encryption::Off {
                return Ok(SUPPORTED);
            }
            stream.set_read_timeout(Some(Duration::from_secs(2)))?;
            stream.write_all(&OPTIONS)?;
            let mut answer = [0; 5];
            stream.read_exact(&mut answer)?;
            Ok(answer)
        };
        ask().is_ok_and(|answer| answer == SUPPORTED)
    }

    /// Waits until it has met another one of the ring.
    fn wait_for(&self, other: &Self) {
        let met = format!("/{}:{RING_PORT} is now UP", other.address.address);
        let log = || fs::read_to_string(self.folder.join("system.log")).unwrap_or_default();
        let deadline = Instant::now() + START;
        while self.address.address != other.address.address && !log().contains(&met) {
            assert!(Instant::now() < deadline, "the servers do not meet: {}", self.log());
            std::thread::sleep(POLL);
        }
    }

    /// The last lines of its log.
    fn log(&self) -> String {
        let read = |name: &str| fs::read_to_string(self.folder.join(name)).unwrap_or_default();
        let text = format!("{}\n{}", read("system.log"), read("out.log"));
        let lines: Vec<&str> = text.lines().rev().take(40).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}
