//! Which lines there are: one to a server on its own, or one to each master of a Redis Cluster.

use std::{
    collections::BTreeMap,
    ops::RangeInclusive,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use redis::aio::MultiplexedConnection;
use tokio::{
    sync::Notify,
    task::{AbortHandle, JoinSet},
    time::sleep,
};

use crate::{
    connect::{self, ConnectError, greet, open, slots},
    context::Context,
    line::{Line, Slots},
    options::{Address, Options},
};

/// How often the servers of a Redis Cluster are asked who has which slots.
const REFRESH: Duration = Duration::from_secs(5);

/// The shortest wait between two such questions, and the wait after one that failed.
const PAUSE: Duration = Duration::from_millis(500);

/// The lines to all servers.
pub(crate) struct Lines {
    all: Mutex<Known>,
    /// Look again: something has changed.
    pub(crate) astray: Arc<Notify>,
}

enum Known {
    /// Not asked yet.
    Nothing,
    /// None can be reached, for this reason.
    Unreachable(Arc<str>),
    Lines(Vec<Arc<Line>>),
}

/// The line of a channel.
pub(crate) enum Found {
    /// It is not known yet.
    NotYet,
    Line(Arc<Line>),
    /// There is none, for this reason.
    None(Arc<str>),
}

impl Default for Lines {
    fn default() -> Self {
        Self { all: Mutex::new(Known::Nothing), astray: Arc::default() }
    }
}

impl Lines {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The line of a channel.
    pub(crate) fn of(&self, channel: &str) -> Found {
        match &*self.lock() {
            Known::Nothing => Found::NotYet,
            Known::Unreachable(reason) => Found::None(reason.clone()),
            Known::Lines(lines) => match lines.iter().find(|line| line.owns(channel)) {
                Some(line) => Found::Line(line.clone()),
                None => Found::None("no server of the Redis Cluster has the slot".into()),
            },
        }
    }

    /// The bus has ended.
    pub(crate) fn end(&self) {
        *self.lock() = Known::Unreachable("the bus has ended".into());
    }
}

/// The masters of a Redis Cluster and their slots; none for a server on its own.
type Masters = Option<BTreeMap<Address, Vec<RangeInclusive<u16>>>>;

/// Keeps the lines in step with the servers that there are; never ends by itself.
pub(crate) async fn keep(context: Arc<Context>, lines: Arc<Lines>) {
    let mut keeper = Keeper { context, lines, tasks: JoinSet::new(), running: BTreeMap::new() };
    loop {
        let wait = match keeper.look().await {
            Ok(None) => {
                keeper.alone();
                None
            }
            Ok(Some(masters)) => {
                keeper.cluster(masters);
                Some(REFRESH)
            }
            Err(error) => {
                keeper.unreachable(&error);
                Some(PAUSE)
            }
        };
        // A line that connects again asks for a look each time.
        sleep(PAUSE).await;
        let again = keeper.lines.astray.notified();
        match wait {
            None => again.await,
            Some(wait) => {
                // Either is a reason to look.
                let _ = tokio::time::timeout(wait, again).await;
            }
        }
    }
}

struct Keeper {
    context: Arc<Context>,
    lines: Arc<Lines>,
    tasks: JoinSet<()>,
    /// By the server of a Redis Cluster; none for the line to a server on its own.
    running: BTreeMap<Option<Address>, (Arc<Line>, AbortHandle)>,
}

impl Keeper {
    /// Asks a server which can be reached what there is: those that were given first, then those that
    /// were found.
    async fn look(&self) -> Result<Masters, ConnectError> {
        let given = self.context.options.servers.iter();
        let found = self.running.keys().flatten();
        let mut reason = ConnectError::Unreachable("there is no server".to_owned());
        for address in given.chain(found) {
            match masters(&self.context.options, address).await {
                Ok(masters) => return Ok(masters),
                Err(error) => reason = error,
            }
        }
        Err(reason)
    }

    fn alone(&mut self) {
        self.retain(Option::is_none);
        if self.running.is_empty() {
            let addresses = self.context.options.servers.clone();
            self.start(None, addresses, Slots::All);
        }
        self.publish();
    }

    fn cluster(&mut self, masters: BTreeMap<Address, Vec<RangeInclusive<u16>>>) {
        self.retain(|address| address.as_ref().is_some_and(|found| masters.contains_key(found)));
        // First all give up what they no longer have, then the others take it.
        let mut masters: Vec<_> =
            masters.into_iter().map(|(address, ranges)| (address, Slots::Some(ranges))).collect();
        masters.retain(|(address, slots)| match self.running.get(&Some(address.clone())) {
            Some((line, _)) => {
                line.have(slots.clone());
                false
            }
            None => true,
        });
        for (address, slots) in masters {
            self.start(Some(address.clone()), vec![address], slots);
        }
        self.publish();
        // What one has given up another can take now.
        self.running.values().for_each(|(line, _)| line.work.notify_one());
    }

    fn unreachable(&self, error: &ConnectError) {
        if self.running.is_empty() {
            let reason: Arc<str> = error.to_string().into();
            let mut known = self.lines.lock();
            if !matches!(&*known, Known::Unreachable(old) if *old == reason) {
                tracing::warn!(%reason, "the bus cannot be reached");
                *known = Known::Unreachable(reason);
            }
            drop(known);
            self.context.registry.change();
        }
    }

    fn start(&mut self, key: Option<Address>, addresses: Vec<Address>, slots: Slots) {
        let astray = self.lines.astray.clone();
        let line = Line::new(self.context.clone(), addresses, slots, astray);
        let task = self.tasks.spawn(line.clone().run());
        self.running.insert(key, (line, task));
    }

    /// Stops the lines for which this does not hold.
    fn retain(&mut self, keeps: impl Fn(&Option<Address>) -> bool) {
        self.running.retain(|address, (line, task)| {
            let keep = keeps(address);
            if !keep {
                task.abort();
                line.end("the server is no longer a part of the bus");
            }
            keep
        });
        while self.tasks.try_join_next().is_some() {}
    }

    fn publish(&self) {
        let lines = self.running.values().map(|(line, _)| line.clone()).collect();
        *self.lines.lock() = Known::Lines(lines);
        self.context.registry.change();
    }
}

/// Asks one server what there is.
pub(crate) async fn masters(options: &Options, address: &Address) -> Result<Masters, ConnectError> {
    let connection: MultiplexedConnection = open(options, address, |_| {}).await?;
    let error = |reason| connect::error(&address.to_string(), &reason);
    if !greet(&connection).await.map_err(error)?.is_cluster {
        return Ok(None);
    }
    Ok(Some(slots(&connection, address).await.map_err(error)?))
}
