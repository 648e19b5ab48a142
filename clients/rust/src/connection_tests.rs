use caffis_link::{LinkExt as _, memory};
use caffis_schema::{
    ErrorCode, RoomId,
    command::History,
    event::{Answer, Draining},
};

use super::*;

/// A link whose other side neither speaks nor hears; it stays open.
pub(crate) fn silent_link() -> Box<dyn Link> {
    let (ours, theirs) = memory::pair(&memory::Options::default());
    std::mem::forget(theirs);
    Box::new(ours)
}

fn pair() -> (Connection, memory::MemoryLink) {
    let (ours, theirs) = memory::pair(&memory::Options::default());
    (Connection::new(Box::new(ours)), theirs)
}

fn history() -> Command {
    let room = RoomId::from_random(1);
    Command::History(History { room, anchor: caffis_schema::command::Anchor::Latest, limit: 1 })
}

async fn send(link: &mut memory::MemoryLink, frame: &ServerFrame) {
    let payload = codec::encode(frame, Codec::Binary).unwrap();
    link.send(Lane::MAIN, payload.into()).await.unwrap();
}

async fn take(link: &mut memory::MemoryLink) -> ClientFrame {
    loop {
        match link.recv().await {
            Incoming::Frame { payload, .. } => {
                return codec::decode(&payload, Codec::Binary).unwrap();
            }
            Incoming::Datagram(payload) => return codec::decode(&payload, Codec::Binary).unwrap(),
            Incoming::Ping | Incoming::Pong => {}
            Incoming::Closed(farewell) => panic!("{farewell:?}"),
        }
    }
}

fn answer(id: u32) -> ServerFrame {
    ServerFrame::Reply(Answer { id, result: Answered::Ok(Reply::Done(Empty {})) })
}

#[tokio::test(start_paused = true)]
async fn answers_find_their_commands_and_the_rest_is_kept() {
    let (mut client, mut server) = pair();
    let serve = async {
        let ClientFrame::Request(first) = take(&mut server).await else { panic!() };
        let event = Event::Draining(Draining { reconnect_after_ms: 1 });
        send(&mut server, &ServerFrame::Event(event)).await;
        send(&mut server, &answer(first.id + 7)).await;
        send(&mut server, &answer(first.id)).await;
        server
    };
    let (reply, mut server) = tokio::join!(client.call(history()), serve);
    assert_eq!(reply, Ok(Reply::Done(Empty {})));
    assert!(matches!(client.next().await, Received::Event(Event::Draining(_))));

    let serve = async {
        let ClientFrame::Request(second) = take(&mut server).await else { panic!() };
        let error = Error::refused(ErrorCode::NotFound, "no such room");
        let result = Answered::Error(error);
        send(&mut server, &ServerFrame::Reply(Answer { id: second.id, result })).await;
        server
    };
    let (reply, server) = tokio::join!(client.call(history()), serve);
    assert!(matches!(reply, Err(ConnectionError::Answered(e)) if e.code == ErrorCode::NotFound));
    drop(server);
    let Received::Closed(farewell) = client.next().await else { panic!() };
    assert_eq!(farewell.code, Farewell::ABRUPT);
    assert!(matches!(client.request(history()), Err(ConnectionError::Closed(_))));
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_noticed_within_three_seconds_when_active_and_twenty_when_idle() {
    for (heartbeat, limit) in [(Heartbeat::ACTIVE, 3), (Heartbeat::IDLE, 20)] {
        let (mut client, _server) = pair();
        client.set_heartbeat(heartbeat);
        let begun = Instant::now();
        assert!(matches!(client.next().await, Received::Closed(_)));
        let took = begun.elapsed();
        assert!(took <= Duration::from_secs(limit) + Duration::from_millis(5), "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_answers_is_asked_in_its_rhythm_for_ever() {
    let (mut client, mut server) = pair();
    let serve = async {
        let mut times = Vec::new();
        for _ in 0..5 {
            let ClientFrame::Request(ping) = take(&mut server).await else { panic!() };
            assert_eq!(ping.command, Command::Ping(Empty {}));
            times.push(Instant::now());
            send(&mut server, &answer(ping.id)).await;
        }
        times
    };
    let times = tokio::select! {
        received = client.next() => panic!("{received:?}"),
        times = serve => times,
    };
    for pair in times.windows(2) {
        let between = pair[1] - pair[0];
        assert!(
            between.abs_diff(Duration::from_secs(2)) < Duration::from_millis(20),
            "{between:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn invalid_frames_end_the_connection_and_bad_datagrams_do_not() {
    let (mut client, mut server) = pair();
    server.send_datagram(Bytes::from_static(b"\xff\xff\xff")).unwrap();
    send(&mut server, &ServerFrame::Event(Event::Draining(Draining { reconnect_after_ms: 1 })))
        .await;
    assert!(matches!(client.next().await, Received::Event(_)));
    server.send(Lane::MAIN, Bytes::from_static(b"\xff\xff\xff")).await.unwrap();
    let Received::Closed(farewell) = client.next().await else { panic!() };
    assert_eq!(farewell.code, CloseCode::Protocol.number());
}

#[tokio::test(start_paused = true)]
async fn commands_in_flight_and_their_size_are_bounded() {
    let mut client = Connection::new(silent_link());
    for _ in 0..Connection::IN_FLIGHT {
        client.request(history()).unwrap();
    }
    assert_eq!(client.request(history()), Err(ConnectionError::TooMany));

    let mut client = Connection::new(silent_link());
    let token = "x".repeat(4_096);
    let users = vec![caffis_schema::UserId::new(&token[..64]).unwrap(); 100];
    let profiles = caffis_schema::command::Profiles { users: caffis_schema::List::cut(users) };
    assert!(client.request(Command::Profiles(profiles)).is_ok());
}
