//! Stems: `cappuccini` is found by `cappuccino`, `running` by `run`.

use rust_stemmers::{Algorithm, Stemmer};

use crate::{
    stop::{is_english, is_italian},
    tokens::Token,
};

/// The language of a text, as far as its words tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Italian,
    English,
    /// One of the two, or another one.
    Unknown,
}

impl Language {
    /// The language of which a text has more of the words that tell.
    pub(crate) fn of(tokens: &[Token]) -> Self {
        let count = |tells: fn(&str) -> bool| {
            tokens.iter().filter(|token| !token.is_gram && tells(&token.form)).count()
        };
        match count(is_italian).cmp(&count(is_english)) {
            std::cmp::Ordering::Greater => Self::Italian,
            std::cmp::Ordering::Less => Self::English,
            std::cmp::Ordering::Equal => Self::Unknown,
        }
    }

    /// The stems of a folded word that differ from it: one, or of an unknown language up to two.
    pub(crate) fn stems(self, word: &str) -> Vec<String> {
        let mut stems = Vec::new();
        if word.chars().any(|character| !character.is_ascii_lowercase()) {
            return stems;
        }
        let algorithms: &[Algorithm] = match self {
            Self::Italian => &[Algorithm::Italian],
            Self::English => &[Algorithm::English],
            Self::Unknown => &[Algorithm::Italian, Algorithm::English],
        };
        for algorithm in algorithms {
            let stem = Stemmer::create(*algorithm).stem(word).into_owned();
            // Of a very short stem too many words have the same.
            if stem != word && stem.len() >= 3 && !stems.contains(&stem) {
                stems.push(stem);
            }
        }
        stems
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::tokens;

    #[test]
    fn words_tell_the_language() {
        let language = |text: &str| Language::of(&tokens(text));
        assert_eq!(language("Ci vediamo domani per un caffè"), Language::Italian);
        assert_eq!(language("See you there for the coffee"), Language::English);
        assert_eq!(language("pizza margherita"), Language::Unknown);
    }

    #[test]
    fn forms_of_a_word_share_a_stem() {
        let share = |language: Language, one: &str, other: &str| {
            let (one, other) = (language.stems(one), language.stems(other));
            one.iter().any(|stem| other.contains(stem))
        };
        assert!(share(Language::Italian, "cappuccino", "cappuccini"));
        assert!(share(Language::Italian, "prenotazione", "prenotazioni"));
        assert!(share(Language::English, "booking", "booked"));
        assert!(share(Language::Unknown, "meetings", "meeting"));
        assert_eq!(Language::Unknown.stems("кофе"), Vec::<String>::new());
    }
}
