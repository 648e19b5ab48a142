//! Importing rooms and messages of the past, line by line.

use std::{
    collections::BTreeMap,
    sync::{
        PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use caffis_schema::{
    Error, ErrorCode, RoomId,
    imports::{FailedLine, ImportLine, ImportMessage, ImportReport, RoomReference},
    json,
    limits::{IMPORT_LINE_BYTES, SENTENCE_BYTES},
};
use futures_util::{StreamExt, stream};

use super::{
    answer::Answer,
    input::Given,
    lines::{Lines, Next},
    operation::{Method, Operation, lines},
    problem::Problem,
};

/// Where it is.
pub(in crate::http) const PATH: &str = "/api/chat/import";

/// Imports under way on this node; each holds what waits.
const AT_ONCE: usize = 4;

/// When to try again if there are more, in milliseconds.
const RETRY_MS: u32 = 5_000;

/// Messages that wait for each other to share writes.
const WAITING: usize = 128;

/// The bytes of their lines.
const WAITING_BYTES: usize = 256 * 1024;

/// Rooms to which messages go at the same time.
const ROOMS_AT_ONCE: usize = 16;

/// Rooms that are remembered by how lines call them.
const ROOMS_KNOWN: usize = 4_096;

static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);

pub(super) static OPERATIONS: &[Operation] = &[Operation {
    method: Method::Post,
    rights: &["import"],
    people: false,
    lines: lines::<ImportLine>(&[
        ("room", &["class", "name", "members", "owner", "history"]),
        ("message", &["reply_to"]),
    ]),
    ..Operation::get::<ImportReport>(
        PATH,
        "import",
        "Imports rooms and messages of the past, one on each line. Lines that are sent again change nothing.",
        |given| Box::pin(take(given)),
    )
}];

/// A place among the imports under way.
struct Place;

impl Place {
    fn take() -> Result<Self, Error> {
        let before = UNDER_WAY.fetch_add(1, Ordering::Relaxed);
        let place = Self;
        match before < AT_ONCE {
            true => Ok(place),
            false => {
                let sentence = "Too many imports are under way on this server.";
                Err(Error::later(ErrorCode::RateLimited, sentence, RETRY_MS))
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        UNDER_WAY.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn take(mut given: Given) -> Result<Answer, Problem> {
    given.app.core.may_import(&given.by)?;
    let _place = Place::take()?;
    let body = given.lines.get_mut().unwrap_or_else(PoisonError::into_inner);
    let mut lines = Lines::of(std::mem::take(body));
    let mut import = Import {
        given: &given,
        report: ImportReport::default(),
        waiting: BTreeMap::new(),
        count: 0,
        bytes: 0,
        rooms: BTreeMap::new(),
    };
    let stopped = loop {
        match lines.next().await {
            Next::Line(number, line) => import.line(number, &line).await,
            Next::TooLong(number) => {
                let sentence = format!("A line has {IMPORT_LINE_BYTES} bytes at most.");
                let error = Error::refused(ErrorCode::TooLarge, &sentence);
                import.report.count(number, Err(error));
            }
            Next::End(count) => {
                import.report.lines = count;
                break None;
            }
            Next::Stopped(number, error) => {
                import.report.lines = number - 1;
                break Some(FailedLine::new(number, error));
            }
        }
    };
    import.flush().await;
    let mut report = import.report;
    report.stopped = stopped;
    report.sort();
    Answer::of(&report)
}

/// An import under way.
struct Import<'a> {
    given: &'a Given,
    report: ImportReport,
    /// Messages that wait, with the numbers of their lines.
    waiting: BTreeMap<RoomId, Vec<(u32, ImportMessage)>>,
    count: usize,
    bytes: usize,
    rooms: BTreeMap<RoomReference, RoomId>,
}

impl Import<'_> {
    async fn line(&mut self, number: u32, line: &Bytes) {
        if line.trim_ascii().is_empty() {
            return;
        }
        let (core, by) = (&self.given.app.core, &self.given.by);
        match json::from_slice(line) {
            Ok(ImportLine::Room(room)) => {
                let done = core.import_room(by, room).await;
                self.report.count(number, done);
            }
            Ok(ImportLine::Message(message)) => match self.room_of(&message.room).await {
                Ok(room) => {
                    self.waiting.entry(room).or_default().push((number, message));
                    self.count += 1;
                    self.bytes += line.len();
                    if self.count >= WAITING || self.bytes >= WAITING_BYTES {
                        self.flush().await;
                    }
                }
                Err(error) => self.report.count(number, Err(error)),
            },
            Err(error) => self.report.count(number, Err(malformed(&error))),
        }
    }

    /// The room that a line means.
    async fn room_of(&mut self, room: &RoomReference) -> Result<RoomId, Error> {
        if let Some(known) = self.rooms.get(room) {
            return Ok(*known);
        }
        let found = self.given.app.core.find_imported(&self.given.by, room).await?;
        if self.rooms.len() >= ROOMS_KNOWN {
            self.rooms.clear();
        }
        self.rooms.insert(room.clone(), found);
        Ok(found)
    }

    /// Gives what waits to the owners of its rooms, each room's messages in their order.
    async fn flush(&mut self) {
        (self.count, self.bytes) = (0, 0);
        let (core, by) = (&self.given.app.core, &self.given.by);
        let asking =
            std::mem::take(&mut self.waiting).into_iter().map(|(room, waiting)| async move {
                let (numbers, messages): (Vec<_>, Vec<_>) = waiting.into_iter().unzip();
                let done = core.import_messages(by, room, messages).await;
                numbers.into_iter().zip(done).collect::<Vec<_>>()
            });
        let mut answers: Vec<_> =
            stream::iter(asking).buffer_unordered(ROOMS_AT_ONCE).collect::<Vec<_>>().await.concat();
        answers.sort_unstable_by_key(|(number, _)| *number);
        answers.into_iter().for_each(|(number, done)| self.report.count(number, done));
    }
}

fn malformed(error: &serde_json::Error) -> Error {
    // What is quoted of the line may be long.
    let mut sentence = format!("The line is not what it should be: {error}");
    sentence.truncate(sentence.floor_char_boundary(SENTENCE_BYTES));
    Error::refused(ErrorCode::Malformed, &sentence)
}
