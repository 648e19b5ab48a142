//! A room's state, and how entries change it.
//!
//! [`RoomState`] is what its owner holds and what every rule looks at. It changes in one way only:
//! [`RoomState::apply`] takes the next entry of the log. Cloning it is cheap, so that an owner can
//! work ahead on a copy and throw it away when the store refuses.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use caffis_schema::{
    Entry, EntryKind, MessageNumber, Position, RoomId, Text, Timestamp, UserId,
    event::Created,
    limits::{DESCRIPTION_BYTES, NAME_BYTES, PREVIEW_BYTES},
    room::{
        Card, Context, ContextStatus, HistoryPolicy, Message, PinnedMessage, Preview, Role,
        RoomClass,
    },
};
use serde::{Deserialize, Serialize};

use super::{body, invites::Links, writing::Writing};

/// The context type of direct conversations.
pub const DIRECT: &str = "direct";

/// The context type of groups.
pub const GROUP: &str = "group";

/// What a room is. Its name, its description and what new members see can change, the rest is fixed at creation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomMeta {
    /// Which.
    pub id: RoomId,
    /// Its class.
    pub class: RoomClass,
    /// What it is about.
    pub context: Context,
    /// Its name.
    pub name: Option<Text<NAME_BYTES>>,
    /// Who made it; none for a service.
    pub creator: Option<UserId>,
    /// When.
    pub created: Timestamp,
    /// What new members see.
    pub history: HistoryPolicy,
    /// What it is for.
    pub description: Option<Text<DESCRIPTION_BYTES>>,
    /// The position of the last entry that changed any of that; 0 for none.
    pub changed: Position,
}

impl RoomMeta {
    /// Whether people made it among themselves, and not a service or the opening of a context.
    #[must_use]
    pub fn is_made_by_people(&self) -> bool {
        matches!(&*self.context.kind, DIRECT | GROUP)
    }

    /// Whether people made it as a group.
    #[must_use]
    pub fn is_group(&self) -> bool {
        &*self.context.kind == GROUP && self.class == RoomClass::Social
    }

    /// Whether it is a conversation of two.
    #[must_use]
    pub fn is_direct(&self) -> bool {
        &*self.context.kind == DIRECT
    }
}

/// A member, as the room keeps them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// What they may do.
    pub role: Role,
    /// Since when.
    pub joined: Timestamp,
    /// The position of the entry by which they joined.
    pub joined_position: Position,
    /// They see the entries after this position.
    pub visible_after: Position,
    /// Their unread count starts after this message.
    pub unread_after: MessageNumber,
}

/// The members, shared between copies of the state until they change.
pub type Members = Arc<BTreeMap<UserId, Membership>>;

/// A stretch of the log that lies in one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// The epoch of the owner that opened it, and its number within that: together its name.
    pub name: BucketName,
    /// The position of its first entry.
    pub first: Position,
    /// When it was opened.
    pub opened: Timestamp,
    /// The bucket before it; none for the first one.
    pub before: Option<BucketName>,
}

/// What a bucket is called: a name is used once (rule 8 of who owns a room). Later owners have larger
/// names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BucketName {
    /// The epoch of the owner that opened it.
    pub epoch: u64,
    /// Its number within the epoch, from 1.
    pub number: u64,
}

impl BucketName {
    /// The number, if the name is of an epoch; else 0.
    #[must_use]
    pub fn in_epoch(self, epoch: u64) -> u64 {
        if self.epoch == epoch { self.number } else { 0 }
    }
}

/// What is pinned in a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pins {
    /// The position of the last entry that changed it.
    pub position: Position,
    /// The pins, oldest first.
    pub pins: Vec<PinnedMessage>,
}

impl Pins {
    /// Whether a message is pinned.
    #[must_use]
    pub fn has(&self, message: Position) -> bool {
        self.pins.iter().any(|pin| pin.message == message)
    }
}

/// A room's state after the entry at `head`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomState {
    /// What the room is.
    pub meta: Arc<RoomMeta>,
    /// Who is in it.
    pub members: Members,
    /// Grows whenever `members` changes; never 0.
    pub members_version: u64,
    /// The position of the last entry.
    pub head: Position,
    /// The number of the last message.
    pub number: MessageNumber,
    /// The time of the last entry.
    pub time: Timestamp,
    /// The last message.
    pub preview: Option<Arc<Preview>>,
    /// What it is about, where a service has told.
    pub card: Option<Arc<Card>>,
    /// What is pinned in it. Nodes that do not own the room know only what was pinned since they follow it.
    pub pins: Arc<Pins>,
    /// By which links people join it. Other nodes know only of those since they follow it.
    pub invites: Arc<Links>,
    /// How people write in it.
    pub writing: Arc<Writing>,
    /// Where the last messages are, oldest first: at least as many as new members see, and the last one.
    pub last_messages: Arc<VecDeque<Position>>,
    /// How many of them a command wants to be known that is about to show them to those who join later.
    pub messages_wanted: usize,
    /// Where the log lies, oldest first.
    pub buckets: Arc<Vec<Bucket>>,
}

