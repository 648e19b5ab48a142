//! What messages may say.

use std::borrow::Cow;

use caffis_schema::{Body, Error, ErrorCode, event::SystemBody};

use super::{polls, text};

/// The body as it is kept; its text may have so many characters.
///
/// # Errors
/// `invalid` for a kind that nobody can send, and why the text is not allowed.
pub fn checked(body: &Body, most_chars: u32) -> Result<Body, Error> {
    let mut body = body.clone();
    match &mut body {
        Body::Text(words) | Body::System(SystemBody::Notice(words)) => {
            words.text = text::with_line_feeds(&words.text);
            text::check_message(&words.text, most_chars)?;
        }
        Body::Poll(poll) => *poll = polls::checked(poll, most_chars)?,
        Body::Deleted(_) | Body::Hidden(_) => {
            let sentence = "What is left of a deleted message is not sent.";
            return Err(Error::refused(ErrorCode::Invalid, sentence));
        }
        Body::System(SystemBody::Unknown(_)) | Body::Unknown(_) => {
            let sentence = "This server does not know this kind of message.";
            return Err(Error::refused(ErrorCode::Invalid, sentence));
        }
    }
    Ok(body)
}

/// The words that people read; none of a message that was deleted, or of a kind that is newer.
#[must_use]
pub fn words(body: &Body) -> Option<&str> {
    match body {
        Body::Text(words) | Body::System(SystemBody::Notice(words)) => Some(words.text.as_str()),
        Body::Poll(poll) => Some(poll.question.as_str()),
        Body::System(SystemBody::Unknown(_))
        | Body::Deleted(_)
        | Body::Hidden(_)
        | Body::Unknown(_) => None,
    }
}

/// What stands for a message where there is little room, as in a list of rooms: its words, after a sign of its kind if
/// that is another one than text.
#[must_use]
pub fn short(body: &Body) -> Cow<'_, str> {
    let words = words(body).unwrap_or_default().trim();
    match body {
        Body::Poll(_) => Cow::Owned(format!("📊 {words}")),
        _ => Cow::Borrowed(words),
    }
}

/// The bytes of its text.
#[must_use]
pub fn length(body: &Body) -> usize {
    match body {
        Body::Text(words) | Body::System(SystemBody::Notice(words)) => words.text.len(),
        Body::Poll(poll) => {
            poll.question.len() + poll.options.iter().map(|option| option.len()).sum::<usize>()
        }
        Body::System(SystemBody::Unknown(_))
        | Body::Deleted(_)
        | Body::Hidden(_)
        | Body::Unknown(_) => 0,
    }
}
