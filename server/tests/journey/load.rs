//! Load, and what has to be true after it whatever happened meanwhile: what was acknowledged is there, once,
//! at its position, for everyone; what was refused is not.

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
    common::soon,
    friend::{Friend, message, text},
};

/// What the senders know.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) acked: Vec<(Appended, ClientKey, String)>,
    pub(crate) refused: BTreeSet<ClientId>,
}

/// Waits until everybody had something acknowledged since, so that no round passes without load.
pub(crate) async fn progress(known: &Mutex<Known>, before: usize, senders: usize, when: &str) {
    let progress = async {
        loop {
            let active: BTreeSet<String> = {
                let acked = &known.lock().unwrap().acked;
                let names = acked[before..].iter().filter_map(|(.., text)| text.split(' ').next());
                names.map(str::to_owned).collect()
            };
            if active.len() == senders {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    soon(&format!("everybody's acknowledgement {when}"), progress).await;
}

/// A pause between two messages that keeps the log of a room short enough to be compared six times.
pub(crate) const PAUSE: Duration = Duration::from_millis(5);

/// Sends one message after the other.
pub(crate) async fn send(
    client: Client,
    room: RoomId,
    name: String,
    known: Arc<Mutex<Known>>,
    stop: Arc<AtomicBool>,
    pause: Duration,
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
        tokio::time::sleep(pause).await;
    }
}

/// One room, as everybody heard it and as the server has it.
pub(crate) async fn check_room(friends: &[Friend], room: RoomId, known: &Known) {
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
