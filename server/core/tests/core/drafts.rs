//! What people have written and not sent.

use caffis_schema::{
    Command, Error, ErrorCode, Event, Reply, RoomId, Text, Timestamp, limits::DRAFTS, open::Empty,
    room::Draft,
};

use crate::{
    client::Client,
    harness::{START, World, code},
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
