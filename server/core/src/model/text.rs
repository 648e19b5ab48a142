//! Which texts are allowed.

use caffis_schema::{Error, ErrorCode, Text};

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
    if is_blank(text) {
        return Err(Error::refused(ErrorCode::TextEmpty, "A message needs some text."));
    }
    let chars = text.chars().count();
    if chars > most_chars as usize {
        let sentence = format!("{chars} characters are over this room's limit of {most_chars}.");
        return Err(Error::refused(ErrorCode::TextTooLong, &sentence));
    }
    check_characters(text, &['\n', '\t'])
}

/// Checks what somebody remarks beside something else: as a message's text, but it may be empty.
///
/// # Errors
/// `text_not_allowed`.
pub fn check_remark(text: &str) -> Result<(), Error> {
    check_characters(text, &['\n', '\t'])
}

/// Checks a name or a status: one line of visible characters.
///
/// # Errors
/// `text_empty` or `text_not_allowed`.
pub fn check_name(text: &str) -> Result<(), Error> {
    if is_blank(text) {
        return Err(Error::refused(ErrorCode::TextEmpty, "A name needs some characters."));
    }
    check_characters(text, &[])
}

/// The text with all line ends as line feeds: text pasted on Windows has CR LF.
#[must_use]
pub fn with_line_feeds<const N: usize>(text: &Text<N>) -> Text<N> {
    if text.contains('\r') {
        Text::cut(&text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        text.clone()
    }
}

/// A name from elsewhere without the characters that only deceive, or none if nothing visible is left.
#[must_use]
pub fn clean_name<const N: usize>(name: &str) -> Option<Text<N>> {
    let clean: String = name.chars().filter(|c| !deceives(*c)).collect();
    (!is_blank(&clean)).then(|| Text::cut(clean.trim()))
}

/// Whether a text has nothing visible: only spaces and invisible characters.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_invisible(c))
}

/// Characters that no font draws: joiners, marks of direction, fillers, selectors and tags.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{3164}')
        || matches!(c, '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{feff}' | '\u{ffa0}')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}')
}

fn check_characters(text: &str, allowed: &[char]) -> Result<(), Error> {
    if !may_deceive(text) {
        return Ok(());
    }
    match text.chars().find(|c| deceives(*c) && !allowed.contains(c)) {
        None => Ok(()),
        Some(c) => {
            let sentence = format!("The character U+{:04X} is not allowed.", u32::from(c));
            Err(Error::refused(ErrorCode::TextNotAllowed, &sentence))
        }
    }
}

/// Whether a text may have characters that [`deceives`] finds. Their first bytes say so, for a whole text in
/// few instructions: most texts have none of them.
fn may_deceive(text: &str) -> bool {
    // In UTF-8 the control characters beyond ASCII begin with C2, and the overrides of direction with E2.
    let first = |byte: u8| matches!(byte, 0..0x20 | 0x7f | 0xc2 | 0xe2);
    text.bytes().fold(false, |found, byte| found | first(byte))
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
        assert_eq!(code("\u{200b}\u{200d} \u{2060}\u{fe0f}"), Some(ErrorCode::TextEmpty));
        assert_eq!(code("12345678901"), Some(ErrorCode::TextTooLong));
        assert_eq!(code("a\u{0}b"), Some(ErrorCode::TextNotAllowed));
        assert_eq!(code("a\u{1b}[1m"), Some(ErrorCode::TextNotAllowed));
        assert_eq!(code("a\u{202e}b"), Some(ErrorCode::TextNotAllowed));
    }

    #[test]
    fn every_line_end_becomes_a_line_feed() {
        let text: Text<40> = Text::cut("one\r\ntwo\rthree\nfour");
        assert_eq!(&*with_line_feeds(&text), "one\ntwo\nthree\nfour");
    }

    #[test]
    fn names_from_elsewhere_lose_what_deceives() {
        let clean = |name| clean_name::<40>(name).map(|name| name.to_string());
        assert_eq!(clean("Giu\u{7}lia \u{202e}Rossi "), Some("Giulia Rossi".to_owned()));
        assert_eq!(clean("\u{200b}\u{202e}"), None);
    }

    #[test]
    fn no_character_that_deceives_is_overlooked() {
        for c in '\0'..=char::MAX {
            assert!(may_deceive(c.encode_utf8(&mut [0; 4])) || !deceives(c), "{c:?}");
        }
    }

    #[test]
    fn names_are_one_line() {
        assert!(check_name("Sabato da Gilli").is_ok());
        assert!(check_name("a\nb").is_err());
        assert!(check_name("  ").is_err());
    }
}
