//! The endpoints at work: each has a worker with tasks of its own, which end with it.

use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use caffis_schema::{Timestamp, endpoints::EndpointSettings};
use tokio::sync::watch;

use super::{Endpoint, worker::Worker};
use crate::{newest::Newest, ports::webhooks::Target, sync::spawn};

/// An endpoint that was made by API, as this node knows it.
pub(super) struct Made {
    /// When: another endpoint of the same name was made at another time.
    pub(super) created: Timestamp,
    /// What is told of it to those who ask.
    pub(super) settings: Mutex<EndpointSettings>,
    /// Where it is now.
    pub(super) target: Mutex<Target>,
}

/// An endpoint at work.
pub(super) struct Running {
    pub(super) worker: Arc<Worker>,
    /// None if the configuration has it.
    pub(super) made: Option<Made>,
    /// How people are, for this endpoint.
    pub(super) newest: Arc<Newest>,
    /// Dropped with this: the tasks end.
    _alive: watch::Sender<()>,
}

impl Running {
    /// Starts the tasks of a worker.
    pub(super) fn start(worker: Worker, made: Option<Made>) -> Arc<Self> {
        let (alive, ended) = watch::channel(());
        let (worker, newest) = (Arc::new(worker), Arc::<Newest>::default());
        spawn(worker.clone().deliver(ended.clone()));
        spawn(worker.clone().keep(ended.clone()));
        spawn(worker.clone().tell_reports(ended.clone()));
        spawn(worker.clone().tell_presence(newest.clone(), ended));
        Arc::new(Self { worker, made, newest, _alive: alive })
    }

    /// Its name.
    pub(super) fn name(&self) -> &Arc<str> {
        &self.worker.name
    }

    /// What it is told now.
    pub(super) fn endpoint(&self) -> Arc<Endpoint> {
        self.worker.endpoint()
    }
}

/// All endpoints at work, in the order of their names.
#[derive(Default)]
pub(super) struct Workers(ArcSwap<Vec<Arc<Running>>>);

impl Workers {
    /// All of them, as they are now.
    pub(super) fn all(&self) -> Arc<Vec<Arc<Running>>> {
        self.0.load_full()
    }

    /// From now on there are these.
    pub(super) fn set(&self, mut running: Vec<Arc<Running>>) {
        running.sort_by(|one, other| one.name().cmp(other.name()));
        self.0.store(Arc::new(running));
    }
}
