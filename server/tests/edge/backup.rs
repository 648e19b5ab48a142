//! Backup and restore from the command line.

use std::{collections::BTreeMap, fs};

use caffis_schema::{
    Body, Command, EntryKind, Position, Reply, RoomId,
    command::{Anchor, History},
};

use crate::common::{Over, Person, Setup, read, run};

/// The texts of a room by position.
async fn texts(person: &mut Person, room: RoomId) -> BTreeMap<Position, String> {
    let mut texts = BTreeMap::new();
    let mut anchor = Anchor::Latest;
    loop {
        let command = Command::History(History { room, anchor, limit: 100 });
        let Reply::Page(page) = person.ask(command).await.unwrap() else { panic!("no page") };
        for entry in &page.entries {
            if let EntryKind::Message(message) = &entry.kind
                && let Body::Text(body) = &message.body
            {
                texts.insert(entry.position, body.text.to_string());
            }
        }
        match page.entries.first() {
            Some(first) if page.more_before => anchor = Anchor::Before(first.position),
            _ => return texts,
        }
    }
}

#[tokio::test]
async fn a_backup_under_load_has_all_that_was_acknowledged_before_it() {
    let rates = ["--messages-per-second", "100000", "--commands-per-second", "100000"];
    let server = Setup::dev().flags(&rates).flags(&["--address-commands-per-second", "100000"]);
    let server = server.start().await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let room = giulia.direct("marco").await;
    let mut acknowledged = BTreeMap::new();
    for number in 0..200 {
        let text = format!("before {number}");
        acknowledged.insert(giulia.say(room, &text).await.unwrap().position, text);
    }
    let file = server.setup.beside("backup");
    let data = server.setup.data();
    let arguments = ["backup", file.to_str().unwrap(), "--data", data.to_str().unwrap()];
    let backup = run(&arguments);
    tokio::pin!(backup);
    let mut during = 0;
    let backup = loop {
        tokio::select! {
            biased;
            done = &mut backup => break done,
            said = giulia.say(room, "meanwhile") => {
                said.unwrap();
                during += 1;
            }
        }
    };
    assert!(backup.worked().contains("rows written"));
    assert!(during > 0, "nothing was sent while the backup ran");
    run(&arguments).await.refused(&["already exists"]);

    let copy = Setup::dev();
    let copy_data = copy.data();
    let restore = ["restore", file.to_str().unwrap(), "--data", copy_data.to_str().unwrap()];
    run(&restore).await.worked();
    run(&restore).await.refused(&["not an empty folder"]);
    let copy = copy.start().await;
    let mut marco = Person::enter(&copy, "marco", Over::WebSocket).await;
    let found = texts(&mut marco, room).await;
    for (position, text) in &acknowledged {
        assert_eq!(found.get(position), Some(text), "position {position}");
    }
    assert!(
        marco.say(room, "and it goes on").await.unwrap().position > *found.keys().last().unwrap()
    );
}

#[tokio::test]
async fn a_backup_works_without_a_server_too() {
    let server = Setup::dev().start().await;
    let setup = server.setup.clone();
    server.kill().await;
    let file = setup.beside("backup");
    let data = setup.data();
    run(&["backup", file.to_str().unwrap(), "--data", data.to_str().unwrap()]).await.worked();
    assert!(file.exists());
    let mut left = fs::read_dir(file.parent().unwrap()).unwrap();
    assert!(left.all(|entry| !entry.unwrap().file_name().to_string_lossy().contains("partial")));
}

#[tokio::test]
async fn a_damaged_backup_leaves_no_store_behind() {
    let server = Setup::dev().start().await;
    let file = server.setup.beside("backup");
    let data = server.setup.data();
    run(&["backup", file.to_str().unwrap(), "--data", data.to_str().unwrap()]).await.worked();
    let whole = read(&file);
    let copy = Setup::dev();
    let copy_data = copy.data();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for damaged in [&whole[..whole.len() - 1], &whole[..whole.len() / 2], &flipped, b"", b"hello"] {
        fs::write(&file, damaged).unwrap();
        let restore = ["restore", file.to_str().unwrap(), "--data", copy_data.to_str().unwrap()];
        let outcome = run(&restore).await;
        assert!(!outcome.status.success(), "{outcome:?}");
        assert!(!copy_data.join("store").exists());
    }
    run(&["restore", "/nowhere", "--data", copy_data.to_str().unwrap()])
        .await
        .refused(&["/nowhere"]);
}
