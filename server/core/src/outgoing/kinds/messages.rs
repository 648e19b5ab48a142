//! `chat.message.created`.

use caffis_schema::{
    Body, List, Text, Timestamp, UserId,
    event::SystemBody,
    limits::PREVIEW_BYTES,
    outgoing::{BodyKind, ChatEvent, MessageCreated, RECIPIENTS, Recipient},
    room::{Availability, Mentions, Message},
};

use super::Source;
use crate::model::body::words as said_by;

pub(super) async fn created(source: &Source<'_>, message: &Message) -> ChatEvent {
    let (body, preview) = words(&message.body, source.preview_bytes);
    let position = source.entry.position;
    let members = source.state.members.iter().filter(|(user, member)| {
        Some(*user) != message.sender.as_ref() && member.visible_after < position
    });
    let members: Vec<&UserId> = members.map(|(user, _)| user).collect();
    let mentions = message.mentions();
    let mut named = members.clone();
    if members.len() > RECIPIENTS {
        named.retain(|user| is_mentioned(mentions, user));
        named.truncate(RECIPIENTS);
    }
    let recipients = recipients(source, &named, mentions).await;
    ChatEvent::MessageCreated(MessageCreated {
        room: source.about(),
        position,
        number: message.number,
        sender: message.sender.clone(),
        body,
        preview,
        recipient_count: u32::try_from(members.len()).unwrap_or(u32::MAX),
        recipients: List::cut(recipients),
    })
}

/// What kind of message it is, and its first words.
pub(in crate::outgoing) fn words(body: &Body, bytes: usize) -> (BodyKind, Text<PREVIEW_BYTES>) {
    let said = said_by(body).unwrap_or_default();
    let (kind, text) = match body {
        Body::Text(body) => (BodyKind::Text, body.text.as_str()),
        Body::System(SystemBody::Notice(body)) => (BodyKind::Notice, body.text.as_str()),
        Body::Poll(_) => (BodyKind::Poll, &*said),
        Body::Location(_) => (BodyKind::Location, &*said),
        Body::Place(_) => (BodyKind::Place, &*said),
        Body::Deleted(_) => (BodyKind::Deleted, ""),
        Body::System(SystemBody::Unknown(_)) | Body::Hidden(_) | Body::Unknown(_) => {
            (BodyKind::Other, "")
        }
    };
    let text = text.trim();
    (kind, Text::cut(&text[..text.floor_char_boundary(bytes)]))
}

/// Whether a room that is muted until then is muted now.
fn is_muted(until: Option<Timestamp>, now: Timestamp) -> bool {
    until.is_some_and(|until| until > now)
}

fn is_mentioned(mentions: Option<&Mentions>, user: &UserId) -> bool {
    mentions.is_some_and(|mentions| mentions.has(user))
}

/// How these people can be reached now.
async fn recipients(
    source: &Source<'_>,
    members: &[&UserId],
    mentions: Option<&Mentions>,
) -> Vec<Recipient> {
    let services = source.services;
    // If the store does not answer, people count as not to be left in peace: the event is not held up.
    let _ = services.directory.find_all(members.iter().copied()).await;
    let now = services.clock.now();
    let cell = services.rooms.in_memory(source.state.meta.id);
    let recipient = |user: &&UserId| {
        let presence = services.people.present(&services.directory, user, now);
        let mirror = services.directory.peek_person(user);
        let mirror = mirror.as_ref().and_then(|person| person.mirror.as_ref());
        Recipient {
            user: (*user).clone(),
            offline: presence.availability == Availability::Offline,
            quiet: mirror.is_some_and(|mirror| mirror.is_quiet(now)),
            mentioned: is_mentioned(mentions, user),
            muted: cell.as_ref().is_some_and(|cell| is_muted(cell.marker(user).muted_until, now)),
        }
    };
    members.iter().map(recipient).collect()
}
