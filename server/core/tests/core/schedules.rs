//! Messages that are sent later.

use std::time::Duration;

use caffis_conformance::faulty::Plan;
use caffis_core::{
    ports::clock::Clock,
    tables::{self, DueRow, ScheduledRow},
};
use caffis_schema::{
    ClientId, Command, Error, ErrorCode, Event, List, Outcome, Reply, RoomId, Timestamp,
    limits::{SCHEDULED, SCHEDULED_DAYS},
    reply::Appended,
    room::{ClientKey, Extra, Mentions, Role, RoomClass},
    scheduled::{
        CancelScheduled, ChangeScheduled, Schedule, Scheduled, ScheduledMessage, ScheduledPage,
        SendScheduled,
    },
};

use crate::{
    client::Client,
    harness::{START, World, code, text, user, users},
    permissions::set,
};

/// Longer than the owner takes to look at the clock again.
pub(crate) const LOOK: Duration = Duration::from_secs(2);

pub(crate) const DAY_MS: u64 = 86_400_000;

/// A time after the beginning, in milliseconds.
pub(crate) fn after(milliseconds: u64) -> Timestamp {
    Timestamp(START + milliseconds)
}

pub(crate) fn scheduling(key: ClientKey, room: RoomId, words: &str, due: Timestamp) -> Command {
    Command::Schedule(Schedule { key, room, body: text(words), extras: List::default(), due })
}

pub(crate) fn message(reply: Result<Reply, Error>) -> Result<ScheduledMessage, Error> {
    match reply? {
        Reply::ScheduledMessage(message) => Ok(message),
        other => panic!("answered with {other:?}"),
    }
}

pub(crate) async fn schedule(
    client: &mut Client,
    room: RoomId,
    words: &str,
    due: Timestamp,
) -> Result<ScheduledMessage, Error> {
    let command = scheduling(client.key(), room, words, due);
    message(client.ask(command).await)
}

pub(crate) async fn change(
    client: &mut Client,
    before: &ScheduledMessage,
    words: &str,
    due: Timestamp,
) -> Result<ScheduledMessage, Error> {
    let (key, extras) = (client.key(), List::default());
    let ScheduledMessage { room, id, .. } = *before;
    let command = ChangeScheduled { key, room, id, body: text(words), extras, due };
    message(client.ask(Command::ChangeScheduled(command)).await)
}

pub(crate) async fn cancel(client: &mut Client, room: RoomId, id: ClientId) -> Result<(), Error> {
    let key = client.key();
    client.ask(Command::CancelScheduled(CancelScheduled { key, room, id })).await.map(drop)
}

pub(crate) async fn send_now(
    client: &mut Client,
    key: ClientKey,
    room: RoomId,
    id: ClientId,
) -> Result<Appended, Error> {
    match client.ask(Command::SendScheduled(SendScheduled { key, room, id })).await? {
        Reply::Appended(appended) => Ok(appended),
        other => panic!("answered with {other:?}"),
    }
}

async fn page(client: &mut Client, list: Scheduled) -> ScheduledPage {
    match client.ask(Command::Scheduled(list)).await {
        Ok(Reply::Scheduled(page)) => page,
        other => panic!("answered with {other:?}"),
    }
}

/// Everything that a person has scheduled.
pub(crate) async fn listed(client: &mut Client, room: Option<RoomId>) -> Vec<ScheduledMessage> {
    let (mut messages, mut after) = (Vec::new(), None);
    loop {
        let page = page(client, Scheduled { room, after }).await;
        messages.extend(page.messages.iter().cloned());
        match page.next {
            Some(next) => after = Some(next),
            None => return messages,
        }
    }
}

/// What became of scheduled messages, as a session heard it: whether each is there still.
async fn told(client: &mut Client) -> Vec<(ClientId, Option<Option<ErrorCode>>)> {
    let told = client.settle().await.into_iter().filter_map(|event| match event {
        Event::Scheduled(change) => Some((change.id, change.message.map(|it| it.failed))),
        _ => None,
    });
    told.collect()
}

/// Time passes, and what is due is sent.
pub(crate) async fn pass(world: &World, milliseconds: u64) {
    world.clock.advance(Duration::from_millis(milliseconds));
    tokio::time::sleep(LOOK).await;
}

