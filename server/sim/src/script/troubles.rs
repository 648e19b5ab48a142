//! What goes wrong: the network, the store, the clock.

use std::time::Duration;

use caffis_conformance::faulty::Plan;

use super::Life;
use crate::{trace::lock, world::World};

impl Life {
    pub(super) fn cut(&mut self, world: &World) {
        let device = self.device();
        self.trace.note(format_args!("{} is cut", device.name));
        lock(&world.wires).cut(&device.name);
    }

    /// Disconnects a device from the network, or reconnects all of them.
    pub(super) fn block(&mut self, world: &World) {
        let device = self.device();
        let mut wires = lock(&world.wires);
        if wires.blocked.len() > 2 {
            self.trace.note("every device has its network back");
            wires.blocked.clear();
        } else {
            self.trace.note(format_args!("{} has no network", device.name));
            wires.cut(&device.name);
            wires.blocked.insert(device.name);
        }
    }

    pub(super) fn faults(&mut self, world: &World) {
        let slow = Duration::from_millis(20);
        let (name, plan) = match self.random.below(6) {
            0 => ("is full", Plan { full: 700, ..Plan::default() }),
            1 => ("is away", Plan { unavailable: 700, unavailable_reads: 300, ..Plan::default() }),
            2 => (
                "does not say what it did",
                Plan {
                    unknown_lost: 150,
                    unknown_written: 150,
                    unknown_partly: 100,
                    delay: slow,
                    ..Plan::default()
                },
            ),
            3 => ("writes in parts", Plan { delay: slow, ..Plan::reordering(slow) }),
            4 => ("is slow", Plan { delay: Duration::from_millis(150), ..Plan::default() }),
            _ => ("is well", Plan::default()),
        };
        self.trace.note(format_args!("the store {name}"));
        world.faults.set_plan(plan);
    }

    pub(super) fn clock(&mut self, world: &World) {
        let by = i64::try_from(self.random.below(7_200_000)).unwrap_or(0) - 3_600_000;
        self.trace.note(format_args!("the clock jumps by {} s", by / 1_000));
        world.wall.jump(by);
    }
}
