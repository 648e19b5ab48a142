//! What goes wrong: the network, the store, the clocks, the processes.

use std::{sync::Arc, time::Duration};

use caffis_conformance::{bus::faulty::Plan as BusPlan, faulty::Plan};
use tokio::time::sleep;

use super::Life;
use crate::{
    clocks::either_way,
    ground::calm,
    seat::Seat,
    trace::lock,
    wire::millis,
    world::{STORE_SETTLES, World},
};

/// How long a store that is slow keeps a call.
const SLOW: Duration = Duration::from_millis(150);

/// How long after its answer a write may still land, at least in part.
const LATEST: Duration = Duration::from_secs(12);

/// How long a node is away after a crash.
const AWAY: Duration = Duration::from_secs(8);

/// How long a node stands still.
const STILL: Duration = Duration::from_secs(9);

/// How far a clock is wrong at most, in milliseconds: two of them by less than what reactors allow for.
const WRONG: i64 = 4_500_000;

/// How long a call takes at most that is under way when a node comes to stand still.
const UNDER_WAY: Duration = Duration::from_secs(9);

impl Life {
    pub(super) fn cut(&mut self, world: &World) {
        let device = self.device();
        self.trace.note(format_args!("{} is cut", device.name));
        lock(&world.ground.wires).cut(&device.name);
    }

    /// Nothing passes on a device's link any more, and nobody is told.
    pub(super) fn half_open(&mut self, world: &World) {
        let device = self.device();
        self.trace.note(format_args!("the link of {} is half open", device.name));
        lock(&world.ground.wires).half_open(&device.name);
    }

    /// Disconnects a device from the network, or reconnects all of them.
    pub(super) fn block(&mut self, world: &World) {
        let device = self.device();
        let mut wires = lock(&world.ground.wires);
        if wires.blocked.len() > 2 {
            self.trace.note("every device has its network back");
            wires.blocked.clear();
        } else {
            self.trace.note(format_args!("{} has no network", device.name));
            drop(wires);
            world.block([device.name.as_str()]);
        }
    }

    fn seat(&mut self, world: &World) -> Arc<Seat> {
        self.random.pick(&world.seats).clone()
    }

    /// One node's way to the store is in trouble, or well again.
    pub(super) fn faults(&mut self, world: &World) {
        let seat = self.seat(world);
        let slow = Duration::from_millis(20);
        // A process alone is told by its store what became of each write.
        let (kinds, late) = if world.is_alone() { (6, 0) } else { (7, 100) };
        let (name, plan) = match self.random.below(kinds) {
            0 => ("is full", Plan { full: 700, ..Plan::default() }),
            1 => ("is away", Plan { unavailable: 700, unavailable_reads: 300, ..Plan::default() }),
            2 => (
                "does not say what it did",
                Plan {
                    unknown_lost: 150,
                    unknown_written: 150,
                    unknown_partly: 100,
                    unknown_late: late,
                    latest: LATEST,
                    delay: slow,
                    ..Plan::default()
                },
            ),
            3 => ("writes in parts", Plan { delay: slow, ..Plan::reordering(slow) }),
            4 => ("is slow", Plan { delay: SLOW, ..Plan::default() }),
            5 => ("is well", Plan::default()),
            _ => (
                "writes late",
                Plan { unknown_late: 400, latest: LATEST, delay: slow, ..Plan::default() },
            ),
        };
        self.trace.note(format_args!("the store of {} {name}", seat.number));
        seat.faults.set_plan(plan);
    }

    pub(super) fn clock(&mut self, world: &World) {
        let seat = self.seat(world);
        let by = seat.wall.jump_to(either_way(&mut self.random, WRONG));
        self.trace.note(format_args!("the clock of {} jumps by {} s", seat.number, by / 1_000));
    }

    /// A process dies, in half of the times with a store that loses what is under way.
    pub(super) async fn crash(&mut self, world: &World) {
        let (seat, losing) = (self.seat(world), self.random.chance(500));
        if losing {
            seat.faults.set_plan(Plan { unknown_lost: 1_000, ..Plan::default() });
            sleep(Duration::from_millis(30)).await;
        }
        let how = if losing { " with its store" } else { "" };
        self.trace.note(format_args!("{} crashes{how}", seat.number));
        if world.is_alone() {
            let rest = STORE_SETTLES + millis(&mut self.random, Duration::from_secs(2));
            seat.crash(&world.ground, rest, true);
            sleep(rest).await;
            world.settle().await;
        } else {
            seat.crash(&world.ground, millis(&mut self.random, AWAY), true);
        }
    }

    /// A process is stopped as an operator does it, and starts again.
    pub(super) async fn drain(&mut self, world: &World) {
        let seat = self.seat(world);
        if world.is_alone() {
            let ends = world.ends();
            seat.drain(&world.ground, STORE_SETTLES);
            while world.ends() == ends {
                sleep(Duration::from_millis(50)).await;
            }
            world.settle().await;
        } else {
            seat.drain(&world.ground, millis(&mut self.random, AWAY));
        }
    }

    /// What only several nodes know.
    pub(super) fn trouble_nodes(&mut self, world: &World) {
        match self.random.below(10) {
            0..3 => self.bus(world),
            3..5 => self.isolate(world),
            5..6 => world.ground.bus.heal(),
            _ => self.pause(world),
        }
    }

    fn bus(&mut self, world: &World) {
        let delay = Duration::from_millis(50);
        let plan = match self.random.below(3) {
            0 => calm(),
            1 => BusPlan { doubled: 200, delay, ..BusPlan::default() },
            _ => BusPlan { lost: 200, doubled: 100, lost_requests: 100, lost_replies: 100, delay },
        };
        self.trace.note(format_args!("the bus loses {}, doubles {}", plan.lost, plan.doubled));
        world.ground.bus.set_plan(plan);
    }

    /// Nothing reaches a node over the bus, or comes from it.
    fn isolate(&mut self, world: &World) {
        let seat = self.seat(world);
        let process = seat.process();
        if let Some(cluster) = process.as_ref().and_then(|up| up.cluster.as_ref()) {
            self.trace.note(format_args!("{} is cut off from the others", seat.number));
            world.ground.bus.isolate(cluster.node(), &world.nodes());
        }
    }

    /// A node stands still, perhaps for longer than its lease, and perhaps with calls under way that take
    /// their time.
    fn pause(&mut self, world: &World) {
        let seat = self.seat(world);
        let time = millis(&mut self.random, STILL);
        if self.random.chance(500) {
            return seat.pause(&world.ground, time);
        }
        let before = millis(&mut self.random, Duration::from_millis(100));
        seat.faults.set_plan(Plan { delay: UNDER_WAY, ..Plan::reordering(UNDER_WAY) });
        let ground = world.ground.clone();
        tokio::spawn(async move {
            sleep(before).await;
            seat.faults.set_plan(Plan::default());
            seat.pause(&ground, time);
        });
    }
}
