//! kill -9 of the server under load, again and again: what was acknowledged is there, once, at its
//! position, for everyone; what was refused is not; and every doubt is settled.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use caffis_client::{CallError, Client};
use caffis_schema::{
    Body, ClientId, Position, RoomId, Text, command::Anchor, event::TextBody, reply::Appended,
    room::ClientKey,
};

use crate::{
    common::{Over, Person, Server, Setup, soon},
    friend::{Friend, message, text},
};

const ROUNDS: u32 = 20;
/// Messages that each sender has under way.
const LANES: usize = 3;
const USERS: [&str; 6] = ["giulia", "marco", "luca", "aiko", "nadia", "yousef"];

/// What the senders know.
#[derive(Default)]
struct Known {
    acked: Vec<(Appended, ClientKey, String)>,
    refused: BTreeSet<ClientId>,
}

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
            senders.push(tokio::spawn(send(friend.client.clone(), room, name, known, stop)));
        }
    }
    let mut chance = 7_u64;
    for round in 1..=ROUNDS {
        chance =
            chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let before = known.lock().unwrap().acked.len();
        tokio::time::sleep(Duration::from_millis(200 + (chance >> 33) % 500)).await;
        progress(&known, before, round).await;
        server.kill().await;
        server = setup.start().await;
    }
    let before = known.lock().unwrap().acked.len();
    progress(&known, before, ROUNDS + 1).await;
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

/// Waits until everybody had something acknowledged since, so that no round passes without load.
async fn progress(known: &Mutex<Known>, before: usize, round: u32) {
    let progress = async {
        loop {
            let active: BTreeSet<String> = {
                let acked = &known.lock().unwrap().acked;
                let names = acked[before..].iter().filter_map(|(.., text)| text.split(' ').next());
                names.map(str::to_owned).collect()
            };
            if active.len() == USERS.len() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    soon(&format!("everybody's acknowledgement in round {round}"), progress).await;
}

/// Sends one message after the other.
async fn send(
    client: Client,
    room: RoomId,
    name: String,
    known: Arc<Mutex<Known>>,
    stop: Arc<AtomicBool>,
) {
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        number += 1;
        let (key, text) = (client.key(room), format!("{name} {number}"));
        let body = Body::Text(TextBody { text: Text::new(text.as_str()).unwrap() });
        match client.send(room, key, body).await {
            Ok(appended) => known.lock().unwrap().acked.push((appended, key, text)),
            Err(CallError::Refused(_)) => {
                known.lock().unwrap().refused.insert(key.id);
            }
            Err(error) => panic!("{error}"),
        }
        // A pause keeps the log of a room short enough to be compared six times.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// One room, as everybody heard it and as the server has it.
async fn check_room(friends: &[Friend], room: RoomId, known: &Known) {
    let head = stored_head(&friends[0], room).await;
    let mut reference: Option<BTreeMap<Position, (ClientId, String)>> = None;
    for friend in friends {
        friend.until("the room's head", |heard| (heard.head(room) >= head).then_some(())).await;
        friend.is_whole();
        let log = friend.heard(|heard| {
            assert_eq!(heard.resets, [] as [RoomId; 0], "nobody was away for long");
            let log = &heard.rooms[&room];
            let dense = log.keys().map(|position| position.get()).eq(1..=head.get());
            assert!(dense, "{} has gaps", friend.user);
            let messages = log.values().filter_map(|entry| Some((entry.position, message(entry)?)));
            let mut numbers = Vec::new();
            let mut texts = BTreeMap::new();
            for (position, message) in messages {
                numbers.push(message.number);
                texts.insert(position, (message.key.unwrap().id, text(message)));
            }
            assert!(
                numbers.iter().map(|number| number.get()).eq(1..=numbers.len() as u64),
                "numbers have gaps"
            );
            texts
        });
        match &reference {
            None => reference = Some(log),
            Some(reference) => assert!(*reference == log, "{} sees another order", friend.user),
        }
    }
    let log = reference.unwrap();
    let ids: BTreeSet<ClientId> = log.values().map(|(id, _)| *id).collect();
    assert_eq!(ids.len(), log.len(), "a message is there twice");
    let mut acked = 0;
    for (appended, key, text) in known.acked.iter().filter(|(done, ..)| done.room == room) {
        assert_eq!(log.get(&appended.position), Some(&(key.id, text.clone())));
        acked += 1;
    }
    assert_eq!(acked, log.len(), "a message is there that was never acknowledged");
    assert!(ids.is_disjoint(&known.refused), "a message is there that was refused");
}

async fn stored_head(friend: &Friend, room: RoomId) -> Position {
    let page = friend.client.history(room, Anchor::Latest, 1);
    soon("the head", page).await.unwrap().head
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
