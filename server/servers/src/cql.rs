//! Apache Cassandra.

use std::{
    env, fs,
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use crate::{address::Address, folder::Folder, process::Process};

/// The folder of the server's jars; where it is not set, `cargo xtask setup` has put them into the cache.
const LIB_VARIABLE: &str = "CAFFIS_CASSANDRA_LIB";
/// Where that is, below the user's cache.
const LIB_FOLDER: &str = "caffis-chat/tools/cassandra-5.0.9";

const CQL_PORT: u16 = 9042;
/// Where the nodes of a ring talk to each other.
const RING_PORT: u16 = 7000;

/// How long a server may take until it answers: four seconds, or a minute on a busy machine.
const START: Duration = Duration::from_secs(180);
const POLL: Duration = Duration::from_millis(50);

const CONFIGURATION: &str = include_str!("cassandra/cassandra.yaml");
const LOGGING: &str = include_str!("cassandra/logback.xml");
const FLAGS: &str = include_str!("cassandra/jvm.options");
const CLOCK: &str = include_str!("cassandra/FileClock.java");

/// A third of all tokens: the nodes of a ring share them evenly.
const TOKENS_OF_A_THIRD: i64 = 6_148_914_691_236_517_205;

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

/// How servers are started.
#[derive(Clone, Copy, Debug)]
pub struct CqlSetup {
    /// How many: one, or a ring of two or three.
    pub count: usize,
    /// Their clock.
    pub clock: Clock,
    /// When they acknowledge.
    pub commit_log: CommitLog,
}

impl CqlSetup {
    /// So many, with a still clock, that acknowledge what is on the disk.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self { count, clock: Clock::Still, commit_log: CommitLog::Batch }
    }

    /// Starts them, and waits until all of them answer.
    ///
    /// # Panics
    /// If the server's program or Java 17 is missing, or a server does not start.
    #[must_use]
    pub fn start(self) -> CqlServers {
        assert!((1..=3).contains(&self.count), "one server or a ring of up to three");
        let (java, lib) = (java(), lib());
        let folder = Folder::make("cql");
        let clock = (self.clock == Clock::Still).then(|| {
            let clock = folder.path().join("clock");
            fs::write(&clock, "").expect("a file for the clock");
            compile_clock(&java, &lib, folder.path());
            clock
        });
        let addresses: Vec<Address> =
            (0..self.count).map(|_| Address::take(&[CQL_PORT, RING_PORT])).collect();
        let seeds: Vec<String> = addresses.iter().map(|one| one.address.to_string()).collect();
        let seeds = seeds.join(",");
        let nodes = addresses.into_iter().enumerate().map(|(number, address)| {
            let folder = folder.path().join(number.to_string());
            configure(&folder, address.address, number, &seeds, self.commit_log);
            let mut command = command(&java, &lib, &folder, clock.as_deref());
            // A node forgets others that do not join for half a minute; alone, it waits for nobody.
            let delay = if self.count == 1 { 0 } else { 30_000 };
            command.arg(format!("-Dcassandra.ring_delay_ms={delay}"));
            command.arg("org.apache.cassandra.service.CassandraDaemon");
            let process = Process::start(&command, &folder.join("out.log"));
            CqlNode { address, command, folder, process }
        });
        let nodes: Vec<CqlNode> = nodes.collect();
        nodes.iter().for_each(CqlNode::wait);
        for (node, other) in nodes.iter().flat_map(|node| nodes.iter().map(move |o| (node, o))) {
            node.wait_for(other);
        }
        CqlServers { nodes, clock, folder }
    }
}

/// Servers that form one cluster. Dropping it ends them and removes their data.
pub struct CqlServers {
    nodes: Vec<CqlNode>,
    clock: Option<PathBuf>,
    // Removed after the nodes have ended.
    folder: Folder,
}

