//! Restoring a backup under running clients.

use tokio::time::sleep;

use super::{Life, QUIET};
use crate::{trace::lock, wire::millis, world::World};

/// How many things happen after the backup and are lost.
const LOST_STEPS: u32 = 100;

impl Life {
    /// Takes a backup, lets life go on for a while, and restores the backup under clients that
    /// remember what is lost. They all reconnect before anything else happens: a client that returns
    /// once a room has grown past its cursor again cannot tell that the log is a different one.
    pub(super) async fn lose(&mut self, world: &mut World) {
        self.heal(world).await;
        self.trace.note("a backup is taken");
        let (backup, heads) = (world.backup(), world.ground.witness.heads());
        let ledger = lock(&self.ledger).clone();
        let seen: Vec<_> =
            self.devices.iter().map(|device| lock(&device.seen).entries.clone()).collect();
        for _ in 0..LOST_STEPS {
            sleep(millis(&mut self.random, self.pace)).await;
            self.step(world).await;
        }
        self.heal(world).await;
        world.crash_all().await;
        self.trace.note("the backup is restored");
        world.restore(backup);
        world.ground.witness.restore(heads);
        // What was seen since the backup was true once, and no longer is.
        for (device, entries) in self.devices.iter().zip(seen) {
            lock(&device.seen).entries = entries;
        }
        *lock(&self.ledger) = ledger;
        world.start().await;
        sleep(QUIET).await;
    }
}
