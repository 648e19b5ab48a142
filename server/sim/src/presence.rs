//! Who is connected, as devices hear it of the people with whom they have a direct conversation.

use std::collections::{BTreeMap, BTreeSet};

use caffis_schema::{
    UserId,
    room::{Availability, Presence, RoomSummary},
};

use crate::{
    device::Device,
    trace::{Trace, lock},
};

/// What a device heard of other people.
#[derive(Debug, Default)]
pub(crate) struct Acquaintances {
    /// With whom its person has a direct conversation: they always hear of each other.
    peers: BTreeSet<UserId>,
    /// The newest presence of each person.
    known: BTreeMap<UserId, Presence>,
}

impl Acquaintances {
    /// A session begins, whose list follows: versions count anew. What is known stays until it is told.
    pub(crate) fn welcomed(&mut self) {
        self.peers.clear();
        self.known.values_mut().for_each(|presence| presence.version = 0);
    }

    /// A room's summary came.
    pub(crate) fn summary(&mut self, room: &RoomSummary) {
        if let Some(peer) = &room.peer {
            self.peers.insert(peer.user.clone());
        }
        if let Some(presence) = &room.peer_presence {
            self.presence(presence);
        }
    }

    /// A person's presence came.
    pub(crate) fn presence(&mut self, presence: &Presence) {
        let known = self.known.get(&presence.user);
        if known.is_none_or(|known| known.version <= presence.version) {
            self.known.insert(presence.user.clone(), presence.clone());
        }
    }
}

/// Every device knows of its person's acquaintances that they are connected, all but the one who has gone.
pub(crate) fn check(trace: &Trace, devices: &[Device], gone: Option<&UserId>) {
    for device in devices.iter().filter(|device| Some(&device.user) != gone) {
        let seen = lock(&device.seen);
        for peer in &seen.acquaintances.peers {
            let known = seen.acquaintances.known.get(peer).map(|presence| presence.availability);
            let is_gone = Some(peer) == gone;
            if known.is_none_or(|known| (known == Availability::Offline) != is_gone) {
                let name = &device.name;
                trace.broken(format_args!("{name} knows {known:?} of {peer}, gone: {is_gone}"));
            }
        }
    }
}
