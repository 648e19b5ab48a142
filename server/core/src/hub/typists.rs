//! Who types in one room: as many as are worth telling.

use std::{collections::BTreeMap, time::Duration};

use caffis_schema::UserId;
use tokio::time::Instant;

/// People of one room who are told to type at the same time; further ones are not told.
pub const TYPISTS: usize = 8;

/// A person who was not heard for this long types no more.
const EXPIRY: Duration = Duration::from_secs(5);

/// A person who goes on typing is told this often at most.
const REPEAT: Duration = Duration::from_secs(1);

/// The people who type in a room, and when they were last told.
#[derive(Debug, Default)]
pub struct Typists {
    told: BTreeMap<UserId, Instant>,
}

impl Typists {
    /// Notes that a person types or has stopped; true when the others are to be told.
    pub fn hear(&mut self, user: &UserId, active: bool, now: Instant) -> bool {
        self.told.retain(|_, told| now.saturating_duration_since(*told) < EXPIRY);
        if !active {
            return self.told.remove(user).is_some();
        }
        let full = self.told.len() >= TYPISTS;
        match self.told.get_mut(user) {
            Some(told) if now.saturating_duration_since(*told) < REPEAT => false,
            Some(told) => {
                *told = now;
                true
            }
            None if full => false,
            None => {
                self.told.insert(user.clone(), now);
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(number: usize) -> UserId {
        UserId::new(&format!("user-{number}")).expect("an id")
    }

    #[test]
    fn a_few_typists_are_told_and_those_who_stop_make_room_for_others() {
        let (mut typists, now) = (Typists::default(), Instant::now());
        assert!((0..TYPISTS).all(|number| typists.hear(&user(number), true, now)));
        assert!(!typists.hear(&user(TYPISTS), true, now), "one too many");
        assert!(!typists.hear(&user(TYPISTS), false, now), "nobody was told of them");
        assert!(typists.hear(&user(0), false, now));
        assert!(typists.hear(&user(TYPISTS), true, now));
        assert!(typists.hear(&user(0), true, now + EXPIRY), "the others were not heard any more");
    }

    #[test]
    fn going_on_typing_is_told_once_a_second() {
        let (mut typists, now) = (Typists::default(), Instant::now());
        assert!(typists.hear(&user(0), true, now));
        assert!(!typists.hear(&user(0), true, now + REPEAT / 2));
        assert!(typists.hear(&user(0), true, now + REPEAT));
        assert!(typists.hear(&user(0), false, now + REPEAT), "that they stopped is told at once");
    }
}
