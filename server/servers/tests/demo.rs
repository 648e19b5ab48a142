//! The program of `cargo xtask cluster`: it serves, goes on without a node, and leaves nothing behind.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(180);
const PROGRAM: &str = env!("CARGO_BIN_EXE_caffis-cluster");
const BALANCER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/haproxy/haproxy.cfg");

/// The program, and the pids that it printed.
struct Running {
    child: Child,
    output: BufReader<ChildStdout>,
    pids: BTreeMap<String, u32>,
    folder: PathBuf,
    port: u16,
}

impl Running {
    fn start() -> Self {
        let port =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        // Built beside it.
        let server = Path::new(PROGRAM).with_file_name("caffis-chat");
        assert!(server.is_file(), "build the server first: {}", server.display());
        let mut command = Command::new(PROGRAM);
        command.arg(server).args([BALANCER, &port.to_string()]);
        for (name, _) in env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("CAFFIS_") && name != "CAFFIS_CASSANDRA_LIB" {
                command.env_remove(&*name);
            }
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let (mut pids, mut folder) = (BTreeMap::new(), None);
        while folder.is_none() {
            let line = line(&mut output);
            if let Some((part, pid)) = line.split_once(" kill -9 ") {
                let name = part.split_whitespace().next().unwrap();
                pids.insert(name.to_owned(), pid.trim().parse().unwrap());
            }
            folder = line.split_once("Logs: ").map(|(_, folder)| PathBuf::from(folder.trim()));
        }
        Self { child, output, pids, folder: folder.unwrap(), port }
    }

    fn until_it_says(&mut self, words: &str) {
        while !line(&mut self.output).contains(words) {}
    }

    /// Whether the one address answers.
    fn serves(&self) -> bool {
        let ask = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
            stream.set_read_timeout(Some(Duration::from_secs(10)))?;
            stream.write_all(b"GET /readyz HTTP/1.0\r\nhost: localhost\r\n\r\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        };
        ask().is_ok_and(|answer| answer.contains(" 200 "))
    }
}

fn line(output: &mut impl BufRead) -> String {
    let mut line = String::new();
    assert_ne!(output.read_line(&mut line).unwrap(), 0, "the program has ended");
    line
}

fn kill(pid: u32) {
    let status = Command::new("kill").args(["-9", &pid.to_string()]).status();
    assert!(status.unwrap().success());
}

fn runs(pid: u32) -> bool {
    // One that has ended may be a zombie for a moment.
    fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty())
}

fn until(what: &str, done: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
#[ignore = "needs real servers"]
fn it_goes_on_without_a_node_and_leaves_nothing_behind() {
    let mut running = Running::start();
    let names: Vec<&str> = running.pids.keys().map(String::as_str).collect();
    assert_eq!(names, ["cql", "haproxy", "node-1", "node-2", "redis"]);
    assert!(running.serves());
    kill(running.pids["node-1"]);
    running.until_it_says("node-1 has ended");
    assert!(running.serves(), "the other node is there");
    running.until_it_says("node-1 runs again");
    kill(running.pids["node-2"]);
    running.until_it_says("node-2 has ended");
    until("the first node does not serve", || running.serves());
    // Killed itself, it takes everything along but its files, which the next one removes.
    let pids = running.pids.clone();
    kill(running.child.id());
    running.child.wait().unwrap();
    until("a server stays behind", || !pids.values().any(|pid| runs(*pid)));
    assert!(running.folder.exists());
    let mut next = Running::start();
    assert!(!running.folder.exists(), "the files of the one that was killed");
    // Its input ends.
    drop(next.child.stdin.take());
    assert!(next.child.wait().unwrap().success());
    assert!(!next.pids.values().any(|pid| runs(*pid)) && !next.folder.exists());
}
