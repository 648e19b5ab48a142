//! What core counts: written with relaxed atomics from everywhere, read when somebody asks.

use std::{
    array,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use caffis_schema::{Command, Error, ErrorCode, Outcome, reply::Standing};

use crate::durations::{Durations, Measured};

/// The commands that are counted apart: those of this build, and one place for all others.
const COMMANDS: usize = Command::NAMES.len() + 1;

/// The same for the codes of errors.
const CODES: usize = ErrorCode::ALL.len() + 1;

/// The name of whatever has no place of its own.
const OTHER: &str = "unknown";

/// Which command, for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CommandKind(usize);

impl CommandKind {
    /// A frame that holds no command that can be read.
    pub(crate) const UNREADABLE: Self = Self(COMMANDS - 1);
    /// The first command of a connection.
    pub(crate) const HELLO: Self = Self(0);

    pub(crate) fn of(command: &Command) -> Self {
        // Tags count from 0 without a gap, in the order of the names: a test of this file says so.
        Self((command.tag() as usize).min(COMMANDS - 1))
    }
}

/// How often a memory had what it was asked for.
#[derive(Debug, Default)]
pub(crate) struct Lookups {
    hits: AtomicU64,
    misses: AtomicU64,
}

impl Lookups {
    pub(crate) fn count(&self, hit: bool) {
        let counter = if hit { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Hits {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Hits { hits: load(&self.hits), misses: load(&self.misses) }
    }
}

#[derive(Debug, Default)]
struct AnswerCounters {
    done: AtomicU64,
    refused: AtomicU64,
    unknown: AtomicU64,
}

/// The counters, written from everywhere.
#[derive(Debug)]
pub struct Counters {
    delivered: AtomicU64,
    dropped: AtomicU64,
    told: AtomicU64,
    sends: AtomicU64,
    acknowledged: Durations,
    answers: [AnswerCounters; COMMANDS],
    errors: [AtomicU64; CODES],
    resumes: [AtomicU64; Standing::ALL.len()],
    entries: Lookups,
    not_understood: AtomicU64,
    /// Messages that the search index was told of.
    pub(crate) indexed: Arc<AtomicU64>,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            delivered: AtomicU64::default(),
            dropped: AtomicU64::default(),
            told: AtomicU64::default(),
            sends: AtomicU64::default(),
            acknowledged: Durations::default(),
            answers: array::from_fn(|_| AnswerCounters::default()),
            errors: array::from_fn(|_| AtomicU64::default()),
            resumes: array::from_fn(|_| AtomicU64::default()),
            entries: Lookups::default(),
            not_understood: AtomicU64::default(),
            indexed: Arc::default(),
        }
    }
}

impl Counters {
    /// An entry was put into so many queues, and did not fit into so many others.
    pub(crate) fn delivered(&self, put: u64, dropped: u64) {
        self.delivered.fetch_add(put, Ordering::Relaxed);
        if dropped > 0 {
            self.dropped.fetch_add(dropped, Ordering::Relaxed);
        }
    }

    pub(crate) fn told(&self, count: u64) {
        self.told.fetch_add(count, Ordering::Relaxed);
    }

    /// A client sent a message.
    pub(crate) fn sent(&self) {
        self.sends.fetch_add(1, Ordering::Relaxed);
    }

    /// A message was acknowledged, so long after it came.
    pub(crate) fn acknowledged(&self, after: Duration) {
        self.acknowledged.record(after);
    }

    /// A command was answered: it was done, or with this error.
    pub(crate) fn answered(&self, kind: CommandKind, error: Option<&Error>) {
        let answers = &self.answers[kind.0];
        let counter = match error.map(|error| error.outcome) {
            None => &answers.done,
            Some(Outcome::Refused) => &answers.refused,
            Some(Outcome::Unknown) => &answers.unknown,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        if let Some(error) = error {
            let place = ErrorCode::ALL.iter().position(|code| *code == error.code);
            self.errors[place.unwrap_or(CODES - 1)].fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn resumed(&self, standing: Standing) {
        let place = Standing::ALL.iter().position(|other| *other == standing);
        if let Some(counter) = place.and_then(|place| self.resumes.get(place)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Another node said something that this one does not know.
    pub(crate) fn not_understood(&self) {
        self.not_understood.fetch_add(1, Ordering::Relaxed);
    }

    /// Entries of a room were looked for in memory.
    pub(crate) fn looked_for_entries(&self, hit: bool) {
        self.entries.count(hit);
    }

    /// What was counted here; of hellos others know.
    pub(crate) fn read(&self, sessions: usize, rooms: usize, people: Hits) -> Statistics {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let answers = array::from_fn(|place| {
            let AnswerCounters { done, refused, unknown } = &self.answers[place];
            Answers { done: load(done), refused: load(refused), unknown: load(unknown) }
        });
        Statistics {
            sessions,
            rooms,
            delivered: load(&self.delivered),
            dropped: load(&self.dropped),
            told: load(&self.told),
            commands: answers.iter().map(Answers::all).sum(),
            sends: load(&self.sends),
            acknowledged: self.acknowledged.read(),
            entries: self.entries.read(),
            pages: Hits::default(),
            page_bytes: 0,
            people,
            answers,
            errors: array::from_fn(|place| load(&self.errors[place])),
            resumes: array::from_fn(|place| load(&self.resumes[place])),
            not_understood: load(&self.not_understood),
            indexed: load(&self.indexed),
            hellos_waiting: 0,
            hellos: Default::default(),
        }
    }
}

/// How the commands of one kind were answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// They were done.
    pub done: u64,
    /// They did not happen, and the client was told so.
    pub refused: u64,
    /// They may have happened: the client asks again.
    pub unknown: u64,
}

impl Answers {
    fn all(&self) -> u64 {
        self.done + self.refused + self.unknown
    }
}

/// How often something was found in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hits {
    /// It was there.
    pub hits: u64,
    /// The store had to be read.
    pub misses: u64,
}

/// What became of a hello.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// It was answered at once.
    AtOnce,
    /// It waited for its turn.
    Waited,
    /// The client was told when to come back.
    PutOff,
}

impl Admitted {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::AtOnce, Self::Waited, Self::PutOff];
}

/// The state of core in numbers. All counts are since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// Sessions now.
    pub sessions: usize,
    /// Rooms in memory now.
    pub rooms: usize,
    /// Entries put into sessions' queues.
    pub delivered: u64,
    /// Entries that did not fit into sessions' queues; their clients fetch them by resume.
    pub dropped: u64,
    /// Markers, attendance and typing put into sessions' queues.
    pub told: u64,
    /// Commands answered.
    pub commands: u64,
    /// Messages that clients sent.
    pub sends: u64,
    /// Messages that were acknowledged, by the time from their arrival to the acknowledgement.
    pub acknowledged: Measured,
    /// Entries of rooms that were read from memory.
    pub entries: Hits,
    /// Older entries that somebody else had read just now, or was reading.
    pub pages: Hits,
    /// What the older entries in memory take, in bytes, about.
    pub page_bytes: usize,
    /// People who were read from memory.
    pub people: Hits,
    answers: [Answers; COMMANDS],
    errors: [u64; CODES],
    resumes: [u64; Standing::ALL.len()],
    /// Messages of other nodes that this one does not know, because they run another version.
    pub not_understood: u64,
    /// Messages that the search index was told of, again when they were edited or deleted.
    pub indexed: u64,
    /// Hellos that wait for their turn now.
    pub hellos_waiting: usize,
    pub(crate) hellos: [u64; Admitted::ALL.len()],
}

impl Statistics {
    /// How many hellos were answered at once, waited, or were put off.
    pub fn hellos(&self) -> impl Iterator<Item = (Admitted, u64)> {
        Admitted::ALL.into_iter().zip(self.hellos)
    }

    /// How the commands of each kind were answered, by name. Frames that hold no known command are the
    /// last kind, `unknown`.
    pub fn answers(&self) -> impl Iterator<Item = (&'static str, Answers)> {
        Command::NAMES.iter().copied().chain([OTHER]).zip(self.answers)
    }

    /// How many commands were answered with each error, by code.
    pub fn errors(&self) -> impl Iterator<Item = (&'static str, u64)> {
        ErrorCode::ALL.iter().map(|code| code.name()).chain([OTHER]).zip(self.errors)
    }

    /// How many rooms were resumed with each standing.
    pub fn resumes(&self) -> impl Iterator<Item = (Standing, u64)> {
        Standing::ALL.into_iter().zip(self.resumes)
    }
}

#[cfg(test)]
mod tests {
    use caffis_schema::{command::Hello, open::Empty};

    use super::*;

    #[test]
    fn commands_are_counted_under_their_names() {
        let hello = Command::Hello(Hello {
            version: 1,
            client: caffis_schema::Text::cut("a"),
            device: caffis_schema::DeviceId([0; 16]),
            token: caffis_schema::Text::cut("a"),
            cursors: caffis_schema::List::default(),
            capabilities: 0,
        });
        assert_eq!(CommandKind::of(&hello), CommandKind::HELLO);
        let counters = Counters::default();
        let ping = Command::Ping(Empty {});
        counters.answered(CommandKind::of(&ping), None);
        let error = Error::refused(ErrorCode::Malformed, "What is this?");
        counters.answered(CommandKind::UNREADABLE, Some(&error));
        let read = counters.read(0, 0, Hits::default());
        let counted: Vec<_> = read.answers().filter(|(_, answers)| answers.all() > 0).collect();
        let done = Answers { done: 1, ..Answers::default() };
        let refused = Answers { refused: 1, ..Answers::default() };
        assert_eq!(counted, [(ping.name(), done), ("unknown", refused)]);
        let errors: Vec<_> = read.errors().filter(|(_, count)| *count > 0).collect();
        assert_eq!(errors, [("malformed", 1)]);
        assert_eq!(read.commands, 2);
    }

    #[test]
    fn tags_are_the_places_of_names() {
        assert!(Command::TAGS.iter().copied().eq(0..Command::NAMES.len() as u32));
    }
}
