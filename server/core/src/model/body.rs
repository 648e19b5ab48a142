//! What messages may say.

use caffis_schema::{Body, Error, ErrorCode, event::SystemBody};

use super::text;

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
        Body::System(SystemBody::Unknown(_))
        | Body::Deleted(_)
        | Body::Hidden(_)
        | Body::Unknown(_) => None,
    }
}

/// The bytes of its text.
#[must_use]
pub fn length(body: &Body) -> usize {
    match body {
        Body::Text(words) | Body::System(SystemBody::Notice(words)) => words.text.len(),
        Body::System(SystemBody::Unknown(_))
        | Body::Deleted(_)
        | Body::Hidden(_)
        | Body::Unknown(_) => 0,
    }
}
