//! What a room is about: its details, how it stands, and who belongs to it. A service tells each part with a
//! version, and of each part the later version counts, in whatever order they come. Details, status and
//! members change together, in one append.

use std::{cmp::Ordering, collections::BTreeSet};

use caffis_schema::{
    EntryKind, Error, ErrorCode, List, UserId,
    command::SetContext,
    event::{Joined, Left},
    limits::USERS_PER_COMMAND,
    room::{ContextStatus, RoomClass},
};

use crate::{
    model::{
        authorise::{self, authorise},
        caller::Caller,
        digest::digest,
        room::RoomState,
    },
    room::{Change, RoomCommand, StepContext},
};

/// What became of one part.
enum Part {
    /// It is newer, or was not told.
    Takes,
    /// It is as it was told before.
    Same,
    /// A newer one is known.
    Old,
}

impl RoomCommand for SetContext {
    fn digest(&self) -> u64 {
        let Self { version, details, status, participants, remove_others, .. } = self;
        digest(&("context", version, details, status, participants, remove_others))
    }

    fn members(&self) -> usize {
        // Those who come and those who go, each of whom also has an entry.
        self.participants.as_ref().map_or(0, |_| 3 * USERS_PER_COMMAND)
    }

    fn text_bytes(&self) -> usize {
        16 * 1024
    }

    fn newcomers(&self, room: &RoomState, caller: &Caller) -> Result<Vec<UserId>, Error> {
        authorise(caller, room, authorise::SetContext)?;
        Ok(newcomers(self, room))
    }

    fn step(
        &self,
        room: &RoomState,
        caller: &Caller,
        context: &StepContext<'_>,
    ) -> Result<Change, Error> {
        authorise(caller, room, authorise::SetContext)?;
        let mut card = room.card.as_deref().cloned().unwrap_or_default();
        let mut parts = Vec::new();
        if let Some(details) = &self.details {
            let part = compare(self.version, card.details_version, *details == card.details)?;
            if let Part::Takes = part {
                (card.details, card.details_version) = (details.clone(), self.version);
            }
            parts.push(part);
        }
        if let Some(status) = &self.status {
            if let ContextStatus::Unknown(_) = status {
                let sentence = "This server does not know this status.";
                return Err(Error::refused(ErrorCode::Invalid, sentence));
            }
            let part = compare(self.version, card.status_version, *status == card.status)?;
            if let Part::Takes = part {
                (card.status, card.status_version) = (status.clone(), self.version);
            }
            parts.push(part);
        }
        let mut entries = Vec::new();
        if let Some(participants) = &self.participants {
            let same = *participants == card.participants;
            let part = compare(self.version, card.participants_version, same)?;
            if let Part::Takes = part {
                entries = members(self, room, context)?;
                card.participants = participants.clone();
                card.participants_version = self.version;
            }
            parts.push(part);
        }
        let takes = parts.iter().any(|part| matches!(part, Part::Takes));
        if !takes && parts.iter().any(|part| matches!(part, Part::Old)) {
            let sentence = "A newer version is known.";
            return Err(Error::refused(ErrorCode::Outdated, sentence));
        }
        if !takes {
            return Ok(Change::default());
        }
        entries.push(EntryKind::Context(card));
        Ok(Change { entries, choices: None })
    }
}

fn compare(version: u64, known: u64, same: bool) -> Result<Part, Error> {
    match version.cmp(&known) {
        Ordering::Greater => Ok(Part::Takes),
        Ordering::Equal if same => Ok(Part::Same),
        Ordering::Equal => {
            let sentence = format!("Version {version} came before with other content.");
            Err(Error::refused(ErrorCode::Conflict, &sentence))
        }
        Ordering::Less => Ok(Part::Old),
    }
}

/// The participants who are not members yet, each once; none when a newer version is known.
fn newcomers(command: &SetContext, room: &RoomState) -> Vec<UserId> {
    let known = room.card.as_ref().map_or(0, |card| card.participants_version);
    let Some(participants) = &command.participants else { return Vec::new() };
    if command.version <= known {
        return Vec::new();
    }
    let new = participants.iter().map(|participant| &participant.user);
    let new: BTreeSet<&UserId> = new.filter(|user| room.member(user).is_none()).collect();
    new.into_iter().cloned().collect()
}

/// Who comes and who goes.
fn members(
    command: &SetContext,
    room: &RoomState,
    context: &StepContext<'_>,
) -> Result<Vec<EntryKind>, Error> {
    let limit = |sentence| Err(Error::refused(ErrorCode::LimitReached, sentence));
    let come = newcomers(command, room);
    if room.meta.class == RoomClass::Public && !come.is_empty() {
        let sentence = "A public room has no members: people walk in and out.";
        return Err(Error::refused(ErrorCode::RoomClass, sentence));
    }
    let stay: BTreeSet<&UserId> =
        command.participants.iter().flat_map(|p| p.iter()).map(|p| &p.user).collect();
    let go = room.members.keys().filter(|user| command.remove_others && !stay.contains(user));
    let go: Vec<UserId> = go.cloned().collect();
    if go.len() > USERS_PER_COMMAND {
        return limit("Too many members would be removed at once.");
    }
    if room.members.len() + come.len() > context.settings.members_per_room as usize + go.len() {
        return limit("This room cannot take so many members.");
    }
    let mut entries = Vec::new();
    if !come.is_empty() {
        let visible_after = room.visible_to_new();
        entries.push(EntryKind::Joined(Joined {
            users: List::cut(come),
            by: None,
            visible_after,
            invite: None,
        }));
    }
    entries.extend(go.into_iter().map(|user| EntryKind::Left(Left { user, by: None })));
    Ok(entries)
}
