//! Tests of the append.

use caffis_schema::{
    Body, List, RoomId, Text,
    event::TextBody,
    room::{Context, HistoryPolicy, Message, RoomClass},
};

use super::*;
use crate::{
    model::room::Bucket,
    ports::store::{Batch, Operation, Stamp, Value},
    room::{
        RoomPlan,
        buckets::{BUCKET_AGE, BUCKET_ENTRIES, FEW_ENTRIES},
        creation::new_room,
    },
};

fn room() -> Loaded {
    let plan = RoomPlan {
        context: Context { kind: Text::cut("group"), id: Text::cut("1") },
        class: RoomClass::Social,
        name: None,
        creator: None,
        members: List::default(),
        history: HistoryPolicy::All,
    };
    new_room(RoomId::from_random(1), &plan, Timestamp(0))
}

fn push(append: &mut Append, now: Timestamp) -> Arc<Entry> {
    let number = append.ahead.number + 1;
    let body = Body::Text(TextBody { text: Text::cut("ciao") });
    append.push(EntryKind::Message(Message::new(number, None, None, body)), now)
}

fn buckets(append: &Append) -> Vec<(u64, u64, u64)> {
    let named = |bucket: &Bucket| (bucket.first.get(), bucket.name.epoch, bucket.name.number);
    append.ahead.buckets.iter().map(named).collect()
}

#[test]
fn buckets_end_by_size_and_by_age() {
    let mut append = Append::new(&room(), (Changes::default(), Votes::default()), u64::MAX);
    for _ in 0..=BUCKET_ENTRIES {
        push(&mut append, Timestamp(5));
    }
    assert_eq!(buckets(&append), [(1, 1, 1), (BUCKET_ENTRIES + 1, 1, 2)]);
    // It has a single entry: however old it is, it goes on.
    push(&mut append, Timestamp(5 + 10 * BUCKET_AGE));
    (2..FEW_ENTRIES - 1).for_each(|_| drop(push(&mut append, Timestamp(5))));
    assert_eq!(append.ahead.buckets.len(), 2);
    push(&mut append, Timestamp(5));
    assert_eq!(append.ahead.buckets.len(), 2, "the last of few");
    push(&mut append, Timestamp(5));
    assert_eq!(append.ahead.buckets.len(), 3);
    // The third one is young.
    (0..2 * FEW_ENTRIES).for_each(|_| drop(push(&mut append, Timestamp(5))));
    assert_eq!(append.ahead.buckets.len(), 3);
}

#[test]
fn after_doubt_the_next_append_opens_a_bucket_of_the_next_number() {
    let mut loaded = room();
    let mut append = Append::new(&loaded, Default::default(), u64::MAX);
    push(&mut append, Timestamp(5));
    append.commit(&mut loaded, &Settings::default());
    loaded.fresh_bucket = true;
    let mut append = Append::new(&loaded, Default::default(), u64::MAX);
    push(&mut append, Timestamp(5));
    push(&mut append, Timestamp(5));
    assert_eq!(buckets(&append), [(1, 1, 1), (2, 1, 2)]);
    let batch = append.fill(Batch::logged(Stamp(1)), &Settings::default(), 1).expect("fits");
    let timeline = batch.operations.iter().filter_map(|operation| match operation {
        Operation::Put { table, row, .. } if table.name == "timeline" => {
            Some(row.key.partition[1..].to_vec())
        }
        _ => None,
    });
    let new = vec![Value::U64(1), Value::U64(2)];
    assert!(timeline.eq([new.clone(), new]), "both entries lie in the new bucket");
    append.commit(&mut loaded, &Settings::default());
    assert!(!loaded.fresh_bucket);
}

#[test]
fn time_never_runs_backwards() {
    let mut append = Append::new(&room(), (Changes::default(), Votes::default()), u64::MAX);
    let times: Vec<_> =
        [10, 7, 12].into_iter().map(|now| push(&mut append, Timestamp(now)).time).collect();
    assert_eq!(times, [10, 10, 12].map(Timestamp));
}

#[test]
fn memory_keeps_the_last_entries() {
    let mut loaded = room();
    let mut append = Append::new(&loaded, Default::default(), u64::MAX);
    (0..20).for_each(|_| drop(push(&mut append, Timestamp(5))));
    let settings = Settings { ring_entries: 8, ..Settings::default() };
    append.commit(&mut loaded, &settings);
    assert!(loaded.ring.iter().map(|entry| entry.position.get()).eq(13..=20));
    assert_eq!((loaded.state.head.get(), loaded.state.number.get()), (20, 20));
}