impl RoomState {
    /// A room before its first entry.
    #[must_use]
    pub fn new(meta: RoomMeta) -> Self {
        Self {
            time: meta.created,
            meta: Arc::new(meta),
            members: Members::default(),
            members_version: 1,
            head: Position::ZERO,
            number: MessageNumber::ZERO,
            preview: None,
            card: None,
            pins: Arc::default(),
            invites: Arc::default(),
            writing: Arc::default(),
            last_messages: Arc::default(),
            messages_wanted: 0,
            buckets: Arc::default(),
        }
    }

    /// How many of the last messages have to be known: the last one, and those that who joins later will see.
    #[must_use]
    pub fn messages_known(&self) -> usize {
        match self.meta.history {
            HistoryPolicy::Last(count) => count as usize,
            HistoryPolicy::All | HistoryPolicy::FromJoining => 1,
        }
    }

    /// Whether everyone who is in the room sees all of it.
    #[must_use]
    pub fn shows_all(&self) -> bool {
        self.meta.history == HistoryPolicy::All
    }

    /// Whoever joins by the next entry sees the entries after this position.
    #[must_use]
    pub fn visible_to_new(&self) -> Position {
        match self.meta.history {
            HistoryPolicy::All => Position::ZERO,
            // They see the entry by which they come.
            HistoryPolicy::FromJoining => self.head,
            HistoryPolicy::Last(count) => {
                let over = self.last_messages.len().saturating_sub(count as usize);
                self.last_messages.get(over).map_or(self.head, |position| position.back(1))
            }
        }
    }

    /// The membership of a user.
    #[must_use]
    pub fn member(&self, user: &UserId) -> Option<&Membership> {
        self.members.get(user)
    }

    /// The other person of a direct conversation.
    #[must_use]
    pub fn peer_of(&self, user: &UserId) -> Option<&UserId> {
        if !self.meta.is_direct() {
            return None;
        }
        self.members.keys().find(|member| *member != user)
    }

    /// Whether the room has at most this many members, so that each of them is told by name.
    #[must_use]
    pub fn is_small(&self, most: u32) -> bool {
        self.members.len() <= most as usize
    }

    /// The last message in short, as far as a member may see it; people who walked in see all.
    #[must_use]
    pub fn preview_for(&self, member: Option<&Membership>) -> Option<&Preview> {
        let last = self.last_messages.back().copied().unwrap_or_default();
        self.preview.as_deref().filter(|preview| {
            member.is_none_or(|m| {
                let since_joining = preview.number > m.unread_after;
                m.visible_after == Position::ZERO || since_joining || last > m.visible_after
            })
        })
    }

    /// The bucket in which a position lies.
    #[must_use]
    pub fn bucket_of(&self, position: Position) -> Option<&Bucket> {
        self.buckets.iter().rev().find(|bucket| bucket.first <= position)
    }

    /// Takes the next entry of the log. Entries at or below the head change nothing, so that a log
    /// can be read over what is known already.
    pub fn apply(&mut self, entry: &Entry) {
        if entry.position <= self.head {
            return;
        }
        self.head = entry.position;
        self.time = entry.time;
        if self.invites.changes_with(&entry.kind) {
            Arc::make_mut(&mut self.invites).take(entry);
        }
        match &entry.kind {
            EntryKind::Created(created) => self.apply_created(entry, created),
            EntryKind::Message(message) => {
                self.number = message.number;
                self.preview = Some(Arc::new(preview(message, entry.time)));
                self.note_message(entry.position);
                let writes = self.writing.is_slow() && message.imported().is_none();
                if let Some(sender) = message.sender.as_ref().filter(|_| writes) {
                    Arc::make_mut(&mut self.writing).note(sender, entry.time);
                }
            }
            EntryKind::Joined(joined) => {
                for user in &joined.users {
                    self.join(user, Role::Member, joined.visible_after, entry);
                }
            }
            EntryKind::Left(left) => {
                self.change_members(|members| members.remove(&left.user).is_some());
            }
            EntryKind::Role(change) => {
                self.change_members(|members| match members.get_mut(&change.user) {
                    Some(member) => {
                        member.role = change.role;
                        true
                    }
                    None => false,
                });
            }
            EntryKind::Context(card) => {
                // The store may have a later one than a log that is read again.
                if self.card.as_ref().is_none_or(|known| is_later(card, known)) {
                    self.card = Some(Arc::new(card.clone()));
                }
            }
            EntryKind::Edited(edited) => {
                // The words of an edit that was replaced are gone: what replaced them comes later.
                if let Some(body) = &edited.body {
                    self.change_preview(edited.number, &body::short(body), false);
                }
            }
            EntryKind::Deleted(deleted) => {
                self.change_preview(deleted.number, "", true);
                if self.pins.has(deleted.message) {
                    self.change_pins(entry);
                }
            }
            EntryKind::Pinned(_) => self.change_pins(entry),
            EntryKind::Settings(change) => {
                // The store may have a later one than a log that is read again.
                if entry.position > self.writing.position {
                    Arc::make_mut(&mut self.writing).set(entry.position, change.settings);
                }
            }
            EntryKind::Info(change) => self.describe(entry.position, &change.info),
            EntryKind::InviteMade(_)
            | EntryKind::InviteRevoked(_)
            | EntryKind::Reacted(_)
            | EntryKind::Tallied(_)
            | EntryKind::Unknown(_) => {}
        }
    }

