//! The connections to one server: one to publish, and one that hears.
//!
//! A line subscribes to what the registry says that nobody hears, of the slots that it has. It asks the
//! server again and again whether it is still there. When a connection fails, both are dropped and opened
//! again, and everything is subscribed to again.

use std::{
    ops::RangeInclusive,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::future::join;
use redis::{PushInfo, PushKind, Value, aio::MultiplexedConnection, cmd, pipe};
use tokio::{
    sync::Notify,
    time::{MissedTickBehavior, interval, sleep},
};

use crate::{
    connect::{self, ConnectError, Greeting, greet, open, text},
    context::Context,
    names::{Channel, slot},
    options::Address,
    registry::Via,
};

/// How often a server is asked whether it is still there.
const HEALTH: Duration = Duration::from_secs(1);

/// The wait before the second attempt to connect; it doubles with each, up to [`LAST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest wait between two attempts to connect.
const LAST_PAUSE: Duration = Duration::from_secs(2);

/// Channels that are subscribed to, or given up, at once.
const BATCH: usize = 512;

/// How a line stands.
#[derive(Clone)]
pub(crate) enum Standing {
    /// It connects for the first time.
    Starting,
    /// It is connected: this is for publishing.
    Up(MultiplexedConnection),
    /// There is no connection, for this reason.
    Down(Arc<str>),
}

/// What a line is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Slots {
    /// All channels: a server on its own.
    All,
    /// These, of a Redis Cluster.
    Some(Vec<RangeInclusive<u16>>),
}

/// The connections to one server. See the module's documentation.
pub(crate) struct Line {
    context: Arc<Context>,
    /// Of a server on its own, those that are tried in turn.
    addresses: Vec<Address>,
    is_cluster: bool,
    slots: Mutex<Slots>,
    /// The slots have changed since it last looked.
    moved: AtomicBool,
    standing: Mutex<Standing>,
    /// There may be something to subscribe to.
    pub(crate) work: Notify,
    /// Who owns which slot, or what the servers are, may have changed.
    astray: Arc<Notify>,
}

/// Two connections that work.
struct Up {
    publishing: MultiplexedConnection,
    hearing: MultiplexedConnection,
    ear: Arc<Ear>,
}

/// Takes in what Redis pushes.
struct Ear {
    context: Arc<Context>,
    via: Via,
    /// How much was pushed.
    count: AtomicU64,
    /// The connection is no longer what it should be.
    broken: Notify,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Line {
    pub(crate) fn new(
        context: Arc<Context>,
        addresses: Vec<Address>,
        slots: Slots,
        astray: Arc<Notify>,
    ) -> Arc<Self> {
        let is_cluster = matches!(slots, Slots::Some(_));
        let (slots, standing) = (Mutex::new(slots), Mutex::new(Standing::Starting));
        let (moved, work) = (AtomicBool::new(false), Notify::new());
        Arc::new(Self { context, addresses, is_cluster, slots, moved, standing, work, astray })
    }

    /// Whether it is a part of a Redis Cluster.
    pub(crate) fn is_cluster(&self) -> bool {
        self.is_cluster
    }

    /// How it stands.
    pub(crate) fn standing(&self) -> Standing {
        lock(&self.standing).clone()
    }

    /// Whether a channel lies here.
    pub(crate) fn owns(&self, channel: &str) -> bool {
        match &*lock(&self.slots) {
            Slots::All => true,
            Slots::Some(ranges) => {
                let slot = slot(channel);
                ranges.iter().any(|range| range.contains(&slot))
            }
        }
    }

    /// From now on it has these slots.
    pub(crate) fn have(&self, slots: Slots) {
        let old = std::mem::replace(&mut *lock(&self.slots), slots.clone());
        if old != slots {
            self.moved.store(true, Ordering::Release);
            self.work.notify_one();
        }
    }

    /// The command that publishes here.
    pub(crate) fn publish(&self) -> &'static str {
        if self.is_cluster { "SPUBLISH" } else { "PUBLISH" }
    }

    /// It is needed no more, for this reason. Its task has been stopped.
    pub(crate) fn end(&self, reason: &str) {
        self.down(reason);
    }

    fn down(&self, reason: &str) {
        *lock(&self.standing) = Standing::Down(reason.into());
        self.context.registry.change();
    }

