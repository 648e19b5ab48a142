//! Messages of the past that a service imports, and sends again when it does not know what became of them.

use std::time::Duration;

use caffis_core::{Inquirer, model::caller::Rights};
use caffis_schema::{
    Body, Error, Outcome, RoomId, Text, Timestamp, UserId,
    event::TextBody,
    imports::{ImportMessage, RoomReference},
};
use tokio::time::timeout;

use super::Life;
use crate::{ledger::imports::Importing, trace::lock, world::World};

/// The most messages that are imported at once.
const AT_ONCE: usize = 3;

/// Of a thousand times, how often messages are imported again.
const AGAIN: u16 = 500;

/// So many of the last ones are imported again.
const LAST: usize = 3;

/// How long a service waits for the answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// When the first message of the past was sent: in 2020.
const PAST: u64 = 1_577_836_800_000;

impl Life {
    /// A service imports messages into a room by some node, or those that it has imported before.
    pub(super) fn import(&mut self, world: &World) {
        let Some(room) = self.room() else { return };
        let processes: Vec<_> = world.processes().collect();
        let Ok(service) = UserId::new("service:past") else { return };
        if processes.is_empty() {
            return;
        }
        let process = self.random.pick(&processes).clone();
        let last = &self.past[self.past.len().saturating_sub(LAST)..];
        let (room, messages) = match self.random.chance(AGAIN) && !last.is_empty() {
            true => self.random.pick(last).clone(),
            false => {
                let messages = self.messages_of_the_past(room);
                self.past.push((room, messages.clone()));
                (room, messages)
            }
        };
        let ledger = self.ledger.clone();
        let ids: Vec<_> = messages.iter().map(|message| message.id.to_string()).collect();
        let what = {
            let mut ledger = lock(&ledger);
            for message in &messages {
                let known = ledger.imports.entry((room, message.id.to_string()));
                known.or_insert_with(|| Importing::new(message)).fate.begins();
            }
            format!("{} imports {ids:?} into {}", process.name, ledger.short(room))
        };
        self.call(what, async move {
            let by = Inquirer { user: service, service: Some(Rights::IMPORT) };
            let importing = process.core.import_messages(&by, room, messages);
            let unknown = || Error::unknown(caffis_schema::ErrorCode::Internal, "late", 0);
            let late = || ids.iter().map(|_| Err(unknown())).collect();
            let done = timeout(PATIENCE, importing).await;
            // What a process that has died would have said, nobody hears.
            let done = done.ok().filter(|_| !process.gate.is_dead()).unwrap_or_else(late);
            let mut ledger = lock(&ledger);
            for (id, done) in ids.iter().zip(&done) {
                if let Some(importing) = ledger.imports.get_mut(&(room, id.clone())) {
                    importing.ends(done.as_ref().map_err(|error| error.outcome).copied());
                }
            }
            format!("{:?}", done.iter().map(said).collect::<Vec<_>>())
        });
    }

    fn messages_of_the_past(&mut self, room: RoomId) -> Vec<ImportMessage> {
        let mut messages = Vec::new();
        for _ in 0..=self.random.below(AT_ONCE) {
            let Some(sender) = self.person() else { continue };
            self.words += 1;
            let words = format!("p{}", self.words);
            messages.push(ImportMessage {
                id: Text::cut(&words),
                room: RoomReference::Id(room),
                sender,
                sent: Timestamp(PAST + self.words as u64),
                body: Body::Text(TextBody { text: Text::cut(&words) }),
                reply_to: None,
            });
        }
        messages
    }
}

/// What became of a message, for the trace.
fn said(done: &Result<bool, Error>) -> String {
    match done {
        Ok(true) => "new".to_owned(),
        Ok(false) => "there".to_owned(),
        Err(error) if error.outcome == Outcome::Unknown => format!("unknown, {}", error.code),
        Err(error) => format!("refused, {}", error.code),
    }
}
