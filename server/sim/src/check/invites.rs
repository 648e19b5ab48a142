//! The final checks of links by which people come into groups: only by those that are good, before they end, no more
//! people than may, and nobody who was removed.

use std::collections::{BTreeMap, BTreeSet};

use caffis_schema::{
    Entry, EntryKind, Position, RoomId, Timestamp, UserId, event::Joined, invites::InviteMade,
    room::Role,
};

use crate::{ledger::Ledger, trace::Trace};

/// Checks the links of a group.
pub(super) fn check(trace: &Trace, ledger: &Ledger, room: RoomId, entries: &[Entry]) {
    let (short, mut links) = (ledger.short(room), Links::default());
    let revoked: Vec<_> = ledger.revoked.iter().filter(|(of, ..)| *of == room).collect();
    for entry in entries {
        let position = entry.position;
        if let Err(why) = links.take(entry) {
            trace.broken(format_args!("{short}: {position} is {}: {why}", entry.kind.name()));
        }
        for (_, invite, _) in revoked.iter().filter(|(.., at)| *at == position) {
            if !links.is_revoked(*invite) {
                trace.broken(format_args!("{short}: {invite} is not revoked at {position}"));
            }
        }
    }
}

/// A link at one place of a log.
struct Link<'a> {
    made: &'a InviteMade,
    uses: u32,
    revoked: bool,
}

/// The links of a room at one place of its log.
#[derive(Default)]
struct Links<'a> {
    links: BTreeMap<Position, Link<'a>>,
    /// Who was removed by somebody else, and not added since.
    removed: BTreeSet<&'a UserId>,
    /// The time of the last entry.
    time: Timestamp,
}

impl<'a> Links<'a> {
    /// Takes the next entry, and gives what is wrong with it.
    fn take(&mut self, entry: &'a Entry) -> Result<(), String> {
        let before = std::mem::replace(&mut self.time, entry.time);
        match &entry.kind {
            EntryKind::InviteMade(made) => {
                let link = Link { made, uses: 0, revoked: false };
                self.links.insert(entry.position, link);
            }
            EntryKind::InviteRevoked(gone) => match self.links.get_mut(&gone.invite) {
                Some(link) => link.revoked = true,
                None => return Err("there is no such link".to_owned()),
            },
            EntryKind::Joined(joined) => return self.join(joined, (before, entry.time)),
            EntryKind::Left(left) => {
                self.revoke(&left.user);
                if left.by.as_ref() != Some(&left.user) {
                    self.removed.insert(&left.user);
                }
            }
            EntryKind::Role(change) if change.role < Role::Admin => self.revoke(&change.user),
            _ => {}
        }
        Ok(())
    }

    /// The links of somebody end.
    fn revoke(&mut self, by: &UserId) {
        let links = self.links.values_mut();
        links.filter(|link| link.made.by == *by).for_each(|link| link.revoked = true);
    }

    fn join(
        &mut self,
        joined: &'a Joined,
        (before, time): (Timestamp, Timestamp),
    ) -> Result<(), String> {
        let Some(invite) = joined.invite else {
            joined.users.iter().for_each(|user| {
                self.removed.remove(user);
            });
            return Ok(());
        };
        let Some(link) = self.links.get_mut(&invite) else {
            return Err(format!("there is no link {invite}"));
        };
        link.uses += 1;
        let max_uses = link.made.max_uses;
        if max_uses > 0 && link.uses > max_uses {
            return Err(format!("{} came by {invite}, which is for {max_uses}", link.uses));
        }
        // While the owner's clock is behind the room's time, that stands still.
        if time > before && link.made.expires.is_some_and(|expires| expires <= time) {
            return Err(format!("{invite} ended at {:?}, before {time}", link.made.expires));
        }
        if link.revoked {
            return Err(format!("{invite} was revoked"));
        }
        match joined.users.iter().find(|user| self.removed.contains(user)) {
            Some(user) => Err(format!("{user} was removed before")),
            None => Ok(()),
        }
    }

    /// Whether a link is revoked.
    fn is_revoked(&self, invite: Position) -> bool {
        self.links.get(&invite).is_none_or(|link| link.revoked)
    }
}