    /// Connects, and again whenever the connection is lost; never ends by itself.
    pub(crate) async fn run(self: Arc<Self>) {
        let mut pause = FIRST_PAUSE;
        let mut told = String::new();
        // So that not all nodes come back at the same moment.
        let spread = Duration::from_millis(self.context.node.get() % 100);
        loop {
            let reason = match self.connect().await {
                Ok(up) => {
                    let lost = Lost(&self.context, up.ear.via);
                    let reason = self.serve(&up, &mut pause, &mut told).await;
                    *lock(&self.standing) = Standing::Down(reason.as_str().into());
                    drop(lost);
                    reason
                }
                Err(error) => error.to_string(),
            };
            self.down(&reason);
            if told != reason {
                tracing::warn!(reason, "the bus cannot be reached");
                told = reason;
            }
            self.astray.notify_one();
            sleep(pause + spread).await;
            pause = (pause * 2).min(LAST_PAUSE);
        }
    }

    /// Opens both connections to the first server that will do.
    async fn connect(&self) -> Result<Up, ConnectError> {
        let mut reason = ConnectError::Unreachable("there is no server".to_owned());
        for address in &self.addresses {
            match self.connect_to(address).await {
                Ok(up) => return Ok(up),
                Err(error) => reason = error,
            }
        }
        Err(reason)
    }

    async fn connect_to(&self, address: &Address) -> Result<Up, ConnectError> {
        let (options, registry) = (&self.context.options, &self.context.registry);
        let ear = Arc::new(Ear {
            context: self.context.clone(),
            via: registry.next_via(),
            count: AtomicU64::new(0),
            broken: Notify::new(),
        });
        let (hears, closes) = (ear.clone(), ear.clone());
        let publishing = open(options, address, move |info| {
            if info.kind == PushKind::Disconnection {
                closes.broken.notify_one();
            }
        });
        let hearing = open(options, address, move |info| hears.take(info));
        let (publishing, hearing) = join(publishing, hearing).await;
        let up = Up { publishing: publishing?, hearing: hearing?, ear };
        self.check(&up).await.map_err(|reason| within(address, &reason))?;
        if self.owns(&self.context.own) {
            // Publishing may be forbidden. This means nothing to whoever hears it.
            let mut probe = cmd(self.publish());
            probe.arg(&*self.context.own).arg("");
            let probed = connect::send(&up.publishing, &probe).await;
            probed.map_err(|reason| connect::error(&address.to_string(), &reason))?;
        }
        Ok(up)
    }

    /// Serves until something fails; says what.
    async fn serve(&self, up: &Up, pause: &mut Duration, told: &mut String) -> String {
        let mut health = interval(HEALTH);
        health.set_missed_tick_behavior(MissedTickBehavior::Delay);
        health.reset();
        let mut begun = false;
        loop {
            let synced = tokio::select! {
                biased;
                () = up.ear.broken.notified() => return "the connection was lost".to_owned(),
                synced = self.sync(up) => synced,
            };
            if let Err(reason) = synced {
                return reason;
            }
            if !begun {
                begun = true;
                *lock(&self.standing) = Standing::Up(up.publishing.clone());
                self.context.registry.change();
                if !told.is_empty() {
                    tracing::info!("the bus can be reached again");
                    told.clear();
                }
            }
            tokio::select! {
                biased;
                () = up.ear.broken.notified() => return "the connection was lost".to_owned(),
                () = self.work.notified() => {}
                _ = health.tick() => {
                    if let Err(reason) = self.check(up).await {
                        return reason;
                    }
                    *pause = FIRST_PAUSE;
                }
            }
        }
    }

    /// Checks that the server answers on both connections, and that it is one to talk to.
    async fn check(&self, up: &Up) -> Result<(), String> {
        let before = up.ear.count.load(Ordering::Relaxed);
        let (publishing, hearing) = join(greet(&up.publishing), greet(&up.hearing)).await;
        let heard = up.ear.count.load(Ordering::Relaxed) != before;
        match hearing {
            // The answer waits behind messages that do arrive.
            Err(reason) if reason.is_timeout() && heard => {}
            hearing => {
                hearing.map_err(|reason| reason.to_string())?;
            }
        }
        let Greeting { is_cluster, is_master } = publishing.map_err(|reason| reason.to_string())?;
        if is_cluster != self.is_cluster {
            self.astray.notify_one();
            return Err("the server has joined or left a Redis Cluster".to_owned());
        }
        if !is_master {
            return Err("the server is a read-only replica; the bus needs its master".to_owned());
        }
        Ok(())
    }

