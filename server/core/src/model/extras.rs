//! What may belong to a message besides its words.

use caffis_schema::{
    Error, ErrorCode, List,
    limits::EXTRAS,
    room::{Extra, Mentions},
};

use super::{caller::Caller, mentions, room::RoomState};

/// Extras of kinds that people may send, each at most once; as they are kept.
///
/// # Errors
/// `invalid` for others, and whom the message may not mention.
pub fn checked(
    extras: &List<Extra, EXTRAS>,
    room: &RoomState,
    caller: &Caller,
) -> Result<List<Extra, EXTRAS>, Error> {
    for (index, extra) in extras.iter().enumerate() {
        let sentence = match extra {
            Extra::Forwarded(_) => "Only the server says where a message comes from.",
            Extra::Replies(_) => "Only the server counts the replies in a thread.",
            Extra::Thread(_) if Extra::reply(extras).is_some() => {
                "A message is a reply in a thread, or it answers another message."
            }
            Extra::Imported(_) => "Only the server says when an imported message was sent.",
            Extra::Tally(_) => "Only the server counts votes.",
            Extra::Unknown(_) => {
                "This server does not know everything that belongs to this message."
            }
            _ if extras[..index].iter().any(|other| other.tag() == extra.tag()) => {
                "A message has each kind of extra once."
            }
            _ => continue,
        };
        return Err(Error::refused(ErrorCode::Invalid, sentence));
    }
    let mut kept = Vec::with_capacity(extras.len());
    for extra in extras {
        match extra {
            Extra::Mentions(named) if named.is_empty() => {}
            Extra::Mentions(named) => {
                let named = mentions::checked(named, &Mentions::default(), room, caller)?;
                kept.push(Extra::Mentions(named));
            }
            extra => kept.push(extra.clone()),
        }
    }
    Ok(List::cut(kept))
}
