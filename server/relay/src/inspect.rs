//! Looks at the users table before anything is installed for it.

use serde::{Deserialize, Serialize};
use tokio_postgres::Client;

use crate::{
    connect::answered,
    error::RelayError,
    names::{Names, literal, quoted, quoted_path},
    settings::Map,
};

/// The types of keys that have one order and one text.
const KEY_TYPES: [&str; 6] = ["text", "varchar", "uuid", "int2", "int4", "int8"];

/// A mapped column, as it is kept in the state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Column {
    /// What it becomes: `key`, `name`, …
    pub(crate) field: String,
    /// Its name in the table.
    pub(crate) name: String,
    /// Its type.
    pub(crate) kind: String,
}

/// A users table that fits.
pub(crate) struct Table {
    pub(crate) oid: u32,
    pub(crate) schema: String,
    pub(crate) name: String,
    /// The key first.
    pub(crate) columns: Vec<Column>,
    /// ` COLLATE …` of the key, where it has one of its own.
    collation: String,
}

impl Table {
    /// Looks at a table, and refuses one that cannot be mirrored.
    pub(crate) async fn inspect(client: &Client, map: &Map) -> Result<Self, RelayError> {
        let path = quoted_path(&map.table);
        let found = answered(client.query_opt(
            "SELECT c.oid, n.nspname, c.relname, c.relkind::text FROM pg_class AS c \
             JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = to_regclass($1)",
            &[&path],
        ))
        .await?;
        let row = found.ok_or_else(|| RelayError::NoTable(map.table.clone()))?;
        let (oid, schema, name): (u32, String, String) = (row.get(0), row.get(1), row.get(2));
        if let Some(kind) = not_a_table(row.get(3)) {
            return Err(RelayError::NotATable { table: map.table.clone(), kind: kind.to_owned() });
        }
        let rows = answered(client.query(
            "SELECT a.attname, format_type(a.atttypid, NULL), t.typname, a.attnotnull AND EXISTS ( \
                 SELECT FROM pg_index AS i WHERE i.indrelid = a.attrelid AND i.indisunique AND i.indisvalid \
                 AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indnkeyatts = 1 \
                 AND i.indkey[0] = a.attnum), \
                 CASE WHEN a.attcollation NOT IN (0, 100) \
                 THEN format(' COLLATE %I.%I', cn.nspname, co.collname) ELSE '' END \
             FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid \
             LEFT JOIN pg_collation AS co ON co.oid = a.attcollation \
             LEFT JOIN pg_namespace AS cn ON cn.oid = co.collnamespace \
             WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
            &[&oid],
        ))
        .await?;
        let named = |field: &str, column: &str| {
            rows.iter().find(|row| row.get::<_, &str>(0) == column).ok_or_else(|| {
                let columns: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
                RelayError::NoColumn {
                    setting: format!("pg_relay_{field}"),
                    column: column.to_owned(),
                    table: map.table.clone(),
                    columns: columns.join(", "),
                }
            })
        };
        let key = named("key", &map.key)?;
        if !KEY_TYPES.contains(&key.get(2)) {
            return Err(RelayError::KeyType { key: map.key.clone(), kind: key.get(1) });
        }
        if !key.get::<_, bool>(3) {
            return Err(RelayError::NoPrimaryKey { table: path, key: map.key.clone() });
        }
        let collation = key.get(4);
        let mut columns = Vec::new();
        for (field, column) in std::iter::once(("key", map.key.as_str())).chain(map.fields()) {
            let kind = named(field, column)?.get(1);
            columns.push(Column { field: field.to_owned(), name: column.to_owned(), kind });
        }
        Ok(Self { oid, schema, name, columns, collation })
    }

    /// The placeholders that its installation needs, besides those of [`placeholders`].
    pub(crate) fn installation(&self, names: &mut Names) -> Result<(), RelayError> {
        placeholders(names, &self.schema, &self.name, &self.columns);
        let map = serde_json::to_string(&self.columns);
        let map = map.map_err(|error| RelayError::Statement(error.to_string()))?;
        let fields = &self.columns[1..];
        let texts = |columns: &[Column]| {
            columns.iter().map(|column| literal(&column.name)).collect::<Vec<_>>().join(", ")
        };
        let taken = fields.iter().map(|column| {
            format!("{}, after -> {}", literal(&column.field), literal(&column.name))
        });
        let taken: Vec<String> = taken.collect();
        let changed = self.columns.iter().map(|column| {
            let name = quoted(&column.name);
            format!("OLD.{name}::text IS DISTINCT FROM NEW.{name}::text")
        });
        let mapped: Vec<String> = self.columns.iter().map(|c| quoted(&c.name)).collect();
        names.set("@SOURCE@", self.oid.to_string());
        names.set("@MAP@", literal(&map));
        names.set("@COLLATE@", self.collation.clone());
        names.set("@KEY_TEXT@", literal(&self.columns[0].name));
        names.set("@COLUMNS@", format!("ARRAY[{}]::text[]", texts(fields)));
        names.set("@PAYLOAD_OF_CHANGE@", format!("jsonb_build_object({})", taken.join(", ")));
        names.set("@CHANGED@", changed.collect::<Vec<_>>().join("\n        OR "));
        names.set("@MAPPED@", mapped.join(", "));
        names.set("@TABLE_SCHEMA@", quoted(&self.schema));
        Ok(())
    }
}

/// What statements need to know of the table.
pub(crate) fn placeholders(names: &mut Names, schema: &str, table: &str, columns: &[Column]) {
    let fields = columns
        .iter()
        .skip(1)
        .map(|column| format!("{}, t.{}", literal(&column.field), quoted(&column.name)));
    let payload = format!("jsonb_build_object({})", fields.collect::<Vec<_>>().join(", "));
    names.set("@TABLE@", format!("{}.{}", quoted(schema), quoted(table)));
    names.set("@PAYLOAD@", payload);
    if let Some(key) = columns.first() {
        names.set("@KEY@", quoted(&key.name));
        names.set("@KEY_TYPE@", key.kind.clone());
    }
}

/// What something is that is no table.
fn not_a_table(kind: &str) -> Option<&'static str> {
    match kind {
        "r" | "p" => None,
        "v" => Some("a view"),
        "m" => Some("a materialized view"),
        "f" => Some("a foreign table"),
        _ => Some("something else"),
    }
}
