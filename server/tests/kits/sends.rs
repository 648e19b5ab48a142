//! Programs in other languages that tell the chat what happened.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener},
    thread,
};

use caffis_schema::Event;
use serde_json::{Value, json};

use crate::{
    Kits, SECRET,
    common::{Over, Person, Setup},
};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python: cargo xtask test --only servers"]
async fn an_event_is_done_once_and_reaches_clients() {
    let setup = Setup::dev()
        .variable("CAFFIS_HOOK_SECRETS", &format!("main:{SECRET}"))
        .flags(&["--hook-kinds", "main:user.*"]);
    let server = setup.start().await;
    let mut anna = Person::enter(&server, "anna", Over::WebSocket).await;
    anna.direct("giulia").await;
    let kits = Kits::of("send");
    for (version, kit) in (1..).zip(&kits.kits) {
        let url = server.url("/api/chat/hooks/main");
        let variables = [("CHAT_HOOK", url.as_str()), ("CHAT_HOOK_SECRET", SECRET)];
        let name = format!("Giulia, by {}: è caffè ☕", kit.name);
        let data = json!({"id": "giulia", "version": version, "name": name});
        let event =
            json!({"type": "user.upserted", "timestamp": "2026-11-26T12:00:00Z", "data": data});
        let id = format!("evt_{}", kit.name);
        for _ in 0..2 {
            let output = kit.run(&[&id], &variables, &event.to_string());
            let answer = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{}: {output:?}", kit.name);
            let answer: Value = serde_json::from_str(&answer).unwrap();
            assert_eq!(answer["result"], "applied", "{}", kit.name);
            assert_eq!(answer["version"], version, "{}", kit.name);
        }
        anna.event(|event| match event {
            Event::Profile(profile) if *profile.name == *name => Some(()),
            _ => None,
        })
        .await;
        // What is refused is not tried again.
        let wrong = [variables[0], ("CHAT_HOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")];
        let output = kit.run(&["evt_other"], &wrong, &event.to_string());
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{}", kit.name);
        assert!(told.contains("signature_invalid"), "{}: {told}", kit.name);
    }
}

#[test]
#[ignore = "needs Python: cargo xtask test --only servers"]
fn an_event_is_sent_again_with_the_same_id_when_the_chat_is_busy() {
    let kits = Kits::of("send");
    for kit in &kits.kits {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let chat = thread::spawn(move || {
            let answers = [
                "503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 4\r\n\r\nbusy",
                "200 OK\r\ncontent-length: 20\r\n\r\n{\"result\":\"applied\"}",
            ];
            answers.map(|answer| answer_once(&listener, answer))
        });
        let variables = [("CHAT_HOOK", url.as_str()), ("CHAT_HOOK_SECRET", SECRET)];
        let output = kit.run(&["evt_1"], &variables, "{}");
        assert!(output.status.success(), "{}: {output:?}", kit.name);
        let heads = chat.join().unwrap();
        for head in &heads {
            assert!(head.contains("webhook-id: evt_1\r\n"), "{}: {head}", kit.name);
            assert!(head.contains("webhook-signature: v1,"), "{}: {head}", kit.name);
        }
    }
}

/// Takes one request, and gives its head in lower case.
fn answer_once(listener: &TcpListener, answer: &str) -> String {
    let (mut stream, _) = listener.accept().unwrap();
    let mut request = String::new();
    while !request.ends_with("\r\n\r\n{}") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        request.push(char::from(byte[0]));
    }
    let answer =
        format!("HTTP/1.1 {}", answer.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n"));
    stream.write_all(answer.as_bytes()).unwrap();
    request.to_lowercase()
}
