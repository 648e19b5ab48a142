//! What messages may say.

use std::borrow::Cow;

use caffis_schema::{
    Body, Error, ErrorCode,
    event::SystemBody,
    places::{LocationBody, PlaceBody},
};

use super::{places, polls, text};

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
        Body::Location(location) => *location = places::checked_location(location)?,
        Body::Place(place) => *place = places::checked_place(place)?,
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
pub fn words(body: &Body) -> Option<Cow<'_, str>> {
    match body {
        Body::Text(words) | Body::System(SystemBody::Notice(words)) => {
            Some(Cow::Borrowed(words.text.as_str()))
        }
        Body::Poll(poll) => Some(Cow::Borrowed(poll.question.as_str())),
        Body::Location(LocationBody { coordinates, name, address, .. }) => {
            let name = name.as_ref().map(|name| name.as_str());
            let address = address.as_ref().map(|address| address.as_str());
            Some(Cow::Owned(joined(&[name, address, Some(coordinates.as_str())])))
        }
        Body::Place(PlaceBody { name, address, .. }) => {
            let address = address.as_ref().map(|address| address.as_str());
            Some(Cow::Owned(joined(&[Some(name.as_str()), address])))
        }
        Body::System(SystemBody::Unknown(_))
        | Body::Deleted(_)
        | Body::Hidden(_)
        | Body::Unknown(_) => None,
    }
}

fn joined(parts: &[Option<&str>]) -> String {
    let parts: Vec<&str> = parts.iter().flatten().copied().collect();
    parts.join(", ")
}

/// What stands for a message where there is little room, as in a list of rooms: its words, after a sign of its kind if
/// that is another one than text.
#[must_use]
pub fn short(body: &Body) -> Cow<'_, str> {
    let words = words(body).unwrap_or_default();
    match body {
        Body::Poll(_) => Cow::Owned(format!("📊 {words}")),
        Body::Location(_) | Body::Place(_) => Cow::Owned(format!("📍 {words}")),
        _ => words,
    }
}

/// The bytes of its text.
#[must_use]
pub fn length(body: &Body) -> usize {
    let options = match body {
        Body::Poll(poll) => poll.options.iter().map(|option| option.len()).sum(),
        Body::Place(place) => {
            let phone = place.phone.as_ref().map_or(0, |phone| phone.len());
            phone + place.website.as_ref().map_or(0, |website| website.len())
        }
        _ => 0,
    };
    words(body).map_or(0, |words| words.len()) + options
}
