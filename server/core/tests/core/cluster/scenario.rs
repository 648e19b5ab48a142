//! Three nodes through whatever can happen to them, by a seed: crashes, pauses, cuts, answers that get
//! lost, writes that land late, clocks that drift and jump, shards that are handed over. After every
//! step the rules' promises are checked; in the end of each round the nodes are left in peace, and a
//! crash has to be over in time.

use std::collections::BTreeSet;

use caffis_conformance::faulty::{Fault, Faults, FaultyStore, Plan};

use super::{
    gate::{Call, Fate},
    *,
};

type Flaky = FaultyStore<MemoryStore>;

const ALL: usize = SHARDS as usize;
const ROUNDS: usize = 6;
const STEPS: usize = 500;

/// A write under way.
struct Write {
    shard: Shard,
    epoch: u64,
    due: Instant,
}

struct Up {
    node: Node<Flaky>,
    faults: Faults,
    writes: Vec<Write>,
    /// Until when it stands still, or is cut off, or its store misbehaves.
    troubled: Option<Instant>,
    /// After that, it is cut off.
    then_cut: bool,
    leaving: Option<JoinHandle<()>>,
}

enum Place {
    Down(Instant),
    Starting(JoinHandle<Option<Node<Flaky>>>, Faults),
    Up(Box<Up>),
}

/// Leases are read and written slowly: answers come late, and so do the writes.
fn slow_leases(mut random: Random) -> impl FnMut(&Call) -> Fate + Send {
    move |call| {
        let (Call::Lease(_) | Call::ReadLease) = call else { return Fate::Pass };
        let (short, long) = (random.below(990) as u64, random.below(4_000) as u64);
        let fates = [Fate::SlowThere(ms(short)), Fate::SlowBack(ms(short)), Fate::Late(ms(long))];
        *random.pick(&[Fate::Pass, Fate::Written, fates[0], fates[1], fates[1], fates[2]])
    }
}

/// What was seen so far, of all nodes.
#[derive(Default)]
struct Ledger {
    /// Who served a shard in an epoch.
    claims: BTreeMap<(Shard, u64), NodeId>,
    /// The highest epoch in which a shard was served under a lease.
    newest: BTreeMap<Shard, u64>,
    /// The smallest and the largest stamp of each epoch of a shard.
    stamps: BTreeMap<(Shard, u64), (Stamp, Stamp)>,
    /// Nodes whose leases have ended.
    ended: BTreeSet<NodeId>,
    acknowledged: u64,
    refused: u64,
    crashes: u64,
}

impl Ledger {
    fn drawn(&mut self, shard: Shard, epoch: u64, stamp: Stamp) {
        let before = self.stamps.range((shard, 0)..(shard, epoch)).map(|(_, (_, last))| *last);
        assert!(before.max() < Some(stamp), "{shard:?}: a smaller stamp in epoch {epoch}");
        let after = self.stamps.range((shard, epoch + 1)..(shard, u64::MAX));
        let after = after.map(|(_, (first, _))| *first).min();
        assert!(after.is_none_or(|after| stamp < after), "{shard:?}: a late stamp in {epoch}");
        let (_, last) = self.stamps.entry((shard, epoch)).or_insert((stamp, stamp));
        assert!(*last <= stamp);
        *last = stamp;
    }

    /// A write is acknowledged: no later owner may have begun.
    fn acknowledged(&mut self, shard: Shard, epoch: u64) {
        assert_eq!(
            self.newest.get(&shard),
            Some(&epoch),
            "{shard:?}: acknowledged in epoch {epoch}"
        );
        self.acknowledged += 1;
    }
}

struct Scenario {
    rig: Arc<Rig>,
    random: Random,
    places: Vec<Place>,
    ledger: Ledger,
    step: usize,
}

impl Scenario {
    fn new(seed: u64) -> Self {
        let places = (0..3).map(|_| Place::Down(Instant::now())).collect();
        let random = Random::new(seed);
        Self { rig: Arc::new(Rig::new()), random, places, ledger: Ledger::default(), step: 0 }
    }

    fn time(&mut self, least: usize, most: usize) -> Duration {
        ms((least + self.random.below(most - least)) as u64)
    }

