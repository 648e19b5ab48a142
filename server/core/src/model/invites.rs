//! The links by which people come into a group, as the group keeps them.

use caffis_schema::{
    Entry, EntryKind, Error, ErrorCode, InviteDigest, InviteSecret, Position, Timestamp, UserId,
    invites::{Invite, InviteMade},
    limits::INVITES,
    room::Role,
};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

/// The least role that invites by link. Links of somebody who loses it are revoked.
pub const INVITES_FROM: Role = Role::Admin;

/// What is kept of a link's secret.
#[must_use]
pub fn digest_of(secret: &InviteSecret) -> InviteDigest {
    let mut half = [0; 16];
    half.copy_from_slice(&digest(&SHA256, &secret.0).as_ref()[..16]);
    InviteDigest(half)
}

/// The answer about a link that is not there, whatever of it is not.
#[must_use]
pub fn no_such_invite() -> Error {
    Error::refused(ErrorCode::NotFound, "There is no such invite link.")
}

/// A link, as its room keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// A digest of its secret.
    pub digest: InviteDigest,
    /// What those who invite see of it.
    pub invite: Invite,
}

impl Link {
    /// Whether somebody may still come by it.
    ///
    /// # Errors
    /// `invite_revoked`, `invite_expired`, `invite_used_up`.
    pub fn check(&self, now: Timestamp) -> Result<(), Error> {
        let Invite { revoked, expires, max_uses, uses, .. } = self.invite;
        if revoked {
            let sentence = "This invite link was revoked.";
            return Err(Error::refused(ErrorCode::InviteRevoked, sentence));
        }
        if expires.is_some_and(|expires| expires <= now) {
            return Err(Error::refused(ErrorCode::InviteExpired, "This invite link has ended."));
        }
        if max_uses > 0 && uses >= max_uses {
            let sentence = "This invite link has reached its limit of uses.";
            return Err(Error::refused(ErrorCode::InviteUsedUp, sentence));
        }
        Ok(())
    }
}

/// The links of a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// The position of the last entry that changed them.
    pub position: Position,
    /// The links, oldest first; at most [`INVITES`].
    pub links: Vec<Link>,
}

impl Links {
    /// The link of a secret.
    #[must_use]
    pub fn find(&self, digest: InviteDigest) -> Option<&Link> {
        self.links.iter().find(|link| link.digest == digest)
    }

    /// Whether one more fits: it may take the place of one by which nobody comes any more.
    #[must_use]
    pub fn has_place(&self, now: Timestamp) -> bool {
        self.links.len() < INVITES || self.links.iter().any(|link| link.check(now).is_err())
    }

    /// Whether an entry changes them.
    #[must_use]
    pub fn changes_with(&self, kind: &EntryKind) -> bool {
        match kind {
            EntryKind::InviteMade(_) | EntryKind::InviteRevoked(_) => true,
            EntryKind::Joined(joined) => joined.invite.is_some(),
            EntryKind::Left(left) => self.has_good_of(&left.user),
            EntryKind::Role(change) => change.role < INVITES_FROM && self.has_good_of(&change.user),
            _ => false,
        }
    }

    /// Takes the room's next entry, if it changes the links. The store may have later links than a log that is
    /// read again.
    pub fn take(&mut self, entry: &Entry) {
        if entry.position <= self.position {
            return;
        }
        self.position = entry.position;
        match &entry.kind {
            EntryKind::InviteMade(made) => self.add(entry, made),
            EntryKind::InviteRevoked(gone) => {
                self.revoke(|invite| invite.invite == gone.invite);
            }
            EntryKind::Joined(joined) => {
                let by = |link: &&mut Link| Some(link.invite.invite) == joined.invite;
                for link in self.links.iter_mut().filter(by) {
                    link.invite.uses += 1;
                }
            }
            EntryKind::Left(left) => self.revoke(|invite| invite.by == left.user),
            EntryKind::Role(change) => self.revoke(|invite| invite.by == change.user),
            _ => {}
        }
    }

