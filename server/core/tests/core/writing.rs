//! Slow mode, frozen rooms, and rooms for announcements.

use std::time::Duration;

use caffis_schema::{
    Command, EntryKind, Error, ErrorCode, Outcome, Position, RoomId, Text,
    command::{Edit, React},
    limits::SLOW_MODE_SECONDS,
    room::{Role, RoomClass},
    settings::RoomSettings,
};

use crate::{
    client::Client,
    harness::{World, code, text, user},
    permissions::set,
};

async fn slow(client: &mut Client, room: RoomId, seconds: u32) -> Result<(), Error> {
    let command = set(client, room, |command| command.slow_mode_seconds = Some(seconds));
    client.ask(command).await.map(drop)
}

async fn settings(client: &mut Client, room: RoomId) -> RoomSettings {
    client.listed(room).await.expect("listed").settings
}

/// How long to wait, of an error of slow mode.
fn wait<T: std::fmt::Debug>(result: Result<T, Error>) -> u32 {
    let error = result.expect_err("too early");
    assert_eq!((error.code, error.outcome), (ErrorCode::SlowMode, Outcome::Refused), "{error:?}");
    error.retry_after_ms.expect("a time")
}

#[tokio::test(start_paused = true)]
async fn in_slow_mode_one_waits_and_those_who_moderate_do_not() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let room = giulia.group(&["marco", "anna"]).await;
    marco.send(room, "before").await.expect("sent");
    slow(&mut giulia, room, 30).await.expect("set");
    let told = marco.settle().await;
    assert!(format!("{told:?}").contains("slow_mode_seconds: 30"), "{told:?}");
    // What was written before counts as little as the writing of others.
    marco.send(room, "one").await.expect("sent");
    anna.send(room, "two").await.expect("sent");
    assert_eq!(wait(marco.send(room, "three").await), 30_000);
    world.clock.advance(Duration::from_millis(29_999));
    // The same command, put off, is done later: its key is not used up.
    let key = marco.key();
    assert_eq!(wait(marco.send_as(key, room, "three").await), 1);
    world.clock.advance(Duration::from_millis(1));
    let sent = marco.send_as(key, room, "three").await.expect("sent");
    assert_eq!(marco.send_as(key, room, "three").await.expect("the same answer"), sent);
    for words in ["four", "five"] {
        giulia.send(room, words).await.expect("sent");
    }
    giulia.role(room, "anna", Role::Moderator).await.expect("given");
    for words in ["six", "seven"] {
        anna.send(room, words).await.expect("sent");
    }
    // What is wrong in itself is refused, and not put off.
    assert_eq!(code(marco.send(room, " ").await), ErrorCode::TextEmpty);
    // Edits and reactions need not wait.
    let (position, body, key) = (sent.position, text("drei"), marco.key());
    marco.ask(Command::Edit(Edit::words(key, room, position, body))).await.expect("edited");
    // A new owner knows it from the log, and the time that is set from its row.
    world.restart().await;
    let mut marco = world.connect("marco").await;
    assert_eq!(settings(&mut marco, room).await.slow_mode_seconds, 30);
    assert_eq!(wait(marco.send(room, "eight").await), 30_000);
    let mut giulia = world.connect("giulia").await;
    slow(&mut giulia, room, 0).await.expect("set");
    for words in ["eight", "nine"] {
        marco.send(room, words).await.expect("sent");
    }
}

#[tokio::test(start_paused = true)]
async fn commands_of_one_moment_wait_as_well() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    slow(&mut giulia, room, 5).await.expect("set");
    let mut ids = Vec::new();
    for words in ["one", "two", "three"] {
        let send = caffis_schema::command::Send::new(marco.key(), room, text(words));
        ids.push(marco.start(Command::Send(send)).await);
    }
    let mut codes = Vec::new();
    for id in ids {
        codes.push(marco.answer(id).await.err().map(|error| error.code));
    }
    assert_eq!(codes, [None, Some(ErrorCode::SlowMode), Some(ErrorCode::SlowMode)]);
}

#[tokio::test(start_paused = true)]
async fn a_frozen_room_is_read_and_one_for_announcements_reacted_in() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco, _anna] = world.people(["giulia", "marco", "anna"]).await;
    let room = giulia.group(&["marco", "anna"]).await;
    giulia.role(room, "anna", Role::Moderator).await.expect("given");
    let theirs = giulia.send(room, "ciao").await.expect("sent").position;
    let own = marco.send(room, "ciao").await.expect("sent").position;
    for (frozen, announcements) in [(true, false), (false, true), (true, true), (false, false)] {
        let command = set(&giulia, room, |command| {
            (command.frozen, command.announcements) = (Some(frozen), Some(announcements));
        });
        giulia.ask(command).await.expect("set");
        world.restart().await;
        [giulia, marco] = [world.connect("giulia").await, world.connect("marco").await];
        let mut anna = world.connect("anna").await;
        let expected = RoomSettings { slow_mode_seconds: 0, frozen, announcements };
        assert_eq!(settings(&mut marco, room).await, expected);
        let barred = |so: bool| so.then_some(ErrorCode::ReadOnly);
        let sent = marco.send(room, "may I?").await.err().map(|error| error.code);
        assert_eq!(sent, barred(frozen || announcements));
        let key = marco.key();
        let edit = Edit::words(key, room, own, text(&format!("{frozen}")));
        let edited = marco.ask(Command::Edit(edit)).await.err().map(|error| error.code);
        assert_eq!(edited, barred(frozen));
        let (key, emoji) = (marco.key(), Text::cut("☕"));
        let react = React { key, room, position: theirs, emoji, add: true };
        let reacted = marco.ask(Command::React(react)).await.err().map(|error| error.code);
        assert_eq!(reacted, barred(frozen));
        for client in [&mut giulia, &mut anna] {
            client.send(room, "we may").await.expect("sent");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_is_told_once_and_by_whom() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let room = giulia.group(&["marco"]).await;
    let head = giulia.listed(room).await.expect("listed").head;
    marco.settle().await;
    // Nothing is changed, and nothing that makes no sense.
    let nothing = set(&giulia, room, |_| {});
    assert_eq!(giulia.appended(nothing).await.expect("done").position, head);
    let most = u32::try_from(SLOW_MODE_SECONDS).expect("seconds");
    assert_eq!(code(slow(&mut giulia, room, most + 1).await), ErrorCode::Invalid);
    slow(&mut giulia, room, most).await.expect("set");
    let EntryKind::Settings(told) = marco.entry().await.kind else { panic!("settings") };
    assert_eq!((told.by, told.before), (Some(user("giulia")), RoomSettings::default()));
    assert_eq!(told.settings.slow_mode_seconds, most);
    assert_eq!(code(slow(&mut anna, room, 5).await), ErrorCode::NotFound);
    // Services set it in rooms of contexts and in public rooms, and not among people.
    let mut service = world.service().await;
    assert_eq!(code(slow(&mut service, room, 5).await), ErrorCode::NotFound);
    let cafe = giulia.ensure("cafe", RoomClass::Public, &[]).await.expect("made").room;
    slow(&mut service, cafe, 5).await.expect("set");
    marco.open(cafe).await.expect("opened");
    assert_eq!(code(slow(&mut marco, cafe, 0).await), ErrorCode::Forbidden);
    assert_eq!(marco.send(cafe, "one").await.expect("sent").position, Position(3));
    assert_eq!(wait(marco.send(cafe, "two").await), 5_000);
}
