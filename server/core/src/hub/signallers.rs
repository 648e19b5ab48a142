//! Whose signals are told in one room: those of as many people as are worth telling, and not more often than helps.

use std::{collections::BTreeMap, time::Duration};

use caffis_schema::{
    Timestamp, UserId,
    limits::{LIVE_LOCATION_EXPIRY_MS, LIVE_LOCATION_UPDATE_MS, LIVE_LOCATIONS},
};
use tokio::time::Instant;

/// People of one room who are told to type at the same time; further ones are not told.
pub const TYPISTS: usize = 8;

/// What a signal tells of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// That they type.
    Typing,
    /// Where they are.
    Location,
}

impl Told {
    /// People of whom it is told at the same time.
    fn people(self) -> usize {
        match self {
            Self::Typing => TYPISTS,
            Self::Location => LIVE_LOCATIONS,
        }
    }

    /// A person who was not heard for this long makes room for others.
    fn expiry(self) -> Duration {
        match self {
            Self::Typing => Duration::from_secs(5),
            Self::Location => Duration::from_millis(LIVE_LOCATION_EXPIRY_MS as u64),
        }
    }

    /// It is told of one person this often at most.
    fn repeat(self) -> Duration {
        match self {
            Self::Typing => Duration::from_secs(1),
            Self::Location => Duration::from_millis(LIVE_LOCATION_UPDATE_MS as u64),
        }
    }
}

/// The people of whom something is told in a room, and when it was told last.
#[derive(Debug, Default)]
pub struct Signallers {
    typing: BTreeMap<UserId, Instant>,
    locations: BTreeMap<UserId, Instant>,
    counter: u64,
}

impl Signallers {
    /// Notes a signal of a person, which may say that they have stopped; true when the others are to be told.
    pub fn hear(&mut self, what: Told, user: &UserId, active: bool, now: Instant) -> bool {
        let told = match what {
            Told::Typing => &mut self.typing,
            Told::Location => &mut self.locations,
        };
        told.retain(|_, told| now.saturating_duration_since(*told) < what.expiry());
        if !active {
            return told.remove(user).is_some();
        }
        let full = told.len() >= what.people();
        match told.get_mut(user) {
            Some(told) if now.saturating_duration_since(*told) < what.repeat() => false,
            Some(told) => {
                *told = now;
                true
            }
            None if full => false,
            None => {
                told.insert(user.clone(), now);
                true
            }
        }
    }

    /// The number of the next signal: larger than all before, also than those of a time when nobody had the room
    /// open.
    pub fn next(&mut self, now: Timestamp) -> u64 {
        self.counter = (self.counter + 1).max(now.get());
        self.counter
    }

    /// Notes the number of a signal that another node told.
    pub fn saw(&mut self, counter: u64) {
        self.counter = self.counter.max(counter);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(number: usize) -> UserId {
        UserId::new(&format!("user-{number}")).expect("an id")
    }

    #[test]
    fn a_few_people_are_told_of_and_those_who_stop_make_room_for_others() {
        for what in [Told::Typing, Told::Location] {
            let (mut signals, now) = (Signallers::default(), Instant::now());
            let few = what.people();
            assert!((0..few).all(|number| signals.hear(what, &user(number), true, now)));
            assert!(!signals.hear(what, &user(few), true, now), "one too many");
            assert!(!signals.hear(what, &user(few), false, now), "nobody was told of them");
            assert!(signals.hear(what, &user(0), false, now));
            assert!(signals.hear(what, &user(few), true, now));
            let later = now + what.expiry();
            assert!(
                signals.hear(what, &user(0), true, later),
                "the others were not heard any more"
            );
        }
    }

    #[test]
    fn what_goes_on_is_told_at_intervals() {
        for what in [Told::Typing, Told::Location] {
            let (mut signals, now) = (Signallers::default(), Instant::now());
            assert!(signals.hear(what, &user(0), true, now));
            assert!(!signals.hear(what, &user(0), true, now + what.repeat() / 2));
            assert!(signals.hear(what, &user(0), true, now + what.repeat()));
            assert!(signals.hear(what, &user(0), false, now + what.repeat()), "an end at once");
        }
    }

    #[test]
    fn who_types_takes_nothing_from_who_shares_their_location() {
        let (mut signals, now) = (Signallers::default(), Instant::now());
        assert!(signals.hear(Told::Typing, &user(0), true, now));
        assert!(signals.hear(Told::Location, &user(0), true, now));
        assert!(signals.hear(Told::Typing, &user(0), false, now));
        assert!(!signals.hear(Told::Location, &user(0), true, now), "told a moment ago");
    }

    #[test]
    fn numbers_grow_also_with_a_clock_that_is_behind() {
        let mut signals = Signallers::default();
        assert_eq!(signals.next(Timestamp(500)), 500);
        assert_eq!(signals.next(Timestamp(400)), 501);
        signals.saw(900);
        assert_eq!(signals.next(Timestamp(600)), 901);
    }
}
