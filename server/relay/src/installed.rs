//! What is installed in a database, and whether it still fits the users table.

use std::collections::BTreeMap;

use tokio_postgres::error::SqlState;

use crate::{
    connect::{Session, answered},
    error::RelayError,
    inspect::{Column, placeholders},
    names::{Names, quoted},
};

/// The form of the tables that this version reads and writes.
const FORMAT: i32 = 1;
/// The triggers on the users table.
const TRIGGERS: i64 = 3;

/// An installation that fits.
#[derive(Clone, Debug)]
pub(crate) struct Installation {
    /// The placeholders of all statements.
    pub(crate) names: Names,
    /// `schema.table`.
    pub(crate) table: String,
    pub(crate) table_schema: String,
    /// Which columns hold what, the key first.
    pub(crate) columns: Vec<Column>,
    pub(crate) source: u32,
    pub(crate) fill: Fill,
    /// Whether the relay's role was made by it.
    pub(crate) made_role: bool,
    /// Why it cannot be used as it is.
    pub(crate) problem: Option<String>,
    row_security: Option<String>,
}

/// How far the first fill is.
#[derive(Clone, Debug)]
pub(crate) struct Fill {
    pub(crate) after: Option<String>,
    pub(crate) done: bool,
    pub(crate) count: i64,
}

impl Installation {
    /// Reads what is installed, and refuses one that no longer fits.
    pub(crate) async fn load(session: &Session, schema: &str) -> Result<Self, RelayError> {
        let found = Self::find(session, schema).await?;
        let found = found.ok_or_else(|| RelayError::NotInstalled(schema.to_owned()))?;
        found.usable()
    }

    /// Refuses to be used where users would be missed.
    fn usable(self) -> Result<Self, RelayError> {
        if let Some(problem) = self.problem {
            return Err(RelayError::SchemaChanged(problem));
        }
        match self.row_security {
            Some(role) => Err(RelayError::RowSecurity { table: self.table, role }),
            None => Ok(self),
        }
    }

    /// Reads what is installed, if anything is.
    pub(crate) async fn find(session: &Session, schema: &str) -> Result<Option<Self>, RelayError> {
        let mut names = Names::in_schema(schema);
        let statement = names.fill(include_str!("sql/installed.sql"));
        let found = match session.client.query_opt(&statement, &[]).await {
            Err(error) if is_absent(error.code()) => return Ok(None),
            other => answered(std::future::ready(other)).await?,
        };
        let Some(row) = found else { return Ok(None) };
        if row.get::<_, i32>(13) != FORMAT {
            return Err(RelayError::Statement(format!(
                "the outbox in {} was made by another version of this program; it reads format {FORMAT}",
                quoted(schema)
            )));
        }
        let columns: Vec<Column> = parsed(row.get(5))?;
        let present: BTreeMap<String, String> = parsed(row.get(6))?;
        let (table_schema, table): (Option<String>, Option<String>) = (row.get(3), row.get(4));
        let problem = problem(&columns, &present, table.is_some(), row.get(7));
        let (table_schema, table) = (table_schema.unwrap_or_default(), table.unwrap_or_default());
        placeholders(&mut names, &table_schema, &table, &columns);
        Ok(Some(Self {
            names,
            table: format!("{table_schema}.{table}"),
            table_schema,
            columns,
            source: row.get(2),
            fill: Fill { after: row.get(10), done: row.get(11), count: row.get(12) },
            made_role: row.get(14),
            problem,
            row_security: row.get::<_, Option<bool>>(8).unwrap_or(false).then(|| row.get(9)),
        }))
    }
}

/// What no longer fits.
fn problem(
    columns: &[Column],
    present: &BTreeMap<String, String>,
    exists: bool,
    triggers: i64,
) -> Option<String> {
    if !exists {
        return Some("it is gone".to_owned());
    }
    for column in columns {
        match present.get(&column.name) {
            None => return Some(format!("the column {} is gone", column.name)),
            Some(kind) if column.field == "key" && *kind != column.kind => {
                return Some(format!(
                    "the key {} is {kind} and was {}: uninstall first",
                    column.name, column.kind
                ));
            }
            Some(_) => {}
        }
    }
    (triggers != TRIGGERS).then(|| "triggers are missing or disabled".to_owned())
}

fn is_absent(code: Option<&SqlState>) -> bool {
    code.is_some_and(|code| {
        *code == SqlState::UNDEFINED_TABLE || *code == SqlState::INVALID_SCHEMA_NAME
    })
}

fn parsed<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, RelayError> {
    serde_json::from_str(text).map_err(|error| RelayError::Statement(format!("state: {error}")))
}
