//! The final checks: compares what the store has with what everybody was told.

mod changes;
mod contexts;
mod devices;
mod imports;
mod invites;
mod letters;
mod log;
mod mentions;
mod own;
mod polls;
mod reports;
pub(crate) mod rights;
pub(crate) mod scheduled;
mod search;
mod threads;
mod truth;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use caffis_schema::{Body, Entry, EntryKind, Position, RoomId, UserId, command::Anchor};
use tokio::time::sleep;

use self::truth::Truth;
use crate::{
    device::Device,
    ledger::Ledger,
    script::Life,
    trace::{Trace, lock},
    world::World,
};

/// How long a fresh device may take to load its list.
const LISTED: Duration = Duration::from_secs(30);

/// Checks everything.
pub(crate) async fn all(world: &mut World, life: &Life) {
    // Look at the devices' copies before they reconnect, which repairs what they missed.
    let copies: Vec<_> = life.devices.iter().map(copies).collect();
    let witnessed = world.ground.witness.heads();
    // The truth is what a fresh process reads.
    world.crash_all().await;
    world.start().await;
    let trace = world.ground.trace.clone();
    let ledger = lock(&life.ledger).clone();
    let Ok(audit) = UserId::new("service:audit") else { return };
    let audit = Device::start(world, &audit, "audit");
    let kept = scheduled::kept(&trace, &life.devices).await;
    let mut rooms = BTreeMap::new();
    for (room, history) in &ledger.rooms {
        match whole_log(&audit, *room).await {
            Ok(entries) => drop(rooms.insert(*room, Truth::of(entries, *history))),
            Err(error) => trace.broken(format_args!("{room} cannot be read: {error}")),
        }
    }
    for (room, truth) in &rooms {
        trace.note(format_args!("{} has {} entries", ledger.short(*room), truth.entries.len()));
        check_room(&trace, &ledger, (*room, truth), &audit).await;
        log::check_witness(&trace, &ledger, *room, (truth, witnessed.get(room).copied()));
    }
    log::check_answers(&trace, &ledger, &rooms);
    letters::check_forwarded(&trace, &ledger, &rooms);
    imports::check(&trace, &ledger, &rooms);
    scheduled::check(&trace, &ledger, &rooms, &kept);
    reports::check(&trace, &ledger, world).await;
    // In a large room only those who have it open receive every entry.
    let whole = world.ground.settings.small_room_members >= 100;
    for (device, copies) in life.devices.iter().zip(&copies) {
        devices::check_seen(&trace, &ledger, device, &rooms);
        if whole {
            devices::check_copies(&trace, &ledger, device, copies, &rooms);
        }
    }
    let users: BTreeSet<UserId> = life.devices.iter().map(|device| device.user.clone()).collect();
    let fresh: Vec<_> =
        users.iter().map(|user| Device::start(world, user, &format!("{user}/last"))).collect();
    sleep(LISTED).await;
    for device in fresh {
        devices::check_list(&trace, &ledger, &device, &rooms);
        own::check(&trace, &ledger, (&device, &life.devices), &rooms).await;
        mentions::check(&trace, &ledger, &device, &rooms).await;
        threads::check_followed(&trace, &ledger, &device, &rooms).await;
        search::check(&trace, &ledger, &device, &rooms).await;
    }
    if trace.is_broken() {
        for (room, truth) in &rooms {
            trace.note(format_args!("{} is {room}", ledger.short(*room)));
            tell_log(&trace, &ledger.short(*room), truth);
        }
    }
}

/// Checks one room by its log.
async fn check_room(
    trace: &Trace,
    ledger: &Ledger,
    (room, truth): (RoomId, &Truth),
    audit: &Device,
) {
    for wrong in &truth.wrong {
        trace.broken(format_args!("{}: {wrong}", ledger.short(room)));
    }
    log::check(trace, ledger, room, truth);
    changes::check(trace, ledger, room, &truth.entries);
    polls::check(trace, ledger, (room, truth), audit).await;
    threads::check(trace, ledger, (room, truth), audit).await;
    contexts::check_closed(trace, ledger, room, truth);
    if !truth.group && !ledger.directs.contains(&room) {
        contexts::check(trace, ledger, room, truth);
    }
    if truth.group {
        rights::check(trace, &ledger.short(room), &truth.entries);
        invites::check(trace, ledger, room, &truth.entries);
    }
    let pins = audit.client.pins(room).await.map_err(|error| error.to_string());
    changes::check_pins(trace, ledger, room, (&truth.entries, pins));
}

/// Notes what happened in a room, for whoever looks for the cause of a broken promise.
fn tell_log(trace: &Trace, room: &str, truth: &Truth) {
    for entry in &truth.entries {
        let what = match &entry.kind {
            EntryKind::Created(created) => format!("made with {:?}", created.members),
            EntryKind::Joined(joined) => format!("{:?} join", joined.users),
            EntryKind::Left(left) => format!("{} leaves by {:?}", left.user, left.by),
            EntryKind::Role(change) => format!("{} is {:?}", change.user, change.role),
            EntryKind::Message(message) => match &message.body {
                Body::Text(body) => {
                    let word = body.text.split(' ').next().unwrap_or_default();
                    format!("{word} of {:?}", message.sender)
                }
                _ => "a message".to_owned(),
            },
            EntryKind::Context(card) => format!("is about {:?}", card.details.title),
            EntryKind::Edited(edited) => format!("{} is edited", edited.message),
            EntryKind::Reacted(it) => {
                let sign = if it.added { '+' } else { '-' };
                format!("{sign}{} of {} at {}", it.emoji, it.user, it.message)
            }
            EntryKind::Deleted(gone) => format!("{} is deleted by {:?}", gone.message, gone.by),
            EntryKind::Pinned(it) => format!("{} is pinned: {}", it.message, it.pinned),
            EntryKind::Info(it) => format!("it is described: {:?}", it.info),
            EntryKind::Settings(it) => format!("it is set: {:?}", it.settings),
            EntryKind::InviteMade(it) => format!("{} invites by a link", it.by),
            EntryKind::InviteRevoked(it) => format!("link {} is revoked", it.invite),
            EntryKind::Tallied(it) => format!("{} is tallied: {:?}", it.message, it.tally),
            EntryKind::Unknown(_) => "something".to_owned(),
        };
        trace.note(format_args!("{room} {} at {}: {what}", entry.position, entry.time));
    }
}

/// The last position of a device in each room that it holds.
fn copies(device: &Device) -> BTreeMap<RoomId, Position> {
    lock(&device.seen).copies.iter().map(|(room, copy)| (*room, copy.last)).collect()
}

async fn whole_log(audit: &Device, room: RoomId) -> Result<Vec<Entry>, String> {
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let after = Anchor::After(entries.last().map_or(Position(0), |entry| entry.position));
        let page = audit.client.history(room, after, 100).await.map_err(|e| e.to_string())?;
        entries.extend(page.entries);
        if !page.more_after {
            return Ok(entries);
        }
    }
}
