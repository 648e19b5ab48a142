//! The server's program: where it is, and how one of its processes is set up.

use std::{
    env, fs,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::Command,
};

use super::{CommitLog, Encryption};

/// The folder of the server's jars; where it is not set, `cargo xtask setup` has put them into the cache.
const LIB_VARIABLE: &str = "CAFFIS_CASSANDRA_LIB";
/// Where that is, below the user's cache.
const LIB_FOLDER: &str = "caffis-chat/tools/cassandra-5.0.9";

const CONFIGURATION: &str = include_str!("../cassandra/cassandra.yaml");
const LOGGING: &str = include_str!("../cassandra/logback.xml");
const FLAGS: &str = include_str!("../cassandra/jvm.options");
const CLOCK: &str = include_str!("../cassandra/FileClock.java");

/// A third of all tokens: the nodes of a ring share them evenly.
const TOKENS_OF_A_THIRD: i64 = 6_148_914_691_236_517_205;

/// The jars' folder.
pub(super) fn lib() -> PathBuf {
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
pub(super) fn java() -> PathBuf {
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
pub(super) fn compile_clock(java: &Path, lib: &Path, folder: &Path) {
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

/// What is different from one server to the next.
pub(super) struct Server<'a> {
    pub(super) address: Ipv4Addr,
    pub(super) number: usize,
    pub(super) seeds: &'a str,
    pub(super) commit_log: CommitLog,
    pub(super) encryption: Encryption,
}

impl Server<'_> {
    /// Writes its configuration.
    pub(super) fn configure(&self, folder: &Path) {
        let number = i64::try_from(self.number).expect("a few");
        let token = (number - 1) * TOKENS_OF_A_THIRD;
        let text = CONFIGURATION
            .replace("@ADDR@", &self.address.to_string())
            .replace("@SEEDS@", self.seeds)
            .replace("@TOKEN@", &token.to_string())
            .replace("@COMMIT_LOG@", self.commit_log.lines())
            .replace("@ENCRYPTION@", &self.encryption.lines(folder));
        fs::write(folder.join("cassandra.yaml"), text).expect("a configuration");
        let text = LOGGING.replace("@DIR@", &folder.display().to_string());
        fs::write(folder.join("logback.xml"), text).expect("a configuration");
    }
}

pub(super) fn command(java: &Path, lib: &Path, folder: &Path, clock: Option<&Path>) -> Command {
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
