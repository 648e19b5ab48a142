//! Votes: what people have chosen, and the votes that share an entry.
//!
//! All votes in one poll that are in one append make one entry, with what people have chosen after them. Who
//! gave them is in a column of the entry's row that nobody is told: from it a new owner knows which commands
//! were done (rules 10 and 15), and writes again what each person has chosen, a row that follows from the
//! entry (rule 12).

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use bytes::Bytes;
use caffis_schema::{Codec, Position, RoomId, UserId, codec};
use serde::{Deserialize, Serialize};

use super::entries::Origin;
use crate::{
    model::polls::Choices,
    ports::store::{Batch, Store, StoreError},
    tables::{self, TimelineRow, VoteRow},
};

/// In rooms whose entries do not come to all sessions of their members, votes that come sooner after others wait for
/// each other, unless something else comes: so many people look at such a room that each entry costs much.
pub(super) const VOTES_INTERVAL: Duration = Duration::from_millis(250);

/// A command that changed what people have chosen in a poll.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ballot {
    /// The command.
    pub(super) origin: Origin,
    /// The poll.
    pub(super) poll: Position,
    /// What the person chooses now; none of who closed the poll.
    pub(super) choices: Option<Choices>,
}

/// What the votes of an append are about.
#[derive(Debug, Default)]
pub(super) struct Votes {
    /// What people have chosen, after the votes before.
    chosen: BTreeMap<(Position, UserId), Choices>,
    /// Whose choice is another one than the store has.
    changed: BTreeSet<(Position, UserId)>,
    /// The commands behind an entry, by its position.
    ballots: BTreeMap<Position, Vec<Ballot>>,
}

impl Votes {
    /// What some people have chosen in polls, as the store has it.
    pub(super) async fn read(
        store: &dyn Store,
        room: RoomId,
        asked: BTreeSet<(Position, UserId)>,
    ) -> Result<Self, StoreError> {
        let keys: Vec<_> =
            asked.iter().map(|(poll, user)| VoteRow::key(&room, poll, user)).collect();
        let mut votes = Self::default();
        for row in tables::get_many::<VoteRow>(store, &keys).await?.into_iter().flatten() {
            let choices = choices_of(&row)?;
            votes.chosen.insert((row.position, row.user), choices);
        }
        Ok(votes)
    }

    /// What somebody has chosen in a poll.
    pub(super) fn chosen(&self, poll: Position, user: &UserId) -> Choices {
        self.chosen.get(&(poll, user.clone())).copied().unwrap_or_default()
    }

    /// Notes a command behind the entry at a position.
    pub(super) fn add(&mut self, position: Position, ballot: Ballot) {
        if let Some(choices) = ballot.choices {
            let place = (ballot.poll, ballot.origin.by.clone());
            self.changed.insert(place.clone());
            self.chosen.insert(place, choices);
        }
        self.ballots.entry(position).or_default().push(ballot);
    }

    /// The column of the entry at a position.
    pub(super) fn column(&self, position: Position) -> Result<Option<Bytes>, StoreError> {
        let Some(ballots) = self.ballots.get(&position) else { return Ok(None) };
        let encoded = codec::encode(ballots, Codec::Binary).map_err(|error| {
            StoreError::Invalid { table: TimelineRow::TABLE.name, reason: error.to_string() }
        })?;
        Ok(Some(encoded.into()))
    }

    /// Adds the rows of those who have chosen something else.
    pub(super) fn put(&self, batch: &mut Batch, room: RoomId) {
        for (poll, user) in &self.changed {
            put(batch, room, *poll, user, self.chosen(*poll, user));
        }
    }
}

/// The commands behind an entry.
pub(super) fn of(row: &TimelineRow) -> Result<Vec<Ballot>, StoreError> {
    let Some(ballots) = &row.ballots else { return Ok(Vec::new()) };
    codec::decode(ballots, Codec::Binary).map_err(|error| StoreError::Corrupt {
        table: TimelineRow::TABLE.name,
        reason: format!("the votes of position {}: {error}", row.position),
    })
}

/// Adds the rows of those who voted by an entry of the last append, which its owner may not have written.
pub(super) fn put_again(batch: &mut Batch, row: &TimelineRow) -> Result<(), StoreError> {
    for Ballot { origin, poll, choices } in of(row)? {
        if let Some(choices) = choices {
            put(batch, row.room, poll, &origin.by, choices);
        }
    }
    Ok(())
}

fn put(batch: &mut Batch, room: RoomId, position: Position, user: &UserId, choices: Choices) {
    match choices.is_empty() {
        true => batch.delete::<VoteRow>(VoteRow::key(&room, &position, user)),
        false => {
            batch.put(&VoteRow { room, position, user: user.clone(), choices: choices.bits() });
        }
    }
}

/// What the row of a person says.
///
/// # Errors
/// [`StoreError::Corrupt`] for what no poll has.
pub fn choices_of(row: &VoteRow) -> Result<Choices, StoreError> {
    Choices::from_bits(row.choices).ok_or_else(|| StoreError::Corrupt {
        table: VoteRow::TABLE.name,
        reason: format!("the choices {:b}", row.choices),
    })
}
