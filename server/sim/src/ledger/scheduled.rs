//! What people wanted to have sent later.

use std::collections::BTreeMap;

use caffis_client::CallError;
use caffis_schema::{ClientId, Reply, RoomId, Timestamp, UserId, reply::Appended};

use super::fate::{Fate, Wishes};

/// A message that somebody wanted to have sent later.
#[derive(Clone, Debug)]
pub(crate) struct Scheduling {
    pub(crate) room: RoomId,
    /// What it was to say and when.
    pub(crate) versions: Wishes<Version>,
    pub(crate) cancelled: Fate,
    /// Somebody wanted it sent at once.
    pub(crate) now: Fate,
    /// Where it was sent at once, as the server said.
    pub(crate) sent: Option<Appended>,
}

/// What a scheduled message is to say, and when it is due.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub(crate) words: String,
    pub(crate) due: Timestamp,
}

/// What is done with a scheduled message.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// It says what this version says.
    Version(usize),
    Cancel,
    Now,
}

impl Scheduling {
    /// One that nobody has given to a device.
    pub(crate) fn new(room: RoomId, first: Version) -> Self {
        let (cancelled, now, sent) = Default::default();
        let mut versions = Wishes::default();
        versions.add(first);
        Self { room, versions, cancelled, now, sent }
    }

    /// Its first words, by which the trace calls it.
    pub(crate) fn name(&self) -> &str {
        self.versions.iter().next().map_or("", |version| &version.what.words)
    }

    /// Whether it was scheduled, as the server said.
    pub(crate) fn is_done(&self) -> bool {
        self.versions.iter().next().is_some_and(|version| version.fate.done)
    }

    /// A copy of a command is given to a device.
    pub(crate) fn begins(&mut self, step: Step) {
        match step {
            Step::Version(number) => self.versions.begins(number),
            Step::Cancel => self.cancelled.begins(),
            Step::Now => self.now.begins(),
        }
    }

    /// A copy of a command is answered.
    pub(crate) fn ends(&mut self, step: Step, result: &Result<Reply, CallError>) {
        match step {
            Step::Version(number) => self.versions.ends(number, result),
            Step::Cancel => self.cancelled.ends(result),
            Step::Now => self.now.ends(result),
        }
        if let (Step::Now, Ok(Reply::Appended(appended))) = (step, result) {
            self.sent = Some(*appended);
        }
    }
}

/// What people wanted to have sent later, by person and the id of the message.
pub(crate) type Scheduled = BTreeMap<(UserId, ClientId), Scheduling>;
