//! One node of several: core, joined to the others by a lease.

use std::{
    pin::Pin,
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::time::timeout;

use crate::{
    Settings,
    cluster::{Cluster, ClusterPorts, Drain, JoinError, LeaseSettings, Owner, Shard},
    core::{Core, Peers, Ports},
    model::node::NodeId,
    outgoing::Outgoing,
    peers::questions::{Answered, Question},
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

/// How long a shard that was given up may wait for its new owner.
const TAKEN_WITHIN: Duration = Duration::from_secs(10);

/// Why a shard was not handed over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandOverError {
    /// There is no other node.
    #[error("this process is on its own")]
    Alone,
    /// The node that was asked does not own it.
    #[error("shard {} does not belong to this node", .0.get())]
    NotHere(Shard),
    /// It is to go where it is.
    #[error("shard {} belongs to this node already", .0.get())]
    Here(Shard),
    /// The other node was asked first, and nothing has moved.
    #[error("node {0} does not say that it takes the shard")]
    NoAnswer(NodeId),
    /// It was given up; whoever comes first takes it.
    #[error("shard {} was given up, and nobody has taken it yet", .0.get())]
    NotTaken(Shard),
}

/// The rooms of core, which is made after the lease, and who tells other services of them.
#[derive(Default)]
struct Rooming(OnceLock<(Arc<Rooms>, Option<Arc<Outgoing>>)>);

impl Drain for Rooming {
    fn drain(&self, shard: Shard) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        match self.0.get() {
            Some((rooms, outgoing)) => {
                let (rooms, outgoing) = (rooms.clone(), outgoing.clone());
                let belongs = move |room| Shard::of(room) == shard;
                Box::pin(async move {
                    rooms.drain(belongs).await;
                    if let Some(outgoing) = outgoing {
                        outgoing.drain(belongs).await;
                    }
                })
            }
            None => Box::pin(std::future::ready(())),
        }
    }

    fn inherit(&self, shards: Vec<(Shard, u64)>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        match self.0.get() {
            Some((rooms, _)) => Box::pin(rooms.clone().inherit(shards)),
            None => Box::pin(std::future::ready(())),
        }
    }
}

impl Core {
    /// Hands one shard over to another node, which gives back another one if it has more than its share then.
    ///
    /// # Errors
    /// What keeps the shard from being another node's when this returns.
    pub async fn hand_over(
        &self,
        cluster: &Cluster,
        shard: Shard,
        to: NodeId,
    ) -> Result<(), HandOverError> {
        let nodes = self.nodes().upgrade().ok_or(HandOverError::Alone)?;
        let mut changes = cluster.shards().changes().ok_or(HandOverError::Alone)?;
        if !matches!(cluster.shards().owner(shard), Owner::Here { .. }) {
            return Err(HandOverError::NotHere(shard));
        }
        if to == cluster.node() {
            return Err(HandOverError::Here(shard));
        }
        match nodes.ask(to, &Question::Take(shard.get())).await {
            Ok(Answered::Takes) => {}
            _ => return Err(HandOverError::NoAnswer(to)),
        }
        cluster.give(shard);
        let taken = async {
            let taken = |owner| matches!(owner, Owner::There { node, .. } if node == to);
            while !taken(cluster.shards().owner(shard)) {
                if !changes.changed().await {
                    return std::future::pending().await;
                }
            }
        };
        let taken = timeout(TAKEN_WITHIN, taken).await;
        taken.map_err(|_| HandOverError::NotTaken(shard))
    }

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
        let _ = rooming.0.set((core.rooms().clone(), core.outgoing().cloned()));
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
                while changes.changed().await {
                    let Some(rooms) = rooms.upgrade() else { return };
                    rooms.let_lost_go();
                }
            });
        }
        Ok((core, cluster))
    }
}