    /// Subscribes to what has to be heard here, and gives up what has not.
    async fn sync(&self, up: &Up) -> Result<(), String> {
        let (registry, via) = (&self.context.registry, up.ear.via);
        if self.moved.swap(false, Ordering::AcqRel) {
            let gone = registry.take_from(via, |channel| self.owns(channel));
            for channels in gone.chunks(BATCH) {
                up.unsubscribe(self.is_cluster, channels).await?;
            }
        }
        loop {
            let idle = registry.take_idle(via, BATCH);
            up.unsubscribe(self.is_cluster, &idle).await?;
            let unheard = registry.unheard(|channel| self.owns(channel), BATCH);
            up.subscribe(self.is_cluster, &unheard).await?;
            let strays = registry.heard(via, &unheard);
            up.unsubscribe(self.is_cluster, &strays).await?;
            if idle.is_empty() && unheard.is_empty() {
                return Ok(());
            }
        }
    }
}

fn within(address: &Address, reason: &str) -> ConnectError {
    ConnectError::Unreachable(format!("{address}: {reason}"))
}

/// Takes note, when dropped, that a connection hears nothing any more, also if its task is stopped.
struct Lost<'a>(&'a Context, Via);

impl Drop for Lost<'_> {
    fn drop(&mut self) {
        self.0.lose(self.1);
    }
}

impl Up {
    async fn subscribe(&self, sharded: bool, channels: &[Channel]) -> Result<(), String> {
        let (command, kind) = match sharded {
            true => ("SSUBSCRIBE", PushKind::SSubscribe),
            false => ("SUBSCRIBE", PushKind::Subscribe),
        };
        self.change(command, &kind, channels).await
    }

    async fn unsubscribe(&self, sharded: bool, channels: &[Channel]) -> Result<(), String> {
        let (command, kind) = match sharded {
            true => ("SUNSUBSCRIBE", PushKind::SUnsubscribe),
            false => ("UNSUBSCRIBE", PushKind::Unsubscribe),
        };
        self.change(command, &kind, channels).await
    }

    /// One command for each channel, all in one write; waits until each has been confirmed.
    async fn change(
        &self,
        command: &'static str,
        kind: &PushKind,
        channels: &[Channel],
    ) -> Result<(), String> {
        if channels.is_empty() {
            return Ok(());
        }
        let mut commands = pipe();
        for channel in channels {
            commands.cmd(command).arg(&**channel);
        }
        let mut hearing = self.hearing.clone();
        let answers = hearing.send_packed_commands(&commands, 0, channels.len()).await;
        let answers = answers.map_err(|reason| format!("{command}: {reason}"))?;
        for (channel, answer) in channels.iter().zip(answers) {
            let answer = answer.extract_error().map_err(|reason| format!("{command}: {reason}"))?;
            let confirmed = match &answer {
                Value::Push { kind: confirmed, data } if confirmed == kind => data.first(),
                _ => None,
            };
            if confirmed.and_then(text) != Some(&**channel) {
                return Err(connect::unexpected(command, &answer).to_string());
            }
        }
        Ok(())
    }
}

impl Ear {
    fn take(&self, info: PushInfo) {
        self.count.fetch_add(1, Ordering::Relaxed);
        let PushInfo { kind, data } = info;
        let mut data = data.into_iter();
        match kind {
            PushKind::Message | PushKind::SMessage => {
                if let (Some(channel), Some(Value::BulkString(bytes))) = (data.next(), data.next())
                    && let Some(channel) = text(&channel)
                {
                    self.context.receive(self.via, channel, bytes);
                }
            }
            // A slot has moved to another server, and with it the channel.
            PushKind::Unsubscribe | PushKind::SUnsubscribe => {
                let channel = data.next();
                if let Some(channel) = channel.as_ref().and_then(text)
                    && self.context.registry.hears(self.via, channel)
                {
                    self.broken.notify_one();
                }
            }
            PushKind::Disconnection => self.broken.notify_one(),
            _ => {}
        }
    }
}
