//! Importing rooms and messages of the past over REST: one line of JSON for each.

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use crate::{
    bounded::{List, Text},
    error::{Error, ErrorCode, Outcome},
    event::Body,
    ids::{RoomId, UserId},
    limits::{IMPORT_FAILURES, IMPORT_ID_BYTES, NAME_BYTES, SENTENCE_BYTES, USERS_PER_COMMAND},
    numbers::Timestamp,
    room::{Context, HistoryPolicy, RoomClass},
};

/// The caller's id of something that is imported. It means the same for ever, for the service that gives it.
pub type ImportId = Text<IMPORT_ID_BYTES>;

/// One line of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
#[serde(rename_all = "snake_case")]
pub enum ImportLine {
    /// A room that is to be there.
    Room(ImportRoom),
    /// A message that was sent in the past.
    Message(ImportMessage),
}

/// Which room is meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Schema)]
#[serde(rename_all = "snake_case")]
pub enum RoomReference {
    /// The one with this id, which has to be there.
    Id(RoomId),
    /// The one of a context.
    Context(Context),
    /// The direct conversation of two people.
    Direct(List<UserId, 2>),
    /// A group that was imported, by the caller's id.
    Group(ImportId),
}

/// A room of an import. If it is there already, the line changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
#[serde(deny_unknown_fields)]
pub struct ImportRoom {
    /// Which.
    pub room: RoomReference,
    /// Its class, for one of a context; absent for a social one.
    #[serde(default)]
    pub class: Option<RoomClass>,
    /// Its name; a group has to have one.
    #[serde(default)]
    pub name: Option<Text<NAME_BYTES>>,
    /// Its first members.
    #[serde(default)]
    pub members: List<UserId, USERS_PER_COMMAND>,
    /// Who owns it, for a group.
    #[serde(default)]
    pub owner: Option<UserId>,
    /// What later members see; absent for everything.
    #[serde(default)]
    pub history: Option<HistoryPolicy>,
}

/// A message of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
#[serde(deny_unknown_fields)]
pub struct ImportMessage {
    /// The caller's id of it, unique in its room.
    pub id: ImportId,
    /// Where.
    pub room: RoomReference,
    /// Who wrote it.
    pub sender: UserId,
    /// When they sent it.
    pub sent: Timestamp,
    /// What it says: a text, a position or a place.
    pub body: Body,
    /// The message that it answers, by the caller's id, in the same room and imported before.
    #[serde(default)]
    pub reply_to: Option<ImportId>,
}

/// What became of the lines of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct ImportReport {
    /// How many lines came. Empty ones count, so that numbers are those of the file.
    pub lines: u32,
    /// Lines whose room or message was made.
    pub created: u32,
    /// Lines whose room or message was there already.
    pub unchanged: u32,
    /// Lines that were not taken.
    pub failed: u32,
    /// The first of those.
    pub failures: List<FailedLine, IMPORT_FAILURES>,
    /// Lines that were not taken and are not among `failures`.
    pub more_failures: u32,
    /// The line at which the import stopped, if it did not come to its end, and why. That line and those after it
    /// were not looked at.
    pub stopped: Option<FailedLine>,
}

/// A line that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct FailedLine {
    /// Its number, from 1.
    pub line: u32,
    /// Why, for programs.
    pub code: ErrorCode,
    /// Why, for people who read logs.
    pub detail: Text<SENTENCE_BYTES>,
    /// Whether it did not happen, or may have.
    pub outcome: Outcome,
    /// Whether the same line, sent again, may be taken.
    pub retryable: bool,
}

impl FailedLine {
    /// A line that was not taken because of an error.
    #[must_use]
    pub fn new(line: u32, error: Error) -> Self {
        let retryable = error.retry_after_ms.is_some() || error.outcome == Outcome::Unknown;
        Self { line, code: error.code, detail: error.sentence, outcome: error.outcome, retryable }
    }
}

impl ImportReport {
    /// Counts what became of a line: whether it made something, or why it was not taken.
    pub fn count(&mut self, line: u32, done: Result<bool, Error>) {
        match done {
            Ok(true) => self.created += 1,
            Ok(false) => self.unchanged += 1,
            Err(error) => {
                self.failed += 1;
                let failed = FailedLine::new(line, error);
                if self.failures.len() < IMPORT_FAILURES {
                    let mut failures: Vec<_> =
                        std::mem::take(&mut self.failures).into_iter().collect();
                    failures.push(failed);
                    self.failures = List::cut(failures);
                } else {
                    self.more_failures += 1;
                }
            }
        }
    }

    /// Puts the failures into the order of their lines.
    pub fn sort(&mut self) {
        let mut failures: Vec<_> = std::mem::take(&mut self.failures).into_iter().collect();
        failures.sort_by_key(|failed| failed.line);
        self.failures = List::cut(failures);
    }
}
