//! What one node tells the others, as bytes on the bus.
//!
//! While a cluster is upgraded its nodes run different programs. So every message begins with the
//! [`VERSION`] of what the sender's program says, and the programs keep to three rules: kinds of messages are
//! added at the end and never changed; fields may be added at the end of a message, and whoever does not
//! know them leaves them out; what a node does not know it drops, or answers that it does not understand. A
//! kind that is not needed any more goes two versions later.

use std::collections::BTreeSet;

use bytes::Bytes;
use caffis_schema::{
    Entry, RoomId, Text, Timestamp, UserId,
    drafts::{Draft, ThreadDraft},
    event::{Flagged, Head, OwnRead, TypingBy},
    limits::STATUS_BYTES,
    placement::RoomPlaced,
    places::LocationUpdateBy,
    room::{Marker, Profile, RoomSummary},
    scheduled::ScheduledChange,
    threads::OwnThread,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::elsewhere::There;
use crate::ports::bus::NodeId;

/// What one node tells others without being asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum News {
    /// Entries of a room that are durable, in order and without a gap.
    Entries(RoomId, Vec<Entry>),
    /// Members of a small room have come further.
    Markers(RoomId, Vec<Marker>),
    /// Somebody types.
    Typing(TypingBy),
    /// A person walked into a public room, or out of it, on the node that tells it.
    Walked(NodeId, RoomId, UserId, bool),
    /// Who has a public room open? Each node answers with [`News::Present`].
    Look(RoomId),
    /// Everyone who has a public room open on the node that tells it.
    Present(NodeId, RoomId, Vec<UserId>),
    /// A person is in a room now.
    RoomAdded(UserId, Box<RoomSummary>),
    /// How far a person has read, for their own sessions.
    OwnRead(UserId, OwnRead),
    /// The head of a large room, and the members who may not see its last message.
    Head(Head, BTreeSet<UserId>),
    /// What changed of a person who is connected to the node that tells it.
    Edge(Box<Edge>),
    /// A node is there, and has told so many edges and so many recaps.
    Beat(NodeId, u64, u64),
    /// A recap of a node, with its number: who was told of which rooms.
    Recap(NodeId, u64, Vec<(RoomId, UserId)>),
    /// A person's profile or settings changed.
    Person(Box<Changed>),
    /// A person's sessions end whose tokens were made before a time.
    Revoked(UserId, Timestamp),
    /// A shard was given up or claimed: look at the store.
    Shards,
    /// Two people are kept apart or no longer, with the number of changes between them.
    Apart(UserId, UserId, u64, bool),
    /// A person has marked a message for themselves.
    Flagged(UserId, Flagged),
    /// A person has put a room elsewhere in their list.
    Placed(UserId, RoomPlaced),
    /// A person has written something that is not sent, or sent it.
    Draft(UserId, Draft),
    /// A message that a person scheduled is new, has changed, or is no longer scheduled.
    Scheduled(UserId, ScheduledChange),
    /// A person follows a thread, or no longer, or has read it further.
    Thread(UserId, OwnThread),
    /// Where somebody is who shares their live location.
    Location(LocationUpdateBy),
    /// A person has written something in a thread that is not sent, or sent it.
    ThreadDraft(UserId, ThreadDraft),
}

/// A person whose profile or settings changed: what did, so that news of one thing does not take back
/// another that changed on another node.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Changed {
    /// Who.
    pub user: UserId,
    /// The profile.
    pub profile: Option<Profile>,
    /// Their own words.
    pub status: Option<Option<Text<STATUS_BYTES>>>,
    /// Whether they keep to themselves what they have read.
    pub private_receipts: Option<bool>,
    /// The rooms that they are in; for direct conversations with whom.
    pub rooms: Vec<(RoomId, Option<UserId>)>,
}

/// A change of a person's sessions on one node.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Edge {
    /// The node.
    pub node: NodeId,
    /// The number of the edge among those of the node.
    pub number: u64,
    /// Who.
    pub user: UserId,
    /// As the node knows them now.
    pub there: There,
    /// The rooms that they are in; for direct conversations with whom.
    pub rooms: Vec<(RoomId, Option<UserId>)>,
}

/// The version of what nodes say to each other: one more with every kind of message that is added. The first
/// byte of each message.
pub const VERSION: u8 = 11;

/// Why a message of another node cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// The other node runs another version, which says things that this one does not know.
    Foreign,
    /// It is no message at all.
    Broken,
}

/// As bytes.
#[must_use]
pub fn encode<T: Serialize>(value: &T) -> Option<Bytes> {
    match postcard::to_extend(value, vec![VERSION]) {
        Ok(bytes) => Some(bytes.into()),
        Err(error) => {
            tracing::error!(%error, "a message to other nodes could not be encoded");
            None
        }
    }
}

/// From bytes, with the version of the node that says it. What follows after the message is of a later
/// version.
///
/// # Errors
/// It cannot be read.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<(u8, T), Unread> {
    let (version, message) = bytes.split_first().ok_or(Unread::Broken)?;
    match postcard::from_bytes(message) {
        Ok(value) => Ok((*version, value)),
        Err(error) if *version != VERSION => {
            tracing::debug!(%error, version, "a message of another version is not known here");
            Err(Unread::Foreign)
        }
        Err(error) => {
            tracing::warn!(%error, "a message of another node could not be read");
            Err(Unread::Broken)
        }
    }
}
