//! What public rooms talk about.

use std::time::Duration;

use caffis_core::Settings;
use caffis_schema::{
    Command, Error, ErrorCode, Reply, RoomId,
    command::{Delete, Topics},
    room::RoomClass,
};

use crate::{
    client::Client,
    harness::{World, code, unhurried},
};

async fn topics(client: &mut Client, room: RoomId) -> Result<Vec<String>, Error> {
    match client.ask(Command::Topics(Topics { room, limit: 10 })).await? {
        Reply::Topics(list) => Ok(list.topics.iter().map(|topic| topic.word.to_string()).collect()),
        other => panic!("answered with {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_public_room_has_topics_that_follow_what_is_said() {
    let settings = Settings { topic_stop_words: vec!["Caffè".to_owned()], ..unhurried() };
    let mut world = World::with(settings).await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let cafe = giulia.ensure("cafe", RoomClass::Public, &[]).await.expect("made").room;
    assert_eq!(code(topics(&mut marco, cafe).await), ErrorCode::NotFound, "he has not walked in");
    for client in [&mut giulia, &mut marco] {
        client.open(cafe).await.expect("opened");
    }
    for words in ["Un caffè e una brioche", "La brioche è finita", "Domani concerto"] {
        giulia.send(cafe, words).await.expect("sent");
    }
    let secret = giulia.send(cafe, "segreto segreto").await.expect("sent").position;
    assert_eq!(
        topics(&mut marco, cafe).await.expect("topics"),
        ["brioche", "concerto", "finita", "segreto"]
    );
    let (key, position) = (giulia.key(), secret);
    giulia.appended(Command::Delete(Delete { key, room: cafe, position })).await.expect("deleted");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(topics(&mut marco, cafe).await.expect("topics"), ["brioche", "concerto", "finita"]);
    // Half an hour later one message of now weighs more than two of then.
    world.clock.advance(Duration::from_secs(1_800));
    marco.send(cafe, "Terrazza aperta").await.expect("sent");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let expected = ["aperta", "terrazza", "brioche", "concerto", "finita"];
    assert_eq!(topics(&mut marco, cafe).await.expect("topics"), expected);
    // The next owner says the same.
    world.restart().await;
    marco = world.connect("marco").await;
    marco.open(cafe).await.expect("opened");
    assert_eq!(topics(&mut marco, cafe).await.expect("topics"), expected);
    world.clock.advance(Duration::from_secs(3_601));
    tokio::time::sleep(Duration::from_secs(21)).await;
    assert_eq!(topics(&mut marco, cafe).await.expect("topics"), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn other_rooms_have_none() {
    let world = World::unhurried().await;
    let mut giulia = world.connect("giulia").await;
    let room = giulia.group(&[]).await;
    giulia.send(room, "segreto").await.expect("sent");
    assert_eq!(code(topics(&mut giulia, room).await), ErrorCode::RoomClass);
}
