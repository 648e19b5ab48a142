//! Bad input in a session: each gets its typed error, and nobody else notices.

use caffis_schema::{
    CloseCode, Command, ErrorCode, Event, MessageNumber, Position, RoomId, ServerFrame, Timestamp,
    command::{Anchor, History, Mark, MessageAt, Open},
    event::Answered,
    limits::{COMMAND_BYTES, FRAME_BYTES},
    open::Empty,
    room::ClientKey,
};

use crate::common::{Over, Person, Setup, fresh_key, said};

#[tokio::test]
async fn texts_that_are_no_messages_are_refused() {
    let server = Setup::dev().flags(&["--messages-per-second", "1000"]).start().await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let room = giulia.direct("marco").await;
    let head = giulia.open(room).await.unwrap().page.head;
    for (text, code) in [
        (String::new(), ErrorCode::TextEmpty),
        ("   \n ".to_owned(), ErrorCode::TextEmpty),
        ("x".repeat(8_001), ErrorCode::TextTooLong),
        ("bell \u{7}".to_owned(), ErrorCode::TextNotAllowed),
        ("override \u{202e}txt.exe".to_owned(), ErrorCode::TextNotAllowed),
        ("nul \0".to_owned(), ErrorCode::TextNotAllowed),
    ] {
        let error = giulia.say(room, &text).await.unwrap_err();
        assert_eq!(error.code, code, "{text:?}");
        assert_eq!(error.retry_after_ms, None);
    }
    assert_eq!(giulia.say(room, "x").await.unwrap().position, head + 1, "something was written");
}

#[tokio::test]
async fn rooms_of_others_are_as_if_they_were_not_there() {
    let server = Setup::dev().start().await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let theirs = giulia.direct("marco").await;
    let mut luca = Person::enter(&server, "luca", Over::WebSocket).await;
    let nowhere = RoomId::from_random(7);
    let mut answers = Vec::new();
    for room in [theirs, nowhere] {
        for command in [
            Command::Open(Open { room, limit: 10 }),
            Command::History(History { room, anchor: Anchor::Latest, limit: 10 }),
            Command::Message(MessageAt { room, position: Position(1) }),
            Command::MarkRead(Mark { room, number: MessageNumber(1) }),
            said(room, "let me in", fresh_key()),
        ] {
            answers.push(luca.ask(command).await.unwrap_err());
        }
    }
    let (others, missing) = answers.split_at(answers.len() / 2);
    assert_eq!(others, missing);
    assert!(others.iter().all(|error| error.code == ErrorCode::NotFound), "{others:?}");
}

#[tokio::test]
async fn places_that_are_not_there_are_refused() {
    let server = Setup::dev().start().await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let room = giulia.direct("marco").await;
    let future =
        giulia.ask(Command::Message(MessageAt { room, position: Position(1_000_000) })).await;
    assert!(matches!(future.unwrap_err().code, ErrorCode::OutOfRange | ErrorCode::NotFound));
    let read = giulia.ask(Command::MarkRead(Mark { room, number: MessageNumber(1_000_000) })).await;
    assert_eq!(read.unwrap_err().code, ErrorCode::OutOfRange);
}

#[tokio::test]
async fn a_client_id_belongs_to_one_text() {
    let server = Setup::dev().start().await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let room = giulia.direct("marco").await;
    let key = fresh_key();
    let first = giulia.say_again(room, "once", key).await.unwrap();
    let mut phone = Person::enter(&server, "giulia", Over::Quic).await;
    assert_eq!(phone.say_again(room, "once", key).await.unwrap(), first);
    let error = phone.say_again(room, "twice", key).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::ClientIdReused);
    let old = ClientKey { time: Timestamp(1_000), ..fresh_key() };
    assert_eq!(giulia.say_again(room, "old", old).await.unwrap_err().code, ErrorCode::Expired);
    let ahead = ClientKey { head: first.position + 1, ..fresh_key() };
    let error = giulia.say_again(room, "ahead", ahead).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::OutOfRange);
}

#[tokio::test]
async fn the_eleventh_message_of_a_second_waits() {
    let server = Setup::dev().start().await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let room = giulia.direct("marco").await;
    for number in 0..11 {
        giulia.give(said(room, &number.to_string(), fresh_key())).await;
    }
    let (mut done, mut refused) = (0, Vec::new());
    while done + refused.len() < 11 {
        if let ServerFrame::Reply(answer) = giulia.frame().await {
            match answer.result {
                Answered::Ok(_) => done += 1,
                Answered::Error(error) => refused.push(error),
            }
        }
    }
    assert_eq!(done, 10);
    assert_eq!(refused[0].code, ErrorCode::RateLimited);
    assert!(refused[0].retry_after_ms.is_some());
}

#[tokio::test]
async fn frames_that_are_no_commands_are_answered_and_too_many_end_the_session() {
    let server = Setup::dev().start().await;
    let mut marco = Person::enter(&server, "marco", Over::WebSocket).await;
    for over in Over::ALL {
        let mut giulia = Person::enter(&server, "giulia", over).await;
        giulia.write(b"nonsense".to_vec()).await;
        let ServerFrame::Reply(answer) = next_reply(&mut giulia).await else { panic!("no reply") };
        let Answered::Error(error) = answer.result else { panic!("{answer:?}") };
        assert_eq!(error.code, ErrorCode::Malformed, "{over:?}");
        giulia.write(vec![b' '; COMMAND_BYTES + 1]).await;
        let ServerFrame::Reply(answer) = next_reply(&mut giulia).await else { panic!("no reply") };
        let Answered::Error(error) = answer.result else { panic!("{answer:?}") };
        assert_eq!(error.code, ErrorCode::TooLarge, "{over:?}");
        giulia.ask(Command::Ping(Empty {})).await.unwrap();
        for _ in 0..200 {
            if giulia.try_write(b"nonsense".to_vec()).await.is_err() {
                break;
            }
        }
        assert_eq!(giulia.farewell().await.code, CloseCode::Protocol.number(), "{over:?}");
    }
    marco.ask(Command::Ping(Empty {})).await.unwrap();
}

