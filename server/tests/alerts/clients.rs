//! What clients do, and what becomes of them.

use caffis_chat::system::SystemClock;
use caffis_core::{
    ports::{stamps::Stamps, store::Batch},
    tables::TimelineRow,
};
use caffis_embedded::{EmbeddedStore, Options};
use caffis_schema::{
    Command, ErrorCode, List, Position, Timestamp,
    command::{Cursor, Resume},
};

use crate::{
    common::{Over, Person, fresh_key, said, soon},
    disk::Disk,
    watching::Watch,
};

const RATES: [&str; 4] = ["--messages-per-second", "100000", "--commands-per-second", "100000"];

#[tokio::test]
#[ignore = "needs Prometheus"]
async fn people_who_talk_raise_no_alert() {
    let server = Disk::quick().setup().flags(&RATES).start().await;
    let watch = Watch::over(&[server.metrics()]).await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let mut marco = Person::enter(&server, "marco", Over::Quic).await;
    let room = giulia.direct("marco").await;
    for number in 0..200 {
        giulia.say(room, &format!("word {number}")).await.unwrap();
        marco.event(|_| Some(())).await;
    }
    let head = marco.open(room).await.unwrap().page.head;
    for _ in 0..100 {
        resume(&mut marco, room, head.get() - 1).await;
    }
    // Some are refused, as happens.
    for _ in 0..20 {
        giulia.say(room, "").await.unwrap_err();
    }
    let refused = "caffis_commands_total{command=\"send\",result=\"refused\"}";
    watch.until("all that they did", refused, |refused| refused == 20.0).await;
    assert_eq!(watch.query("caffis_acks_total").await, Some(200.0));
    watch.evaluated().await;
    assert!(watch.active().await.is_empty(), "{:?}", watch.active().await);
}

async fn resume(person: &mut Person, room: caffis_schema::RoomId, position: u64) {
    let cursor = Cursor { room, position: Position(position), open: false };
    let cursors = List::cut(vec![cursor]);
    person.ask(Command::Resume(Resume { cursors })).await.unwrap();
}

#[tokio::test]
#[ignore = "needs Prometheus"]
async fn slow_clients_and_clients_who_come_too_late() {
    let limits = ["--session-queue-bytes", "64KiB", "--resume-entries", "2", "--ring-entries", "2"];
    let server = Disk::quick().setup().flags(&RATES).flags(&limits).start().await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let room = giulia.direct("marco").await;
    for _ in 0..5 {
        giulia.say(room, "Are you there?").await.unwrap();
    }
    let watch = Watch::over(&[server.metrics()]).await;
    for _ in 0..60 {
        resume(&mut giulia, room, 1).await;
    }
    watch.sees(&["CaffisResumesReset"]).await;
    // He is connected, and reads nothing.
    let _marco = Person::enter(&server, "marco", Over::WebSocket).await;
    let text = "è".repeat(7_000);
    let talking = async {
        loop {
            giulia.ask(said(room, &text, fresh_key())).await.unwrap();
        }
    };
    tokio::select! {
        biased;
        () = watch.sees(&["CaffisQueueDrops"]) => {}
        () = talking => {}
    }
}

#[tokio::test]
#[ignore = "needs Prometheus"]
async fn a_row_that_nobody_can_read() {
    let server = Disk::quick().setup().start().await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let room = giulia.direct("aiko").await;
    let head = giulia.say(room, "a secret").await.unwrap().position;
    let setup = server.setup.clone();
    assert_eq!(server.stop().await.code(), Some(0));
    let clock = std::sync::Arc::new(SystemClock);
    let store =
        EmbeddedStore::open(setup.data().join("store"), Options::new(clock.clone())).unwrap();
    let mut batch = Batch::partition(Stamps::unlimited(clock).next().unwrap());
    batch.put(&TimelineRow {
        room,
        epoch: 1,
        bucket: 1,
        position: head + 1,
        time: Timestamp(0),
        append: head + 1,
        by: None,
        digest: None,
        kind: "message".into(),
        number: None,
        sender: None,
        client: None,
        client_time: None,
        text: None,
        content: Some(bytes::Bytes::from_static(b"\xff\xff\xff")),
        ballots: None,
    });
    caffis_core::ports::store::Store::write(&store, batch).await.unwrap();
    drop(store);
    let server = setup.start().await;
    let watch = Watch::over(&[server.metrics()]).await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let refused = soon("an answer", giulia.open(room)).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Internal, "{refused}");
    watch.sees(&["CaffisInternalErrors"]).await;
}
