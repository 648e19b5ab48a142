use std::time::Duration;

use caffis_schema::{
    Body, ClientId, ErrorCode, Position, Text, Timestamp, command, event::TextBody, room::ClientKey,
};
use tokio::sync::oneshot;

use super::*;
use crate::{Connection, connection::tests::silent_link};

fn send(room: u64, id: u8) -> Command {
    let key = ClientKey { id: ClientId([id; 16]), time: Timestamp(0), head: Position(0) };
    let body = Body::Text(TextBody { text: Text::cut("hello") });
    Command::Send(command::Send::new(key, RoomId::from_random(room), body))
}

fn history(room: u64) -> Command {
    let room = RoomId::from_random(room);
    Command::History(command::History { room, anchor: command::Anchor::Latest, limit: 1 })
}

/// Request ids as a real connection gives them.
fn requests(count: usize) -> Vec<RequestId> {
    let mut connection = Connection::new(silent_link());
    (0..count).map(|_| connection.request(history(1)).unwrap()).collect()
}

fn done() -> Reply {
    Reply::Done(caffis_schema::open::Empty {})
}

#[tokio::test(start_paused = true)]
async fn a_command_is_settled_once() {
    let (mut outbox, ids, now) = (Outbox::default(), requests(1), Instant::now());
    let (answerer, mut answer) = oneshot::channel();
    outbox.push(send(1, 1), answerer);
    let (number, command) = outbox.ready(now).unwrap();
    assert_eq!(command, send(1, 1));
    outbox.sent(number, ids[0]);
    assert!(outbox.ready(now).is_none());
    assert!(matches!(outbox.answered(ids[0], Ok(done()), now), Settled::Done(_)));
    assert_eq!(answer.try_recv().unwrap(), Ok(done()));
    assert_eq!(outbox.answered(ids[0], Ok(done()), now), Settled::Other);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_outcome_is_asked_again_with_the_same_id_and_in_order() {
    let (mut outbox, ids, now) = (Outbox::default(), requests(2), Instant::now());
    let mut answers = Vec::new();
    for command in [send(1, 1), send(1, 2), send(2, 3)] {
        let (answerer, answer) = oneshot::channel();
        outbox.push(command, answerer);
        answers.push(answer);
    }
    let (number, _) = outbox.ready(now).unwrap();
    outbox.sent(number, ids[0]);
    let error = Error::unknown(ErrorCode::Unavailable, "later", 100);
    assert_eq!(outbox.answered(ids[0], Err(error), now), Settled::Other);
    assert_eq!(outbox.next_due(), Some(now + Duration::from_millis(100)));
    // The second one of the room waits behind it; the other room goes on.
    let (number, command) = outbox.ready(now).unwrap();
    assert_eq!(command, send(2, 3));
    outbox.sent(number, ids[1]);
    assert!(outbox.ready(now).is_none());
    let (_, command) = outbox.ready(now + Duration::from_millis(100)).unwrap();
    assert_eq!(command, send(1, 1));
    assert!(answers.iter_mut().all(|answer| answer.try_recv().is_err()));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_for_now_does_not_settle_an_uncertain_command() {
    let (mut outbox, ids, now) = (Outbox::default(), requests(3), Instant::now());
    let (answerer, mut answer) = oneshot::channel();
    outbox.push(send(1, 1), answerer);
    let limited = Error::later(ErrorCode::RateLimited, "slowly", 50);

    let (number, _) = outbox.ready(now).unwrap();
    outbox.sent(number, ids[0]);
    outbox.disconnected();
    let (number, _) = outbox.ready(now).unwrap();
    outbox.sent(number, ids[1]);
    outbox.answered(ids[1], Err(limited.clone()), now);
    assert!(answer.try_recv().is_err(), "the first attempt may have happened");

    let mut later = now + Duration::from_millis(50);
    // However often it is put off.
    for _ in 0..=Outbox::RETRIES {
        let (number, _) = outbox.ready(later).unwrap();
        outbox.sent(number, ids[2]);
        outbox.answered(ids[2], Err(limited.clone()), later);
        later += Duration::from_millis(50);
    }
    assert!(answer.try_recv().is_err());
    let (number, _) = outbox.ready(later).unwrap();
    outbox.sent(number, ids[2]);
    let refusal = Error::refused(ErrorCode::Forbidden, "no");
    outbox.answered(ids[2], Err(refusal.clone()), later);
    assert_eq!(answer.try_recv().unwrap(), Err(CallError::Refused(refusal)));
}

#[tokio::test(start_paused = true)]
async fn what_the_server_puts_off_is_sent_again_by_then_and_given_back_in_the_end() {
    let tries = Outbox::RETRIES as usize + 1;
    let (mut outbox, ids, mut now) = (Outbox::default(), requests(tries), Instant::now());
    let (answerer, mut answer) = oneshot::channel();
    outbox.push(send(1, 1), answerer);
    let later = Error::later(ErrorCode::Unavailable, "the room is moving", 50);
    for id in &ids[..tries - 1] {
        let (number, command) = outbox.ready(now).unwrap();
        assert_eq!(command, send(1, 1), "with the same id");
        outbox.sent(number, *id);
        assert_eq!(outbox.answered(*id, Err(later.clone()), now), Settled::Other);
        assert!(outbox.ready(now).is_none(), "not before its time");
        assert_eq!(outbox.next_due(), Some(now + Duration::from_millis(50)));
        now += Duration::from_millis(50);
    }
    assert!(answer.try_recv().is_err());
    let (number, _) = outbox.ready(now).unwrap();
    outbox.sent(number, ids[tries - 1]);
    outbox.answered(ids[tries - 1], Err(later.clone()), now);
    assert_eq!(answer.try_recv().unwrap(), Err(CallError::Refused(later)));
}

#[tokio::test(start_paused = true)]
async fn questions_that_nobody_waits_for_are_dropped_and_acts_are_not() {
    let (mut outbox, now) = (Outbox::default(), Instant::now());
    for command in [history(1), send(1, 1)] {
        outbox.push(command, oneshot::channel().0);
    }
    let (number, command) = outbox.ready(now).unwrap();
    assert_eq!(command, send(1, 1));
    outbox.sent(number, requests(1)[0]);
    assert!(outbox.ready(now).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_full_outbox_gives_back_at_once_and_only_so_many_are_under_way() {
    let (mut outbox, now) = (Outbox::default(), Instant::now());
    let mut answers = Vec::new();
    for _ in 0..=Outbox::COMMANDS {
        let (answerer, answer) = oneshot::channel();
        outbox.push(send(1, 1), answerer);
        answers.push(answer);
    }
    assert_eq!(answers.pop().unwrap().try_recv().unwrap(), Err(CallError::OutboxFull));
    for id in requests(Outbox::IN_FLIGHT) {
        let (number, _) = outbox.ready(now).unwrap();
        outbox.sent(number, id);
    }
    assert!(outbox.ready(now).is_none());
    outbox.end();
    assert!(answers.iter_mut().all(|answer| answer.try_recv() == Ok(Err(CallError::Ended))));
}

#[tokio::test(start_paused = true)]
async fn what_may_not_overtake_is_not_due_before_what_it_waits_for() {
    let (mut outbox, ids, now) = (Outbox::default(), requests(2), Instant::now());
    for index in [0, 1] {
        let (answerer, answer) = oneshot::channel();
        outbox.push(send(1, index), answerer);
        // Acts are settled although nobody waits.
        drop(answer);
        let (number, _) = outbox.ready(now).unwrap();
        outbox.sent(number, ids[usize::from(index)]);
        if index == 1 {
            for (id, delay) in [(ids[0], 100), (ids[1], 10)] {
                let error = Error::unknown(ErrorCode::Unavailable, "later", delay);
                assert_eq!(outbox.answered(id, Err(error), now), Settled::Other);
            }
        }
    }
    // Waking up for the second one would find nothing to do, again and again.
    assert_eq!(outbox.next_due(), Some(now + Duration::from_millis(100)));
    assert!(outbox.ready(now + Duration::from_millis(50)).is_none());
    assert_eq!(outbox.ready(now + Duration::from_millis(100)).unwrap().1, send(1, 0));
}
