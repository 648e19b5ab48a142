//! What a crash, a handover and a bad bus do to those who write.

use std::{collections::BTreeMap, time::Duration};

use caffis_conformance::bus::faulty::Plan;
use caffis_core::{
    ports::bus::{Bus, NodeId, Topic},
    tables::{self, HeadRow},
};
use caffis_schema::{
    Command, Outcome, RoomId, Text,
    command::{Anchor, History, React, Send},
};
use tokio::time::Instant;

use crate::{
    harness::text,
    several::{Several, TAKEN_OVER, check, log, send},
};

#[tokio::test(start_paused = true)]
async fn a_crash_loses_nothing_and_the_rooms_go_on() {
    let mut several = Several::start(3, 1, Plan::default()).await;
    let mut marco = several.connect(2, "marco").await;
    let mut giulia = several.connect(1, "giulia").await;
    let mut rooms = Vec::new();
    for _ in 0..12 {
        rooms.push(giulia.group(&["marco"]).await);
    }
    let mut written: BTreeMap<RoomId, Vec<String>> = BTreeMap::new();
    for (round, crashed) in [3, 1].into_iter().enumerate() {
        if crashed == 1 {
            giulia = several.connect(2, "giulia").await;
        }
        for room in &rooms {
            for client in [&mut giulia, &mut marco] {
                let said = written.entry(*room).or_default();
                said.push(format!("before {round}, {}", said.len()));
                send(client, *room, said.last().expect("said")).await;
            }
        }
        let orphaned: Vec<_> =
            rooms.iter().copied().filter(|room| several.owner(*room) == crashed).collect();
        assert!(!orphaned.is_empty(), "no room belongs to node {crashed}");
        several.crash(crashed);
        for room in &rooms {
            let said = written.entry(*room).or_default();
            said.push(format!("after {round}, {}", said.len()));
            let took = send(&mut marco, *room, said.last().expect("said")).await;
            let most = if orphaned.contains(room) { TAKEN_OVER } else { Duration::ZERO };
            assert!(took <= most + Duration::from_millis(100), "{took:?}");
        }
    }
    for room in rooms {
        let log = log(&mut marco, room).await;
        check(&log, &written[&room]);
        let texts = log.iter().filter(|(_, text)| !text.is_empty()).map(|(_, text)| text);
        assert!(texts.eq(&written[&room]), "as they were written");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_crashed_node_was_asked_is_given_up_when_its_rooms_have_another_owner() {
    let mut several = Several::start(3, 6, Plan::default()).await;
    let mut giulia = several.connect(1, "giulia").await;
    let mut rooms = Vec::new();
    for _ in 0..12 {
        rooms.push(giulia.group(&["giulia"]).await);
    }
    rooms.retain(|room| several.owner(*room) == 3);
    let mut commands = Vec::new();
    for room in &rooms {
        let (key, body) = (giulia.key(), text("ciao"));
        let page = History { room: *room, anchor: Anchor::Latest, limit: 10 };
        for command in [Command::Send(Send::new(key, *room, body)), Command::History(page)] {
            commands.push((several.connect(1, "giulia").await, command));
        }
    }
    several.faults.set_plan(Plan { lost_replies: 1_000, ..Plan::default() });
    let mut asked = Vec::new();
    for (mut client, command) in commands {
        asked.push((client.start(command).await, client));
    }
    tokio::time::sleep(Duration::from_millis(5)).await;
    let start = Instant::now();
    several.crash(3);
    several.faults.set_plan(Plan::default());
    let mut unknown = 0;
    for (id, mut client) in asked {
        let answer = client.answer(id).await;
        unknown += usize::from(answer.is_err_and(|error| error.outcome == Outcome::Unknown));
    }
    assert!(start.elapsed() <= TAKEN_OVER + Duration::from_secs(1), "{:?}", start.elapsed());
    assert!(unknown > 0, "no question was under way");
    for room in rooms {
        assert!(send(&mut giulia, room, "again").await <= Duration::from_secs(2));
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_leaves_stops_nothing() {
    let several = Several::start(3, 2, Plan::default()).await;
    let mut marco = several.connect(2, "marco").await;
    let mut giulia = several.connect(1, "giulia").await;
    let mut rooms = Vec::new();
    for _ in 0..12 {
        rooms.push(giulia.group(&["marco"]).await);
    }
    assert!(rooms.iter().any(|room| several.owner(*room) == 3), "no room belongs to node 3");
    let leaving = several.nodes[&3].cluster.clone();
    let left = tokio::spawn(async move { leaving.leave(Duration::from_secs(5)).await });
    let mut longest = Duration::ZERO;
    let mut written: BTreeMap<RoomId, Vec<String>> = BTreeMap::new();
    for round in 0..20 {
        for room in &rooms {
            let said = format!("{round}");
            longest = longest.max(send(&mut giulia, *room, &said).await);
            written.entry(*room).or_default().push(said);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    left.await.expect("left");
    assert!(longest <= Duration::from_millis(100), "{longest:?}");
    for room in rooms {
        assert!([1, 2].contains(&several.owner(room)));
        check(&log(&mut marco, room).await, &written[&room]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_loses_and_doubles_loses_and_doubles_no_message() {
    let plan = Plan {
        lost: 100,
        doubled: 100,
        lost_requests: 50,
        lost_replies: 50,
        delay: Duration::from_millis(20),
    };
    for seed in 1..=20 {
        let several = Several::start(2, seed, Plan::default()).await;
        let mut giulia = several.connect(1, "giulia").await;
        let mut marco = several.connect(2, "marco").await;
        let room = giulia.group(&["marco"]).await;
        several.faults.set_plan(plan.clone());
        let mut written = Vec::new();
        for number in 0..30 {
            for (name, client) in [("giulia", &mut giulia), ("marco", &mut marco)] {
                written.push(format!("{name} {number}"));
                send(client, room, written.last().expect("written")).await;
            }
        }
        several.faults.set_plan(Plan::default());
        // Long enough for every audit.
        tokio::time::sleep(Duration::from_secs(20)).await;
        for client in [&mut giulia, &mut marco] {
            check(&log(client, room).await, &written);
            // What was delivered came in order; what is missing was announced.
            let mut heard = 0;
            let mut announced = 0;
            for event in client.settle().await {
                match event {
                    caffis_schema::Event::Entry(entry) => {
                        assert!(entry.entry.position.get() > heard, "seed {seed}");
                        heard = entry.entry.position.get();
                    }
                    caffis_schema::Event::Behind(head) => announced = head.head.get(),
                    _ => {}
                }
            }
            assert!(heard.max(announced) == 61, "seed {seed}: {heard}, {announced}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn reactors_go_on_where_a_crashed_node_stopped() {
    let mut several = Several::start(3, 5, Plan::default()).await;
    let mut giulia = several.connect(1, "giulia").await;
    let mut rooms = Vec::new();
    for _ in 0..12 {
        rooms.push(giulia.group(&["giulia"]).await);
    }
    several.pass(Duration::from_secs(150)).await;
    let mut giulia = several.connect(1, "giulia").await;
    for room in &rooms {
        send(&mut giulia, *room, "the last words").await;
    }
    several.crash(2);
    several.crash(3);
    let hint = async |room: RoomId| {
        let key = HeadRow::key(&room);
        let row = tables::get::<HeadRow>(&*several.store, key).await.expect("read");
        row.expect("a hint").position.get()
    };
    let mut behind = 0;
    for room in &rooms {
        behind += usize::from(hint(*room).await < 2);
    }
    assert!(behind > 3, "only {behind} hints are behind");
    several.pass(Duration::from_secs(240)).await;
    for room in &rooms {
        assert_eq!(hint(*room).await, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_takeover_tells_nobody_again_that_they_are_in_a_room() {
    let mut several = Several::start(2, 7, Plan::default()).await;
    let mut giulia = several.connect(1, "giulia").await;
    several.connect(1, "anna").await.leave_session().await;
    let room = loop {
        let room = giulia.group(&["anna"]).await;
        if several.owner(room) == 2 {
            break room;
        }
    };
    let position = giulia.send(room, "ciao").await.expect("sent").position;
    let (key, emoji) = (giulia.key(), Text::cut("☕"));
    let reaction = Command::React(React { key, room, position, emoji, add: true });
    giulia.appended(reaction).await.expect("appended");
    several.pass(Duration::from_secs(30)).await;
    // The last entry names nobody: the members were told long ago, however many they are.
    let mut news = several.network.node(NodeId::from_random(99)).subscribe();
    news.add(&[Topic::new("person/anna").expect("a topic")]).await.expect("subscribed");
    several.crash(2);
    several.pass(TAKEN_OVER).await;
    send(&mut giulia, room, "again").await;
    let heard = tokio::time::timeout(Duration::from_secs(10), news.next()).await;
    assert!(heard.is_err(), "{:?}", heard.ok());
}
