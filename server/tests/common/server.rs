//! The server's process.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::Arc,
};

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, prlimit};
use serde_json::Value;
use tempfile::TempDir;

use super::{PATIENCE, Scrape, soon};

const BINARY: &str = env!("CARGO_BIN_EXE_caffis-chat");

/// How a server is started.
#[derive(Clone)]
pub(crate) struct Setup {
    folder: Arc<TempDir>,
    data: PathBuf,
    dev: bool,
    log_is_read: bool,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
}

impl Setup {
    /// A development server on a free port, in a new folder.
    pub(crate) fn dev() -> Self {
        let folder = TempDir::new().unwrap();
        Self {
            data: folder.path().join("data"),
            folder: Arc::new(folder),
            dev: true,
            log_is_read: true,
            arguments: Vec::new(),
            environment: Vec::new(),
        }
    }

    /// One that is not for development.
    pub(crate) fn production() -> Self {
        Self { dev: false, ..Self::dev() }
    }

    /// With more flags: `["--open-rooms", "7"]`. They replace those that were given before.
    pub(crate) fn flags(mut self, flags: &[&str]) -> Self {
        for flag in flags.iter().filter(|flag| flag.starts_with("--")) {
            if let Some(at) = self.arguments.iter().position(|other| other == flag) {
                let value = self.arguments.get(at + 1).is_some_and(|next| !next.starts_with("--"));
                self.arguments.drain(at..=at + usize::from(value));
            }
        }
        self.arguments.extend(flags.iter().map(|flag| (*flag).to_owned()));
        self
    }

    /// With its metrics on a free port.
    pub(crate) fn metrics(self) -> Self {
        self.flags(&["--metrics-listen", "127.0.0.1:0"])
    }

    /// With an environment variable.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With the data folder at this place of the setup's own folder.
    pub(crate) fn data_at(mut self, path: &str) -> Self {
        self.data = self.folder.path().join(path);
        self
    }

    /// With a log that somebody should read and does not.
    pub(crate) fn unread_log(self) -> Self {
        Self { log_is_read: false, ..self }
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.data.clone()
    }

    /// A place beside the data folder.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(BINARY);
        command.arg("serve");
        if self.dev {
            command.arg("--dev");
        }
        command.arg("--data").arg(self.data());
        if !self.arguments.iter().any(|argument| argument == "--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        command.args(&self.arguments);
        clean(&mut command);
        command.envs(self.environment.iter().cloned());
        command
    }

    /// Starts it and waits until it listens.
    pub(crate) async fn start(&self) -> Server {
        let log = self.beside("log");
        let mut command = self.command();
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        command.stderr(if self.log_is_read {
            File::options().create(true).append(true).open(&log).unwrap().into()
        } else {
            Stdio::piped()
        });
        let mut child = command.spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let mut server = Server { setup: self.clone(), child, listening: Value::Null };
        let line = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            BufReader::new(stdout).read_line(&mut line).map(|_| line)
        });
        let line = soon("the server's line", line).await.unwrap().unwrap();
        server.listening = serde_json::from_str(&line).expect("the server did not start");
        server
    }

    /// Starts it and waits until it ends, as it should when something is wrong.
    pub(crate) async fn fail(&self) -> Finished {
        finish(self.command()).await
    }
}

/// Runs a subcommand.
pub(crate) async fn run(arguments: &[&str]) -> Finished {
    let mut command = Command::new(BINARY);
    command.args(arguments);
    clean(&mut command);
    finish(command).await
}

/// No setting of whoever runs the tests reaches the server.
fn clean(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CAFFIS_") {
            command.env_remove(name);
        }
    }
}

