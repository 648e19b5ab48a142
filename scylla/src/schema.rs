//! The tables as CQL: columns from core's declarations, options from here.

use std::fmt::Write as _;

use caffis_core::ports::store::{Column, Order, Table};

use crate::{
    options::Replication,
    statement::{column_type, name},
};

/// How rows of a table come and go; its options follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// Written once, in order, and kept: sorted runs of similar size are merged, and a partition that
    /// is no longer written to lies in few of them.
    Log,
    /// Small rows that are overwritten again and again: levels keep each row in one file, so that a
    /// read by key opens one.
    Overwritten,
    /// Every row has a time to live: files of a window of time, which are dropped whole when all in them
    /// have ended. Some thirty windows at a time.
    Expiring {
        /// The window, in hours.
        hours: u32,
    },
}

/// The tables that are not [`Use::Overwritten`]. Rows of imported messages in `sent` have no end. The windows are a thirtieth of how long rows are kept by
/// default, 3 days for `sent`, 14 for `activity`, 7 for `receipts` and 180 for `reports_by_time`, but no shorter than an hour.
const USES: &[(&str, Use)] = &[
    ("timeline", Use::Log),
    ("buckets", Use::Log),
    ("search_terms", Use::Log),
    ("search_blocks", Use::Log),
    ("sent", Use::Expiring { hours: 3 }),
    ("activity", Use::Expiring { hours: 12 }),
    ("receipts", Use::Expiring { hours: 6 }),
    ("revoked", Use::Expiring { hours: 1 }),
    ("reports_by_time", Use::Expiring { hours: 144 }),
];

/// How long a deleted or ended row is remembered, so that a replica that missed it can be repaired: 10
/// days, so a repair every week is enough. Rows that only ever end need no repair; a day is for hints.
const REMEMBERED_SECONDS: u32 = 864_000;
const ENDED_SECONDS: u32 = 86_400;

fn used(table: &Table) -> Use {
    let found = USES.iter().find(|(name, _)| *name == table.name);
    found.map_or(Use::Overwritten, |(_, used)| *used)
}

/// What makes a keyspace, unless there is one.
#[must_use]
pub fn create_keyspace(keyspace: &str, replication: &Replication) -> String {
    let copies = match replication {
        Replication::Everywhere(copies) => format!("'replication_factor': {copies}"),
        Replication::In(centres) => {
            let each = centres.iter().map(|(name, copies)| format!("'{name}': {copies}"));
            each.collect::<Vec<_>>().join(", ")
        }
    };
    format!(
        "CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication = \
         {{'class': 'NetworkTopologyStrategy', {copies}}}"
    )
}

/// What makes a table, unless there is one.
#[must_use]
pub fn create_table(keyspace: &str, table: &Table) -> String {
    let mut text = format!("CREATE TABLE IF NOT EXISTS {keyspace}.{} (\n", name(table.name));
    let clustering = || table.clustering.iter().map(|(column, _)| column);
    for column in table.partition.iter().chain(clustering()).chain(table.values) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "    {} {},", name(column.name), column_type(column.ty));
    }
    let partition: Vec<_> = table.partition.iter().map(|column| name(column.name)).collect();
    let _ = write!(text, "    PRIMARY KEY (({})", partition.join(", "));
    clustering().for_each(|column| _ = write!(text, ", {}", name(column.name)));
    text.push_str(")\n) WITH ");
    if !table.clustering.is_empty() {
        let order = table.clustering.iter().map(|(column, order)| match order {
            Order::Ascending => format!("{} ASC", name(column.name)),
            Order::Descending => format!("{} DESC", name(column.name)),
        });
        let order: Vec<_> = order.collect();
        let _ = write!(text, "CLUSTERING ORDER BY ({})\n    AND ", order.join(", "));
    }
    text.push_str(&options(used(table)));
    text
}

/// What adds a value column to a table.
#[must_use]
pub(crate) fn add_column(keyspace: &str, table: &Table, column: &Column) -> String {
    let (table, column, ty) = (name(table.name), name(column.name), column_type(column.ty));
    format!("ALTER TABLE {keyspace}.{table} ADD {column} {ty}")
}

