//! Bounds as conditions of CQL.
//!
//! A bound of the port is a prefix of the clustering columns, in the table's order. CQL compares a tuple
//! of columns by their values alone, so where ascending and descending columns are mixed no single
//! condition says it. A part of a partition is therefore cut into slices: within each, the first few
//! columns are equal to something and the next one lies in a range. There are at most two for each
//! column, and one where the table has one clustering column. Both servers take such conditions in
//! queries and in deletes.

use std::{cmp::Ordering, ops::Bound};

use caffis_core::ports::store::{Order, Table, Value};

/// One end of a slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Edge {
    /// There is none.
    Open,
    /// It belongs to the slice.
    Included,
    /// It does not.
    Excluded,
}

/// Rows whose first clustering columns are equal to some values, and whose next one lies between two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slice {
    /// What the first columns are equal to.
    pub(crate) equal: Vec<Value>,
    /// Where the next column begins, in the table's order; the value where it is not open.
    pub(crate) start: (Edge, Option<Value>),
    /// Where it ends.
    pub(crate) end: (Edge, Option<Value>),
}

/// What is left of a bound beyond the columns that are equal, and whether it takes rows in that begin so.
type Rest<'a> = Option<(&'a [Value], bool)>;

/// The slices between two bounds, in the table's order.
pub(crate) fn slices(
    table: &'static Table,
    from: &Bound<Vec<Value>>,
    to: &Bound<Vec<Value>>,
) -> Vec<Slice> {
    let mut found = Vec::new();
    cut(table, Vec::new(), rest(from), rest(to), &mut found);
    found
}

fn rest(bound: &Bound<Vec<Value>>) -> Rest<'_> {
    match bound {
        Bound::Unbounded => None,
        Bound::Included(prefix) => Some((prefix, true)),
        Bound::Excluded(prefix) => Some((prefix, false)),
    }
}

fn cut(
    table: &'static Table,
    equal: Vec<Value>,
    from: Rest<'_>,
    to: Rest<'_>,
    found: &mut Vec<Slice>,
) {
    // A bound that ends here takes in all rows or none.
    if [from, to].iter().any(|bound| matches!(bound, Some(([], false)))) {
        return;
    }
    let [from, to] = [from, to].map(|bound| bound.filter(|(values, _)| !values.is_empty()));
    let column = |value: &Value| [equal.clone(), vec![value.clone()]].concat();
    let begin = from.map(|(values, takes)| (&values[0], (&values[1..], takes)));
    let end = to.map(|(values, takes)| (&values[0], (&values[1..], takes)));
    if let (Some((first, after)), Some((last, before))) = (begin, end) {
        match compare(table, equal.len(), first, last) {
            Ordering::Greater => return,
            Ordering::Equal => return cut(table, column(first), Some(after), Some(before), found),
            Ordering::Less => {}
        }
    }
    // The rows that share the first column with a bound of several columns are slices of their own.
    let edge = |bound: Option<(&Value, (&[Value], bool))>| match bound {
        None => (Edge::Open, None),
        Some((value, ([], true))) => (Edge::Included, Some(value.clone())),
        Some((value, _)) => (Edge::Excluded, Some(value.clone())),
    };
    if let Some((value, after @ ([_, ..], _))) = begin {
        cut(table, column(value), Some(after), None, found);
    }
    found.push(Slice { equal: equal.clone(), start: edge(begin), end: edge(end) });
    if let Some((value, before @ ([_, ..], _))) = end {
        cut(table, column(value), None, Some(before), found);
    }
}

fn compare(table: &'static Table, column: usize, one: &Value, other: &Value) -> Ordering {
    match table.clustering.get(column) {
        Some((_, Order::Descending)) => other.cmp(one),
        _ => one.cmp(other),
    }
}

#[cfg(test)]
mod tests {
    use caffis_core::ports::{
        check::within,
        store::{Column, ColumnType},
    };

    use super::*;

    const fn number(name: &'static str) -> Column {
        Column { name, ty: ColumnType::U64 }
    }

    static MIXED: Table = Table {
        name: "mixed",
        partition: &[number("p")],
        clustering: &[
            (number("a"), Order::Descending),
            (number("b"), Order::Ascending),
            (number("c"), Order::Descending),
        ],
        values: &[],
    };

    /// All prefixes of up to `columns` numbers below 3.
    fn prefixes(columns: usize) -> Vec<Vec<Value>> {
        let mut all: Vec<Vec<Value>> = vec![Vec::new()];
        let mut last = all.clone();
        for _ in 0..columns {
            let longer = |prefix: &Vec<Value>| {
                (0..3).map(|n| [prefix.clone(), vec![Value::U64(n)]].concat()).collect::<Vec<_>>()
            };
            last = last.iter().flat_map(longer).collect();
            all.extend(last.clone());
        }
        all
    }

    fn holds(slice: &Slice, row: &[Value]) -> bool {
        let depth = slice.equal.len();
        let inside = |(edge, value): &(Edge, Option<Value>), wanted: Ordering| match edge {
            Edge::Open => true,
            Edge::Included | Edge::Excluded => {
                let order = compare(&MIXED, depth, value.as_ref().unwrap(), &row[depth]);
                order == wanted || (*edge == Edge::Included && order.is_eq())
            }
        };
        row[..depth] == slice.equal
            && inside(&slice.start, Ordering::Less)
            && inside(&slice.end, Ordering::Greater)
    }

    /// Every pair of bounds over three columns: each row that lies between is in exactly one slice, no
    /// other row is in any, and the slices follow each other in the table's order.
    #[test]
    fn slices_hold_what_lies_between_the_bounds() {
        let rows: Vec<_> = prefixes(3).into_iter().filter(|row| row.len() == 3).collect();
        let mut bounds = vec![Bound::Unbounded];
        for prefix in prefixes(3) {
            bounds.push(Bound::Included(prefix.clone()));
            bounds.push(Bound::Excluded(prefix));
        }
        for from in &bounds {
            for to in &bounds {
                let slices = slices(&MIXED, from, to);
                assert!(slices.len() <= 5, "{from:?} {to:?}: {slices:?}");
                let mut places = Vec::new();
                for row in &rows {
                    let inside = (0..slices.len()).filter(|n| holds(&slices[*n], row));
                    let inside: Vec<_> = inside.collect();
                    let expected = usize::from(within(&MIXED, row, from, to));
                    assert_eq!(inside.len(), expected, "{from:?} {to:?} {row:?}: {slices:?}");
                    places.extend(inside.first().map(|slice| (row.clone(), *slice)));
                }
                places.sort_by(|(one, _), (other, _)| {
                    let columns = one.iter().zip(other).enumerate();
                    let orders = columns.map(|(n, (a, b))| compare(&MIXED, n, a, b));
                    orders.fold(Ordering::Equal, Ordering::then)
                });
                assert!(places.is_sorted_by_key(|(_, slice)| *slice), "{from:?} {to:?}");
            }
        }
    }

    #[test]
    fn one_column_is_one_slice() {
        let at = |n| vec![Value::U64(n)];
        let found = slices(&MIXED, &Bound::Included(at(9)), &Bound::Excluded(at(3)));
        let start = (Edge::Included, Some(Value::U64(9)));
        let end = (Edge::Excluded, Some(Value::U64(3)));
        assert_eq!(found, [Slice { equal: Vec::new(), start, end }]);
        let empty = slices(&MIXED, &Bound::Included(at(3)), &Bound::Excluded(at(9)));
        assert_eq!(empty, [], "from and to are in the table's order");
    }
}