    fn start(&mut self) -> Place {
        let seed = self.random.number();
        let (store, faults) = FaultyStore::new(self.rig.store.clone(), seed, Plan::default());
        let (rig, gate) = (self.rig.clone(), Gate::new(Arc::new(store)));
        // Two clocks differ by less than the drift allowed.
        let drift = self.random.below(60_000) as i32 - 30_000;
        Place::Starting(tokio::spawn(async move { rig.start(gate, drift).await }), faults)
    }

    async fn run(&mut self) {
        for _ in 0..ROUNDS {
            for _ in 0..STEPS {
                self.step += 1;
                self.something_happens();
                let pause = self.time(1, 60);
                self.go_on(pause).await;
            }
            self.peace().await;
            self.crash_in_peace().await;
        }
    }

    async fn go_on(&mut self, time: Duration) {
        wait(time).await;
        self.places_move().await;
        self.work();
        self.check();
    }

    /// Starts and ends what is due.
    async fn places_move(&mut self) {
        for at in 0..self.places.len() {
            let now = Instant::now();
            let later = now + self.time(100, 6_000);
            match &mut self.places[at] {
                Place::Down(until) if *until <= now => self.places[at] = self.start(),
                Place::Starting(task, faults) if task.is_finished() => {
                    let (faults, node) = (faults.clone(), task.await.expect("no panic"));
                    self.places[at] = match node {
                        None => Place::Down(later),
                        Some(node) => Place::Up(Box::new(Up {
                            node,
                            faults,
                            writes: Vec::new(),
                            troubled: None,
                            then_cut: false,
                            leaving: None,
                        })),
                    };
                }
                Place::Up(up) => {
                    if up.troubled.is_some_and(|until| until <= now) {
                        up.node.pause.set(false);
                        up.faults.set_plan(Plan::default());
                        up.node.gate.decide(|_| Fate::Pass);
                        up.troubled = up.then_cut.then_some(later);
                        if std::mem::take(&mut up.then_cut) {
                            up.node.gate.cut();
                        }
                    }
                    // A node whose lease has ended starts again, as another one.
                    if up.node.task.is_finished() {
                        self.ledger.ended.insert(up.node.cluster.node());
                        self.places[at] = Place::Down(later);
                    }
                }
                _ => {}
            }
        }
    }

    fn something_happens(&mut self) {
        let at = self.random.below(3);
        let (long, short) = (self.time(100, 9_000), self.time(100, 3_000));
        let what = self.random.below(300);
        let wall = START - 3_600_000 + self.random.below(7_200_000) as u64;
        let later = Instant::now() + long;
        let Place::Up(up) = &mut self.places[at] else { return };
        match what {
            0 => {
                self.ledger.crashes += 1;
                up.node.task.abort();
                self.ledger.ended.insert(up.node.cluster.node());
                self.places[at] = Place::Down(later);
            }
            1 if up.leaving.is_none() => {
                let cluster = up.node.cluster.clone();
                up.leaving = Some(tokio::spawn(async move { cluster.leave(short).await }));
            }
            2 => up.node.wall.set(wall),
            3..=4 if up.troubled.is_none() => {
                up.node.pause.set(true);
                up.troubled = Some(later);
            }
            5..=6 if up.troubled.is_none() => {
                up.node.gate.cut();
                up.troubled = Some(later);
            }
            7..=12 if up.troubled.is_none() => {
                up.node.gate.decide(slow_leases(Random::new(wall)));
                (up.troubled, up.then_cut) = (Some(later), wall.is_multiple_of(2));
            }
            13..=18 if up.troubled.is_none() => {
                up.faults.set_plan(Plan {
                    unavailable: 50,
                    unknown_lost: 150,
                    unknown_written: 150,
                    unavailable_reads: 100,
                    delay: short / 5,
                    ..Plan::default()
                });
                up.troubled = Some(later);
            }
            19..=60 => up.faults.fail_next_write(Fault::UnknownLate),
            _ => {}
        }
    }

    /// Nodes write into rooms that they own, and acknowledge a write once it is durable and the lease held.
    fn work(&mut self) {
        let now = Instant::now();
        for at in 0..self.places.len() {
            let due = now + self.time(0, 200);
            let shards: Vec<_> = (0..8).map(|_| self.random.below(ALL) as u64).collect();
            let Place::Up(up) = &mut self.places[at] else { continue };
            if up.troubled.is_some() && up.node.pause.on.load(Ordering::SeqCst) {
                continue;
            }
            let node = &up.node;
            for write in up.writes.extract_if(.., |write| write.due <= now) {
                node.rooms.finish(write.shard);
                if node.held() {
                    self.ledger.acknowledged(write.shard, write.epoch);
                } else {
                    self.ledger.refused += 1;
                }
            }
            for shard in shards.into_iter().filter_map(Shard::new) {
                // The lease is not asked: it is after the write.
                let Owner::Here { epoch } = node.cluster.shards().owner(shard) else { continue };
                let Some(stamp) = node.stamp() else { continue };
                self.ledger.drawn(shard, epoch, stamp);
                node.rooms.begin(shard);
                up.writes.push(Write { shard, epoch, due });
            }
        }
    }

