//! What a command with a key does on its way, for traces: it comes, goes to the room's owner, is made durable,
//! and reaches the sessions of each node.
//!
//! Each step is an event of `tracing` at its end, with the target [`TARGET`] at the level `TRACE`. While nobody
//! listens to it, a step costs one look at a flag. Steps on different nodes belong together by the command's
//! id, so nothing is sent along for them.
//!
//! | field | |
//! |---|---|
//! | `command` | the client's id of the command |
//! | `step` | `command`, `forward`, `append` or `deliver` |
//! | `name` | of a `command`: which |
//! | `error` | of a `command` that was refused or is in doubt: the code |
//! | `room` | the room, if there is one yet |
//! | `took_ns` | how long it took, in nanoseconds |
//! | `count` | commands in the question, entries in the append, sessions that an entry was put into the queues of |

use std::time::Duration;

use caffis_schema::{ClientId, Command, Error, RoomId};
use tokio::time::Instant;

/// The target of the events.
pub const TARGET: &str = "caffis_core::traces";

/// Whether somebody listens.
pub(crate) fn are_on() -> bool {
    tracing::enabled!(target: TARGET, tracing::Level::TRACE)
}

/// A moment at which a step begins; none while nobody listens.
pub(crate) fn begin() -> Option<Instant> {
    are_on().then(Instant::now)
}

/// A command on its way, if it is traced.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traced {
    command: ClientId,
    name: &'static str,
    room: Option<RoomId>,
    came: Instant,
}

impl Traced {
    /// A command that has just come.
    pub(crate) fn new(command: &Command) -> Option<Self> {
        let came = begin()?;
        let key = command.keyed()?.key();
        Some(Self { command: key.id, name: command.name(), room: command.room(), came })
    }

    /// It has its answer.
    pub(crate) fn answered(&self, error: Option<&Error>) {
        tracing::trace!(
            target: TARGET,
            command = number(self.command),
            step = "command",
            name = self.name,
            error = error.map(|error| error.code.name()),
            room = self.room.map(RoomId::get),
            took_ns = nanoseconds(self.came.elapsed()),
        );
    }
}

/// Another node was asked, and has answered.
pub(crate) fn forwarded(command: ClientId, room: RoomId, took: Duration, count: usize) {
    step("forward", command, room, took, count as u64);
}

/// What the command did is durable.
pub(crate) fn appended(command: ClientId, room: RoomId, took: Duration, count: usize) {
    step("append", command, room, took, count as u64);
}

/// An entry is in the queues of this node's sessions.
pub(crate) fn delivered(command: ClientId, room: RoomId, took: Duration, count: u64) {
    step("deliver", command, room, took, count);
}

fn step(step: &'static str, command: ClientId, room: RoomId, took: Duration, count: u64) {
    tracing::trace!(
        target: TARGET,
        command = number(command),
        step,
        room = room.get(),
        took_ns = nanoseconds(took),
        count,
    );
}

fn number(command: ClientId) -> u128 {
    u128::from_be_bytes(command.0)
}

fn nanoseconds(took: Duration) -> u64 {
    u64::try_from(took.as_nanos()).unwrap_or(u64::MAX)
}
