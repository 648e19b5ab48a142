//! The failures that the rules prevent.

use std::fmt;

/// What goes wrong, in the words of the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Failure {
    /// Two processes work in one epoch.
    EpochReused,
    /// Something that was told is not in the log; or an owner may still tell while another works.
    Lost,
    /// A row that was changed shows again what it was before.
    EditUndone,
    /// A part of an append stands in the log without its other part.
    MixedRows,
    /// A position holds something else than what was told of it.
    Conflict,
    /// An entry is missing below one that is there.
    Hole,
    /// Somebody is a member by the rows, of whom the log knows nothing.
    GhostMember,
    /// Somebody is a member by the rows, whom the log has removed.
    RemovalUndone,
    /// Somebody is no member by the rows, whom the log has added.
    MissingMember,
    /// One command stands in the log twice.
    Doubled,
    /// A command that was answered `refused` stands in the log.
    RefusedHappened,
    /// Somebody was handed what was written after the removal.
    Leak,
    /// A reader was told to have everything, and something was told before it asked.
    Stale,
    /// A reader was handed an entry while one below it is missing.
    Gap,
    /// A reactor will never look at an entry that was told.
    Missed,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EpochReused => "epoch reused",
            Self::Lost => "lost",
            Self::EditUndone => "edit undone",
            Self::MixedRows => "mixed rows",
            Self::Conflict => "conflict",
            Self::Hole => "hole",
            Self::GhostMember => "ghost member",
            Self::RemovalUndone => "removal undone",
            Self::MissingMember => "missing member",
            Self::Doubled => "doubled",
            Self::RefusedHappened => "refused command happened",
            Self::Leak => "leak after removal",
            Self::Stale => "stale",
            Self::Gap => "gap",
            Self::Missed => "missed",
        })
    }
}
