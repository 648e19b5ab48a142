//! The final checks of what people keep for themselves: what they did last is there, and all of their devices were told.

use std::collections::{BTreeMap, BTreeSet};

use caffis_client::CallError;
use caffis_schema::{
    Command, EntryKind, MessageNumber, Position, Reply, RoomId, Text, Timestamp, command::Anchor,
    event::Flag, limits::STATUS_BYTES, open::Empty, placement::Placement,
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
    hidden: BTreeSet<(RoomId, Position)>,
    unread: BTreeMap<RoomId, MessageNumber>,
    private: Option<bool>,
    status: Option<Text<STATUS_BYTES>>,
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
                Kept::Hidden(room, position) => {
                    last.hidden.insert((*room, *position));
                }
                Kept::Unread(room, number) => {
                    last.unread.insert(*room, *number);
                }
                Kept::Private(private) => last.private = Some(*private),
                Kept::Status(status) => last.status = Some(status.clone()),
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
        let hidden = ledger.may_hide(user, *room, *position);
        let shown = message.is_some() && truth.sees(user, *position) && !hidden;
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
    check_messages(trace, ledger, (device, &last), rooms).await;
    check_self(trace, device, &last);
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

/// A person does not see what they have hidden, and nothing is read of what they have marked as unread.
async fn check_messages(
    trace: &Trace,
    ledger: &Ledger,
    (device, last): (&Device, &Last),
    rooms: &BTreeMap<RoomId, Truth>,
) {
    let user = &device.user;
    for (room, position) in &last.hidden {
        if !rooms.get(room).is_some_and(|truth| truth.sees(user, *position)) {
            continue;
        }
        let short = ledger.short(*room);
        let page = match device.client.history(*room, Anchor::After(position.back(1)), 1).await {
            Ok(page) => page,
            Err(error) => {
                trace.broken(format_args!("{user} cannot read {position} of {short}: {error}"));
                continue;
            }
        };
        let shown = page.entries.iter().any(|entry| match &entry.kind {
            EntryKind::Message(it) => entry.position == *position && !it.is_hidden(),
            _ => false,
        });
        if shown {
            trace.broken(format_args!("{user} has hidden {position} of {short} and sees it"));
        }
    }
    let seen = lock(&device.seen);
    for (room, number) in &last.unread {
        let Some(summary) = seen.listed.get(room) else { continue };
        // What was written before they came is not news to them.
        let Some(span) = rooms.get(room).and_then(|truth| truth.member(user)) else { continue };
        let from = number.get().max(span.number + 1);
        let least = (summary.number.get() + 1).saturating_sub(from);
        if summary.unread < least {
            let (unread, short) = (summary.unread, ledger.short(*room));
            let what =
                format!("marked {number} of {short} as unread, {unread} are and not {least}");
            trace.broken(format_args!("{user} {what}"));
        }
    }
}

/// A person says of themselves what they said last.
fn check_self(trace: &Trace, device: &Device, last: &Last) {
    let (user, seen) = (&device.user, lock(&device.seen));
    let Some(own) = &seen.own.state else {
        return trace.broken(format_args!("{user} was told nothing of themselves"));
    };
    if last.private.is_some_and(|private| private != own.private_receipts) {
        let (private, wanted) = (own.private_receipts, last.private);
        trace.broken(format_args!("{user} keeps receipts private: {private}, not {wanted:?}"));
    }
    let status = own.presence.status.clone().unwrap_or_default();
    if last.status.as_ref().is_some_and(|wanted| *wanted != status) {
        let wanted = &last.status;
        trace.broken(format_args!("{user} says {status:?} and not {wanted:?}"));
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
