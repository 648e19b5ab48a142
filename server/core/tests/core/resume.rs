//! Catching up after a break.

use std::time::Duration;

use caffis_conformance::faulty::{Fault, Plan};
use caffis_core::Settings;
use caffis_schema::{
    Command, List, Position, Reply, RoomId,
    command::{Cursor, Resume},
    reply::{Resumed, Standing},
};

use crate::client::Client;
use crate::harness::{World, unhurried};

async fn filled(giulia: &mut Client, messages: u64) -> RoomId {
    let room = giulia.group(&["marco"]).await;
    for index in 0..messages {
        giulia.send(room, &format!("{index}")).await.expect("sent");
    }
    giulia.settle().await;
    room
}

fn positions(resumed: &Resumed) -> Vec<u64> {
    resumed.entries.iter().map(|entry| entry.position.get()).collect()
}

#[tokio::test(start_paused = true)]
async fn what_was_missed_comes_whole() {
    let mut world = World::unhurried().await;
    let [mut giulia, marco] = world.people(["giulia", "marco"]).await;
    drop(marco);
    let room = filled(&mut giulia, 30).await;
    for round in ["from memory", "from the store"] {
        for position in 0..=31 {
            let cursors = vec![Cursor { room, position: Position(position), open: false }];
            let marco = world.connect_at("marco", cursors).await;
            let resumed = &marco.welcome().resumed[0];
            assert_eq!(resumed.standing, Standing::Complete, "{position} {round}");
            assert_eq!(positions(resumed), (position + 1..=31).collect::<Vec<_>>());
            assert_eq!((resumed.more, resumed.head.get()), (false, 31));
            marco.leave_session().await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        world.restart().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_is_asked_for_again() {
    let world = World::unhurried().await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = filled(&mut giulia, 450).await;
    marco.settle().await;
    let mut have = 1;
    let mut answers = 0;
    loop {
        let resumed = marco.resume(room, have).await;
        assert_eq!(resumed.standing, Standing::Complete);
        let found = positions(&resumed);
        assert!(found.iter().copied().eq(have + 1..have + 1 + found.len() as u64), "a gap");
        have += found.len() as u64;
        answers += 1;
        if !resumed.more {
            break;
        }
    }
    assert_eq!((have, answers), (451, 5));
}

#[tokio::test(start_paused = true)]
async fn too_much_or_from_the_future_is_reset() {
    let world = World::with(Settings { resume_entries: 20, ..unhurried() }).await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = filled(&mut giulia, 30).await;
    for (position, expected) in [
        (10, Standing::Reset),
        (11, Standing::Complete),
        (31, Standing::Complete),
        (32, Standing::Reset),
        (1 << 50, Standing::Reset),
    ] {
        let resumed = marco.resume(room, position).await;
        assert_eq!((resumed.standing, resumed.head.get()), (expected, 31), "{position}");
    }
    let nowhere = marco.resume(RoomId::from_random(99), 1).await;
    assert_eq!(nowhere.standing, Standing::Gone);
}

#[tokio::test(start_paused = true)]
async fn entries_that_were_kept_for_a_time_only_make_a_reset_and_positions_stay_given() {
    let mut world = World::unhurried().await;
    let [mut giulia, marco, _anna] = world.people(["giulia", "marco", "anna"]).await;
    drop(marco);
    let room = filled(&mut giulia, 3).await;
    giulia.add(room, &["anna"]).await.expect("position 5");
    giulia.send(room, "between").await.expect("position 6");
    giulia.remove(room, "anna").await.expect("position 7");
    tokio::time::sleep(Duration::from_secs(2)).await;
    world.clock.advance(Settings::default().entry_retention + Duration::from_secs(1));
    world.restart().await;
    let mut marco = world.connect("marco").await;
    for (position, expected) in [
        (3, Standing::Reset),
        (4, Standing::Reset),
        (6, Standing::Reset),
        (7, Standing::Complete),
        (8, Standing::Reset),
    ] {
        assert_eq!(marco.resume(room, position).await.standing, expected, "{position}");
    }
    assert_eq!(marco.positions(room).await, [2, 3, 4, 6]);
    let sent = marco.send(room, "after").await.expect("sent");
    assert_eq!((sent.position.get(), sent.number.get()), (8, 5));
    assert_eq!(marco.resume(room, 7).await.standing, Standing::Complete);
    assert_eq!(marco.resume(room, 6).await.standing, Standing::Reset);
}

#[tokio::test(start_paused = true)]
async fn a_room_that_cannot_be_read_now_is_asked_for_later() {
    let mut world = World::unhurried().await;
    let [mut giulia, marco] = world.people(["giulia", "marco"]).await;
    drop(marco);
    let room = filled(&mut giulia, 150).await;
    world.restart().await;
    let mut marco = world.connect("marco").await;
    // What follows the rooms has read what it reads at a start.
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.faults.fail_next_read(Fault::Unavailable);
    assert_eq!(marco.resume(room, 1).await.standing, Standing::Later);
    assert_eq!(marco.resume(room, 1).await.standing, Standing::Complete);
}

#[tokio::test(start_paused = true)]
async fn opening_by_cursor_leaves_nothing_between() {
    let world = World::with(Settings { small_room_members: 1, ..unhurried() }).await;
    let [mut giulia, mut marco] = world.people(["giulia", "marco"]).await;
    let room = filled(&mut giulia, 5).await;
    world.faults.set_plan(Plan { delay: Duration::from_millis(5), ..Plan::default() });
    let cursors = List::cut(vec![Cursor { room, position: Position(3), open: true }]);
    let id = marco.start(Command::Resume(Resume { cursors })).await;
    let mut sent = Vec::new();
    for index in 0..20 {
        sent.push(giulia.send(room, &format!("later {index}")).await.expect("sent").position);
    }
    let Ok(Reply::Resumed(resumed)) = marco.answer(id).await else { panic!("resumed") };
    let mut have = positions(&resumed.rooms[0]);
    assert_eq!(resumed.rooms[0].standing, Standing::Complete);
    for event in marco.settle().await {
        if let caffis_schema::Event::Entry(entry) = event {
            have.push(entry.entry.position.get());
        }
    }
    have.sort_unstable();
    have.dedup();
    assert_eq!(have, (4..=(*sent.last().expect("some")).get()).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn many_rooms_at_once_share_a_frame() {
    let world = World::unhurried().await;
    let [mut giulia, marco] = world.people(["giulia", "marco"]).await;
    drop(marco);
    let long = "👩".repeat(8_000);
    let mut cursors = Vec::new();
    for _ in 0..30 {
        let room = giulia.group(&["marco"]).await;
        giulia.send(room, &long).await.expect("sent");
        giulia.settle().await;
        cursors.push(Cursor { room, position: Position(0), open: false });
    }
    let mut have = vec![0; cursors.len()];
    let mut rounds = 0;
    while have.iter().any(|count| *count < 2) {
        // Hello says it all in one frame, however much there is.
        let mut marco = world.connect_at("marco", cursors.clone()).await;
        for (index, resumed) in marco.welcome().resumed.clone().iter().enumerate() {
            assert_eq!(resumed.standing, Standing::Complete);
            have[index] += resumed.entries.len();
            cursors[index].position += resumed.entries.len() as u64;
            assert_eq!(resumed.more, have[index] < 2);
        }
        marco.settle().await;
        marco.leave_session().await;
        rounds += 1;
        assert!(rounds < 30, "no progress");
    }
}
