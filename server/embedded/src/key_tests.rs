use std::cmp::Ordering;

use caffis_core::ports::store::Column;
use proptest::prelude::*;

use super::*;

const COLUMNS: [ColumnType; 4] =
    [ColumnType::Text, ColumnType::U64, ColumnType::Bytes, ColumnType::Bool];

static ORDERS: [Order; 2] = [Order::Ascending, Order::Descending];

/// A table with the four types in the orders that the bits of `which` say.
fn table(which: usize) -> &'static Table {
    let clustering = (0..4)
        .map(|at| (Column { name: "c", ty: COLUMNS[at] }, ORDERS[(which >> at) & 1]))
        .collect::<Vec<_>>();
    // Leaked: a table is declared once for a program's life; a test makes a few.
    Box::leak(Box::new(Table {
        name: "t",
        partition: const { &[Column { name: "p", ty: ColumnType::Bytes }] },
        clustering: Box::leak(clustering.into_boxed_slice()),
        values: &[],
    }))
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    // Few bytes and short runs, so that prefixes and escapes meet often.
    prop::collection::vec(prop::sample::select(vec![0, 0, 1, b'a', 0xfe, 0xff]), 0..4)
}

fn clustering_values() -> impl Strategy<Value = Vec<Value>> {
    let text =
        prop::collection::vec(prop::sample::select(vec!['\0', '\u{1}', 'a', 'ÿ', '🙂']), 0..4);
    let number = prop_oneof![0..3u64, (1u64 << 63) - 3..1 << 63, any::<u64>().prop_map(|n| n >> 1)];
    (text, number, bytes(), any::<bool>()).prop_map(|(text, number, bytes, flag)| {
        vec![
            Value::Text(Arc::from(text.into_iter().collect::<String>())),
            Value::U64(number),
            Value::Bytes(Bytes::from(bytes)),
            Value::Bool(flag),
        ]
    })
}

fn key() -> impl Strategy<Value = Key> {
    (bytes(), clustering_values()).prop_map(|(partition, clustering)| Key {
        partition: vec![Value::Bytes(Bytes::from(partition))],
        clustering,
    })
}

fn expected_order(table: &'static Table, a: &Key, b: &Key) -> Ordering {
    let mut ordering = a.partition.cmp(&b.partition);
    for ((_, order), (a, b)) in table.clustering.iter().zip(a.clustering.iter().zip(&b.clustering))
    {
        ordering = ordering.then(match order {
            Order::Ascending => a.cmp(b),
            Order::Descending => b.cmp(a),
        });
    }
    ordering
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn bytes_lie_as_values(which in 0..16usize, a in key(), b in key()) {
        let table = table(which);
        let (x, y) = (encode(table, &a), encode(table, &b));
        prop_assert_eq!(x.cmp(&y), expected_order(table, &a, &b));
        prop_assert!(x == y || (!x.starts_with(&y) && !y.starts_with(&x)));
    }

    #[test]
    fn keys_come_back(which in 0..16usize, key in key()) {
        let table = table(which);
        let skip = partition(&key.partition).len();
        prop_assert_eq!(clustering(table, &encode(table, &key), skip), Ok(key.clustering));
    }

    #[test]
    fn broken_keys_do_not_panic(which in 0..16usize, bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let _ = clustering(table(which), &bytes, 0);
    }

    #[test]
    fn a_range_holds_what_it_should(
        which in 0..16usize, key in key(), from in clustering_values(), to in clustering_values(),
        kinds in (0..3u8, 0..3u8), columns in (1..5usize, 1..5usize),
    ) {
        let table = table(which);
        let bound = |kind, values: &[Value]| match kind {
            0 => Bound::Unbounded,
            1 => Bound::Included(values.to_vec()),
            _ => Bound::Excluded(values.to_vec()),
        };
        let (from, to) = (&from[..columns.0], &to[..columns.1]);
        let against = |values: &[Value]| {
            let cut = |of: &[Value]| Key { partition: Vec::new(), clustering: of.to_vec() };
            expected_order(table, &cut(&key.clustering), &cut(values))
        };
        let inside = match kinds.0 { 0 => true, 1 => against(from).is_ge(), _ => against(from).is_gt() }
            && match kinds.1 { 0 => true, 1 => against(to).is_le(), _ => against(to).is_lt() };
        let bytes = encode(table, &key);
        let found = range(table, &key.partition, &bound(kinds.0, from), &bound(kinds.1, to))
            .is_some_and(|(start, end)| start <= bytes && end.is_none_or(|end| bytes < end));
        prop_assert_eq!(found, inside);
    }
}
