//! What somebody typed into a search field.

use std::ops::Range;

use crate::{
    filters::{Day, Filters, Kind, NoDay},
    fold::fold,
    is_common,
    stems::Language,
    tokens::{Token, tokens},
};

/// The longest query, in characters.
pub const MAX_QUERY_CHARS: usize = 500;

/// The most words, phrases and prefixes in a query.
pub const MAX_QUERY_WORDS: usize = 8;

/// The shortest prefix, in characters.
pub const MIN_PREFIX_CHARS: usize = 2;

/// A query: every clause has to match, and every filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// What the text has to contain.
    pub clauses: Vec<Clause>,
    /// What else has to be true.
    pub filters: Filters,
}

/// Something that a text has to contain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clause {
    /// A word, in any of its forms.
    Word(String),
    /// A word that begins like this.
    Prefix(String),
    /// Words one after the other, exactly like this.
    Phrase(Vec<String>),
    /// A single character of a text without spaces.
    Character(String),
}

/// Why a query cannot be answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// It is longer than [`MAX_QUERY_CHARS`].
    #[error("The search is longer than {MAX_QUERY_CHARS} characters.")]
    TooLong,
    /// It has more than [`MAX_QUERY_WORDS`] words.
    #[error("The search has more than {MAX_QUERY_WORDS} words.")]
    TooManyWords,
    /// There is nothing to look for.
    #[error("The search has no words.")]
    NoWords,
    /// Nearly every message has these words.
    #[error("Nearly every message has these words: {0}. Add another word.")]
    OnlyCommon(String),
    /// A prefix is too short.
    #[error("A word that ends with * needs at least {MIN_PREFIX_CHARS} characters before it.")]
    ShortPrefix,
    /// A filter has no value.
    #[error("The filter {0}: needs a value after the colon.")]
    EmptyFilter(&'static str),
    /// A date cannot be read.
    #[error("A date is written like 2026-11-26.")]
    BadDate,
    /// No calendar has this day.
    #[error("There is no day {0}.")]
    NoSuchDay(String),
    /// Nothing is searched for by this word after `has:`.
    #[error("There is no filter has:{0}. After has: comes one of: {names}.", names = Kind::names())]
    UnknownKind(String),
}

/// Terms of which a text has at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The terms, or one prefix of terms.
    pub terms: Vec<String>,
    /// Whether the term is a prefix.
    pub is_prefix: bool,
}

impl Query {
    /// Reads a query: words, `"phrases"`, `pref*`, and filters such as `from:giulia`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        if text.chars().count() > MAX_QUERY_CHARS {
            return Err(QueryError::TooLong);
        }
        let (mut query, mut common) = (Self::default(), Vec::new());
        for (part, quoted) in parts(text) {
            if quoted {
                query.phrase(&part);
            } else if !query.filter(&part)? {
                query.word(&part, &mut common)?;
            }
        }
        query.clauses.dedup();
        if query.clauses.len() > MAX_QUERY_WORDS {
            return Err(QueryError::TooManyWords);
        }
        let Filters { from, has, .. } = &query.filters;
        if query.groups().is_empty() && from.is_empty() && has.is_empty() {
            let words = query.clauses.iter().flat_map(Clause::words).map(str::to_owned);
            common.extend(words);
            return Err(match common.is_empty() {
                true => QueryError::NoWords,
                false => QueryError::OnlyCommon(common.join(", ")),
            });
        }
        Ok(query)
    }

    /// Takes a part as a filter, if it is one.
    fn filter(&mut self, part: &str) -> Result<bool, QueryError> {
        let Some((name, value)) = part.split_once(':') else { return Ok(false) };
        let filters = &mut self.filters;
        let name = ["from", "in", "has", "before", "after"]
            .into_iter()
            .find(|known| name.eq_ignore_ascii_case(known));
        let Some(name) = name else { return Ok(false) };
        let value = value.trim_matches(is_quote);
        if value.is_empty() {
            return Err(QueryError::EmptyFilter(name));
        }
        match name {
            "from" => filters.from.push(value.to_owned()),
            "in" => filters.rooms.push(fold(value)),
            "has" => {
                let unknown = || QueryError::UnknownKind(value.to_owned());
                let kind = Kind::parse(&fold(value)).ok_or_else(unknown)?;
                if !filters.has.contains(&kind) {
                    filters.has.push(kind);
                }
            }
            // Of several the narrowest counts.
            "before" => {
                let day = day(value)?;
                filters.before = Some(filters.before.map_or(day, |before| before.min(day)));
            }
            _ => filters.after = filters.after.max(Some(day(value)?)),
        }
        Ok(true)
    }

    /// Takes a part as a word, or several.
    fn word(&mut self, part: &str, common: &mut Vec<String>) -> Result<(), QueryError> {
        let prefix = part.strip_suffix('*');
        let mut found = tokens(prefix.unwrap_or(part));
        let last = prefix.and_then(|_| found.pop_if(|token| !token.is_gram));
        self.dense(&found);
        for token in found.into_iter().filter(|token| !token.is_gram) {
            match is_common(&token.form) {
                true => common.push(token.form),
                false => self.clauses.push(Clause::Word(token.form)),
            }
        }
        if let Some(token) = last {
            if token.form.chars().count() < MIN_PREFIX_CHARS {
                return Err(QueryError::ShortPrefix);
            }
            self.clauses.push(Clause::Prefix(token.form));
        }
        Ok(())
    }

    /// Takes words that follow each other.
    fn phrase(&mut self, part: &str) {
        let found = tokens(part);
        self.dense(&found);
        for words in found.split(|token| token.is_gram).filter(|words| !words.is_empty()) {
            self.clauses.push(Clause::Phrase(words.iter().map(|word| word.form.clone()).collect()));
        }
    }

    /// Takes the texts without spaces among tokens: each is looked for as it is.
    fn dense(&mut self, found: &[Token]) {
        let mut run: Vec<String> = Vec::new();
        for (index, token) in found.iter().enumerate().filter(|(_, token)| token.is_gram) {
            let next = found.get(index + 1);
            // The last token of a run is a single character, with which the pair before it ends.
            if next.is_some_and(|next| next.is_gram && next.from < token.to) {
                run.push(token.form.clone());
            } else if run.is_empty() {
                self.clauses.push(Clause::Character(token.form.clone()));
            } else {
                self.clauses.push(Clause::Phrase(std::mem::take(&mut run)));
            }
        }
    }

    /// What to look up: a text that matches has a term of each group. There are none only if nothing but
    /// common words was asked for.
    #[must_use]
    pub fn groups(&self) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        let mut add = |terms: Vec<String>, is_prefix| {
            let group = Group { terms, is_prefix };
            if !groups.contains(&group) {
                groups.push(group);
            }
        };
        for clause in &self.clauses {
            match clause {
                Clause::Word(word) => {
                    let stems = Language::Unknown.stems(word);
                    add([word.clone()].into_iter().chain(stems).collect(), false);
                }
                Clause::Prefix(prefix) | Clause::Character(prefix) => {
                    add(vec![prefix.clone()], true)
                }
                Clause::Phrase(words) => {
                    for word in words.iter().filter(|word| !is_common(word)) {
                        add(vec![word.clone()], false);
                    }
                }
            }
        }
        groups
    }

    /// Where a text matches, in bytes, in order and without overlaps; none if it does not match.
    #[must_use]
    pub fn matches(&self, text: &str) -> Option<Vec<Range<usize>>> {
        let tokens = tokens(text);
        let language = Language::of(&tokens);
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for clause in &self.clauses {
            let before = ranges.len();
            clause.find(&tokens, language, &mut ranges);
            if ranges.len() == before {
                return None;
            }
        }
        ranges.sort_by_key(|range| (range.start, range.end));
        let mut joined: Vec<Range<usize>> = Vec::new();
        for range in ranges {
            match joined.last_mut().filter(|last| last.end >= range.start) {
                Some(last) => last.end = last.end.max(range.end),
                None => joined.push(range),
            }
        }
        Some(joined)
    }
}

