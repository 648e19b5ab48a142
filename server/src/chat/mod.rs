//! `caffis-chat chat`: a terminal chat on the client library.
//!
//! It reads lines and writes lines, so it works in a terminal, over a pipe and in tests (`--plain`).
//! One loop owns everything; what has to wait for the server waits beside it in `calls`.

mod conversations;
mod discover;
mod input;
mod screen;
mod talk;

use std::sync::Arc;

use caffis_client::{Client, Options, SystemEnvironment, TokenFuture, TokenSource};
use futures_util::StreamExt as _;
use tokio::sync::mpsc;

pub use discover::Transport;

use discover::Site;
use screen::Screen;
use talk::Chat;

/// Lines that wait to be taken.
const LINES: usize = 64;

/// Chat in the terminal.
#[derive(Clone, Debug, clap::Args)]
pub struct ChatArgs {
    /// Who you are, on a development server: giulia, marco, …
    #[arg(long, required_unless_present = "token")]
    user: Option<String>,
    /// The server.
    #[arg(long, default_value = "localhost:5002")]
    server: String,
    /// Your token, where the server is not a development server.
    #[arg(long, env = "CAFFIS_CHAT_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// How to connect.
    #[arg(long, value_enum, default_value = "auto")]
    transport: Transport,
    /// Open this conversation at once: its number in the list, its id or its name.
    #[arg(long)]
    room: Option<String>,
    /// Write lines for programs: a word and fields, separated by tabs.
    #[arg(long)]
    plain: bool,
}

/// Runs the chat until the person leaves or the connection ends for good.
///
/// # Errors
/// The server's address is wrong.
pub async fn run(args: ChatArgs) -> anyhow::Result<()> {
    let site = Site::new(&args.server, args.transport)?;
    let tokens: TokenSource = match (args.token, args.user) {
        (Some(token), _) => Arc::new(move || {
            let token = token.clone();
            Box::pin(async move { Ok(token) }) as TokenFuture
        }),
        (None, user) => site.tokens(user.unwrap_or_default()),
    };
    let mut options = Options::new(Arc::new(site), tokens, Arc::new(SystemEnvironment));
    options.name = concat!("caffis-chat/", env!("CARGO_PKG_VERSION")).to_owned();
    let (client, mut events, driver) = Client::new(options);
    let driver = tokio::spawn(driver.run());
    let mut lines = read_lines();
    let mut chat = Chat::new(client, Screen::new(args.plain), args.room);
    let mut reading = true;
    // After the last line, unsent messages are still delivered.
    while reading || !chat.calls.is_empty() {
        tokio::select! {
            event = events.next() => match event {
                Some(event) => chat.event(event),
                None => break,
            },
            Some(done) = chat.calls.next() => chat.done(done),
            line = lines.recv(), if reading => match line {
                Some(line) => reading = chat.line(&line),
                None => reading = false,
            },
        }
    }
    chat.client.dispose().await;
    drop(events);
    let _: Result<(), _> = driver.await;
    Ok(())
}

/// The lines of the keyboard. A thread of their own, because the runtime would wait at its end for a
/// read that nothing interrupts.
fn read_lines() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(LINES);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    lines
}
