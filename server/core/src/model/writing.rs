//! How people write in a room: its settings, and who wrote when while slow mode is on.

use std::collections::BTreeMap;

use caffis_schema::{Position, Timestamp, UserId, settings::RoomSettings};

/// People of whom a room remembers when they wrote. Of more than that, those who wrote first are forgotten, and may
/// write again.
const REMEMBERED: usize = 10_000;

/// How people write in a room.
///
/// Who wrote when follows from the log, as far as memory has it: a new owner reads it from the last entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Writing {
    /// The position of the entry that set it; 0 for none.
    pub position: Position,
    /// How it is set.
    pub settings: RoomSettings,
    /// When people wrote last, while slow mode is on.
    wrote: BTreeMap<UserId, Timestamp>,
    /// People who are remembered before those who need not wait any more are forgotten.
    look_at: usize,
}

impl Writing {
    /// As the store has it.
    #[must_use]
    pub fn stored(position: Position, settings: RoomSettings) -> Self {
        Self { position, settings, ..Self::default() }
    }

    /// Whether it matters who wrote when.
    #[must_use]
    pub fn is_slow(&self) -> bool {
        self.settings.slow_mode_seconds > 0
    }

    /// Takes other settings.
    pub(super) fn set(&mut self, position: Position, settings: RoomSettings) {
        self.position = position;
        self.settings = settings;
        if !self.is_slow() {
            self.wrote.clear();
        }
    }

    /// Somebody wrote.
    pub(super) fn note(&mut self, user: &UserId, time: Timestamp) {
        self.wrote.insert(user.clone(), time);
        if self.wrote.len() > self.look_at {
            let wait = self.wait_ms();
            self.wrote.retain(|_, wrote| time.get().saturating_sub(wrote.get()) < wait);
            while self.wrote.len() > REMEMBERED {
                let oldest = self.wrote.iter().min_by_key(|(_, wrote)| **wrote);
                let Some(oldest) = oldest.map(|(user, _)| user.clone()) else { break };
                self.wrote.remove(&oldest);
            }
            // Each look is paid for by as many messages as it goes through.
            self.look_at = (2 * self.wrote.len()).clamp(64, REMEMBERED);
        }
    }

    /// How long somebody has to wait before they write again, in milliseconds; none if they need not. The room's time
    /// may be ahead of the clock, which was set back or is another owner's. Up to the time that is set they wait for
    /// that long once more; beyond it nobody can tell how long ago they wrote, and they need not wait: otherwise they
    /// would until the clock comes to the room's time, however far that is.
    #[must_use]
    pub fn wait(&self, user: &UserId, now: Timestamp) -> Option<u32> {
        let wrote = self.wrote.get(user)?;
        if wrote.since(now) > self.wait_ms() {
            return None;
        }
        let left = wrote.get().saturating_add(self.wait_ms()).saturating_sub(now.get());
        let left = left.min(self.wait_ms());
        u32::try_from(left).ok().filter(|left| *left > 0)
    }

    fn wait_ms(&self) -> u64 {
        u64::from(self.settings.slow_mode_seconds) * 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(number: usize) -> UserId {
        UserId::new(&format!("user{number:05}")).expect("an id")
    }

    fn slow(seconds: u32) -> Writing {
        let settings = RoomSettings { slow_mode_seconds: seconds, ..RoomSettings::default() };
        Writing::stored(Position(1), settings)
    }

    #[test]
    fn somebody_who_wrote_waits_and_nobody_else() {
        let mut writing = slow(10);
        writing.note(&user(1), Timestamp(50_000));
        let waits = |writing: &Writing, now| writing.wait(&user(1), Timestamp(now));
        assert_eq!(waits(&writing, 50_000), Some(10_000));
        assert_eq!(waits(&writing, 59_999), Some(1));
        assert_eq!(waits(&writing, 60_000), None);
        assert_eq!(writing.wait(&user(2), Timestamp(50_000)), None);
        // A clock that is behind the room's time.
        assert_eq!(waits(&writing, 40_000), Some(10_000));
        assert_eq!(waits(&writing, 39_999), None);
        writing.set(Position(2), RoomSettings::default());
        assert_eq!(waits(&writing, 50_000), None);
    }

    #[test]
    fn memory_has_those_who_wait_and_no_more_than_so_many() {
        let mut writing = slow(10);
        for number in 0..1_000 {
            writing.note(&user(number), Timestamp(number as u64 * 1_000));
        }
        assert!(writing.wrote.len() <= 64 + 1, "{}", writing.wrote.len());
        assert!(writing.wait(&user(999), Timestamp(999_000)).is_some());
        let mut crowd = slow(10_000);
        for number in 0..REMEMBERED + 5 {
            crowd.note(&user(number), Timestamp(number as u64));
        }
        assert_eq!(crowd.wrote.len(), REMEMBERED);
        assert_eq!(crowd.wait(&user(0), Timestamp(20_000)), None);
        assert!(crowd.wait(&user(REMEMBERED), Timestamp(20_000)).is_some());
    }
}
