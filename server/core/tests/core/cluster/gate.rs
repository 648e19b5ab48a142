//! A store whose answers a test decides, call by call.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use caffis_core::{
    ports::store::{
        Batch, Key, Row, Scan, Store, StoreError, StoreFuture, StoreLimits, Swap, Table, Value,
    },
    tables::{LeaseRow, Record, ShardRow},
};
use tokio::time::sleep;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It does what it should.
    Pass,
    /// `Unavailable`; nothing was written.
    Fail,
    /// `Unknown`, and it never happens.
    Lost,
    /// `Unknown`, and it has happened.
    Written,
    /// `Unknown`, and it happens after this long.
    Late(Duration),
    /// It happens after this long, and is answered then.
    SlowThere(Duration),
    /// It happens at once, and is answered after this long.
    SlowBack(Duration),
}

/// A conditional write, or the serial read that it stands for.
#[derive(Clone, Debug)]
pub(super) enum Call {
    ReadLease,
    ReadShard,
    /// The row after it.
    Lease(LeaseRow),
    /// The row after it.
    Shard(ShardRow),
    /// Plain reads and writes.
    Plain,
}

fn call(row: &Row, expected: Option<&[Value]>, table: &'static Table) -> Call {
    let reads = expected == Some(&row.values);
    if table.name == LeaseRow::TABLE.name {
        if reads {
            return Call::ReadLease;
        }
        return Call::Lease(LeaseRow::from_row(row.clone()).expect("a lease"));
    }
    assert_eq!(table.name, ShardRow::TABLE.name);
    if reads {
        Call::ReadShard
    } else {
        Call::Shard(ShardRow::from_row(row.clone()).expect("fits"))
    }
}

type Script = Box<dyn FnMut(&Call) -> Fate + Send>;

/// One node's way to the store.
pub(super) struct Gate<S: Store + ?Sized> {
    inner: Arc<S>,
    script: Mutex<Script>,
}

impl<S: Store + ?Sized> Gate<S> {
    pub(super) fn new(inner: Arc<S>) -> Arc<Self> {
        Arc::new(Self { inner, script: Mutex::new(Box::new(|_| Fate::Pass)) })
    }

    /// From now on this decides.
    pub(super) fn decide(&self, script: impl FnMut(&Call) -> Fate + Send + 'static) {
        *self.script.lock().expect("not poisoned") = Box::new(script);
    }

    /// The node is cut off: every call fails.
    pub(super) fn cut(&self) {
        self.decide(|_| Fate::Fail);
    }

    fn fate(&self, call: &Call) -> Fate {
        (self.script.lock().expect("not poisoned"))(call)
    }

    async fn run<T, F>(&self, call: Call, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let unknown = || Err(StoreError::Unknown("the test says so".to_owned()));
        let fate = self.fate(&call);
        // In a task of its own: a caller that goes away does not take the call back.
        let task = tokio::spawn(async move {
            match fate {
                Fate::Pass => work.await,
                Fate::Fail => Err(StoreError::Unavailable("the test says so".to_owned())),
                Fate::Lost => unknown(),
                Fate::Written => {
                    work.await?;
                    unknown()
                }
                Fate::Late(after) => {
                    tokio::spawn(async move {
                        sleep(after).await;
                        work.await
                    });
                    unknown()
                }
                Fate::SlowThere(time) => {
                    sleep(time).await;
                    work.await
                }
                Fate::SlowBack(time) => {
                    let answer = work.await;
                    sleep(time).await;
                    answer
                }
            }
        });
        task.await.expect("no panic")
    }
}

impl<S: Store + ?Sized> Store for Gate<S> {
    fn get<'a>(&'a self, table: &'static Table, key: &'a Key) -> StoreFuture<'a, Option<Row>> {
        let (inner, key) = (self.inner.clone(), key.clone());
        Box::pin(self.run(Call::Plain, async move { inner.get(table, &key).await }))
    }

    fn get_many<'a>(
        &'a self,
        table: &'static Table,
        keys: &'a [Key],
    ) -> StoreFuture<'a, Vec<Option<Row>>> {
        let (inner, keys) = (self.inner.clone(), keys.to_vec());
        Box::pin(self.run(Call::Plain, async move { inner.get_many(table, &keys).await }))
    }

    fn limits(&self) -> StoreLimits {
        self.inner.limits()
    }

    fn scan(&self, scan: Scan) -> StoreFuture<'_, Vec<Row>> {
        let inner = self.inner.clone();
        Box::pin(self.run(Call::Plain, async move { inner.scan(scan).await }))
    }

    fn write(&self, batch: Batch) -> StoreFuture<'_, ()> {
        let inner = self.inner.clone();
        Box::pin(self.run(Call::Plain, async move { inner.write(batch).await }))
    }

    fn insert_if_absent(&self, table: &'static Table, row: Row) -> StoreFuture<'_, Option<Row>> {
        let inner = self.inner.clone();
        let call = call(&row, None, table);
        Box::pin(self.run(call, async move { inner.insert_if_absent(table, row).await }))
    }

    fn compare_and_set(
        &self,
        table: &'static Table,
        key: Key,
        expected: Vec<Value>,
        new: Vec<Value>,
    ) -> StoreFuture<'_, Swap> {
        let inner = self.inner.clone();
        let row = Row { key: key.clone(), values: new.clone() };
        let call = call(&row, Some(&expected), table);
        Box::pin(
            self.run(call, async move { inner.compare_and_set(table, key, expected, new).await }),
        )
    }
}
