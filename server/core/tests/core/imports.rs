//! Importing messages of the past.

use std::time::Duration;

use caffis_core::{Inquirer, model::caller::Rights};
use caffis_schema::{
    Error, RoomId, Text, Timestamp,
    imports::{ImportMessage, RoomReference},
};

use crate::{
    NODES,
    harness::{START, World, text, user},
    outgoing::{MESSAGES, SOON, check, pass, rooms, write},
    receiver::Receiver,
};

/// Somebody who may import.
pub(crate) fn importer() -> Inquirer {
    let mut rights = Rights::default();
    assert!(rights.grant("import"));
    Inquirer { user: user("service:mover"), service: Some(rights) }
}

/// Messages of giulia and marco with these numbers; each third one answers the one before it.
pub(crate) fn past(room: RoomId, numbers: std::ops::Range<u64>) -> Vec<ImportMessage> {
    let message = |number: u64| ImportMessage {
        id: Text::cut(&format!("m{number}")),
        room: RoomReference::Id(room),
        sender: user(if number.is_multiple_of(2) { "giulia" } else { "marco" }),
        sent: Timestamp(START / 2 + number),
        body: text(&format!("m{number}")),
        reply_to: (number % 3 == 2).then(|| Text::cut(&format!("m{}", number - 1))),
    };
    numbers.map(message).collect()
}

/// How many are new; all are there.
pub(crate) fn new(done: Vec<Result<bool, Error>>) -> usize {
    done.into_iter().filter(|done| *done.as_ref().expect("taken")).count()
}

#[tokio::test(start_paused = true)]
async fn an_id_means_the_same_for_ever_and_no_service_is_told() {
    let receiver = Receiver::default();
    let (mut world, rooms) = rooms(&receiver, &[("main", MESSAGES)], 2).await;
    let by = importer();
    for room in &rooms {
        let first = &world.nodes()[0];
        assert_eq!(new(first.import_messages(&by, *room, past(*room, 100..110)).await), 10);
        // Whatever node takes them.
        let last = &world.nodes()[NODES - 1];
        assert_eq!(new(last.import_messages(&by, *room, past(*room, 105..112)).await), 2);
    }
    write(&world, &rooms, 0..3).await;
    pass(&world, SOON).await;
    check(&receiver, "main", &rooms, 0..3);
    // Long after other ids are forgotten, by processes that remember nothing.
    world.clock.advance(Duration::from_secs(40 * 86_400));
    world.restart().await;
    pass(&world, SOON).await;
    for room in &rooms {
        let done = world.nodes()[0].import_messages(&by, *room, past(*room, 100..114)).await;
        assert_eq!(new(done), 2);
    }
    let mut giulia = world.connect("giulia").await;
    let expected = (100..112).chain(0..3).chain(112..114).map(|number| format!("m{number}"));
    let expected: Vec<_> = expected.collect();
    for room in rooms {
        assert_eq!(giulia.log(room).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_wrote_what_is_imported_has_read_nothing_by_it() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    giulia.send(room, "uno").await.expect("sent");
    // One of marco's, who has not read the message before it.
    let done = world.nodes()[0].import_messages(&importer(), room, past(room, 103..104)).await;
    assert_eq!(new(done), 1);
    for _ in 0..2 {
        assert_eq!(marco.listed(room).await.expect("listed").unread, 2);
        assert_eq!(giulia.listed(room).await.expect("listed").unread, 0);
        world.restart().await;
        [giulia, marco] = world.people(["giulia", "marco"]).await;
    }
}
