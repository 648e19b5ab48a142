//! The script of a life: what happens when.

mod backup;
mod changes;
mod contexts;
mod deeds;
mod imports;
mod invites;
mod letters;
mod odds;
mod own;
mod polls;
mod relations;
mod reports;
mod schedules;
mod settings;
mod threads;
mod troubles;

use std::{
    collections::BTreeMap,
    fmt::Display,
    sync::{Arc, Mutex},
    time::Duration,
};

use caffis_client::CallError;
use caffis_conformance::random::Random;
use caffis_core::{Settings, cluster::LeaseSettings};
use caffis_schema::{
    ClientId, Command, Reply, RoomId, UserId, imports::ImportMessage, reply::Appended,
    room::ClientKey,
};
use tokio::{
    task::JoinHandle,
    time::{sleep, timeout},
};

use self::{invites::Link, odds::Deed, relations::Relation};
use crate::{
    Options, Outcome, Planted, check,
    device::Device,
    ledger::{Ledger, letter::Letter, said},
    presence,
    trace::{Trace, lock},
    wire::millis,
    world::World,
};

const PEOPLE: [&str; 5] = ["anna", "bruno", "carla", "dario", "elena"];

const DEVICES: usize = 2;

/// The most rooms that are created.
const ROOMS: usize = 8;

/// The longest time between two steps.
const STEP: Duration = Duration::from_millis(40);

/// The same with several nodes, whose leases take their time to end.
const SEVERAL_STEP: Duration = Duration::from_millis(120);

/// Of a thousand steps, in how many something goes wrong that only several nodes know.
const NODE_TROUBLE: u16 = 40;

/// How long everything may take to settle once all is healed.
const HEALING: Duration = Duration::from_secs(600);

/// How long it may take until everybody knows that a person has gone: their devices are cut off at once.
const GONE: Duration = Duration::from_secs(15);

/// How long it may take until they are back: longer than a device waits between two attempts.
const BACK: Duration = Duration::from_secs(45);

/// After a further time of this length reactors have heard of everything. Where the clock was set back, a room is noted in
/// the minute after the clock's; that may be over only at the second walk after the entry, and is read at the third.
const REACTED: Duration = Duration::from_secs(190);

/// After a quiet time of this length nothing is in flight any more.
const QUIET: Duration = Duration::from_secs(90);

/// Plays the life of a seed.
pub(crate) async fn play(seed: u64, options: Options) -> Outcome {
    let trace = Trace::begin();
    let mut random = Random::new(seed);
    let settings = settings(&mut random);
    let several = (options.nodes > 1).then(|| lease(&mut random));
    trace.note(format_args!(
        "seed {seed}: queues of {} bytes, rings of {}, resumes of {}, small rooms of {}",
        settings.session_queue_bytes,
        settings.ring_entries,
        settings.resume_entries,
        settings.small_room_members,
    ));
    if let Some(LeaseSettings { lease_time, .. }) = several {
        let (nodes, lease) = (options.nodes, lease_time.as_millis());
        trace.note(format_args!("{nodes} nodes, leases of {lease} ms"));
    }
    let how = (settings, several);
    let seed = random.number();
    let mut world = World::new(seed, trace.clone(), how, options.nodes, options.planted);
    world.start().await;
    let Ok(service) = UserId::new("service:app") else { return Outcome::default() };
    let mut life = Life::begin(random, &mut world, &service);
    sleep(Duration::from_secs(1)).await;
    for step in 0..options.steps {
        if options.restores && step == options.steps / 2 {
            life.lose(&mut world).await;
        }
        sleep(millis(&mut life.random, life.pace)).await;
        life.step(&mut world).await;
        world.check_limits();
    }
    life.heal(&mut world).await;
    world.ground.ends_well();
    life.check_presence(&world).await;
    life.end_schedules(&world).await;
    life.keep_last().await;
    sleep(REACTED).await;
    check::all(&mut world, &life).await;
    let acknowledged = lock(&life.ledger).acknowledged();
    let (faults, restarts, time) = (world.faults(), world.ends(), trace.time());
    let (trace, broken) = trace.end();
    Outcome { trace, broken, acknowledged, faults, restarts, time }
}

