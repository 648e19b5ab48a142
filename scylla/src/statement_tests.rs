use std::collections::BTreeMap;

use caffis_conformance::store::tables::{CLAIMS, MIXED, NEWEST, TABLES};
use caffis_core::{ports::store::Value, tables};
use cqlc_core::{Input, compile};

use super::*;
use crate::schema::create_table;

/// No value columns.
static BARE: Table = Table {
    name: "bare",
    partition: &[Column { name: "shard", ty: ColumnType::U64 }],
    clustering: &[(Column { name: "room", ty: ColumnType::U64 }, Order::Ascending)],
    values: &[],
};

#[test]
fn texts_are_what_a_person_would_write() {
    let of = |table, shape| text("chat", table, shape);
    let cut = |equal, start, end| Cut { equal, start, end };
    assert_eq!(
        of(&CLAIMS, Shape::CompareAndSet),
        "UPDATE chat.suite_claims SET owner = ?, epoch = ? WHERE name = ? \
         IF owner = ? AND epoch = ?"
    );
    assert_eq!(
        of(&BARE, Shape::Put { expires: true }),
        "INSERT INTO chat.bare (shard, room) VALUES (?, ?) USING TIMESTAMP ? AND TTL ?"
    );
    assert_eq!(of(&BARE, Shape::Get), "SELECT shard FROM chat.bare WHERE shard = ? AND room = ?");
    let slice = cut(1, Edge::Excluded, Edge::Included);
    assert_eq!(
        of(&MIXED, Shape::Scan { slice, reverse: true }),
        "SELECT c_words, c_number, c_data, flag, number, words, data FROM chat.suite_mixed \
         WHERE id = ? AND c_words = ? AND c_number > ? AND c_number <= ? \
         ORDER BY c_words ASC, c_number DESC, c_data ASC LIMIT ?"
    );
    let slice = cut(0, Edge::Included, Edge::Open);
    assert_eq!(
        of(&NEWEST, Shape::DeleteSlice(slice)),
        "DELETE FROM chat.suite_newest USING TIMESTAMP ? \
         WHERE room = ? AND bucket = ? AND position <= ?",
        "a descending column begins at its largest value"
    );
    assert_eq!(name("by"), "\"by\"", "a reserved word is quoted");
}

#[test]
fn a_slice_gives_its_conditions() {
    let slice = Slice {
        equal: vec![Value::U64(7)],
        start: (Edge::Open, None),
        end: (Edge::Included, Some(Value::U64(3))),
    };
    let cut = Cut::from(&slice);
    assert_eq!(cut, Cut { equal: 1, start: Edge::Open, end: Edge::Included });
}

/// Every slice of a table, as far as statements differ.
fn cuts(table: &Table) -> Vec<Cut> {
    let edges = [Edge::Open, Edge::Included, Edge::Excluded];
    let whole = Cut { equal: table.clustering.len(), start: Edge::Open, end: Edge::Open };
    let mut cuts = vec![whole];
    for equal in 0..table.clustering.len() {
        for start in edges {
            cuts.extend(edges.map(|end| Cut { equal, start, end }));
        }
    }
    cuts
}

/// Every statement that can be made of a table.
fn shapes(table: &Table) -> Vec<Shape> {
    let mut shapes = vec![Shape::Get, Shape::Delete, Shape::InsertIfAbsent];
    shapes.extend([true, false].map(|expires| Shape::Put { expires }));
    if !table.values.is_empty() {
        shapes.push(Shape::CompareAndSet);
    }
    for slice in cuts(table) {
        shapes.push(Shape::DeleteSlice(slice));
        shapes.extend([true, false].map(|reverse| Shape::Scan { slice, reverse }));
    }
    shapes
}

/// How many values are bound to a statement.
fn bound(table: &Table, shape: Shape) -> usize {
    let (partition, clustering) = (table.partition.len(), table.clustering.len());
    let (key, values) = (partition + clustering, table.values.len());
    let cut = |cut: Cut| {
        let edges = [cut.start, cut.end];
        partition + cut.equal + edges.iter().filter(|edge| **edge != Edge::Open).count()
    };
    match shape {
        Shape::Get => key,
        Shape::Scan { slice, .. } | Shape::DeleteSlice(slice) => cut(slice) + 1,
        Shape::Put { expires } => key + values + 1 + usize::from(expires),
        Shape::Delete => key + 1,
        Shape::InsertIfAbsent => key + values,
        Shape::CompareAndSet => key + 2 * values,
    }
}

/// All statements against all tables, without a server: names, types, keys, orders, reserved words, scans
/// over several partitions, filters and the number of values.
#[test]
fn every_statement_fits_its_table() {
    let all = || tables::ALL.iter().chain(TABLES);
    let schema: Vec<String> = all().map(|table| create_table("chat", table)).collect();
    let (mut queries, mut expected) = (String::new(), BTreeMap::new());
    for table in all() {
        for shape in shapes(table) {
            let kind = match shape {
                // The checker wants the columns that are equal to something left out; no server does.
                Shape::Scan { reverse: true, .. } => "many\n-- allow: CQL205",
                shape if shape.is_read() => "many",
                shape if shape.is_conditional() => "lwt",
                _ => "exec",
            };
            let text = text("chat", table, shape);
            let name = format!("Q{}", expected.len());
            let _ = writeln!(queries, "-- name: {name} :{kind}\n{text};\n");
            expected.insert(name, (text, bound(table, shape)));
        }
    }
    let schema = Input::new("schema", schema.join(";\n"));
    let found = compile(&[schema], &[Input::new("statements", queries)]);
    // It also makes code, which takes no more than 16 values.
    let faults = found.diagnostics.iter().filter(|fault| !fault.message.contains("at most 16"));
    let faults: Vec<_> = faults.map(|fault| fault.render(&found.sources)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    for query in &found.ir.queries {
        let (text, bound) = expected.remove(&query.name).expect("a statement of ours");
        assert_eq!(query.params.len(), bound, "{text}");
    }
    assert!(expected.values().all(|(_, bound)| *bound > 16), "not looked at: {expected:?}");
}

#[test]
fn a_statement_that_does_not_fit_is_found() {
    let schema = create_table("chat", &MIXED);
    for (kind, text) in [
        ("many", "SELECT flag FROM chat.suite_mixed WHERE room = ?"),
        ("many", "SELECT flag FROM chat.suite_mixed WHERE id = ? AND c_number > ?"),
        ("many", "SELECT flag FROM chat.suite_mixed WHERE c_words = ?"),
        ("exec", "DELETE FROM chat.suite_mixed WHERE id = 'a'"),
        ("many", "SELECT by FROM chat.suite_mixed WHERE id = ?"),
    ] {
        let queries = format!("-- name: Q :{kind}\n{text};\n");
        let found = compile(&[Input::new("schema", &schema)], &[Input::new("statements", queries)]);
        assert!(!found.diagnostics.is_empty(), "{text}");
    }
}
