//! This process as the only one, or as one node of several.

use std::{fs, sync::Arc};

use anyhow::{Context as _, bail};
use caffis_core::{
    Core, Joining, Ports,
    cluster::{Cluster, Ended},
};
use caffis_redis::{ConnectError, Options, RedisBus};

use crate::{
    config::Config,
    meters::{MeasuredBus, Meters},
    system::SystemBootClock,
};

/// Starts core. With a bus, this process joins the nodes that share the store.
///
/// # Errors
/// What keeps it from starting, in words for the operator.
pub(super) async fn start(
    config: &Config,
    ports: Ports,
    meters: &Arc<Meters>,
) -> anyhow::Result<(Core, Option<Cluster>)> {
    let settings = config.core.clone();
    let Some(bus) = bus(config)? else {
        let core = Core::start(settings, ports).await.context("the store cannot be read")?;
        return Ok((core, None));
    };
    match RedisBus::check(&bus).await {
        Ok(()) => {}
        Err(ConnectError::Refused(reason)) => bail!("the bus does not let this node in: {reason}"),
        // Rooms of this node work without it, and it may come back at any time.
        Err(ConnectError::Unreachable(reason)) => {
            tracing::warn!(reason, "the bus cannot be reached; starting without it");
        }
    }
    let meters = meters.bus.clone();
    let joining = Joining {
        boot_clock: Arc::new(SystemBootClock),
        connect: Box::new(move |node| {
            MeasuredBus::new(Arc::new(RedisBus::connect(node, bus)), meters)
        }),
        address: config.node_name().into(),
        lease: config.cluster.lease,
    };
    let (core, cluster) = Core::join_cluster(settings, ports, joining).await?;
    Ok((core, Some(cluster)))
}

/// Where the bus is; none for the only process of a store.
fn bus(config: &Config) -> anyhow::Result<Option<Options>> {
    let Some(address) = &config.cluster.bus else { return Ok(None) };
    let mut options: Options = address.0.parse().context("bus")?;
    if let Some(password) = &config.cluster.bus_password {
        options = options.with_password(password.0.clone());
    }
    if let Some(path) = &config.cluster.bus_ca {
        let pem = fs::read(path).with_context(|| format!("bus_ca {}", path.display()))?;
        options = options.with_authority(pem);
    }
    Ok(Some(options))
}

/// How the lease of this node ended; never, for a process on its own.
pub(super) async fn ended(cluster: Option<&Cluster>) -> Ended {
    match cluster {
        Some(cluster) => cluster.ended().await,
        None => std::future::pending().await,
    }
}
