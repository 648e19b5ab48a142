//! Sending and what may be sent.

use caffis_schema::{
    Body, ErrorCode, Event, Position, RoomId,
    command::{Command, Send},
    event::{SystemBody, TextBody},
    open::Unknown,
    room::RoomClass,
};
use caffis_schema::{Text, event::RoomEntry};

use crate::harness::{START, World, code, unhurried, words};

#[tokio::test(start_paused = true)]
async fn positions_and_numbers_are_dense_and_everyone_hears_the_same() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco, mut anna] = world.people(["giulia", "marco", "anna"]).await;
    let room = giulia.group(&["marco", "anna"]).await;
    for index in 0..30 {
        let sender = [&mut giulia, &mut marco, &mut anna].into_iter().nth(index % 3).expect("one");
        let appended = sender.send(room, &format!("{index}")).await.expect("sent");
        let index = index as u64;
        assert_eq!((appended.position.get(), appended.number.get()), (index + 2, index + 1));
    }
    // Many at once, in the order in which each session gave them.
    let mut ids = Vec::new();
    for index in 30..60 {
        let (key, body) = (marco.key(), crate::harness::text(&format!("{index}")));
        ids.push(marco.start(Command::Send(Send::new(key, room, body))).await);
    }
    for id in ids {
        marco.answer(id).await.expect("sent");
    }
    let expected: Vec<_> = (0..60).map(|index| format!("{index}")).collect();
    for client in [&mut giulia, &mut marco, &mut anna] {
        let entries: Vec<RoomEntry> = client
            .settle()
            .await
            .into_iter()
            .filter_map(|event| if let Event::Entry(entry) = event { Some(entry) } else { None })
            .filter(|entry| words(&entry.entry).is_some())
            .collect();
        assert!(entries.iter().map(|e| e.entry.position.get()).eq(2..62));
        assert!(entries.iter().filter_map(|e| words(&e.entry)).eq(expected.iter()));
    }
}

#[tokio::test(start_paused = true)]
async fn an_entry_carries_the_senders_key() {
    let world = World::new().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    let key = giulia.key();
    giulia.send_as(key, room, "ciao").await.expect("sent");
    loop {
        let entry = marco.entry().await;
        if let caffis_schema::EntryKind::Message(message) = entry.kind {
            assert_eq!(message.key, Some(key.into()));
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn texts_have_rules_by_class() {
    let world = World::unhurried().await;
    let [mut giulia] = world.people(["giulia"]).await;
    let mut service = world.service().await;
    let social = giulia.group(&[]).await;
    let evidence = service.ensure("booking", RoomClass::Evidence, &["giulia"]).await.expect("made");
    assert_eq!(evidence.class, RoomClass::Evidence);
    let public = giulia.ensure("cafe", RoomClass::Public, &[]).await.expect("made").room;
    giulia.open(public).await.expect("walked in");
    for (room, most) in [(social, 8_000), (evidence.room, 8_000), (public, 500)] {
        let head = giulia
            .history(room, caffis_schema::command::Anchor::Latest, 1)
            .await
            .expect("a page")
            .head;
        assert_eq!(code(giulia.send(room, "").await), ErrorCode::TextEmpty);
        assert_eq!(code(giulia.send(room, " \n ").await), ErrorCode::TextEmpty);
        assert_eq!(code(giulia.send(room, &"è".repeat(most + 1)).await), ErrorCode::TextTooLong);
        assert_eq!(code(giulia.send(room, "a\u{0}b").await), ErrorCode::TextNotAllowed);
        assert_eq!(code(giulia.send(room, "a\u{202e}b").await), ErrorCode::TextNotAllowed);
        let sent = giulia.send(room, &"è".repeat(most)).await.expect("just fits");
        assert_eq!(sent.position, head + 1, "what was refused has no position");
    }
}

#[tokio::test(start_paused = true)]
async fn the_largest_text_of_the_widest_characters_fits() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    let text = "👩".repeat(8_000);
    giulia.send(room, &text).await.expect("sent");
    assert_eq!(marco.heard().await, std::slice::from_ref(&text));
    assert_eq!(marco.log(room).await, [text]);
}

#[tokio::test(start_paused = true)]
async fn notices_are_the_services_and_bodies_are_known() {
    let world = World::new().await;
    let [mut giulia] = world.people(["giulia"]).await;
    let mut service = world.service().await;
    let room =
        service.ensure("booking", RoomClass::Evidence, &["giulia"]).await.expect("made").room;
    let notice = || {
        let text = Text::cut("Your table is booked.");
        Body::System(SystemBody::Notice(TextBody { text }))
    };
    let send = |key, body| Command::Send(Send::new(key, room, body));
    let key = giulia.key();
    assert_eq!(code(giulia.ask(send(key, notice())).await), ErrorCode::Forbidden);
    assert_eq!(code(service.send(room, "ciao").await), ErrorCode::Forbidden);
    service.ask(send(service.key(), notice())).await.expect("a notice");
    let unknown = Body::Unknown(Unknown { tag: 77, bytes: Default::default() });
    let key = giulia.key();
    assert_eq!(code(giulia.ask(send(key, unknown)).await), ErrorCode::Invalid);
    let listed = giulia.listed(room).await.expect("listed");
    assert_eq!((listed.number.get(), listed.unread), (1, 1));
    assert_eq!(
        listed.preview.map(|p| (p.sender, p.text.to_string())).expect("one"),
        (None, "Your table is booked.".to_owned())
    );
}

#[tokio::test(start_paused = true)]
async fn a_room_that_is_not_ones_own_is_as_if_it_did_not_exist() {
    let world = World::new().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&[]).await;
    let missing = RoomId::from_random(12_345);
    for command in crate::roles::every_command(room, "giulia") {
        let at_missing = crate::roles::with_room(&command, missing);
        let outsider = marco.ask(command.clone()).await;
        let nowhere = marco.ask(at_missing).await;
        assert_eq!(outsider, nowhere, "{command:?}");
        assert_eq!(code(outsider), ErrorCode::NotFound, "{command:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn time_never_runs_backwards_in_a_room() {
    let mut world = World::with(unhurried()).await;
    let [mut giulia] = world.people(["giulia"]).await;
    let room = giulia.group(&[]).await;
    let before = giulia.send(room, "one").await.expect("sent");
    let key = giulia.key();
    giulia.send_as(key, room, "two").await.expect("sent");
    world.restart().await;
    world.clock.set(START - 3_600_000);
    let mut giulia = world.connect("giulia").await;
    let after = giulia.send(room, "three").await.expect("sent although the clock was set back");
    assert!(after.time >= before.time);
    assert_eq!((after.position.get(), after.number.get()), (4, 3));
    // The key of before is still known, although its time lies in the future now.
    assert_eq!(giulia.send_as(key, room, "two").await.expect("the same").position, Position(3));
}
