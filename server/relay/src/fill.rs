//! The first fill: the users of before the installation, page by page.

use tokio_postgres::Statement;

use crate::{
    connect::{Session, answered},
    error::RelayError,
    installed::{Fill, Installation},
};

/// Users of one page.
const PAGE: i64 = 500;

/// The fill, as one relay sees it. Relays take turns; the row of the state says whose page is next.
pub(crate) struct Filling {
    first: Statement,
    next: Statement,
    look: Statement,
    fill: Fill,
}

impl Filling {
    /// Prepares the statements.
    pub(crate) async fn open(
        session: &Session,
        installed: &Installation,
    ) -> Result<Self, RelayError> {
        let mut names = installed.names.clone();
        names.set("@AFTER@", String::new());
        let first = names.fill(include_str!("sql/fill.sql"));
        let after = names.fill("AND t.@KEY@ > $1::text::@KEY_TYPE@");
        names.set("@AFTER@", after);
        let next = names.fill(include_str!("sql/fill.sql"));
        let look = names.fill("SELECT fill_after::text, fill_done, fill_count FROM @SCHEMA@.state");
        Ok(Self {
            first: answered(session.client.prepare(&first)).await?,
            next: answered(session.client.prepare(&next)).await?,
            look: answered(session.client.prepare(&look)).await?,
            fill: installed.fill.clone(),
        })
    }

    /// Whether all users have been taken.
    pub(crate) fn is_done(&self) -> bool {
        self.fill.done
    }

    /// Takes one page, unless another relay does, or it would be too fast; says whether it did.
    pub(crate) async fn step(&mut self, session: &Session, rate: u64) -> Result<bool, RelayError> {
        let statement = if self.fill.after.is_none() { &self.first } else { &self.next };
        let rate = i64::try_from(rate).unwrap_or(i64::MAX);
        let client = &session.client;
        let page = answered(client.query_opt(statement, &[&self.fill.after, &PAGE, &rate])).await?;
        let took = page.is_some();
        let row = match page {
            Some(row) => row,
            None => answered(client.query_one(&self.look, &[])).await?,
        };
        self.fill = Fill { after: row.get(0), done: row.get(1), count: row.get(2) };
        if took && self.fill.done {
            tracing::info!(users = self.fill.count, "the first fill is done");
        }
        Ok(took)
    }
}