/// Limits low enough for a short life to reach them.
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

/// Leases short enough for a short life to see many of them end, or as they usually are.
fn lease(random: &mut Random) -> LeaseSettings {
    let milliseconds = |time, renewal, drift| LeaseSettings {
        lease_time: Duration::from_millis(time),
        lease_renewal: Duration::from_millis(renewal),
        lease_drift: Duration::from_millis(drift),
    };
    *random.pick(&[
        LeaseSettings::default(),
        milliseconds(2_000, 400, 200),
        milliseconds(1_000, 200, 100),
    ])
}

/// A message that was given to a device, so that another device can send it again.
#[derive(Clone)]
struct Sent {
    user: UserId,
    key: ClientKey,
    letter: Letter,
}

/// The people and what they do.
pub(crate) struct Life {
    random: Random,
    trace: Trace,
    pub(crate) devices: Vec<Device>,
    pub(crate) ledger: Arc<Mutex<Ledger>>,
    calls: Vec<JoinHandle<()>>,
    sent: Vec<Sent>,
    /// What was scheduled, and in which room.
    scheduled: Vec<((UserId, ClientId), RoomId)>,
    /// Links by which people join.
    links: Arc<Mutex<Vec<Link>>>,
    /// The connection of the service that makes rooms about something, and how many there are.
    service: Device,
    contexts: usize,
    /// Who blocks whom, as it was told last.
    relations: Vec<Relation>,
    groups: usize,
    words: usize,
    typed: BTreeMap<String, u32>,
    /// The longest time between two steps.
    pace: Duration,
    planted: Option<Planted>,
    /// Messages of the past that were imported together, and into which room.
    past: Vec<(RoomId, Vec<ImportMessage>)>,
}

impl Life {
    fn begin(random: Random, world: &mut World, service: &UserId) -> Self {
        let mut devices = Vec::new();
        for person in PEOPLE {
            let Ok(user) = UserId::new(person) else { continue };
            for index in 0..DEVICES {
                devices.push(Device::start(world, &user, &format!("{person}/{index}")));
            }
        }
        let service = Device::start(world, service, "app");
        Self {
            random,
            trace: world.ground.trace.clone(),
            devices,
            ledger: Arc::default(),
            calls: Vec::new(),
            sent: Vec::new(),
            scheduled: Vec::new(),
            links: Arc::default(),
            service,
            contexts: 0,
            relations: Vec::new(),
            groups: 0,
            words: 0,
            typed: BTreeMap::new(),
            pace: if world.is_alone() { STEP } else { SEVERAL_STEP },
            planted: world.ground.planted,
            past: Vec::new(),
        }
    }

    async fn step(&mut self, world: &mut World) {
        if !world.is_alone() && self.random.chance(NODE_TROUBLE) {
            return self.trouble_nodes(world);
        }
        match odds::draw(&mut self.random) {
            Deed::Send => self.send(world),
            Deed::Resend => self.resend(),
            Deed::Edit => self.edit(),
            Deed::Delete => self.delete(),
            Deed::React => self.react(),
            Deed::Pin => self.pin(),
            Deed::Read => self.read(),
            Deed::Open => self.open(),
            Deed::Close => self.close(world),
            Deed::Type => self.typing(),
            Deed::Add => self.membership("adds"),
            Deed::Remove => self.membership("removes"),
            Deed::Leave => self.membership("leaves"),
            Deed::Raise => self.membership("raises"),
            Deed::HandOver => self.membership("hands over to"),
            Deed::Report => self.report(),
            Deed::Set => self.set(),
            Deed::Vote => self.vote(),
            Deed::ClosePoll => self.close_poll(),
            Deed::Follow => self.follow(),
            Deed::ReadThread => self.read_thread(),
            Deed::Invite => self.invite(),
            Deed::Join => self.join(),
            Deed::Revoke => self.revoke(),
            Deed::Keep => self.keep(),
            Deed::Import => self.import(world),
            Deed::Schedule => self.schedule(world),
            Deed::Reschedule => self.reschedule(world),
            Deed::Relate => self.relate(world),
            Deed::Context => self.context(world),
            Deed::Group => self.group(world),
            Deed::Direct => self.direct(world),
            Deed::Cut => self.cut(world),
            Deed::HalfOpen => self.half_open(world),
            Deed::Block => self.block(world),
            Deed::Faults => self.faults(world),
            Deed::Clock => self.clock(world),
            Deed::Crash => self.crash(world).await,
            Deed::Drain => self.drain(world).await,
        }
    }

