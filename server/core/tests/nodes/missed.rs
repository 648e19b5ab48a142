//! News that the bus loses: what everybody has to learn reaches every node all the same, and soon.

use std::time::Duration;

use caffis_conformance::bus::faulty::Plan;
use caffis_core::{
    ports::clock::Clock,
    tables::{self, PlacementRow},
};
use caffis_schema::{
    CloseCode, Command, Event, RoomId,
    placement::{Placement, SetPlacement},
};
use tokio::time::Instant;

use crate::{
    client::Client,
    harness::user,
    several::{Several, TAKEN_OVER},
};

/// A room of a node, with another member.
async fn group_of(several: &Several, client: &mut Client, owner: usize, member: &str) -> RoomId {
    loop {
        let room = client.group(&[member]).await;
        if several.owner(room) == owner {
            return room;
        }
    }
}

/// Eight rooms of a node, with marco, who has heard of all of them.
async fn groups_of(
    several: &Several,
    client: &mut Client,
    owner: usize,
    marco: &mut Client,
) -> Vec<RoomId> {
    let mut rooms = Vec::new();
    for _ in 0..8 {
        rooms.push(group_of(several, client, owner, "marco").await);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    marco.settle().await;
    rooms
}

/// Waits for the news that a person is in a room now; gives how long it took.
async fn added(client: &mut Client, room: RoomId) -> Duration {
    let start = Instant::now();
    loop {
        if let Event::RoomAdded(added) = client.event().await
            && added.room == room
        {
            return start.elapsed();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_room_is_placed_also_where_the_news_of_where_it_was_is_lost() {
    let several = Several::start(2, 5, Plan::default()).await;
    let mut devices = [several.connect(1, "giulia").await, several.connect(2, "giulia").await];
    let room = devices[0].group(&["giulia"]).await;
    several.faults.lose_topics(&["person/"]);
    // A node that has just claimed rooms writes with stamps ahead of its clock, until the clock is there.
    several.pass(Duration::from_secs(60)).await;
    // Each time the other node still believes that the room is where it is to be put now.
    for (device, placement) in
        [(1, Placement::Pinned), (0, Placement::Listed), (1, Placement::Pinned)]
    {
        let command = Command::SetPlacement(SetPlacement { room, placement });
        devices[device].ask(command).await.expect("placed");
        let key = PlacementRow::key(&user("giulia"), &room);
        let row = tables::get::<PlacementRow>(&*several.store, key).await.expect("read");
        assert_eq!(row.map(|row| row.placement).unwrap_or_default(), placement);
    }
}

#[tokio::test(start_paused = true)]
async fn a_room_of_which_the_news_was_lost_is_there_a_moment_later() {
    let several = Several::start(2, 5, Plan::default()).await;
    let mut giulia = several.connect(1, "giulia").await;
    let mut marco = several.connect(2, "marco").await;
    several.faults.lose_topics(&["person/"]);
    let mut rooms = Vec::new();
    for owner in [1, 2] {
        let room = group_of(&several, &mut giulia, owner, "marco").await;
        rooms.push(room);
        let took = added(&mut marco, room).await;
        assert!(took <= Duration::from_secs(3), "owner {owner}: {took:?}");
        giulia.send(room, "ciao").await.expect("sent");
        assert_eq!(marco.heard().await, ["ciao"]);
    }
    // Nothing comes twice.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let again = marco.settle().await.into_iter();
    let again = again.filter(|event| match event {
        Event::RoomAdded(added) => rooms.contains(&added.room),
        _ => false,
    });
    assert_eq!(again.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_device_hears_of_a_room_that_another_one_found_in_its_list() {
    let several = Several::start(2, 5, Plan::default()).await;
    let mut giulia = several.connect(1, "giulia").await;
    let mut marco = several.connect(2, "marco").await;
    several.faults.lose_topics(&["person/"]);
    let room = group_of(&several, &mut giulia, 1, "marco").await;
    let mut phone = several.connect(2, "marco").await;
    assert!(phone.welcome().rooms.iter().any(|listed| listed.room == room));
    let took = added(&mut marco, room).await;
    assert!(took <= Duration::from_secs(1), "{took:?}");
    giulia.send(room, "ciao").await.expect("sent");
    assert_eq!(
        (marco.heard().await, phone.heard().await),
        (vec!["ciao".into()], vec!["ciao".into()])
    );
    // Nothing comes twice, and nothing that the welcome said.
    tokio::time::sleep(Duration::from_secs(5)).await;
    for device in [&mut marco, &mut phone] {
        let again = device.settle().await;
        assert!(!again.iter().any(|event| matches!(event, Event::RoomAdded(_))), "{again:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_recap_that_was_lost_too_is_asked_for() {
    let several = Several::start(2, 6, Plan::default()).await;
    let mut giulia = several.connect(1, "giulia").await;
    let mut marco = several.connect(2, "marco").await;
    let lossy = Plan { lost: 1_000, ..Plan::default() };
    several.faults.set_plan(lossy.clone());
    let room = group_of(&several, &mut giulia, 1, "marco").await;
    // Shorter than a node has to be silent to be given up.
    tokio::time::sleep(Duration::from_secs(4)).await;
    marco.settle().await;
    several.faults.set_plan(Plan::default());
    let took = added(&mut marco, room).await;
    assert!(took <= Duration::from_secs(2), "{took:?}");
    // Longer; and so many recaps were told that not all are kept.
    for _ in 0..70 {
        group_of(&several, &mut giulia, 1, "marco").await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        marco.settle().await;
    }
    several.faults.set_plan(lossy);
    let room = group_of(&several, &mut giulia, 1, "marco").await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    marco.settle().await;
    several.faults.set_plan(Plan::default());
    let took = added(&mut marco, room).await;
    assert!(took <= Duration::from_secs(2), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_room_of_which_its_node_told_nobody_before_it_died_is_there_all_the_same() {
    let mut several = Several::start(3, 9, Plan::default()).await;
    let mut giulia = several.connect(1, "giulia").await;
    let mut marco = several.connect(2, "marco").await;
    several.faults.lose_topics(&["person/"]);
    let room = group_of(&several, &mut giulia, 3, "marco").await;
    several.crash(3);
    let took = added(&mut marco, room).await;
    assert!(took <= TAKEN_OVER + Duration::from_secs(2), "{took:?}");
}

/// Waits until a client has an entry of each room, or knows that it is behind; gives how long it took.
async fn told(client: &mut Client, rooms: &[RoomId], position: u64) -> Duration {
    let (start, mut left) = (Instant::now(), rooms.to_vec());
    while !left.is_empty() {
        assert!(start.elapsed() < Duration::from_secs(120), "nothing came of {left:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
        for event in client.settle().await {
            let (room, reached) = match event {
                Event::Entry(entry) => (entry.room, entry.entry.position),
                Event::Behind(head) => (head.room, head.head),
                _ => continue,
            };
            left.retain(|left| *left != room || reached.get() < position);
        }
    }
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn what_a_node_did_not_tell_before_it_died_is_told_by_the_next() {
    let mut several = Several::start(3, 10, Plan::default()).await;
    let mut giulia = several.connect(1, "giulia").await;
    let mut marco = several.connect(2, "marco").await;
    let rooms = groups_of(&several, &mut giulia, 3, &mut marco).await;
    giulia.settle().await;
    several.faults.lose_topics(&["room/"]);
    for room in &rooms {
        giulia.send(*room, "the last words").await.expect("sent");
    }
    several.crash(3);
    several.faults.lose_topics(&[]);
    // Nobody asks for the rooms.
    let start = Instant::now();
    for client in [&mut giulia, &mut marco] {
        told(client, &rooms, 2).await;
    }
    let took = start.elapsed();
    assert!(took <= TAKEN_OVER + Duration::from_secs(1), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn what_a_node_did_not_tell_before_it_left_is_found_within_a_minute() {
    let several = Several::start(3, 11, Plan::default()).await;
    let mut giulia = several.connect(1, "giulia").await;
    let mut marco = several.connect(2, "marco").await;
    let rooms = groups_of(&several, &mut giulia, 3, &mut marco).await;
    several.faults.lose_topics(&["room/"]);
    for room in &rooms {
        giulia.send(*room, "the last words").await.expect("sent");
    }
    several.leave(3).await;
    several.faults.lose_topics(&[]);
    assert!(rooms.iter().all(|room| several.owner(*room) != 3));
    let took = told(&mut marco, &rooms, 2).await;
    assert!(took <= Duration::from_secs(70), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn who_opens_a_room_takes_nothing_from_its_members() {
    let several = Several::start(2, 12, Plan::default()).await;
    let mut giulia = several.connect(1, "giulia").await;
    let [mut marco, mut again] =
        [several.connect(2, "marco").await, several.connect(2, "marco").await];
    let room = group_of(&several, &mut giulia, 1, "marco").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    marco.settle().await;
    several.faults.lose_topics(&["room/"]);
    giulia.send(room, "ciao").await.expect("sent");
    again.open(room).await.expect("opened");
    assert!(told(&mut marco, &[room], 2).await <= Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn who_opens_a_room_does_not_hide_that_another_was_removed() {
    let several = Several::start(2, 13, Plan::default()).await;
    let mut giulia = several.connect(1, "giulia").await;
    let [mut marco, mut anna] =
        [several.connect(2, "marco").await, several.connect(2, "anna").await];
    let room = loop {
        let room = giulia.group(&["marco", "anna"]).await;
        if several.owner(room) == 1 {
            break room;
        }
    };
    tokio::time::sleep(Duration::from_secs(1)).await;
    marco.settle().await;
    several.faults.lose_topics(&["room/"]);
    giulia.remove(room, "marco").await.expect("removed");
    anna.open(room).await.expect("opened");
    let start = Instant::now();
    loop {
        match marco.event().await {
            Event::RoomRemoved(removed) if removed.room == room => break,
            _ => {}
        }
    }
    assert!(start.elapsed() <= Duration::from_secs(1), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_room_that_somebody_left_meanwhile_is_not_added() {
    let several = Several::start(2, 7, Plan::default()).await;
    let mut giulia = several.connect(1, "giulia").await;
    let mut marco = several.connect(2, "marco").await;
    several.faults.lose_topics(&["person/"]);
    let room = group_of(&several, &mut giulia, 1, "marco").await;
    giulia.remove(room, "marco").await.expect("removed");
    tokio::time::sleep(Duration::from_secs(5)).await;
    let heard = marco.settle().await;
    let of_room = |event: &Event| matches!(event, Event::RoomAdded(added) if added.room == room);
    assert!(!heard.iter().any(of_room), "{heard:?}");
    assert!(marco.listed(room).await.is_none());
}

/// Whether the last news of a room said that the person is in it.
fn thinks_to_be_in(heard: &[Event], room: RoomId) -> bool {
    let last = heard.iter().rev().find_map(|event| match event {
        Event::RoomAdded(added) if added.room == room => Some(true),
        Event::RoomRemoved(removed) if removed.room == room => Some(false),
        _ => None,
    });
    last.unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn news_of_a_room_that_comes_after_the_removal_is_ignored() {
    for opened in [true, false] {
        let several = Several::start(2, 14, Plan::default()).await;
        let mut giulia = several.connect(1, "giulia").await;
        let [mut marco, mut anna] =
            [several.connect(2, "marco").await, several.connect(2, "anna").await];
        // The recaps of the first seconds tell of the room before this news arrives.
        several.faults.delay_topics("person/", Duration::from_secs(6));
        let room = loop {
            let room = giulia.group(&["marco", "anna"]).await;
            if several.owner(room) == 1 {
                break room;
            }
        };
        for client in [&mut marco, &mut anna] {
            added(client, room).await;
        }
        if opened {
            anna.open(room).await.expect("opened");
        }
        giulia.remove(room, "marco").await.expect("removed");
        tokio::time::sleep(Duration::from_secs(30)).await;
        let heard = marco.settle().await;
        let left = |event: &Event| matches!(event, Event::RoomRemoved(gone) if gone.room == room);
        assert!(heard.iter().any(left), "{heard:?}");
        assert!(!thinks_to_be_in(&heard, room), "{heard:?}");
        giulia.send(room, "among us").await.expect("sent");
        assert_eq!(anna.heard().await, ["among us"]);
        assert!(marco.heard().await.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_hears_of_the_room_although_earlier_news_comes_late() {
    let several = Several::start(2, 15, Plan::default()).await;
    let mut giulia = several.connect(1, "giulia").await;
    let [mut marco, mut anna] =
        [several.connect(2, "marco").await, several.connect(2, "anna").await];
    several.faults.delay_topics("person/", Duration::from_secs(6));
    let room = loop {
        let room = giulia.group(&["marco", "anna"]).await;
        if several.owner(room) == 1 {
            break room;
        }
    };
    added(&mut marco, room).await;
    anna.open(room).await.expect("opened");
    giulia.remove(room, "marco").await.expect("removed");
    giulia.add(room, &["marco"]).await.expect("added");
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert!(thinks_to_be_in(&marco.settle().await, room));
    giulia.send(room, "ciao").await.expect("sent");
    assert_eq!(marco.heard().await, ["ciao"]);
}

#[tokio::test(start_paused = true)]
async fn a_revocation_reaches_every_node_although_its_news_is_lost() {
    for suspended in [false, true] {
        let several = Several::start(2, 8, Plan::default()).await;
        let mut giulia = several.connect(1, "giulia").await;
        let mut marco = several.connect(1, "marco").await;
        several.faults.lose_topics(&["person/"]);
        let before = several.clock.now() + 1;
        several.nodes[&2].core.revoke(&user("giulia"), before).await.expect("revoked");
        if suspended {
            // Longer than the rows of recent revocations are kept.
            several.clock.advance(Duration::from_secs(2 * 3_600));
        }
        let start = Instant::now();
        assert_eq!(giulia.raw.closed().await, CloseCode::Revoked);
        assert!(start.elapsed() <= Duration::from_secs(6), "{:?}", start.elapsed());
        assert!(marco.settle().await.len() < 1_000, "others stay");
    }
}
