//! Two nodes are one chat, also while one of them dies, leaves, or Redis is away.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use caffis_schema::{RoomId, ServerSignal, room::Availability};
use rustix::process::Signal;
use tokio::task::JoinHandle;

use crate::{
    common::{Over, Server, soon},
    friend::Friend,
    load::{Known, check_room, progress, send},
    nodes::{Ground, again, friend, printed, status, until},
};

/// All of them send all the time.
struct Load {
    known: Arc<Mutex<Known>>,
    stop: Arc<AtomicBool>,
    senders: Vec<JoinHandle<()>>,
}

impl Load {
    fn start(friends: &[Friend], rooms: &[RoomId]) -> Self {
        let (known, stop) = (Arc::<Mutex<Known>>::default(), Arc::new(AtomicBool::new(false)));
        let mut senders = Vec::new();
        for friend in friends {
            for (lane, room) in rooms.iter().enumerate() {
                let name = format!("{} {lane}", friend.user);
                let (known, stop) = (known.clone(), stop.clone());
                senders.push(tokio::spawn(send(friend.client.clone(), *room, name, known, stop)));
            }
        }
        Self { known, stop, senders }
    }

    /// Waits until everybody had something acknowledged from now on; says how long that took.
    async fn goes_on(&self, friends: &[Friend], when: &str) -> Duration {
        let (before, started) = (self.known.lock().unwrap().acked.len(), Instant::now());
        progress(&self.known, before, friends.len(), when).await;
        started.elapsed()
    }

    /// Waits until something was acknowledged in every room from now on; says how long that took.
    async fn goes_on_in_all(&self, rooms: &[RoomId], when: &str) -> Duration {
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
    async fn check(self, friends: &[Friend], rooms: &[RoomId]) {
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

/// Two of them on each node, who come to the other one if theirs is away, and rooms of all.
async fn people(one: &Server, two: &Server) -> (Vec<Friend>, Vec<RoomId>) {
    let friends = vec![
        friend(&[one, two], "giulia", Over::WebSocket).await,
        friend(&[two, one], "marco", Over::WebSocket).await,
        friend(&[one, two], "luca", Over::Quic).await,
        friend(&[two, one], "aiko", Over::Quic).await,
    ];
    let others: Vec<&Friend> = friends[1..].iter().collect();
    let mut rooms = Vec::new();
    // Enough that each node has some.
    for _ in 0..6 {
        rooms.push(friends[0].group(&others).await);
    }
    (friends, rooms)
}

/// Both nodes have their share of the shards.
async fn shared(server: &Server) {
    until(server, |status| {
        let owned: Vec<_> = status.nodes.iter().map(|node| node.shards).collect();
        status.unowned == 0 && owned.iter().filter(|shards| **shards > 100).count() == 2
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a real server"]
async fn two_nodes_are_one_chat() {
    let ground = Ground::start();
    let one = ground.node("one").start().await;
    let two = ground.node("two").start().await;
    shared(&one).await;
    let (giulia, marco) = (
        friend(&[&one], "giulia", Over::WebSocket).await,
        friend(&[&two], "marco", Over::WebSocket).await,
    );
    for signal in 1..=4 {
        let room = giulia.group(&[&marco]).await;
        giulia.say(room, "Are you on the other node?").await;
        marco.hears(room, "Are you on the other node?").await;
        marco.say(room, "I am").await;
        giulia.hears(room, "I am").await;
        giulia.client.typing(room, signal, true);
        marco
            .until("that she is typing", |heard| {
                heard.signals.iter().find_map(|signal| match signal {
                    ServerSignal::Typing(by) if by.room == room && by.active => Some(()),
                    _ => None,
                })
            })
            .await;
    }
    // He goes and comes back, and she is told.
    drop(marco);
    giulia.sees("marco", Availability::Offline).await;
    let _marco = friend(&[&two], "marco", Over::WebSocket).await;
    giulia.sees("marco", Availability::Online).await;
    let text = printed(&one, &[]).await;
    assert!(text.contains("one\n") && text.contains("two\n"), "{text}");
    assert_eq!(status(&one).nodes.len(), 2, "{text}");
    // Left by command, a node ends in order, and the other has all shards.
    let mut two = two;
    printed(&two, &["leave"]).await;
    assert_eq!(two.ended().await.code(), Some(0));
    let all = |status: &caffis_chat::control::ClusterStatus| {
        status.nodes.iter().any(|node| node.node == status.here && node.shards == 256)
    };
    until(&one, all).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a real server"]
async fn a_node_dies_and_a_node_leaves_under_load() {
    let ground = Ground::start();
    let one = ground.node("one").start().await;
    let two = ground.node("two").start().await;
    shared(&one).await;
    let (friends, rooms) = people(&one, &two).await;
    let load = Load::start(&friends, &rooms);
    load.goes_on(&friends, "at the start").await;
    let setup = again(&two);
    two.kill().await;
    let took = load.goes_on_in_all(&rooms, "after a crash").await;
    eprintln!("after a crash every room went on within {took:?}");
    load.goes_on(&friends, "after a crash").await;
    let two = setup.start().await;
    shared(&one).await;
    load.goes_on(&friends, "with two nodes again").await;
    // It leaves while everybody sends.
    let mut one = one;
    let setup = again(&one);
    one.signal(Signal::TERM);
    assert_eq!(one.ended().await.code(), Some(0));
    let took = load.goes_on_in_all(&rooms, "after a node left").await;
    eprintln!("after a node left every room went on within {took:?}");
    load.goes_on(&friends, "after a node left").await;
    let _one = setup.start().await;
    shared(&two).await;
    load.goes_on(&friends, "at the end").await;
    load.check(&friends, &rooms).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a real server"]
async fn redis_goes_away_and_comes_back_under_load() {
    let mut ground = Ground::start();
    let one = ground.node("one").start().await;
    let two = ground.node("two").start().await;
    shared(&one).await;
    let (friends, rooms) = people(&one, &two).await;
    let load = Load::start(&friends, &rooms);
    load.goes_on(&friends, "at the start").await;
    ground.redis.kill();
    // Rooms of a client's own node go on.
    load.goes_on(&friends, "without Redis").await;
    ground.redis.restart();
    load.goes_on_in_all(&rooms, "with Redis again").await;
    load.goes_on(&friends, "with Redis again").await;
    ground.redis.pause();
    tokio::time::sleep(Duration::from_secs(4)).await;
    ground.redis.resume();
    load.goes_on_in_all(&rooms, "after Redis hung").await;
    load.goes_on(&friends, "after Redis hung").await;
    load.check(&friends, &rooms).await;
    // Nobody lost a lease over it.
    for server in [&one, &two] {
        assert!(status(server).has_lease);
        assert_eq!(server.get("/readyz").await.0, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a real server"]
async fn a_node_that_sleeps_through_its_lease_ends() {
    let ground = Ground::start();
    let one = ground.node("one").start().await;
    let mut two = ground.node("two").start().await;
    shared(&one).await;
    let giulia = friend(&[&two, &one], "giulia", Over::WebSocket).await;
    let room = giulia.group(&[]).await;
    giulia.say(room, "before").await;
    two.signal(Signal::STOP);
    // The other one takes all shards over.
    until(&one, |status| {
        status.nodes.iter().any(|node| node.node == status.here && node.shards == 256)
    })
    .await;
    two.signal(Signal::CONT);
    assert_eq!(two.ended().await.code(), Some(1));
    assert!(two.log().contains("lease has ended"), "{}", two.log());
    giulia.say(room, "after").await;
    giulia.hears(room, "after").await;
    giulia.is_whole();
}
