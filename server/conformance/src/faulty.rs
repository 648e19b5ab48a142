//! A store that misbehaves as a real one may: it fails, it is slow, it does not say whether a write
//! happened, and it applies a batch over several partitions in any order, with pauses between. A batch
//! for one partition comes whole, a logged one whole in the end; of a repairable one some partitions
//! may be missing, and then the answer says that the outcome is unknown.
//!
//! Everything follows from a seed; under tokio's paused time a run repeats exactly.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use caffis_core::ports::{
    check,
    store::{
        Atomicity, Batch, Key, Operation, Row, Scan, Store, StoreError, StoreFuture, StoreLimits,
        Swap, Table, Value,
    },
};

use crate::random::Random;

/// How a call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `Unavailable`; nothing was written.
    Unavailable,
    /// `Full`; nothing was written. A read is not affected.
    Full,
    /// `Unknown`, and the write did not happen. A read gives `Unavailable`.
    UnknownLost,
    /// `Unknown`, and the write did happen. A read gives `Unavailable`.
    UnknownWritten,
    /// `Unknown`, and the write happens after that: [`LATE`] after it, or when [`Plan::latest`] says. A read
    /// gives `Unavailable`.
    UnknownLate,
    /// `Unknown`. Of a repairable batch any of the partitions were written, or all or none of them; of
    /// every other write nothing was. A read gives `Unavailable`.
    UnknownPartly,
}

/// How long after its answer a write of [`Fault::UnknownLate`] happens.
pub const LATE: Duration = Duration::from_secs(1);

/// What the store does with calls for which no single fault was planned. By default nothing goes
/// wrong.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Of a thousand writes, how many end in `Unavailable`.
    pub unavailable: u16,
    /// Of a thousand writes, how many end in `Full`.
    pub full: u16,
    /// Of a thousand writes, how many are lost and end in `Unknown`.
    pub unknown_lost: u16,
    /// Of a thousand writes, how many happen and end in `Unknown`.
    pub unknown_written: u16,
    /// Of a thousand writes, how many end as [`Fault::UnknownPartly`] says.
    pub unknown_partly: u16,
    /// Of a thousand writes, how many end in `Unknown` and happen after that.
    pub unknown_late: u16,
    /// If it is not zero, a late write happens at any time until then, and of a repairable batch each
    /// partition at a time of its own.
    pub latest: Duration,
    /// Of a thousand reads, how many end in `Unavailable`.
    pub unavailable_reads: u16,
    /// The longest pause before a call.
    pub delay: Duration,
    /// Reads are never answered.
    pub hang_reads: bool,
    /// Reads of partitions whose first column has this value are never answered.
    pub hang_reads_of: Option<Value>,
    /// Apply a batch partition by partition, in any order; the longest pause between two parts.
    pub split: Option<Duration>,
}

impl Plan {
    /// Nothing fails, but batches over several partitions come in parts and in any order.
    #[must_use]
    pub fn reordering(pause: Duration) -> Self {
        Self { split: Some(pause), ..Self::default() }
    }
}

struct State {
    random: Random,
    plan: Plan,
    next_writes: Vec<Fault>,
    next_reads: Vec<Fault>,
    injected: u64,
    writes: u64,
    /// By table.
    reads: BTreeMap<&'static str, u64>,
}

/// Controls a [`FaultyStore`] while it is in use.
#[derive(Clone)]
pub struct Faults(Arc<Mutex<State>>);

impl Faults {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces the plan.
    pub fn set_plan(&self, plan: Plan) {
        self.lock().plan = plan;
    }

    /// Plans a fault for the next write, after those planned earlier.
    pub fn fail_next_write(&self, fault: Fault) {
        self.lock().next_writes.push(fault);
    }

    /// Plans a fault for the next read, after those planned earlier.
    pub fn fail_next_read(&self, fault: Fault) {
        self.lock().next_reads.push(fault);
    }

