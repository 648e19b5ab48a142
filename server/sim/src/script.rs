//! Who does what when.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use caffis_conformance::{faulty::Plan, random::Random};
use caffis_core::Settings;
use caffis_schema::{
    Body, Command, List, RoomId, Text, UserId,
    command::{AddMembers, CreateGroup, EnsureDirect, Leave, RemoveMember, SetRole},
    event::TextBody,
    room::{ClientKey, HistoryPolicy, Role},
};
use tokio::{
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::{
    Length, Outcome, check,
    device::Device,
    ledger::{Ledger, said, told},
    trace::{Trace, lock},
    wire::millis,
    world::World,
};

const PEOPLE: [&str; 5] = ["anna", "bruno", "carla", "dario", "elena"];

const DEVICES: usize = 2;

/// Rooms that are made at most; they are never unmade.
const ROOMS: usize = 8;

/// The longest time between two things that happen.
const STEP: Duration = Duration::from_millis(40);

/// How long everything may take to come right once all is healed.
const HEALING: Duration = Duration::from_secs(600);

/// How long a quiet moment is, after which nothing is on its way any more.
const QUIET: Duration = Duration::from_secs(60);

/// Plays the life of a seed.
pub(crate) async fn play(seed: u64, length: Length) -> Outcome {
    let trace = Trace::begin();
    let mut random = Random::new(seed);
    let settings = settings(&mut random);
    trace.note(format_args!(
        "seed {seed}: queues of {} bytes, rings of {}, resumes of {}, small rooms of {}",
        settings.session_queue_bytes,
        settings.ring_entries,
        settings.resume_entries,
        settings.small_room_members,
    ));
    let mut world = World::new(random.number(), trace.clone(), settings);
    world.start().await;
    let mut life = Life::begin(random, &mut world);
    sleep(Duration::from_secs(1)).await;
    for _ in 0..length.steps {
        sleep(millis(&mut life.random, STEP)).await;
        life.step(&mut world).await;
    }
    life.heal(&mut world).await;
    check::all(&mut world, &life).await;
    let acknowledged = lock(&life.ledger).acknowledged();
    let (faults, restarts) = (world.faults.injected(), world.restarts);
    let (trace, broken) = trace.end();
    Outcome { trace, broken, acknowledged, faults, restarts }
}

/// Limits so low that a short life reaches them.
fn settings(random: &mut Random) -> Settings {
    Settings {
        messages_per_second: 1_000,
        commands_per_second: 1_000,
        session_queue_bytes: *random.pick(&[1_024, 4_096, 512 * 1_024]),
        ring_entries: *random.pick(&[1, 5, 100]),
        resume_entries: *random.pick(&[10, 1_000]),
        small_room_members: *random.pick(&[2, 100, 100]),
        idle_rooms: *random.pick(&[2, 10_000]),
        store_timeout: *random.pick(&[Duration::from_millis(60), Duration::from_secs(10)]),
        ..Settings::default()
    }
}

/// A message that was given to a device: for giving it to another one again.
#[derive(Clone)]
struct Sent {
    user: UserId,
    room: RoomId,
    key: ClientKey,
    words: String,
}

/// The people and what they are about.
pub(crate) struct Life {
    random: Random,
    trace: Trace,
    pub(crate) devices: Vec<Device>,
    pub(crate) ledger: Arc<Mutex<Ledger>>,
    calls: Vec<JoinHandle<()>>,
    sent: Vec<Sent>,
    groups: usize,
    words: usize,
    typed: BTreeMap<String, u32>,
}

impl Life {
    fn begin(random: Random, world: &mut World) -> Self {
        let mut devices = Vec::new();
        for person in PEOPLE {
            let Ok(user) = UserId::new(person) else { continue };
            for index in 0..DEVICES {
                devices.push(Device::start(world, &user, &format!("{person}/{index}")));
            }
        }
        Self {
            random,
            trace: world.trace.clone(),
            devices,
            ledger: Arc::default(),
            calls: Vec::new(),
            sent: Vec::new(),
            groups: 0,
            words: 0,
            typed: BTreeMap::new(),
        }
    }

    async fn step(&mut self, world: &mut World) {
        match self.random.below(1_000) {
            0..450 => self.send(),
            450..530 => self.resend(),
            530..620 => self.read(),
            620..670 => self.open(),
            670..690 => self.close(world),
            690..730 => self.membership("adds"),
            730..765 => self.membership("removes"),
            765..780 => self.membership("leaves"),
            780..800 => self.membership("raises"),
            800..840 => self.group(),
            840..855 => self.direct(),
            855..890 => self.typing(),
            890..940 => self.cut(world),
            940..955 => self.block(world),
            955..985 => self.faults(world),
            985..991 => self.clock(world),
            991..996 => {
                let losing = self.random.chance(500);
                world.crash(losing).await;
                sleep(millis(&mut self.random, Duration::from_secs(2))).await;
                world.start().await;
            }
            _ => {
                world.drain().await;
                world.start().await;
            }
        }
    }

    fn device(&mut self) -> Device {
        self.random.pick(&self.devices).clone()
    }

    fn room(&mut self) -> Option<RoomId> {
        let ledger = lock(&self.ledger);
        let (rooms, count) = (&ledger.rooms, ledger.rooms.len());
        (count > 0).then(|| rooms[self.random.below(count)].0)
    }

    fn person(&mut self) -> Option<UserId> {
        UserId::new(PEOPLE[self.random.below(PEOPLE.len())]).ok()
    }

    /// Starts something that takes its time, and notes how it ends.
    fn call(&mut self, what: String, call: impl Future<Output = String> + Send + 'static) {
        let trace = self.trace.clone();
        trace.note(&what);
        self.calls.push(tokio::spawn(async move {
            let result = call.await;
            trace.note(format_args!("{what}: {result}"));
        }));
    }

    fn send(&mut self) {
        let device = self.device();
        let Some(room) = self.room() else { return self.group() };
        self.words += 1;
        let padding = "x".repeat(self.random.below(120));
        let words = format!("w{} {padding}", self.words);
        let key = device.client.key();
        let sent = Sent { user: device.user.clone(), room, key, words };
        self.sent.push(sent.clone());
        self.deliver(device, sent);
    }

    /// The same message again, from any device of the same person.
    fn resend(&mut self) {
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
        let Sent { user, room, key, words } = sent;
        let (ledger, trace) = (self.ledger.clone(), self.trace.clone());
        lock(&ledger).attempt(&user, key.id, room, &words);
        let short = words.split(' ').next().unwrap_or_default();
        let what = format!("{} sends {short} to {}", device.name, lock(&ledger).short(room));
        self.call(what, async move {
            let body = Body::Text(TextBody { text: Text::cut(&words) });
            let result = device.client.send(room, key, body).await;
            lock(&ledger).settled(&user, key.id, &result, &trace);
            told(&result)
        });
    }

    fn read(&mut self) {
        let device = self.device();
        let Some(room) = self.room() else { return };
        let ledger = self.ledger.clone();
        let last = lock(&ledger).numbers.get(&room).copied().unwrap_or_default();
        let number = self.random.number() % (last + 2);
        let what = format!("{} reads {} to {number}", device.name, lock(&ledger).short(room));
        self.call(what, async move {
            let result = device.client.mark_read(room, number).await;
            if result.is_ok() {
                let mut ledger = lock(&ledger);
                let read = ledger.read.entry((device.user, room)).or_default();
                *read = number.max(*read);
            }
            said(&result)
        });
    }

    fn open(&mut self) {
        let device = self.device();
        let Some(room) = self.room() else { return };
        let what = format!("{} opens {}", device.name, lock(&self.ledger).short(room));
        let limit = 1 + self.random.below(50) as u8;
        self.call(what, async move { said(&device.client.open(room, limit).await) });
    }

    fn close(&mut self, world: &World) {
        let device = self.device();
        let Some(room) = self.room() else { return };
        let what = format!("{} closes {}", device.name, lock(&self.ledger).short(room));
        let large = (world.settings.small_room_members as usize) < PEOPLE.len();
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

    fn membership(&mut self, verb: &str) {
        let device = self.device();
        let (Some(room), Some(user)) = (self.room(), self.person()) else { return };
        let key = device.client.key();
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

    fn group(&mut self) {
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
            key: device.client.key(),
            name: Text::cut(&name),
            members: List::cut(members),
            history,
        });
        self.make(device, name, command, history);
    }

    fn direct(&mut self) {
        let device = self.device();
        let Some(user) = self.person() else { return };
        let name = format!("the conversation with {user}");
        let command = Command::EnsureDirect(EnsureDirect { user });
        self.make(device, name, command, HistoryPolicy::All);
    }

    fn make(&mut self, device: Device, name: String, command: Command, history: HistoryPolicy) {
        let ledger = self.ledger.clone();
        self.call(format!("{} makes {name}", device.name), async move {
            let result = device.client.call(command).await;
            match &result {
                Ok(caffis_schema::Reply::Room(room)) => {
                    let mut ledger = lock(&ledger);
                    ledger.room(room.room, history);
                    ledger.short(room.room)
                }
                _ => said(&result.map(drop)),
            }
        });
    }

    fn typing(&mut self) {
        let device = self.device();
        let Some(room) = self.room() else { return };
        let counter = self.typed.entry(device.name).or_default();
        *counter += 1;
        device.client.typing(room, *counter, true);
    }

    fn cut(&mut self, world: &World) {
        let device = self.device();
        self.trace.note(format_args!("{} is cut", device.name));
        lock(&world.wires).cut(&device.name);
    }

    /// Takes the network from a device, or gives it back to all.
    fn block(&mut self, world: &World) {
        let device = self.device();
        let mut wires = lock(&world.wires);
        if wires.blocked.len() > 2 {
            self.trace.note("every device has its network back");
            wires.blocked.clear();
        } else {
            self.trace.note(format_args!("{} has no network", device.name));
            wires.cut(&device.name);
            wires.blocked.insert(device.name);
        }
    }

    fn faults(&mut self, world: &World) {
        let slow = Duration::from_millis(20);
        let (name, plan) = match self.random.below(6) {
            0 => ("is full", Plan { full: 700, ..Plan::default() }),
            1 => ("is away", Plan { unavailable: 700, unavailable_reads: 300, ..Plan::default() }),
            2 => (
                "does not say what it did",
                Plan { unknown_lost: 200, unknown_written: 200, delay: slow, ..Plan::default() },
            ),
            3 => ("writes in parts", Plan { delay: slow, ..Plan::reordering(slow) }),
            4 => ("is slow", Plan { delay: Duration::from_millis(150), ..Plan::default() }),
            _ => ("is well", Plan::default()),
        };
        self.trace.note(format_args!("the store {name}"));
        world.faults.set_plan(plan);
    }

    fn clock(&mut self, world: &World) {
        let by = i64::try_from(self.random.below(7_200_000)).unwrap_or(0) - 3_600_000;
        self.trace.note(format_args!("the clock jumps by {} s", by / 1_000));
        world.wall.jump(by);
    }

    /// Makes everything well and waits until all that was asked is settled.
    async fn heal(&mut self, world: &mut World) {
        self.trace.note("all heals");
        world.faults.set_plan(Plan::default());
        lock(&world.wires).blocked.clear();
        let calls = std::mem::take(&mut self.calls);
        let all = async {
            for call in calls {
                if call.await.is_err() {
                    self.trace.broken("a call panicked");
                }
            }
        };
        if timeout(HEALING, all).await.is_err() {
            self.trace.broken("some calls were never settled");
        }
        sleep(QUIET).await;
    }
}
