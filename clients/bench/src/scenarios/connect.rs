//! Connecting: a hundred people at once, from the first packet to the answered hello.

use std::{net::SocketAddr, time::Duration};

use tokio::task::spawn_local;

use super::{
    Cell, Meter, Plan,
    dial::{Dial, Joined},
    each,
};
use crate::{
    floor::{self, Certificate},
    frames::Clock,
    server::Start,
    tally::{Figures, Latencies},
    wire::Shared,
};

const AT_ONCE: usize = 100;
const BATCHES: usize = 10;

/// How long after leaving somebody counts as offline: the server's default.
const GRACE: Duration = Duration::from_secs(2);

pub(super) async fn run(plan: &Plan) -> anyhow::Result<Vec<Cell>> {
    let folder = tempfile::Builder::new().prefix("caffis-bench-").tempdir()?;
    let certificate = Certificate::make(folder.path())?;
    let mut cells = Vec::new();
    for transport in ["websocket", "websocket over TLS", "quic"] {
        let variant = format!("{AT_ONCE} at once, {transport}");
        if !plan.wants(&variant) {
            continue;
        }
        let mut start = Start::new(&plan.server);
        if transport == "websocket over TLS" {
            start = start.tls(certificate.chain.clone(), certificate.key.clone());
        }
        let server = start.listening()?;
        let dial = match transport {
            "websocket" => Dial::Plain(Shared::new()),
            "quic" => Dial::quic(server.address).await?,
            _ => Dial::Tls(certificate.trust()),
        };
        // The first connection pays for one-time initialisation.
        drop(dial.join(server.address, 0).await?);
        let meter = Meter::start(&server);
        let batches = plan.count(BATCHES);
        let mut latencies = Latencies::default();
        let mut everybody = Vec::with_capacity(batches * AT_ONCE);
        for batch in 0..batches {
            for (joined, latency) in at_once(&dial, server.address, batch).await? {
                everybody.push(joined);
                latencies.add(latency);
            }
        }
        let mut figures = Figures::new();
        let used = meter.stop(&server, &mut figures);
        let count = (batches * AT_ONCE) as u64;
        figures.insert("server_us_per_connect", each(used, count));
        // Leaving costs too, until the last person counts as offline; it is a separate figure.
        let before = server.cpu();
        drop(everybody);
        tokio::time::sleep(GRACE + Duration::from_secs(1)).await;
        figures.insert("server_us_per_leave", each(server.cpu().saturating_sub(before), count));
        latencies.report(["joined_p50_ms", "joined_p99_ms", "joined_max_ms"], &mut figures);
        drop(server);
        let floor = match transport {
            "quic" => Some(floor::quic_handshake(&certificate, plan.count(500))?),
            "websocket" => None,
            _ => Some(floor::tls_handshake(&certificate, plan.count(500))?),
        };
        if let Some(floor) = floor {
            figures.insert("floor_us_per_handshake", floor);
            figures.insert("times_the_floor", each(used, count) / floor);
        }
        cells.push(Cell { scenario: "connect", variant, figures });
    }
    Ok(cells)
}

/// A hundred at once.
async fn at_once(
    dial: &Dial,
    server: SocketAddr,
    batch: usize,
) -> anyhow::Result<Vec<(Joined, u64)>> {
    let clock = Clock::start();
    let tasks: Vec<_> = (0..AT_ONCE)
        .map(|index| {
            let dial = dial.clone();
            spawn_local(async move {
                let joined = dial.join(server, batch * AT_ONCE + index).await?;
                anyhow::Ok((joined, clock.since(0)))
            })
        })
        .collect();
    let mut everybody = Vec::with_capacity(AT_ONCE);
    for task in tasks {
        everybody.push(task.await??);
    }
    Ok(everybody)
}
