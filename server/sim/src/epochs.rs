//! Who appends: in each room and epoch only one process may.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use caffis_core::{
    ports::store::{Batch, Operation, Value},
    tables::TimelineRow,
};

use crate::trace::{Trace, lock};

/// A room and an epoch, as they are in a key.
type Place = Vec<Value>;

/// The process that appended first, in each room and epoch.
pub(crate) struct Epochs {
    owners: Mutex<BTreeMap<Place, String>>,
    trace: Trace,
}

impl Epochs {
    pub(crate) fn new(trace: Trace) -> Arc<Self> {
        Arc::new(Self { owners: Mutex::default(), trace })
    }

    /// The store goes back to a copy of before: epochs are given out again.
    pub(crate) fn forget(&self) {
        lock(&self.owners).clear();
    }

    /// A process sends a batch. Entries that a new owner writes again are not fresh.
    pub(crate) fn appends(&self, process: &str, batch: &Batch) {
        for operation in &batch.operations {
            let Operation::Put { table, row, fresh: true, .. } = operation else { continue };
            if table.name != TimelineRow::TABLE.name {
                continue;
            }
            let place = row.key.partition[..2].to_vec();
            let mut owners = lock(&self.owners);
            let owner = owners.entry(place.clone()).or_insert_with(|| process.to_owned());
            if owner != process {
                self.trace.broken(format_args!(
                    "{process} and {owner} both append in room and epoch {place:?}"
                ));
            }
        }
    }
}
