//! Idle: people who are connected, with a room open, and say nothing.

use std::time::Duration;

use caffis_client::Received;
use caffis_schema::RoomId;
use tokio::task::{JoinHandle, spawn_local};

use super::{
    Cell, Meter, Plan, cafe,
    dial::{self, Dial, Joined},
    each, join,
};
use crate::{
    server::{Server, Start},
    tally::Figures,
    wire::Shared,
};

const COUNTS: &[usize] = &[1_000, 5_000, 10_000];
/// People in one room.
const ROOM: usize = 50;
/// Connections that are being made at the same time.
const AT_ONCE: usize = 50;

pub(super) async fn run(plan: &Plan) -> anyhow::Result<Vec<Cell>> {
    let mut cells = Vec::new();
    for transport in ["websocket", "quic"] {
        for count in COUNTS {
            let count = plan.count(*count);
            let variant = format!("{count} joined, {transport}");
            if !plan.wants(&variant) {
                continue;
            }
            let server = Start::new(&plan.server).listening()?;
            let dial = match transport {
                "websocket" => Dial::Plain(Shared::new()),
                _ => Dial::quic(server.address).await?,
            };
            let figures = measure(&server, &dial, count, plan.time(3)).await?;
            cells.push(Cell { scenario: "idle", variant, figures });
        }
    }
    Ok(cells)
}

async fn measure(
    server: &Server,
    dial: &Dial,
    count: usize,
    time: Duration,
) -> anyhow::Result<Figures> {
    let mut maker = join(server.address, count, 1, &Shared::new()).await?.remove(0);
    let mut places = Vec::new();
    for number in 0..count.div_ceil(ROOM) {
        places.push(cafe(&mut maker, &format!("idle-{number}")).await?);
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let before = server.memory();
    let mut kept: Vec<JoinHandle<()>> = Vec::with_capacity(count);
    for from in (0..count).step_by(AT_ONCE) {
        let joining: Vec<_> = (from..count.min(from + AT_ONCE))
            .map(|index| {
                let (dial, address) = (dial.clone(), server.address);
                let room = places[index / ROOM];
                spawn_local(async move { open(dial.join(address, index).await?, room).await })
            })
            .collect();
        for task in joining {
            kept.push(stay(task.await??));
        }
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let after = server.memory();
    let mut figures = Figures::new();
    let kibibytes = after.saturating_sub(before) as f64 / 1_024.0;
    figures.insert("memory_kib_per_connection", kibibytes / count as f64);
    let meter = Meter::start(server);
    tokio::time::sleep(time).await;
    let used = meter.stop(server, &mut figures);
    figures.insert("server_us_per_connection_and_s", each(used, count as u64) / time.as_secs_f64());
    let gone = kept.iter().filter(|task| task.is_finished()).count();
    figures.insert("lost_connections", gone as f64);
    kept.iter().for_each(JoinHandle::abort);
    Ok(figures)
}

async fn open(mut joined: Joined, room: RoomId) -> anyhow::Result<Joined> {
    match &mut joined {
        Joined::Wire(wire) => {
            wire.open(room).await?;
        }
        Joined::Link(connection) => {
            dial::open(connection, room).await?;
        }
    }
    Ok(joined)
}

/// Answers pings until the connection ends.
fn stay(joined: Joined) -> JoinHandle<()> {
    spawn_local(async move {
        match joined {
            Joined::Wire(mut wire) => while wire.receive(|_| {}).await.is_ok() {},
            Joined::Link(mut connection) => {
                while !matches!(connection.next().await, Received::Closed(_)) {}
            }
        }
    })
}
