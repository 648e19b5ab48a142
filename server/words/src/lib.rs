//! Words: what a text consists of for somebody who searches it. No I/O and no clock.
//!
//! [`tokens`] cuts a text by the rules of Unicode; [`fold`] makes the parts comparable (lower case, without
//! accents). [`terms`] gives what an index keeps of a text, with the stems of Italian and English. A
//! [`Query`] is what somebody typed: it says which terms to look up ([`Query::groups`]), and whether a text
//! really matches, and where ([`Query::matches`]). Chinese, Japanese, Korean and Thai do not put spaces between
//! words, so their texts are kept as pairs of neighbouring characters.

mod filters;
mod fold;
mod query;
mod stems;
mod stop;
mod tokens;

pub use self::{
    filters::{Day, Filters, Kind},
    fold::fold,
    query::{Clause, Group, MAX_QUERY_CHARS, MAX_QUERY_WORDS, MIN_PREFIX_CHARS, Query, QueryError},
    stop::{is_common, is_stop},
    tokens::{MAX_WORD_CHARS, Token, tokens},
};

use std::collections::BTreeSet;

/// The most terms that an index keeps of one text; the words after that are not found.
pub const MAX_TERMS: usize = 300;

/// The version of the rules, also of those by which messages are of a [`Kind`]: an index that was made with another
/// one is made again.
pub const VERSION: u64 = 2;

/// What an index keeps of a text: its words and their stems, each once, in the order in which they come.
#[must_use]
pub fn terms(text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let language = stems::Language::of(&tokens);
    let (mut seen, mut kept) = (BTreeSet::new(), Vec::new());
    for token in tokens {
        if !token.is_gram && is_common(&token.form) {
            continue;
        }
        let stems = if token.is_gram { Vec::new() } else { language.stems(&token.form) };
        for term in [token.form].into_iter().chain(stems) {
            if kept.len() < MAX_TERMS && seen.insert(term.clone()) {
                kept.push(term);
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_as_words_and_stems_without_the_most_common_ones() {
        assert_eq!(terms("The cats are running"), ["cats", "cat", "running", "run"]);
        assert_eq!(
            terms("Vorrei due cappuccini e una brioche, grazie!"),
            [
                "vorrei",
                "vorre",
                "due",
                "cappuccini",
                "cappuccin",
                "brioche",
                "brioc",
                "grazie",
                "graz"
            ],
        );
        assert_eq!(terms("..."), Vec::<String>::new());
    }

    #[test]
    fn a_long_text_has_a_bounded_number_of_terms() {
        let text: String = (0..2_000).map(|number| format!("w{number} ")).collect();
        assert_eq!(terms(&text).len(), MAX_TERMS);
    }
}
