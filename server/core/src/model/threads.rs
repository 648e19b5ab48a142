//! Which messages have threads.

use caffis_schema::{
    Body, Error, ErrorCode, List, ReplyNumber,
    limits::EXTRAS,
    room::{Extra, Message},
    threads::InThread,
};

/// Makes sure that a message is one that may have a thread.
///
/// # Errors
/// `invalid` for replies in threads and for notices.
pub fn check_root(message: &Message) -> Result<(), Error> {
    let sentence = match &message.body {
        _ if message.thread().is_some() => "A reply in a thread has no thread of its own.",
        Body::System(_) => "A notice of a service has no thread.",
        _ => return Ok(()),
    };
    Err(Error::refused(ErrorCode::Invalid, sentence))
}

/// The number of the last reply in the thread of a message.
#[must_use]
pub fn last_reply(root: &Message) -> ReplyNumber {
    root.replies().map_or(ReplyNumber::ZERO, |replies| replies.last)
}

/// The number of the next reply in the thread of a message.
///
/// # Errors
/// `deleted` for a tombstone, and as [`check_root`].
pub fn next_reply(root: &Message) -> Result<ReplyNumber, Error> {
    check_root(root)?;
    if root.is_deleted() {
        let sentence = "The message that has this thread was deleted.";
        return Err(Error::refused(ErrorCode::Deleted, sentence));
    }
    Ok(last_reply(root) + 1)
}

/// The extras of a reply with its number in the thread.
#[must_use]
pub fn numbered(extras: List<Extra, EXTRAS>, number: ReplyNumber) -> List<Extra, EXTRAS> {
    let number = |extra| match extra {
        Extra::Thread(thread) => Extra::Thread(InThread { number, ..thread }),
        extra => extra,
    };
    List::cut(extras.into_vec().into_iter().map(number).collect())
}
