//! kill -9 of the server under load, again and again: what was acknowledged is there, once, at its
//! position, for everyone; what was refused is not; and every doubt is settled.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crate::{
    common::{Over, Person, Server, Setup, soon},
    friend::Friend,
    load::{Known, PAUSE, check_room, progress, send},
};

const ROUNDS: u32 = 20;
/// Messages that each sender has under way.
const LANES: usize = 3;
const USERS: [&str; 6] = ["giulia", "marco", "luca", "aiko", "nadia", "yousef"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_twenty_times_loses_nothing_and_doubles_nothing() {
    let setup = Setup::dev().flags(&[
        "--messages-per-second",
        "100000",
        "--commands-per-second",
        "100000",
        "--address-connects-per-second",
        "100000",
        // Nobody is away for too long to be caught up.
        "--resume-entries",
        "100000",
    ]);
    let mut server = setup.start().await;
    let setup = setup.flags(&["--listen", &server.tcp().to_string()]);
    let mut friends = Vec::new();
    for (index, user) in USERS.into_iter().enumerate() {
        let over = if index % 2 == 0 { Over::Quic } else { Over::WebSocket };
        friends.push(Friend::enter(&server, user, over).await);
    }
    let everybody: Vec<&Friend> = friends[1..].iter().collect();
    let rooms = [friends[0].group(&everybody).await, friends[0].group(&everybody).await];

    let known: Arc<Mutex<Known>> = Arc::default();
    let stop = Arc::new(AtomicBool::new(false));
    let mut senders = Vec::new();
    for (index, friend) in friends.iter().enumerate() {
        for lane in 0..LANES {
            let name = format!("{} {lane}", friend.user);
            let room = rooms[(index + lane) % rooms.len()];
            let (known, stop) = (Arc::clone(&known), Arc::clone(&stop));
            senders.push(tokio::spawn(send(friend.client.clone(), room, name, known, stop, PAUSE)));
        }
    }
    let mut chance = 7_u64;
    for round in 1..=ROUNDS {
        chance =
            chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let before = known.lock().unwrap().acked.len();
        tokio::time::sleep(Duration::from_millis(200 + (chance >> 33) % 500)).await;
        progress(&known, before, USERS.len(), &format!("in round {round}")).await;
        server.kill().await;
        server = setup.start().await;
    }
    let before = known.lock().unwrap().acked.len();
    progress(&known, before, USERS.len(), "at the end").await;
    stop.store(true, Ordering::Relaxed);
    for sender in senders {
        soon("the last answers", sender).await.unwrap();
    }
    let known = std::mem::take(&mut *known.lock().unwrap());
    eprintln!(
        "{ROUNDS} kills, {} acknowledged, {} refused, {} sessions",
        known.acked.len(),
        known.refused.len(),
        friends.iter().map(|friend| friend.heard(|heard| heard.sessions())).sum::<usize>(),
    );
    for room in rooms {
        check_room(&friends, room, &known).await;
    }
    check_resends(&server, &known).await;
}

/// The same id gets the same answer, from whatever process.
async fn check_resends(server: &Server, known: &Known) {
    let mut people = BTreeMap::new();
    for (appended, key, text) in known.acked.iter().step_by(known.acked.len() / 30 + 1) {
        let user = text.split(' ').next().unwrap();
        if !people.contains_key(user) {
            people.insert(user, Person::enter(server, user, Over::WebSocket).await);
        }
        let person = people.get_mut(user).unwrap();
        assert_eq!(&person.say_again(appended.room, text, *key).await.unwrap(), appended);
    }
}