/// Between what a command may have and what a link carries there is an answer; past it there is no
/// link any more.
#[tokio::test]
async fn frames_over_the_limit_of_commands_are_answered_and_over_that_of_links_end_the_link() {
    let server = Setup::dev().start().await;
    for over in Over::ALL {
        let mut giulia = Person::enter(&server, "giulia", over).await;
        for size in [COMMAND_BYTES + 1, FRAME_BYTES] {
            giulia.write(vec![b' '; size]).await;
            let ServerFrame::Reply(answer) = next_reply(&mut giulia).await else {
                panic!("no reply")
            };
            let Answered::Error(error) = answer.result else { panic!("{answer:?}") };
            assert_eq!((answer.id, error.code), (0, ErrorCode::TooLarge), "{over:?} {size}");
        }
        giulia.ask(Command::Ping(Empty {})).await.unwrap();
        let mut careless = Person::enter_with(&server, "giulia", over, 2 * FRAME_BYTES).await;
        // A server that has ended the link takes no more of it.
        let _ = careless.try_write(vec![b' '; FRAME_BYTES + 1]).await;
        assert_eq!(careless.farewell().await.code, CloseCode::Protocol.number(), "{over:?}");
    }
}

async fn next_reply(person: &mut Person) -> ServerFrame {
    loop {
        let frame = person.frame().await;
        if matches!(frame, ServerFrame::Reply(_)) {
            return frame;
        }
    }
}

#[tokio::test]
async fn unknown_commands_are_answered() {
    let server = Setup::dev().start().await;
    let mut giulia = Person::enter(&server, "giulia", Over::Json).await;
    giulia.write(br#"{"request":{"id":77,"command":{"dance":{}}}}"#.to_vec()).await;
    let ServerFrame::Reply(answer) = next_reply(&mut giulia).await else { panic!("no reply") };
    assert_eq!(answer.id, 77);
    let Answered::Error(error) = answer.result else { panic!("{answer:?}") };
    assert_eq!(error.code, ErrorCode::UnknownCommand);
    giulia.ask(Command::Ping(Empty {})).await.unwrap();
    giulia.write(b"\"\xff\xfe\"".to_vec()).await;
    assert_eq!(giulia.farewell().await.code, CloseCode::Protocol.number());
}

#[tokio::test]
async fn datagrams_of_garbage_are_passed_over() {
    let server = Setup::dev().start().await;
    for over in [Over::Quic, Over::WebTransport] {
        let mut giulia = Person::enter(&server, "giulia", over).await;
        for bytes in [vec![], vec![0xff; 10], vec![0; 1_000]] {
            giulia.datagram(bytes).unwrap();
        }
        assert!(giulia.datagram(vec![0; 2_000]).is_err());
        giulia.ask(Command::Ping(Empty {})).await.unwrap();
    }
}

#[tokio::test]
async fn rooms_can_be_opened_up_to_the_limit() {
    let server =
        Setup::dev().flags(&["--open-rooms", "3", "--commands-per-second", "100000"]).start().await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    for user in ["marco", "luca", "aiko"] {
        let room = giulia.direct(user).await;
        giulia.open(room).await.unwrap();
    }
    let room = giulia.direct("nadia").await;
    assert_eq!(giulia.open(room).await.unwrap_err().code, ErrorCode::LimitReached);
    for _ in 0..10_000 {
        giulia.give(Command::Open(Open { room, limit: 1 })).await;
        let ServerFrame::Reply(answer) = next_reply(&mut giulia).await else { panic!("no reply") };
        assert!(matches!(answer.result, Answered::Error(_)));
    }
}

#[tokio::test]
async fn a_reader_who_never_reads_holds_nobody_up() {
    let server = Setup::dev()
        .flags(&["--messages-per-second", "100000", "--commands-per-second", "100000"])
        .flags(&["--session-queue-bytes", "64KiB"])
        .start()
        .await;
    let mut giulia = Person::enter(&server, "giulia", Over::WebSocket).await;
    let room = giulia.direct("marco").await;
    let mut mute = Person::enter(&server, "marco", Over::WebSocket).await;
    let mut reader = Person::enter(&server, "marco", Over::Quic).await;
    let text = "x".repeat(7_000);
    let mut last = 0;
    for _ in 0..2_000 {
        last = (giulia.say(room, &text).await.unwrap().position).get();
    }
    // The other device of the same person has it all, by events or by being told to resume.
    let reached = reader
        .event(|event| match event {
            Event::Entry(entry) if entry.entry.position == Position(last) => Some(last),
            Event::Behind(head) if head.head == Position(last) => Some(last),
            _ => None,
        })
        .await;
    assert_eq!(reached, last);
    // And the one that did not read is told when it does.
    mute.event(|event| matches!(event, Event::Behind(_)).then_some(())).await;
}
