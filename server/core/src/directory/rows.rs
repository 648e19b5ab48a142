//! People as rows: one for each part that is written by itself.

use std::sync::Arc;

use caffis_schema::{
    List, Text, UserId,
    hooks::{
        users::{QuietHours, UserDeleted, UserUpserted},
        values::{ClockTime, Locale, TimeZone, Url, Version, Word},
    },
};

use super::{Mirror, Person, unnamed};
use crate::{
    ports::store::{Batch, Stamp},
    tables::UserRow,
};

/// A part of a person. Nodes that write different parts of one person at once lose neither, and of one part
/// the later write counts, as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Name and picture, as a token says them.
    Profile,
    /// What the main app says: its node writes it.
    Mirror,
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
        &[Self::Profile, Self::Mirror, Self::Status, Self::PrivateReceipts, Self::LastSeen];

    fn name(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Mirror => "mirror",
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
            version: None,
            deleted: None,
            locale: None,
            time_zone: None,
            quiet_start: None,
            quiet_end: None,
            roles: None,
            written: None,
        };
        let words = |text: &str| -> Arc<str> { text.into() };
        match self {
            Self::Profile => {
                row.name = Some(words(&person.profile.name));
                row.picture = person.profile.picture.as_ref().map(|picture| words(picture));
            }
            Self::Mirror => {
                if let Some(mirror) = &person.mirror {
                    put_mirror(&mut row, mirror);
                }
            }
            Self::Status => row.status = person.status.as_ref().map(|status| words(status)),
            Self::PrivateReceipts => row.private_receipts = Some(person.private_receipts),
            Self::LastSeen => row.last_seen = person.last_seen,
        }
        row
    }
}

fn put_mirror(row: &mut UserRow, mirror: &Mirror) {
    let words = |text: &str| -> Arc<str> { text.into() };
    row.version = Some(mirror.version());
    row.deleted = Some(matches!(mirror, Mirror::Deleted(_)));
    let Mirror::Known(user) = mirror else { return };
    row.name = Some(words(&user.name));
    row.picture = user.picture.as_deref().map(words);
    row.locale = user.locale.as_deref().map(words);
    row.time_zone = user.time_zone.as_deref().map(words);
    row.quiet_start = user.quiet_hours.as_ref().map(|hours| words(&hours.start));
    row.quiet_end = user.quiet_hours.as_ref().map(|hours| words(&hours.end));
    let roles: Vec<&str> = user.roles.iter().map(|role| &**role).collect();
    row.roles = (!roles.is_empty()).then(|| roles.join(",").into());
}

fn mirror(row: UserRow) -> Option<Mirror> {
    let (id, version) = (row.user, Version::new(row.version?).ok()?);
    if row.deleted == Some(true) {
        return Some(Mirror::Deleted(UserDeleted { id, version }));
    }
    let hours = row.quiet_start.zip(row.quiet_end);
    let roles = row.roles.as_deref().unwrap_or_default().split(',');
    Some(Mirror::Known(Arc::new(UserUpserted {
        id,
        version,
        name: Text::cut(row.name.as_deref().unwrap_or_default()),
        picture: row.picture.and_then(|picture| Url::new(&picture).ok()),
        locale: row.locale.and_then(|locale| Locale::new(&locale).ok()),
        time_zone: row.time_zone.and_then(|zone| TimeZone::new(&zone).ok()),
        quiet_hours: hours.and_then(|(start, end)| {
            let (start, end) = (ClockTime::new(&start).ok()?, ClockTime::new(&end).ok()?);
            Some(QuietHours { start, end })
        }),
        roles: List::cut(roles.filter_map(|role| Word::new(role).ok()).collect()),
    })))
}

/// Somebody of whom nothing is known but their id.
pub(super) fn stranger(user: &UserId) -> Person {
    Person {
        profile: unnamed(user),
        status: None,
        private_receipts: false,
        last_seen: None,
        mirror: None,
        written: Stamp::NONE,
    }
}