    fn add(&mut self, entry: &Entry, made: &InviteMade) {
        if self.links.len() >= INVITES {
            let over = self.links.iter().position(|link| link.check(entry.time).is_err());
            self.links.remove(over.unwrap_or_default());
        }
        let InviteMade { by, digest, expires, max_uses, name } = made.clone();
        self.links.push(Link {
            digest,
            invite: Invite {
                invite: entry.position,
                by,
                made: entry.time,
                expires,
                max_uses,
                uses: 0,
                name,
                revoked: false,
            },
        });
    }

    fn revoke(&mut self, which: impl Fn(&Invite) -> bool) {
        for link in self.links.iter_mut().filter(|link| which(&link.invite)) {
            link.invite.revoked = true;
        }
    }

    fn has_good_of(&self, user: &UserId) -> bool {
        self.links.iter().any(|link| link.invite.by == *user && !link.invite.revoked)
    }
}

#[cfg(test)]
mod tests {
    use caffis_schema::{
        List,
        event::{Joined, Left, RoleChange},
    };

    use super::*;

    fn user(name: &str) -> UserId {
        UserId::new(name).expect("an id")
    }

    fn made(byte: u8, max_uses: u32) -> EntryKind {
        EntryKind::InviteMade(InviteMade {
            by: user("giulia"),
            digest: InviteDigest([byte; 16]),
            expires: Some(Timestamp(1_000)),
            max_uses,
            name: None,
        })
    }

    fn take(links: &mut Links, position: u64, kind: EntryKind) {
        let entry = Entry { position: Position(position), time: Timestamp(position), kind };
        if links.changes_with(&entry.kind) {
            links.take(&entry);
        }
    }

    fn code(links: &Links, byte: u8, now: u64) -> Option<ErrorCode> {
        let link = links.find(InviteDigest([byte; 16])).expect("a link");
        link.check(Timestamp(now)).err().map(|error| error.code)
    }

    fn joined(invite: u64) -> EntryKind {
        EntryKind::Joined(Joined {
            users: List::cut(vec![user("marco")]),
            by: Some(user("giulia")),
            visible_after: Position::ZERO,
            invite: Some(Position(invite)),
        })
    }

    #[test]
    fn a_link_is_good_until_it_is_used_up_ends_or_is_revoked() {
        let mut links = Links::default();
        take(&mut links, 2, made(1, 1));
        take(&mut links, 3, made(2, 0));
        assert_eq!([code(&links, 1, 999), code(&links, 2, 999)], [None; 2]);
        assert_eq!(code(&links, 2, 1_000), Some(ErrorCode::InviteExpired));
        take(&mut links, 4, joined(2));
        assert_eq!(code(&links, 1, 5), Some(ErrorCode::InviteUsedUp));
        // A log that is read again.
        take(&mut links, 4, joined(2));
        assert_eq!(links.links[0].invite.uses, 1);
        let left = Left { user: user("giulia"), by: None };
        take(&mut links, 5, EntryKind::Left(left));
        assert_eq!(code(&links, 2, 5), Some(ErrorCode::InviteRevoked));
    }

    #[test]
    fn links_end_with_the_role_that_makes_them() {
        for (role, ends) in [(Role::Admin, false), (Role::Moderator, true)] {
            let mut links = Links::default();
            take(&mut links, 2, made(1, 0));
            let change = RoleChange { user: user("giulia"), role, by: None };
            take(&mut links, 3, EntryKind::Role(change));
            assert_eq!(code(&links, 1, 3).is_some(), ends, "{role:?}");
        }
    }

    #[test]
    fn a_new_link_takes_the_place_of_the_oldest_that_is_over() {
        let mut links = Links::default();
        for position in 1..=INVITES as u64 {
            take(&mut links, position, made(u8::try_from(position).expect("few"), 0));
        }
        assert!(!links.has_place(Timestamp(60)));
        let revoked = caffis_schema::invites::InviteRevoked { invite: Position(7), by: user("bo") };
        take(&mut links, 60, EntryKind::InviteRevoked(revoked));
        assert!(links.has_place(Timestamp(60)));
        take(&mut links, 61, made(200, 0));
        assert_eq!(links.links.len(), INVITES);
        assert!(links.find(InviteDigest([7; 16])).is_none());
        assert!(links.find(InviteDigest([1; 16])).is_some());
    }
}
