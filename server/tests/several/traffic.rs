//! People who send all the time, and what has to be true of it.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use caffis_schema::RoomId;
use tokio::task::JoinHandle;

use crate::{
    common::soon,
    friend::Friend,
    load::{Known, PAUSE, check_room, progress, send},
};

/// Rooms of all of them: enough that each node has some.
const ROOMS: usize = 6;

/// Makes rooms in which all of them are.
pub(crate) async fn rooms_of(friends: &[Friend]) -> Vec<RoomId> {
    let others: Vec<&Friend> = friends[1..].iter().collect();
    let mut rooms = Vec::new();
    for _ in 0..ROOMS {
        rooms.push(friends[0].group(&others).await);
    }
    rooms
}

/// All of them send all the time.
pub(crate) struct Load {
    known: Arc<Mutex<Known>>,
    stop: Arc<AtomicBool>,
    senders: Vec<JoinHandle<()>>,
}

impl Load {
    pub(crate) fn start(friends: &[Friend], rooms: &[RoomId]) -> Self {
        Self::slow(friends, rooms, PAUSE)
    }

    /// With another pause between two messages of one of them in one room.
    pub(crate) fn slow(friends: &[Friend], rooms: &[RoomId], pause: Duration) -> Self {
        let (known, stop) = (Arc::<Mutex<Known>>::default(), Arc::new(AtomicBool::new(false)));
        let mut senders = Vec::new();
        for friend in friends {
            for (lane, room) in rooms.iter().enumerate() {
                let name = format!("{} {lane}", friend.user);
                let (known, stop) = (known.clone(), stop.clone());
                let sending = send(friend.client.clone(), *room, name, known, stop, pause);
                senders.push(tokio::spawn(sending));
            }
        }
        Self { known, stop, senders }
    }

    /// How many messages were acknowledged.
    pub(crate) fn acknowledged(&self) -> usize {
        self.known.lock().unwrap().acked.len()
    }

    /// How many people have not had something acknowledged in how many rooms, since so many were.
    pub(crate) fn missing_since(&self, before: usize, friends: &[Friend]) -> usize {
        let acked = &self.known.lock().unwrap().acked[before..];
        let lanes = self.senders.len() / friends.len();
        let wanted = friends
            .iter()
            .flat_map(|friend| (0..lanes).map(move |lane| format!("{} {lane} ", friend.user)));
        wanted.filter(|lane| !acked.iter().any(|(.., text)| text.starts_with(lane))).count()
    }

    /// Waits until everybody had something acknowledged from now on; says how long that took.
    pub(crate) async fn goes_on(&self, friends: &[Friend], when: &str) -> Duration {
        let (before, started) = (self.known.lock().unwrap().acked.len(), Instant::now());
        progress(&self.known, before, friends.len(), when).await;
        started.elapsed()
    }

    /// Waits until something was acknowledged in every room from now on; says how long that took.
    pub(crate) async fn goes_on_in_all(&self, rooms: &[RoomId], when: &str) -> Duration {
        let (before, started) = (self.known.lock().unwrap().acked.len(), Instant::now());
        let all = async {
            loop {
                let done = {
                    let acked = &self.known.lock().unwrap().acked[before..];
                    rooms.iter().all(|room| acked.iter().any(|(done, ..)| done.room == *room))
                };
                if done {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        soon(&format!("an acknowledgement in every room {when}"), all).await;
        started.elapsed()
    }

    /// Nothing acknowledged was lost, nothing doubled, and all saw the same.
    pub(crate) async fn check(self, friends: &[Friend], rooms: &[RoomId]) {
        self.stop.store(true, Ordering::Relaxed);
        for sender in self.senders {
            soon("the last answers", sender).await.unwrap();
        }
        let known = std::mem::take(&mut *self.known.lock().unwrap());
        eprintln!("{} acknowledged, {} refused", known.acked.len(), known.refused.len());
        assert!(known.acked.len() > 100, "too little was said");
        for room in rooms {
            check_room(friends, *room, &known).await;
        }
    }
}
