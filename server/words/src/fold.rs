//! Folding: what makes two spellings of a word the same.

use unicode_normalization::UnicodeNormalization;

/// A word in lower case, without accents and other marks of writing, in compatibility form: `Ｃaffè` and
/// `caffe` are the same. Marks that make another letter stay: Japanese voicing, Thai vowels.
#[must_use]
pub fn fold(word: &str) -> String {
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    let plain = word.nfkd().flat_map(char::to_lowercase).filter(|character| !is_mark(*character));
    let mut folded = String::with_capacity(word.len());
    for character in plain {
        match character {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'đ' | 'ð' => folded.push('d'),
            'þ' => folded.push_str("th"),
            'ı' => folded.push('i'),
            'ς' => folded.push('σ'),
            other => folded.push(other),
        }
    }
    folded.nfc().collect()
}

/// Accents of Latin, Greek and Cyrillic letters, vowel points of Hebrew and Arabic, and the Arabic stretch.
pub(crate) fn is_mark(character: char) -> bool {
    matches!(
        character,
        '\u{300}'..='\u{36f}'
            | '\u{483}'..='\u{487}'
            | '\u{591}'..='\u{5bd}'
            | '\u{5bf}'..='\u{5c7}'
            | '\u{610}'..='\u{61a}'
            | '\u{640}'
            | '\u{64b}'..='\u{65f}'
            | '\u{670}'
            | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_a_word_are_the_same() {
        for (word, folded) in [
            ("Caffè", "caffe"),
            ("caffe\u{300}", "caffe"),
            ("PERCHÉ", "perche"),
            ("Ｃａｆｆｅ", "caffe"),
            ("İstanbul", "istanbul"),
            ("Straße", "strasse"),
            ("Müller", "muller"),
            ("Ærøskøbing", "aeroskobing"),
            ("Łódź", "lodz"),
            ("ΚΑΦΈΣ", "καφεσ"),
            ("кофе", "кофе"),
            ("ﬁne", "fine"),
            ("ｶﾞﾗｽ", "ガラス"),
            ("커피", "커피"),
        ] {
            assert_eq!(fold(word), folded, "{word}");
        }
    }

    #[test]
    fn marks_that_make_another_letter_stay() {
        assert_ne!(fold("が"), fold("か"));
        assert_ne!(fold("กา"), fold("กี"));
    }
}
