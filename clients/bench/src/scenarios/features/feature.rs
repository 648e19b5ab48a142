//! A row of the table.

use caffis_schema::{Command, Reply};

use super::place::{Place, Who};

/// Commands of each feature.
pub(super) const TIMES: usize = 500;

/// A step before the measurement; none after the last one.
pub(super) type Before = fn(&Place, usize) -> Option<(Who, Command)>;

/// A feature, and its command for each time.
pub(super) struct Feature {
    pub(super) name: &'static str,
    pub(super) command: fn(&Place, usize) -> Command,
    /// Who gives the command.
    pub(super) by: fn(usize) -> Who,
    /// What has to be there before.
    pub(super) before: Before,
    /// Whether an answer is that to what was prepared.
    pub(super) check: fn(&Reply) -> bool,
    /// The most commands, where a limit allows fewer than usual.
    pub(super) most: usize,
    /// People who are connected and not in the room.
    pub(super) outsiders: usize,
}

pub(super) const fn feature(name: &'static str, command: fn(&Place, usize) -> Command) -> Feature {
    Feature {
        name,
        command,
        by: |_| 0,
        before: |_, _| None,
        check: |_| true,
        most: TIMES,
        outsiders: 0,
    }
}

impl Feature {
    pub(super) const fn by(self, by: fn(usize) -> Who) -> Self {
        Self { by, ..self }
    }

    pub(super) const fn before(self, before: Before) -> Self {
        Self { before, ..self }
    }

    pub(super) const fn check(self, check: fn(&Reply) -> bool) -> Self {
        Self { check, ..self }
    }

    pub(super) const fn most(self, most: usize) -> Self {
        Self { most, ..self }
    }

    pub(super) const fn outsiders(self, outsiders: usize) -> Self {
        Self { outsiders, ..self }
    }
}
