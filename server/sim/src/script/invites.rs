//! Links by which people come into groups.

use caffis_schema::{
    Command, InviteSecret, Position, Reply, RoomId,
    invites::{CreateInvite, JoinByInvite, RevokeInvite},
};

use super::Life;
use crate::trace::lock;

/// How many people may come by a link at most; 0 for any number.
const USES: usize = 3;

/// Of a thousand links, how many end by themselves.
const ENDING: u16 = 400;

/// For how many seconds these are good at most.
const LIFETIME: usize = 15;

/// Of a thousand times, how often two people come by the same link at once.
const TWO: u16 = 400;

/// A link that was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    room: RoomId,
    secret: InviteSecret,
    invite: Position,
}

impl Life {
    /// Somebody makes a link.
    pub(super) fn invite(&mut self) {
        let Some(room) = self.room() else { return };
        let device = self.device_in_charge(room);
        let secret = InviteSecret(device.client.key_of_new_room().id.0);
        let max_uses = self.random.below(USES) as u32;
        let (key, ends) = (device.client.key(room), self.random.chance(ENDING));
        let lifetime_seconds = if ends { 1 + self.random.below(LIFETIME) as u32 } else { 0 };
        let short = lock(&self.ledger).short(room);
        let what = format!("makes a link to {short} for {max_uses} and {lifetime_seconds} s");
        let create = CreateInvite { key, room, secret, lifetime_seconds, max_uses, name: None };
        let links = self.links.clone();
        self.give(&device, what, Command::CreateInvite(create), move |_, result| {
            if let Ok(Reply::Appended(made)) = result {
                lock(&links).push(Link { room, secret, invite: made.position });
            }
        });
    }

    /// Somebody comes by a link, perhaps somebody who was removed.
    pub(super) fn join(&mut self) {
        let Some(Link { room, secret, .. }) = self.link() else { return };
        for _ in 0..=usize::from(self.random.chance(TWO)) {
            let device = self.device();
            let key = device.client.key(room);
            let what = format!("comes by a link to {}", lock(&self.ledger).short(room));
            let join = Command::JoinByInvite(JoinByInvite { key, room, secret });
            self.give(&device, what, join, |_, _| ());
        }
    }

    /// Somebody ends a link.
    pub(super) fn revoke(&mut self) {
        let Some(Link { room, invite, .. }) = self.link() else { return };
        let device = self.device_in_charge(room);
        let what = format!("revokes {invite} of {}", lock(&self.ledger).short(room));
        let revoke = RevokeInvite { key: device.client.key(room), room, invite };
        self.give(&device, what, Command::RevokeInvite(revoke), move |ledger, result| {
            if let Ok(Reply::Appended(appended)) = result {
                ledger.revoked.push((room, invite, appended.position));
            }
        });
    }

    /// One of the last links.
    fn link(&mut self) -> Option<Link> {
        let links = lock(&self.links);
        let last = &links[links.len().saturating_sub(5)..];
        (!last.is_empty()).then(|| *self.random.pick(last))
    }
}
