//! A chat of two nodes behind one address, to try out what happens when a part of it fails.

use std::{
    fmt, fs,
    io::{self, Write},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use crate::{
    Clock, CqlServers, CqlSetup, HaProxy, folder::Folder, process::Process, redis::RedisServer,
};

/// The nodes, as HAProxy's configuration has them.
const NODES: [&str; 2] = ["node-1", "node-2"];
/// The first port that is tried for a node: beside the one of the balancer, which is 5002 by default.
const FIRST_NODE_PORT: u16 = 5011;
/// How long a part that was killed stays away, so that one sees what the others do.
const AWAY: Duration = Duration::from_secs(10);
/// How long a node may take until it serves.
const START: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(50);

/// What is started.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The program `caffis-chat`.
    pub server: PathBuf,
    /// HAProxy's configuration.
    pub balancer: PathBuf,
    /// The port of the one address.
    pub port: u16,
}

/// All of it. Dropped, everything ends and its files are removed.
pub struct Demo {
    plan: Plan,
    // In this order: nobody waits for a server that has ended before.
    balancer: HaProxy,
    nodes: Vec<Node>,
    redis: RedisServer,
    cql: CqlServers,
    folder: Folder,
    ends: Vec<(usize, Instant)>,
}

/// A node of the product.
struct Node {
    name: &'static str,
    port: u16,
    command: Command,
    log: PathBuf,
    process: Process,
}

impl Demo {
    /// Starts one server of each kind and two nodes, and waits until they serve.
    ///
    /// # Errors
    /// The port is taken.
    ///
    /// # Panics
    /// Something is missing or does not start.
    pub fn start(plan: Plan) -> io::Result<Self> {
        let addresses = loopback(plan.port);
        // Said before anything is started that takes a while.
        for address in &addresses {
            TcpListener::bind(address)?;
        }
        let mut setup = CqlSetup::new(1);
        setup.clock = Clock::Running;
        let cql = setup.start();
        let redis = RedisServer::start();
        let folder = Folder::make("nodes");
        let mut nodes: Vec<Node> = Vec::new();
        for name in NODES {
            let port = nodes.last().map_or(FIRST_NODE_PORT, |node| node.port + 1);
            nodes.push(Node::start(name, free_from(port), &plan.server, &folder, &cql, &redis));
        }
        nodes.iter().for_each(Node::wait);
        let bind: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        let at = |node: &Node| format!("127.0.0.1:{}", node.port);
        let variables = [
            ("CHAT_BIND", bind.join(",")),
            ("CHAT_NODE_1", at(&nodes[0])),
            ("CHAT_NODE_2", at(&nodes[1])),
        ];
        let variables: Vec<_> =
            variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let balancer = HaProxy::start(&plan.balancer, &variables, addresses[0]);
        Ok(Self { plan, balancer, nodes, redis, cql, folder, ends: Vec::new() })
    }

    /// Starts again what ended a while ago, as a service manager does, and says so.
    ///
    /// # Panics
    /// It does not start.
    pub fn look(&mut self, out: &mut impl Write) {
        for part in 0..self.parts().len() {
            let ended = self.ends.iter().position(|(other, _)| *other == part);
            let now = &self.parts()[part];
            match ended {
                None if !now.runs => {
                    let (name, seconds) = (&now.name, AWAY.as_secs());
                    // Nobody may be reading.
                    let _ = writeln!(out, "{name} has ended. It starts again in {seconds} s.");
                    self.ends.push((part, Instant::now()));
                }
                Some(at) if self.ends[at].1.elapsed() >= AWAY => {
                    self.ends.remove(at);
                    self.restart(part);
                    let now = &self.parts()[part];
                    let _ = writeln!(out, "{} runs again: kill -9 {}", now.name, now.pid);
                }
                _ => {}
            }
        }
    }

    fn restart(&mut self, part: usize) {
        match part.checked_sub(self.nodes.len()) {
            None => self.nodes[part].restart(),
            Some(0) => self.balancer.restart(),
            Some(1) => self.redis.restart(),
            Some(_) => self.cql.nodes().iter_mut().for_each(crate::CqlNode::restart),
        }
    }

