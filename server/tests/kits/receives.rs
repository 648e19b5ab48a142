//! Programs in other languages that the chat tells what happens.

use std::{
    io::{BufRead as _, BufReader},
    net::{Ipv4Addr, TcpListener},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    Kit, Kits, SECRET,
    common::{Over, Person, Setup, http, soon},
};

/// How long a program may take to start.
const PATIENCE: Duration = Duration::from_secs(20);

/// A program that receives; it ends with this.
struct Receiving {
    child: Child,
    port: u16,
}

impl Receiving {
    async fn start(kit: &Kit) -> Self {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let child = Command::new(&kit.program)
            .args(&kit.arguments)
            .arg(port.to_string())
            .env("CHAT_SECRET", SECRET)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let receiving = Self { child, port };
        let end = Instant::now() + PATIENCE;
        while tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err() {
            assert!(Instant::now() < end, "{} does not listen", kit.name);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        receiving
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }
}

impl Drop for Receiving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python: cargo xtask test --only servers"]
async fn a_message_is_received_and_what_nobody_signed_is_not() {
    let kits = Kits::of("receive");
    for kit in &kits.kits {
        let mut receiving = Receiving::start(kit).await;
        let unsigned = http().post(receiving.url()).body("{}").send().await.unwrap();
        assert_eq!(unsigned.status(), 401, "{}", kit.name);
        let server = Setup::dev()
            .variable("CAFFIS_HOOK_OUT_SECRETS", &format!("push:{SECRET}"))
            .flags(&["--hook-out-urls", &format!("push:{}", receiving.url())])
            .flags(&["--hook-out-kinds", "push:chat.message.created"])
            .flags(&["--hook-out-networks", "127.0.0.0/8"])
            .start()
            .await;
        let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
        let room = giulia.direct("marco").await;
        let text = format!("Ciao da {}: è pronto ☕", kit.name);
        // What was said before an endpoint was first there does not count.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let position = giulia.say(room, &text).await.unwrap().position;
        let output = receiving.child.stdout.take().unwrap();
        let line = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            BufReader::new(output).read_line(&mut line).map(|_| line)
        });
        let line = soon("an event", line).await.unwrap().unwrap();
        let event: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(event["type"], "chat.message.created", "{}", kit.name);
        assert_eq!(event["data"]["preview"], text, "{}", kit.name);
        assert_eq!(event["id"], format!("evt_{room}_{position}_push"), "{}", kit.name);
    }
}
