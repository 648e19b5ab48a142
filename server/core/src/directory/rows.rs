//! People as rows: one for each part that is written by itself.

use std::sync::Arc;

use caffis_schema::{Text, UserId};

use super::{Person, unnamed};
use crate::{ports::store::Batch, tables::UserRow};

/// A part of a person. Nodes that write different parts of one person at once lose neither, and of one part
/// the later write counts, as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Name and picture: what a token says, or the mirror.
    Profile,
    /// Their own words, which they set.
    Status,
    /// Whether they keep to themselves what they have read, which they set.
    PrivateReceipts,
    /// When they were last connected: the nodes note it.
    LastSeen,
}

impl Part {
    /// Every part.
    pub const ALL: &'static [Self] =
        &[Self::Profile, Self::Status, Self::PrivateReceipts, Self::LastSeen];

    fn name(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Status => "status",
            Self::PrivateReceipts => "private_receipts",
            Self::LastSeen => "last_seen",
        }
    }

    fn row(self, person: &Person) -> UserRow {
        let mut row = UserRow {
            user: person.profile.user.clone(),
            part: self.name().into(),
            name: None,
            picture: None,
            status: None,
            private_receipts: None,
            last_seen: None,
        };
        let words = |text: &str| -> Arc<str> { text.into() };
        match self {
            Self::Profile => {
                row.name = Some(words(&person.profile.name));
                row.picture = person.profile.picture.as_ref().map(|picture| words(picture));
            }
            Self::Status => row.status = person.status.as_ref().map(|status| words(status)),
            Self::PrivateReceipts => row.private_receipts = Some(person.private_receipts),
            Self::LastSeen => row.last_seen = person.last_seen,
        }
        row
    }
}

/// Somebody of whom nothing is known but their id.
pub(super) fn stranger(user: &UserId) -> Person {
    Person { profile: unnamed(user), status: None, private_receipts: false, last_seen: None }
}

/// The parts in which a person differs from what was known of them; of a new one the profile, too.
pub(super) fn changed(known: Option<&Person>, person: &Person) -> Vec<Part> {
    let stranger = stranger(&person.profile.user);
    let before = known.unwrap_or(&stranger);
    let differs = |part: &Part| match part {
        Part::Profile => known.is_none() || before.profile != person.profile,
        Part::Status => before.status != person.status,
        Part::PrivateReceipts => before.private_receipts != person.private_receipts,
        Part::LastSeen => before.last_seen != person.last_seen,
    };
    Part::ALL.iter().copied().filter(differs).collect()
}

/// Adds the rows of these parts.
pub(crate) fn put(batch: &mut Batch, person: &Person, parts: &[Part]) {
    parts.iter().for_each(|part| batch.put(&part.row(person)));
}

/// A person from their rows; none without a profile, which is written first.
pub(super) fn person(user: &UserId, rows: Vec<UserRow>) -> Option<Person> {
    let mut person = stranger(user);
    let mut known = false;
    for row in rows {
        let Some(part) = Part::ALL.iter().find(|part| *part.name() == *row.part) else { continue };
        match part {
            Part::Profile => {
                known = true;
                person.profile.name = Text::cut(row.name.as_deref().unwrap_or_default());
                person.profile.picture = row.picture.map(|picture| Text::cut(&picture));
            }
            Part::Status => person.status = row.status.map(|status| Text::cut(&status)),
            Part::PrivateReceipts => person.private_receipts = row.private_receipts == Some(true),
            Part::LastSeen => person.last_seen = row.last_seen,
        }
    }
    known.then_some(person)
}

#[cfg(test)]
mod tests {
    use caffis_schema::{Timestamp, room::Profile};

    use super::*;

    fn giulia() -> Person {
        let user = UserId::new("giulia").expect("an id");
        let profile = Profile { user, name: Text::cut("Giulia"), picture: Some(Text::cut("a")) };
        let (status, last_seen) = (Some(Text::cut("in Rome")), Some(Timestamp(7)));
        Person { profile, status, private_receipts: true, last_seen }
    }

    fn rows(person: &Person, parts: &[Part]) -> Vec<UserRow> {
        parts.iter().map(|part| part.row(person)).collect()
    }

    #[test]
    fn a_person_comes_back_from_their_rows() {
        let giulia = giulia();
        let user = &giulia.profile.user;
        let all = changed(None, &giulia);
        assert_eq!(all, Part::ALL);
        assert_eq!(person(user, rows(&giulia, &all)), Some(giulia.clone()));
        let new = stranger(user);
        assert_eq!(changed(None, &new), [Part::Profile]);
        assert_eq!(person(user, rows(&new, &[Part::Profile])), Some(new));
        assert_eq!(person(user, rows(&giulia, &[Part::LastSeen])), None);
    }

    #[test]
    fn what_two_nodes_change_at_once_comes_together() {
        let giulia = giulia();
        let one = Person { status: None, ..giulia.clone() };
        let other = Person { last_seen: Some(Timestamp(9)), ..giulia.clone() };
        assert_eq!(changed(Some(&giulia), &one), [Part::Status]);
        assert_eq!(changed(Some(&giulia), &other), [Part::LastSeen]);
        let mut stored = rows(&giulia, &[Part::Profile, Part::PrivateReceipts]);
        stored.extend(rows(&one, &[Part::Status]));
        stored.extend(rows(&other, &[Part::LastSeen]));
        let both = Person { status: None, ..other };
        assert_eq!(person(&giulia.profile.user, stored), Some(both));
    }
}
