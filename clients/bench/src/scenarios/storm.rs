//! A storm: thousands are cut at once, miss messages, and come back at once, to one node with its own store or
//! to two on a CQL server and Redis. Whoever is told to come back later does, so this also measures how
//! turns are given.

use std::{cell::RefCell, net::SocketAddr, rc::Rc, time::Duration};

use anyhow::Context as _;
use caffis_schema::{
    Command, Error, List, Position, Reply, RoomId,
    command::{Cursor, Resume},
    reply::{Resumed, Standing},
};
use tokio::task::spawn_local;

use super::{Cell, Plan, cafe, each, key, nodes, person};
use crate::{
    frames::{self, Clock},
    server::{Server, Start},
    tally::{Figures, Latencies, Order},
    usage,
    wire::{Shared, Wire},
};

const CLIENTS: usize = 5_000;
const ROOMS: usize = 10;
const MISSED: u64 = 20;

/// Clients that connect at the same time before the storm.
const ENTER_AT_ONCE: usize = 64;

/// Attempts of one client, to connect or to resume, before the run fails.
const ATTEMPTS: usize = 100;

/// How long a client waits that could not connect at all, or whose room cannot be read yet.
const PAUSE: Duration = Duration::from_millis(200);

/// Longer than people are kept as present after they went.
const GONE: Duration = Duration::from_secs(4);

/// What all clients had to do until they were whole.
#[derive(Default)]
struct Tally {
    latencies: Latencies,
    figures: Figures,
    put_off: u64,
    refused: u64,
    resumes: u64,
}

/// One node with its own store.
pub(super) async fn alone(plan: &Plan) -> anyhow::Result<Vec<Cell>> {
    let server = Start::new(&plan.server).listening()?;
    storm(plan, &[server], "one node, embedded").await
}

/// Two nodes on a CQL server and Redis.
pub(super) async fn cluster(plan: &Plan) -> anyhow::Result<Vec<Cell>> {
    let cluster = nodes::cluster(plan).await?;
    storm(plan, &cluster.nodes, "two nodes, CQL and Redis").await
}

async fn storm(plan: &Plan, nodes: &[Server], variant: &str) -> anyhow::Result<Vec<Cell>> {
    let clients = plan.count(CLIENTS);
    let shared = Shared::new();
    let mut writer = Wire::connect(nodes[0].address, clients, &shared).await?;
    writer.hello(&person(clients), Vec::new()).await?;
    let mut places: Vec<(RoomId, Position)> = Vec::new();
    for number in 0..ROOMS {
        let room = cafe(&mut writer, &format!("storm-{number}")).await?;
        places.push((room, writer.open(room).await?.page.head));
    }
    let address = |index: usize| nodes[index % nodes.len()].address;
    for from in (0..clients).step_by(ENTER_AT_ONCE) {
        let entering = (from..clients.min(from + ENTER_AT_ONCE)).map(|index| {
            let (shared, address) = (shared.clone(), address(index));
            spawn_local(async move {
                let mut wire = Wire::connect(address, index, &shared).await?;
                wire.hello(&person(index), Vec::new()).await.map(drop)
            })
        });
        for entered in entering.collect::<Vec<_>>() {
            entered.await??;
        }
    }
    for number in 0..MISSED {
        for (index, (room, begin)) in places.iter().enumerate() {
            let id = 100 + u32::try_from(number)? * 100 + u32::try_from(index)?;
            let message = frames::message(id, *room, key(id.into(), *begin + number), 0);
            writer.send(&message).await?;
            let answered = frames::Came::Answer { id, done: true };
            let mut done = false;
            while !done {
                writer.receive(|payload| done |= frames::came(payload) == answered).await?;
            }
        }
    }
    tokio::time::sleep(GONE).await;

    let (clock, begun) = (Clock::start(), cpu(nodes));
    let tally = Rc::new(RefCell::new(Tally::default()));
    let tasks: Vec<_> = (0..clients)
        .map(|index| {
            let (shared, tally, address) = (shared.clone(), tally.clone(), address(index));
            let (room, position) = places[index % ROOMS];
            let cursor = Cursor { room, position, open: true };
            spawn_local(async move {
                let (wire, order) = comes_back(address, index, &shared, cursor, &tally).await?;
                let tally = &mut *tally.borrow_mut();
                tally.latencies.add(clock.since(0));
                order.report(position + MISSED, &mut tally.figures);
                anyhow::Ok(wire)
            })
        })
        .collect();
    let mut kept = Vec::new();
    for task in tasks {
        kept.push(task.await??);
    }
    let all = clock.now();
    let used = cpu(nodes).saturating_sub(begun);
    let Tally { latencies, mut figures, put_off, refused, resumes } = tally.take();
    figures.insert("all_whole_ms", all as f64 / 1e6);
    figures.insert("put_off", put_off as f64);
    figures.insert("connections_refused", refused as f64);
    figures.insert("resumed_again", resumes as f64);
    figures.insert("server_us_per_client", each(used, clients as u64));
    let memory: u64 = nodes.iter().map(Server::memory).sum();
    figures.insert("server_memory_mib", memory as f64 / 1_048_576.0);
    figures.insert("generator_cpu_s", usage::own_thread().as_secs_f64());
    latencies.report(["whole_p50_ms", "whole_p99_ms", "whole_max_ms"], &mut figures);
    let variant = format!("{variant}, {clients} clients in {ROOMS} rooms, {MISSED} missed");
    Ok(vec![Cell { scenario: "storm", variant, figures }])
}

