//! Hello to a server that has none of the person's rooms in memory: it was just started.

use std::{path::Path, time::Instant};

use caffis_schema::{Position, limits::PAGE_ROOMS};
use tokio::task::spawn_local;

use super::{Cell, Plan, group, join, key, person};
use crate::{
    frames,
    server::{Server, Start},
    tally::{Figures, Latencies},
    wire::{Shared, Wire},
};

/// Rooms of each person, and how many people say hello, one after the other. The rooms of one are
/// not those of another.
const VARIANTS: &[(usize, usize)] = &[(100, 5), (1_000, 3)];

/// Others in each room.
const OTHERS: usize = 4;

/// From how many people the others are taken, so that none of them is in too many rooms.
const PEOPLE: usize = 20;

/// The number of the first of those.
const FIRST: usize = 1_000;

pub(super) async fn run(plan: &Plan) -> anyhow::Result<Vec<Cell>> {
    let mut cells = Vec::new();
    for (rooms, people) in VARIANTS {
        let rooms = plan.count(*rooms);
        let variant = format!("{rooms} cold rooms of {}, websocket", OTHERS + 1);
        if !plan.wants(&variant) {
            continue;
        }
        let folder = tempfile::Builder::new().prefix("caffis-bench-").tempdir()?;
        fill(plan, folder.path(), rooms, *people).await?;
        let server = Start::new(&plan.server).folder(folder.path()).listening()?;
        let figures = measure(&server, rooms, *people).await?;
        cells.push(Cell { scenario: "hello", variant, figures });
    }
    Ok(cells)
}

/// Makes everybody's rooms, with a message in each, on a server that then ends.
async fn fill(plan: &Plan, folder: &Path, rooms: usize, people: usize) -> anyhow::Result<()> {
    let server = Start::new(&plan.server).folder(folder).listening()?;
    let shared = Shared::new();
    let others = join(server.address, FIRST, PEOPLE, &shared).await?;
    let tasks: Vec<_> = join(server.address, 0, people, &shared)
        .await?
        .into_iter()
        .enumerate()
        .map(|(index, wire)| spawn_local(make(wire, index, rooms)))
        .collect();
    for task in tasks {
        task.await??;
    }
    drop(others);
    Ok(())
}

async fn make(mut wire: Wire, index: usize, rooms: usize) -> anyhow::Result<()> {
    for number in 0..rooms {
        let others = (0..OTHERS).map(|other| FIRST + (number + other) % PEOPLE).map(person);
        let act = (index * 10_000 + number + 1) as u64;
        let room = group(&mut wire, act, others.collect()).await?;
        let id = u32::try_from(100 + number)?;
        let key = key(u128::from(act) << 64, Position(1));
        wire.send(&frames::message(id, room, key, 0)).await?;
        let mut answered = false;
        while !answered {
            let take = |payload: &[u8]| {
                answered |= frames::came(payload) == frames::Came::Answer { id, done: true };
            };
            wire.receive(take).await?;
        }
    }
    Ok(())
}

async fn measure(server: &Server, rooms: usize, people: usize) -> anyhow::Result<Figures> {
    let shared = Shared::new();
    // The first hello of a process also pays for one-time initialisation.
    join(server.address, FIRST + PEOPLE, 1, &shared).await?;
    let mut figures = Figures::new();
    let (mut cold, mut warm) = (Latencies::default(), Latencies::default());
    for index in 0..people {
        for latencies in [&mut cold, &mut warm] {
            let mut wire = Wire::connect(server.address, index, &shared).await?;
            let begun = Instant::now();
            let welcome = wire.hello(&person(index), Vec::new()).await?;
            latencies.add(begun.elapsed().as_micros().try_into()?);
            let listed = welcome.rooms.len();
            anyhow::ensure!(listed == rooms.min(PAGE_ROOMS), "{listed} rooms were listed");
        }
    }
    cold.report(["hello_p50_ms", "hello_p99_ms", "hello_max_ms"], &mut figures);
    warm.report(["warm_p50_ms", "warm_p99_ms", "warm_max_ms"], &mut figures);
    figures.insert("server_memory_mib", server.memory() as f64 / 1_048_576.0);
    Ok(figures)
}
