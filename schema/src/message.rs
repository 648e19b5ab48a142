//! A message: what it says, what belongs to it, and how others name it. What later entries do to it is in
//! [`changes`](crate::changes).

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use crate::{
    bounded::{List, Text},
    event::Body,
    ids::{RoomId, UserId},
    limits::{EMOJI_BYTES, EXTRAS, MENTIONS, REACTIONS},
    numbers::{MessageNumber, Position, Timestamp},
    open::{Empty, open_enum},
    places::LiveLocation,
    polls::Tally,
    room::{MessageKey, Preview},
    threads::{InThread, Replies},
};

/// A message to be sent or kept: its body and who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Message {
    /// Its number: messages of a room count 1, 2, 3, ….
    pub number: MessageNumber,
    /// Who wrote it, or none for the service.
    pub sender: Option<UserId>,
    /// The sender's key, so that their devices recognise their own message.
    pub key: Option<MessageKey>,
    /// What it says.
    pub body: Body,
    /// The position of the last entry that changed it; 0 for none.
    pub changed: Position,
    /// Its last edit, if its words were changed.
    pub edited: Option<LastEdit>,
    /// The reactions to it, oldest first.
    pub reactions: List<Reaction, REACTIONS>,
    /// What belongs to it besides its words; at most one of each kind.
    pub extras: List<Extra, EXTRAS>,
}

open_enum! {
    /// Something that belongs to a message besides its words. Clients ignore kinds that they do not know.
    pub enum Extra {
        /// The message that this one answers.
        0 "reply" Reply(ReplyTo),
        /// Whom this message mentions.
        1 "mentions" Mentions(Mentions),
        /// Where this message comes from, which was forwarded. Only the server writes it.
        2 "forwarded" Forwarded(Forwarded),
        /// The thread in which this message is a reply.
        3 "thread" Thread(InThread),
        /// The replies in this message's thread. Only the server writes it.
        4 "replies" Replies(Replies),
        /// What people have chosen in this poll; not there before the first vote. Only the server writes it.
        5 "tally" Tally(Tally),
        /// This message was sent before it came to this server. Only the server writes it.
        6 "imported" Imported(Imported),
        /// This location moves with its sender until a time, or until they end it by an edit.
        7 "live_location" LiveLocation(LiveLocation),
    }
}

/// See [`Extra::Reply`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct ReplyTo {
    /// The position of that message, in the same room.
    pub message: Position,
}

/// See [`Extra::Mentions`]. The words say it too, as `@` and a name; this is what counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Mentions {
    /// Members of the room.
    pub users: List<UserId, MENTIONS>,
    /// Whether it mentions everybody who is in the room.
    pub room: bool,
}

/// See [`Extra::Forwarded`]. Of a message that was forwarded before it is the first one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Forwarded {
    /// Who wrote it, or none for a service.
    pub by: Option<UserId>,
    /// When.
    pub time: Timestamp,
    /// Where; none unless that room is public.
    pub place: Option<MessagePlace>,
}

/// See [`Extra::Imported`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Imported {
    /// When its author sent it. The entry's time says when it was imported.
    pub time: Timestamp,
}

/// Where a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct MessagePlace {
    /// The room.
    pub room: RoomId,
    /// The message's position.
    pub position: Position,
}

/// A message that is pinned in its room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct PinnedMessage {
    /// The position of the message.
    pub message: Position,
    /// The position of the entry by which it was pinned.
    pub position: Position,
    /// Who pinned it, or none for a service.
    pub by: Option<UserId>,
    /// When.
    pub time: Timestamp,
}

/// A message in short, wherever it is in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct MessagePreview {
    /// Its position.
    pub position: Position,
    /// The position of the last entry that changed it; 0 for none.
    pub changed: Position,
    /// What it says now, in short.
    pub preview: Preview,
}

/// A message that is marked for a person, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct MarkedMessage {
    /// The room.
    pub room: RoomId,
    /// When it was marked: a mention when the message was sent.
    pub time: Timestamp,
    /// The message, as it is now.
    pub message: MessagePreview,
}

/// Where a message is that is marked for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct MessageMark {
    /// The room.
    pub room: RoomId,
    /// The message's position.
    pub position: Position,
    /// Its number: it is unread if the person has not read that far.
    pub number: MessageNumber,
}

/// A reaction of somebody to a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Reaction {
    /// Who.
    pub user: UserId,
    /// With what.
    pub emoji: Text<EMOJI_BYTES>,
}

/// The last edit of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct LastEdit {
    /// How often the message was edited, with this one.
    pub revision: u32,
    /// The position of the edit.
    pub position: Position,
    /// When.
    pub time: Timestamp,
}

impl Extra {
    /// The position of the message that one with these extras answers.
    #[must_use]
    pub fn reply(extras: &[Self]) -> Option<Position> {
        extras.iter().find_map(|extra| match extra {
            Self::Reply(reply) => Some(reply.message),
            _ => None,
        })
    }

    /// The thread in which a message with these extras is a reply.
    #[must_use]
    pub fn thread(extras: &[Self]) -> Option<&InThread> {
        extras.iter().find_map(|extra| match extra {
            Self::Thread(thread) => Some(thread),
            _ => None,
        })
    }

