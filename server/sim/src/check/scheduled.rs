//! The final checks of what people had sent later: once, not early, and not what was cancelled; and what was not sent
//! is kept.

use std::collections::{BTreeMap, BTreeSet};

use caffis_schema::{
    ClientId, EntryKind, Position, RoomId, Timestamp, UserId, scheduled::ScheduledMessage,
};

use super::{changes::words, truth::Truth};
use crate::{
    device::Device,
    ledger::{Ledger, scheduled::Scheduling},
    trace::Trace,
    world::World,
};

/// How long a message may wait that is due by the clocks of all nodes.
const LATE_MS: u64 = 30_000;

/// By person and the id of the message.
type Kept = BTreeMap<(UserId, ClientId), ScheduledMessage>;

/// What people have scheduled and was not sent, as they are told; read before the logs, so what is sent in between is
/// in both.
pub(crate) async fn kept(trace: &Trace, devices: &[Device]) -> Kept {
    let (mut kept, mut asked) = (Kept::new(), BTreeSet::new());
    for device in devices.iter().filter(|device| asked.insert(device.user.clone())) {
        let mut after = None;
        loop {
            let page = match device.client.scheduled(None, after).await {
                Ok(page) => page,
                Err(error) => {
                    trace.broken(format_args!("{} is not told: {error}", device.name));
                    break;
                }
            };
            let messages = page.messages.into_vec().into_iter();
            kept.extend(messages.map(|it| ((device.user.clone(), it.id), it)));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    kept
}

/// What is due by the clocks of all nodes has been sent, or is kept with the reason.
pub(crate) fn check_late(trace: &Trace, world: &World, (user, kept): (&UserId, &ScheduledMessage)) {
    let now = world.seats.iter().map(|seat| seat.now()).min().unwrap_or_default();
    if kept.failed.is_none() && now.since(kept.due) > LATE_MS {
        let said = words(&kept.body).unwrap_or_default();
        trace.broken(format_args!("{user}'s {said} was due at {} and waits at {now}", kept.due));
    }
}

/// Each scheduled message is what was made of it, by the logs and by what people are told is kept.
pub(super) fn check(trace: &Trace, ledger: &Ledger, rooms: &BTreeMap<RoomId, Truth>, kept: &Kept) {
    let (mut sent, mut failed, mut waiting) = (0, 0, 0);
    let found = in_logs(ledger, rooms);
    for (id, scheduling) in &ledger.scheduled {
        let (user, short) = (&id.0, ledger.short(scheduling.room));
        let what = scheduling.name();
        let broken = |why: String| trace.broken(format_args!("{user}'s {what} in {short} {why}"));
        let messages = found.get(id).map_or(&[][..], Vec::as_slice);
        for message in messages {
            check_sent(scheduling, message).unwrap_or_else(broken);
        }
        if let Some(kept) = kept.get(id) {
            check_kept(scheduling, kept).unwrap_or_else(broken);
            failed += u32::from(kept.failed.is_some());
            waiting += u32::from(kept.failed.is_none());
        }
        sent += messages.len();
        let gone = messages.is_empty() && !kept.contains_key(id);
        if scheduling.is_done() && gone && !scheduling.cancelled.may_have_happened() {
            broken("is neither there nor kept".to_owned());
        }
        let told = scheduling.sent.map(|appended| appended.position);
        if told.is_some_and(|told| !messages.iter().any(|message| message.position == told)) {
            broken(format!("was sent at {told:?} and is not there"));
        }
    }
    if let Some(id) = kept.keys().find(|id| !ledger.scheduled.contains_key(id)) {
        trace.broken(format_args!("{} never scheduled what is kept", id.0));
    }
    trace.note(format_args!("of what was scheduled {sent} sent, {failed} failed, {waiting} wait"));
}

/// A scheduled message that was sent.
struct Sent<'a> {
    room: RoomId,
    position: Position,
    time: Timestamp,
    /// None once it was deleted.
    words: Option<&'a str>,
}

fn in_logs<'a>(
    ledger: &Ledger,
    rooms: &'a BTreeMap<RoomId, Truth>,
) -> BTreeMap<(UserId, ClientId), Vec<Sent<'a>>> {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (room, truth) in rooms {
        for entry in &truth.entries {
            let EntryKind::Message(message) = &entry.kind else { continue };
            let (Some(user), Some(key)) = (&message.sender, message.key) else { continue };
            let id = (user.clone(), key.id);
            if ledger.scheduled.contains_key(&id) {
                let words = words(&message.body);
                let (room, position, time) = (*room, entry.position, entry.time);
                found.entry(id).or_default().push(Sent { room, position, time, words });
            }
        }
    }
    found
}

fn check_sent(scheduling: &Scheduling, sent: &Sent<'_>) -> Result<(), String> {
    let Sent { room, position, time, words } = sent;
    if *room != scheduling.room {
        return Err(format!("was sent to another room at {position}"));
    }
    if scheduling.cancelled.done {
        return Err(format!("was cancelled and is at {position}"));
    }
    let Some(words) = words else { return Ok(()) };
    let Some(version) = scheduling.versions.iter().find(|it| it.what.words == *words) else {
        return Err(format!("was not to say what is at {position}"));
    };
    if !scheduling.versions.may_count(version) {
        return Err(format!("says {words} at {position}, which was refused or replaced"));
    }
    if *time < version.what.due && !scheduling.now.may_have_happened() {
        return Err(format!("was sent at {time}, due at {}", version.what.due));
    }
    Ok(())
}

fn check_kept(scheduling: &Scheduling, kept: &ScheduledMessage) -> Result<(), String> {
    if scheduling.cancelled.done {
        return Err("was cancelled and is kept".to_owned());
    }
    let said = words(&kept.body).unwrap_or_default();
    let version = scheduling.versions.iter().find(|it| it.what.words == *said);
    if !version.is_some_and(|version| scheduling.versions.may_count(version)) {
        return Err(format!("is kept to say {said}, which was refused or replaced"));
    }
    Ok(())
}
