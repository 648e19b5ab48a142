//! Walking in: all connected people open the same cafe at once.

use std::{
    cell::RefCell,
    rc::Rc,
    time::{Duration, Instant},
};

use caffis_schema::{Command, RoomId, command::Open};
use tokio::{
    task::{JoinHandle, spawn_local},
    time::sleep,
};

use super::{Cell, Meter, Plan, cafe, each, join, person};
use crate::{
    frames::{self, Came, Clock},
    server::{Server, Start},
    tally::{Figures, Latencies},
    wire::{Shared, Wire},
};

const COUNTS: &[usize] = &[2_000, 5_000, 9_000];

/// Connections that are being made at the same time.
const AT_ONCE: usize = 100;

/// How long all may take to walk in; those who are not in by then are counted.
const WALK_IN: Duration = Duration::from_secs(100);

/// How long the events of walking in may take to come.
const QUIET: Duration = Duration::from_secs(20);

/// After so long without an event nothing is on its way any more.
const SILENCE: Duration = Duration::from_millis(1_500);

/// The id of the command that opens the room.
const OPEN: u32 = 2;

pub(super) async fn run(plan: &Plan) -> anyhow::Result<Vec<Cell>> {
    let mut cells = Vec::new();
    for count in COUNTS {
        let count = plan.count(*count);
        let variant = format!("{count} people, websocket");
        if !plan.wants(&variant) {
            continue;
        }
        let server = Start::new(&plan.server).listening()?;
        let figures = measure(&server, count).await?;
        cells.push(Cell { scenario: "walk-in", variant, figures });
    }
    Ok(cells)
}

#[derive(Default)]
struct Heard {
    opened: Latencies,
    inside: usize,
    /// Whose connection ended before they were inside.
    lost: usize,
    events: u64,
    event_bytes: u64,
}

async fn measure(server: &Server, count: usize) -> anyhow::Result<Figures> {
    let shared = Shared::new();
    let mut maker = join(server.address, count, 1, &shared).await?.remove(0);
    let room = cafe(&mut maker, "walk-in").await?;
    let before = server.memory();
    let connecting = Instant::now();
    let wires = connect(server, count, &shared).await?;
    let mut figures = Figures::new();
    figures.insert("connected_ms", connecting.elapsed().as_secs_f64() * 1e3);
    sleep(Duration::from_millis(500)).await;
    let connected = server.memory();

    let heard = Rc::new(RefCell::new(Heard::default()));
    let meter = Meter::start(server);
    let begun = Instant::now();
    let clock = Clock::start();
    let tasks: Vec<_> =
        wires.into_iter().map(|wire| walk_in(wire, room, clock, Rc::clone(&heard))).collect();
    let waiting = |heard: &Heard| heard.inside + heard.lost < count;
    while waiting(&heard.borrow()) && begun.elapsed() < WALK_IN {
        sleep(Duration::from_millis(2)).await;
    }
    figures.insert("all_inside_ms", begun.elapsed().as_secs_f64() * 1e3);
    quiet(&heard).await;
    let used = meter.stop(server, &mut figures);

    let per_person = |bytes: u64| bytes as f64 / 1_024.0 / count as f64;
    let after = server.memory();
    figures.insert("memory_kib_per_person", per_person(after.saturating_sub(before)));
    figures.insert("walk_in_kib_per_person", per_person(after.saturating_sub(connected)));
    figures.insert("peak_kib_per_person", per_person(server.peak().saturating_sub(before)));
    figures.insert("server_us_per_person", each(used, count as u64));
    let gone = tasks.iter().filter(|task| task.is_finished()).count();
    tasks.iter().for_each(JoinHandle::abort);
    let heard = heard.take();
    figures.insert("lost_connections", gone as f64);
    figures.insert("not_inside", (count - heard.inside) as f64);
    figures.insert("events", heard.events as f64);
    figures.insert("events_per_person", heard.events as f64 / count as f64);
    figures.insert("event_bytes_per_person", heard.event_bytes as f64 / count as f64);
    heard.opened.report(["inside_p50_ms", "inside_p99_ms", "inside_max_ms"], &mut figures);
    Ok(figures)
}

async fn connect(server: &Server, count: usize, shared: &Shared) -> anyhow::Result<Vec<Wire>> {
    let mut wires = Vec::with_capacity(count);
    for from in (0..count).step_by(AT_ONCE) {
        let joining: Vec<_> = (from..count.min(from + AT_ONCE))
            .map(|index| {
                let (shared, address) = (shared.clone(), server.address);
                spawn_local(async move {
                    let mut wire = Wire::connect(address, index, &shared).await?;
                    wire.hello(&person(index), Vec::new()).await?;
                    anyhow::Ok(wire)
                })
            })
            .collect();
        for task in joining {
            wires.push(task.await??);
        }
    }
    Ok(wires)
}

fn walk_in(
    mut wire: Wire,
    room: RoomId,
    clock: Clock,
    heard: Rc<RefCell<Heard>>,
) -> JoinHandle<()> {
    spawn_local(async move {
        let asked = clock.now();
        let mut inside = false;
        let open = frames::request(OPEN, Command::Open(Open { room, limit: 1 }));
        let mut connected = wire.send(&open).await.is_ok();
        let mut take = |payload: &[u8]| {
            let heard = &mut *heard.borrow_mut();
            match frames::came(payload) {
                Came::Answer { id: OPEN, done } => {
                    inside = done;
                    heard.inside += usize::from(done);
                    heard.opened.add(clock.since(asked));
                }
                Came::Answer { .. } => {}
                Came::Entry { .. } | Came::Other => {
                    heard.events += 1;
                    heard.event_bytes += payload.len() as u64;
                }
            }
        };
        while connected {
            connected = wire.receive(&mut take).await.is_ok();
        }
        heard.borrow_mut().lost += usize::from(!inside);
    })
}

/// Waits until no more events come.
async fn quiet(heard: &Rc<RefCell<Heard>>) {
    let begun = Instant::now();
    let (mut last, mut since) = (heard.borrow().events, Instant::now());
    while since.elapsed() < SILENCE && begun.elapsed() < QUIET {
        sleep(Duration::from_millis(50)).await;
        let events = heard.borrow().events;
        if events != last {
            (last, since) = (events, Instant::now());
        }
    }
}
