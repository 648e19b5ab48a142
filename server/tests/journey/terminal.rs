//! The terminal chat, as somebody at a keyboard uses it.

use std::process::Stdio;

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use crate::{
    common::{Over, Server, Setup, soon},
    friend::Friend,
};

struct Terminal {
    process: Child,
    keyboard: ChildStdin,
    screen: Lines<BufReader<ChildStdout>>,
}

impl Terminal {
    fn begin(server: &Server, user: &str, transport: &str) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_caffis-chat"))
            .args(["chat", "--plain", "--user", user, "--transport", transport])
            .args(["--server", &server.tcp().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let keyboard = process.stdin.take().unwrap();
        let screen = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, keyboard, screen }
    }

    async fn types(&mut self, line: &str) {
        self.keyboard.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }

    /// The fields of the next line that begins with this word and has all of these fields.
    async fn shows(&mut self, word: &str, fields: &[&str]) -> Vec<String> {
        let search = async {
            loop {
                let line = self.screen.next_line().await.unwrap().expect("the chat has ended");
                let found: Vec<String> = line.split('\t').map(str::to_owned).collect();
                let has = |field: &&str| found.iter().any(|other| other == field);
                if found[0] == word && fields.iter().all(has) {
                    return found;
                }
            }
        };
        soon(&format!("{word} {fields:?} on the screen"), search).await
    }
}

#[tokio::test]
async fn a_conversation_in_two_terminals() {
    let server = Setup::dev().start().await;
    let mut giulia = Terminal::begin(&server, "giulia", "quic");
    let mut luca = Terminal::begin(&server, "luca", "ws");
    giulia.shows("online", &["quic"]).await;
    luca.shows("online", &["websocket"]).await;
    giulia.types("hello?").await;
    giulia.shows("failed", &[]).await;
    giulia.types("/direct luca").await;
    let room = giulia.shows("opened", &[]).await[1].clone();
    giulia.shows("page", &[&room]).await;
    giulia.types("Ciao Luca\\, tutto bene?").await;
    giulia.shows("sent", &[&room]).await;
    luca.shows("unread", &[&room, "1"]).await;
    luca.types(&format!("/open {room}")).await;
    luca.shows("message", &[&room, "giulia", "Ciao Luca\\\\, tutto bene?"]).await;
    giulia.shows("marker", &[&room, "luca", "1"]).await;
    luca.types("/typing").await;
    giulia.shows("typing", &[&room, "luca"]).await;
    luca.types("Sì!").await;
    giulia.shows("message", &[&room, "luca", "Sì!"]).await;
    giulia.types("/who").await;
    giulia.shows("member", &["luca", "online"]).await;
    luca.types("/quit").await;
    assert!(soon("the end", luca.process.wait()).await.unwrap().success());
    giulia.shows("presence", &["luca", "offline"]).await;
}

#[tokio::test]
async fn the_last_words_of_a_pipe_are_delivered() {
    let server = Setup::dev().start().await;
    let marco = Friend::enter(&server, "marco", Over::WebSocket).await;
    let mut giulia = Terminal::begin(&server, "giulia", "auto");
    giulia.types("/direct marco").await;
    let room = giulia.shows("opened", &[]).await[1].parse().unwrap();
    marco.open(room).await;
    giulia.types("one").await;
    giulia.types("two").await;
    let Terminal { mut process, keyboard, screen } = giulia;
    drop(keyboard);
    marco.hears(room, "two").await;
    assert!(soon("the end", process.wait()).await.unwrap().success());
    drop(screen);
}
