//! Installs what the tests need: Debian packages (as root), npm packages, cargo-deny, the CQL server and the
//! Python packages of the examples.

use std::{
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    os::unix::fs::MetadataExt,
    path::PathBuf,
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};

use crate::{node, options::Tier, workspace::Workspace};

/// A Debian package, and a program by which another system shows that it has the same.
struct System {
    package: &'static str,
    program: &'static str,
}

/// What compiling needs beside Rust: libFuzzer is C++, ring is C.
const COMPILERS: [System; 1] = [System { package: "g++", program: "c++" }];
/// What the edge tests and the documents need: limits, mounts, addresses, a certificate authority, requests and keys.
const TOOLS: [System; 7] = [
    System { package: "util-linux", program: "prlimit" },
    System { package: "mount", program: "mount" },
    System { package: "iproute2", program: "ip" },
    System { package: "procps", program: "ps" },
    System { package: "pebble", program: "pebble" },
    System { package: "curl", program: "curl" },
    System { package: "openssl", program: "openssl" },
];
/// The browsers that run the journeys; WebKitGTK wants a screen.
const BROWSERS: [System; 4] = [
    System { package: "chromium", program: "chromium" },
    System { package: "firefox-esr", program: "firefox-esr" },
    System { package: "webkit2gtk-driver", program: "WebKitWebDriver" },
    System { package: "xvfb", program: "Xvfb" },
];

/// The real servers that tests start, and what fetches the CQL server. Debian starts Redis, Prometheus and
/// PostgreSQL on their usual ports too, and HAProxy without one; tests never use those.
const SERVERS: [System; 5] = [
    System { package: "redis-server", program: "redis-server" },
    System { package: "haproxy", program: "haproxy" },
    // With promtool.
    System { package: "prometheus", program: "prometheus" },
    POSTGRES,
    MAVEN,
];
/// With psql.
const POSTGRES: System = System { package: "postgresql", program: "initdb" };
/// With what makes environments for packages.
const PYTHON: System = System { package: "python3-venv", program: "python3" };
/// Fetches the CQL server.
const MAVEN: System = System { package: "maven", program: "mvn" };
/// Runs it. Its program has the same name in every version, so it is looked for by [`has_java_17`].
const JAVA_17: System = System { package: "openjdk-17-jre-headless", program: "java" };

/// Pinned, so that a new release never changes what passes. Built from nothing in 2.3 minutes on
/// two cores, which a normal test run can afford.
const CARGO_DENY: &str = "0.20.2";
/// Apache Cassandra, as `cassandra.pom.xml` and the crate `caffis-servers` have it.
const CASSANDRA: &str = "5.0.9";

const APT_LIMIT: Duration = Duration::from_secs(15 * 60);
/// 67 MB: ten seconds, where nothing holds it up.
const MAVEN_LIMIT: Duration = Duration::from_secs(15 * 60);
/// One small package.
const PYTHON_LIMIT: Duration = Duration::from_secs(5 * 60);
const CARGO_INSTALL_LIMIT: Duration = Duration::from_secs(20 * 60);

/// Installs everything that any stage needs.
pub(crate) fn everything(workspace: &Workspace) -> Result<()> {
    for_tier(workspace, Tier::Long)?;
    node::packages(workspace).try_for_each(|package| package.install())
}

/// Installs what the stages of a tier need, except the npm packages, which belong to their stage.
pub(crate) fn for_tier(workspace: &Workspace, tier: Tier) -> Result<()> {
    rust_components(workspace)?;
    node::check(workspace)?;
    let mut wanted: Vec<&System> = COMPILERS.iter().chain(&TOOLS).collect();
    if tier > Tier::Quick {
        wanted.extend(SERVERS.iter().chain(&BROWSERS));
    }
    system_packages(workspace, &wanted)?;
    // The tests read the resolved graph: all of it is here before the first of them.
    workspace.cargo(["fetch", "--locked"]).limit(CARGO_INSTALL_LIMIT).run()?;
    if tier > Tier::Quick {
        cargo_deny(workspace)?;
        cassandra(workspace)?;
        python(workspace)?;
        schemathesis(workspace)?;
    }
    Ok(())
}

/// The Python of the examples, with the packages that they need.
pub(crate) fn python(workspace: &Workspace) -> Result<PathBuf> {
    python_with(workspace, "examples/python/requirements.txt")
}

/// The program that makes requests from the OpenAPI document.
pub(crate) fn schemathesis(workspace: &Workspace) -> Result<PathBuf> {
    let python = python_with(workspace, "server/tests/kits/schemathesis.txt")?;
    Ok(python.with_file_name("schemathesis"))
}

/// A Python with the packages that a file lists with their hashes.
fn python_with(workspace: &Workspace, wanted_file: &str) -> Result<PathBuf> {
    let wanted = fs::read_to_string(workspace.path(wanted_file))?;
    let mut version = DefaultHasher::new();
    wanted.hash(&mut version);
    let tools = workspace.cache().join("tools");
    let folder = tools.join(format!("python-{:016x}", version.finish()));
    let python = folder.join("bin/python");
    if folder.join("complete").is_file() {
        return Ok(python);
    }
    let make = || {
        let venv = workspace.program("python3").arguments(["-m", "venv", "--clear"]);
        venv.arguments([&folder]).limit(PYTHON_LIMIT).run()
    };
    // Debian has Python and what makes environments for it in two packages.
    if make().is_err() {
        install(workspace, &[&PYTHON])?;
        make()?;
    }
    workspace
        .program(&python)
        .arguments(["-m", "pip", "install", "-q", "--disable-pip-version-check"])
        .arguments(["--require-hashes", "-r", wanted_file])
        .limit(PYTHON_LIMIT)
        .run()
        .with_context(|| format!("the Python packages of {wanted_file} cannot be installed"))?;
    fs::write(folder.join("complete"), "")?;
    Ok(python)
}