#[tokio::test(start_paused = true)]
async fn it_is_sent_once_when_it_is_due_and_nobody_hears_of_it_before() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let mut tablet = world.connect("giulia").await;
    let room = giulia.group(&["marco"]).await;
    let other = giulia.direct("marco").await.expect("made").room;
    for client in [&mut giulia, &mut marco, &mut tablet] {
        client.settle().await;
    }
    let later = schedule(&mut giulia, room, "later", after(60_000)).await.expect("scheduled");
    let first = schedule(&mut giulia, other, "first", after(30_000)).await.expect("scheduled");
    assert_eq!(told(&mut tablet).await, [(later.id, Some(None)), (first.id, Some(None))]);
    assert_eq!(told(&mut marco).await, []);
    assert_eq!(listed(&mut tablet, Some(room)).await, std::slice::from_ref(&later));
    assert_eq!(listed(&mut giulia, None).await.len(), 2);
    assert_eq!(
        (listed(&mut marco, None).await, listed(&mut marco, Some(room)).await),
        (vec![], vec![])
    );
    pass(&world, 29_999).await;
    assert_eq!(told(&mut marco).await, []);
    pass(&world, 1).await;
    assert_eq!(marco.heard().await, ["first"]);
    assert_eq!(told(&mut tablet).await, [(first.id, None)]);
    assert_eq!(listed(&mut giulia, None).await, std::slice::from_ref(&later));
    // The process ends; the next one knows what is due, also what was meanwhile.
    world.clock.advance(Duration::from_secs(60));
    world.restart().await;
    tokio::time::sleep(LOOK).await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    assert_eq!(giulia.log(room).await, ["later"]);
    assert_eq!(listed(&mut giulia, None).await, []);
    let page = marco.history(room, caffis_schema::command::Anchor::Latest, 1).await.expect("read");
    let sent = format!("{:?}", page.entries[0]);
    assert!(sent.contains("giulia") && sent.contains(&format!("{:?}", later.id)), "{sent}");
    pass(&world, 600_000).await;
    assert_eq!(giulia.log(room).await, ["later"]);
}

/// The rows that a person's scheduled messages have.
pub(crate) async fn rows(world: &World, name: &str) -> (Vec<ScheduledRow>, Vec<DueRow>) {
    let partition = ScheduledRow::partition(&user(name));
    let messages = tables::partition(world.raw_store(), partition, 1_000).await.expect("read");
    let mut due = Vec::new();
    for shard in 0..256 {
        let partition = DueRow::partition(&shard);
        due.extend(tables::partition(world.raw_store(), partition, 1_000).await.expect("read"));
    }
    (messages, due)
}

#[tokio::test(start_paused = true)]
async fn who_may_not_write_when_it_is_due_is_told_why_and_nothing_is_sent() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna, mut luca] =
        world.people(["giulia", "marco", "anna", "luca"]).await;
    let room = giulia.group(&["marco", "anna", "luca"]).await;
    let hour = after(3_600_000);
    let mut scheduled = Vec::new();
    for client in [&mut marco, &mut anna, &mut luca] {
        scheduled.push(schedule(client, room, "later", hour).await.expect("scheduled"));
        client.settle().await;
    }
    giulia.remove(room, "marco").await.expect("removed");
    giulia.role(room, "luca", Role::Guest).await.expect("given");
    let command = set(&giulia, room, |command| command.frozen = Some(true));
    giulia.ask(command).await.expect("set");
    pass(&world, 3_600_000).await;
    assert_eq!(giulia.log(room).await, [""; 0]);
    let codes = [ErrorCode::NotFound, ErrorCode::ReadOnly, ErrorCode::Forbidden];
    for ((client, code), message) in
        [&mut marco, &mut anna, &mut luca].into_iter().zip(codes).zip(&scheduled)
    {
        assert!(told(client).await.contains(&(message.id, Some(Some(code)))));
        let failed = ScheduledMessage { failed: Some(code), ..message.clone() };
        assert_eq!(listed(client, None).await, [failed]);
    }
    // It is not tried again by itself.
    let command = set(&giulia, room, |command| command.frozen = Some(false));
    giulia.ask(command).await.expect("set");
    pass(&world, 600_000).await;
    assert_eq!(giulia.log(room).await, [""; 0]);
    let waits = change(&mut anna, &scheduled[1], "now I may", after(5_000_000)).await;
    assert_eq!(waits.expect("changed").failed, None);
    pass(&world, 800_000).await;
    assert_eq!(giulia.log(room).await, ["now I may"]);
    // Who has left can take theirs away, and not change it.
    let changed = change(&mut marco, &scheduled[0], "let me in", after(9_000_000)).await;
    assert_eq!(code(changed), ErrorCode::NotFound);
    cancel(&mut marco, room, scheduled[0].id).await.expect("cancelled");
    assert_eq!(listed(&mut marco, None).await, []);
}

