//! One node of several: core, joined to the others by a lease.

use std::{
    pin::Pin,
    sync::{Arc, OnceLock},
};

use crate::{
    Settings,
    cluster::{Cluster, ClusterPorts, Drain, JoinError, LeaseSettings, Shard},
    core::{Core, Peers, Ports},
    model::node::NodeId,
    ports::{bus::SharedBus, clock::SharedBootClock},
    room::Rooms,
    sync::spawn,
};

/// What a node needs besides the ports of core.
pub struct Joining {
    /// The clock for leases.
    pub boot_clock: SharedBootClock,
    /// Connects the node to the bus, by the id that it got.
    pub connect: Box<dyn FnOnce(NodeId) -> SharedBus + Send>,
    /// Where the process runs, for people to read.
    pub address: Arc<str>,
    /// How long leases last.
    pub lease: LeaseSettings,
}

/// The rooms of core, which is made after the lease.
#[derive(Default)]
struct Rooming(OnceLock<Arc<Rooms>>);

impl Drain for Rooming {
    fn drain(&self, shard: Shard) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        match self.0.get() {
            Some(rooms) => Box::pin(rooms.clone().drain(move |room| Shard::of(room) == shard)),
            None => Box::pin(std::future::ready(())),
        }
    }

    fn inherit(&self, shards: Vec<(Shard, u64)>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        match self.0.get() {
            Some(rooms) => Box::pin(rooms.clone().inherit(shards)),
            None => Box::pin(std::future::ready(())),
        }
    }
}

impl Core {
    /// Joins the nodes that share a store, inside a tokio runtime. `ports.stamps` come from a source that
    /// the lease reserves for. Rooms are served as soon as shards are claimed. When the lease ends
    /// ([`Cluster::ended`]), the process has to start again.
    ///
    /// # Errors
    /// What keeps the lease from being written, or the store from being read.
    pub async fn join_cluster(
        settings: Settings,
        ports: Ports,
        joining: Joining,
    ) -> Result<(Self, Cluster), JoinError> {
        let Joining { boot_clock, connect, address, lease } = joining;
        let rooming = Arc::new(Rooming::default());
        let cluster_ports = ClusterPorts {
            store: ports.store.clone(),
            clock: ports.clock.clone(),
            boot_clock,
            entropy: ports.entropy.clone(),
            stamps: ports.stamps.clone(),
            drain: rooming.clone(),
            address,
        };
        let (cluster, run) = Cluster::join(cluster_ports, lease).await?;
        let peers = Peers { bus: connect(cluster.node()), owners: Arc::new(cluster.clone()) };
        let core = Self::join(settings, ports, peers).await?;
        // Set once, here.
        let _ = rooming.0.set(core.rooms().clone());
        let mut gone = core.gone();
        spawn(async move {
            // A node without core serves nobody: its lease ends by itself.
            tokio::select! {
                biased;
                _ = gone.changed() => {}
                () = run => {}
            }
        });
        let (mut moves, ended, nodes) = (cluster.moves(), cluster.clone(), core.nodes());
        spawn(async move {
            loop {
                tokio::select! {
                    biased;
                    _ = ended.ended() => return,
                    moved = moves.changed() => if moved.is_err() { return },
                }
                let Some(nodes) = nodes.upgrade() else { return };
                nodes.publish_shards();
            }
        });
        if let Some(mut changes) = cluster.shards().changes() {
            // When the lease ends, all shards change.
            let rooms = Arc::downgrade(core.rooms());
            spawn(async move {
                while changes.changed().await.is_ok() {
                    let Some(rooms) = rooms.upgrade() else { return };
                    rooms.let_lost_go();
                }
            });
        }
        Ok((core, cluster))
    }
}
