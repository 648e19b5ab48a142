//! What an endpoint is told: its kinds of events and types of contexts, and what these look like.

use std::sync::Arc;

use caffis_schema::{
    endpoints::ENDPOINT_NAME_BYTES, limits::CONTEXT_TYPE_BYTES, outgoing::ChatEvent,
};

/// The kind that an endpoint hears only if it asks for it.
pub(super) const PRESENCE: &str = "user.presence";

/// Where webhooks go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its name: by it the store knows what it was told.
    pub name: Arc<str>,
    /// Its address, for those who ask; the sender knows it itself.
    pub url: Arc<str>,
    /// The kinds of events that it is told: `chat.message.created`, `room.*` or `*`.
    pub kinds: Vec<String>,
    /// The types of contexts of whose rooms it is told; of all rooms if there are none.
    pub contexts: Vec<String>,
}

impl Endpoint {
    /// Whether it is told of events of a kind. Presence only if it is named.
    #[must_use]
    pub fn wants(&self, kind: &str) -> bool {
        self.kinds.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(prefix) => kind.starts_with(prefix) && (kind != PRESENCE || prefix == "user."),
            None => pattern == kind,
        })
    }

    /// Whether it is told of rooms about this type of context.
    #[must_use]
    pub fn follows(&self, context: &str) -> bool {
        self.contexts.is_empty() || self.contexts.iter().any(|kind| kind == context)
    }
}

/// Whether this can be an endpoint's name: some of a-z, 0-9 and -.
#[must_use]
pub fn is_endpoint_name(name: &str) -> bool {
    let letters = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=ENDPOINT_NAME_BYTES).contains(&name.len()) && name.bytes().all(letters)
}

/// Whether this is a kind of event, or `*` or `room.*` for several.
#[must_use]
pub fn is_kind_pattern(pattern: &str) -> bool {
    let shape = pattern == "*" || pattern.ends_with(".*") || !pattern.contains('*');
    let covers = |kind: &&str| match pattern.strip_suffix('*') {
        Some(prefix) => kind.starts_with(prefix),
        None => pattern == *kind,
    };
    shape && ChatEvent::KINDS.iter().any(covers)
}

/// Whether this can be a type of contexts.
#[must_use]
pub fn is_context_type(kind: &str) -> bool {
    let letters = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (1..=CONTEXT_TYPE_BYTES).contains(&kind.len()) && kind.bytes().all(letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_hears_what_it_asks_for() {
        let endpoint = |kinds: &[&str], contexts: &[&str]| Endpoint {
            name: "push".into(),
            url: "https://push.example.org/".into(),
            kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
            contexts: contexts.iter().map(|kind| (*kind).to_owned()).collect(),
        };
        let all = endpoint(&["*"], &[]);
        assert!(all.wants("chat.message.created") && !all.wants("user.presence"));
        for asked in ["user.*", "user.presence"] {
            assert!(endpoint(&[asked], &[]).wants("user.presence"));
        }
        let some = endpoint(&["room.*", "member.left"], &["booking"]);
        assert!(some.wants("room.created") && some.wants("member.left"));
        assert!(!some.wants("member.joined") && !some.wants("chat.message.created"));
        assert!(some.follows("booking") && !some.follows("cafe") && all.follows("cafe"));
    }

    #[test]
    fn names_kinds_and_contexts_look_as_they_should() {
        assert!(is_endpoint_name("push-2") && is_endpoint_name(&"a".repeat(32)));
        for bad in ["", "Push", "a b", "a:b", "à"] {
            assert!(!is_endpoint_name(bad), "{bad}");
        }
        assert!(!is_endpoint_name(&"a".repeat(33)));
        for good in ["*", "chat.*", "user.presence"] {
            assert!(is_kind_pattern(good), "{good}");
        }
        for bad in ["", "chat*", "user.upserted", "room.erased", "*.*"] {
            assert!(!is_kind_pattern(bad), "{bad}");
        }
        assert!(is_context_type("booking") && !is_context_type("") && !is_context_type("a b"));
    }
}
