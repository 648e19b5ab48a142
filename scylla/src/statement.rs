//! The texts of the statements: one for each table and shape.

use std::fmt::Write as _;

use caffis_core::ports::store::{Column, ColumnType, Order, Table};

use crate::slices::{Edge, Slice};

/// What a statement does; with a table it determines the text and the order of what is bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Shape {
    /// Reads a row. Bound: the key.
    Get,
    /// Reads a slice. Bound: the partition, the slice, the limit.
    Scan {
        /// The slice.
        slice: Cut,
        /// The last row first.
        reverse: bool,
    },
    /// Writes a row. Bound: the key, the values, the stamp, and the time to live.
    Put {
        /// It has a time to live.
        expires: bool,
    },
    /// Removes a row. Bound: the stamp, the key.
    Delete,
    /// Removes a slice. Bound: the stamp, the partition, the slice.
    DeleteSlice(Cut),
    /// Writes a row if there is none. Bound: the key, the values.
    InsertIfAbsent,
    /// Replaces values. Bound: the new values, the key, the expected values.
    CompareAndSet,
}

impl Shape {
    /// Whether it only takes effect under a condition.
    pub(crate) fn is_conditional(self) -> bool {
        matches!(self, Self::InsertIfAbsent | Self::CompareAndSet)
    }

    /// Whether it gives rows and changes nothing.
    pub(crate) fn is_read(self) -> bool {
        matches!(self, Self::Get | Self::Scan { .. })
    }
}

/// The conditions of a slice, without their values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Cut {
    /// How many clustering columns are equal to something.
    equal: usize,
    /// Whether the next one begins somewhere, in the table's order,
    start: Edge,
    /// and ends.
    end: Edge,
}

impl From<&Slice> for Cut {
    fn from(slice: &Slice) -> Self {
        Self { equal: slice.equal.len(), start: slice.start.0, end: slice.end.0 }
    }
}

/// Words that CQL does not take as names, on either server.
const RESERVED: &[&str] = &[
    "add",
    "allow",
    "alter",
    "and",
    "apply",
    "asc",
    "authorize",
    "batch",
    "begin",
    "by",
    "columnfamily",
    "create",
    "default",
    "delete",
    "desc",
    "describe",
    "drop",
    "entries",
    "execute",
    "from",
    "full",
    "grant",
    "if",
    "in",
    "index",
    "infinity",
    "insert",
    "into",
    "is",
    "keyspace",
    "limit",
    "materialized",
    "mbean",
    "mbeans",
    "modify",
    "nan",
    "norecursive",
    "not",
    "null",
    "of",
    "on",
    "or",
    "order",
    "primary",
    "rename",
    "replace",
    "revoke",
    "schema",
    "scylla_clustering_bound",
    "scylla_counter_shard_list",
    "scylla_timeuuid_list_index",
    "select",
    "set",
    "table",
    "to",
    "token",
    "truncate",
    "unlogged",
    "unset",
    "update",
    "use",
    "using",
    "view",
    "where",
    "with",
];

/// A name as it stands in a statement.
pub(crate) fn name(name: &str) -> String {
    if RESERVED.contains(&name) { format!("\"{name}\"") } else { name.to_owned() }
}

/// A type as CQL calls it.
pub(crate) fn column_type(ty: ColumnType) -> &'static str {
    match ty {
        ColumnType::Bool => "boolean",
        ColumnType::U64 => "bigint",
        ColumnType::Text => "text",
        ColumnType::Bytes => "blob",
    }
}

fn clustering(table: &Table) -> impl Iterator<Item = &Column> {
    table.clustering.iter().map(|(column, _)| column)
}

fn key(table: &Table) -> impl Iterator<Item = &Column> {
    table.partition.iter().chain(clustering(table))
}

/// `a = ?`, for each column, with something between.
fn equals<'a>(columns: impl Iterator<Item = &'a Column>, between: &str) -> String {
    columns.map(|column| format!("{} = ?", name(column.name))).collect::<Vec<_>>().join(between)
}

fn names<'a>(columns: impl Iterator<Item = &'a Column>) -> String {
    columns.map(|column| name(column.name)).collect::<Vec<_>>().join(", ")
}

/// The columns that a read of a row gives: its values, or something of its key if it has none.
pub(crate) fn read_columns(table: &'static Table) -> &'static [Column] {
    if table.values.is_empty() { &table.partition[..1] } else { table.values }
}

/// The text of a statement.
pub(crate) fn text(keyspace: &str, table: &'static Table, shape: Shape) -> String {
    let whole = format!("{keyspace}.{}", name(table.name));
    let row = equals(key(table), " AND ");
    match shape {
        Shape::Get => {
            format!("SELECT {} FROM {whole} WHERE {row}", names(read_columns(table).iter()))
        }
        Shape::Scan { slice, reverse } => {
            let columns = names(clustering(table).chain(read_columns(table)));
            let order = if reverse { reversed(table) } else { String::new() };
            let conditions = conditions(table, slice);
            format!("SELECT {columns} FROM {whole} WHERE {conditions}{order} LIMIT ?")
        }
        Shape::Put { expires } => {
            let insert = insert(&whole, table);
            let ttl = if expires { " AND TTL ?" } else { "" };
            format!("{insert} USING TIMESTAMP ?{ttl}")
        }
        Shape::Delete => format!("DELETE FROM {whole} USING TIMESTAMP ? WHERE {row}"),
        Shape::DeleteSlice(slice) => {
            let conditions = conditions(table, slice);
            format!("DELETE FROM {whole} USING TIMESTAMP ? WHERE {conditions}")
        }
        Shape::InsertIfAbsent => format!("{} IF NOT EXISTS", insert(&whole, table)),
        Shape::CompareAndSet => {
            let new = equals(table.values.iter(), ", ");
            let expected = equals(table.values.iter(), " AND ");
            format!("UPDATE {whole} SET {new} WHERE {row} IF {expected}")
        }
    }
}

fn insert(whole: &str, table: &Table) -> String {
    let columns = || key(table).chain(table.values);
    let marks = vec!["?"; columns().count()].join(", ");
    format!("INSERT INTO {whole} ({}) VALUES ({marks})", names(columns()))
}

fn conditions(table: &Table, slice: Cut) -> String {
    let equal = table.partition.iter().chain(clustering(table).take(slice.equal));
    let mut conditions = equals(equal, " AND ");
    let Some((next, order)) = table.clustering.get(slice.equal) else { return conditions };
    let (after, before) = match order {
        Order::Ascending => ('>', '<'),
        Order::Descending => ('<', '>'),
    };
    for (edge, sign) in [(slice.start, after), (slice.end, before)] {
        let equal = match edge {
            Edge::Open => continue,
            Edge::Included => "=",
            Edge::Excluded => "",
        };
        // Writing to a string cannot fail.
        let _ = write!(conditions, " AND {} {sign}{equal} ?", name(next.name));
    }
    conditions
}

fn reversed(table: &Table) -> String {
    let columns = table.clustering.iter().map(|(column, order)| match order {
        Order::Ascending => format!("{} DESC", name(column.name)),
        Order::Descending => format!("{} ASC", name(column.name)),
    });
    let columns: Vec<_> = columns.collect();
    if columns.is_empty() { String::new() } else { format!(" ORDER BY {}", columns.join(", ")) }
}

#[cfg(test)]
#[path = "statement_tests.rs"]
mod tests;