    fn device(&mut self) -> Device {
        self.random.pick(&self.devices).clone()
    }

    /// One of the devices of a person.
    fn device_of(&mut self, user: &UserId) -> Device {
        let own: Vec<_> = self.devices.iter().filter(|device| device.user == *user).collect();
        (*self.random.pick(&own)).clone()
    }

    /// Messages that were acknowledged, with who sent them.
    fn acknowledged(&self, wanted: impl Fn(&Letter) -> bool) -> Vec<(UserId, Appended)> {
        let ledger = lock(&self.ledger);
        let sent = ledger.sendings.iter().filter_map(|((user, _), sending)| {
            let appended = sending.acknowledged.filter(|_| wanted(&sending.letter))?;
            Some((user.clone(), appended))
        });
        sent.collect()
    }

    fn room(&mut self) -> Option<RoomId> {
        let ledger = lock(&self.ledger);
        let (rooms, count) = (&ledger.rooms, ledger.rooms.len());
        (count > 0).then(|| rooms[self.random.below(count)].0)
    }

    fn person(&mut self) -> Option<UserId> {
        UserId::new(PEOPLE[self.random.below(PEOPLE.len())]).ok()
    }

    /// Gives a command in the background, takes its answer into the ledger, and notes it.
    fn give(
        &mut self,
        device: &Device,
        what: impl Display,
        command: Command,
        take: impl FnOnce(&mut Ledger, &Result<Reply, CallError>) + Send + 'static,
    ) {
        let (ledger, client) = (self.ledger.clone(), device.client.clone());
        self.call(format!("{} {what}", device.name), async move {
            let result = client.call(command).await;
            take(&mut lock(&ledger), &result);
            said(&result.map(drop))
        });
    }

    /// Starts a call in the background and notes its result.
    fn call(&mut self, what: String, call: impl Future<Output = String> + Send + 'static) {
        let trace = self.trace.clone();
        trace.note(&what);
        self.calls.push(tokio::spawn(async move {
            let result = call.await;
            trace.note(format_args!("{what}: {result}"));
        }));
    }

    /// Heals everything and waits until all calls are settled.
    async fn heal(&mut self, world: &mut World) {
        self.trace.note("all heals");
        world.heal();
        world.unblock();
        world.settle().await;
        self.settle_calls().await;
        self.reconcile(world).await;
        sleep(QUIET).await;
    }

    /// Waits until all calls are settled.
    async fn settle_calls(&mut self) {
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
    }

    /// Checks that everybody knows who is connected: first all are, then one person is not.
    async fn check_presence(&self, world: &World) {
        presence::check(&self.trace, &self.devices, None);
        let Some(gone) = self.devices.last().map(|device| device.user.clone()) else { return };
        self.trace.note(format_args!("{gone} goes"));
        let names = self.devices.iter().filter(|device| device.user == gone);
        world.block(names.map(|device| device.name.as_str()));
        sleep(GONE).await;
        presence::check(&self.trace, &self.devices, Some(&gone));
        world.unblock();
        sleep(BACK).await;
    }
}
