//! The rows of a room, and the log that they make.

use super::{Command, Log, State};
use crate::{Failure, Mutation, store::View};

/// The name of a bucket: its epoch, and its number within the epoch.
pub(super) type Name = (u8, u8);

/// A row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Bucket(Name),
    Entry(Name, u8),
    Sent(u8),
    Member,
}

/// What stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Cell {
    /// The bucket's first position, and the bucket before it.
    Bucket { first: u8, before: Option<Name> },
    /// The command, the first position of its append, and whether it was edited. The first command
    /// of its append is not stored in reality: by it a part of an append is known as such.
    Entry { command: u8, first: u8, lead: u8, edited: bool },
    /// The position of the command.
    Sent(u8),
    /// Whether the person is a member.
    Member(bool),
}

/// Rows, in the words of a trace.
pub(super) fn words(rows: &[(Key, Cell)]) -> String {
    let name = |(epoch, number): Name| format!("{epoch}.{number}");
    let row = |(key, cell): &(Key, Cell)| {
        let key = match key {
            Key::Bucket(bucket) => format!("bucket {}", name(*bucket)),
            Key::Entry(bucket, position) => format!("entry {position} of {}", name(*bucket)),
            Key::Sent(command) => format!("sent {command}"),
            Key::Member => "member".into(),
        };
        let cell = match cell {
            Cell::Bucket { first, before: Some(before) } => {
                format!("from {first}, after {}", name(*before))
            }
            Cell::Bucket { first, before: None } => format!("from {first}"),
            Cell::Entry { command, edited: true, .. } => format!("command {command}, edited"),
            Cell::Entry { command, first, .. } => format!("command {command}, append from {first}"),
            Cell::Sent(position) => format!("at {position}"),
            Cell::Member(member) => format!("{member}"),
        };
        format!("[{key}: {cell}]")
    };
    let rows: Vec<_> = rows.iter().map(row).collect();
    if rows.is_empty() { "nothing".into() } else { rows.join(" ") }
}

/// An entry as an owner knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Entry {
    pub(super) bucket: Name,
    pub(super) command: u8,
    pub(super) first: u8,
    pub(super) lead: u8,
    pub(super) edited: bool,
}

/// A room as a read has found it.
#[derive(Clone, Debug, Default)]
pub(super) struct Room {
    /// The buckets with their first positions, oldest first.
    pub(super) chain: Vec<(Name, u8)>,
    pub(super) log: Vec<Entry>,
    pub(super) failure: Option<Failure>,
}

impl Room {
    /// Puts together what one read has seen.
    pub(super) fn read(view: &View<Key, Cell>, model: &Log) -> Self {
        let mut room = Self { chain: chain(view, model), ..Self::default() };
        for (place, (bucket, first)) in room.chain.iter().enumerate() {
            let end = room.chain.get(place + 1).map(|(_, end)| *end);
            if usize::from(*first) != room.log.len() + 1 {
                room.failure = Some(Failure::Hole);
                return room;
            }
            room.log.extend(entries(view, *bucket, *first, end));
            let length = room.log.len() as u8 + 1;
            // An entry above one that is missing is as bad as a hole inside the chain.
            let beyond = view.iter().any(|(key, _)| match key {
                Key::Entry(name, position) => name == bucket && *position > length,
                _ => false,
            });
            if end.is_some_and(|end| length < end) || end.is_none() && beyond {
                room.failure = Some(Failure::Hole);
                return room;
            }
        }
        room.failure = room.torn().or_else(|| room.doubled());
        room
    }

    /// Whether entries of one append stand without the others.
    fn torn(&self) -> Option<Failure> {
        let torn = self.log.iter().enumerate().any(|(place, entry)| {
            let first = self.log.get(usize::from(entry.first) - 1);
            let together = first
                .is_some_and(|first| (first.bucket, first.command) == (entry.bucket, entry.lead));
            !together || usize::from(entry.first) > place + 1
        });
        torn.then_some(Failure::MixedRows)
    }

    fn doubled(&self) -> Option<Failure> {
        let commands = self.log.iter().enumerate();
        let doubled = commands
            .filter(|(place, one)| self.log[..*place].iter().any(|two| two.command == one.command))
            .count();
        (doubled > 0).then_some(Failure::Doubled)
    }
}

/// The chain of buckets that a view shows, oldest first.
fn chain(view: &View<Key, Cell>, model: &Log) -> Vec<(Name, u8)> {
    let mut rows: Vec<_> = view
        .iter()
        .filter_map(|(key, cell)| match (key, cell) {
            (Key::Bucket(name), Cell::Bucket { first, before }) => Some((*name, *first, *before)),
            _ => None,
        })
        .collect();
    rows.sort_unstable();
    let mut chain = Vec::new();
    if model.is(Mutation::ChainsByName) {
        for (place, (name, first, _)) in rows.iter().enumerate() {
            if rows[place + 1..].iter().all(|(_, later, _)| later > first) {
                chain.push((*name, *first));
            }
        }
        return chain;
    }
    let mut next = rows.last().map(|row| row.0);
    while let Some(name) = next {
        let Some((_, first, before)) = rows.iter().find(|row| row.0 == name) else { break };
        if chain.contains(&(name, *first)) {
            break;
        }
        chain.push((name, *first));
        next = *before;
    }
    chain.reverse();
    chain
}

/// The entries of a bucket, up to the first position of the next one.
fn entries(view: &View<Key, Cell>, bucket: Name, first: u8, end: Option<u8>) -> Vec<Entry> {
    let mut entries = Vec::new();
    for position in first..end.unwrap_or(u8::MAX) {
        let cell = view.iter().find(|(key, _)| *key == Key::Entry(bucket, position));
        let Some((_, Cell::Entry { command, first, lead, edited })) = cell else { break };
        let (command, first, lead, edited) = (*command, *first, *lead, *edited);
        entries.push(Entry { bucket, command, first, lead, edited });
    }
    entries
}

impl State {
    /// What a read by the newest owner shows to be broken.
    pub(super) fn judge(&self, room: &Room, model: &Log) -> Option<Failure> {
        for (place, told) in self.told.iter().enumerate() {
            let Some(told) = told else { continue };
            match room.log.get(place) {
                None => return Some(Failure::Lost),
                Some(entry) if entry.command != *told => return Some(Failure::Conflict),
                Some(_) if model.command(*told) == Command::Edit && !room.log[0].edited => {
                    return Some(Failure::EditUndone);
                }
                Some(_) => {}
            }
        }
        if room.failure.is_some() {
            return room.failure;
        }
        let refused = |entry: &Entry| self.refused & 1 << entry.command != 0;
        room.log.iter().any(refused).then_some(Failure::RefusedHappened)
    }
}