impl Clause {
    fn words(&self) -> Vec<&str> {
        match self {
            Self::Word(word) | Self::Prefix(word) | Self::Character(word) => vec![word],
            Self::Phrase(words) => words.iter().map(String::as_str).collect(),
        }
    }

    fn find(&self, tokens: &[Token], language: Language, found: &mut Vec<Range<usize>>) {
        let mut each = |matches: &dyn Fn(&Token) -> bool| {
            let matching = tokens.iter().filter(|token| matches(token));
            found.extend(matching.map(|token| token.from..token.to));
        };
        match self {
            Self::Word(word) => {
                let forms: Vec<_> =
                    [word.clone()].into_iter().chain(Language::Unknown.stems(word)).collect();
                each(&|token| {
                    !token.is_gram
                        && (forms.contains(&token.form)
                            || language.stems(&token.form).iter().any(|stem| forms.contains(stem)))
                });
            }
            Self::Prefix(prefix) => each(&|token| !token.is_gram && token.form.starts_with(prefix)),
            Self::Character(character) => {
                let starts = |token: &&Token| token.is_gram && token.form.starts_with(character);
                for token in tokens.iter().filter(starts) {
                    // The character alone: the pair's other one begins the next token.
                    let next = tokens.iter().find(|next| next.from > token.from);
                    let end = next.map_or(token.to, |next| next.from.min(token.to));
                    found.push(token.from..end);
                }
            }
            Self::Phrase(words) => {
                for window in tokens.windows(words.len()) {
                    if window.iter().map(|token| &token.form).eq(words)
                        && let (Some(first), Some(last)) = (window.first(), window.last())
                    {
                        found.push(first.from..last.to);
                    }
                }
            }
        }
    }
}

fn day(text: &str) -> Result<Day, QueryError> {
    Day::parse(text).map_err(|error| match error {
        NoDay::Unreadable => QueryError::BadDate,
        NoDay::InNoCalendar => QueryError::NoSuchDay(text.to_owned()),
    })
}

fn is_quote(character: char) -> bool {
    matches!(character, '"' | '“' | '”' | '„' | '«' | '»')
}

/// Whether a character ends a part outside quotes: the second quote of `in:"bar sport"`, or a space.
fn ends(character: char, part: &str) -> bool {
    match part.contains(is_quote) {
        true => is_quote(character),
        false => character.is_whitespace(),
    }
}

/// The parts of a query, and whether each was in quotes. A quote that is not closed ends with the query.
fn parts(text: &str) -> Vec<(String, bool)> {
    let (mut parts, mut part, mut quoted) = (Vec::new(), String::new(), false);
    for character in text.chars() {
        // In `in:"bar sport"` the quotes belong to the filter.
        let in_filter = !quoted && part.ends_with(':');
        if is_quote(character) && !in_filter && !part.contains(':') {
            parts.push((std::mem::take(&mut part), quoted));
            quoted = !quoted;
        } else if !quoted && ends(character, &part) {
            parts.push((std::mem::take(&mut part), false));
        } else {
            part.push(character);
        }
    }
    parts.push((part, quoted));
    parts.retain(|(part, _)| !part.trim().is_empty());
    parts
}

#[cfg(test)]
#[path = "query_tests.rs"]
mod query_tests;