    /// How many writes were asked for.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.lock().writes
    }

    /// How many reads of this table were asked for; many rows at once are one read.
    #[must_use]
    pub fn reads_of(&self, table: &str) -> u64 {
        self.lock().reads.get(table).copied().unwrap_or(0)
    }

    /// How many faults have happened.
    #[must_use]
    pub fn injected(&self) -> u64 {
        self.lock().injected
    }

    fn before_write(&self) -> (Duration, Option<Fault>) {
        let mut guard = self.lock();
        let state = &mut *guard;
        let plan = state.plan.clone();
        state.writes += 1;
        let delay = state.pause(plan.delay);
        let roll = u16::try_from(state.random.below(1000)).unwrap_or(0);
        let mut bar = 0;
        let rates = [
            (plan.unavailable, Fault::Unavailable),
            (plan.full, Fault::Full),
            (plan.unknown_lost, Fault::UnknownLost),
            (plan.unknown_written, Fault::UnknownWritten),
            (plan.unknown_partly, Fault::UnknownPartly),
            (plan.unknown_late, Fault::UnknownLate),
        ];
        let rolled = rates.into_iter().find_map(|(rate, fault)| {
            bar += rate;
            (roll < bar).then_some(fault)
        });
        let fault =
            if state.next_writes.is_empty() { rolled } else { Some(state.next_writes.remove(0)) };
        state.injected += u64::from(fault.is_some());
        (delay, fault)
    }

    /// The same for a write that is one row: nothing of it is written in part.
    fn before_conditional(&self) -> (Duration, Option<Fault>) {
        let (delay, fault) = self.before_write();
        (delay, if fault == Some(Fault::UnknownPartly) { Some(Fault::UnknownLost) } else { fault })
    }

    fn hangs_reads(&self, partition: &[Value]) -> bool {
        let plan = &self.lock().plan;
        plan.hang_reads
            || plan.hang_reads_of.as_ref().is_some_and(|of| partition.first() == Some(of))
    }

    fn before_read(&self) -> (Duration, bool) {
        let mut guard = self.lock();
        let state = &mut *guard;
        let plan = state.plan.clone();
        let delay = state.pause(plan.delay);
        let rolled = state.random.chance(plan.unavailable_reads);
        let fails = if state.next_reads.is_empty() {
            rolled
        } else {
            state.next_reads.remove(0) != Fault::Full
        };
        state.injected += u64::from(fails);
        (delay, fails)
    }

    /// The parts of a batch in the order in which they will be applied, each with a pause before.
    fn parts(&self, batch: Batch) -> Vec<(Duration, Batch)> {
        let mut guard = self.lock();
        let state = &mut *guard;
        let Some(longest) = state.plan.split else {
            return vec![(Duration::ZERO, batch)];
        };
        let mut parts = partitions(batch);
        state.random.shuffle(&mut parts);
        let parts = parts.into_iter().enumerate();
        parts
            .map(|(at, part)| {
                let pause = if at == 0 { Duration::ZERO } else { state.pause(longest) };
                (pause, part)
            })
            .collect()
    }

    /// How long after its answer a late write begins.
    fn lateness(&self) -> Duration {
        let mut state = self.lock();
        let latest = state.plan.latest;
        if latest.is_zero() { LATE } else { state.pause(latest / 2) }
    }

    /// The partitions of a late batch that need not land together, each some time after it begins.
    fn scattered(&self, parts: Vec<(Duration, Batch)>) -> Vec<(Duration, Batch)> {
        let mut state = self.lock();
        let latest = state.plan.latest;
        if latest.is_zero() || parts.iter().any(|(_, p)| p.atomicity != Atomicity::Repairable) {
            return parts;
        }
        let parts = parts.into_iter().flat_map(|(_, part)| partitions(part));
        let mut parts: Vec<_> = parts.map(|part| (state.pause(latest / 2), part)).collect();
        parts.sort_by_key(|(at, _)| *at);
        let mut before = Duration::ZERO;
        for (at, _) in &mut parts {
            (before, *at) = (*at, *at - before);
        }
        parts
    }

    /// What is written of a batch that is written in part.
    fn some(&self, parts: Vec<(Duration, Batch)>) -> Vec<(Duration, Batch)> {
        let mut state = self.lock();
        let repairable = parts.into_iter().filter(|(_, p)| p.atomicity == Atomicity::Repairable);
        let parts = repairable
            .flat_map(|(pause, part)| partitions(part).into_iter().map(move |part| (pause, part)));
        parts.filter(|_| state.random.chance(500)).collect()
    }
}

impl State {
    fn pause(&mut self, longest: Duration) -> Duration {
        let micros = usize::try_from(longest.as_micros()).unwrap_or(usize::MAX);
        Duration::from_micros(self.random.below(micros.saturating_add(1)) as u64)
    }
}

/// A batch as one batch for each partition of a table: what is atomic and isolated.
fn partitions(batch: Batch) -> Vec<Batch> {
    let Batch { stamp, atomicity, operations } = batch;
    let place = |operation: &Operation| (operation.table().name, operation.partition().to_vec());
    let mut parts: Vec<Batch> = Vec::new();
    for operation in operations {
        let of = place(&operation);
        match parts.iter_mut().find(|part| place(&part.operations[0]) == of) {
            Some(part) => part.operations.push(operation),
            None => parts.push(Batch { stamp, atomicity, operations: vec![operation] }),
        }
    }
    parts
}

/// A store that wraps another and misbehaves. Needs a tokio runtime.
pub struct FaultyStore<S: Store + ?Sized> {
    inner: Arc<S>,
    faults: Faults,
}

