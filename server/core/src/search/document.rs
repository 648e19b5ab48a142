//! What an index keeps of a message.

use std::{collections::BTreeSet, sync::Arc};

use caffis_schema::{Body, Codec, RoomId, Timestamp, codec, room::Message};
use caffis_words::terms;

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
    (position, time): (caffis_schema::Position, Timestamp),
    message: &Message,
) -> Result<Document, StoreError> {
    let sender = message.sender.as_ref().map(|sender| sender.as_str());
    let text = words(&message.body);
    let terms = text.as_deref().map(|text| terms_of(text, sender)).unwrap_or_default();
    let mut former = BTreeSet::new();
    if message.edited.is_some() || text.is_none() {
        let partition = RevisionRow::partition(&room, &position);
        for row in tables::partition::<RevisionRow>(store, partition, REVISIONS).await? {
            let body = codec::decode::<Body>(&row.content, Codec::Binary).ok();
            if let Some(text) = body.as_ref().and_then(words) {
                former.extend(terms_of(&text, sender));
            }
        }
        terms.iter().for_each(|term| _ = former.remove(term));
    }
    let text = text.as_deref().map(Into::into);
    Ok(Document { room, position, time, terms, former: former.into_iter().collect(), text })
}

fn terms_of(text: &str, sender: Option<&str>) -> Vec<Arc<str>> {
    let words = terms(text).into_iter().map(Arc::from);
    let sender = sender.map(sender_term);
    let link = has_link(text).then(|| Arc::from(LINK));
    words.chain(sender).chain(link).collect()
}

/// The term of who wrote a message. No word begins like this.
pub(crate) fn sender_term(user: &str) -> Arc<str> {
    format!("@{user}").into()
}

/// The term of messages with a link.
pub(crate) const LINK: &str = "#link";

/// Whether a text has a link.
pub(crate) fn has_link(text: &str) -> bool {
    ["https://", "http://", "www."].iter().any(|start| text.contains(start))
}
