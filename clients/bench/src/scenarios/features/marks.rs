//! What a person notes for themselves about a room: how far it is read, muting, its place in the list.

use caffis_schema::{
    Command, MessageNumber, RoomId, Timestamp,
    command::{Mark, Mute},
    placement::{Placement, SetPlacement},
};

use super::feature::{Feature, feature};

pub(super) const FEATURES: &[Feature] = &[
    // Who wrote the messages has read them.
    feature("mark as read", |it, n| Command::MarkRead(mark(it.room, n + 1))).by(|_| 1),
    feature("mark as delivered", |it, n| Command::MarkDelivered(mark(it.room, n + 1))).by(|_| 1),
    feature("mark as unread", |it, n| Command::MarkUnread(mark(it.room, it.times - n))),
    feature("mute, or no longer", |it, n| {
        let until = n.is_multiple_of(2).then_some(Timestamp::MAX);
        Command::Mute(Mute { room: it.room, until })
    }),
    feature("pin a room, archive it, or list it", |it, n| {
        let placement = match n % 3 {
            0 => Placement::Pinned,
            1 => Placement::Archived,
            _ => Placement::Listed,
        };
        Command::SetPlacement(SetPlacement { room: it.room, placement })
    }),
];

fn mark(room: RoomId, number: usize) -> Mark {
    Mark { room, number: MessageNumber::ZERO + number as u64 }
}
