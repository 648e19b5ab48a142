//! Changing the words of a message, and what it said before.
//!
//! An edit is an entry of its own. The message's row has its words once the entry is durable
//! (`room/changes.rs`); what it said before is kept beside it. The edit of a live location says where it ended.

use caffis_schema::{
    Body, EntryKind, Error, ErrorCode, List, Position, Reply,
    codec::{self, Codec},
    command::{Edit, Revisions},
    event::Edited,
    limits::{REVISIONS, TEXT_BYTES},
    reply::{Revision, RevisionPage},
    room::RoomClass,
};

use crate::{
    call::{Call, Entered, Handled},
    model::{
        authorise::{EditMessage, Read, ReadRevisions, authorise, moderates},
        body,
        caller::Caller,
        digest::digest,
        mentions,
        room::RoomState,
        timing::in_edit_window,
    },
    pages::message_at,
    room::{Change, RoomCommand, StepContext, message_deleted, revisions},
};

impl RoomCommand for Edit {
    fn digest(&self) -> u64 {
        // As it was before there were mentions: copies of a command may come before and after an upgrade.
        match &self.mentions {
            None => digest(&("edit", self.position, &self.body)),
            Some(mentions) => digest(&("edit", self.position, &self.body, mentions)),
        }
    }

    fn text_bytes(&self) -> usize {
        // And what the message said before, which may be as long as a text can be.
        body::length(&self.body) + TEXT_BYTES
    }

    fn members(&self) -> usize {
        mentions::most(self.mentions.as_ref())
    }

    fn message(&self) -> Option<Position> {
        Some(self.position)
    }

    fn step(
        &self,
        room: &RoomState,
        caller: &Caller,
        context: &StepContext<'_>,
    ) -> Result<Change, Error> {
        let (message, sent) = context.message(room, caller)?;
        authorise(caller, room, EditMessage { author: message.sender.clone() })?;
        if message.is_deleted() {
            return Err(message_deleted());
        }
        let ends_live = matches!(self.body, Body::Location(_))
            && message.live_until().is_some_and(|until| context.now < until);
        if !ends_live {
            in_edit_window(sent, context.now)?;
        }
        let body = body::checked(&self.body, context.settings.most_chars(room.meta.class))?;
        let before = message.mentions().cloned().unwrap_or_default();
        let mentions = match &self.mentions {
            Some(now) => mentions::checked(now, &before, room, caller)?,
            None => before.clone(),
        };
        let of_words = has_words(&body) && has_words(&message.body);
        if !(of_words || ends_live) {
            let sentence = "Only the words of a message are edited.";
            return Err(Error::refused(ErrorCode::Invalid, sentence));
        }
        if !ends_live && body == message.body && mentions == before {
            return Ok(Change::default());
        }
        if matches!(body, Body::System(_)) {
            let sentence = "A person's message cannot become a notice.";
            return Err(Error::refused(ErrorCode::Invalid, sentence));
        }
        let revision = message.revision() + 1;
        if revision as usize >= REVISIONS {
            let sentence = "This message was edited too often.";
            return Err(Error::refused(ErrorCode::LimitReached, sentence));
        }
        Ok(Change::from(EntryKind::Edited(Edited {
            message: self.position,
            number: message.number,
            revision,
            replaces: message.edited.map_or(Position::ZERO, |edit| edit.position),
            body: Some(body),
            mentions,
        })))
    }
}

/// Whether a message is made of words alone.
fn has_words(body: &Body) -> bool {
    matches!(body, Body::Text(_) | Body::System(_))
}

/// What a message said before it was edited. In rooms where deleting only hides, those who moderate also
/// see what a deleted message said.
///
/// # Errors
/// `not_found`, `forbidden` for those who neither wrote the message nor moderate, `deleted`.
pub async fn handle_revisions(call: Call, command: Revisions) -> Handled {
    let Entered { cell, state, allowed } = call.enter(command.room, Read).await?;
    let (entry, message) =
        message_at(&call.services, (&cell, &state), &allowed, command.position).await?;
    let caller = call.caller(command.room);
    authorise(&caller, &state, ReadRevisions { author: message.sender.clone() })?;
    let hidden = state.meta.class == RoomClass::Evidence && moderates(&caller, &state);
    if message.is_deleted() && !hidden {
        return Err(message_deleted());
    }
    let all = revisions(&*call.services.store, command.room, &entry, &message).await?;
    Ok(Reply::Revisions(page(all, command.from, call.page_bytes())))
}

/// The revisions from one on, as many as fit; at least one, if there is one.
fn page(all: Vec<Revision>, from: u32, bytes: usize) -> RevisionPage {
    let wanted: Vec<_> = all.into_iter().filter(|revision| revision.revision >= from).collect();
    let mut total = 0;
    let fits = |revision: &&Revision| {
        let first = total == 0;
        total += codec::encode(*revision, Codec::Binary).map_or(0, |bytes| bytes.len());
        first || total <= bytes
    };
    let count = wanted.iter().take(REVISIONS).take_while(fits).count();
    let more = count < wanted.len();
    RevisionPage { revisions: List::cut(wanted.into_iter().take(count).collect()), more }
}

#[cfg(test)]
mod tests {
    use caffis_schema::{Text, Timestamp, event::TextBody};

    use super::*;

    #[test]
    fn revisions_come_in_pages_by_size() {
        let body = Body::Text(TextBody { text: Text::cut(&"x".repeat(1_000)) });
        let revision = |revision| Revision { revision, time: Timestamp(5), body: body.clone() };
        let all: Vec<_> = (0..5).map(revision).collect();
        let numbers = |from, bytes| {
            let RevisionPage { revisions, more } = page(all.clone(), from, bytes);
            (revisions.iter().map(|revision| revision.revision).collect::<Vec<_>>(), more)
        };
        assert_eq!(numbers(0, 10_000), (vec![0, 1, 2, 3, 4], false));
        assert_eq!(numbers(1, 2_100), (vec![1, 2], true));
        assert_eq!(numbers(3, 10), (vec![3], true));
        assert_eq!(numbers(5, 10), (vec![], false));
    }
}
