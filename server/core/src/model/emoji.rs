//! What is an emoji: one picture, with the modifiers and joins that Unicode gives it.

use caffis_schema::{Error, ErrorCode};

const VARIATION: char = '\u{fe0f}';
const JOINER: char = '\u{200d}';
const KEYCAP: char = '\u{20e3}';

/// The characters that are pictures by themselves or with a variation selector: those of Unicode 16 with the
/// property Emoji, without digits and flags' letters, and the rest of the block in which new ones come.
const PICTURES: [(char, char); 103] = [
    ('\u{a9}', '\u{a9}'),
    ('\u{ae}', '\u{ae}'),
    ('\u{203c}', '\u{203c}'),
    ('\u{2049}', '\u{2049}'),
    ('\u{2122}', '\u{2122}'),
    ('\u{2139}', '\u{2139}'),
    ('\u{2194}', '\u{2199}'),
    ('\u{21a9}', '\u{21aa}'),
    ('\u{231a}', '\u{231b}'),
    ('\u{2328}', '\u{2328}'),
    ('\u{23cf}', '\u{23cf}'),
    ('\u{23e9}', '\u{23f3}'),
    ('\u{23f8}', '\u{23fa}'),
    ('\u{24c2}', '\u{24c2}'),
    ('\u{25aa}', '\u{25ab}'),
    ('\u{25b6}', '\u{25b6}'),
    ('\u{25c0}', '\u{25c0}'),
    ('\u{25fb}', '\u{25fe}'),
    ('\u{2600}', '\u{2604}'),
    ('\u{260e}', '\u{260e}'),
    ('\u{2611}', '\u{2611}'),
    ('\u{2614}', '\u{2615}'),
    ('\u{2618}', '\u{2618}'),
    ('\u{261d}', '\u{261d}'),
    ('\u{2620}', '\u{2620}'),
    ('\u{2622}', '\u{2623}'),
    ('\u{2626}', '\u{2626}'),
    ('\u{262a}', '\u{262a}'),
    ('\u{262e}', '\u{262f}'),
    ('\u{2638}', '\u{263a}'),
    ('\u{2640}', '\u{2640}'),
    ('\u{2642}', '\u{2642}'),
    ('\u{2648}', '\u{2653}'),
    ('\u{265f}', '\u{2660}'),
    ('\u{2663}', '\u{2663}'),
    ('\u{2665}', '\u{2666}'),
    ('\u{2668}', '\u{2668}'),
    ('\u{267b}', '\u{267b}'),
    ('\u{267e}', '\u{267f}'),
    ('\u{2692}', '\u{2697}'),
    ('\u{2699}', '\u{2699}'),
    ('\u{269b}', '\u{269c}'),
    ('\u{26a0}', '\u{26a1}'),
    ('\u{26a7}', '\u{26a7}'),
    ('\u{26aa}', '\u{26ab}'),
    ('\u{26b0}', '\u{26b1}'),
    ('\u{26bd}', '\u{26be}'),
    ('\u{26c4}', '\u{26c5}'),
    ('\u{26c8}', '\u{26c8}'),
    ('\u{26ce}', '\u{26cf}'),
    ('\u{26d1}', '\u{26d1}'),
    ('\u{26d3}', '\u{26d4}'),
    ('\u{26e9}', '\u{26ea}'),
    ('\u{26f0}', '\u{26f5}'),
    ('\u{26f7}', '\u{26fa}'),
    ('\u{26fd}', '\u{26fd}'),
    ('\u{2702}', '\u{2702}'),
    ('\u{2705}', '\u{2705}'),
    ('\u{2708}', '\u{270d}'),
    ('\u{270f}', '\u{270f}'),
    ('\u{2712}', '\u{2712}'),
    ('\u{2714}', '\u{2714}'),
    ('\u{2716}', '\u{2716}'),
    ('\u{271d}', '\u{271d}'),
    ('\u{2721}', '\u{2721}'),
    ('\u{2728}', '\u{2728}'),
    ('\u{2733}', '\u{2734}'),
    ('\u{2744}', '\u{2744}'),
    ('\u{2747}', '\u{2747}'),
    ('\u{274c}', '\u{274c}'),
    ('\u{274e}', '\u{274e}'),
    ('\u{2753}', '\u{2755}'),
    ('\u{2757}', '\u{2757}'),
    ('\u{2763}', '\u{2764}'),
    ('\u{2795}', '\u{2797}'),
    ('\u{27a1}', '\u{27a1}'),
    ('\u{27b0}', '\u{27b0}'),
    ('\u{27bf}', '\u{27bf}'),
    ('\u{2934}', '\u{2935}'),
    ('\u{2b05}', '\u{2b07}'),
    ('\u{2b1b}', '\u{2b1c}'),
    ('\u{2b50}', '\u{2b50}'),
    ('\u{2b55}', '\u{2b55}'),
    ('\u{3030}', '\u{3030}'),
    ('\u{303d}', '\u{303d}'),
    ('\u{3297}', '\u{3297}'),
    ('\u{3299}', '\u{3299}'),
    ('\u{1f004}', '\u{1f004}'),
    ('\u{1f0cf}', '\u{1f0cf}'),
    ('\u{1f170}', '\u{1f171}'),
    ('\u{1f17e}', '\u{1f17f}'),
    ('\u{1f18e}', '\u{1f18e}'),
    ('\u{1f191}', '\u{1f19a}'),
    ('\u{1f201}', '\u{1f202}'),
    ('\u{1f21a}', '\u{1f21a}'),
    ('\u{1f22f}', '\u{1f22f}'),
    ('\u{1f232}', '\u{1f23a}'),
    ('\u{1f250}', '\u{1f251}'),
    ('\u{1f300}', '\u{1f64f}'),
    ('\u{1f680}', '\u{1f6ff}'),
    ('\u{1f7e0}', '\u{1f7ff}'),
    ('\u{1f90c}', '\u{1f9ff}'),
    ('\u{1fa70}', '\u{1faff}'),
];

