//! The final checks of roles and room settings: each entry was allowed to who made it, by the roles and settings that
//! the entries before it gave.

use std::collections::BTreeMap;

use caffis_schema::{
    Entry, EntryKind, Position, Timestamp, UserId,
    event::{Left, RoleChange},
    info::RoomInfo,
    room::{Message, Role},
    settings::RoomSettings,
};

use crate::trace::Trace;

/// Who may do what at one place of a log.
#[derive(Default)]
pub(crate) struct Rights {
    roles: BTreeMap<UserId, Role>,
    settings: RoomSettings,
    /// What the room is called and what it is for, once that has changed.
    info: Option<RoomInfo>,
    /// Who wrote each message.
    authors: BTreeMap<Position, UserId>,
    /// When people wrote last, while slow mode is on.
    wrote: BTreeMap<UserId, Timestamp>,
    /// The time of the last entry.
    time: Timestamp,
}

impl Rights {
    /// Takes the next entry.
    pub(crate) fn take(&mut self, entry: &Entry) {
        self.time = entry.time;
        match &entry.kind {
            EntryKind::Created(created) => {
                for user in &created.members {
                    let made = created.by.as_ref() == Some(user);
                    let role = if made { Role::Owner } else { Role::Member };
                    self.roles.insert(user.clone(), role);
                }
            }
            EntryKind::Joined(joined) => {
                self.roles.extend(joined.users.iter().map(|user| (user.clone(), Role::Member)));
            }
            EntryKind::Left(left) => drop(self.roles.remove(&left.user)),
            EntryKind::Role(change) => drop(self.roles.insert(change.user.clone(), change.role)),
            EntryKind::Settings(change) => {
                self.settings = change.settings;
                if self.settings.slow_mode_seconds == 0 {
                    self.wrote.clear();
                }
            }
            EntryKind::Info(change) => self.info = Some(change.info.clone()),
            EntryKind::Message(message) => {
                let Some(sender) = &message.sender else { return };
                self.authors.insert(entry.position, sender.clone());
                if self.settings.slow_mode_seconds > 0 && message.imported().is_none() {
                    self.wrote.insert(sender.clone(), entry.time);
                }
            }
            _ => {}
        }
    }

    /// The members who have at least a role.
    pub(crate) fn at_least(&self, least: Role) -> impl Iterator<Item = &UserId> {
        self.roles.iter().filter(move |(_, role)| **role >= least).map(|(user, _)| user)
    }

    /// Somebody has to have at least a role.
    fn needs(&self, user: Option<&UserId>, least: Role) -> Result<(), String> {
        let Some(user) = user else { return Err("it is of a service".to_owned()) };
        match self.roles.get(user) {
            Some(role) if *role >= least => Ok(()),
            role => Err(format!("{user} is {role:?} and not {least:?}")),
        }
    }

    /// What of an entry was not allowed, in words.
    fn check(&self, entry: &Entry) -> Result<(), String> {
        let frozen = if self.settings.frozen { Role::Moderator } else { Role::Guest };
        match &entry.kind {
            EntryKind::Message(message) => self.check_message(entry.time, message),
            EntryKind::Edited(edited) => {
                self.needs(self.authors.get(&edited.message), frozen.max(Role::Member))
            }
            EntryKind::Deleted(deleted) => {
                let own = self.authors.get(&deleted.message) == deleted.by.as_ref();
                self.needs(deleted.by.as_ref(), if own { Role::Guest } else { Role::Moderator })
            }
            EntryKind::Reacted(reacted) => self.needs(Some(&reacted.user), frozen),
            EntryKind::InviteMade(made) => self.needs(Some(&made.by), Role::Admin),
            EntryKind::InviteRevoked(gone) => self.needs(Some(&gone.by), Role::Admin),
            EntryKind::Pinned(pinned) => self.needs(pinned.by.as_ref(), Role::Moderator),
            EntryKind::Joined(joined) => self.needs(joined.by.as_ref(), Role::Admin),
            EntryKind::Left(left) => self.check_left(left),
            EntryKind::Role(change) => self.check_role(change),
            EntryKind::Settings(change) if change.before != self.settings => {
                Err(format!("the settings were {:?} before", self.settings))
            }
            EntryKind::Settings(change) => self.needs(change.by.as_ref(), Role::Admin),
            EntryKind::Info(change)
                if self.info.as_ref().is_some_and(|it| *it != change.before) =>
            {
                Err(format!("it was described as {:?} before", self.info))
            }
            EntryKind::Info(change) => self.needs(change.by.as_ref(), Role::Admin),
            _ => Ok(()),
        }
    }

    fn check_message(&self, time: Timestamp, message: &Message) -> Result<(), String> {
        if message.imported().is_some() {
            // They wrote it elsewhere.
            return Ok(());
        }
        let RoomSettings { frozen, announcements, slow_mode_seconds } = self.settings;
        let least = if frozen || announcements { Role::Moderator } else { Role::Member };
        let sender = message.sender.as_ref();
        self.needs(sender, least)?;
        if self.needs(sender, Role::Moderator).is_ok() {
            return Ok(());
        }
        let wait = u64::from(slow_mode_seconds) * 1_000;
        match sender.and_then(|sender| self.wrote.get(sender)) {
            // While the owner's clock is behind the room's time, that stands still.
            Some(before) if time < *before + wait && time > self.time => {
                Err(format!("they wrote at {before}, and slow mode has {slow_mode_seconds} s"))
            }
            _ => Ok(()),
        }
    }

    fn check_left(&self, Left { user, by }: &Left) -> Result<(), String> {
        if by.as_ref() == Some(user) {
            return self.needs(Some(user), Role::Guest);
        }
        let least = match self.roles.get(user) {
            Some(Role::Owner) => Role::Owner,
            Some(Role::Admin | Role::Moderator) => Role::Admin,
            _ => Role::Moderator,
        };
        self.needs(by.as_ref(), least)
    }

    fn check_role(&self, RoleChange { user, role, by }: &RoleChange) -> Result<(), String> {
        let before = self.roles.get(user).copied();
        if before.is_none() {
            return Err(format!("{user} is not a member"));
        }
        let owners = before == Some(Role::Owner) || *role == Role::Owner;
        self.needs(by.as_ref(), if owners { Role::Owner } else { Role::Admin })
    }
}

/// Each entry of a group was allowed to who made it.
pub(super) fn check(trace: &Trace, short: &str, entries: &[Entry]) {
    let mut rights = Rights::default();
    for entry in entries {
        if let Err(why) = rights.check(entry) {
            let kind = entry.kind.name();
            trace.broken(format_args!("{short}: {} is {kind}: {why}", entry.position));
        }
        rights.take(entry);
    }
}
