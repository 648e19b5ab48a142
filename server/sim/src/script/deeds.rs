//! What people do.

use caffis_schema::{
    Command, List, MessageNumber, Reply, Text, UserId,
    command::{
        AddMembers, CreateGroup, EnsureDirect, Leave, RemoveMember, SetRole, TransferOwnership,
    },
    room::{HistoryPolicy, Role, RoomClass},
};

use super::{Life, PEOPLE, ROOMS};
use crate::{device::Device, ledger::said, trace::lock, world::World};

impl Life {
    pub(super) fn read(&mut self) {
        let device = self.device();
        let Some(room) = self.room() else { return };
        let ledger = self.ledger.clone();
        let last = lock(&ledger).numbers.get(&room).copied().unwrap_or_default();
        let number = self.random.number() % (last + 2);
        let what = format!("{} reads {} to {number}", device.name, lock(&ledger).short(room));
        self.call(what, async move {
            let result = device.client.mark_read(room, MessageNumber(number)).await;
            let mut ledger = lock(&ledger);
            let read = ledger.read.entry((device.user, room)).or_default();
            read.asked = number.max(read.asked);
            if result.is_ok() {
                read.told = number.max(read.told);
            }
            said(&result)
        });
    }

    pub(super) fn open(&mut self) {
        let device = self.device();
        let Some(room) = self.room() else { return };
        let what = format!("{} opens {}", device.name, lock(&self.ledger).short(room));
        let limit = 1 + self.random.below(50) as u8;
        self.call(what, async move { said(&device.client.open(room, limit).await) });
    }

    pub(super) fn close(&mut self, world: &World) {
        let device = self.device();
        let Some(room) = self.room() else { return };
        let what = format!("{} closes {}", device.name, lock(&self.ledger).short(room));
        let large = (world.ground.settings.small_room_members as usize) < PEOPLE.len()
            || lock(&self.ledger).cafes.contains(&room);
        let shut = move |device: &Device| {
            if large {
                lock(&device.seen).shut.insert(room);
            }
        };
        shut(&device);
        self.call(what, async move {
            let result = device.client.close(room).await;
            shut(&device);
            said(&result)
        });
    }

    pub(super) fn membership(&mut self, verb: &str) {
        let (Some(room), Some(user)) = (self.room(), self.person()) else { return };
        let device = self.device_in_charge(room);
        let key = device.client.key(room);
        let what = format!("{} {verb} {user} in {}", device.name, lock(&self.ledger).short(room));
        let command = match verb {
            "adds" => Command::AddMembers(AddMembers { key, room, users: List::cut(vec![user]) }),
            "removes" => Command::RemoveMember(RemoveMember { key, room, user }),
            "leaves" => Command::Leave(Leave { key, room }),
            "hands over to" => Command::TransferOwnership(TransferOwnership { key, room, user }),
            _ => {
                let role = *self.random.pick(&Role::ALL);
                Command::SetRole(SetRole { key, room, user, role })
            }
        };
        self.call(what, async move { said(&device.client.call(command).await.map(drop)) });
    }

    pub(super) fn group(&mut self, world: &World) {
        if self.groups >= ROOMS {
            return;
        }
        self.groups += 1;
        let device = self.device();
        let name = format!("group {}", self.groups);
        let all = self.random.chance(500);
        let history = if all { HistoryPolicy::All } else { HistoryPolicy::FromJoining };
        let mut members: Vec<UserId> = PEOPLE.iter().filter_map(|p| UserId::new(p).ok()).collect();
        self.random.shuffle(&mut members);
        members.truncate(self.random.below(PEOPLE.len()));
        let command = Command::CreateGroup(CreateGroup {
            key: device.client.key_of_new_room(),
            name: Text::cut(&name),
            members: List::cut(members),
            history,
        });
        self.make(world, device, name, command, history);
    }

    pub(super) fn direct(&mut self, world: &World) {
        let device = self.device();
        let Some(user) = self.person() else { return };
        let name = format!("the conversation with {user}");
        let command = Command::EnsureDirect(EnsureDirect { user });
        self.make(world, device, name, command, HistoryPolicy::All);
    }

    pub(super) fn make(
        &mut self,
        world: &World,
        device: Device,
        name: String,
        command: Command,
        history: HistoryPolicy,
    ) {
        let (ledger, small) = (self.ledger.clone(), world.ground.settings.small_room_members);
        self.call(format!("{} makes {name}", device.name), async move {
            let result = device.client.call(command).await;
            match &result {
                Ok(Reply::Room(room)) => {
                    // The news of the room may be lost; the client knows of it from here.
                    lock(&device.seen).added(room, small);
                    let mut ledger = lock(&ledger);
                    ledger.room(room.room, history);
                    if room.peer.is_some() {
                        ledger.directs.insert(room.room);
                    } else if room.class == RoomClass::Public {
                        ledger.cafes.insert(room.room);
                    } else if &*room.context.kind != "group" {
                        ledger.contexts.entry(room.room).or_default();
                    }
                    ledger.short(room.room)
                }
                _ => said(&result.map(drop)),
            }
        });
    }

    pub(super) fn typing(&mut self) {
        let device = self.device();
        let Some(room) = self.room() else { return };
        let counter = self.typed.entry(device.name).or_default();
        *counter += 1;
        device.client.typing(room, *counter, true);
    }
}
