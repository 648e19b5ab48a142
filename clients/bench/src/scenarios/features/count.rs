//! How long commands take, and how many rows they write.

use std::time::Duration;

use tokio::time::sleep;

use crate::{
    scenarios::Plan,
    server::Server,
    tally::{Figures, Latencies},
};

/// How long what follows from a command later may take: the search index, markers, news.
const AFTER: Duration = Duration::from_millis(1_500);

/// Counts rows in the store's metrics.
const ROWS: &str = "caffis_store_rows_written_total";

/// Acts again and again. `act` gives the microseconds that it took. A quick run does not count the rows that come later.
pub(super) async fn count(
    plan: &Plan,
    server: &Server,
    times: usize,
    mut act: impl AsyncFnMut(usize) -> anyhow::Result<u64>,
) -> anyhow::Result<Figures> {
    sleep(AFTER).await;
    let (mut took, before) = (Latencies::default(), server.metric(ROWS).await?);
    for n in 0..times {
        took.add(act(n).await?);
    }
    if !plan.quick {
        sleep(AFTER).await;
    }
    let rows = server.metric(ROWS).await? - before;
    let mut figures = Figures::new();
    took.report(["p50_ms", "p99_ms", "max_ms"], &mut figures);
    figures.insert("rows_per_command", rows / times as f64);
    Ok(figures)
}
