//! What a text may be.

use caffis_schema::{Error, ErrorCode};

/// Checks a message's text: not empty, not longer than the room allows, and without characters that
/// only deceive.
///
/// Line feeds and tabs are fine, other control characters are not; nor are the overrides of writing
/// direction, with which a text can be made to look like another. Isolates, which mark the direction
/// of a part, are fine.
///
/// # Errors
/// `text_empty`, `text_too_long` or `text_not_allowed`.
pub fn check_message(text: &str, most_chars: u32) -> Result<(), Error> {
    if text.trim().is_empty() {
        return Err(Error::refused(ErrorCode::TextEmpty, "A message needs some text."));
    }
    let chars = text.chars().count();
    if chars > most_chars as usize {
        let sentence = format!("{chars} characters are over this room's limit of {most_chars}.");
        return Err(Error::refused(ErrorCode::TextTooLong, &sentence));
    }
    check_characters(text, &['\n', '\t'])
}

/// Checks a name or a status: one line of visible characters.
///
/// # Errors
/// `text_empty` or `text_not_allowed`.
pub fn check_name(text: &str) -> Result<(), Error> {
    if text.trim().is_empty() {
        return Err(Error::refused(ErrorCode::TextEmpty, "A name needs some characters."));
    }
    check_characters(text, &[])
}

fn check_characters(text: &str, allowed: &[char]) -> Result<(), Error> {
    match text.chars().find(|c| deceives(*c) && !allowed.contains(c)) {
        None => Ok(()),
        Some(c) => {
            let sentence = format!("The character U+{:04X} is not allowed.", u32::from(c));
            Err(Error::refused(ErrorCode::TextNotAllowed, &sentence))
        }
    }
}

fn deceives(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Option<ErrorCode> {
        check_message(text, 10).err().map(|error| error.code)
    }

    #[test]
    fn plain_text_in_any_script_passes() {
        for text in ["ciao", "due\nrighe\t", "こんにちは", "שלום", "👩‍👩‍👧‍👧", "a\u{2068}b\u{2069}"]
        {
            assert_eq!(code(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_is_not_a_message_is_refused() {
        assert_eq!(code(""), Some(ErrorCode::TextEmpty));
        assert_eq!(code(" \n\t"), Some(ErrorCode::TextEmpty));
        assert_eq!(code("12345678901"), Some(ErrorCode::TextTooLong));
        assert_eq!(code("a\u{0}b"), Some(ErrorCode::TextNotAllowed));
        assert_eq!(code("a\u{1b}[1m"), Some(ErrorCode::TextNotAllowed));
        assert_eq!(code("a\u{202e}b"), Some(ErrorCode::TextNotAllowed));
    }

    #[test]
    fn names_are_one_line() {
        assert!(check_name("Sabato da Gilli").is_ok());
        assert!(check_name("a\nb").is_err());
        assert!(check_name("  ").is_err());
    }
}
