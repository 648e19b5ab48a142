//! `caffis-chat serve`: everything together, from the open store to the last farewell.

mod crowd;
mod keys;
mod limits;
mod listen;
mod ports;
mod signals;

use std::{
    fs,
    os::unix::fs::DirBuilderExt,
    path::Path,
    sync::{Arc, atomic::Ordering},
    time::{Duration, SystemTime},
};

use anyhow::Context as _;
use caffis_certs::{Certificates, Source, acme};
use caffis_core::{
    Core, Ports,
    ports::{clock::SharedClock, stamps::Stamps, store::SharedStore},
};
use caffis_embedded::{EmbeddedStore, Options};
use tokio::sync::SetOnce;

use crate::{
    config::Config,
    control::{ControlServer, Services},
    demo,
    http::{App, Origins},
    system::{SystemClock, SystemEntropy},
    tokens::Tokens,
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
    let store = open_store(&config, &clock).await?;
    // From here on this process has the folder: what an earlier one left there is void.
    PortsFile::forget(&config.data);
    let certificates = open_certificates(&config)?;
    let secret = config.token_secret().map(str::to_owned);
    let tokens = Tokens::start(secret.as_deref(), config.tokens.clone(), clock.clone()).await?;
    let tokens = Arc::new(tokens);
    let entropy = Arc::new(SystemEntropy::default());
    let stamps = Stamps::unlimited(clock.clone());
    if config.dev {
        let (store, entropy) = (store.as_ref(), entropy.as_ref());
        let furnished = demo::furnish(store, &stamps, entropy, clock.now()).await;
        furnished.context("the demo users cannot be written")?;
    }
    let ports = Ports {
        store: store.clone() as SharedStore,
        clock: clock.clone(),
        stamps,
        entropy,
        authenticator: tokens.clone(),
    };
    let core = Core::start(config.core.clone(), ports).await.context("the store cannot be read")?;
    let app = Arc::new(App {
        origins: Origins::new(&config),
        udp_port: SetOnce::new(),
        draining: false.into(),
        store: store.clone(),
        clock,
        certificates: certificates.clone(),
        core: core.clone(),
        config,
    });
    let listeners = Listeners::open(&app)?;
    let _ports_file = PortsFile::write(&app.config, &listeners)?;
    let control = ControlServer::start(
        &app.config.data,
        Services { core: core.clone(), store: store.clone() },
    )
    .context("the control socket cannot be made")?;
    let renewal = certificates.keep(CERTIFICATE_CHECK, SystemTime::now);
    while signals.next().await == Signal::Reload {
        reload(&certificates, &tokens).await;
    }
    renewal.abort();
    drop(control);
    tokio::select! {
        biased;
        () = drain(&app, listeners) => Ok(()),
        () = signals.stop_again() => anyhow::bail!("stopped by a second signal while draining"),
    }
}

/// Closes all links and finishes running requests.
async fn drain(app: &App, listeners: Listeners) {
    tracing::info!("draining");
    app.draining.store(true, Ordering::Relaxed);
    listeners.stop_accepting();
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

/// Opens the store with the settings of the configuration.
///
/// # Errors
/// Another process has it, it is of another version, or the system refuses.
pub async fn open_store(
    config: &Config,
    clock: &SharedClock,
) -> anyhow::Result<Arc<EmbeddedStore>> {
    let mut options = Options::new(clock.clone());
    options.reserve_bytes = config.store_reserve;
    options.block_cache_bytes = config.store_cache;
    let folder = config.store_folder();
    let opened = tokio::task::spawn_blocking(move || EmbeddedStore::open(folder, options)).await?;
    Ok(Arc::new(opened?))
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
