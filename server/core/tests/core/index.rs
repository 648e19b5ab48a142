//! Core's own index by itself: it finds what a look at every message finds, and reads few rows for it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use caffis_conformance::{
    clock::ManualClock,
    faulty::{FaultyStore, Plan},
    memory::MemoryStore,
    random::Random,
};
use caffis_core::{
    ports::{
        index::{Document, Find, Index, Place, Scope, Wanted},
        stamps::Stamps,
        store::{
            Batch, Key, Row, Scan, SharedStore, Store, StoreFuture, StoreLimits, Swap, Table, Value,
        },
    },
    search::Inverted,
    tables::{self, SearchBlockRow},
};
use caffis_schema::{Position, RoomId, Timestamp};

use crate::harness::START;

const ROOM: RoomId = RoomId::from_random(7);

/// A store that counts the rows that it gives.
struct Counting {
    inner: SharedStore,
    rows: Arc<AtomicUsize>,
}

impl Counting {
    fn count(&self, rows: usize) {
        // A look for a row that is not there costs something, too.
        self.rows.fetch_add(rows.max(1), Ordering::Relaxed);
    }
}

impl Store for Counting {
    fn get<'a>(&'a self, table: &'static Table, key: &'a Key) -> StoreFuture<'a, Option<Row>> {
        self.count(1);
        self.inner.get(table, key)
    }

    fn get_many<'a>(
        &'a self,
        table: &'static Table,
        keys: &'a [Key],
    ) -> StoreFuture<'a, Vec<Option<Row>>> {
        self.count(keys.len());
        self.inner.get_many(table, keys)
    }

    fn scan(&self, scan: Scan) -> StoreFuture<'_, Vec<Row>> {
        Box::pin(async move {
            let rows = self.inner.scan(scan).await?;
            self.count(rows.len());
            Ok(rows)
        })
    }

    fn limits(&self) -> StoreLimits {
        self.inner.limits()
    }

    fn write(&self, batch: Batch) -> StoreFuture<'_, ()> {
        self.inner.write(batch)
    }

    fn insert_if_absent(&self, table: &'static Table, row: Row) -> StoreFuture<'_, Option<Row>> {
        self.inner.insert_if_absent(table, row)
    }

    fn compare_and_set(
        &self,
        table: &'static Table,
        key: Key,
        expected: Vec<Value>,
        new: Vec<Value>,
    ) -> StoreFuture<'_, Swap> {
        self.inner.compare_and_set(table, key, expected, new)
    }
}

/// An index with small buckets, and beside it all messages.
struct Ground {
    store: SharedStore,
    stamps: Arc<Stamps>,
    index: Inverted,
    rows: Arc<AtomicUsize>,
    messages: BTreeMap<Position, (Timestamp, BTreeSet<Arc<str>>)>,
}

impl Ground {
    fn new(bucket: u64, plan: Plan) -> Self {
        let clock = ManualClock::at(START);
        let memory = Arc::new(MemoryStore::new(clock.clone()));
        let (faulty, _) = FaultyStore::new(memory, 3, plan);
        let rows = Arc::default();
        let store: SharedStore =
            Arc::new(Counting { inner: Arc::new(faulty), rows: Arc::clone(&rows) });
        let stamps = Stamps::unlimited(clock);
        let index = Inverted::with_buckets(store.clone(), stamps.clone(), bucket);
        Self { store, stamps, index, rows, messages: BTreeMap::new() }
    }

    /// Tells the index what messages have now, again and again until it has it.
    async fn tell(&mut self, messages: &[(u64, BTreeSet<Arc<str>>)]) {
        let mut documents = Vec::new();
        for (position, terms) in messages {
            let position = Position(*position);
            let time = Timestamp(START + position.0 / 3);
            let before = self.messages.insert(position, (time, terms.clone()));
            let changed = before.is_some();
            let before = before.map(|(_, terms)| terms).unwrap_or_default();
            documents.push(Document {
                room: ROOM,
                position,
                time,
                terms: terms.iter().cloned().collect(),
                former: before.difference(terms).cloned().collect(),
                text: None,
                changed,
            });
        }
        while self.index.write(documents.clone()).await.is_err() {}
    }