fn cpu(nodes: &[Server]) -> Duration {
    nodes.iter().map(Server::cpu).sum()
}

/// Connects, as often as it takes, and resumes until the room is whole.
async fn comes_back(
    address: SocketAddr,
    index: usize,
    shared: &Shared,
    cursor: Cursor,
    tally: &RefCell<Tally>,
) -> anyhow::Result<(Wire, Order)> {
    let mut order = Order::after(cursor.position);
    for _ in 0..ATTEMPTS {
        let Ok(mut wire) = Wire::connect(address, index, shared).await else {
            tally.borrow_mut().refused += 1;
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        match wire.hello(&person(index), vec![cursor]).await {
            Ok(welcome) => {
                let resumed = welcome.resumed.iter().find(|resumed| resumed.room == cursor.room);
                let mut whole = take(resumed, &mut order)?;
                for id in (10..).take(ATTEMPTS) {
                    if whole {
                        return Ok((wire, order));
                    }
                    tally.borrow_mut().resumes += 1;
                    tokio::time::sleep(PAUSE).await;
                    let cursor = Cursor { position: order.last(), ..cursor };
                    let cursors = List::cut(vec![cursor]);
                    let reply = wire.call(id, Command::Resume(Resume { cursors })).await?;
                    let Reply::Resumed(resumed) = reply else {
                        anyhow::bail!("resume was answered with {}", reply.name());
                    };
                    whole = take(resumed.rooms.first(), &mut order)?;
                }
            }
            Err(error) => {
                let told = error.downcast_ref::<Error>().and_then(|error| error.retry_after_ms);
                let wait = told.with_context(|| format!("hello was refused: {error}"))?;
                tally.borrow_mut().put_off += 1;
                tokio::time::sleep(Duration::from_millis(wait.into())).await;
            }
        }
    }
    anyhow::bail!("a client was not whole after {ATTEMPTS} attempts")
}

/// Takes the entries of a room; whether nothing is missing any more.
fn take(resumed: Option<&Resumed>, order: &mut Order) -> anyhow::Result<bool> {
    let resumed = resumed.context("the room was not resumed")?;
    resumed.entries.iter().for_each(|entry| order.take(entry.position));
    match resumed.standing {
        Standing::Complete => Ok(!resumed.more),
        Standing::Later => Ok(false),
        other => anyhow::bail!("the room was {other:?}"),
    }
}
