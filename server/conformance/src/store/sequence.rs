//! Seeded random sequences over few keys, so that operations touch the same rows.

use std::{ops::Bound, sync::Arc, time::Duration};

use bytes::Bytes;
use caffis_core::ports::store::{
    Atomicity, Batch, Column, ColumnType, Key, Operation, Row, Scan, Stamp, Table, Value,
};

use super::{
    Subject,
    model::Model,
    stamp,
    tables::{MIXED, NEWEST, PLAIN, RISING},
};
use crate::random::Random;

const TEXTS: &[&str] =
    &["", "a", "a\u{0}", "a\u{0}b", "a\u{1}", "aa", "b", "ä", "zürich", "日本", "🙂", "\u{10ffff}"];

const BYTES: &[&[u8]] = &[
    b"",
    b"\x00",
    b"\x00\x00",
    b"\x00\x01",
    b"\x00\xff",
    b"\x01",
    b"a",
    b"a\x00",
    b"a\x00\xff",
    b"a\xff",
    b"\xff",
    b"\xff\x00",
    b"\xff\xff",
];

const NUMBERS: &[u64] = &[0, 1, 2, 255, 256, 65_535, 1 << 32, (1 << 63) - 2, (1 << 63) - 1];

static TABLES: &[&Table] = &[&PLAIN, &NEWEST, &RISING, &MIXED];

/// A random value that fits a column.
pub(super) fn value(random: &mut Random, column: &Column) -> Value {
    match column.ty {
        ColumnType::Bool => Value::Bool(random.chance(500)),
        ColumnType::U64 => Value::U64(*random.pick(NUMBERS)),
        ColumnType::Text => Value::Text(Arc::from(*random.pick(TEXTS))),
        ColumnType::Bytes => Value::Bytes(Bytes::from_static(random.pick::<&[u8]>(BYTES))),
    }
}

struct Sequence<'a> {
    random: Random,
    seed: u64,
    subject: &'a Subject,
    model: Model,
    /// Few partitions, so that operations touch the same rows.
    partitions: Vec<(&'static Table, Vec<Value>)>,
    /// The stamps of the next writes, if the store decides by them: they are taken in any order.
    stamps: Vec<Stamp>,
}

/// How many writes may be overtaken by one.
const OUT_OF_ORDER: usize = 16;

/// Runs one sequence; the store must not hold rows in the partitions that it touches, or the same
/// ones as earlier sequences left: it empties every partition first.
pub(super) async fn run(subject: &Subject, seed: u64) {
    eprintln!("store sequence with seed {seed}");
    let mut random = Random::new(seed);
    let mut partitions = Vec::new();
    for table in TABLES {
        for _ in 0..3 {
            let partition = table.partition.iter().map(|c| value(&mut random, c)).collect();
            partitions.push((*table, partition));
        }
    }
    let mut sequence =
        Sequence { random, seed, subject, model: Model::default(), partitions, stamps: Vec::new() };
    sequence.empty().await;
    for step in 0..subject.operations {
        sequence.step(step).await;
    }
    sequence.compare_everything().await;
}

