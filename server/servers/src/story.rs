//! A main app and a map service with their databases, the chat and the relay: the whole way from a button to a room.

use std::{
    fmt, fs, io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

use crate::{PostgresServer, folder::Folder, process::Process};

/// How long a part may take until it serves.
const START: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);

/// Known to everybody, like the secret of development tokens: all of it listens on loopback only.
const TOKEN_SECRET: &str = "the demo's secret for tokens: everybody knows it";
const MAP_KEY: &str = "the demo's key for the map service";
/// What the main app's relay and the map service sign with.
const HOOK_SECRETS: [&str; 2] =
    ["whsec_bWFpbiBhcHAgc2lnbnMgd2l0aCB0aGlz", "whsec_bWFwIHNlcnZpY2Ugc2lnbnMgd2l0aCB0aGlz"];
/// What the chat signs with.
const EVENTS_SECRET: &str = "whsec_Y2hhdCBzaWducyBpdHMgZXZlbnRzIHdpdGggaXQ=";
/// The relay's role, and its password.
const ROLE: &str = "caffis_relay";

/// What is started.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The program `caffis-chat`.
    pub server: PathBuf,
    /// The folder `examples`, with its packages installed.
    pub examples: PathBuf,
    /// The port of the chat; the main app and the map service have the next two.
    pub port: u16,
}

/// All of it. Dropped, everything ends and its files are removed.
pub struct Story {
    // In this order: nobody waits for a server that has ended before.
    parts: Vec<(&'static str, Process)>,
    postgres: PostgresServer,
    folder: Folder,
    port: u16,
}

impl Story {
    /// Starts everything, and waits until it serves.
    ///
    /// # Errors
    /// A port is taken, a file of the examples is missing, or a part does not start.
    ///
    /// # Panics
    /// PostgreSQL is missing or does not start.
    pub fn start(plan: &Plan) -> io::Result<Self> {
        for offset in 0..3 {
            // Said before anything is started that takes a while.
            TcpListener::bind((Ipv4Addr::LOCALHOST, plan.port + offset))?;
        }
        let schema =
            |service: &str| fs::read_to_string(plan.examples.join(service).join("schema.sql"));
        let (people, invitations) = (schema("main-app")?, schema("map")?);
        let postgres = PostgresServer::start();
        postgres.order("app", &people);
        postgres.order("postgres", "CREATE DATABASE map");
        postgres.order("map", &invitations);
        let folder = Folder::make("story");
        let mut story = Self { parts: Vec::new(), postgres, folder, port: plan.port };
        story.chat(plan)?;
        story.relay(plan)?;
        story.services(plan)?;
        Ok(story)
    }

    /// The name of a part that has ended, with the end of its log.
    #[must_use]
    pub fn ended(&self) -> Option<String> {
        let (name, _) = self.parts.iter().find(|(_, process)| !process.is_running())?;
        let log = fs::read_to_string(self.log(name)).unwrap_or_default();
        let lines: Vec<&str> = log.lines().rev().take(10).collect();
        let lines: Vec<&str> = lines.into_iter().rev().collect();
        Some(format!("{name} has ended:\n{}", lines.join("\n")))
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.log"))
    }

    fn run(&mut self, name: &'static str, command: &Command) {
        let process = Process::start(command, &self.log(name));
        self.parts.push((name, process));
    }

    /// Waits until a port answers.
    fn wait(&self, port: u16) -> io::Result<()> {
        let end = Instant::now() + START;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err()
            && TcpStream::connect((Ipv6Addr::LOCALHOST, port)).is_err()
        {
            if let Some(ended) = self.ended() {
                return Err(io::Error::other(ended));
            }
            if Instant::now() > end {
                return Err(io::Error::other(format!("nothing listens on port {port}")));
            }
            sleep(POLL);
        }
        Ok(())
    }