/// What makes a table that several nodes may make at the same moment: its id follows from its name. Apache
/// Cassandra would otherwise give it a different one on each server that is asked.
#[must_use]
pub(crate) fn create_own_table(keyspace: &str, table: &Table) -> String {
    let id = format!("{:032x}", fnv(&[keyspace.as_bytes(), table.name.as_bytes()]));
    // A UUID of version 8: one that its maker defines.
    let (a, b, c, d, e) = (&id[..8], &id[8..12], &id[13..16], &id[17..20], &id[20..]);
    format!("{}\n    AND id = {a}-{b}-8{c}-8{d}-{e}", create_table(keyspace, table))
}

/// The 128-bit hash of Fowler, Noll and Vo: the same in every build.
fn fnv(parts: &[&[u8]]) -> u128 {
    let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for byte in parts.iter().flat_map(|part| part.iter().chain(b"\0")) {
        hash = (hash ^ u128::from(*byte)).wrapping_mul(0x0100_0000_0000_0000_0000_013b);
    }
    hash
}

/// What a table is given beyond its columns: compaction, and how long what has ended is remembered. What
/// the two servers call differently, such as compression, is left as it is by default.
fn options(used: Use) -> String {
    let (compaction, remembered) = match used {
        Use::Log => ("'class': 'SizeTieredCompactionStrategy'".to_owned(), REMEMBERED_SECONDS),
        Use::Overwritten => ("'class': 'LeveledCompactionStrategy'".to_owned(), REMEMBERED_SECONDS),
        Use::Expiring { hours } => (
            format!(
                "'class': 'TimeWindowCompactionStrategy', 'compaction_window_unit': 'HOURS', \
                 'compaction_window_size': {hours}"
            ),
            ENDED_SECONDS,
        ),
    };
    format!("compaction = {{{compaction}}}\n    AND gc_grace_seconds = {remembered}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use caffis_conformance::store::tables::{MIXED, PLAIN};
    use caffis_core::tables::ALL;

    use super::*;

    #[test]
    fn tables_are_as_declared() {
        assert_eq!(
            create_table("chat", &MIXED),
            "CREATE TABLE IF NOT EXISTS chat.suite_mixed (
    id bigint,
    c_words text,
    c_number bigint,
    c_data blob,
    flag boolean,
    number bigint,
    words text,
    data blob,
    PRIMARY KEY ((id), c_words, c_number, c_data)
) WITH CLUSTERING ORDER BY (c_words DESC, c_number ASC, c_data DESC)
    AND compaction = {'class': 'LeveledCompactionStrategy'}
    AND gc_grace_seconds = 864000"
        );
        let plain = create_table("chat", &PLAIN);
        assert!(plain.contains("PRIMARY KEY ((id))\n) WITH compaction = {"), "{plain}");
        assert_eq!(
            options(Use::Expiring { hours: 12 }),
            "compaction = {'class': 'TimeWindowCompactionStrategy', 'compaction_window_unit': \
             'HOURS', 'compaction_window_size': 12}\n    AND gc_grace_seconds = 86400"
        );
    }

    #[test]
    fn a_table_that_all_make_at_once_has_one_id() {
        let id = |keyspace| {
            let text = create_own_table(keyspace, &PLAIN);
            text.rsplit_once("id = ").unwrap().1.to_owned()
        };
        assert_eq!(id("chat").len(), 36);
        assert_eq!(id("chat"), id("chat"));
        assert_ne!(id("chat"), id("chat2"));
    }

    #[test]
    fn uses_are_of_tables_that_exist() {
        for (name, _) in USES {
            assert!(ALL.iter().any(|table| table.name == *name), "{name}");
        }
    }

    #[test]
    fn copies_are_said_in_both_ways() {
        let text = create_keyspace("chat", &Replication::default());
        assert!(text.ends_with("{'class': 'NetworkTopologyStrategy', 'replication_factor': 3}"));
        let centres = BTreeMap::from([("east".to_owned(), 3), ("west".to_owned(), 2)]);
        let text = create_keyspace("chat", &Replication::In(centres));
        assert!(text.ends_with("'NetworkTopologyStrategy', 'east': 3, 'west': 2}"), "{text}");
    }
}
