//! Who owns which room, when several processes share a store.
//!
//! Rooms hash to [`SHARDS`] shards. A node, which is one process from its start to its end, holds a
//! **lease**: a row that it renews every second. Without it the node acknowledges nothing
//! ([`Lease::held`]). A shard's row names its owner and the **epoch** of that ownership. A new owner
//! claims the shard after the old one released it, or after the old one's lease was found silent and
//! ended. The rules are numbered as in the design:
//!
//! 1. A process is a new node each time it starts. It never takes over what bears an old name of its own.
//! 2. Every attempt to renew writes a beat that was never written before (`holder`).
//! 3. A lease counts from the start of a renewal known to have taken effect, on a clock that goes on
//!    during suspend (`lease`, `clock`).
//! 4. A claimer waits after it has read a beat, then fences the silent lease. Only a fence known to have
//!    taken effect allows a claim (`watch`).
//! 5. Work begins when the claim is known to have taken effect (`handover`).
//! 6. A shard is drained, then released; taking it back is a claim with a new epoch (`handover`).
//! 7. Stamps come from a range that the lease reserves, above those of all owners before (`stamps`,
//!    `handover`).
//!
//! `member` watches the others and decides. All of it is one future that the process runs.

mod changes;
mod clock;
mod handover;
mod holder;
mod lease;
mod member;
mod moving;
mod route;
mod rows;
mod settings;
mod shards;
mod stamps;
mod watch;

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use tokio::{sync::watch::Receiver, time::timeout};

pub use self::{
    changes::Changes,
    clock::TokioClock,
    lease::{Ended, Lease},
    member::Drain,
    route::{Owners, SharedOwners},
    settings::{
        CALLS, HANDOVERS, HURRY, LISTED_FOR, LISTING, LeaseSettings, LeaseSettingsError, NODES,
        STAMPS_AHEAD,
    },
    shards::{Owner, SHARDS, Shard, Shards},
};
use self::{
    holder::Holder,
    member::{Control, Member, State},
    rows::Rows,
    stamps::Reservation,
};
use crate::{
    model::node::NodeId,
    ports::{
        clock::{SharedBootClock, SharedClock},
        entropy::{SharedEntropy, bytes},
        stamps::Stamps,
        store::{SharedStore, StoreError},
    },
};

/// What a node of a cluster needs.
#[derive(Clone)]
pub struct ClusterPorts {
    /// The store that the nodes share.
    pub store: SharedStore,
    /// The wall clock.
    pub clock: SharedClock,
    /// The clock for leases.
    pub boot_clock: SharedBootClock,
    /// Randomness, for the node's id.
    pub entropy: SharedEntropy,
    /// The source of all stamps of this process, made by [`Stamps::reserved`].
    pub stamps: Arc<Stamps>,
    /// Who empties the rooms of a shard that is handed over.
    pub drain: Arc<dyn Drain>,
    /// Where the process runs, for people to read.
    pub address: Arc<str>,
}

/// The future that keeps the lease and the shards. It ends with the lease; if it does not run, the lease
/// lapses.
pub type Run = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Why a node could not join.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// The settings do not fit each other.
    #[error(transparent)]
    Settings(#[from] LeaseSettingsError),
    /// The lease could not be written.
    #[error("the node could not join the cluster: {0}")]
    Store(#[from] StoreError),
}

/// This process as a node. Cheap to clone; all clones are the same node.
#[derive(Clone)]
pub struct Cluster {
    node: NodeId,
    lease: Lease,
    shards: Shards,
    control: Arc<Control>,
}

impl Cluster {
    /// The only process of a store that it keeps locked: it owns every shard in epoch 1, and its lease
    /// is always held.
    #[must_use]
    pub fn alone() -> Self {
        Self {
            node: NodeId::from_random(0),
            lease: Lease::always(),
            shards: Shards::alone(),
            control: Arc::default(),
        }
    }

    /// Joins the nodes that share a store, as a new node (rule 1). The returned future has to run for as
    /// long as the node lives.
    ///
    /// # Errors
    /// Settings that do not fit, and what the store says if the lease is not known to have been written
    /// within the lease time. A caller that tries again joins as another node.
    pub async fn join(
        ports: ClusterPorts,
        settings: LeaseSettings,
    ) -> Result<(Self, Run), JoinError> {
        settings.check()?;
        let ClusterPorts { store, clock, boot_clock, entropy, stamps, drain, address } = ports;
        // Rule 1: a new name each time.
        let node = NodeId::from_random(u64::from_le_bytes(bytes(&*entropy)));
        let rows = Rows { store, within: settings.lease_renewal };
        let ahead = settings.lease_time * STAMPS_AHEAD;
        let reservation = Reservation { stamps: stamps.clone(), clock, ahead };
        let name = (node, address.clone());
        let holder =
            Holder::join(rows.clone(), boot_clock.clone(), settings, reservation, name).await?;
        let (lease, shards, control) = (holder.lease(), Shards::unowned(), Arc::default());
        tracing::info!(%node, %address, "joined the cluster");
        let cluster = Self { node, lease: lease.clone(), shards, control };
        let member = Member {
            node,
            address,
            rows,
            clock: boot_clock,
            settings,
            stamps,
            lease,
            drain,
            shards: cluster.shards.clone(),
            control: cluster.control.clone(),
            state: State::default(),
        };
        let done = cluster.control.clone();
        let run = async move {
            tokio::join!(holder.run(), member.run());
            done.done.send_replace(true);
        };
        Ok((cluster, Box::pin(run)))
    }

    /// This node.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// The lease. Check it after each write, before the write is acknowledged.
    #[must_use]
    pub fn lease(&self) -> &Lease {
        &self.lease
    }

    /// Who owns which shard.
    #[must_use]
    pub fn shards(&self) -> &Shards {
        &self.shards
    }

    /// Marks each time that this node has given up a shard or claimed one: others are to look at once. The
    /// value is of no interest.
    #[must_use]
    pub fn moves(&self) -> Receiver<()> {
        self.control.moves.subscribe()
    }

    /// How the lease ended; waits until it does. Then the process has to start again.
    pub async fn ended(&self) -> Ended {
        self.lease.ended().await
    }

    /// Looks at the store now: another node has said that something changed.
    pub fn wake(&self) {
        self.control.wake.notify_one();
    }

    /// Gives one shard up; until another node has taken it, or some seconds have passed, this one does not
    /// claim it.
    pub(crate) fn give(&self, shard: Shard) {
        self.control.moving.give(shard);
        self.wake();
    }

    /// Takes one shard as soon as its owner has given it up.
    pub(crate) fn take(&self, shard: Shard) {
        self.control.moving.take(shard);
        self.wake();
    }

    /// Hands all shards over and ends the lease. Others take over what is left after this time, without
    /// waiting, because the lease has ended. Ending it may take as long again. A process alone has nothing
    /// to hand over, and keeps its lease.
    pub async fn leave(&self, within: Duration) {
        if self.shards.changes().is_none() {
            return;
        }
        let (mut empty, mut done) = (self.control.empty.subscribe(), self.control.done.subscribe());
        self.control.leaving.send_replace(true);
        self.lease.wish(|wishes| wishes.leaving = true);
        self.wake();
        let _ = timeout(within, async {
            tokio::select! {
                biased;
                _ = self.lease.ended() => {}
                _ = empty.wait_for(|empty| *empty) => {}
            }
        })
        .await;
        // This node acknowledges nothing more; only then may the store say so.
        self.lease.end(Ended::Left);
        let _ = timeout(within, done.wait_for(|done| *done)).await;
    }
}