    /// The nodes, then the others.
    fn parts(&self) -> Vec<Part> {
        let part =
            |name: &str, pid, runs, place: String| Part { name: name.to_owned(), pid, runs, place };
        let node = |node: &Node| {
            let place = format!("UDP port {}", node.port);
            part(node.name, node.process.id(), node.process.is_running(), place)
        };
        let mut parts: Vec<Part> = self.nodes.iter().map(node).collect();
        let (balancer, redis) = (&self.balancer, &self.redis);
        let place = format!("port {}", self.plan.port);
        parts.push(part("haproxy", balancer.pid(), balancer.is_running(), place));
        let place = format!("127.0.0.1:{}", redis.port());
        parts.push(part("redis", redis.pid(), redis.is_running(), place));
        let cql = self.cql.all().iter();
        parts.extend(cql.map(|node| part("cql", node.pid(), node.is_running(), node.host())));
        parts
    }
}

/// What one can kill.
struct Part {
    name: String,
    pid: u32,
    runs: bool,
    place: String,
}

/// What a newcomer reads.
impl fmt::Display for Demo {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (port, server) = (self.plan.port, self.plan.server.display());
        writeln!(out, "\n  Caffis Chat runs on two nodes: http://localhost:{port}\n")?;
        for Part { name, pid, place, .. } in self.parts() {
            writeln!(out, "  {name:<8} {place:<22} kill -9 {pid}")?;
        }
        write!(
            out,
            "
  - Open the address in two browser windows and pick a different demo user in each.
    Once both are there, start a conversation and write.
  - Kill a node from another terminal: its people are on the other one in a moment,
    and its rooms go on there after some 6 seconds. Nothing is lost, nothing is there
    twice. What you kill starts again after {} seconds.
  - Nodes, and the shards that each owns: {server} cluster --data {}
  - Tables, if you have cqlsh: cqlsh {} -k chat
  - Logs: {}

  Ctrl-C ends everything.
",
            AWAY.as_secs(),
            self.folder.path().join(NODES[0]).display(),
            self.cql.hosts().join(" ").replace(':', " "),
            self.folder.path().display(),
        )
    }
}

impl Node {
    fn start(
        name: &'static str,
        port: u16,
        server: &Path,
        folder: &Folder,
        cql: &CqlServers,
        redis: &RedisServer,
    ) -> Self {
        let listen: Vec<String> = loopback(port).iter().map(ToString::to_string).collect();
        let mut command = Command::new(server);
        command.args([
            "serve",
            "--dev",
            "--proxy-protocol",
            "--trusted-proxies",
            "127.0.0.0/8,::1",
        ]);
        command.args(["--node-name", name, "--listen", &listen.join(",")]);
        command.arg("--data").arg(folder.path().join(name));
        command.args(["--store", &format!("scylla://{}/chat", cql.hosts().join(","))]);
        command.args(["--store-replication", "1", "--accept-loss", "replication"]);
        command.args(["--bus", &format!("redis://127.0.0.1:{}", redis.port())]);
        let log = folder.path().join(format!("{name}.log"));
        let process = Process::start(&command, &log);
        Self { name, port, command, log, process }
    }

    /// Starts it again, and waits until it serves.
    fn restart(&mut self) {
        self.process.kill();
        self.process = Process::start(&self.command, &self.log);
        self.wait();
    }

    fn wait(&self) {
        let end = Instant::now() + START;
        let read = || fs::read_to_string(&self.log).unwrap_or_default();
        // The line that it prints once it listens names its process.
        while !read().contains(&format!("\"pid\":{}", self.process.id())) {
            let log = read();
            assert!(self.process.is_running(), "{} does not start: {log}", self.name);
            assert!(Instant::now() < end, "{} does not start in time: {log}", self.name);
            std::thread::sleep(POLL);
        }
    }
}

/// A port on the loopback addresses that this machine has: pages that name `localhost` may use either.
fn loopback(port: u16) -> Vec<SocketAddr> {
    let mut addresses = vec![(Ipv4Addr::LOCALHOST, port).into()];
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
        addresses.push((Ipv6Addr::LOCALHOST, port).into());
    }
    addresses
}

/// The first port from this one on that is free for TCP and UDP.
fn free_from(first: u16) -> u16 {
    let free = |address: &SocketAddr| {
        TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok()
    };
    let mut ports = first..;
    ports.find(|port| loopback(*port).iter().all(free)).expect("a free port")
}
