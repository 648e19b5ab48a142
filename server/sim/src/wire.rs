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
    memory::{Cut, Fate, Options, pair},
};
use caffis_schema::limits::FRAME_BYTES;
use tokio::task::AbortHandle;

use crate::{
    deaf::Deaf,
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
    /// The server that answers; none while it is down.
    pub(crate) server: Option<Core>,
    served: Vec<AbortHandle>,
    links: BTreeMap<String, Cut>,
    /// Devices without a network.
    pub(crate) blocked: BTreeSet<String>,
    trace: Trace,
}

impl Wires {
    pub(crate) fn new(seed: u64, trace: Trace) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self {
            random: Random::new(seed),
            server: None,
            served: Vec::new(),
            links: BTreeMap::new(),
            blocked: BTreeSet::new(),
            trace,
        }))
    }

    /// Cuts a device's link, if it has one.
    pub(crate) fn cut(&mut self, device: &str) {
        if let Some(cut) = self.links.remove(device) {
            cut.cut();
        }
    }

    /// The server's process is gone, and with it the other ends of all links.
    pub(crate) fn down(&mut self) {
        self.server = None;
        self.served.drain(..).for_each(|task| task.abort());
        self.links.clear();
    }

    fn connect(&mut self, device: &str) -> Result<caffis_link::memory::MemoryLink, ConnectError> {
        let unreachable = |why: &str| Err(ConnectError::Unreachable(why.to_owned()));
        if self.blocked.contains(device) {
            return unreachable("no network");
        }
        let Some(core) = self.server.clone() else { return unreachable("no server") };
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
        self.links.insert(device.to_owned(), ours.cutter());
        let task = tokio::spawn(async move { core.serve(Box::new(theirs)).await });
        self.served.retain(|task| !task.is_finished());
        self.served.push(task.abort_handle());
        self.trace.note(format_args!("{device} connects, {} ms away", delay.as_millis()));
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
