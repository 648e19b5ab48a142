//! Rooms about something: those of meetups, bookings and disputes, which a service makes and keeps, and cafes, into which
//! people walk.

use caffis_schema::{
    Command, List, RoomId, Text, UserId,
    command::{EnsureRoom, SetContext},
    limits::PAGE_ENTRIES,
    open::Empty,
    room::{Context, ContextStatus, Details, HistoryPolicy, Participant, RoomClass},
};

use super::{Life, PEOPLE};
use crate::{
    ledger::{contexts::Telling, said},
    trace::lock,
    world::World,
};

/// The most things that rooms are about.
const CONTEXTS: usize = 4;

/// What rooms are about, and of which class they are.
const KINDS: [(&str, RoomClass); 4] = [
    ("meetup", RoomClass::Social),
    ("booking", RoomClass::Evidence),
    ("dispute", RoomClass::Evidence),
    ("cafe", RoomClass::Public),
];

/// Of a thousand times, how often a room is made, if there may be more.
const MADE: u16 = 400;

/// Of a thousand times that a service tells something, how often it tells each part.
const PART: u16 = 600;

/// Of a thousand times that it tells who belongs to something, how often all others are removed.
const ALONE: u16 = 500;

/// Of a thousand times, how often it tells something that it told before, or with a version that was told before.
const AGAIN: u16 = 150;

impl Life {
    /// A room about something is made, or a service tells what is new of it, or somebody walks into a cafe.
    pub(super) fn context(&mut self, world: &World) {
        if self.contexts < CONTEXTS && self.random.chance(MADE) {
            return self.make_context(world);
        }
        let (rooms, cafes): (Vec<_>, Vec<_>) = {
            let ledger = lock(&self.ledger);
            (ledger.contexts.keys().copied().collect(), ledger.cafes.iter().copied().collect())
        };
        if !cafes.is_empty() && (rooms.is_empty() || self.random.chance(500)) {
            let cafe = *self.random.pick(&cafes);
            self.walk_in(cafe);
        } else if !rooms.is_empty() {
            let room = *self.random.pick(&rooms);
            self.tell(room);
        }
    }

    /// A service makes a room, or somebody makes that of a cafe; or finds it.
    fn make_context(&mut self, world: &World) {
        let (kind, class) = *self.random.pick(&KINDS);
        self.contexts += 1;
        let name = format!("{kind} {}", self.contexts);
        let public = class == RoomClass::Public;
        let device = if public { self.device() } else { self.service.clone() };
        let history = if public { HistoryPolicy::Last(50) } else { HistoryPolicy::All };
        let members = if public { Vec::new() } else { self.some_people() };
        let context = Context { kind: Text::cut(kind), id: Text::cut(&name) };
        let (title, members) = (Some(Text::cut(&name)), List::cut(members));
        let ensure = EnsureRoom { context, class, name: title, members, history };
        self.make(world, device, name, Command::EnsureRoom(ensure), history);
    }

    fn some_people(&mut self) -> Vec<UserId> {
        let mut people: Vec<UserId> = PEOPLE.iter().filter_map(|it| UserId::new(it).ok()).collect();
        self.random.shuffle(&mut people);
        people.truncate(1 + self.random.below(PEOPLE.len() - 1));
        people
    }

    /// A service tells what is new of something, or something old again.
    fn tell(&mut self, room: RoomId) {
        let device = self.service.clone();
        let told = lock(&self.ledger).contexts.get(&room).map_or(0, Vec::len);
        let again = self.random.chance(AGAIN);
        let version = if again { 1 + self.random.below(told + 1) } else { told + 1 } as u64;
        let details = self.random.chance(PART).then(|| {
            self.words += 1;
            let title = Some(Text::cut(&format!("c{}", self.words)));
            Details { title, ..Details::default() }
        });
        let status = self.random.chance(PART).then(|| match self.random.below(5) {
            0 => ContextStatus::Closed(Empty {}),
            1 => ContextStatus::Cancelled(Empty {}),
            _ => ContextStatus::Open(Empty {}),
        });
        let participants = self.random.chance(PART).then(|| {
            let people = self.some_people().into_iter();
            List::cut(people.map(|user| Participant { user, role: None }).collect())
        });
        let remove_others = participants.is_some() && self.random.chance(ALONE);
        let key = device.client.key(room);
        let command =
            SetContext { key, room, version, details, status, participants, remove_others };
        let (short, number) = {
            let mut ledger = lock(&self.ledger);
            let tellings = ledger.contexts.entry(room).or_default();
            tellings.push(Telling::new(command.clone()));
            let number = tellings.len() - 1;
            (ledger.short(room), number)
        };
        let what = format!("tells version {version} of {short}");
        self.give(&device, what, Command::SetContext(command), move |ledger, result| {
            if let Some(telling) = ledger.contexts.get_mut(&room).and_then(|it| it.get_mut(number))
            {
                telling.fate.ends(result);
            }
        });
    }

    fn walk_in(&mut self, room: RoomId) {
        let device = self.device();
        let what = format!("{} walks into {}", device.name, lock(&self.ledger).short(room));
        self.call(what, async move { said(&device.client.open(room, PAGE_ENTRIES as u8).await) });
    }
}