    fn chat(&mut self, plan: &Plan) -> io::Result<()> {
        let [main, map] = HOOK_SECRETS;
        let mut addresses: Vec<SocketAddr> = vec![(Ipv4Addr::LOCALHOST, self.port).into()];
        if TcpListener::bind((Ipv6Addr::LOCALHOST, self.port)).is_ok() {
            addresses.push((Ipv6Addr::LOCALHOST, self.port).into());
        }
        let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        let mut command = Command::new(&plan.server);
        command.args(["serve", "--dev", "--listen", &addresses.join(",")]);
        command.arg("--data").arg(self.folder.path().join("chat"));
        command.args(["--hook-kinds", "main:user.*,map:invitation.accepted"]);
        command.env("CAFFIS_TOKEN_SECRET", TOKEN_SECRET);
        command.env("CAFFIS_HOOK_SECRETS", format!("main:{main},map:{map}"));
        let hears = format!("main:http://localhost:{}/hooks/chat", self.port + 1);
        command.args(["--hook-out-urls", &hears, "--hook-out-kinds", "main:chat.message.created"]);
        command.args(["--hook-out-networks", "127.0.0.0/8,::1"]);
        command.env("CAFFIS_HOOK_OUT_SECRETS", format!("main:{EVENTS_SECRET}"));
        self.run("chat", &command);
        self.wait(self.port)
    }

    fn relay(&mut self, plan: &Plan) -> io::Result<()> {
        let with = |role: &str, arguments: &[&str]| {
            let mut command = Command::new(&plan.server);
            command.arg("pg-relay").args(arguments);
            let hook = format!("http://127.0.0.1:{}/api/chat/hooks/main", self.port);
            let settings = [
                ("DATABASE", self.postgres.url(role)),
                ("TABLE", "people".to_owned()),
                ("KEY", "person_id".to_owned()),
                ("NAME", "full_name".to_owned()),
                ("LOCALE", "language".to_owned()),
                ("TIME_ZONE", "zone".to_owned()),
                ("ROLE", ROLE.to_owned()),
                ("ROLE_PASSWORD", ROLE.to_owned()),
                ("ENDPOINT", hook),
                ("SECRETS", HOOK_SECRETS[0].to_owned()),
            ];
            command.envs(settings.map(|(name, value)| (format!("CAFFIS_PG_RELAY_{name}"), value)));
            command
        };
        let output = with("owner", &["install", "--apply"]).output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(io::Error::other(said));
        }
        let relay = with(ROLE, &[]);
        self.run("pg-relay", &relay);
        Ok(())
    }

    fn services(&mut self, plan: &Plan) -> io::Result<()> {
        let (chat, main, map) = (self.port, self.port + 1, self.port + 2);
        let app = self.postgres.url("owner");
        let node = |service: &str, port: u16| {
            let mut command = Command::new("node");
            command.arg(plan.examples.join(service).join("server.mjs"));
            command.env("PORT", port.to_string()).env("MAP_KEY", MAP_KEY);
            command
        };
        let mut command = node("map", map);
        command.env("DATABASE_URL", app.replace("/app?", "/map?"));
        command.env("CHAT_HOOK", format!("http://127.0.0.1:{chat}/api/chat/hooks/map"));
        command.env("CHAT_HOOK_SECRET", HOOK_SECRETS[1]);
        self.run("map", &command);
        let mut command = node("main-app", main);
        command.env("DATABASE_URL", app).env("CHAT_TOKEN_SECRET", TOKEN_SECRET);
        command.env("CHAT_URL", format!("http://localhost:{chat}"));
        command.env("CHAT_EVENTS_SECRET", EVENTS_SECRET);
        command.env("MAP_URL", format!("http://localhost:{map}"));
        self.run("main-app", &command);
        self.wait(map)?;
        self.wait(main)
    }
}

/// What a newcomer reads.
impl fmt::Display for Story {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "
  The main app runs: http://localhost:{main}

  - Open it in two browsers (or one of them private), and be Giulia in one and Marco in
    the other.
  - As Marco, accept Giulia's invitation: the chat opens in a new tab, in a room that
    both are in. As Giulia, open the chat.
  - Change a name in the main app: it changes in both chats.
  - Close Marco's chat, and write to him as Giulia: the chat tells the main app, whose page
    says to Marco how many messages came.
  - The chat alone: http://localhost:{chat}
  - Logs: {logs}

  Ctrl-C ends everything.
",
            main = self.port + 1,
            chat = self.port,
            logs = self.folder.path().display(),
        )
    }
}