fn rust_components(workspace: &Workspace) -> Result<()> {
    for component in ["fmt", "clippy"] {
        workspace
            .cargo([component, "--version"])
            .read()
            .context("install rustfmt and clippy: rustup component add rustfmt clippy")?;
    }
    Ok(())
}

fn system_packages(workspace: &Workspace, wanted: &[&System]) -> Result<()> {
    let missing = wanted.iter().copied().filter(|system| !on_path(system.program));
    install(workspace, &missing.collect::<Vec<_>>())
}

fn install(workspace: &Workspace, missing: &[&System]) -> Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let debian = on_path("dpkg-query") && on_path("apt-get");
    let name = |system: &&System| if debian { system.package } else { system.program };
    let missing: Vec<&str> = missing.iter().map(name).collect();
    let list = missing.join(" ");
    if !debian {
        bail!("this system has no apt: install these programs, then try again: {list}");
    }
    if !is_root() {
        bail!(
            "some system packages are missing; install them, then try again:\n\n    sudo apt-get \
             update && sudo apt-get install -y --no-install-recommends {list}\n"
        );
    }
    let apt = || {
        workspace
            .program("apt-get")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .arguments(["-q", "-o", "Acquire::Retries=3", "-o", "DPkg::Lock::Timeout=300"])
            .limit(APT_LIMIT)
    };
    apt().arguments(["update"]).run()?;
    apt().arguments(["install", "-y", "--no-install-recommends"]).arguments(missing).run()
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .chain(postgres_programs())
        .any(|folder| folder.join(program).is_file())
}

/// Where Debian has the programs of each version of PostgreSQL, which are on no path.
fn postgres_programs() -> impl Iterator<Item = PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    versions.map(|entry| entry.path().join("bin"))
}

/// Where [`cargo_deny`] puts the program: in the project's cache, not among the user's tools.
fn deny_root(workspace: &Workspace) -> PathBuf {
    workspace.cache().join("tools").join(format!("cargo-deny-{CARGO_DENY}"))
}

/// cargo-deny, installed if it is not there yet.
pub(crate) fn cargo_deny(workspace: &Workspace) -> Result<PathBuf> {
    let root = deny_root(workspace);
    let program = root.join("bin/cargo-deny");
    if !program.is_file() {
        // Without a build folder of ours cargo builds in a temporary one and removes it.
        workspace
            .cargo(["install", "--locked", "--version", CARGO_DENY, "cargo-deny", "--root"])
            .arguments([&root])
            .without_env("CARGO_TARGET_DIR")
            .limit(CARGO_INSTALL_LIMIT)
            .run()?;
    }
    Ok(program)
}

/// The servers that a cluster of several nodes needs; gives the folder of the CQL server.
pub(crate) fn servers(workspace: &Workspace) -> Result<PathBuf> {
    system_packages(workspace, &SERVERS.iter().collect::<Vec<_>>())?;
    cassandra(workspace)
}

/// The server of the demo.
pub(crate) fn postgres(workspace: &Workspace) -> Result<()> {
    system_packages(workspace, &[&POSTGRES])
}

/// The folder with the jars of the CQL server, fetched from Maven Central if they are not there yet, and
/// the Java that runs it.
pub(crate) fn cassandra(workspace: &Workspace) -> Result<PathBuf> {
    if !has_java_17() {
        install(workspace, &[&JAVA_17])?;
    }
    let tools = workspace.cache().join("tools");
    let folder = tools.join(format!("cassandra-{CASSANDRA}"));
    if folder.is_dir() {
        return Ok(folder);
    }
    if !on_path(MAVEN.program) {
        install(workspace, &[&MAVEN])?;
    }
    // Named only when it is whole, and by one of several that fetch it at once.
    let part = tools.join(format!("cassandra-{CASSANDRA}.{}", std::process::id()));
    fs::create_dir_all(&part)?;
    workspace
        .program("mvn")
        .arguments(["-B", "-q", "-f", "xtask/cassandra.pom.xml", "dependency:copy-dependencies"])
        .arguments(["-DincludeScope=runtime", &format!("-DoutputDirectory={}", part.display())])
        .limit(MAVEN_LIMIT)
        .run()
        .context("the CQL server cannot be fetched from Maven Central")?;
    if fs::rename(&part, &folder).is_err() {
        fs::remove_dir_all(&part)?;
    }
    ensure!(folder.is_dir(), "{} cannot be made", folder.display());
    Ok(folder)
}

/// The server takes no other version.
fn has_java_17() -> bool {
    let homes = std::env::var_os("JAVA_HOME").into_iter().map(PathBuf::from);
    let installed = fs::read_dir("/usr/lib/jvm").into_iter().flatten().flatten();
    homes.chain(installed.map(|entry| entry.path())).any(|home| {
        let output = Command::new(home.join("bin/java")).arg("-version").output();
        output.is_ok_and(|output| String::from_utf8_lossy(&output.stderr).contains("\"17."))
    })
}
