//! `caffis-chat serve`: everything together, from the open store to the last farewell.

mod crowd;
mod keys;
mod limits;
mod listen;
mod node;
mod ports;
mod signals;

use std::{
    fs::{self, File},
    os::unix::fs::DirBuilderExt,
    path::Path,
    sync::{Arc, atomic::Ordering},
    time::{Duration, SystemTime},
};

use anyhow::Context as _;
use caffis_certs::{Certificates, Source, acme};
use caffis_core::{
    Ports,
    ports::{clock::SharedClock, stamps::Stamps},
};
use caffis_transport::{lobby::Lobby, sse::Streams};
use tokio::sync::{Notify, SetOnce};

use crate::{
    config::Config,
    control::{ControlServer, Services},
    demo,
    http::{App, Origins, Rates, Requests, Sources, Taker, calls},
    meters::{MeasuredStore, Meters},
    service_keys::ServiceKeys,
    storage::Storage,
    system::{SystemClock, SystemEntropy},
    tokens::Tokens,
    webhooks,
};

use self::{
    listen::Listeners,
    ports::PortsFile,
    signals::{Signal, Signals},
};

/// How often certificates are looked at: files may change, our own becomes due.
const CERTIFICATE_CHECK: Duration = Duration::from_secs(10);

/// How long connections that are not links may take to end after a drain.
const LAST_REQUESTS: Duration = Duration::from_secs(1);

/// Serves until a signal says to stop, then drains.
///
/// # Errors
/// What keeps the server from starting, in words for its operator.
pub async fn run(config: Config) -> anyhow::Result<()> {
    config.check_serving()?;
    limits::check(config.max_connections);
    let mut signals = Signals::listen().context("signals cannot be received")?;
    make_private_folder(&config.data)?;
    let clock: SharedClock = Arc::new(SystemClock);
    let meters = Arc::new(Meters::default());
    let _held = hold(&config)?;
    let store = Storage::open(&config, &clock).await?;
    // From here on this process has the folder: what an earlier one left there is void.
    PortsFile::forget(&config.data);
    let certificates = open_certificates(&config)?;
    let secret = config.token_secret().map(str::to_owned);
    let tokens = Tokens::start(secret.as_deref(), config.tokens.clone(), clock.clone()).await?;
    let tokens = Arc::new(tokens);
    let entropy = Arc::new(SystemEntropy::default());
    // Of a shared store, stamps are given by the lease.
    let stamps = match &store {
        Storage::Embedded(_) => Stamps::unlimited(clock.clone()),
        Storage::Shared(_) => Stamps::reserved(clock.clone()),
    };
    if let (Storage::Embedded(store), true) = (&store, config.dev) {
        let furnished = demo::furnish(store.as_ref(), &stamps, entropy.as_ref(), clock.now()).await;
        furnished.context("the demo users cannot be written")?;
    }
    let measured = MeasuredStore::new(store.port(), meters.store.clone());
    let keys = ServiceKeys::new(measured.clone(), stamps.clone(), clock.clone());
    let keys = Arc::new(keys);
    let ports = Ports {
        store: measured,
        clock: clock.clone(),
        stamps,
        entropy,
        authenticator: tokens.clone(),
        reactors: Vec::new(),
        index: None,
        endpoints: Some(webhooks::endpoints(&config.hooks)?),
    };
    let (core, cluster) = node::start(&config, ports, &meters).await?;
    let streams = Streams::new(config.max_connections as usize);
    core.take_posts(Arc::new(Taker(streams.clone())));
    let app = Arc::new(App {
        origins: Origins::new(&config),
        hooks: Sources::new(&config)?,
        udp_port: SetOnce::new(),
        draining: false.into(),
        lobby: Lobby::new(config.max_connections as usize, config.max_waiting as usize),
        streams,
        meters,
        store: store.clone(),
        cluster: cluster.clone(),
        clock: clock.clone(),
        keys: keys.clone(),
        requests: Requests::new(calls()),
        rates: Rates::default(),
        certificates: certificates.clone(),
        core: core.clone(),
        config,
    });
    let listeners = Listeners::open(&app)?;
    let _ports_file = PortsFile::write(&app.config, &listeners)?;
    let leave = Arc::new(Notify::new());
    let control = ControlServer::start(
        &app.config.data,
        Services { core, store, cluster: cluster.clone(), keys, clock, leave: leave.clone() },
    )
    .context("the control socket cannot be made")?;
    let renewal = certificates.keep(CERTIFICATE_CHECK, SystemTime::now);
    let lost = loop {
        tokio::select! {
            biased;
            ended = node::ended(cluster.as_ref()) => break Some(ended),
            () = leave.notified() => break None,
            signal = signals.next() => match signal {
                Signal::Reload => reload(&certificates, &tokens).await,
                Signal::Stop => break None,
            },
        }
    };
    renewal.abort();
    drop(control);
    tokio::select! {
        biased;
        () = drain(&app, listeners) => {}
        () = signals.stop_again() => anyhow::bail!("stopped by a second signal while draining"),
    }
    match lost {
        None => Ok(()),
        // A node that has lost its lease never gets it back: a new process is a new node.
        Some(ended) => anyhow::bail!("this node's lease has ended ({ended:?}): start it again"),
    }
}

/// Hands all rooms over, closes all links and finishes running requests.
async fn drain(app: &App, listeners: Listeners) {
    tracing::info!("draining");
    app.draining.store(true, Ordering::Relaxed);
    listeners.stop_accepting();
    if let Some(cluster) = &app.cluster {
        cluster.leave(app.config.handover_within).await;
    }
    app.core.drain(app.config.drain_delay, app.config.drain_within).await;
    listeners.shutdown(LAST_REQUESTS).await;
    let statistics = app.core.statistics();
    tracing::info!(sessions.left = statistics.sessions, "drained");
}

async fn reload(certificates: &Certificates, tokens: &Tokens) {
    match certificates.reload(SystemTime::now()) {
        Ok(changed) => tracing::info!(changed, "certificates read again"),
        Err(error) => tracing::error!(%error, "the old certificate stays"),
    }
    tokens.reload().await;
}

/// Makes the data folder, for the server's user only.
fn make_private_folder(path: &Path) -> anyhow::Result<()> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.with_context(|| format!("the data folder {} cannot be made", path.display()))
}

/// Keeps other processes out of the data folder as long as the result lives; the embedded store does so by
/// itself.
fn hold(config: &Config) -> anyhow::Result<Option<File>> {
    if config.store.address.is_none() {
        return Ok(None);
    }
    let path = config.data.join("lock");
    let file = File::create(&path).with_context(|| format!("{} cannot be made", path.display()))?;
    let taken =
        || format!("the data folder {} is in use by another process", config.data.display());
    file.try_lock().with_context(taken)?;
    Ok(Some(file))
}

fn open_certificates(config: &Config) -> anyhow::Result<Certificates> {
    let names = config.hosts.clone();
    let source = match (&config.tls_certificate, &config.tls_key) {
        (Some(chain), Some(key)) => Source::Files { chain: chain.clone(), key: key.clone(), names },
        _ if !config.acme.domains.is_empty() => Source::Acme(acme::Settings {
            folder: config.data.join("acme"),
            domains: config.acme.domains.clone(),
            contact: config.acme.contact.clone(),
            directory: config.acme.directory.clone(),
            root: config.acme.ca.clone(),
        }),
        _ => Source::Development { folder: config.data.join("certificate"), names },
    };
    Certificates::open(source, SystemTime::now()).context("no usable certificate")
}
