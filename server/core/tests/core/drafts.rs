//! What people have written and not sent.

use caffis_core::tables::{self, ThreadDraftRow};
use caffis_schema::{
    Command, Error, ErrorCode, Event, Position, Reply, RoomId, Text, Timestamp,
    command::{Delete, Send},
    drafts::{Draft, ThreadDraft},
    limits::{DRAFTS, ROOM_THREAD_DRAFTS, THREAD_DRAFTS},
    open::Empty,
};

use crate::{
    client::Client,
    harness::{START, World, code, text, user},
};

async fn set(client: &mut Client, room: RoomId, text: &str, time: u64) -> Result<Reply, Error> {
    let draft = Draft { room, text: Text::cut(text), time: Timestamp(START + time) };
    client.ask(Command::SetDraft(draft)).await
}

async fn drafts(client: &mut Client) -> Vec<(RoomId, String)> {
    match client.ask(Command::Drafts(Empty {})).await {
        Ok(Reply::Drafts(list)) => {
            list.drafts.iter().map(|draft| (draft.room, draft.text.to_string())).collect()
        }
        other => panic!("answered with {other:?}"),
    }
}

async fn told(client: &mut Client) -> Vec<String> {
    let drafts = client.settle().await.into_iter().filter_map(|event| match event {
        Event::Draft(draft) => Some(draft.text.to_string()),
        _ => None,
    });
    drafts.collect()
}

