//! Conditional writes, alone and by many at once.

use caffis_core::ports::store::{Key, Row, SharedStore, Store, Swap, Value};

use super::{cases::text, tables::CLAIMS};

/// How many tasks compete.
const RIVALS: u64 = 16;
/// How often each of them counts.
const ROUNDS: u64 = 10;

fn claim(name: &str, owner: &str, epoch: u64) -> Row {
    let key = Key { partition: vec![text(name)], clustering: Vec::new() };
    Row { key, values: vec![text(owner), Value::U64(epoch)] }
}

pub(super) async fn insert_if_absent(store: &dyn Store) {
    let first = claim("one", "a", 1);
    assert_eq!(store.insert_if_absent(&CLAIMS, first.clone()).await, Ok(None));
    let second = store.insert_if_absent(&CLAIMS, claim("one", "b", 2)).await;
    assert_eq!(second, Ok(Some(first.clone())));
    assert_eq!(store.get(&CLAIMS, &first.key).await, Ok(Some(first)));
}

pub(super) async fn compare_and_set(store: &dyn Store) {
    let row = claim("swap", "a", 1);
    let key = row.key.clone();
    let next = vec![Value::Null, Value::U64(2)];
    let answer =
        store.compare_and_set(&CLAIMS, key.clone(), row.values.clone(), next.clone()).await;
    assert_eq!(answer, Ok(Swap::Found(None)), "no such row");
    assert_eq!(store.get(&CLAIMS, &key).await, Ok(None), "nothing was written");
    store.insert_if_absent(&CLAIMS, row.clone()).await.expect("an insert");
    let answer =
        store.compare_and_set(&CLAIMS, key.clone(), next.clone(), row.values.clone()).await;
    assert_eq!(answer, Ok(Swap::Found(Some(row.clone()))), "another value");
    let answer =
        store.compare_and_set(&CLAIMS, key.clone(), row.values.clone(), next.clone()).await;
    assert_eq!(answer, Ok(Swap::Done));
    let found = store.get(&CLAIMS, &key).await;
    assert_eq!(found, Ok(Some(Row { key: key.clone(), values: next.clone() })));
    let answer = store.compare_and_set(&CLAIMS, key.clone(), next, row.values.clone()).await;
    assert_eq!(answer, Ok(Swap::Done), "null is a value like another");
}

pub(super) async fn one_of_many_inserts(store: &SharedStore) {
    let mut tasks = tokio::task::JoinSet::new();
    for rival in 0..RIVALS {
        let store = SharedStore::clone(store);
        tasks.spawn(async move {
            let row = claim("rivals", &rival.to_string(), rival);
            let found = store.insert_if_absent(&CLAIMS, row.clone()).await.expect("an answer");
            (row, found)
        });
    }
    let answers = tasks.join_all().await;
    let winners: Vec<_> =
        answers.iter().filter(|(_, found)| found.is_none()).map(|(row, _)| row).collect();
    assert_eq!(winners.len(), 1, "exactly one insert is first");
    for (_, found) in &answers {
        assert!(found.is_none() || found.as_ref() == Some(winners[0]), "all see the winner");
    }
}

/// Many count in one row by compare-and-set; no step may be lost.
pub(super) async fn counted_by_many(store: &SharedStore) {
    let start = claim("counter", "", 0);
    store.insert_if_absent(&CLAIMS, start.clone()).await.expect("an insert");
    let mut tasks = tokio::task::JoinSet::new();
    for rival in 0..RIVALS {
        let store = SharedStore::clone(store);
        let key = start.key.clone();
        tasks.spawn(async move { count(&*store, key, &rival.to_string()).await });
    }
    tasks.join_all().await;
    let row = store.get(&CLAIMS, &start.key).await.expect("an answer").expect("the row");
    assert_eq!(row.values[1], Value::U64(RIVALS * ROUNDS));
}

async fn count(store: &dyn Store, key: Key, owner: &str) {
    let mut seen = store.get(&CLAIMS, &key).await.expect("an answer").expect("the row").values;
    for _ in 0..ROUNDS {
        loop {
            let Value::U64(epoch) = seen[1] else { panic!("not a number: {seen:?}") };
            let next = vec![text(owner), Value::U64(epoch + 1)];
            match store.compare_and_set(&CLAIMS, key.clone(), seen, next.clone()).await {
                Ok(Swap::Done) => {
                    seen = next;
                    break;
                }
                Ok(Swap::Found(Some(row))) => seen = row.values,
                answer => panic!("{answer:?}"),
            }
        }
    }
}
