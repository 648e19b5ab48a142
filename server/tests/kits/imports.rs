//! The program that brings the messages of a Slack export into the chat.

use std::path::Path;

use serde_json::{Value, json};

use crate::{
    Kits,
    common::{Server, Setup, http, run, token_of},
};

/// What somebody reads in a conversation of theirs: who wrote, when it was sent, and the words.
async fn messages(server: &Server, user: &str, name: &str) -> Vec<(String, u64, String)> {
    let get = async |path: String| -> Value {
        let request = http().get(server.url(&path)).bearer_auth(token_of(user));
        let text = request.send().await.unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let rooms = get("/api/chat/rooms".to_owned()).await;
    let mut rooms = rooms["rooms"].as_array().unwrap().iter();
    let room = rooms.find(|room| room["name"] == name).unwrap()["room"].as_str().unwrap();
    let page = get(format!("/api/chat/rooms/{room}/entries")).await;
    let entries = page["entries"].as_array().unwrap().iter();
    let found = entries.map(|entry| &entry["kind"]["message"]).filter(|it| it.is_object());
    let read = found.map(|message| {
        let mut extras = message["extras"].as_array().unwrap().iter();
        let sent = extras.find_map(|extra| extra["imported"]["time"].as_u64()).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&message["sender"]), sent, text(&message["body"]["text"]["text"]))
    });
    read.collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python: cargo xtask test --only servers"]
async fn an_export_of_slack_is_in_the_chat_once() {
    let server = Setup::dev().start().await;
    let data = server.setup.data();
    let data = data.to_str().unwrap();
    let create = ["keys", "create", "--name", "mover", "--scope", "import", "--data", data];
    let made = run(&create).await.worked();
    let key = made.trim();
    let export = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/python/slack-export");
    let people = server.setup.beside("people.json");
    std::fs::write(&people, json!({"U1": "giulia"}).to_string()).unwrap();
    let kit = Kits::python("import_slack");
    let arguments = [export.to_str().unwrap(), people.to_str().unwrap()];
    let url = server.url("");
    let variables = [("CHAT", url.as_str()), ("CHAT_KEY", key)];
    for (created, unchanged) in [(6, 0), (0, 6)] {
        let output = kit.run(&arguments, &variables, "");
        assert!(output.status.success(), "{output:?}");
        let total: Value = serde_json::from_slice(&output.stdout).unwrap();
        let expected = json!({"lines": 6, "created": created, "unchanged": unchanged, "failed": 0});
        assert_eq!(total, expected);
    }
    let said = |sender: &str, sent: u64, words: &str| (sender.to_owned(), sent, words.to_owned());
    assert_eq!(
        messages(&server, "giulia", "general").await,
        [
            said(
                "giulia",
                1_500_000_001_250,
                "Who wants coffee, @marco? the menu (https://caffis.example/menu)"
            ),
            said("anna", 1_500_000_003_000, "Tea & cake <3"),
            said(
                "marco",
                1_500_086_400_000,
                "Caff\u{e8} \u{2615} at nine, see https://caffis.example"
            ),
        ]
    );
    assert_eq!(messages(&server, "marco", "climbers").await.len(), 1);
    // A key that may not do it is not tried again.
    let output = kit.run(&arguments, &[variables[0], ("CHAT_KEY", "wrong")], "");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}
