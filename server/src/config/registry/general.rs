//! Mode and data folder.

use crate::config::{
    field::Field,
    setting::{Group, Setting, setting},
};

const GROUP: Group = Group::General;

/// Whether a text is one word.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(char::is_alphanumeric)
}

pub(super) const SETTINGS: &[Setting] = &[
    setting(
        "dev",
        GROUP,
        "Development: built-in secret, demo users and rooms, loopback only",
        Field::Switch(|c| &mut c.dev),
    ),
    setting(
        "data",
        GROUP,
        "The folder of the store and the control socket",
        Field::Folder(|c| &mut c.data),
    ),
    setting(
        "topic_stop_words",
        GROUP,
        "Words that are never topics of a public room, separated by commas",
        Field::Words(|c| &mut c.core.topic_stop_words, is_word, "words of letters"),
    ),
    setting(
        "search",
        GROUP,
        "Index the words of messages, so that they can be searched",
        Field::Switch(|c| &mut c.core.search),
    ),
];
