//! The final checks: compares what the store has with what everybody was told.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use caffis_schema::{
    Body, Entry, EntryKind, MessageNumber, Position, RoomId, Text, Timestamp, UserId,
    command::Anchor,
    limits::PREVIEW_BYTES,
    room::{HistoryPolicy, Role, RoomSummary},
};
use tokio::time::sleep;

use crate::{
    check_changes::{self, check_shown, words},
    device::Device,
    held::lasting,
    ledger::Ledger,
    script::Life,
    trace::{Trace, lock},
    world::World,
};

/// How long a fresh device may take to load its list.
const LISTED: Duration = Duration::from_secs(30);

/// A room according to its log.
struct Truth {
    entries: Vec<Entry>,
    /// The parts of the log in which people were members, from joining to leaving.
    spans: BTreeMap<UserId, Vec<Span>>,
    roles: BTreeMap<UserId, Role>,
    group: bool,
    messages: u64,
    history: HistoryPolicy,
}

#[derive(Clone, Copy)]
struct Span {
    from: Position,
    to: Position,
    /// The number of the last message before it.
    number: u64,
}

impl Truth {
    fn of(entries: Vec<Entry>, history: HistoryPolicy) -> Self {
        let (spans, roles) = Default::default();
        let mut truth =
            Self { entries: Vec::new(), spans, roles, group: false, messages: 0, history };
        for entry in entries {
            truth.take(&entry);
            truth.entries.push(entry);
        }
        truth
    }

    fn take(&mut self, entry: &Entry) {
        match &entry.kind {
            EntryKind::Created(created) => {
                self.group = &*created.context.kind == "group";
                for user in &created.members {
                    let owner = self.group && created.by.as_ref() == Some(user);
                    self.join(user, entry.position);
                    if owner {
                        self.roles.insert(user.clone(), Role::Owner);
                    }
                }
            }
            EntryKind::Message(message) => self.messages = message.number.get(),
            EntryKind::Joined(joined) => {
                joined.users.iter().for_each(|user| self.join(user, entry.position));
            }
            EntryKind::Left(left) => {
                if let Some(span) = self.spans.get_mut(&left.user).and_then(|s| s.last_mut()) {
                    span.to = entry.position;
                }
                self.roles.remove(&left.user);
            }
            EntryKind::Role(change) => {
                self.roles.insert(change.user.clone(), change.role);
            }
            EntryKind::Edited(_)
            | EntryKind::Deleted(_)
            | EntryKind::Reacted(_)
            | EntryKind::Tallied(_)
            | EntryKind::Context(_)
            | EntryKind::Pinned(_)
            | EntryKind::Settings(_)
            | EntryKind::InviteMade(_)
            | EntryKind::InviteRevoked(_)
            | EntryKind::Unknown(_) => {}
        }
    }

    fn join(&mut self, user: &UserId, position: Position) {
        let span = Span { from: position, to: Position::MAX, number: self.messages };
        self.spans.entry(user.clone()).or_default().push(span);
        self.roles.insert(user.clone(), Role::Member);
    }

    /// The current span of a member.
    fn member(&self, user: &UserId) -> Option<&Span> {
        self.spans.get(user)?.last().filter(|span| span.to == Position::MAX)
    }

    /// Whether a person was ever allowed to see this position.
    fn visible(&self, user: &UserId, position: Position) -> bool {
        let all = self.history == HistoryPolicy::All;
        self.spans.get(user).into_iter().flatten().any(|span| {
            position <= span.to && (all || span.from == Position(1) || position >= span.from)
        })
    }
}

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
    let mut rooms = BTreeMap::new();
    for (room, history) in &ledger.rooms {
        match log(&audit, *room).await {
            Ok(entries) => drop(rooms.insert(*room, Truth::of(entries, *history))),
            Err(error) => trace.broken(format_args!("{room} cannot be read: {error}")),
        }
    }
    for (room, truth) in &rooms {
        trace.note(format_args!("{} has {} entries", ledger.short(*room), truth.entries.len()));
        check_log(&trace, &ledger, *room, truth);
        check_changes::check_log(&trace, &ledger, *room, &truth.entries);
        let pins = audit.client.pins(*room).await.map_err(|error| error.to_string());
        check_changes::check_pins(&trace, &ledger, *room, (&truth.entries, pins));
        check_witness(&trace, &ledger, *room, (truth, witnessed.get(room).copied()));
    }
    check_answers(&trace, &ledger, &rooms);
    // In a large room only those who have it open receive every entry.
    let whole = world.ground.settings.small_room_members >= 100;
    for (device, copies) in life.devices.iter().zip(&copies) {
        check_seen(&trace, &ledger, device, &rooms);
        if whole {
            check_copies(&trace, &ledger, device, copies, &rooms);
        }
    }
    let users: BTreeSet<UserId> = life.devices.iter().map(|device| device.user.clone()).collect();
    for user in users {
        let device = Device::start(world, &user, &format!("{user}/last"));
        sleep(LISTED).await;
        check_list(&trace, &ledger, &device, &rooms);
    }
    if trace.is_broken() {
        for (room, truth) in &rooms {
            trace.note(format_args!("{} is {room}", ledger.short(*room)));
            tell_log(&trace, &ledger.short(*room), truth);
        }
    }
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

