//! What each feature costs its user and the store: commands one after the other in a room of ten, all of whom are there.
//!
//! - [`feature`]: what a row is; the other files have the rows, by what they are about.
//! - [`place`]: the room; [`stage`]: its people; [`actor`]: one of them.

mod actor;
mod count;
mod feature;
mod import;
mod later;
mod marks;
mod members;
mod messages;
mod own;
mod place;
mod polls;
mod reading;
mod rooms;
mod stage;
mod threads;

use anyhow::{Context as _, ensure};

use self::{
    count::count,
    feature::{Feature, TIMES},
    place::MEMBERS,
    stage::Stage,
};
use super::{Cell, Plan};
use crate::{
    server::{Server, Start},
    tally::Figures,
};

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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use caffis_schema::Command;

    use super::{place::Place, *};

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
