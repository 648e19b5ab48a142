//! What a public room talks about: the words of its last hour, the newer the heavier.
//!
//! They follow from the log alone, so nothing is kept that could be out of date: a message that was deleted does not
//! count any more, and the next owner of a room says the same. What was worked out is kept for [`KEPT`], because
//! everybody in the room asks.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
    time::Duration,
};

use caffis_schema::{
    Entry, EntryKind, Position, RoomId, Text, Timestamp,
    limits::{TOPICS, WORD_BYTES},
    reply::Topic,
};
use caffis_words::{is_stop, tokens};
use tokio::time::Instant;

use crate::{model::body::words, sync::lock};

/// The shortest word that is a topic, in characters.
const SHORTEST: usize = 4;

/// How far back is looked, in milliseconds.
const HOUR: u64 = 3_600_000;

/// After so long a word weighs half, in milliseconds.
const HALF: f64 = 900_000.0;

/// The most entries that are looked at: the newest ones.
pub(crate) const LOOKED_AT: usize = 1_000;

/// How long topics are kept if something happened since, and if nothing did.
const KEPT: Duration = Duration::from_secs(1);
const KEPT_UNCHANGED: Duration = Duration::from_secs(20);

/// Rooms of which topics are kept.
const ROOMS: usize = 1_000;

/// The topics that were worked out lately.
#[derive(Debug, Default)]
pub(crate) struct Topics(Mutex<BTreeMap<RoomId, Kept>>);

#[derive(Clone, Debug)]
struct Kept {
    at: Instant,
    head: Position,
    topics: Vec<Topic>,
}

impl Topics {
    pub(crate) fn find(&self, room: RoomId, head: Position) -> Option<Vec<Topic>> {
        let kept = lock(&self.0).get(&room).cloned()?;
        let long = if kept.head == head { KEPT_UNCHANGED } else { KEPT };
        (kept.at.elapsed() < long).then_some(kept.topics)
    }

    pub(crate) fn keep(&self, room: RoomId, head: Position, topics: Vec<Topic>) {
        let mut all = lock(&self.0);
        if all.len() >= ROOMS && !all.contains_key(&room) {
            all.clear();
        }
        all.insert(room, Kept { at: Instant::now(), head, topics });
    }
}

/// The heaviest words of some entries.
pub(crate) fn topics<'a>(
    entries: impl Iterator<Item = &'a Entry>,
    now: Timestamp,
    stop_words: &[String],
) -> Vec<Topic> {
    let stop_words: BTreeSet<String> =
        stop_words.iter().map(|word| caffis_words::fold(word)).collect();
    // By folded word: the weight, how many messages, and the spelling of the newest.
    let mut found: BTreeMap<String, (f64, u32, String)> = BTreeMap::new();
    for entry in entries {
        let age = now.since(entry.time);
        let EntryKind::Message(message) = &entry.kind else { continue };
        if age > HOUR || message.sender.is_none() || message.imported().is_some() {
            continue;
        }
        let Some(text) = words(&message.body) else { continue };
        let weight = (-(age as f64) / HALF).exp2();
        let mut said = BTreeSet::new();
        for token in tokens(&text) {
            let long = token.form.chars().count() >= SHORTEST;
            let is_word = long && !token.is_gram && token.form.chars().any(char::is_alphabetic);
            let says_little =
                is_stop(&token.form) || token.form == "https" || stop_words.contains(&token.form);
            if is_word && !says_little && said.insert(token.form.clone()) {
                let topic = found.entry(token.form).or_default();
                topic.0 += weight;
                topic.1 += 1;
                topic.2 = text[token.from..token.to].to_lowercase();
            }
        }
    }
    let mut found: Vec<(f64, u32, String)> = found.into_values().collect();
    found.sort_by(|one, other| other.0.total_cmp(&one.0).then_with(|| one.2.cmp(&other.2)));
    found.truncate(TOPICS);
    let topic = |(weight, messages, word): (f64, u32, String)| Topic {
        word: Text::<WORD_BYTES>::cut(&word),
        // In thousandths of a message of now.
        weight: (weight * 1_000.0).round() as u32,
        messages,
    };
    found.into_iter().map(topic).collect()
}

#[cfg(test)]
mod tests {
    use caffis_schema::{Body, List, MessageNumber, UserId, event::TextBody, room::Message};

    use super::*;

    const NOW: Timestamp = Timestamp(10_000_000);

    fn said(age: u64, text: &str) -> Entry {
        let message = Message {
            number: MessageNumber(1),
            sender: UserId::new("giulia").ok(),
            key: None,
            body: Body::Text(TextBody { text: Text::cut(text) }),
            changed: Position::ZERO,
            edited: None,
            reactions: List::default(),
            extras: List::default(),
        };
        let time = Timestamp(NOW.0 - age);
        Entry { position: Position(1), time, kind: EntryKind::Message(message) }
    }

    fn words_of(entries: &[Entry], stop_words: &[&str]) -> Vec<(String, u32)> {
        let stop_words: Vec<String> = stop_words.iter().map(|word| (*word).to_owned()).collect();
        let topics = topics(entries.iter(), NOW, &stop_words);
        topics.into_iter().map(|topic| (topic.word.to_string(), topic.weight)).collect()
    }

    #[test]
    fn newer_words_weigh_more_and_those_of_before_the_hour_nothing() {
        let entries = [
            said(HOUR + 1, "vecchio argomento"),
            said(900_000, "cappuccino"),
            said(900_000, "Cappuccino e brioche"),
            said(0, "Perché la brioche?"),
        ];
        let expected = [("brioche", 1_500), ("cappuccino", 1_000)];
        assert_eq!(
            words_of(&entries, &[]),
            expected.map(|(word, weight)| (word.to_owned(), weight))
        );
        assert_eq!(words_of(&entries, &["Brioche"]).len(), 1);
    }

    #[test]
    fn what_says_little_is_no_topic_and_a_message_counts_once() {
        let entries =
            [said(0, "the with because anche quando 1234 ok tè https://a.it torta torta TORTA")];
        assert_eq!(words_of(&entries, &[]), [("torta".to_owned(), 1_000)]);
        let many: Vec<Entry> = (0..100).map(|n| said(0, &format!("argomento{n}"))).collect();
        assert_eq!(words_of(&many, &[]).len(), TOPICS);
    }
}
