//! The wires between devices and the server: slow, lossy, cut now and then.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use caffis_client::{ConnectError, ConnectFuture, Connector};
use caffis_conformance::random::Random;
use caffis_core::Core;
use caffis_link::{
    Lane,
    memory::{Cut, Fate, MemoryLink, Options, pair},
};
use caffis_schema::limits::FRAME_BYTES;
use tokio::task::AbortHandle;

use crate::{
    deaf::Deaf,
    gate::Gate,
    line::Line,
    trace::{Trace, lock},
};

/// How many of a thousand datagrams are lost.
const LOST: u16 = 200;

/// The longest delay of a datagram; one with a shorter delay overtakes it.
const DATAGRAM_DELAY: Duration = Duration::from_millis(60);

/// The longest delay of a frame.
const FRAME_DELAY: Duration = Duration::from_millis(20);

/// The longest delay of a frame on the lane for large answers. Events that are sent after it on the
/// main lane overtake it.
const LANE_DELAY: Duration = Duration::from_millis(500);

/// All wires.
pub(crate) struct Wires {
    random: Random,
    /// The processes that answer, by their seats.
    servers: BTreeMap<usize, (Core, Arc<Gate>)>,
    /// The sessions of each seat.
    served: Vec<(usize, AbortHandle)>,
    /// Of each device the last link: how to cut it, and its doors.
    links: BTreeMap<String, (Cut, Arc<Gate>)>,
    /// Devices without a network.
    pub(crate) blocked: BTreeSet<String>,
    trace: Trace,
}

impl Wires {
    pub(crate) fn new(seed: u64, trace: Trace) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self {
            random: Random::new(seed),
            servers: BTreeMap::new(),
            served: Vec::new(),
            links: BTreeMap::new(),
            blocked: BTreeSet::new(),
            trace,
        }))
    }

    /// Cuts a device's link, if it has one.
    pub(crate) fn cut(&mut self, device: &str) {
        if let Some((cut, _)) = self.links.remove(device) {
            cut.cut();
        }
    }

    /// From now on nothing passes on a device's link, and neither side is told.
    pub(crate) fn half_open(&mut self, device: &str) {
        if let Some((_, line)) = self.links.get(device) {
            line.shut();
        }
    }

    /// A process takes connections.
    pub(crate) fn up(&mut self, seat: usize, process: (Core, Arc<Gate>)) {
        self.servers.insert(seat, process);
    }

    /// The process of a seat is gone, and with it the other ends of its links.
    pub(crate) fn down(&mut self, seat: usize) {
        self.servers.remove(&seat);
        self.served.extract_if(.., |(of, _)| *of == seat).for_each(|(_, task)| task.abort());
    }

    fn connect(&mut self, device: &str) -> Result<MemoryLink, ConnectError> {
        let unreachable = |why: &str| Err(ConnectError::Unreachable(why.to_owned()));
        if self.blocked.contains(device) {
            return unreachable("no network");
        }
        if self.servers.is_empty() {
            return unreachable("no server");
        }
        let picked = self.random.below(self.servers.len());
        let Some((seat, (core, process))) = self.servers.iter().nth(picked) else {
            return unreachable("no server");
        };
        let (seat, core, process) = (*seat, core.clone(), process.clone());
        let mut random = Random::new(self.random.number());
        let delay = millis(&mut self.random, FRAME_DELAY);
        let fate = move |_: &_| {
            if random.chance(LOST) {
                Fate::Drop
            } else {
                Fate::Deliver(millis(&mut random, DATAGRAM_DELAY))
            }
        };
        let mut lane_random = Random::new(self.random.number());
        let frames = move |lane: Lane, _: &_| match lane {
            Lane::MAIN => delay,
            _ => delay + millis(&mut lane_random, LANE_DELAY),
        };
        let lanes = if self.random.chance(500) { 1 } else { 4 };
        let options = Options {
            lanes,
            max_frame: FRAME_BYTES,
            max_datagram: (lanes > 1).then_some(1_000),
            delay,
            frames: Some(Arc::new(Mutex::new(frames))),
            datagrams: Some(Arc::new(Mutex::new(fate))),
            ..Options::default()
        };
        let (ours, theirs) = pair(&options);
        let line = Gate::new();
        self.links.insert(device.to_owned(), (ours.cutter(), line.clone()));
        let theirs = Line { link: theirs, process, line };
        let task = tokio::spawn(async move { core.serve(Box::new(theirs)).await });
        self.served.retain(|(_, task)| !task.is_finished());
        self.served.push((seat, task.abort_handle()));
        let away = delay.as_millis();
        self.trace.note(format_args!("{device} connects to {seat}, {away} ms away"));
        Ok(ours)
    }
}

/// A random number of whole milliseconds, up to the longest.
pub(crate) fn millis(random: &mut Random, longest: Duration) -> Duration {
    let longest = usize::try_from(longest.as_millis()).unwrap_or(usize::MAX - 1);
    Duration::from_millis(random.below(longest + 1) as u64)
}

/// The wire of one device.
pub(crate) struct Wire {
    pub(crate) wires: Arc<Mutex<Wires>>,
    pub(crate) device: String,
    /// Whether resumes reach the server; if not, it is a planted bug.
    pub(crate) resumes: bool,
}

impl Connector for Wire {
    fn connect(&self) -> ConnectFuture<'_> {
        Box::pin(async move {
            let link = lock(&self.wires).connect(&self.device)?;
            if self.resumes { Ok(Box::new(link) as _) } else { Ok(Box::new(Deaf(link)) as _) }
        })
    }
}
