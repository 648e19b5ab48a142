//! A backup, and what is lost when it is restored.

use tokio::time::sleep;

use super::{Life, QUIET, STEP};
use crate::{trace::lock, wire::millis, world::World};

/// Things that happen after the backup, and are lost.
const LOST_STEPS: u32 = 100;

impl Life {
    /// Takes a backup, lives on for a while, loses the store and restores the backup under clients
    /// that remember what is gone. They all come back before anything else happens: a client that
    /// returns when a room is as long again cannot know that it is another one.
    pub(super) async fn lose(&mut self, world: &mut World) {
        self.heal(world).await;
        self.trace.note("a backup is taken");
        let backup = world.backup();
        let ledger = lock(&self.ledger).clone();
        let seen: Vec<_> =
            self.devices.iter().map(|device| lock(&device.seen).entries.clone()).collect();
        for _ in 0..LOST_STEPS {
            sleep(millis(&mut self.random, STEP)).await;
            self.step(world).await;
        }
        self.heal(world).await;
        world.crash(false).await;
        self.trace.note("the backup is restored");
        world.restore(backup);
        // What was seen since then was true once, and is no more.
        for (device, entries) in self.devices.iter().zip(seen) {
            lock(&device.seen).entries = entries;
        }
        *lock(&self.ledger) = ledger;
        world.start().await;
        sleep(QUIET).await;
    }
}