/// The parts in which a person differs from what was known of them; of a new one the profile, too. The
/// mirror is written by its own node only.
pub(super) fn changed(known: Option<&Person>, person: &Person) -> Vec<Part> {
    let stranger = stranger(&person.profile.user);
    let before = known.unwrap_or(&stranger);
    let differs = |part: &Part| match part {
        Part::Profile => known.is_none() || before.profile != person.profile,
        Part::Mirror => false,
        Part::Status => before.status != person.status,
        Part::PrivateReceipts => before.private_receipts != person.private_receipts,
        Part::LastSeen => before.last_seen != person.last_seen,
    };
    Part::ALL.iter().copied().filter(differs).collect()
}

/// Adds the rows of these parts.
pub(crate) fn put(batch: &mut Batch, person: &Person, parts: &[Part]) {
    for part in parts {
        let mut row = part.row(person);
        if matches!(part, Part::Status | Part::PrivateReceipts) {
            row.written = Some(batch.stamp.0);
        }
        batch.put(&row);
    }
}

/// A person from their rows; none without a profile or a mirror, one of which is written first.
pub(super) fn person(user: &UserId, rows: Vec<UserRow>) -> Option<Person> {
    let mut person = stranger(user);
    let mut known = false;
    for row in rows {
        let Some(part) = Part::ALL.iter().find(|part| *part.name() == *row.part) else { continue };
        person.written = person.written.max(Stamp(row.written.unwrap_or_default()));
        match part {
            Part::Profile => {
                known = true;
                person.profile.name = Text::cut(row.name.as_deref().unwrap_or_default());
                person.profile.picture = row.picture.map(|picture| Text::cut(&picture));
            }
            Part::Mirror => person.mirror = mirror(row),
            Part::Status => person.status = row.status.map(|status| Text::cut(&status)),
            Part::PrivateReceipts => person.private_receipts = row.private_receipts == Some(true),
            Part::LastSeen => person.last_seen = row.last_seen,
        }
    }
    if let Some(mirror) = &person.mirror {
        person.profile = mirror.profile();
        known = true;
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
        let written = Stamp::NONE;
        Person { profile, status, private_receipts: true, last_seen, mirror: None, written }
    }

    fn rows(person: &Person, parts: &[Part]) -> Vec<UserRow> {
        parts.iter().map(|part| part.row(person)).collect()
    }

    #[test]
    fn a_person_comes_back_from_their_rows() {
        let giulia = giulia();
        let user = &giulia.profile.user;
        let all = changed(None, &giulia);
        let own = [Part::Profile, Part::Status, Part::PrivateReceipts, Part::LastSeen];
        assert_eq!(all, own, "the mirror is written by itself");
        assert_eq!(person(user, rows(&giulia, &all)), Some(giulia.clone()));
        let new = stranger(user);
        assert_eq!(changed(None, &new), [Part::Profile]);
        assert_eq!(person(user, rows(&new, &[Part::Profile])), Some(new));
        assert_eq!(person(user, rows(&giulia, &[Part::LastSeen])), None);
    }

    #[test]
    fn a_mirror_comes_back_whole_and_wins_over_claims() {
        let mut giulia = giulia();
        let known = UserUpserted {
            id: giulia.profile.user.clone(),
            version: Version::new(7).expect("a version"),
            name: Text::cut("Giulia B."),
            picture: Url::new("https://a.example/p.png").ok(),
            locale: Locale::new("it-IT").ok(),
            time_zone: TimeZone::new("Europe/Rome").ok(),
            quiet_hours: Some(QuietHours {
                start: ClockTime::new("22:00").expect("a time"),
                end: ClockTime::new("07:00").expect("a time"),
            }),
            roles: List::cut(vec![Word::new("Borrower Admin").expect("a word")]),
        };
        let (id, version) = (known.id.clone(), known.version);
        for mirror in [Mirror::Known(known.into()), Mirror::Deleted(UserDeleted { id, version })] {
            giulia.profile = mirror.profile();
            giulia.mirror = Some(mirror);
            let user = giulia.profile.user.clone();
            assert_eq!(person(&user, rows(&giulia, Part::ALL)), Some(giulia.clone()));
            let alone = person(&user, rows(&giulia, &[Part::Mirror])).expect("known");
            assert_eq!(alone.profile, giulia.profile);
            assert!(changed(None, &giulia).iter().all(|part| *part != Part::Mirror));
        }
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