    fn change_pins(&mut self, entry: &Entry) {
        // The store may have later ones than a log that is read again.
        if entry.position > self.pins.position {
            let pins = Arc::make_mut(&mut self.pins);
            pins.position = entry.position;
            PinnedMessage::take(&mut pins.pins, entry);
        }
    }

    /// What the room is called now.
    #[must_use]
    pub fn name(&self) -> Option<&Text<NAME_BYTES>> {
        let title = self.card.as_ref().and_then(|card| card.details.title.as_ref());
        title.or(self.meta.name.as_ref())
    }

    /// Whether what the room is about is over, so that people do not write any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.card.as_ref().is_some_and(|card| matches!(card.status, ContextStatus::Closed(_)))
    }

    /// The role of a first member: who makes a group owns it.
    #[must_use]
    pub fn first_role(&self, user: &UserId) -> Role {
        if self.meta.creator.as_ref() == Some(user) && !self.meta.is_direct() {
            Role::Owner
        } else {
            Role::Member
        }
    }

    /// A message has other words now: the last one is shown with them.
    fn change_preview(&mut self, number: MessageNumber, words: &str, deleted: bool) {
        if let Some(preview) = self.preview.as_mut().filter(|preview| preview.number == number) {
            let preview = Arc::make_mut(preview);
            (preview.text, preview.deleted) = (Text::cut(words.trim()), deleted);
        }
    }

    fn note_message(&mut self, position: Position) {
        let most = self.messages_known().max(self.messages_wanted);
        let messages = Arc::make_mut(&mut self.last_messages);
        messages.push_back(position);
        messages.drain(..messages.len().saturating_sub(most));
    }

    fn apply_created(&mut self, entry: &Entry, created: &Created) {
        for user in &created.members {
            self.join(user, self.first_role(user), Position::ZERO, entry);
        }
    }

    fn join(&mut self, user: &UserId, role: Role, visible_after: Position, entry: &Entry) {
        let membership = Membership {
            role,
            joined: entry.time,
            joined_position: entry.position,
            visible_after,
            unread_after: self.number,
        };
        self.change_members(|members| match members.entry(user.clone()) {
            std::collections::btree_map::Entry::Vacant(vacant) => {
                vacant.insert(membership);
                true
            }
            std::collections::btree_map::Entry::Occupied(_) => false,
        });
    }

    fn change_members(&mut self, change: impl FnOnce(&mut BTreeMap<UserId, Membership>) -> bool) {
        if change(Arc::make_mut(&mut self.members)) {
            self.members_version += 1;
        }
    }
}

/// Whether a card comes after another one of the same room.
fn is_later(card: &Card, known: &Card) -> bool {
    let versions =
        |card: &Card| card.details_version + card.status_version + card.participants_version;
    versions(card) > versions(known)
}

/// A message in short.
#[must_use]
pub fn preview(message: &Message, time: Timestamp) -> Preview {
    let text: Text<PREVIEW_BYTES> = Text::cut(body::short(&message.body).trim());
    let deleted = message.is_deleted();
    let time = message.imported().unwrap_or(time);
    Preview { number: message.number, sender: message.sender.clone(), text, time, deleted }
}

/// The context of the direct conversation of two people, the same whoever asks.
#[must_use]
pub fn direct_context(one: &UserId, other: &UserId) -> Context {
    let (first, second) = if one <= other { (one, other) } else { (other, one) };
    // The length keeps `ab` and `c` apart from `a` and `bc`.
    let id = format!("{}:{first}{second}", first.as_str().len());
    Context { kind: Text::cut(DIRECT), id: Text::cut(&id) }
}

#[cfg(test)]
#[path = "room_tests.rs"]
mod tests;
