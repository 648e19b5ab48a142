//! What people do with messages that were sent.

use caffis_client::CallError;
use caffis_schema::{
    Body, Command, Reply, Text,
    command::{Delete, Edit, Pin, React},
    event::TextBody,
    reply::Appended,
    room::ClientKey,
};

use super::Life;
use crate::{
    device::Device,
    ledger::{Changing, What, told},
    trace::lock,
};

/// Of a thousand changes, how many are tried by somebody else than who wrote the message.
const ELSE: u16 = 200;

/// The same of reactions.
const EVERYBODY: u16 = 800;

/// Of a thousand changes, how many are sent by two devices at once.
const TWICE: u16 = 250;

impl Life {
    /// Changes the words of a message that was acknowledged.
    pub(super) fn edit(&mut self) {
        self.words += 1;
        let words = format!("e{} {}", self.words, "y".repeat(self.random.below(200)));
        self.change(What::Edit(words));
    }

    /// Deletes a message that was acknowledged.
    pub(super) fn delete(&mut self) {
        self.change(What::Delete);
    }

    /// Somebody reacts to a message that was acknowledged, or takes that back.
    pub(super) fn react(&mut self) {
        let emoji = *self.random.pick(&["☕", "👍🏽", "🇮🇹"]);
        let add = self.random.chance(650);
        self.change(What::React(emoji, add));
    }

    /// Somebody pins a message that was acknowledged, or takes that back.
    pub(super) fn pin(&mut self) {
        let on = self.random.chance(700);
        self.change(What::Pin(on));
    }

    fn change(&mut self, what: What) {
        let Some((author, appended)) = self.any_acknowledged() else { return };
        let others = match what {
            What::React(..) => EVERYBODY,
            What::Edit(_) | What::Delete => ELSE,
            What::Pin(_) => EVERYBODY,
        };
        let user = match self.random.chance(others) {
            true => self.person().unwrap_or(author.clone()),
            false => author.clone(),
        };
        let device = self.device_of(&user);
        let key = device.client.key(appended.room);
        let changing = Changing {
            room: appended.room,
            message: appended.position,
            read: what == What::Delete && self.is_read_by_peer(&author, &appended),
            what,
            acknowledged: None,
            open: 0,
        };
        if self.random.chance(TWICE) {
            let other = self.device_of(&user);
            self.give_change(other, key, changing.clone());
        }
        self.give_change(device, key, changing);
    }

    /// Whether the other person of a conversation of two is known to have read a message, and tells it.
    fn is_read_by_peer(&self, author: &caffis_schema::UserId, sent: &Appended) -> bool {
        let ledger = lock(&self.ledger);
        let others =
            ledger.read.iter().filter(|((user, room), _)| *room == sent.room && user != author);
        let mut others = others.filter(|((user, _), read)| {
            read.told >= sent.number.get() && !ledger.private.contains(user)
        });
        ledger.directs.contains(&sent.room) && others.next().is_some()
    }

    fn give_change(&mut self, device: Device, key: ClientKey, changing: Changing) {
        let (ledger, trace) = (self.ledger.clone(), self.trace.clone());
        let (room, position, user) = (changing.room, changing.message, device.user.clone());
        let command = match &changing.what {
            What::Edit(words) => {
                let body = Body::Text(TextBody { text: Text::cut(words) });
                Command::Edit(Edit::words(key, room, position, body))
            }
            What::Delete => Command::Delete(Delete { key, room, position }),
            What::Pin(pin) => Command::Pin(Pin { key, room, position, pin: *pin }),
            What::React(emoji, add) => {
                Command::React(React { key, room, position, emoji: Text::cut(emoji), add: *add })
            }
        };
        lock(&ledger).wants(&user, key.id, changing);
        let short = lock(&ledger).short(room);
        let what = format!("{} gives {} of {position} in {short}", device.name, command.name());
        self.call(what, async move {
            let result = match device.client.call(command).await {
                Ok(Reply::Appended(appended)) => Ok(appended),
                Ok(other) => Err(CallError::Unexpected(other.name())),
                Err(error) => Err(error),
            };
            lock(&ledger).changed(&user, key.id, &result, &trace);
            told(&result)
        });
    }
}