async fn finish(mut command: Command) -> Finished {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut command = tokio::process::Command::from(command);
    command.kill_on_drop(true);
    let output = soon("the end of the process", command.output()).await.unwrap();
    Finished {
        status: output.status,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A process that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    /// It refused, and said all of this.
    #[track_caller]
    pub(crate) fn refused(&self, parts: &[&str]) {
        assert!(!self.status.success(), "{self:?}");
        assert!(!self.stderr.contains("panicked"), "{self:?}");
        for part in parts {
            assert!(self.stderr.contains(part), "{part:?} is not in {:?}", self.stderr);
        }
    }

    /// It worked; what it wrote.
    #[track_caller]
    pub(crate) fn worked(self) -> String {
        assert!(self.status.success(), "{self:?}");
        self.stdout
    }
}

/// A running server.
pub(crate) struct Server {
    pub(crate) setup: Setup,
    child: Child,
    listening: Value,
}

impl Server {
    fn address(&self, kind: &str) -> SocketAddr {
        self.listening[kind][0].as_str().unwrap().parse().unwrap()
    }

    /// Where it listens on TCP.
    pub(crate) fn tcp(&self) -> SocketAddr {
        self.address("tcp")
    }

    /// Where it listens on UDP.
    pub(crate) fn udp(&self) -> SocketAddr {
        self.address("udp")
    }

    /// Where it serves metrics, if it does.
    pub(crate) fn metrics(&self) -> SocketAddr {
        self.address("metrics")
    }

    /// Its metrics now.
    pub(crate) async fn scrape(&self) -> Scrape {
        let url = format!("http://{}/metrics", self.metrics());
        let answer = soon("the metrics", http().get(url).send()).await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.text().await.unwrap().parse().unwrap()
    }

    /// Waits until its metrics are as wanted; gives them.
    pub(crate) async fn scrape_until(
        &self,
        what: &str,
        wanted: impl Fn(&Scrape) -> bool,
    ) -> Scrape {
        let scraping = async {
            loop {
                let scrape = self.scrape().await;
                if wanted(&scrape) {
                    return scrape;
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        soon(what, scraping).await
    }

    /// An address of its HTTP side.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.tcp())
    }

    /// Where it takes WebSockets.
    pub(crate) fn socket_url(&self) -> String {
        format!("ws://{}/api/chat/ws", self.tcp())
    }

    /// What `/api/chat/connect` says.
    pub(crate) async fn connect_info(&self) -> Value {
        serde_json::from_str(&self.get("/api/chat/connect").await.1).unwrap()
    }

    /// Status and body of a GET.
    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let answer = soon("an answer", http().get(self.url(path)).send()).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// All that it logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.setup.beside("log")).unwrap_or_default()
    }

    fn process(&self) -> Pid {
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.process(), signal).unwrap();
    }

    /// From now on its files may grow to this many bytes; none: as far as the disk goes.
    pub(crate) fn limit_files(&self, bytes: Option<u64>) {
        self.limit(Resource::Fsize, bytes);
    }

    /// From now on it may have so much of something; none: without a limit.
    pub(crate) fn limit(&self, what: Resource, most: Option<u64>) {
        // It has the hard limit of this process.
        let limit = Rlimit { current: most, maximum: getrlimit(what).maximum };
        prlimit(Some(self.process()), what, limit).unwrap();
    }

    /// Waits until the process ends by itself.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let ended = async {
            loop {
                // A child's end cannot be awaited without taking the child away from Drop.
                if let Some(status) = self.child.try_wait().unwrap() {
                    return status;
                }
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        soon("the end of the server", ended).await
    }

    /// Whether the process has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// SIGTERM and the end.
    pub(crate) async fn stop(mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.ended().await
    }

    /// SIGKILL and the end.
    pub(crate) async fn kill(mut self) {
        self.signal(Signal::KILL);
        self.ended().await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- the server's log\n{}--- end of the log", self.log());
        }
    }
}

/// A client for HTTP.
pub(crate) fn http() -> reqwest::Client {
    install_crypto();
    reqwest::Client::builder().timeout(PATIENCE).no_proxy().build().unwrap()
}

/// A request with a body of JSON.
pub(crate) fn with_json(request: reqwest::RequestBuilder, body: &Value) -> reqwest::RequestBuilder {
    request.header("content-type", "application/json").body(body.to_string())
}

/// The process-wide crypto library, which clients of TLS need.
pub(crate) fn install_crypto() {
    // Another test may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// All of a file.
pub(crate) fn read(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    File::open(path).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}