impl<S: Store + ?Sized> FaultyStore<S> {
    /// Wraps a store; the handle controls what goes wrong.
    #[must_use]
    pub fn new(inner: Arc<S>, seed: u64, plan: Plan) -> (Self, Faults) {
        let state = State {
            random: Random::new(seed),
            plan,
            next_writes: Vec::new(),
            next_reads: Vec::new(),
            injected: 0,
            writes: 0,
            reads: BTreeMap::new(),
        };
        let faults = Faults(Arc::new(Mutex::new(state)));
        (Self { inner, faults: faults.clone() }, faults)
    }

    async fn reading(
        &self,
        table: &'static Table,
        partitions: &[&[Value]],
    ) -> Result<(), StoreError> {
        *self.faults.lock().reads.entry(table.name).or_default() += 1;
        let (delay, fails) = self.faults.before_read();
        pause(delay).await;
        if partitions.iter().any(|partition| self.faults.hangs_reads(partition)) {
            std::future::pending::<()>().await;
        }
        if fails {
            return Err(StoreError::Unavailable("an injected fault".into()));
        }
        Ok(())
    }

    /// Runs a write as the plan says, in its own task: a caller who goes away leaves no half-written
    /// batch behind.
    async fn writing<T, F>(
        &self,
        (delay, fault): (Duration, Option<Fault>),
        write: F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let unknown = || Err(StoreError::Unknown("an injected fault".into()));
        let late =
            fault.filter(|fault| *fault == Fault::UnknownLate).map(|_| self.faults.lateness());
        let task = tokio::spawn(async move {
            pause(delay).await;
            match fault {
                None => write.await,
                Some(Fault::Unavailable) => {
                    Err(StoreError::Unavailable("an injected fault".into()))
                }
                Some(Fault::Full) => Err(StoreError::Full),
                Some(Fault::UnknownLost) => unknown(),
                // What is to be written of it is all that `write` writes.
                Some(Fault::UnknownWritten | Fault::UnknownPartly) => {
                    write.await?;
                    unknown()
                }
                Some(Fault::UnknownLate) => {
                    tokio::spawn(async move {
                        pause(late.unwrap_or(LATE)).await;
                        write.await
                    });
                    unknown()
                }
            }
        });
        task.await.unwrap_or_else(|error| Err(StoreError::Unknown(error.to_string())))
    }
}

async fn pause(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

impl<S: Store + ?Sized> Store for FaultyStore<S> {
    fn get<'a>(&'a self, table: &'static Table, key: &'a Key) -> StoreFuture<'a, Option<Row>> {
        Box::pin(async move {
            self.reading(table, &[&key.partition]).await?;
            self.inner.get(table, key).await
        })
    }

    fn get_many<'a>(
        &'a self,
        table: &'static Table,
        keys: &'a [Key],
    ) -> StoreFuture<'a, Vec<Option<Row>>> {
        Box::pin(async move {
            // As slow and as likely to fail as one read: they are made side by side.
            let partitions: Vec<&[Value]> = keys.iter().map(|key| &*key.partition).collect();
            self.reading(table, &partitions).await?;
            self.inner.get_many(table, keys).await
        })
    }

    fn scan(&self, scan: Scan) -> StoreFuture<'_, Vec<Row>> {
        Box::pin(async move {
            self.reading(scan.table, &[&scan.partition]).await?;
            self.inner.scan(scan).await
        })
    }

    fn limits(&self) -> StoreLimits {
        self.inner.limits()
    }

    fn write(&self, batch: Batch) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            // The whole batch is checked before a part of it is written.
            check::batch(&batch, &self.inner.limits())?;
            check::declaration(&batch)?;
            let mut parts = self.faults.parts(batch);
            let (delay, fault) = self.faults.before_write();
            if fault == Some(Fault::UnknownPartly) {
                parts = self.faults.some(parts);
            }
            if fault == Some(Fault::UnknownLate) {
                parts = self.faults.scattered(parts);
            }
            let inner = Arc::clone(&self.inner);
            self.writing((delay, fault), async move {
                for (before, part) in parts {
                    pause(before).await;
                    inner.write(part).await?;
                }
                Ok(())
            })
            .await
        })
    }

    fn insert_if_absent(&self, table: &'static Table, row: Row) -> StoreFuture<'_, Option<Row>> {
        let inner = Arc::clone(&self.inner);
        Box::pin(async move {
            let fault = self.faults.before_conditional();
            self.writing(fault, async move { inner.insert_if_absent(table, row).await }).await
        })
    }

    fn compare_and_set(
        &self,
        table: &'static Table,
        key: Key,
        expected: Vec<Value>,
        new: Vec<Value>,
    ) -> StoreFuture<'_, Swap> {
        let inner = Arc::clone(&self.inner);
        Box::pin(async move {
            let fault = self.faults.before_conditional();
            let swap = async move { inner.compare_and_set(table, key, expected, new).await };
            self.writing(fault, swap).await
        })
    }
}
