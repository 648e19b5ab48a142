//! A herd: everybody is cut at once, misses messages, and comes back at once.

use std::{cell::RefCell, rc::Rc, time::Duration};

use caffis_schema::{Position, RoomId, command::Cursor, reply::Standing};
use tokio::task::spawn_local;

use super::{Cell, Meter, Plan, cafe, each, join, key, person};
use crate::{
    frames::{self, Clock},
    server::Start,
    tally::{Figures, Latencies, Order},
    wire::{Shared, Wire},
};

const CLIENTS: usize = 1_000;
const ROOMS: usize = 10;
const MISSED: u64 = 20;

pub(super) async fn run(plan: &Plan) -> anyhow::Result<Vec<Cell>> {
    let clients = plan.count(CLIENTS);
    let server = Start::new(&plan.server).listening()?;
    let shared = Shared::new();
    let mut writer = join(server.address, clients, 1, &shared).await?.remove(0);
    let mut places: Vec<(RoomId, Position)> = Vec::new();
    for number in 0..ROOMS {
        let room = cafe(&mut writer, &format!("herd-{number}")).await?;
        places.push((room, writer.open(room).await?.page.head));
    }
    let mut wires = join(server.address, 0, clients, &shared).await?;
    for (index, wire) in wires.iter_mut().enumerate() {
        wire.open(places[index % ROOMS].0).await?;
    }
    drop(wires);
    for number in 0..MISSED {
        for (index, (room, begin)) in places.iter().enumerate() {
            let id = 100 + u32::try_from(number)? * 100 + u32::try_from(index)?;
            let message = frames::message(id, *room, key(id.into(), *begin + number), 0);
            writer.send(&message).await?;
            let mut answered = false;
            while !answered {
                writer
                    .receive(|payload| {
                        answered |=
                            frames::came(payload) == frames::Came::Answer { id, done: true };
                    })
                    .await?;
            }
        }
    }
    // Give the server time to notice that they are gone.
    tokio::time::sleep(Duration::from_secs(1)).await;

    let clock = Clock::start();
    let meter = Meter::start(&server);
    let back = Rc::new(RefCell::new((Latencies::default(), Figures::new())));
    let tasks: Vec<_> = (0..clients)
        .map(|index| {
            let (room, position) = places[index % ROOMS];
            let cursor = Cursor { room, position, open: true };
            let (shared, back, address) = (shared.clone(), Rc::clone(&back), server.address);
            spawn_local(async move {
                let mut wire = Wire::connect(address, index, &shared).await?;
                let welcome = wire.hello(&person(index), vec![cursor]).await?;
                let mut order = Order::after(position);
                for resumed in &welcome.resumed {
                    let whole = resumed.standing == Standing::Complete && !resumed.more;
                    anyhow::ensure!(whole, "a room was not resumed whole");
                    resumed.entries.iter().for_each(|entry| order.take(entry.position));
                }
                let (latencies, figures) = &mut *back.borrow_mut();
                latencies.add(clock.since(0));
                order.report(position + MISSED, figures);
                Ok(wire)
            })
        })
        .collect();
    let mut kept = Vec::new();
    for task in tasks {
        kept.push(task.await??);
    }
    let all = clock.now();
    let (latencies, mut figures) = back.take();
    let used = meter.stop(&server, &mut figures);
    figures.insert("all_caught_up_ms", all as f64 / 1e6);
    figures.insert("server_us_per_client", each(used, clients as u64));
    latencies.report(["back_p50_ms", "back_p99_ms", "back_max_ms"], &mut figures);
    let variant = format!("{clients} clients in {ROOMS} rooms, {MISSED} missed, websocket");
    Ok(vec![Cell { scenario: "herd", variant, figures }])
}
