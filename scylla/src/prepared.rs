//! The statements, each prepared when it is first needed.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use caffis_core::ports::store::{StoreError, Table};
use scylla::{client::session::Session, statement::prepared::PreparedStatement};

use crate::{
    failure,
    session::Profiles,
    statement::{Shape, text},
};

/// Rows of one page of a scan: at 1 MiB, the most that a row may have, still less than what a
/// server takes apart at once.
const PAGE_ROWS: i32 = 500;

/// The prepared statements of a keyspace. There are as many as tables and shapes: some twenty for a table.
pub(crate) struct Statements {
    keyspace: String,
    profiles: Profiles,
    prepared: RwLock<HashMap<(&'static str, Shape), PreparedStatement>>,
}

impl Statements {
    pub(crate) fn new(keyspace: &str, profiles: Profiles) -> Self {
        Self { keyspace: keyspace.to_owned(), profiles, prepared: RwLock::default() }
    }

    /// How batches are sent.
    pub(crate) fn profiles(&self) -> &Profiles {
        &self.profiles
    }

    /// The statement of a table with a shape.
    pub(crate) async fn get(
        &self,
        session: &Session,
        table: &'static Table,
        shape: Shape,
    ) -> Result<PreparedStatement, StoreError> {
        let place = (table.name, shape);
        if let Some(statement) = self.known(place) {
            return Ok(statement);
        }
        let text = text(&self.keyspace, table, shape);
        let prepared = session.prepare(text).await;
        let mut statement = prepared.map_err(|error| failure::prepare(table, &error))?;
        let Profiles { read, write, conditional } = &self.profiles;
        let profile = match shape {
            shape if shape.is_conditional() => conditional,
            shape if shape.is_read() => read,
            _ => write,
        };
        statement.set_execution_profile_handle(Some(profile.clone()));
        // A write carries its timestamp, so twice is as good as once. A conditional one must not be
        // sent twice: the second would find the first.
        statement.set_is_idempotent(!shape.is_conditional());
        statement.set_page_size(PAGE_ROWS);
        let mut known = self.prepared.write().unwrap_or_else(PoisonError::into_inner);
        Ok(known.entry(place).or_insert(statement).clone())
    }

    fn known(&self, place: (&'static str, Shape)) -> Option<PreparedStatement> {
        self.prepared.read().unwrap_or_else(PoisonError::into_inner).get(&place).cloned()
    }
}