async fn log(audit: &Device, room: RoomId) -> Result<Vec<Entry>, String> {
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

/// Reactors have heard of a room up to its last entry.
fn check_witness(
    trace: &Trace,
    ledger: &Ledger,
    room: RoomId,
    (truth, heard): (&Truth, Option<Position>),
) {
    let head = Position(truth.entries.len() as u64);
    if heard.unwrap_or_default() < head {
        let short = ledger.short(room);
        trace.broken(format_args!("reactors heard of {short} up to {heard:?} of {head}"));
    }
}

/// Positions and numbers have no gaps, time never runs backwards, senders were members, and somebody
/// is always in charge.
fn check_log(trace: &Trace, ledger: &Ledger, room: RoomId, truth: &Truth) {
    let short = ledger.short(room);
    let (mut number, mut time) = (0, 0);
    let mut keys = BTreeSet::new();
    for (entry, position) in truth.entries.iter().zip(1..) {
        if entry.position != Position(position) {
            trace.broken(format_args!("{short}: {} instead of {position}", entry.position));
        }
        if entry.time < Timestamp(time) {
            trace.broken(format_args!("{short}: time runs backwards at {position}"));
        }
        time = entry.time.get();
        let EntryKind::Message(message) = &entry.kind else { continue };
        number += 1;
        if message.number != MessageNumber(number) {
            trace.broken(format_args!("{short}: number {} instead of {number}", message.number));
        }
        let (Some(sender), Some(key)) = (&message.sender, message.key) else {
            trace.broken(format_args!("{short}: {position} is nobody's"));
            continue;
        };
        if !keys.insert((sender, key.id)) {
            trace.broken(format_args!("{short}: {position} is there twice"));
        }
        let spans = truth.spans.get(sender).into_iter().flatten();
        if !spans.clone().any(|span| span.from < Position(position) && position < span.to.get()) {
            trace.broken(format_args!("{short}: {sender} was no member at {position}"));
        }
        let sending = ledger.sendings.get(&(sender.clone(), key.id));
        let Some(sending) = sending.filter(|sending| sending.room == room) else {
            trace.broken(format_args!("{short}: nobody sent {position}"));
            continue;
        };
        let said = words(&message.body).filter(|_| message.revision() == 0);
        if said.is_some_and(|words| *words != *sending.words) {
            trace.broken(format_args!("{short}: {position} has other words"));
        }
        if !message.is_deleted() && message.reply() != sending.answers {
            trace.broken(format_args!("{short}: {position} answers another message"));
        }
        if sending.acknowledged.is_none() && sending.open == 0 {
            let words = sending.short();
            trace.broken(format_args!("{short}: {position}, {words}, was refused and is there"));
        }
    }
    let in_charge = truth.roles.values().any(|role| *role >= Role::Admin);
    if truth.group && !in_charge && !truth.roles.is_empty() {
        trace.broken(format_args!("{short}: nobody is in charge"));
    }
}

/// Acknowledged messages are there, at their positions and numbers.
fn check_answers(trace: &Trace, ledger: &Ledger, rooms: &BTreeMap<RoomId, Truth>) {
    for ((user, id), sending) in &ledger.sendings {
        let Some(appended) = sending.acknowledged else { continue };
        let index = usize::try_from(appended.position.get() - 1).unwrap_or(usize::MAX);
        let entry = rooms.get(&sending.room).and_then(|truth| truth.entries.get(index));
        let there = entry.is_some_and(|entry| match &entry.kind {
            EntryKind::Message(message) => {
                message.sender.as_ref() == Some(user)
                    && message.key.is_some_and(|key| key.id == *id)
                    && message.number == appended.number
                    && entry.time == appended.time
            }
            _ => false,
        });
        if !there {
            let short = ledger.short(sending.room);
            trace.broken(format_args!(
                "{user}'s {} was acknowledged at {} of {short} and is not there",
                sending.short(),
                appended.position
            ));
        }
    }
}

/// Everything that a device saw is true, and it was allowed to see it; nothing came of rooms that its person
/// is out of.
fn check_seen(trace: &Trace, ledger: &Ledger, device: &Device, rooms: &BTreeMap<RoomId, Truth>) {
    let seen = lock(&device.seen);
    for (room, position) in &seen.early {
        let (name, short) = (&device.name, ledger.short(*room));
        trace.broken(format_args!("{name} is out of {short} and was told position {position}"));
    }
    for ((room, position), entry) in &seen.entries {
        let Some(truth) = rooms.get(room) else { continue };
        let short = ledger.short(*room);
        let index = usize::try_from(position.get() - 1).unwrap_or(usize::MAX);
        if truth.entries.get(index).map(lasting) != Some(lasting(entry)) {
            trace.broken(format_args!("{} saw another {position} of {short}", device.name));
        }
        let message = entry.kind.changed_message().filter(|_| entry.without_words().is_some());
        if message.is_some_and(|message| !truth.visible(&device.user, message)) {
            let name = &device.name;
            trace.broken(format_args!("{name} saw words at {position} of {short}"));
        }
        if !truth.visible(&device.user, *position) {
            trace.broken(format_args!("{} saw {position} of {short}", device.name));
        }
    }
}

/// A device holds exactly the rooms of its person, each up to its last entry.
fn check_copies(
    trace: &Trace,
    ledger: &Ledger,
    device: &Device,
    copies: &BTreeMap<RoomId, Position>,
    rooms: &BTreeMap<RoomId, Truth>,
) {
    for (room, truth) in rooms {
        let short = ledger.short(*room);
        let copy = copies.get(room).copied();
        let head = truth.member(&device.user).map(|_| Position(truth.entries.len() as u64));
        if copy != head {
            let name = &device.name;
            trace.broken(format_args!("{name} is at {copy:?} of {short}, which is at {head:?}"));
        } else if copy.is_some() {
            check_shown(trace, ledger, device, (*room, &truth.entries));
        }
    }
}

/// The list shows the last message as it is now, or nothing of it to who does not see it.
fn check_preview(trace: &Trace, who: &str, summary: &RoomSummary, truth: &Truth) {
    let last = truth.entries.iter().rev().find_map(|entry| match &entry.kind {
        EntryKind::Message(message) => Some(message),
        _ => None,
    });
    let Some((shown, last)) = summary.preview.as_ref().zip(last) else { return };
    let expected = Text::<PREVIEW_BYTES>::cut(words(&last.body).unwrap_or_default().trim());
    if shown.text != expected || shown.deleted != last.is_deleted() {
        trace.broken(format_args!("{who} is shown {:?} and not {expected:?}", shown.text));
    }
}

/// The list has exactly the rooms of a person, with exact counts.
fn check_list(trace: &Trace, ledger: &Ledger, device: &Device, rooms: &BTreeMap<RoomId, Truth>) {
    let user = &device.user;
    let seen = lock(&device.seen);
    let mut names = BTreeSet::new();
    for summary in seen.listed.values() {
        let name = summary.name.as_ref().map(ToString::to_string);
        if name.is_some_and(|name| !names.insert(name)) {
            trace.broken(format_args!("{user} has a group twice"));
        }
    }
    for (room, truth) in rooms {
        let short = ledger.short(*room);
        let expected = truth.member(user).map(|span| {
            let read = ledger.read.get(&(user.clone(), *room)).copied().unwrap_or_default();
            let own = truth.entries.iter().rev().find_map(|entry| match &entry.kind {
                EntryKind::Message(m) if m.sender.as_ref() == Some(user) => Some(m.number),
                _ => None,
            });
            let own = own.unwrap_or_default().get().max(span.number);
            let most = truth.messages - read.told.max(own);
            let least = truth.messages - read.asked.min(truth.messages).max(own);
            let found = seen.listed.get(room).map_or(0, |summary| summary.unread);
            (truth.entries.len() as u64, truth.messages, found.clamp(least, most))
        });
        if let (Some(summary), Some(_)) = (seen.listed.get(room), truth.member(user)) {
            check_preview(trace, &format!("{user} of {short}"), summary, truth);
        }
        let found = seen.listed.get(room).map(|s| (s.head.get(), s.number.get(), s.unread));
        if found != expected {
            trace.broken(format_args!("{user} is told {found:?} of {short}, not {expected:?}"));
        }
    }
}
