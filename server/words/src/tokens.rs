//! Cutting a text into words, and texts without spaces into pairs of characters.

use unicode_segmentation::UnicodeSegmentation;

use crate::fold::fold;

/// The longest word, in characters; of a longer one its beginning counts.
pub const MAX_WORD_CHARS: usize = 40;

/// A part of a text that can be looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its folded form.
    pub form: String,
    /// Where it begins in the text, in bytes.
    pub from: usize,
    /// Where it ends.
    pub to: usize,
    /// Whether it is a pair of characters of a text without spaces, or the last character of such a text.
    pub is_gram: bool,
}

/// The words of a text, in order.
#[must_use]
pub fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut rest = 0;
    while rest < text.len() {
        let part = &text[rest..];
        let dense = part.chars().next().is_some_and(is_dense);
        let length = part.find(|character| is_dense(character) != dense).unwrap_or(part.len());
        if dense {
            grams(&part[..length], rest, &mut found);
        } else {
            words(&part[..length], rest, &mut found);
        }
        rest += length;
    }
    found
}

/// Words that spaces and punctuation separate.
fn words(text: &str, start: usize, found: &mut Vec<Token>) {
    for (from, word) in text.unicode_word_indices() {
        let characters: Vec<(usize, char)> = word.char_indices().collect();
        let is_digit = |index: Option<usize>| {
            index.and_then(|index| characters.get(index)).is_some_and(|(_, it)| it.is_numeric())
        };
        let mut begin = 0;
        for (index, (at, character)) in characters.iter().enumerate() {
            let joins = matches!(character, '\'' | '’' | 'ʼ' | '＇' | '.' | ',' | ';' | '·' | '_');
            // A price is one word, an article and its noun are two.
            if joins && !(is_digit(index.checked_sub(1)) && is_digit(Some(index + 1))) {
                push(&word[begin..*at], start + from + begin, found);
                begin = at + character.len_utf8();
            }
        }
        push(&word[begin..], start + from + begin, found);
    }
}

fn push(word: &str, from: usize, found: &mut Vec<Token>) {
    let mut form = fold(word);
    if let Some((cut, _)) = form.char_indices().nth(MAX_WORD_CHARS) {
        form.truncate(cut);
    }
    if form.chars().any(char::is_alphanumeric) {
        found.push(Token { form, from, to: from + word.len(), is_gram: false });
    }
}

/// Each two neighbouring characters, and the last one by itself, so that every character begins some token.
fn grams(text: &str, start: usize, found: &mut Vec<Token>) {
    let clusters: Vec<(usize, &str)> = text.grapheme_indices(true).collect();
    for (index, (at, cluster)) in clusters.iter().enumerate() {
        let end = clusters.get(index + 1).map_or(at + cluster.len(), |(at, next)| at + next.len());
        let form = fold(&text[*at..end]);
        found.push(Token { form, from: start + at, to: start + end, is_gram: true });
    }
}

/// Whether a character is of a script that is written without spaces between words, or (Korean) with words that
/// carry endings.
pub(crate) fn is_dense(character: char) -> bool {
    matches!(
        character,
        '\u{e01}'..='\u{e3a}'
            | '\u{e40}'..='\u{e4e}'
            | '\u{e81}'..='\u{ecd}'
            | '\u{1000}'..='\u{103f}'
            | '\u{1050}'..='\u{109f}'
            | '\u{1100}'..='\u{11ff}'
            | '\u{1780}'..='\u{17d3}'
            | '\u{3005}'..='\u{3007}'
            | '\u{3041}'..='\u{309f}'
            | '\u{30a1}'..='\u{30fa}'
            | '\u{30fc}'..='\u{30ff}'
            | '\u{3131}'..='\u{318e}'
            | '\u{31f0}'..='\u{31ff}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{ac00}'..='\u{d7a3}'
            | '\u{f900}'..='\u{faff}'
            | '\u{ff66}'..='\u{ff9f}'
            | '\u{20000}'..='\u{3ffff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(text: &str) -> Vec<String> {
        tokens(text).into_iter().map(|token| token.form).collect()
    }

    #[test]
    fn texts_are_cut_into_words() {
        for (text, words) in [
            ("L’aperitivo dell'Anna", vec!["l", "aperitivo", "dell", "anna"]),
            ("Costa 3,50 alle 12:30.", vec!["costa", "3,50", "alle", "12", "30"]),
            ("see https://caffis.app/Menu_1", vec!["see", "https", "caffis", "app", "menu", "1"]),
            ("¿Qué tal? ¡Muy bien!", vec!["que", "tal", "muy", "bien"]),
            ("हिन्दी भाषा", vec!["हिन्दी", "भाषा"]),
            ("☕ 🎉 …!", vec![]),
        ] {
            assert_eq!(forms(text), words, "{text}");
        }
    }

    #[test]
    fn texts_without_spaces_are_cut_into_pairs() {
        assert_eq!(forms("東京都"), ["東京", "京都", "都"]);
        assert_eq!(forms("コーヒー2杯"), ["コー", "ーヒ", "ヒー", "ー", "2", "杯"]);
        assert_eq!(forms("커피를 마셔요"), ["커피", "피를", "를", "마셔", "셔요", "요"]);
        assert_eq!(forms("กาแฟ"), ["กา", "าแ", "แฟ", "ฟ"]);
    }

    #[test]
    fn tokens_say_where_they_are() {
        let text = "Il caffè ☕ 東京";
        for token in tokens(text) {
            assert_eq!(fold(&text[token.from..token.to]), token.form);
        }
    }

    #[test]
    fn a_very_long_word_is_cut() {
        assert_eq!(forms(&"ü".repeat(1_000)), ["u".repeat(MAX_WORD_CHARS)]);
    }
}
