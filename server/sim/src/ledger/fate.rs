//! What is known of commands of which there may be several copies.

use caffis_client::CallError;
use caffis_schema::{Position, Reply};

/// What is known of a command.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fate {
    /// The server said that it was done.
    pub(crate) done: bool,
    /// Copies whose outcome is unknown.
    open: u32,
}

impl Fate {
    /// A copy is given to a device.
    pub(crate) fn begins(&mut self) {
        self.open += 1;
    }

    /// A copy is answered. One of which nothing is known stays open.
    pub(crate) fn ends<T>(&mut self, result: &Result<T, CallError>) {
        match result {
            Ok(_) => self.settles(true),
            Err(CallError::Refused(_) | CallError::OutboxFull | CallError::TooLarge { .. }) => {
                self.settles(false);
            }
            Err(CallError::Ended | CallError::Unexpected(_)) => {}
        }
    }

    /// A copy was done, or was not and never will be.
    pub(crate) fn settles(&mut self, done: bool) {
        self.open -= 1;
        self.done |= done;
    }

    /// Whether it may have been done.
    pub(crate) fn may_have_happened(self) -> bool {
        self.done || self.open > 0
    }
}

/// One of several things that were wanted.
#[derive(Clone, Debug)]
pub(crate) struct Wish<T> {
    pub(crate) what: T,
    pub(crate) fate: Fate,
    /// Where it is in the log, as the server said.
    at: Option<Position>,
    /// What had happened to all of them before it was given, as a number.
    given: usize,
    /// The same of when nothing more could come of it.
    settled: Option<usize>,
}

/// Things that were wanted one after the other, of which the last one counts.
#[derive(Clone, Debug)]
pub(crate) struct Wishes<T> {
    wishes: Vec<Wish<T>>,
    /// How much has happened to them.
    happened: usize,
}

impl<T> Default for Wishes<T> {
    fn default() -> Self {
        Self { wishes: Vec::new(), happened: 0 }
    }
}

impl<T> Wishes<T> {
    /// Something else is wanted. Gives its number.
    pub(crate) fn add(&mut self, what: T) -> usize {
        self.happened += 1;
        let (fate, given) = (Fate::default(), self.happened);
        self.wishes.push(Wish { what, fate, at: None, given, settled: None });
        self.wishes.len() - 1
    }

    /// A copy of the command is given to a device.
    pub(crate) fn begins(&mut self, number: usize) {
        self.wishes[number].fate.begins();
    }

    /// A copy of the command is answered.
    pub(crate) fn ends(&mut self, number: usize, result: &Result<Reply, CallError>) {
        self.happened += 1;
        let wish = &mut self.wishes[number];
        wish.fate.ends(result);
        if let Ok(Reply::Appended(appended)) = result {
            wish.at = Some(appended.position);
        }
        wish.settled = (wish.fate.open == 0).then_some(self.happened);
    }

    /// All of them, in the order in which they were given.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Wish<T>> {
        self.wishes.iter()
    }

    /// Whether one can be what counts: it may have been done, and it is not known that another one was after it.
    pub(crate) fn may_count(&self, wish: &Wish<T>) -> bool {
        self.may_count_by(wish, |_| true)
    }

    /// The same where only some positions of the log are entries of what was wanted: a command that changes nothing is
    /// answered with the room's last position.
    pub(crate) fn may_count_by(&self, wish: &Wish<T>, is_entry: impl Fn(Position) -> bool) -> bool {
        let later = |other: &Wish<T>| {
            let given_later = wish.settled.is_some_and(|settled| settled < other.given);
            let lies_later =
                wish.at.is_some() && wish.at < other.at && other.at.is_some_and(&is_entry);
            other.fate.done && (given_later || lies_later)
        };
        wish.fate.may_have_happened() && !self.wishes.iter().any(later)
    }

    /// Whether any of them counts for sure.
    pub(crate) fn is_any_done(&self) -> bool {
        self.wishes.iter().any(|wish| wish.fate.done)
    }
}
