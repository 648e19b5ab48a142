//! Who writes in rooms, as those in charge set it.

use std::collections::BTreeMap;

use caffis_schema::{
    Command, EntryKind, Position, RoomId, Text,
    info::SetRoomInfo,
    room::{HistoryPolicy, Role},
    settings::SetRoomSettings,
};

use super::Life;
use crate::{check::rights::Rights, device::Device, trace::lock};

/// Of a thousand times, how often somebody does it who is in charge as far as is known.
const IN_CHARGE: u16 = 600;

/// Of a thousand times, how often somebody does it who is a member as far as is known.
const MEMBER: u16 = 850;

/// Of a thousand times that a room is set, how often each setting is on: mostly not, so that life goes on.
const ON: u16 = 150;

/// The longest time between two messages of a person in slow mode, in seconds.
const SLOW: usize = 3;

/// Of a thousand times that a room is described, how often it is said what later members see.
const CHANGED: u16 = 400;

/// What they may see.
const HISTORIES: [HistoryPolicy; 4] = [
    HistoryPolicy::All,
    HistoryPolicy::FromJoining,
    HistoryPolicy::Last(1),
    HistoryPolicy::Last(5),
];

impl Life {
    /// Somebody sets who writes in a room and how often, and calls it something else.
    pub(super) fn set(&mut self) {
        let Some(room) = self.room() else { return };
        let device = self.device_in_charge(room);
        let (frozen, announcements) = (self.random.chance(ON), self.random.chance(ON));
        let slow = if self.random.chance(ON) { 1 + self.random.below(SLOW) as u32 } else { 0 };
        let short = lock(&self.ledger).short(room);
        let what =
            format!("sets {short}: frozen {frozen}, announcements {announcements}, {slow} s");
        let command = SetRoomSettings {
            key: device.client.key(room),
            room,
            slow_mode_seconds: Some(slow),
            frozen: Some(frozen),
            announcements: Some(announcements),
        };
        self.give(&device, what, Command::SetRoomSettings(command), |_, _| ());
        self.describe(room, &device);
    }

    /// Somebody says what a room is called and what it is for, and what later members see of it.
    fn describe(&mut self, room: RoomId, device: &Device) {
        self.groups += 1;
        let (short, text) = (lock(&self.ledger).short(room), format!("group {}", self.groups));
        let command = SetRoomInfo {
            key: device.client.key(room),
            room,
            name: Some(Text::cut(&text)),
            description: Some(Text::cut(&text)),
            history: self.random.chance(CHANGED).then(|| *self.random.pick(&HISTORIES)),
        };
        let what = format!("calls {short} {text}");
        self.give(device, what, Command::SetRoomInfo(command), |_, _| ());
    }

    /// A device, often one of somebody who is an admin or owner of a room.
    pub(super) fn device_in_charge(&mut self, room: RoomId) -> Device {
        let rights = self.known_rights(room);
        let people: Vec<_> = rights.at_least(Role::Admin).cloned().collect();
        if people.is_empty() || !self.random.chance(IN_CHARGE) {
            return self.device();
        }
        let user = self.random.pick(&people).clone();
        self.device_of(&user)
    }

    /// A device, often one of a member of a room.
    pub(super) fn device_in(&mut self, room: RoomId) -> Device {
        let rights = self.known_rights(room);
        let people: Vec<_> = rights.at_least(Role::Guest).cloned().collect();
        if people.is_empty() || !self.random.chance(MEMBER) {
            return self.device();
        }
        let user = self.random.pick(&people).clone();
        self.device_of(&user)
    }

    /// Who may do what in a room, as far as any device has heard.
    pub(super) fn known_rights(&self, room: RoomId) -> Rights {
        let mut log = BTreeMap::new();
        for device in &self.devices {
            let seen = lock(&device.seen);
            let entries = seen.entries.range((room, Position::ZERO)..=(room, Position::MAX));
            let kept = entries.filter(|(_, entry)| {
                matches!(
                    entry.kind,
                    EntryKind::Created(_)
                        | EntryKind::Joined(_)
                        | EntryKind::Left(_)
                        | EntryKind::Role(_)
                )
            });
            log.extend(kept.map(|((_, position), entry)| (*position, entry.clone())));
        }
        let mut rights = Rights::default();
        log.values().for_each(|entry| rights.take(entry));
        rights
    }
}