#[tokio::test(start_paused = true)]
async fn it_is_changed_and_cancelled_once_for_each_key() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    let key = giulia.key();
    let command = scheduling(key, room, "at ten", after(10_000));
    let made = message(giulia.ask(command.clone()).await).expect("scheduled");
    assert_eq!(message(giulia.ask(command.clone()).await), Ok(made.clone()));
    assert_eq!(listed(&mut giulia, None).await.len(), 1);
    let reused = scheduling(key, room, "at eleven", after(10_000));
    assert_eq!(code(giulia.ask(reused).await), ErrorCode::ClientIdReused);
    let changed = change(&mut giulia, &made, "at twenty", after(20_000)).await.expect("changed");
    assert_eq!((changed.id, changed.due), (made.id, after(20_000)));
    pass(&world, 10_000).await;
    assert_eq!(giulia.log(room).await, [""; 0]);
    pass(&world, 10_000).await;
    assert_eq!(giulia.log(room).await, ["at twenty"]);
    // The first command again, when the message has been sent, has nothing sent.
    assert_eq!(message(giulia.ask(command).await), Ok(made.clone()));
    for refused in [
        change(&mut giulia, &made, "too late", after(90_000)).await.map(drop),
        cancel(&mut giulia, room, made.id).await,
    ] {
        assert_eq!(code(refused), ErrorCode::NotFound);
    }
    let second = schedule(&mut giulia, room, "never", after(40_000)).await.expect("scheduled");
    assert_eq!(code(cancel(&mut marco, room, second.id).await), ErrorCode::NotFound);
    let key = giulia.key();
    let command = Command::CancelScheduled(CancelScheduled { key, room, id: second.id });
    for _ in 0..2 {
        assert!(matches!(giulia.ask(command.clone()).await, Ok(Reply::Done(_))));
    }
    pass(&world, 60_000).await;
    assert_eq!(giulia.log(room).await, ["at twenty"]);
    assert_eq!(rows(&world, "giulia").await, (vec![], vec![]));
}

#[tokio::test(start_paused = true)]
async fn times_numbers_words_and_rights_have_their_bounds() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&[]).await;
    let most = SCHEDULED_DAYS as u64 * DAY_MS;
    for due in [Timestamp(0), Timestamp(START - 1), after(0), after(most + 1), Timestamp::MAX] {
        let refused = schedule(&mut giulia, room, "x", due).await;
        assert_eq!(code(refused), ErrorCode::Invalid, "{due:?}");
    }
    let latest = schedule(&mut giulia, room, "x", after(most)).await.expect("scheduled");
    let soon = schedule(&mut giulia, room, "x", after(1)).await.expect("scheduled");
    assert_eq!(code(change(&mut giulia, &latest, "x", after(0)).await), ErrorCode::Invalid);
    pass(&world, 1_000).await;
    for _ in 1..SCHEDULED {
        schedule(&mut giulia, room, "x", after(DAY_MS)).await.expect("scheduled");
    }
    let full = schedule(&mut giulia, room, "x", after(DAY_MS)).await;
    assert_eq!(code(full), ErrorCode::LimitReached);
    let other = giulia.group(&[]).await;
    schedule(&mut giulia, other, "x", after(DAY_MS)).await.expect("another room");
    assert_eq!(listed(&mut giulia, None).await.len(), SCHEDULED + 1, "over pages");
    cancel(&mut giulia, room, latest.id).await.expect("cancelled");
    schedule(&mut giulia, room, "x", after(DAY_MS)).await.expect("there is place again");
    assert_eq!(giulia.log(room).await, ["x"], "{soon:?}");
    for (words, refused) in [
        (" ".to_owned(), ErrorCode::TextEmpty),
        ("a\u{202e}b".to_owned(), ErrorCode::TextNotAllowed),
        ("x".repeat(8_001), ErrorCode::TextTooLong),
    ] {
        assert_eq!(code(schedule(&mut giulia, other, &words, after(DAY_MS)).await), refused);
    }
    let key = giulia.key();
    let mentions = Mentions { users: List::cut(users(&["marco"])), room: false };
    let extras = List::cut(vec![Extra::Mentions(mentions)]);
    let stranger = Schedule { key, room, body: text("@Marco"), extras, due: after(DAY_MS) };
    assert_eq!(code(giulia.ask(Command::Schedule(stranger)).await), ErrorCode::NotFound);
    assert_eq!(code(schedule(&mut marco, room, "x", after(DAY_MS)).await), ErrorCode::NotFound);
    let cafe = giulia.ensure("cafe", RoomClass::Public, &[]).await.expect("made").room;
    giulia.open(cafe).await.expect("opened");
    assert_eq!(code(schedule(&mut giulia, cafe, "x", after(DAY_MS)).await), ErrorCode::NotFound);
    let mut service = world.service().await;
    assert_eq!(code(schedule(&mut service, room, "x", after(DAY_MS)).await), ErrorCode::NotFound);
    let list = Command::Scheduled(Scheduled { room: None, after: None });
    assert_eq!(code(service.ask(list).await), ErrorCode::Forbidden);
    let old = ClientKey { time: Timestamp(START - 4 * DAY_MS), ..giulia.key() };
    let expired = giulia.ask(scheduling(old, other, "x", after(DAY_MS))).await;
    assert_eq!(code(expired), ErrorCode::Expired);
}

