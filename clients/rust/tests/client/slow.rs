//! An application that does not read.

use std::time::Duration;

use caffis_client::{ClientEvent, Events};
use caffis_schema::{Command, MessageNumber, Position, Reply, Request, Timestamp, reply::Appended};
use tokio::time::timeout;

use crate::server::{Server, complete, opened, position, room, start, until};

/// Entries of which an application that does not read hears only a part.
const FLOOD: u64 = 20_000;

async fn flood(server: &mut Server) {
    let flood = async {
        for position in 1..=FLOOD {
            server.entry(position).await;
        }
    };
    timeout(Duration::from_secs(1), flood).await.expect("the client takes all that comes");
}

/// The last entry that is told before the client says that it left some out.
async fn last_before_lagging(events: &mut Events) -> u64 {
    let mut last = 0;
    until(events, |event| match event {
        ClientEvent::Entry(entry) => {
            assert_eq!(entry.entry.position.get(), last + 1);
            last += 1;
            None
        }
        ClientEvent::Lagged => Some(()),
        _ => None,
    })
    .await;
    last
}

#[tokio::test(start_paused = true)]
async fn an_application_that_does_not_read_goes_on_where_it_stopped() {
    let (client, mut events, mut server, _) = start();
    server.welcome(0, Vec::new()).await;
    flood(&mut server).await;
    let last = last_before_lagging(&mut events).await;
    assert!((1_000..5_000).contains(&last), "the queue is bounded: {last}");
    let hello = server.welcome(FLOOD, vec![complete(&[last + 1, last + 2], last + 2)]).await;
    assert_eq!((hello.cursors[0].room, hello.cursors[0].position.get()), (room(), last));
    server.entry(last + 3).await;
    for expected in last + 1..=last + 3 {
        assert_eq!(position(&mut events).await, expected);
    }
    client.dispose().await;
}

#[tokio::test(start_paused = true)]
async fn commands_are_answered_although_nobody_reads() {
    let (client, mut events, mut server, _) = start();
    server.welcome(0, Vec::new()).await;
    flood(&mut server).await;
    let other = client.clone();
    let sending = tokio::spawn(async move { other.send_text(room(), "ciao").await });
    let take = timeout(Duration::from_secs(1), server.take()).await;
    let Request { id, command: Command::Send(_) } = take.expect("it is sent") else { panic!() };
    let appended = Appended {
        room: room(),
        position: Position(FLOOD + 1),
        number: MessageNumber(1),
        time: Timestamp(9),
    };
    server.answer(id, Ok(Reply::Appended(appended))).await;
    let answered = timeout(Duration::from_secs(1), sending).await.expect("it is answered");
    assert_eq!(answered.unwrap(), Ok(appended));

    // A room that is opened meanwhile is loaded again when its page can be told.
    let other = client.clone();
    let opening = tokio::spawn(async move { other.open(room(), 10).await });
    let Request { id, command: Command::Open(_) } = server.take().await else { panic!() };
    server.answer(id, Ok(Reply::Opened(opened(FLOOD)))).await;
    opening.await.unwrap().unwrap();
    last_before_lagging(&mut events).await;
    server.welcome(FLOOD, Vec::new()).await;
    let Request { id, command } = server.take().await;
    assert!(matches!(command, Command::Open(_)), "{command:?}");
    server.answer(id, Ok(Reply::Opened(opened(FLOOD + 5)))).await;
    let head = until(&mut events, |event| match event {
        ClientEvent::Opened(opened) => Some(opened.page.head),
        _ => None,
    });
    assert_eq!(head.await, Position(FLOOD + 5));
    client.dispose().await;
}
