//! What a keyspace holds, and what it lacks of what is declared.

use std::collections::BTreeMap;

use caffis_core::ports::store::{Column, Order, Table};
use scylla::{client::session::Session, statement::Statement};

use crate::{
    failure::sentence,
    schema::{add_column, create_table},
    statement::column_type,
};

/// A row of `system_schema.columns`: table, column, kind, place within the kind, order, type.
type Described = (String, String, String, i32, String, String);

/// The tables of a keyspace.
#[derive(Debug, Default)]
pub(crate) struct Existing {
    /// There is such a keyspace.
    pub(crate) keyspace: bool,
    tables: BTreeMap<String, Existed>,
}

/// One table: the columns of its key as they are described, and the types of the others.
#[derive(Debug, Default)]
struct Existed {
    key: BTreeMap<(u8, i32), String>,
    values: BTreeMap<String, String>,
}

/// Reads what is there.
pub(crate) async fn read(session: &Session, keyspace: &str) -> Result<Existing, String> {
    // Each server tells what it knows, so all of them have to know the same.
    session.await_schema_agreement().await.map_err(sentence)?;
    let text = "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?";
    let answer = session.query_unpaged(Statement::new(text), (keyspace,)).await;
    let rows = answer.map_err(sentence)?.into_rows_result().map_err(sentence)?;
    let mut existing = Existing { keyspace: rows.rows_num() > 0, tables: BTreeMap::new() };
    let text = "SELECT table_name, column_name, kind, position, clustering_order, type \
                FROM system_schema.columns WHERE keyspace_name = ?";
    let answer = session.query_unpaged(Statement::new(text), (keyspace,)).await;
    let rows = answer.map_err(sentence)?.into_rows_result().map_err(sentence)?;
    for row in rows.rows::<Described>().map_err(sentence)? {
        existing.add(row.map_err(sentence)?);
    }
    Ok(existing)
}

impl Existing {
    fn add(&mut self, (table, column, kind, position, order, ty): Described) {
        let table = self.tables.entry(table).or_default();
        match kind.as_str() {
            "partition_key" => _ = table.key.insert((0, position), format!("{column} {ty}")),
            "clustering" => {
                let order = order.to_uppercase();
                table.key.insert((1, position), format!("{column} {ty} {order}"));
            }
            _ => _ = table.values.insert(column, ty),
        }
    }

    /// Whether there is a table of this name.
    pub(crate) fn has(&self, table: &str) -> bool {
        self.tables.contains_key(table)
    }

    /// The statements that make a table what is declared. A column that is not declared may stay: a
    /// newer or an older program wrote it.
    ///
    /// # Errors
    /// What cannot be changed.
    pub(crate) fn missing(&self, keyspace: &str, table: &Table) -> Result<Vec<String>, String> {
        let Some(existed) = self.tables.get(table.name) else {
            return Ok(vec![create_table(keyspace, table)]);
        };
        let there: Vec<&str> = existed.key.values().map(String::as_str).collect();
        let wanted = key(table);
        if there != wanted {
            return Err(format!("its key is ({}), not ({})", there.join(", "), wanted.join(", ")));
        }
        let mut statements = Vec::new();
        for column in table.values {
            let wanted = column_type(column.ty);
            match existed.values.get(column.name) {
                None => statements.push(add_column(keyspace, table, column)),
                Some(ty) if ty == wanted => {}
                Some(ty) => {
                    return Err(format!("its column {} is {ty}, not {wanted}", column.name));
                }
            }
        }
        Ok(statements)
    }
}

/// The key as it is declared, described like one that is there.
fn key(table: &Table) -> Vec<String> {
    let described = |column: &Column| format!("{} {}", column.name, column_type(column.ty));
    let clustering = table.clustering.iter().map(|(column, order)| match order {
        Order::Ascending => format!("{} ASC", described(column)),
        Order::Descending => format!("{} DESC", described(column)),
    });
    table.partition.iter().map(described).chain(clustering).collect()
}

#[cfg(test)]
mod tests {
    use caffis_core::tables::{BucketRow, TimelineRow};

    use super::*;

    fn described(columns: &[(&str, &str, i32, &str, &str)]) -> Existing {
        let mut existing = Existing { keyspace: true, ..Existing::default() };
        for (column, kind, position, order, ty) in columns {
            let [column, kind, order, ty] = [column, kind, order, ty].map(|s| (*s).to_owned());
            existing.add(("buckets".to_owned(), column, kind, *position, order, ty));
        }
        existing
    }

    const KEY: [(&str, &str, i32, &str, &str); 3] = [
        ("number", "clustering", 1, "asc", "bigint"),
        ("epoch", "clustering", 0, "asc", "bigint"),
        ("room", "partition_key", 0, "none", "bigint"),
    ];

    #[test]
    fn columns_that_are_missing_are_added() {
        let table = BucketRow::TABLE;
        let value = |name| (name, "regular", -1, "none", "bigint");
        let there = [value("first"), value("opened"), value("before_epoch"), value("other")];
        let existing = described(&[&KEY[..], &there].concat());
        let missing = existing.missing("chat", table);
        assert_eq!(
            missing,
            Ok(vec!["ALTER TABLE chat.buckets ADD before_number bigint".to_owned()])
        );
        let whole = described(&[&KEY[..], &there, &[value("before_number")]].concat());
        assert_eq!(whole.missing("chat", table), Ok(Vec::new()));
        let made = existing.missing("chat", TimelineRow::TABLE);
        assert_eq!(made, Ok(vec![create_table("chat", TimelineRow::TABLE)]));
    }

    #[test]
    fn what_cannot_be_changed_is_named() {
        let table = BucketRow::TABLE;
        let text = [("first", "regular", -1, "none", "text")];
        let error = described(&[&KEY[..], &text].concat()).missing("chat", table).unwrap_err();
        assert_eq!(error, "its column first is text, not bigint");
        let mut key = KEY;
        key[0].3 = "desc";
        let error = described(&key).missing("chat", table).unwrap_err();
        let there = "its key is (room bigint, epoch bigint ASC, number bigint DESC)";
        assert!(error.starts_with(there), "{error}");
    }
}
