//! Counting: latencies, and what was lost, doubled or out of order.

use std::collections::BTreeMap;

use caffis_schema::Position;

/// Figures of one cell by name; the unit is part of the name.
pub(crate) type Figures = BTreeMap<&'static str, f64>;

/// Latencies in microseconds; each scenario bounds how many there are.
#[derive(Debug, Default)]
pub(crate) struct Latencies(Vec<u32>);

impl Latencies {
    pub(crate) fn add(&mut self, microseconds: u64) {
        self.0.push(u32::try_from(microseconds).unwrap_or(u32::MAX));
    }

    /// Takes in the times of another one.
    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Adds median, 99th percentile and maximum in milliseconds.
    pub(crate) fn report(mut self, names: [&'static str; 3], figures: &mut Figures) {
        self.0.sort_unstable();
        let Some(last) = self.0.len().checked_sub(1) else { return };
        for (name, part) in names.into_iter().zip([0.5, 0.99, 1.0]) {
            let index = (last as f64 * part).round() as usize;
            let value = self.0.get(index).copied().unwrap_or_default();
            figures.insert(name, f64::from(value) / 1_000.0);
        }
    }
}

/// The order in which one receiver got one room's entries.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Order {
    last: Position,
    missing: u64,
    doubled: u64,
    disordered: u64,
}

impl Order {
    /// Starts after this position.
    pub(crate) fn after(position: Position) -> Self {
        Self { last: position, ..Self::default() }
    }

    pub(crate) fn last(&self) -> Position {
        self.last
    }

    pub(crate) fn take(&mut self, position: Position) {
        if position > self.last {
            self.missing += position.since(self.last) - 1;
            self.last = position;
        } else if position == self.last || self.missing == 0 {
            self.doubled += 1;
        } else {
            self.missing -= 1;
            self.disordered += 1;
        }
    }

    /// Adds what went wrong, where the room's last position is `head`.
    pub(crate) fn report(&self, head: Position, figures: &mut Figures) {
        let lost = self.missing + head.since(self.last);
        for (name, count) in
            [("lost", lost), ("doubled", self.doubled), ("out_of_order", self.disordered)]
        {
            *figures.entry(name).or_default() += count as f64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(positions: &[u64], head: u64) -> [f64; 3] {
        let mut order = Order::after(Position(10));
        positions.iter().for_each(|position| order.take(Position(*position)));
        let mut figures = Figures::new();
        order.report(Position(head), &mut figures);
        ["lost", "doubled", "out_of_order"].map(|name| figures[name])
    }

    #[test]
    fn what_goes_wrong_is_told_apart() {
        assert_eq!(wrong(&[11, 12, 13], 13), [0.0, 0.0, 0.0]);
        assert_eq!(wrong(&[11, 13], 13), [1.0, 0.0, 0.0]);
        assert_eq!(wrong(&[11, 12], 14), [2.0, 0.0, 0.0]);
        assert_eq!(wrong(&[11, 11, 12], 12), [0.0, 1.0, 0.0]);
        assert_eq!(wrong(&[12, 11, 13], 13), [0.0, 0.0, 1.0]);
    }

    #[test]
    fn percentiles_are_of_the_sorted_values() {
        let mut latencies = Latencies::default();
        (1..=1_000).rev().for_each(|value| latencies.add(value * 1_000));
        let mut figures = Figures::new();
        latencies.report(["p50", "p99", "max"], &mut figures);
        assert_eq!((figures["p50"], figures["p99"], figures["max"]), (501.0, 990.0, 1_000.0));
    }
}
