//! The final checks of what people keep for themselves: what they did last is there, and all of their devices were told.

use std::collections::BTreeMap;

use caffis_client::CallError;
use caffis_schema::{
    Command, Position, Reply, RoomId, Timestamp, event::Flag, open::Empty, placement::Placement,
};

use super::{mentions::marked, truth::Truth};
use crate::{
    device::Device,
    ledger::Ledger,
    own::{Kept, Place, Unsent},
    trace::{Trace, lock},
};

/// What a person did last for themselves.
#[derive(Default)]
struct Last {
    stars: BTreeMap<(RoomId, Position), bool>,
    drafts: BTreeMap<Place, Unsent>,
    placements: BTreeMap<RoomId, Placement>,
    mutes: BTreeMap<RoomId, Option<Timestamp>>,
}

impl Last {
    fn of(kept: &[Kept]) -> Self {
        let mut last = Self::default();
        for kept in kept {
            match kept {
                Kept::Star(room, position, on) => {
                    last.stars.insert((*room, *position), *on);
                }
                Kept::Draft(draft) => {
                    let known = last.drafts.get(&draft.place);
                    if known.is_none_or(|known| known.time < draft.time) {
                        last.drafts.insert(draft.place, draft.clone());
                    }
                }
                Kept::Placement(room, placement) => {
                    last.placements.insert(*room, *placement);
                }
                Kept::Mute(room, until) => {
                    last.mutes.insert(*room, *until);
                }
            }
        }
        last
    }
}

/// A person is told what they did last; and so were all of their devices when they did it.
pub(super) async fn check(
    trace: &Trace,
    ledger: &Ledger,
    (device, devices): (&Device, &[Device]),
    rooms: &BTreeMap<RoomId, Truth>,
) {
    let user = &device.user;
    let Some(kept) = ledger.kept.get(user) else { return };
    let last = Last::of(kept);
    let stars = match marked(device, Flag::Starred(Empty {})).await {
        Ok(stars) => stars,
        Err(error) => return trace.broken(format_args!("{user} has no stars: {error}")),
    };
    for ((room, position), on) in &last.stars {
        let Some(truth) = rooms.get(room) else { continue };
        let message = truth.message(*position).filter(|(_, message)| !message.is_deleted());
        let shown = message.is_some() && truth.sees(user, *position);
        if shown && stars.contains(&(*room, *position)) != *on {
            let short = ledger.short(*room);
            trace.broken(format_args!("{user} starred {position} of {short}: {on}"));
        }
    }
    let drafts = match drafts(device).await {
        Ok(drafts) => drafts,
        Err(error) => return trace.broken(format_args!("{user} has no drafts: {error}")),
    };
    for (place, draft) in &last.drafts {
        let (room, root) = *place;
        // Nobody writes below what was deleted.
        let root = root.and_then(|root| rooms.get(&room)?.message(root));
        if root.is_some_and(|(_, root)| root.is_deleted()) {
            continue;
        }
        let found = drafts.iter().find(|found| found.place == *place);
        // One that was written before by a clock that was ahead counts.
        if found.is_none_or(|found| found.text != draft.text && found.time <= draft.time) {
            trace.broken(format_args!("{user} has {found:?} and not {draft:?}"));
        }
        for own in devices.iter().filter(|own| own.user == *user && found == Some(draft)) {
            let told = lock(&own.seen).own.drafts.get(place).cloned();
            if told.as_ref() != Some(draft) {
                trace.broken(format_args!("{} was told {told:?} and not {draft:?}", own.name));
            }
        }
    }
    let seen = lock(&device.seen);
    for (room, placement) in &last.placements {
        let Some(summary) = seen.listed.get(room) else { continue };
        if summary.placed.placement != *placement {
            let (placed, short) = (summary.placed.placement, ledger.short(*room));
            trace.broken(format_args!("{user} has put {short} at {placement:?}, not {placed:?}"));
        }
    }
    for (room, until) in &last.mutes {
        let Some(summary) = seen.listed.get(room) else { continue };
        if summary.muted_until != *until {
            let (muted, short) = (summary.muted_until, ledger.short(*room));
            trace.broken(format_args!("{user} has muted {short} until {until:?}, not {muted:?}"));
        }
    }
}

/// What a person has written in rooms and in threads, and not sent.
async fn drafts(device: &Device) -> Result<Vec<Unsent>, CallError> {
    let mut drafts: Vec<Unsent> = match device.client.call(Command::Drafts(Empty {})).await? {
        Reply::Drafts(list) => list.drafts.into_vec().into_iter().map(Unsent::from).collect(),
        _ => Vec::new(),
    };
    if let Reply::ThreadDrafts(list) = device.client.call(Command::ThreadDrafts(Empty {})).await? {
        drafts.extend(list.drafts.into_vec().into_iter().map(Unsent::from));
    }
    Ok(drafts)
}
