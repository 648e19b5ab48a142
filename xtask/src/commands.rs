//! The commands other than `test`.

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use anyhow::Result;

use crate::{node, results::Results, setup, workspace::Workspace};

/// Where `serve --dev` listens unless told otherwise.
const ADDRESS: &str = "127.0.0.1:5002";
const START_LIMIT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(100);

const WHAT_TO_TRY: &str = "
  Caffis Chat is running: http://localhost:5002

  - Open it in two browser windows, pick a different demo user in each, open
    the same conversation and write: the page says which transport carries it.
  - Kill the server (Ctrl-C), write while it is gone, start it again: nothing
    is lost, nothing is there twice.

  Ctrl-C ends it. To join from another terminal:
";

/// Builds the page, which the server carries.
fn page(workspace: &Workspace) -> Result<()> {
    node::check(workspace)?;
    for package in node::packages(workspace) {
        package.install()?;
        if package.has("build")? {
            package.script("build", |npm| npm, &mut Results::default())?;
        }
    }
    Ok(())
}

/// Builds the page and the server, and serves on this terminal.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    page(workspace)?;
    workspace.cargo(["build", "--package", "caffis-chat", "--locked"]).run()?;
    let built = workspace.built("caffis-chat");
    let server = workspace.program(&built);
    server.arguments(["serve", "--dev"]).arguments(arguments).serve(|| {
        thread::spawn(move || {
            if answers(ADDRESS, START_LIMIT) {
                println!("{WHAT_TO_TRY}\n      {} chat --user giulia\n", built.display());
            }
        });
    })
}

/// Two nodes behind HAProxy, with the servers that they need, on this terminal.
pub(crate) fn cluster(workspace: &Workspace, port: Option<u16>) -> Result<()> {
    page(workspace)?;
    let lib = setup::servers(workspace)?;
    workspace
        .cargo(["build", "--locked", "--package", "caffis-chat", "--package", "caffis-servers"])
        .run()?;
    workspace
        .program(workspace.built("caffis-cluster"))
        .arguments([workspace.built("caffis-chat"), workspace.path("deploy/haproxy/haproxy.cfg")])
        .arguments(port.map(|port| port.to_string()))
        .env("CAFFIS_CASSANDRA_LIB", lib)
        .serve_until_we_end()
}

/// The main app and the map service of the examples with the chat, on this terminal.
pub(crate) fn demo(workspace: &Workspace, port: Option<u16>) -> Result<()> {
    page(workspace)?;
    setup::postgres(workspace)?;
    workspace
        .cargo(["build", "--locked", "--package", "caffis-chat", "--package", "caffis-servers"])
        .run()?;
    workspace
        .program(workspace.built("caffis-demo"))
        .arguments([workspace.built("caffis-chat"), workspace.path(node::EXAMPLES)])
        .arguments(port.map(|port| port.to_string()))
        .serve_until_we_end()
}

/// Whether a server answers at the address within the time.
fn answers(address: &str, limit: Duration) -> bool {
    let started = Instant::now();
    while started.elapsed() < limit {
        if health(address).is_some() {
            return true;
        }
        thread::sleep(POLL);
    }
    false
}

fn health(address: &str) -> Option<()> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(START_LIMIT)).ok()?;
    stream.write_all(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).ok()?;
    answer.ends_with(b" 200").then_some(())
}

/// Writes the generated code, or checks that what is committed is current.
pub(crate) fn generate(workspace: &Workspace, check: bool) -> Result<()> {
    let mode = if check { "--check" } else { "--write" };
    workspace
        .cargo(["run", "--quiet", "--package", "caffis-schema", "--bin", "caffis-gen", "--", mode])
        .run()
}

/// Builds the server and the load generator with optimisation, and measures.
pub(crate) fn bench(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    workspace
        .cargo(["build", "--release", "--locked"])
        .arguments(["--package", "caffis-chat", "--package", "caffis-bench"])
        .run()?;
    let mut bench = workspace
        .program(workspace.released("caffis-bench"))
        .env("CAFFIS_CHAT_BIN", workspace.released("caffis-chat"))
        .arguments(arguments);
    // Some of the long scenarios run on real servers.
    if arguments.iter().any(|argument| argument == "--long") {
        bench = bench.env("CAFFIS_CASSANDRA_LIB", setup::servers(workspace)?);
    }
    bench.serve(|| {})
}

/// Runs the simulation: its trace on standard output, timings on standard error.
pub(crate) fn sim(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    workspace
        .cargo(["run", "--quiet", "--package", "caffis-sim", "--"])
        .arguments(arguments)
        .serve(|| {})
}

/// Searches the model of room ownership: what it found on standard output, timings on standard error.
pub(crate) fn model(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    workspace
        .cargo(["run", "--quiet", "--release", "--locked", "--package", "caffis-model", "--"])
        .arguments(arguments)
        .serve(|| {})
}

/// All that cargo-deny checks. Advisories are cloned from the internet, so this is no test.
pub(crate) fn audit(workspace: &Workspace) -> Result<()> {
    deny(workspace, &["advisories", "licenses", "bans", "sources"])
}

/// Runs some of cargo-deny's checks.
pub(crate) fn deny(workspace: &Workspace, checks: &[&str]) -> Result<()> {
    let program = setup::cargo_deny(workspace)?;
    workspace
        .program(program)
        .arguments(["--workspace", "--all-features", "--locked", "check", "--hide-inclusion-graph"])
        .arguments(checks)
        .run()
}
