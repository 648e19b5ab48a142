//! What a handler answers.

use bytes::Bytes;
use caffis_schema::{Error, ErrorCode, Reply};
use serde::Serialize;

use super::problem::Problem;

/// The body of an answer: JSON.
#[derive(Debug)]
pub(super) struct Answer(pub(super) Bytes);

impl Answer {
    /// A value.
    pub(super) fn of(value: &impl Serialize) -> Result<Self, Problem> {
        match serde_json::to_vec(value) {
            Ok(bytes) => Ok(Self(bytes.into())),
            Err(error) => {
                tracing::error!(%error, "an answer could not be written");
                Err(unexpected())
            }
        }
    }

    /// What a command's reply has in it, as the protocol writes it.
    pub(super) fn reply(reply: Reply) -> Result<Self, Problem> {
        match reply {
            Reply::Done(done) => Self::of(&done),
            Reply::Rooms(page) => Self::of(&page),
            Reply::Room(room) => Self::of(&room),
            Reply::Members(page) => Self::of(&page),
            Reply::Appended(appended) => Self::of(&appended),
            Reply::Page(page) => Self::of(&page),
            Reply::Entry(entry) => Self::of(&entry),
            Reply::Profiles(profiles) => Self::of(&profiles),
            Reply::Found(found) => Self::of(&found),
            Reply::Marked(page) => Self::of(&page),
            Reply::Drafts(drafts) => Self::of(&drafts),
            Reply::ThreadDrafts(drafts) => Self::of(&drafts),
            Reply::ScheduledMessage(message) => Self::of(&message),
            Reply::Scheduled(page) => Self::of(&page),
            Reply::Thread(page) => Self::of(&page),
            Reply::Threads(page) => Self::of(&page),
            Reply::Poll(results) => Self::of(&results),
            Reply::Voters(page) => Self::of(&page),
            Reply::Marks(marks) => Self::of(&marks),
            Reply::Topics(topics) => Self::of(&topics),
            Reply::Revisions(revisions) => Self::of(&revisions),
            Reply::Previews(previews) => Self::of(&previews),
            Reply::Pins(pins) => Self::of(&pins),
            Reply::Invites(invites) => Self::of(&invites),
            Reply::InvitedRoom(room) => Self::of(&room),
            Reply::Welcome(_)
            | Reply::Resumed(_)
            | Reply::Opened(_)
            | Reply::Refreshed(_)
            | Reply::Unknown(_) => Err(unexpected()),
        }
    }
}

fn unexpected() -> Problem {
    Problem::from(Error::refused(ErrorCode::Internal, "This could not be answered."))
}
