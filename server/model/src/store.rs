//! The store as the rules assume it: a write that was sent may land at any later time or never, a
//! read sees all that has landed and any part of the rest, and the larger stamp wins a row.
//!
//! Replicas are left out: a write that has reached some of them is one that a read may see or not,
//! each time anew. Rows of one write are of one partition and are seen together.

/// A write that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Write<K, V> {
    stamp: u8,
    landed: bool,
    rows: Vec<(K, V)>,
}

/// All that was sent and can still matter, in the order of stamps.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Store<K, V> {
    writes: Vec<Write<K, V>>,
}

/// What one read has seen, row by row.
pub(crate) type View<K, V> = Vec<(K, V)>;

impl<K: Copy + Eq, V: Copy + Eq> Store<K, V> {
    pub(crate) fn new() -> Self {
        Self { writes: Vec::new() }
    }

    /// Sends rows of one partition. No rows are no write.
    pub(crate) fn send(&mut self, stamp: u8, rows: Vec<(K, V)>) {
        if !rows.is_empty() {
            let place = self.writes.partition_point(|write| write.stamp <= stamp);
            self.writes.insert(place, Write { stamp, landed: false, rows });
            self.forget();
        }
    }

    /// The writes that have not landed, as numbers for [`Self::land`], with their rows.
    pub(crate) fn on_their_way(&self) -> impl Iterator<Item = (usize, &[(K, V)])> {
        let open = self.writes.iter().enumerate().filter(|(_, write)| !write.landed);
        open.map(|(number, write)| (number, write.rows.as_slice()))
    }

    pub(crate) fn len(&self) -> usize {
        self.writes.len()
    }

    pub(crate) fn land(&mut self, number: usize) {
        self.writes[number].landed = true;
        self.forget();
    }

    /// Whether everything with a stamp in the range has landed, or cannot matter any more.
    pub(crate) fn settled(&self, from: u8, to: u8) -> bool {
        !self.writes.iter().any(|write| !write.landed && (from..to).contains(&write.stamp))
    }

    /// Everything that a quorum read of some rows may see. With `weak`, it may also miss what has
    /// landed.
    pub(crate) fn reads(&self, weak: bool, wanted: impl Fn(K) -> bool) -> Vec<View<K, V>> {
        let read = |write: &&Write<K, V>| write.rows.iter().any(|(key, _)| wanted(*key));
        let writes: Vec<_> = self.writes.iter().filter(read).collect();
        let open: Vec<_> = writes.iter().map(|write| weak || !write.landed).collect();
        let free = open.iter().filter(|open| **open).count();
        (0..1u32 << free).map(|choice| Self::view(&writes, &open, choice)).collect()
    }

    fn view(writes: &[&Write<K, V>], open: &[bool], mut choice: u32) -> View<K, V> {
        let mut view: View<K, V> = Vec::new();
        for (write, open) in writes.iter().zip(open) {
            let seen = !open || choice & 1 == 1;
            if *open {
                choice >>= 1;
            }
            if !seen {
                continue;
            }
            for (key, value) in &write.rows {
                match view.iter_mut().find(|(other, _)| other == key) {
                    Some(row) => row.1 = *value,
                    None => view.push((*key, *value)),
                }
            }
        }
        view
    }

    /// Everything that a quorum read of one row may see.
    pub(crate) fn row(&self, key: K) -> Vec<Option<V>> {
        let mut values = vec![None];
        for write in &self.writes {
            for (_, value) in write.rows.iter().filter(|(other, _)| *other == key) {
                if write.landed {
                    values.clear();
                }
                values.push(Some(*value));
            }
        }
        values
    }

    /// Drops what can never be seen again: each of its rows has landed with a larger stamp.
    fn forget(&mut self) {
        let hidden = |number: usize| {
            self.writes[number].rows.iter().all(|(key, _)| {
                let later = self.writes[number + 1..].iter();
                later
                    .filter(|write| write.landed)
                    .any(|write| write.rows.iter().any(|(other, _)| other == key))
            })
        };
        let keep: Vec<_> = (0..self.writes.len()).map(|number| !hidden(number)).collect();
        let mut keep = keep.into_iter();
        self.writes.retain(|_| keep.next().unwrap_or(true));
    }
}
