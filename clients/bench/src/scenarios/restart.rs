//! From the start of the process to the first answered hello, on a full store.

use std::time::{Duration, Instant};

use super::{Cell, Plan, person};
use crate::{
    server::{self, Start},
    tally::Figures,
    wire::{Shared, Wire},
};

const MESSAGES: usize = 1_000_000;
const ROOMS: usize = 1_000;

/// How long the server may take.
const LIMIT: Duration = Duration::from_secs(60);

pub(super) async fn run(plan: &Plan) -> anyhow::Result<Vec<Cell>> {
    let messages = plan.count(MESSAGES);
    let folder = tempfile::Builder::new().prefix("caffis-bench-").tempdir()?;
    let seeding = Instant::now();
    server::seed(&plan.server, folder.path(), plan.count(ROOMS) as u64, messages as u64)?;
    let mut figures = Figures::new();
    figures.insert("seed_s", seeding.elapsed().as_secs_f64());
    let shared = Shared::new();
    // Once after the seeding, which leaves a clean store; once after a kill.
    for name in ["accepting_ms", "accepting_after_kill_ms"] {
        let begun = Instant::now();
        let server = Start::new(&plan.server).folder(folder.path()).spawn()?;
        loop {
            let connected = Wire::connect(server.address, 0, &shared).await;
            if let Ok(mut wire) = connected {
                wire.hello(&person(0), Vec::new()).await?;
                break;
            }
            anyhow::ensure!(begun.elapsed() < LIMIT, "the server does not start");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        figures.insert(name, begun.elapsed().as_secs_f64() * 1e3);
        figures.insert("server_memory_mib", server.memory() as f64 / 1_048_576.0);
    }
    let variant = format!("{messages} stored messages");
    Ok(vec![Cell { scenario: "restart", variant, figures }])
}