    /// The live location that a message with these extras begins.
    #[must_use]
    pub fn live_location(extras: &[Self]) -> Option<&LiveLocation> {
        extras.iter().find_map(|extra| match extra {
            Self::LiveLocation(live) => Some(live),
            _ => None,
        })
    }

    /// Whether it says where its message stands among others, so that it outlives the words.
    fn is_place(&self) -> bool {
        matches!(self, Self::Thread(_) | Self::Replies(_))
    }

    /// Whom a message with these extras mentions.
    #[must_use]
    pub fn mentions(extras: &[Self]) -> Option<&Mentions> {
        extras.iter().find_map(|extra| match extra {
            Self::Mentions(mentions) => Some(mentions),
            _ => None,
        })
    }
}

impl Mentions {
    /// Whether it mentions nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.users.is_empty() && !self.room
    }

    /// Whether it mentions this member of the room.
    #[must_use]
    pub fn has(&self, user: &UserId) -> bool {
        self.room || self.users.contains(user)
    }
}

impl Message {
    /// A message as it is sent.
    #[must_use]
    pub fn new(
        number: MessageNumber,
        sender: Option<UserId>,
        key: Option<MessageKey>,
        body: Body,
    ) -> Self {
        Self {
            number,
            sender,
            key,
            body,
            changed: Position::ZERO,
            edited: None,
            reactions: List::default(),
            extras: List::default(),
        }
    }

    /// The position of the message that it answers.
    #[must_use]
    pub fn reply(&self) -> Option<Position> {
        Extra::reply(&self.extras)
    }

    /// Whom it mentions.
    #[must_use]
    pub fn mentions(&self) -> Option<&Mentions> {
        Extra::mentions(&self.extras)
    }

    /// Where it comes from, if it was forwarded.
    #[must_use]
    pub fn forwarded(&self) -> Option<&Forwarded> {
        self.extras.iter().find_map(|extra| match extra {
            Extra::Forwarded(forwarded) => Some(forwarded),
            _ => None,
        })
    }

    /// When its author sent it, if it was sent before it came to this server.
    #[must_use]
    pub fn imported(&self) -> Option<Timestamp> {
        self.extras.iter().find_map(|extra| match extra {
            Extra::Imported(imported) => Some(imported.time),
            _ => None,
        })
    }

    /// Until when its location moves with its sender; none once they have ended it by an edit.
    #[must_use]
    pub fn live_until(&self) -> Option<Timestamp> {
        let live = Extra::live_location(&self.extras)?;
        self.edited.is_none().then_some(live.until)
    }

    /// The thread in which it is a reply.
    #[must_use]
    pub fn thread(&self) -> Option<&InThread> {
        Extra::thread(&self.extras)
    }

    /// The replies in its own thread; none before the first.
    #[must_use]
    pub fn replies(&self) -> Option<&Replies> {
        self.extras.iter().find_map(|extra| match extra {
            Extra::Replies(replies) => Some(replies),
            _ => None,
        })
    }

    /// What people have chosen in it, if it is a poll and somebody has voted.
    #[must_use]
    pub fn tally(&self) -> Option<&Tally> {
        self.extras.iter().find_map(|extra| match extra {
            Extra::Tally(tally) => Some(tally),
            _ => None,
        })
    }

    /// Puts an extra in the place of the one of its kind.
    pub(crate) fn set_extra(&mut self, extra: Extra) {
        let mut extras = std::mem::take(&mut self.extras).into_vec();
        match extras.iter_mut().find(|other| other.tag() == extra.tag()) {
            Some(other) => *other = extra,
            None => extras.push(extra),
        }
        self.extras = List::cut(extras);
    }

    /// Says what people have chosen in it.
    pub fn set_tally(&mut self, tally: Tally) {
        self.set_extra(Extra::Tally(tally));
    }

    /// Takes away what belongs to its words. Where it stands among others stays.
    pub(crate) fn drop_extras(&mut self) {
        let mut extras = std::mem::take(&mut self.extras).into_vec();
        extras.retain(Extra::is_place);
        self.extras = List::cut(extras);
    }

    /// Says whom it mentions.
    pub(crate) fn set_mentions(&mut self, mentions: &Mentions) {
        if self.mentions().unwrap_or(&Mentions::default()) == mentions {
            return;
        }
        let mut extras = std::mem::take(&mut self.extras).into_vec();
        extras.retain(|extra| !matches!(extra, Extra::Mentions(_)));
        if !mentions.is_empty() {
            extras.push(Extra::Mentions(mentions.clone()));
        }
        self.extras = List::cut(extras);
    }

    /// Whether it was deleted for everyone.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        matches!(self.body, Body::Deleted(_))
    }

    /// Whether the person who reads has deleted it for themselves.
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        matches!(self.body, Body::Hidden(_))
    }

    /// Takes away what a person does not see any more who has deleted it for themselves.
    pub fn hide(&mut self) {
        (self.edited, self.reactions) = (None, List::default());
        self.drop_extras();
        self.body = Body::Hidden(Empty {});
    }

    /// How often its words were changed.
    #[must_use]
    pub fn revision(&self) -> u32 {
        self.edited.map_or(0, |edit| edit.revision)
    }

    /// Whether somebody has reacted with an emoji.
    #[must_use]
    pub fn has_reaction(&self, user: &UserId, emoji: &str) -> bool {
        self.reactions.iter().any(|found| found.user == *user && *found.emoji == *emoji)
    }
}