#[tokio::test(start_paused = true)]
async fn it_is_sent_at_once_when_its_author_wants_that() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    let command = set(&giulia, room, |command| command.slow_mode_seconds = Some(60));
    giulia.ask(command).await.expect("set");
    let one = schedule(&mut marco, room, "one", after(DAY_MS)).await.expect("scheduled");
    let two = schedule(&mut marco, room, "two", after(DAY_MS)).await.expect("scheduled");
    let key = marco.key();
    let sent = send_now(&mut marco, key, room, one.id).await.expect("sent");
    assert_eq!(send_now(&mut marco, key, room, one.id).await, Ok(sent));
    let again = marco.key();
    assert_eq!(code(send_now(&mut marco, again, room, one.id).await), ErrorCode::NotFound);
    // Who has to wait hears it, and the message keeps its time.
    let key = marco.key();
    let error = send_now(&mut marco, key, room, two.id).await.expect_err("slow mode");
    assert_eq!((error.code, error.outcome), (ErrorCode::SlowMode, Outcome::Refused));
    assert_eq!(listed(&mut marco, None).await, std::slice::from_ref(&two));
    // What is due in slow mode waits for its turn.
    let early = change(&mut marco, &two, "two", after(10_000)).await.expect("changed");
    pass(&world, 10_000).await;
    assert_eq!(listed(&mut marco, None).await, [early]);
    for _ in 0..6 {
        pass(&world, 10_000).await;
    }
    assert_eq!(giulia.log(room).await, ["one", "two"]);
    assert_eq!(listed(&mut marco, None).await, []);
}

#[tokio::test(start_paused = true)]
async fn what_is_scheduled_while_another_message_is_due_is_sent_in_time() {
    let world = World::unhurried().await;
    let mut giulia = world.connect("giulia").await;
    let room = giulia.group(&[]).await;
    world.faults.set_plan(Plan { delay: Duration::from_millis(40), ..Plan::default() });
    for number in 1..=20 {
        // The first one is due while the second is written.
        let now = world.clock.now();
        schedule(&mut giulia, room, "first", now + 5).await.expect("scheduled");
        let command = scheduling(giulia.key(), room, "second", now + 1_000);
        let second = giulia.start(command).await;
        for _ in 0..40 {
            tokio::time::sleep(Duration::from_millis(1)).await;
            world.clock.advance(Duration::from_millis(1));
        }
        giulia.answer(second).await.expect("scheduled");
        for _ in 0..10 {
            world.clock.advance(Duration::from_millis(300));
            tokio::time::sleep(LOOK).await;
        }
        assert_eq!(listed(&mut giulia, Some(room)).await, [], "round {number}");
    }
}
