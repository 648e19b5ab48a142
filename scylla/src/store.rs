//! The store's handle.

use caffis_core::{
    ports::{
        check,
        store::{Batch, Key, Row, Scan, Store, StoreFuture, StoreLimits, Swap, Table, Value},
    },
    tables,
};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::{
    client::Client,
    conditional::{compare_and_set, insert_if_absent},
    migrate,
    options::{ConnectError, Options},
    session::{self, Profiles},
    write::{LIMITS, write},
};

/// How many rows of one [`Store::get_many`] are read at once.
const READS_AT_ONCE: usize = 64;

/// The store on CQL servers.
pub struct ScyllaStore {
    client: Client,
}

impl ScyllaStore {
    /// Connects to the servers. The tables are made by [`migrate`](crate::migrate()) beforehand.
    ///
    /// # Errors
    /// The servers cannot be reached, an option does not fit them, or the keyspace has another version than
    /// this program.
    pub async fn connect(options: &Options) -> Result<Self, ConnectError> {
        let profiles = Profiles::new(options);
        let session = session::connect(options, &profiles).await?;
        let client = Client::new(session, &options.keyspace, profiles);
        migrate::check(&client, options, tables::VERSION).await?;
        Ok(Self { client })
    }
}

impl Store for ScyllaStore {
    fn get<'a>(&'a self, table: &'static Table, key: &'a Key) -> StoreFuture<'a, Option<Row>> {
        Box::pin(async move {
            check::key(table, key)?;
            self.client.row(table, key).await
        })
    }

    /// One query for each key: a query over several partitions could not go to a replica of each.
    fn get_many<'a>(
        &'a self,
        table: &'static Table,
        keys: &'a [Key],
    ) -> StoreFuture<'a, Vec<Option<Row>>> {
        Box::pin(async move {
            check::keys(table, keys)?;
            let reads: Vec<_> = keys.iter().map(|key| self.client.row(table, key)).collect();
            stream::iter(reads).buffered(READS_AT_ONCE).try_collect().await
        })
    }

    fn scan(&self, scan: Scan) -> StoreFuture<'_, Vec<Row>> {
        Box::pin(async move {
            check::scan(&scan)?;
            self.client.rows(scan).await
        })
    }

    fn limits(&self) -> StoreLimits {
        LIMITS
    }

    fn write(&self, batch: Batch) -> StoreFuture<'_, ()> {
        Box::pin(write(&self.client, batch))
    }

    fn insert_if_absent(&self, table: &'static Table, row: Row) -> StoreFuture<'_, Option<Row>> {
        Box::pin(insert_if_absent(&self.client, table, row))
    }

    fn compare_and_set(
        &self,
        table: &'static Table,
        key: Key,
        expected: Vec<Value>,
        new: Vec<Value>,
    ) -> StoreFuture<'_, Swap> {
        Box::pin(compare_and_set(&self.client, table, key, expected, new))
    }
}
