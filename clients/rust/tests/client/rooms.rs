//! Rooms that a client holds: each entry once and in order, over gaps, cuts and resets.

use caffis_client::ClientEvent;
use caffis_schema::{
    Body, Command, Event, List, MessageNumber, Position, Reply, Request, Text, Timestamp,
    command::Cursor,
    event::{Head, TextBody},
    reply::{Appended, Resumed, ResumedRooms, Standing},
};

use crate::server::{Server, complete, opened, position, room, start, until};

/// The next question of the client: its id and its only cursor.
async fn question(server: &mut Server) -> (u32, Cursor) {
    let Request { id, command: Command::Resume(resume) } = server.take().await else { panic!() };
    assert_eq!(resume.cursors.len(), 1);
    (id, resume.cursors[0])
}

async fn answer(server: &mut Server, id: u32, resumed: Resumed) {
    let rooms = List::cut(vec![resumed]);
    server.answer(id, Ok(Reply::Resumed(ResumedRooms { rooms }))).await;
}

async fn behind(server: &mut Server, head: u64) {
    let (head, number) = (Position(head), MessageNumber(0));
    let head = Head { room: room(), head, number, preview: None };
    server.event(Event::Behind(head)).await;
}

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
    server.answer(id, Ok(Reply::Resumed(ResumedRooms { rooms }))).await;
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
    assert_eq!(client.key(room()).time, Timestamp(61_000), "keys are timed by the server's clock");
    let body = Body::Text(TextBody { text: Text::cut("ciao") });
    let key = client.key(room());
    assert_eq!(key.head, Position(4), "what came last");
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

#[tokio::test(start_paused = true)]
async fn a_behind_that_overtakes_the_answer_is_asked_for_after_it() {
    let (_client, mut events, mut server, _) = start();
    server.welcome(3, Vec::new()).await;
    behind(&mut server, 5).await;
    let (id, cursor) = question(&mut server).await;
    assert_eq!(cursor.position, Position(3));
    behind(&mut server, 7).await;
    answer(&mut server, id, complete(&[4, 5], 5)).await;
    let (id, cursor) = question(&mut server).await;
    assert_eq!(cursor.position, Position(5));
    answer(&mut server, id, complete(&[6, 7], 7)).await;
    for expected in 4..=7 {
        assert_eq!(position(&mut events).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn more_than_fits_behind_a_gap_is_asked_for() {
    const LAST: u64 = 400;
    let (_client, mut events, mut server, _) = start();
    server.welcome(0, Vec::new()).await;
    for position in 2..=LAST {
        server.entry(position).await;
    }
    let (id, cursor) = question(&mut server).await;
    assert_eq!(cursor.position, Position(0));
    answer(&mut server, id, complete(&[1], 1)).await;
    let (id, cursor) = question(&mut server).await;
    let rest: Vec<_> = (cursor.position.get() + 1..=LAST).take(100).collect();
    answer(&mut server, id, complete(&rest, cursor.position.get() + 100)).await;
    let (id, cursor) = question(&mut server).await;
    let rest: Vec<_> = (cursor.position.get() + 1..=LAST).collect();
    answer(&mut server, id, complete(&rest, LAST)).await;
    for expected in 1..=LAST {
        assert_eq!(position(&mut events).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_heard_of_while_a_room_opens_is_asked_for_after_its_page() {
    let (client, mut events, mut server, _) = start();
    server.welcome(3, Vec::new()).await;
    let opening = tokio::spawn(async move {
        client.open(room(), 10).await.unwrap();
        client
    });
    let Request { id, command: Command::Open(_) } = server.take().await else { panic!() };
    behind(&mut server, 8).await;
    let (resume, cursor) = question(&mut server).await;
    assert_eq!(cursor.position, Position(3));
    // The page and the answer were read before what `behind` spoke of.
    server.answer(id, Ok(Reply::Opened(opened(6)))).await;
    answer(&mut server, resume, complete(&[4, 5, 6], 6)).await;
    let (id, cursor) = question(&mut server).await;
    assert_eq!((cursor.position, cursor.open), (Position(6), true));
    answer(&mut server, id, complete(&[7, 8], 8)).await;
    assert_eq!((position(&mut events).await, position(&mut events).await), (7, 8));
    let _client = opening.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_server_with_an_older_store_takes_the_client_back() {
    let (_client, mut events, mut server, _) = start();
    server.welcome(20, Vec::new()).await;
    server.die();
    let reset = Resumed {
        room: room(),
        standing: Standing::Reset,
        entries: List::default(),
        more: false,
        head: Position(12),
    };
    let hello = server.welcome(12, vec![reset]).await;
    assert_eq!(hello.cursors[0].position, Position(20));
    server.entry(13).await;
    let mut heard = Vec::new();
    until(&mut events, |event| {
        match event {
            ClientEvent::Reset { head, .. } => heard.push(format!("reset {head}")),
            ClientEvent::Entry(entry) => heard.push(format!("entry {}", entry.entry.position)),
            _ => {}
        }
        heard.last().filter(|last| *last == "entry 13").map(|_| ())
    })
    .await;
    assert_eq!(heard, ["reset 12", "entry 13"]);
}
