//! What people do.

use caffis_client::CallError;
use caffis_schema::{
    Body, Command, List, MessageNumber, Position, Reply, RoomId, Text, UserId,
    command::{AddMembers, CreateGroup, EnsureDirect, Leave, RemoveMember, Send, SetRole},
    event::TextBody,
    room::{HistoryPolicy, Role},
};

use super::{Life, PEOPLE, ROOMS, Sent};
use crate::{
    device::Device,
    ledger::{said, told},
    trace::lock,
    world::World,
};

/// Of a thousand messages, how many answer another one.
const ANSWERS: u16 = 250;

impl Life {
    pub(super) fn send(&mut self, world: &World) {
        let device = self.device();
        let Some(room) = self.room() else { return self.group(world) };
        self.words += 1;
        // Some are long, so that answers with several of them travel on the lane for large answers.
        let longest = if self.random.chance(150) { 7_000 } else { 120 };
        let padding = "x".repeat(self.random.below(longest));
        let words = format!("w{} {padding}", self.words);
        let key = device.client.key(room);
        let answers = self.answered_in(room);
        let sent = Sent { user: device.user.clone(), room, key, words, answers };
        self.sent.push(sent.clone());
        self.deliver(device, sent);
    }

    /// Sometimes an acknowledged message of the room, which the next one answers.
    fn answered_in(&mut self, room: RoomId) -> Option<Position> {
        if !self.random.chance(ANSWERS) {
            return None;
        }
        let sent: Vec<_> = {
            let ledger = lock(&self.ledger);
            let acknowledged = ledger.sendings.values().filter_map(|sending| sending.acknowledged);
            acknowledged.filter(|appended| appended.room == room).collect()
        };
        (!sent.is_empty()).then(|| self.random.pick(&sent).position)
    }

    /// The same message again, from any device of the same person.
    pub(super) fn resend(&mut self) {
        if self.sent.is_empty() {
            return;
        }
        let sent = self.random.pick(&self.sent).clone();
        let devices = self.devices.iter().filter(|device| device.user == sent.user);
        let devices: Vec<_> = devices.cloned().collect();
        let device = self.random.pick(&devices).clone();
        self.deliver(device, sent);
    }

    fn deliver(&mut self, device: Device, sent: Sent) {
        let Sent { user, room, key, words, answers } = sent;
        let (ledger, trace) = (self.ledger.clone(), self.trace.clone());
        lock(&ledger).attempt(&user, key.id, (room, answers), &words);
        let short = words.split(' ').next().unwrap_or_default();
        let what = format!("{} sends {short} to {}", device.name, lock(&ledger).short(room));
        self.call(what, async move {
            let body = Body::Text(TextBody { text: Text::cut(&words) });
            let command = match answers {
                Some(message) => Send::reply(key, room, body, message),
                None => Send::new(key, room, body),
            };
            let result = match device.client.call(Command::Send(command)).await {
                Ok(Reply::Appended(appended)) => Ok(appended),
                Ok(other) => Err(CallError::Unexpected(other.name())),
                Err(error) => Err(error),
            };
            lock(&ledger).settled(&user, key.id, &result, &trace);
            told(&result)
        });
    }

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
        let large = (world.ground.settings.small_room_members as usize) < PEOPLE.len();
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
        let device = self.device();
        let (Some(room), Some(user)) = (self.room(), self.person()) else { return };
        let key = device.client.key(room);
        let what = format!("{} {verb} {user} in {}", device.name, lock(&self.ledger).short(room));
        let command = match verb {
            "adds" => Command::AddMembers(AddMembers { key, room, users: List::cut(vec![user]) }),
            "removes" => Command::RemoveMember(RemoveMember { key, room, user }),
            "leaves" => Command::Leave(Leave { key, room }),
            _ => {
                let role = *self.random.pick(&[Role::Member, Role::Admin, Role::Owner]);
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

    fn make(
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
