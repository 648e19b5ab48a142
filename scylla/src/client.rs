//! The driver with its statements, and reads.

use std::ops::ControlFlow;

use caffis_core::ports::store::{Key, Row, Scan, StoreError, Table};
use scylla::{
    client::session::Session,
    response::PagingState,
    statement::{Consistency, prepared::PreparedStatement},
};

use crate::{
    answer, failure,
    prepared::Statements,
    session::Profiles,
    slices::{Slice, slices},
    statement::{Cut, Shape, read_columns},
    turns::Turns,
    values::Cells,
};

/// A connection to the servers, and the statements of a keyspace.
pub(crate) struct Client {
    pub(crate) session: Session,
    pub(crate) statements: Statements,
    pub(crate) turns: Turns,
}

impl Client {
    /// A client of a keyspace.
    pub(crate) fn new(session: Session, keyspace: &str, profiles: Profiles) -> Self {
        let statements = Statements::new(keyspace, profiles);
        Self { session, statements, turns: Turns::default() }
    }

    /// The statement of a table with a shape.
    pub(crate) async fn prepared(
        &self,
        table: &'static Table,
        shape: Shape,
    ) -> Result<PreparedStatement, StoreError> {
        self.statements.get(&self.session, table, shape).await
    }

    /// The row with a key.
    pub(crate) async fn row(
        &self,
        table: &'static Table,
        key: &Key,
    ) -> Result<Option<Row>, StoreError> {
        let statement = self.prepared(table, Shape::Get).await?;
        self.read_row(&statement, table, key).await
    }

    /// The row with a key, after all conditional writes that have taken effect; those that are half done
    /// are finished first. Sent once: a second one beside it would only be in its way.
    pub(crate) async fn serial_row(
        &self,
        table: &'static Table,
        key: &Key,
    ) -> Result<Option<Row>, StoreError> {
        let mut statement = self.prepared(table, Shape::Get).await?;
        let profile = self.statements.profiles().conditional.clone();
        statement.set_execution_profile_handle(Some(profile));
        statement.set_consistency(Consistency::LocalSerial);
        self.read_row(&statement, table, key).await
    }

    async fn read_row(
        &self,
        statement: &PreparedStatement,
        table: &'static Table,
        key: &Key,
    ) -> Result<Option<Row>, StoreError> {
        let cells = Cells::default().partition(table, &key.partition).values(&key.clustering);
        let result = self.session.execute_unpaged(statement, cells).await;
        let result = result.map_err(|error| failure::read(table, &error))?;
        let rows = answer::rows(table, result)?;
        let found = answer::values(table, &rows, read_columns(table))?.into_iter().next();
        Ok(found.map(|mut values| {
            values.truncate(table.values.len());
            Row { key: key.clone(), values }
        }))
    }

    /// The rows of a scan.
    pub(crate) async fn rows(&self, scan: Scan) -> Result<Vec<Row>, StoreError> {
        let mut found = Vec::new();
        let mut slices = slices(scan.table, &scan.from, &scan.to);
        if scan.reverse {
            slices.reverse();
        }
        for slice in &slices {
            if found.len() == scan.limit {
                break;
            }
            self.slice(&scan, slice, &mut found).await?;
        }
        Ok(found)
    }

    /// Reads a slice page by page. A page may be empty before the end, also the last one.
    async fn slice(
        &self,
        scan: &Scan,
        slice: &Slice,
        found: &mut Vec<Row>,
    ) -> Result<(), StoreError> {
        let table = scan.table;
        let shape = Shape::Scan { slice: Cut::from(slice), reverse: scan.reverse };
        let statement = self.prepared(table, shape).await?;
        let clustering = table.clustering.iter().map(|(column, _)| *column);
        let columns: Vec<_> = clustering.chain(read_columns(table).iter().copied()).collect();
        let limit = i32::try_from(scan.limit - found.len()).unwrap_or(i32::MAX);
        let cells = Cells::default().partition(table, &scan.partition).slice(slice).int(limit);
        let mut page = PagingState::start();
        loop {
            let answer = self.session.execute_single_page(&statement, &cells, page).await;
            let (result, next) = answer.map_err(|error| failure::read(table, &error))?;
            let rows = answer::rows(table, result)?;
            for mut clustering in answer::values(table, &rows, &columns)? {
                let mut values = clustering.split_off(table.clustering.len());
                values.truncate(table.values.len());
                let key = Key { partition: scan.partition.clone(), clustering };
                found.push(Row { key, values });
            }
            match next.into_paging_control_flow() {
                ControlFlow::Continue(next) => page = next,
                ControlFlow::Break(()) => return Ok(()),
            }
        }
    }
}
