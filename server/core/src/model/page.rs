//! How much fits in a page.

use std::sync::Arc;

use caffis_schema::{Body, Codec, Entry, EntryKind, codec, room::RoomSummary};

/// What a message takes at most besides its body: its numbers and times, the sender, the key, the last edit.
const MESSAGE_BYTES: usize = 200;

/// The newest entries that fit in so many bytes, in order; at least one, if there is one.
#[must_use]
pub fn newest(entries: Vec<Arc<Entry>>, bytes: usize) -> Vec<Arc<Entry>> {
    let mut kept: Vec<_> = within(entries.into_iter().rev(), bytes).collect();
    kept.reverse();
    kept
}

/// The oldest entries that fit in so many bytes, in order; at least one, if there is one.
#[must_use]
pub fn oldest(entries: Vec<Arc<Entry>>, bytes: usize) -> Vec<Arc<Entry>> {
    within(entries.into_iter(), bytes).collect()
}

fn within(
    entries: impl Iterator<Item = Arc<Entry>>,
    bytes: usize,
) -> impl Iterator<Item = Arc<Entry>> {
    let mut total = 0;
    entries.take_while(move |entry| {
        let first = total == 0;
        total += size(entry);
        first || total <= bytes
    })
}

/// About how many bytes a room takes in a frame with a list of them; never less than it does.
#[must_use]
pub fn summary_size(room: &RoomSummary) -> usize {
    codec::encode(room, Codec::Binary).map_or(0, |bytes| bytes.len())
}

/// About how many bytes an entry takes in a frame; never less than it does.
#[must_use]
pub fn size(entry: &Entry) -> usize {
    match &entry.kind {
        EntryKind::Message(message) => {
            let body = match &message.body {
                Body::Text(body) => body.text.len(),
                body => codec::encode(body, Codec::Binary).map_or(0, |bytes| bytes.len()),
            };
            let reactions = message.reactions.iter();
            let reactions = reactions.map(|it| it.user.as_str().len() + it.emoji.len() + 4);
            let extras = match message.extras.is_empty() {
                true => 0,
                false => codec::encode(&message.extras, Codec::Binary).map_or(0, |it| it.len()),
            };
            body + reactions.sum::<usize>() + extras + MESSAGE_BYTES
        }
        kind => codec::encode(kind, Codec::Binary).map_or(0, |bytes| bytes.len()) + 32,
    }
}