    /// What is found, page after page, and how many rows that took.
    async fn find(&self, wanted: &[Wanted], limit: usize) -> (Vec<u64>, usize) {
        let last = self.messages.last_key_value().map_or(Position::ZERO, |(last, _)| *last);
        let scopes = [Scope { room: ROOM, last, active: Timestamp::MAX, after: Position::ZERO }];
        let (mut all, mut before) = (Vec::new(), None);
        let rows = self.rows.load(Ordering::Relaxed);
        loop {
            let (from, until) = (Timestamp::ZERO, Timestamp::MAX);
            let find = Find { scopes: &scopes, groups: wanted, before, from, until, limit };
            let Ok(found) = self.index.find(find).await else { continue };
            all.extend(found.places.iter().map(|place| place.position.0));
            let full = found.places.len() == limit;
            match found.stopped.or(found.places.last().copied().filter(|_: &Place| full)) {
                Some(place) => before = Some(place),
                None => return (all, self.rows.load(Ordering::Relaxed) - rows),
            }
        }
    }

    /// What a look at every message finds.
    fn looked_for(&self, wanted: &[Wanted]) -> Vec<u64> {
        let has = |terms: &BTreeSet<Arc<str>>| {
            wanted.iter().all(|group| {
                group.terms.iter().any(|term| match group.is_prefix {
                    true => terms.iter().any(|kept| kept.starts_with(&**term)),
                    false => terms.contains(term),
                })
            })
        };
        let found = self.messages.iter().rev().filter(|(_, (_, terms))| has(terms));
        found.map(|(position, _)| position.0).collect()
    }

    /// The terms that have a row of their own in a bucket.
    async fn blocks(&self, bucket: u64) -> Vec<SearchBlockRow> {
        let partition = SearchBlockRow::partition(&ROOM, &bucket);
        tables::partition(&*self.store, partition, 10_000).await.expect("read")
    }
}

fn wanted(terms: &[&str]) -> Wanted {
    Wanted { terms: terms.iter().map(|term| (*term).into()).collect(), is_prefix: false }
}

fn prefix(prefix: &str) -> Wanted {
    Wanted { is_prefix: true, ..wanted(&[prefix]) }
}

/// Words of which the first are frequent, as in a language.
fn words(random: &mut Random, vocabulary: usize) -> BTreeSet<Arc<str>> {
    let mut terms: BTreeSet<Arc<str>> = (0..5)
        .map(|_| {
            let most = 1 + random.below(vocabulary);
            format!("w{}", random.below(most)).into()
        })
        .collect();
    terms.insert((*random.pick(&["@giulia", "@giulia", "@giulia", "@marco"])).into());
    if random.chance(30) {
        terms.insert("#poll".into());
    }
    terms
}

#[tokio::test(start_paused = true)]
async fn three_frequent_words_and_a_filter_read_few_rows() {
    let mut ground = Ground::new(1_000, Plan::default());
    let mut random = Random::new(5);
    let all: Vec<_> = (1..=20_000)
        .map(|position| {
            let mut terms: BTreeSet<Arc<str>> = BTreeSet::from(["@giulia".into()]);
            for (word, per_mille) in [("caffe", 100), ("latte", 80), ("zucchero", 60)] {
                if random.chance(per_mille) {
                    terms.insert(word.into());
                }
            }
            (position, terms)
        })
        .collect();
    for page in all.chunks(500) {
        ground.tell(page).await;
    }
    let three =
        [wanted(&["@giulia"]), wanted(&["caffe"]), wanted(&["latte"]), wanted(&["zucchero"])];
    let (found, rows) = ground.find(&three, 100).await;
    assert_eq!(found, ground.looked_for(&three));
    assert!(!found.is_empty());
    // Each of the 20 buckets has about 240 messages with one of the words, and 1,000 of hers.
    assert!(rows <= 600, "{rows} rows were read");
    // A word that leads nowhere ends the look at a bucket.
    let (found, rows) = ground.find(&[wanted(&["caffe"]), wanted(&["tiramisu"])], 100).await;
    assert!(found.is_empty() && rows <= 150, "{rows} rows were read");
    let (found, rows) = ground.find(&[prefix("zucch"), wanted(&["caffe"])], 1_000).await;
    assert_eq!(found, ground.looked_for(&[prefix("zucch"), wanted(&["caffe"])]));
    assert!(rows <= 600, "{rows} rows were read");
}

