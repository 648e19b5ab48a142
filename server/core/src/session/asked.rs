//! A command between its arrival and its answer, as it is counted.

use caffis_schema::{Command, Request};
use tokio::time::Instant;

use crate::{
    call::Handled,
    statistics::{CommandKind, Counters},
    traces::Traced,
};

/// A command that is under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    /// The number that its answer carries.
    pub(super) id: u32,
    kind: CommandKind,
    /// Of a message that is to be sent: when it came.
    sent: Option<Instant>,
    traced: Option<Traced>,
}

impl Asked {
    /// A command that has just come.
    pub(super) fn new(statistics: &Counters, Request { id, command }: &Request) -> Self {
        let sent = matches!(command, Command::Send(_)).then(Instant::now);
        if sent.is_some() {
            statistics.sent();
        }
        Self { id: *id, kind: CommandKind::of(command), sent, traced: Traced::new(command) }
    }

    /// It has its answer.
    pub(super) fn answered(&self, statistics: &Counters, answer: &Handled) {
        statistics.answered(self.kind, answer.as_ref().err());
        if let Some(sent) = self.sent.filter(|_| answer.is_ok()) {
            statistics.acknowledged(sent.elapsed());
        }
        if let Some(traced) = self.traced {
            traced.answered(answer.as_ref().err());
        }
    }
}
