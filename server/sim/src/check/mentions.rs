//! The final checks of mentions: everybody finds the messages that mention them and that they may see, and no others.

use std::collections::{BTreeMap, BTreeSet};

use caffis_schema::{
    Entry, Position, RoomId, UserId, event::Flag, limits::PAGE_MARKED, open::Empty, room::Message,
};

use super::truth::Truth;
use crate::{device::Device, ledger::Ledger, trace::Trace};

/// Checks what a person is told of messages that mention them.
pub(super) async fn check(
    trace: &Trace,
    ledger: &Ledger,
    device: &Device,
    rooms: &BTreeMap<RoomId, Truth>,
) {
    let user = &device.user;
    let found = match marked(device, Flag::Mentioned(Empty {})).await {
        Ok(found) => found,
        Err(error) => return trace.broken(format_args!("{user} finds no mentions: {error}")),
    };
    for (room, truth) in rooms.iter().filter(|(_, truth)| !truth.is_public()) {
        for (entry, message) in truth.messages() {
            let position = entry.position;
            let (is, short) = (found.contains(&(*room, position)), ledger.short(*room));
            match mentions(truth, user, (entry, message)) {
                Some(true) if !is && !ledger.may_hide(user, *room, position) => {
                    trace.broken(format_args!("{user} is not told of {position} of {short}"));
                }
                None if is => {
                    trace.broken(format_args!("{user} is told of {position} of {short}"));
                }
                _ => {}
            }
        }
    }
}

/// Where the messages are that are marked for a person.
pub(super) async fn marked(
    device: &Device,
    flag: Flag,
) -> Result<BTreeSet<(RoomId, Position)>, String> {
    let (mut found, mut before) = (BTreeSet::new(), None);
    loop {
        let page = device.client.marked(flag.clone(), before, PAGE_MARKED as u8).await;
        let page = page.map_err(|error| error.to_string())?;
        found.extend(page.messages.iter().map(|it| (it.room, it.message.position)));
        before = page.next;
        if before.is_none() {
            return Ok(found);
        }
    }
}

/// Whether a message mentions somebody who sees it: for sure, perhaps, or not at all.
fn mentions(truth: &Truth, user: &UserId, (entry, message): (&Entry, &Message)) -> Option<bool> {
    let mentions = message.mentions().filter(|mentions| mentions.has(user))?;
    let own = message.sender.as_ref() == Some(user);
    if own || message.is_deleted() || !truth.sees(user, entry.position) {
        return None;
    }
    // A mention of everybody is of those who were there. Who left since, and came back, may find it.
    let there = truth.member(user).is_some_and(|span| span.from < entry.position);
    Some(mentions.users.contains(user) || there)
}