    fn nodes(&self) -> impl Iterator<Item = &Node<Flaky>> {
        self.places.iter().filter_map(|place| match place {
            Place::Up(up) => Some(&up.node),
            _ => None,
        })
    }

    fn check(&mut self) {
        let mut owners: BTreeMap<Shard, NodeId> = BTreeMap::new();
        let mut seen = Vec::new();
        let mut ended = Vec::new();
        for node in self.nodes() {
            let id = node.cluster.node();
            if !node.held() {
                ended.push(id);
                continue;
            }
            assert!(!self.ledger.ended.contains(&id), "{id} holds its lease again");
            assert!(!self.rig.lease(id).fenced, "{id} holds a lease that has ended");
            for (shard, epoch) in node.here() {
                let other = owners.insert(shard, id);
                assert_eq!(other, None, "{shard:?} has two owners");
                seen.push((shard, epoch, id));
            }
            if self.step.is_multiple_of(5) {
                self.rig.check(node);
            }
        }
        self.ledger.ended.extend(ended);
        for (shard, epoch, id) in seen {
            let claimed = *self.ledger.claims.entry((shard, epoch)).or_insert(id);
            assert_eq!(claimed, id, "{shard:?}: epoch {epoch} was used before");
            let newest = self.ledger.newest.entry(shard).or_default();
            assert!(*newest <= epoch, "{shard:?}: epoch {epoch} after {newest}");
            *newest = epoch;
        }
    }

    /// Nothing goes wrong any more, until every node has its share.
    async fn peace(&mut self) {
        for place in &mut self.places {
            if let Place::Up(up) = place {
                up.troubled = up.troubled.map(|_| Instant::now());
                up.then_cut = false;
            }
        }
        let start = Instant::now();
        loop {
            let here: Vec<_> = self.nodes().map(|node| node.here().len()).collect();
            if here.iter().sum::<usize>() == ALL && here.len() == 3 && here.iter().all(|n| *n >= 84)
            {
                return;
            }
            assert!(start.elapsed() < Duration::from_secs(60), "{here:?}");
            self.go_on(ms(50)).await;
        }
    }

    async fn crash_in_peace(&mut self) {
        let at = self.random.below(3);
        let Place::Up(up) = &self.places[at] else { panic!("it is up") };
        up.node.task.abort();
        self.ledger.ended.insert(up.node.cluster.node());
        self.places[at] = Place::Down(Instant::now() + Duration::from_secs(20));
        let start = Instant::now();
        while self.nodes().map(|node| node.here().len()).sum::<usize>() < ALL {
            // Clocks that are 3 % slow wait longer.
            let here: Vec<_> = self.nodes().map(|node| node.here().len()).collect();
            assert!(start.elapsed() <= takeover().mul_f64(1.03), "{here:?}");
            self.go_on(ms(20)).await;
        }
        if let Place::Down(until) = &mut self.places[at] {
            *until = Instant::now();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn rules_hold_whatever_happens() {
    let (mut acknowledged, mut refused, mut fenced) = (0, 0, 0);
    for seed in 1..=6 {
        println!("seed {seed}");
        let mut scenario = Scenario::new(seed);
        scenario.run().await;
        let Scenario { ledger, rig, .. } = &scenario;
        let ended = ledger.ended.iter().filter(|node| rig.lease(**node).fenced).count();
        println!(
            "  {} writes acknowledged, {} not; {} nodes ended, {ended} fenced, {} crashed; {} claims",
            ledger.acknowledged,
            ledger.refused,
            ledger.ended.len(),
            ledger.crashes,
            ledger.newest.values().sum::<u64>(),
        );
        acknowledged += ledger.acknowledged;
        refused += ledger.refused;
        fenced += ended;
    }
    assert!(acknowledged > 100_000 && refused > 100 && fenced > 50);
}
