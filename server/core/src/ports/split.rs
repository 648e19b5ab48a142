//! Splitting batches by what a store takes at once.

use super::{
    check,
    store::{Atomicity, Batch, Operation, StoreLimits},
};

/// A batch as it is sent.
#[derive(Debug)]
pub(crate) enum Split {
    /// In one, also if it is too large: then the store refuses it.
    Whole(Batch),
    /// In several, with the same stamp, one after the other.
    Parts(Vec<Batch>),
}

/// Splits a batch if it is too large and may come in parts. What lies in one partition stays together, so
/// a partition that is too large by itself is refused by the store.
pub(crate) fn split(batch: Batch, limits: &StoreLimits) -> Split {
    if batch.atomicity != Atomicity::Repairable || fits(&batch.operations, limits) {
        return Split::Whole(batch);
    }
    let Batch { stamp, atomicity, mut operations } = batch;
    let place = |operation: &Operation| (operation.table().name, operation.partition().to_vec());
    operations.sort_by_cached_key(place);
    let mut parts: Vec<Batch> = Vec::new();
    let mut operations = operations.into_iter().peekable();
    while let Some(first) = operations.next() {
        let mut group = vec![first];
        while let Some(next) = operations.next_if(|next| place(next) == place(&group[0])) {
            group.push(next);
        }
        match parts.last_mut().filter(|last| fits(last.operations.iter().chain(&group), limits)) {
            Some(last) => last.operations.append(&mut group),
            None => parts.push(Batch { stamp, atomicity, operations: group }),
        }
    }
    Split::Parts(parts)
}

fn fits<'a>(operations: impl IntoIterator<Item = &'a Operation>, limits: &StoreLimits) -> bool {
    let (mut count, mut bytes) = (0, 0);
    operations.into_iter().all(|operation| {
        count += 1;
        if let Operation::Put { row, .. } = operation {
            bytes += row.values.iter().map(check::size).sum::<usize>();
        }
        count <= limits.batch_operations && bytes <= limits.batch_bytes
    })
}

#[cfg(test)]
mod tests {
    use caffis_schema::UserId;

    use super::*;
    use crate::{
        ports::store::{Key, Stamp, Value},
        tables::{MarkerRow, RevocationRow, UserRow},
    };

    fn of(people: u64, atomicity: Atomicity) -> Batch {
        let mut batch = Batch { atomicity, ..Batch::repairable(Stamp(7)) };
        for number in 0..people {
            let user = UserId::new(&format!("person-{number:03}")).expect("an id");
            let before = caffis_schema::Timestamp(1);
            batch.put(&RevocationRow { user: user.clone(), before });
            batch.delete::<UserRow>(UserRow::key(&user, &"profile".into()));
        }
        batch
    }

    fn parts(split: Split) -> Vec<Batch> {
        match split {
            Split::Whole(batch) => vec![batch],
            Split::Parts(parts) => parts,
        }
    }

    #[test]
    fn a_repairable_batch_comes_in_parts_that_fit() {
        let limits = StoreLimits { batch_operations: 7, batch_bytes: 1_000 };
        let parts = parts(split(of(10, Atomicity::Repairable), &limits));
        let counts: Vec<_> = parts.iter().map(|part| part.operations.len()).collect();
        assert_eq!(counts, [7, 7, 6]);
        assert!(parts.iter().all(|part| part.stamp == Stamp(7)));
        // A revocation takes 8 bytes, a delete none: three of the one and any of the other.
        let limits = StoreLimits { batch_operations: 100, batch_bytes: 24 };
        let parts = self::parts(split(of(10, Atomicity::Repairable), &limits));
        let bytes = |part: &Batch| {
            part.operations.iter().filter(|o| o.table().name == RevocationRow::TABLE.name).count()
        };
        assert_eq!(parts.iter().map(bytes).collect::<Vec<_>>(), [3, 3, 3, 1]);
    }

    #[test]
    fn what_belongs_together_stays_together() {
        let limits = StoreLimits { batch_operations: 3, batch_bytes: 1_000 };
        for whole in [Atomicity::Logged, Atomicity::Partition] {
            assert!(matches!(split(of(10, whole), &limits), Split::Whole(_)), "{whole:?}");
        }
        // Four rows of one partition, which the store will refuse, and one of another.
        let mut batch = Batch::repairable(Stamp(7));
        for id in 0..5_u64 {
            let key = Key { partition: vec![Value::U64(id / 4)], clustering: vec![Value::U64(id)] };
            let table = MarkerRow::TABLE;
            batch.operations.push(Operation::Delete { table, key });
        }
        let parts = parts(split(batch, &limits));
        let counts: Vec<_> = parts.iter().map(|part| part.operations.len()).collect();
        assert_eq!(counts, [4, 1]);
    }
}
