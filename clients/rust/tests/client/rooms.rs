//! Rooms that a client holds: each entry once and in order, over gaps, cuts and resets.

use caffis_client::ClientEvent;
use caffis_schema::{
    Body, Command, List, MessageNumber, Position, Reply, Request, Text, Timestamp,
    event::TextBody,
    reply::{Appended, Resumed, Standing},
};

use crate::server::{complete, opened, position, room, start, until};

#[tokio::test(start_paused = true)]
async fn a_gap_is_resumed_and_every_entry_comes_once_and_in_order() {
    let (_client, mut events, mut server, _) = start();
    assert!(server.welcome(3, Vec::new()).await.cursors.is_empty());
    server.entry(4).await;
    server.entry(4).await;
    server.entry(7).await;
    let Request { id, command: Command::Resume(resume) } = server.take().await else { panic!() };
    assert_eq!(resume.cursors[0].position, Position(4));
    server.entry(8).await;
    let rooms = List::cut(vec![complete(&[5, 6, 7], 7)]);
    server.answer(id, Ok(Reply::Resumed(caffis_schema::reply::ResumedRooms { rooms }))).await;
    for expected in 4..=8 {
        assert_eq!(position(&mut events).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cut_resumes_at_the_cursor_and_resends_with_the_same_key() {
    let (client, mut events, mut server, _) = start();
    server.welcome(3, Vec::new()).await;
    server.entry(4).await;
    assert_eq!(position(&mut events).await, 4);
    assert_eq!(client.key().time, Timestamp(61_000), "keys are timed by the server's clock");
    let body = Body::Text(TextBody { text: Text::cut("ciao") });
    let key = client.key();
    let sending = tokio::spawn(async move { client.send(room(), key, body).await });
    let Request { command: Command::Send(first), .. } = server.take().await else { panic!() };
    assert_eq!(first.key, key);
    server.die();

    let hello = server.welcome(6, vec![complete(&[5, 6], 6)]).await;
    assert_eq!((hello.cursors[0].room, hello.cursors[0].position), (room(), Position(4)));
    let Request { id, command: Command::Send(second) } = server.take().await else { panic!() };
    assert_eq!(first, second);
    let appended = Appended {
        room: room(),
        position: Position(6),
        number: MessageNumber(2),
        time: Timestamp(9),
    };
    server.answer(id, Ok(Reply::Appended(appended))).await;
    assert_eq!(sending.await.unwrap(), Ok(appended));
    assert_eq!((position(&mut events).await, position(&mut events).await), (5, 6));
}

#[tokio::test(start_paused = true)]
async fn a_reset_room_that_is_open_is_loaded_again() {
    let (client, mut events, mut server, _) = start();
    server.welcome(3, Vec::new()).await;
    let opening = tokio::spawn(async move {
        client.open(room(), 10).await.unwrap();
        client
    });
    let Request { id, .. } = server.take().await;
    server.answer(id, Ok(Reply::Opened(opened(3)))).await;
    let _client = opening.await.unwrap();
    server.die();
    let reset = Resumed {
        room: room(),
        standing: Standing::Reset,
        entries: List::default(),
        more: false,
        head: Position(900),
    };
    let hello = server.welcome(900, vec![reset]).await;
    assert!(hello.cursors[0].open);
    let Request { id, command: Command::Open(_) } = server.take().await else { panic!() };
    server.entry(902).await;
    server.entry(901).await;
    server.answer(id, Ok(Reply::Opened(opened(900)))).await;
    let mut heard = Vec::new();
    until(&mut events, |event| {
        match event {
            ClientEvent::Reset { head, .. } => heard.push(format!("reset {head}")),
            ClientEvent::Opened(opened) => heard.push(format!("opened {}", opened.page.head)),
            ClientEvent::Entry(entry) => heard.push(format!("entry {}", entry.entry.position)),
            _ => {}
        }
        heard.last().filter(|last| *last == "entry 902").map(|_| ())
    })
    .await;
    assert_eq!(heard, ["opened 3", "reset 900", "entry 901", "entry 902"]);
}