#[tokio::test(start_paused = true)]
async fn what_is_found_is_what_a_look_at_every_message_finds() {
    let plans = [
        Plan::default(),
        Plan {
            unavailable: 60,
            unknown_lost: 60,
            unknown_written: 60,
            unknown_partly: 60,
            unavailable_reads: 30,
            ..Plan::default()
        },
    ];
    for (seed, plan) in plans.into_iter().enumerate() {
        let mut ground = Ground::new(100, plan);
        let mut random = Random::new(seed as u64);
        let mut head = 0;
        for _ in 0..60 {
            let mut page = BTreeMap::new();
            for _ in 0..random.below(40) {
                // Not every entry is a message.
                head += 1 + random.below(2) as u64;
                page.insert(head, words(&mut random, 60));
            }
            // Old messages are edited, deleted, and get a thread; the newest in the same moment.
            for _ in 0..random.below(4) {
                let position = 1 + random.below(head.max(1) as usize) as u64;
                if let Some((_, terms)) = ground.messages.get(&Position(position)) {
                    let mut threaded = terms.clone();
                    threaded.insert("#thread".into());
                    let changes = [threaded, words(&mut random, 60), BTreeSet::new()];
                    page.insert(position, random.pick(&changes).clone());
                }
            }
            let page: Vec<_> = page.into_iter().collect();
            ground.tell(&page).await;
            for groups in [
                vec![wanted(&["w0"])],
                vec![wanted(&["w1", "w2"]), wanted(&["w0", "w3"])],
                vec![wanted(&["@marco"]), wanted(&["w0"]), wanted(&["w1"])],
                vec![wanted(&["#thread"])],
                vec![wanted(&["#poll"]), prefix("w1")],
                vec![prefix("w"), wanted(&["@giulia"])],
                vec![wanted(&["w55"])],
            ] {
                let (found, _) = ground.find(&groups, 1 + random.below(30)).await;
                assert_eq!(found, ground.looked_for(&groups), "seed {seed}: {groups:?}");
            }
        }
        assert!(head > 1_000, "there are many buckets");
    }
}

#[tokio::test(start_paused = true)]
async fn a_bucket_is_sealed_when_messages_come_to_a_later_one_and_forgotten_with_its_room() {
    let mut ground = Ground::new(100, Plan::default());
    let mut terms = BTreeSet::from(["@giulia".into(), "caffe".into()]);
    let tell = |from: u64, to: u64, terms: &BTreeSet<Arc<str>>| -> Vec<_> {
        (from..=to).map(|position| (position, terms.clone())).collect()
    };
    ground.tell(&tell(1, 99, &terms)).await;
    assert!(ground.blocks(0).await.is_empty());
    // Nothing comes to the second.
    ground.tell(&tell(250, 250, &terms)).await;
    let sealed = ground.blocks(0).await;
    let names: Vec<_> = sealed.iter().map(|row| &*row.term).collect();
    assert_eq!(names, ["!", "@giulia", "caffe"]);
    assert_eq!(ground.blocks(1).await.len(), 1, "the mark");
    assert!(ground.blocks(2).await.is_empty());
    // A word of a message that was deleted stays nowhere.
    let before = sealed[2].postings.len();
    ground.tell(&[(50, BTreeSet::new())]).await;
    assert!(ground.blocks(0).await[2].postings.len() < before);
    terms.insert("latte".into());
    ground.tell(&[(51, terms)]).await;
    assert_eq!(ground.find(&[wanted(&["latte"])], 10).await.0, [51]);
    assert_eq!(ground.find(&[wanted(&["caffe"])], 1_000).await.0.len(), 99);
    // What other rules have sealed does not count: a message has other terms now.
    let mark = ground.blocks(0).await.remove(0);
    let mut batch = Batch::partition(ground.stamps.next().expect("a stamp"));
    batch.put(&SearchBlockRow { postings: Bytes::new(), ..mark });
    ground.store.write(batch).await.expect("written");
    let (found, rows) = ground.find(&[wanted(&["caffe"])], 1_000).await;
    assert!(found.len() == 99 && rows > 98, "{rows} rows were read");
    ground.index.forget(ROOM, Position(250)).await.expect("forgotten");
    for bucket in 0..3 {
        assert!(ground.blocks(bucket).await.is_empty());
    }
    assert_eq!(ground.find(&[wanted(&["caffe"])], 10).await.0, Vec::<u64>::new());
}

#[tokio::test(start_paused = true)]
async fn a_search_that_reads_too_much_stops_and_goes_on() {
    let mut ground = Ground::new(10, Plan::default());
    let terms: BTreeSet<Arc<str>> = BTreeSet::from(["caffe".into()]);
    let mut all: Vec<_> = (1..=15_000).map(|position| (position, terms.clone())).collect();
    all[0].1.insert("latte".into());
    for page in all.chunks(2_000) {
        ground.tell(page).await;
    }
    let groups = [wanted(&["caffe"]), wanted(&["latte"])];
    let scopes = [Scope {
        room: ROOM,
        last: Position(15_000),
        active: Timestamp::MAX,
        after: Position::ZERO,
    }];
    let (from, until) = (Timestamp::ZERO, Timestamp::MAX);
    let find = Find { scopes: &scopes, groups: &groups, before: None, from, until, limit: 10 };
    let first = ground.index.find(find).await.expect("found");
    assert!(first.places.is_empty() && first.stopped.is_some());
    assert_eq!(ground.find(&groups, 10).await.0, [1]);
}
