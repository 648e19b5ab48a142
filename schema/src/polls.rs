//! Polls: messages that ask a question, and what people choose.
//!
//! A poll's message never changes. How many people chose what is an extra of the message, which comes anew with each
//! [`Tallied`]. No entry says who voted: who may know asks for it ([`Command::Voters`](crate::Command::Voters)), and of
//! an anonymous poll nobody may.

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use crate::{
    bounded::{List, Text},
    ids::{RoomId, UserId},
    limits::{PAGE_VOTERS, POLL_OPTION_BYTES, POLL_OPTIONS, POLL_QUESTION_BYTES},
    numbers::{MessageNumber, Position, Timestamp},
    room::ClientKey,
};

/// See [`Body::Poll`](crate::Body::Poll).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct PollBody {
    /// The question.
    pub question: Text<POLL_QUESTION_BYTES>,
    /// What can be chosen: at least two, no two the same.
    pub options: List<Text<POLL_OPTION_BYTES>, POLL_OPTIONS>,
    /// Whether a person may choose more than one of them.
    #[serde(default)]
    pub multiple: bool,
    /// Whether nobody learns who chose what.
    #[serde(default)]
    pub anonymous: bool,
    /// When it closes by itself, on the server's clock.
    #[serde(default)]
    pub closes: Option<Timestamp>,
}

/// What people chose in a poll.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Tally {
    /// How many people chose each option, in the order of the options; empty before the first vote.
    pub counts: List<u32, POLL_OPTIONS>,
    /// How many people chose something.
    pub voters: u32,
    /// When somebody closed the poll; none while nobody has.
    pub closed: Option<Timestamp>,
}

/// See [`EntryKind::Tallied`](crate::EntryKind::Tallied). One entry can stand for the votes of many people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Tallied {
    /// The position of the poll.
    pub message: Position,
    /// Its number.
    pub number: MessageNumber,
    /// What people have chosen now; none for those who do not see the poll.
    pub tally: Option<Tally>,
}

/// See [`Command::Vote`](crate::Command::Vote).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Vote {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room.
    pub room: RoomId,
    /// The poll's position.
    pub position: Position,
    /// Everything that the person chooses, counted from 0; nothing takes the vote back.
    pub choices: List<u8, POLL_OPTIONS>,
}

/// See [`Command::ClosePoll`](crate::Command::ClosePoll).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct ClosePoll {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room.
    pub room: RoomId,
    /// The poll's position.
    pub position: Position,
}

/// See [`Command::Poll`](crate::Command::Poll).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct PollAt {
    /// The room.
    pub room: RoomId,
    /// The poll's position.
    pub position: Position,
}

/// See [`Command::Voters`](crate::Command::Voters).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Voters {
    /// The room.
    pub room: RoomId,
    /// The poll's position.
    pub position: Position,
    /// The last person of the page before this one, or none for the first.
    pub after: Option<UserId>,
    /// At most so many people.
    pub limit: u8,
}

/// The answer to poll.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct PollResults {
    /// What people have chosen.
    pub tally: Tally,
    /// What the person who asks has chosen, counted from 0.
    pub own: List<u8, POLL_OPTIONS>,
    /// Whether nobody can vote any more: somebody closed it, or its time is over.
    pub closed: bool,
}

/// The answer to voters: in the order of their ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct VoterPage {
    /// Who chose what.
    pub voters: List<Voter, PAGE_VOTERS>,
    /// Whether there are more.
    pub more: bool,
}

/// Somebody who voted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Voter {
    /// Who.
    pub user: UserId,
    /// What they chose, counted from 0.
    pub choices: List<u8, POLL_OPTIONS>,
}

impl PollBody {
    /// Whether its time is over, or somebody closed it.
    #[must_use]
    pub fn is_closed(&self, tally: &Tally, now: Timestamp) -> bool {
        tally.closed.is_some() || self.closes.is_some_and(|closes| closes <= now)
    }
}
