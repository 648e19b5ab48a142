//! What people have sent later.

use caffis_schema::{
    Body, ClientId, Command, List, RoomId, Text, UserId,
    event::TextBody,
    scheduled::{CancelScheduled, ChangeScheduled, Schedule, SendScheduled},
};

use super::Life;
use crate::{
    check::scheduled,
    device::Device,
    ledger::scheduled::{Scheduling, Step, Version},
    trace::lock,
    world::World,
};

/// The longest time until a message is sent, in milliseconds.
const LATER_MS: usize = 20_000;

/// So many of the last ones are changed, cancelled or sent.
const LAST: usize = 4;

/// Of a thousand times, how often people go by the clock of the room's node and not by that of their own.
const EXACT: u16 = 800;

/// Of a thousand changes of what is scheduled, how many are the same command from two devices.
const TWICE: u16 = 300;

fn body(words: &str) -> Body {
    Body::Text(TextBody { text: Text::cut(words) })
}

impl Life {
    /// Schedules a message.
    pub(super) fn schedule(&mut self, world: &World) {
        let Some(room) = self.room() else { return };
        let device = self.device_in(room);
        let version = self.later(world, &device, room);
        let (key, extras) = (device.client.key(room), List::default());
        let schedule = Schedule { key, room, body: body(&version.words), extras, due: version.due };
        let id = (device.user.clone(), key.id);
        lock(&self.ledger).scheduled.insert(id.clone(), Scheduling::new(room, version));
        self.scheduled.push((id.clone(), room));
        self.give_step(&device, id, Step::Version(0), Command::Schedule(schedule));
    }

    /// Changes, cancels or sends a message that was scheduled.
    pub(super) fn reschedule(&mut self, world: &World) {
        // Those before have been sent.
        let last = &self.scheduled[self.scheduled.len().saturating_sub(LAST)..];
        if last.is_empty() {
            return;
        }
        let (id, room) = self.random.pick(last).clone();
        let device = self.device_of(&id.0);
        let (key, message) = (device.client.key(room), id.1);
        let (step, command) = match self.random.below(10) {
            0..5 => {
                let version = self.later(world, &device, room);
                let (body, extras, due) = (body(&version.words), List::default(), version.due);
                let change = ChangeScheduled { key, room, id: message, body, extras, due };
                let mut ledger = lock(&self.ledger);
                let Some(scheduling) = ledger.scheduled.get_mut(&id) else { return };
                let number = scheduling.versions.add(version);
                (Step::Version(number), Command::ChangeScheduled(change))
            }
            5..8 => {
                let cancel = CancelScheduled { key, room, id: message };
                (Step::Cancel, Command::CancelScheduled(cancel))
            }
            _ => (Step::Now, Command::SendScheduled(SendScheduled { key, room, id: message })),
        };
        if self.random.chance(TWICE) {
            let other = self.device_of(&id.0);
            self.give_step(&other, id.clone(), step, command.clone());
        }
        self.give_step(&device, id, step, command);
    }

    /// Once nothing goes wrong any more, what is due has been sent; and everybody takes back what still waits, so that
    /// nothing more comes of it.
    pub(super) async fn end_schedules(&mut self, world: &World) {
        for (id, message) in scheduled::kept(&self.trace, &self.devices).await {
            scheduled::check_late(&self.trace, world, (&id.0, &message));
            let device = self.device_of(&id.0);
            let (key, room) = (device.client.key(message.room), message.room);
            let cancel = Command::CancelScheduled(CancelScheduled { key, room, id: id.1 });
            self.give_step(&device, id, Step::Cancel, cancel);
        }
        self.settle_calls().await;
    }

    /// Words that nothing else says, and when they are to be sent.
    fn later(&mut self, world: &World, device: &Device, room: RoomId) -> Version {
        self.words += 1;
        let clock = world.clock_of(room).filter(|_| self.random.chance(EXACT));
        let now = clock.unwrap_or_else(|| device.client.key_of_new_room().time);
        let due = now + 1 + self.random.below(LATER_MS) as u64;
        Version { words: format!("s{}", self.words), due }
    }

    fn give_step(&mut self, device: &Device, id: (UserId, ClientId), step: Step, command: Command) {
        let what = {
            let mut ledger = lock(&self.ledger);
            let Some(scheduling) = ledger.scheduled.get_mut(&id) else { return };
            scheduling.begins(step);
            let mut versions = scheduling.versions.iter().map(|version| &*version.what.words);
            let words = match step {
                Step::Version(number) => versions.nth(number),
                Step::Cancel | Step::Now => None,
            };
            let words = words.unwrap_or_default();
            format!("gives {} of {}: {words}", command.name(), scheduling.name())
        };
        self.give(device, what, command, move |ledger, result| {
            if let Some(scheduling) = ledger.scheduled.get_mut(&id) {
                scheduling.ends(step, result);
            }
        });
    }
}
