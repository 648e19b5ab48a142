//! Following threads, and reading in them.

use std::collections::BTreeMap;

use caffis_schema::{
    Command, Position, ReplyNumber, RoomId, UserId,
    threads::{FollowThread, MarkThreadRead},
};

use super::Life;
use crate::trace::lock;

impl Life {
    /// Somebody follows a thread, or no longer.
    pub(super) fn follow(&mut self) {
        let Some((user, room, root, _)) = self.thread() else { return };
        let (device, follow) = (self.device_of(&user), self.random.chance(500));
        let id = (user, room, root);
        let short = {
            let mut ledger = lock(&self.ledger);
            let own = ledger.threads.entry(id).or_default();
            own.wanted |= follow;
            own.unwanted |= !follow;
            ledger.short(room)
        };
        let what = format!("follows the thread at {root} of {short}: {follow}");
        let command = Command::FollowThread(FollowThread { room, root, follow });
        self.give(&device, what, command, |_, _| ());
    }

    /// Somebody reads in a thread.
    pub(super) fn read_thread(&mut self) {
        let Some((user, room, root, replies)) = self.thread() else { return };
        let device = self.device_of(&user);
        let number = 1 + self.random.number() % (replies + 1);
        let id = (user, room, root);
        let short = {
            let mut ledger = lock(&self.ledger);
            let read = &mut ledger.threads.entry(id.clone()).or_default().read;
            read.asked = read.asked.max(number);
            ledger.short(room)
        };
        let what = format!("reads to {number} in the thread at {root} of {short}");
        let command = MarkThreadRead { room, root, number: ReplyNumber(number) };
        self.give(&device, what, Command::MarkThreadRead(command), move |ledger, result| {
            if result.is_ok() {
                let read = &mut ledger.threads.entry(id).or_default().read;
                read.told = read.told.max(number);
            }
        });
    }

    /// Somebody, and a thread with how many replies it has, as far as is known.
    fn thread(&mut self) -> Option<(UserId, RoomId, Position, u64)> {
        let mut threads: BTreeMap<_, u64> = BTreeMap::new();
        for sending in lock(&self.ledger).sendings.values() {
            if let (Some(root), Some(_)) = (sending.letter.root(), sending.acknowledged) {
                *threads.entry((sending.letter.room, root)).or_default() += 1;
            }
        }
        let threads: Vec<_> = threads.into_iter().collect();
        if threads.is_empty() {
            return None;
        }
        let ((room, root), replies) = *self.random.pick(&threads);
        Some((self.device_in(room).user, room, root, replies))
    }
}
