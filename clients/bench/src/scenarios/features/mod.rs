//! What each feature costs its user and the store: commands one after the other in a room of ten, all of whom are there.
//!
//! - [`feature`]: what a row is; the other files have the rows, by what they are about.
//! - [`stage`]: the room and its people; [`actor`]: one of them.

mod actor;
mod feature;
mod import;
mod later;
mod marks;
mod members;
mod messages;
mod own;
mod polls;
mod reading;
mod rooms;
mod stage;
mod threads;

use std::time::Duration;

use anyhow::{Context as _, ensure};
use tokio::time::sleep;

use self::{
    feature::Feature,
    stage::{MEMBERS, Stage},
};
use super::{Cell, Plan};
use crate::{
    server::{Server, Start},
    tally::{Figures, Latencies},
};

/// Commands of each feature.
const TIMES: usize = 500;

/// How long what follows from a command later may take: the search index, markers, news.
const AFTER: Duration = Duration::from_millis(1_500);

/// Counts rows in the store's metrics.
const ROWS: &str = "caffis_store_rows_written_total";

/// All features, in the order of the table.
const FEATURES: &[&[Feature]] = &[
    messages::FEATURES,
    threads::FEATURES,
    polls::FEATURES,
    later::FEATURES,
    marks::FEATURES,
    members::FEATURES,
    rooms::FEATURES,
    own::FEATURES,
    reading::FEATURES,
    messages::ENDS,
];

/// The commands that no feature gives, and why.
#[cfg(test)]
const UNMEASURED: &[(&str, &str)] = &[
    ("hello", "opens a connection: the scenario hello measures it"),
    ("refresh", "gives a connection another token"),
    ("ping", "asks whether a connection is there"),
    ("resume", "catches up after a break: the scenario herd measures it, by hello"),
    ("set_context", "is for services only"),
];

pub(super) async fn run(plan: &Plan) -> anyhow::Result<Vec<Cell>> {
    let mut cells = Vec::new();
    for feature in FEATURES.iter().copied().flatten() {
        let times = plan.count(TIMES).min(feature.most);
        let fewer = if feature.most < TIMES { format!(", {times} times") } else { String::new() };
        let variant = format!("{}{fewer}, room of {MEMBERS}, websocket", feature.name);
        if plan.wants(&variant) {
            let server = Start::new(&plan.server).metrics()?.listening()?;
            let figures = measure(plan, &server, feature, times).await;
            let figures = figures.with_context(|| feature.name)?;
            cells.push(Cell { scenario: "features", variant, figures });
        }
    }
    let variant = format!("import a message, room of {MEMBERS}, REST");
    if plan.wants(&variant) {
        let server = Start::new(&plan.server).metrics()?.listening()?;
        let figures = import::measure(plan, &server, plan.count(TIMES)).await?;
        cells.push(Cell { scenario: "features", variant, figures });
    }
    Ok(cells)
}

async fn measure(
    plan: &Plan,
    server: &Server,
    feature: &Feature,
    times: usize,
) -> anyhow::Result<Figures> {
    let mut stage = Stage::new(server, times, feature.outsiders).await?;
    stage.prepare(feature.before).await?;
    count(plan, server, times, async |n| {
        let (reply, took) = stage.act((feature.by)(n), (feature.command)(&stage.place, n)).await?;
        ensure!((feature.check)(&reply), "{} does not say what was prepared", reply.name());
        Ok(took)
    })
    .await
}

/// Acts again and again. `act` gives the microseconds that it took. A quick run does not count the rows that come later.
async fn count(
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use caffis_schema::Command;

    use super::{stage::Place, *};

    #[test]
    fn every_command_is_measured_or_left_out_for_a_reason() {
        let place = Place::sample();
        let features = || FEATURES.iter().copied().flatten();
        let measured: BTreeSet<&str> = features()
            .flat_map(|feature| (0..2).map(|n| (feature.command)(&place, n).name()))
            .collect();
        for name in Command::NAMES {
            let left_out = UNMEASURED.iter().any(|(command, _)| command == name);
            assert!(measured.contains(name) || left_out, "no feature measures {name}");
            assert!(!measured.contains(name) || !left_out, "{name} is measured and left out");
        }
        for (command, _) in UNMEASURED {
            assert!(Command::NAMES.contains(command), "there is no command {command}");
        }
        let names: BTreeSet<&str> = features().map(|feature| feature.name).collect();
        assert_eq!(names.len(), features().count(), "two features have one name");
    }
}