/// One of the servers.
pub struct CqlNode {
    address: Address,
    command: Command,
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
        while !answers(self.socket()) {
            assert!(self.process.is_running(), "the server has ended: {}", self.log());
            assert!(Instant::now() < deadline, "the server does not answer: {}", self.log());
            std::thread::sleep(POLL);
        }
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

fn answers(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<[u8; 5]> {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(&OPTIONS)?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer == SUPPORTED)
}

/// The jars' folder.
fn lib() -> PathBuf {
    let given = |name| env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
    let lib = given(LIB_VARIABLE).unwrap_or_else(|| {
        let cache = given("XDG_CACHE_HOME")
            .or_else(|| Some(given("HOME")?.join(".cache")))
            .expect("HOME is not set");
        cache.join(LIB_FOLDER)
    });
    assert!(
        lib.is_dir(),
        "the CQL server is missing in {}: run `cargo xtask setup`",
        lib.display()
    );
    lib
}

/// Java 17: the server takes no other.
fn java() -> PathBuf {
    let homes = env::var_os("JAVA_HOME").into_iter().map(PathBuf::from);
    let installed = fs::read_dir("/usr/lib/jvm").into_iter().flatten().flatten();
    let programs =
        homes.chain(installed.map(|entry| entry.path())).map(|home| home.join("bin/java"));
    let is_17 = |java: &PathBuf| {
        let output = Command::new(java).arg("-version").output();
        output.is_ok_and(|output| String::from_utf8_lossy(&output.stderr).contains("\"17."))
    };
    programs
        .into_iter()
        .find(is_17)
        .expect("Java 17 is missing: run `cargo xtask setup`, or install openjdk-17-jre-headless")
}

/// The jar whose name begins so.
fn jar(lib: &Path, name: &str) -> PathBuf {
    let mut jars = fs::read_dir(lib).expect("the jars").flatten();
    let found = jars.find(|entry| entry.file_name().to_string_lossy().starts_with(name));
    found.unwrap_or_else(|| panic!("no {name}*.jar in {}", lib.display())).path()
}

/// The class of the clock that tests move; the compiler is part of the runtime that Debian installs.
fn compile_clock(java: &Path, lib: &Path, folder: &Path) {
    let source = folder.join("FileClock.java");
    fs::write(&source, CLOCK).expect("the clock's source");
    let output = Command::new(java)
        .args(["-XX:TieredStopAtLevel=1", "-m", "jdk.compiler/com.sun.tools.javac.Main", "-cp"])
        .arg(jar(lib, "cassandra-all-"))
        .args(["-proc:none", "-d"])
        .args([folder, &source])
        .output()
        .expect("Java runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the clock does not compile: {errors}");
}

fn configure(folder: &Path, address: Ipv4Addr, number: usize, seeds: &str, commit_log: CommitLog) {
    fs::create_dir_all(folder).expect("a folder");
    let number = i64::try_from(number).expect("a few");
    let token = (number - 1) * TOKENS_OF_A_THIRD;
    let text = CONFIGURATION
        .replace("@ADDR@", &address.to_string())
        .replace("@SEEDS@", seeds)
        .replace("@TOKEN@", &token.to_string())
        .replace("@COMMIT_LOG@", commit_log.lines());
    fs::write(folder.join("cassandra.yaml"), text).expect("a configuration");
    let text = LOGGING.replace("@DIR@", &folder.display().to_string());
    fs::write(folder.join("logback.xml"), text).expect("a configuration");
}

fn command(java: &Path, lib: &Path, folder: &Path, clock: Option<&Path>) -> Command {
    let mut command = Command::new(java);
    let dir = folder.display();
    let classes = folder.parent().expect("a folder around it").display();
    command
        .args(FLAGS.lines())
        .arg(format!("-javaagent:{}", jar(lib, "jamm-").display()))
        .arg(format!("-Dcassandra.config=file://{dir}/cassandra.yaml"))
        .arg(format!("-Dcassandra.storagedir={dir}"))
        .arg(format!("-Dcassandra.logdir={dir}"))
        .arg(format!("-Dlogback.configurationFile={dir}/logback.xml"))
        .args(["-cp", &format!("{}/*:{classes}", lib.display())]);
    if let Some(clock) = clock {
        command.arg("-Dcassandra.clock=FileClock");
        command.arg(format!("-Dtest.clock={}", clock.display()));
    }
    command
}