/// Checks that a text is one emoji.
///
/// # Errors
/// `not_an_emoji`.
pub fn check(text: &str) -> Result<(), Error> {
    if is_emoji(text) {
        Ok(())
    } else {
        Err(Error::refused(ErrorCode::NotAnEmoji, "A reaction is one emoji."))
    }
}

/// Whether a text is one emoji: a picture, pictures that are joined to one, a flag or a keycap.
fn is_emoji(text: &str) -> bool {
    let mut rest = text;
    if let Some(key) = text.strip_suffix(KEYCAP) {
        let key = key.strip_suffix(VARIATION).unwrap_or(key);
        return matches!(key.as_bytes(), [b'0'..=b'9' | b'#' | b'*']);
    }
    if text.chars().all(is_regional) {
        return text.chars().count() == 2;
    }
    loop {
        let Some(after) = element(rest) else { return false };
        if after.is_empty() {
            return true;
        }
        let Some(joined) = after.strip_prefix(JOINER) else { return false };
        rest = joined;
    }
}

/// What follows after a picture with its modifiers; none if the text does not begin with one.
fn element(text: &str) -> Option<&str> {
    let mut rest = text.strip_prefix(is_picture)?;
    rest = rest.strip_prefix(VARIATION).unwrap_or(rest);
    rest = rest.strip_prefix(is_skin).unwrap_or(rest);
    // The flags of parts of a country: letters as tags, and their end.
    let tags = rest.trim_start_matches(|c| matches!(c, '\u{e0020}'..='\u{e007e}'));
    if tags.len() < rest.len() {
        rest = tags.strip_prefix('\u{e007f}')?;
    }
    Some(rest)
}

fn is_picture(c: char) -> bool {
    let at = PICTURES.partition_point(|(_, last)| *last < c);
    PICTURES.get(at).is_some_and(|(first, _)| *first <= c) && !is_skin(c)
}

fn is_skin(c: char) -> bool {
    matches!(c, '\u{1f3fb}'..='\u{1f3ff}')
}

fn is_regional(c: char) -> bool {
    matches!(c, '\u{1f1e6}'..='\u{1f1ff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_picture_however_it_is_made() {
        for emoji in [
            "👍",
            "☕",
            "❤️",
            "❤",
            "👩🏽\u{200d}💻",
            "👨\u{200d}👩\u{200d}👧\u{200d}👦",
            "🇮🇹",
            "1️⃣",
            "#\u{20e3}",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "🏳️\u{200d}🌈",
            "✌🏿",
            "🫶🏼",
            "🪿",
            "©️",
            "🧑\u{200d}🦯\u{200d}➡️",
        ] {
            assert!(is_emoji(emoji), "{emoji}");
        }
    }

    #[test]
    fn nothing_else() {
        for text in [
            "",
            "a",
            "1",
            "ciao",
            "👍👍",
            "👍 ",
            " 👍",
            "👍a",
            "🇮",
            "🇮🇹🇮🇹",
            "\u{fe0f}",
            "\u{200d}👍",
            "👍\u{200d}",
            "🏽",
            "☕\n",
            "<b>",
            "#",
            "12️⃣",
            "🏴\u{e0067}",
            "\u{1f1ee}a",
        ] {
            assert!(!is_emoji(text), "{text:?}");
        }
    }

    #[test]
    fn the_table_is_in_order() {
        assert!(PICTURES.windows(2).all(|pair| pair[0].1 < pair[1].0));
        assert!(PICTURES.iter().all(|(first, last)| first <= last));
    }
}