impl Sequence<'_> {
    async fn empty(&self) {
        for (table, partition) in &self.partitions {
            let operations = vec![Operation::DeleteRange {
                table,
                partition: partition.clone(),
                from: Bound::Unbounded,
                to: Bound::Unbounded,
            }];
            let batch = Batch { operations, ..Batch::partition(stamp()) };
            let written = self.subject.store.write(batch).await;
            written.expect("a partition can be emptied");
        }
    }

    async fn step(&mut self, step: usize) {
        let seed = self.seed;
        match self.random.below(10) {
            0..5 => {
                let batch = self.batch();
                self.model.write(&batch);
                let written = self.subject.store.write(batch.clone()).await;
                assert_eq!(written, Ok(()), "seed {seed} step {step}: {batch:?}");
            }
            5..7 => {
                let (table, key) = self.key();
                let found = self.subject.store.get(table, &key).await;
                let expected = Ok(self.model.get(table, &key));
                assert_eq!(found, expected, "seed {seed} step {step}: get {key:?}");
            }
            7 if step.is_multiple_of(5) => {
                let seconds = 1 + self.random.below(20) as u64;
                self.model.pass(seconds);
                (self.subject.pass_time)(Duration::from_secs(seconds)).await;
            }
            _ => {
                let scan = self.scan();
                let found = self.subject.store.scan(scan.clone()).await;
                let expected = Ok(self.model.scan(&scan));
                assert_eq!(found, expected, "seed {seed} step {step}: {scan:?}");
            }
        }
    }

    async fn compare_everything(&self) {
        for (table, partition) in &self.partitions {
            let scan = Scan {
                table,
                partition: partition.clone(),
                from: Bound::Unbounded,
                to: Bound::Unbounded,
                reverse: false,
                limit: caffis_core::ports::store::MAX_SCAN_ROWS,
            };
            let found = self.subject.store.scan(scan.clone()).await;
            assert_eq!(found, Ok(self.model.scan(&scan)), "seed {} at the end", self.seed);
        }
    }

    fn key(&mut self) -> (&'static Table, Key) {
        let (table, partition) = self.random.pick(&self.partitions).clone();
        let clustering =
            table.clustering.iter().map(|(column, _)| value(&mut self.random, column)).collect();
        (table, Key { partition, clustering })
    }

    fn bound(&mut self, table: &'static Table) -> Bound<Vec<Value>> {
        let columns = 1 + self.random.below(table.clustering.len());
        let prefix = table.clustering.iter().take(columns);
        let prefix = prefix.map(|(column, _)| value(&mut self.random, column)).collect::<Vec<_>>();
        match self.random.below(4) {
            _ if prefix.is_empty() => Bound::Unbounded,
            0 => Bound::Unbounded,
            1 => Bound::Excluded(prefix),
            _ => Bound::Included(prefix),
        }
    }

    fn scan(&mut self) -> Scan {
        let (table, partition) = self.random.pick(&self.partitions).clone();
        Scan {
            table,
            partition,
            from: self.bound(table),
            to: self.bound(table),
            reverse: self.random.chance(500),
            limit: *self.random.pick(&[0, 1, 2, 5, 100, 10_000]),
        }
    }

    fn stamp(&mut self) -> Stamp {
        if !self.subject.several_writers {
            return stamp();
        }
        if self.stamps.len() < OUT_OF_ORDER {
            self.stamps.extend((0..OUT_OF_ORDER).map(|_| stamp()));
        }
        self.stamps.swap_remove(self.random.below(self.stamps.len()))
    }

    fn batch(&mut self) -> Batch {
        let stamp = self.stamp();
        let count = 1 + self.random.below(6);
        let operations = if self.random.chance(80) {
            (0..count).map(|_| self.range()).collect()
        } else {
            (0..count).map(|_| self.operation()).collect()
        };
        let atomicity = *self.random.pick(&[Atomicity::Logged, Atomicity::Repairable]);
        let mut batch = Batch { stamp, atomicity, operations };
        batch.merge();
        if batch.operations.len() == 1 {
            batch.atomicity = Atomicity::Partition;
        }
        batch
    }

    fn range(&mut self) -> Operation {
        let (table, partition) = self.random.pick(&self.partitions).clone();
        let (from, to) = (self.bound(table), self.bound(table));
        Operation::DeleteRange { table, partition, from, to }
    }

    fn operation(&mut self) -> Operation {
        match self.random.below(11) {
            0..9 => {
                let (table, key) = self.key();
                let values = table.values.iter().map(|column| {
                    if self.random.chance(200) {
                        Value::Null
                    } else {
                        value(&mut self.random, column)
                    }
                });
                let row = Row { key, values: values.collect() };
                let ttl = self.random.chance(250);
                let ttl = ttl.then(|| Duration::from_secs(1 + self.random.below(30) as u64));
                Operation::Put { table, row, ttl, fresh: false }
            }
            _ => {
                let (table, key) = self.key();
                Operation::Delete { table, key }
            }
        }
    }
}