#[tokio::test(start_paused = true)]
async fn the_latest_by_time_is_on_all_devices_of_the_person() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    let other = giulia.direct("marco").await.expect("made").room;
    let mut tablet = world.connect("giulia").await;
    for client in [&mut giulia, &mut marco, &mut tablet] {
        client.settle().await;
    }
    set(&mut giulia, room, "Ci", 10).await.expect("kept");
    assert_eq!(told(&mut tablet).await, ["Ci"]);
    set(&mut tablet, room, "Ci vediamo", 30).await.expect("kept");
    assert_eq!(told(&mut giulia).await, ["Ci", "Ci vediamo"]);
    // What comes late changes nothing, and is told to nobody.
    set(&mut giulia, room, "Ci ve", 20).await.expect("too late");
    assert_eq!(
        (told(&mut tablet).await, told(&mut marco).await),
        (vec!["Ci vediamo".to_owned()], vec![])
    );
    set(&mut giulia, other, "ciao", 40).await.expect("kept");
    for _ in 0..2 {
        let kept = [(other, "ciao".to_owned()), (room, "Ci vediamo".to_owned())];
        assert_eq!(drafts(&mut giulia).await, kept);
        assert_eq!(drafts(&mut marco).await, []);
        world.restart().await;
        [giulia, marco] = world.people(["giulia", "marco"]).await;
    }
    // What was sent does not come back with an older draft.
    set(&mut giulia, room, "", 50).await.expect("removed");
    set(&mut giulia, room, "Ci vediamo al", 45).await.expect("too late");
    assert_eq!(drafts(&mut giulia).await, [(other, "ciao".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn they_are_bounded_and_of_rooms_of_the_person() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let foreign = marco.group(&[]).await;
    assert_eq!(code(set(&mut giulia, foreign, "ciao", 1).await), ErrorCode::NotFound);
    let mut rooms = Vec::new();
    for number in 0..DRAFTS as u64 + 2 {
        let room = giulia.group(&[]).await;
        set(&mut giulia, room, "ciao", number).await.expect("kept");
        rooms.push(room);
    }
    let kept: Vec<_> = drafts(&mut giulia).await.into_iter().map(|(room, _)| room).collect();
    rooms.reverse();
    assert_eq!(kept, rooms[..DRAFTS]);
    let refused = set(&mut giulia, rooms[0], "a\u{202e}b", 100).await;
    assert_eq!(code(refused), ErrorCode::TextNotAllowed);
    // A clock that is far ahead does not keep a draft for ever.
    set(&mut giulia, rooms[0], "later", 1 << 40).await.expect("kept");
    world.clock.advance(std::time::Duration::from_secs(120));
    set(&mut giulia, rooms[0], "now", 120_000).await.expect("kept");
    assert_eq!(drafts(&mut giulia).await[0], (rooms[0], "now".to_owned()));
    let mut service = world.service().await;
    assert_eq!(code(service.ask(Command::Drafts(Empty {})).await), ErrorCode::Forbidden);
}

/// Keeps a draft in a thread.
async fn begin(
    client: &mut Client,
    place: (RoomId, Position),
    text: &str,
    time: u64,
) -> Result<Reply, Error> {
    let ((room, root), time) = (place, Timestamp(START + time));
    client
        .ask(Command::SetThreadDraft(ThreadDraft { room, root, text: Text::cut(text), time }))
        .await
}

async fn begun(client: &mut Client) -> Vec<(RoomId, Position, String)> {
    match client.ask(Command::ThreadDrafts(Empty {})).await {
        Ok(Reply::ThreadDrafts(list)) => list
            .drafts
            .iter()
            .map(|draft| (draft.room, draft.root, draft.text.to_string()))
            .collect(),
        other => panic!("answered with {other:?}"),
    }
}

async fn told_in_threads(client: &mut Client) -> Vec<(Position, String)> {
    let drafts = client.settle().await.into_iter().filter_map(|event| match event {
        Event::ThreadDraft(draft) => Some((draft.root, draft.text.to_string())),
        Event::Draft(draft) => panic!("the room has a draft: {draft:?}"),
        _ => None,
    });
    drafts.collect()
}

#[tokio::test(start_paused = true)]
async fn each_thread_has_a_draft_of_its_own() {
    let mut world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    let first = (room, giulia.send(room, "where?").await.expect("sent").position);
    let second = (room, marco.send(room, "when?").await.expect("sent").position);
    let mut tablet = world.connect("giulia").await;
    for client in [&mut giulia, &mut marco, &mut tablet] {
        client.settle().await;
    }
    for (place, words, time) in
        [(first, "At the", 10), (first, "At the bar", 30), (second, "At ten", 40)]
    {
        begin(&mut giulia, place, words, time).await.expect("kept");
        assert_eq!(told_in_threads(&mut tablet).await, [(place.1, words.to_owned())]);
    }
    // What comes late changes nothing, and is told to nobody.
    begin(&mut giulia, first, "At th", 20).await.expect("too late");
    assert_eq!(told_in_threads(&mut tablet).await, []);
    assert_eq!(told_in_threads(&mut marco).await, []);
    // That of the room is another one, and in another list.
    set(&mut giulia, room, "ciao", 50).await.expect("kept");
    for _ in 0..2 {
        let kept =
            [(room, second.1, "At ten".to_owned()), (room, first.1, "At the bar".to_owned())];
        assert_eq!(begun(&mut giulia).await, kept);
        assert_eq!(drafts(&mut giulia).await, [(room, "ciao".to_owned())]);
        assert_eq!(begun(&mut marco).await, []);
        world.restart().await;
        [giulia, marco] = world.people(["giulia", "marco"]).await;
    }
    // What was sent does not come back with an older draft.
    begin(&mut giulia, second, "", 60).await.expect("removed");
    begin(&mut giulia, second, "At te", 55).await.expect("too late");
    assert_eq!(begun(&mut giulia).await, [(room, first.1, "At the bar".to_owned())]);
    // As that of the room, it waits for a person who comes back.
    begin(&mut marco, first, "Here", 65).await.expect("kept");
    marco.leave(room).await.expect("left");
    assert_eq!(begun(&mut marco).await, [(room, first.1, "Here".to_owned())]);
    assert_eq!(code(begin(&mut marco, first, "Here!", 70).await), ErrorCode::NotFound);
}

#[tokio::test(start_paused = true)]
async fn a_draft_ends_with_the_root_of_its_thread() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = giulia.group(&["marco"]).await;
    let mut root =
        async |words: &str| (room, giulia.send(room, words).await.expect("sent").position);
    let (kept, gone) = (root("where?").await, root("when?").await);
    for place in [kept, gone] {
        begin(&mut marco, place, "ciao", 10).await.expect("kept");
    }
    let (key, position) = (giulia.key(), gone.1);
    giulia.appended(Command::Delete(Delete { key, room, position })).await.expect("deleted");
    assert_eq!(begun(&mut marco).await, [(room, kept.1, "ciao".to_owned())]);
    assert_eq!(code(begin(&mut marco, gone, "ciao!", 20).await), ErrorCode::Deleted);
    // It is not only left out, but forgotten.
    let rows: Vec<ThreadDraftRow> =
        tables::partition(world.raw_store(), ThreadDraftRow::partition(&user("marco")), 10)
            .await
            .expect("rows");
    assert_eq!(rows.iter().map(|row| row.root).collect::<Vec<_>>(), [kept.1]);
}

#[tokio::test(start_paused = true)]
async fn drafts_in_threads_are_bounded_in_a_room_and_over_all() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let foreign = marco.group(&[]).await;
    let foreign = (foreign, marco.send(foreign, "ciao").await.expect("sent").position);
    assert_eq!(code(begin(&mut giulia, foreign, "ciao", 1).await), ErrorCode::NotFound);
    let mut time = 0;
    let mut expected = Vec::new();
    let rooms = THREAD_DRAFTS / ROOM_THREAD_DRAFTS + 1;
    for _ in 0..rooms {
        let room = giulia.group(&[]).await;
        for number in 0..ROOM_THREAD_DRAFTS + 1 {
            let place = (room, giulia.send(room, "ciao").await.expect("sent").position);
            time += 1;
            begin(&mut giulia, place, "and", time).await.expect("kept");
            // The first of a room made place for its last.
            if number > 0 {
                expected.insert(0, (place.0, place.1, "and".to_owned()));
            }
        }
    }
    expected.truncate(THREAD_DRAFTS);
    assert_eq!(begun(&mut giulia).await, expected);
    // What was sent is forgotten before what is not.
    let (room, sent, _) = expected[0].clone();
    begin(&mut giulia, (room, sent), "", time + 1).await.expect("removed");
    let place = (room, giulia.send(room, "ciao").await.expect("sent").position);
    begin(&mut giulia, place, "and", time + 2).await.expect("kept");
    expected[0] = (room, place.1, "and".to_owned());
    assert_eq!(begun(&mut giulia).await, expected);
    // There is a thread, and one may write in it.
    for (position, refused) in
        [(Position(1), ErrorCode::NotFound), (Position(999), ErrorCode::NotFound)]
    {
        assert_eq!(code(begin(&mut giulia, (room, position), "x", 900).await), refused);
    }
    let send = Send::in_thread(giulia.key(), room, text("one"), place.1);
    let reply = giulia.appended(Command::Send(send)).await.expect("sent").position;
    assert_eq!(code(begin(&mut giulia, (room, reply), "x", 900).await), ErrorCode::Invalid);
    let refused = begin(&mut giulia, place, "a\u{202e}b", 900).await;
    assert_eq!(code(refused), ErrorCode::TextNotAllowed);
    let mut service = world.service().await;
    assert_eq!(code(service.ask(Command::ThreadDrafts(Empty {})).await), ErrorCode::Forbidden);
}
