//! What the processes of the server share.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use caffis_conformance::bus::{
    faulty::{BusFaults, Plan as BusPlan},
    memory::Network,
};
use caffis_core::{Settings, cluster::LeaseSettings, ports::stamps::Stamps};

use crate::{Planted, clocks::Seeded, epochs::Epochs, trace::Trace, wire::Wires, witness::Witness};

/// A bus that loses nothing. It takes its time, as every bus does: what asks in a circle must not keep the
/// time from passing.
pub(crate) fn calm() -> BusPlan {
    BusPlan { delay: Duration::from_millis(1), ..BusPlan::default() }
}

/// What the processes share.
pub(crate) struct Ground {
    pub(crate) wires: Arc<Mutex<Wires>>,
    pub(crate) trace: Trace,
    pub(crate) settings: Settings,
    pub(crate) planted: Option<Planted>,
    /// The lease of nodes; none when there is one process alone.
    pub(crate) several: Option<LeaseSettings>,
    pub(crate) network: Network,
    pub(crate) bus: BusFaults,
    pub(crate) entropy: Arc<Seeded>,
    pub(crate) epochs: Arc<Epochs>,
    pub(crate) witness: Arc<Witness>,
    /// Of processes alone, one after the other: the store decides by stamps, and the wall clock may go back
    /// while none runs.
    pub(crate) stamps: Arc<Stamps>,
    pub(crate) starts: Arc<AtomicU32>,
    pub(crate) ends: Arc<AtomicU32>,
    /// Nothing goes wrong any more until the end.
    pub(crate) healed: Arc<AtomicBool>,
}

/// By how much the queues of sessions are too long when that is the planted bug.
const LONGER: usize = 64;

impl Ground {
    /// The settings with which processes start.
    pub(crate) fn process_settings(&self) -> Settings {
        let mut settings = self.settings.clone();
        if self.planted == Some(Planted::OverfillsQueues) {
            settings.session_queue_bytes *= LONGER;
        }
        settings
    }

    /// From now on nothing goes wrong any more.
    pub(crate) fn ends_well(&self) {
        self.healed.store(true, Ordering::Relaxed);
    }

    /// Counts a start.
    pub(crate) fn starts(&self) -> u32 {
        self.starts.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Counts an end.
    pub(crate) fn ended(&self) {
        self.ends.fetch_add(1, Ordering::Relaxed);
    }

    /// How many processes have ended.
    pub(crate) fn ends(&self) -> u32 {
        self.ends.load(Ordering::Relaxed)
    }
}
