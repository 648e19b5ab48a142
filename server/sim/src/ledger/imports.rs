//! What a service wanted to import.

use caffis_schema::{Outcome, Timestamp, UserId, imports::ImportMessage};

use super::fate::Fate;

/// A message of the past that somebody wanted to import.
#[derive(Clone, Debug)]
pub(crate) struct Importing {
    pub(crate) sender: UserId,
    pub(crate) sent: Timestamp,
    pub(crate) fate: Fate,
    /// How often the server said that it is new.
    pub(crate) new: u32,
}

impl Importing {
    /// One that nobody has imported.
    pub(crate) fn new(message: &ImportMessage) -> Self {
        let (fate, new) = Default::default();
        Self { sender: message.sender.clone(), sent: message.sent, fate, new }
    }

    /// A copy is answered: whether it is new, or what is known of it.
    pub(crate) fn ends(&mut self, done: Result<bool, Outcome>) {
        match done {
            Ok(new) => {
                self.new += u32::from(new);
                self.fate.settles(true);
            }
            Err(Outcome::Unknown) => {}
            Err(_) => self.fate.settles(false),
        }
    }
}
