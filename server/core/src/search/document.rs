//! What an index keeps of a message.

use std::{collections::BTreeSet, sync::Arc};

use caffis_schema::{Body, Codec, Position, RoomId, Timestamp, codec, room::Message};
use caffis_words::{Kind, terms};

use crate::{
    model::body::words,
    ports::{
        index::Document,
        store::{Store, StoreError},
    },
    tables::{self, RevisionRow},
};

/// The most revisions of a message: all of them.
const REVISIONS: usize = caffis_schema::limits::REVISIONS + 1;

/// The document of a message as it is now, with the terms that it had before.
///
/// # Errors
/// The store's.
pub(super) async fn document(
    store: &dyn Store,
    room: RoomId,
    (position, time): (Position, Timestamp),
    message: &Message,
) -> Result<Document, StoreError> {
    let sender = message.sender.as_ref().map(|sender| sender_term(sender.as_str()));
    let text = words(&message.body);
    let terms = text.as_deref().map(|text| {
        let kinds = Kind::ALL.into_iter().filter(|kind| has(message, *kind)).map(kind_term);
        words_of(text).chain(sender.clone()).chain(kinds).collect::<Vec<_>>()
    });
    let terms = terms.unwrap_or_default();
    let mut former = BTreeSet::new();
    if message.edited.is_some() || text.is_none() {
        let partition = RevisionRow::partition(&room, &position);
        for row in tables::partition::<RevisionRow>(store, partition, REVISIONS).await? {
            let body = codec::decode::<Body>(&row.content, Codec::Binary).ok();
            if let Some(text) = body.as_ref().and_then(words) {
                former.extend(words_of(&text));
            }
        }
        // Revisions do not say whom the message mentioned.
        former.extend(sender.into_iter().chain(Kind::ALL.map(kind_term)));
        terms.iter().for_each(|term| _ = former.remove(term));
    }
    let text = text.as_deref().map(Into::into);
    let changed = message.changed > Position::ZERO;
    let former = former.into_iter().collect();
    Ok(Document { room, position, time, terms, former, text, changed })
}

fn words_of(text: &str) -> impl Iterator<Item = Arc<str>> + use<> {
    terms(text).into_iter().map(Arc::from)
}

/// The term of who wrote a message. No word begins like this.
pub(crate) fn sender_term(user: &str) -> Arc<str> {
    format!("@{user}").into()
}

/// The term of messages of a kind. No word begins like this.
pub(crate) fn kind_term(kind: Kind) -> Arc<str> {
    format!("#{}", kind.name()).into()
}

/// Whether a message is of a kind.
pub(crate) fn has(message: &Message, kind: Kind) -> bool {
    match kind {
        Kind::Link => words(&message.body).is_some_and(|text| has_link(&text)),
        Kind::Poll => matches!(message.body, Body::Poll(_)),
        Kind::Location => matches!(message.body, Body::Location(_)),
        Kind::Place => matches!(message.body, Body::Place(_)),
        Kind::Mention => message.mentions().is_some_and(|mentions| !mentions.is_empty()),
        Kind::Reply => message.reply().is_some(),
        Kind::Thread => {
            message.thread().is_some() || message.replies().is_some_and(|replies| replies.count > 0)
        }
    }
}

/// Whether a text has a link.
fn has_link(text: &str) -> bool {
    ["https://", "http://", "www."].iter().any(|start| text.contains(start))
}
