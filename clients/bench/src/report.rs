//! Medians, the table, the raw figures, and a comparison with the aims.

use std::fmt::Write as _;

use serde_json::json;

use crate::{scenarios::Cell, server::SETTINGS, tally::Figures, usage};

/// An aim: a figure of a cell, and the most (or least) that it should be.
struct Aim {
    scenario: &'static str,
    variant: &'static str,
    figure: &'static str,
    most: Option<f64>,
    least: Option<f64>,
}

const fn most(
    scenario: &'static str,
    variant: &'static str,
    figure: &'static str,
    most: f64,
) -> Aim {
    Aim { scenario, variant, figure, most: Some(most), least: None }
}

const AIMS: &[Aim] = &[
    most("idle", "5000 joined, websocket", "memory_kib_per_connection", 8.0),
    most("idle", "5000 joined, quic", "memory_kib_per_connection", 30.0),
    most("idle", "10000 joined, websocket", "memory_kib_per_connection", 8.0),
    most("idle", "10000 joined, quic", "memory_kib_per_connection", 30.0),
    most("walk-in", "9000 people, websocket", "all_inside_ms", 2_000.0),
    most("walk-in", "9000 people, websocket", "memory_kib_per_person", 10.0),
    most("hello", "100 cold rooms of 5, websocket", "hello_p50_ms", 20.0),
    most("hello", "1000 cold rooms of 5, websocket", "hello_p50_ms", 30.0),
    most("connect", "100 at once, websocket", "server_us_per_connect", 80.0),
    most("connect", "100 at once, websocket over TLS", "times_the_floor", 1.2),
    most("connect", "100 at once, quic", "times_the_floor", 1.3),
    most("fanout", "1 to 100 at 100/s, websocket", "times_the_floor", 1.5),
    most("fanout", "1 to 1000 at 10/s, websocket", "times_the_floor", 1.5),
    most("fanout", "1 to 100 at 2000/s, websocket", "server_us_per_delivery", 2.0),
    most(
        "search",
        "1000000 messages, half of them in one of 50 rooms, websocket",
        "one_term_p99_ms",
        5.0,
    ),
    most(
        "search",
        "1000000 messages, half of them in one of 50 rooms, websocket",
        "three_p99_ms",
        20.0,
    ),
    Aim {
        scenario: "saturate",
        variant: "64 closed-loop senders in rooms of 2, durable, websocket",
        figure: "acked_per_s",
        most: None,
        least: Some(40_000.0),
    },
    most("rooms", "200 rooms of 5, 1/s each, websocket", "ack_p50_ms", 0.4),
    most("rooms", "200 rooms of 5, 1/s each, websocket", "ack_p99_ms", 0.9),
    most("mark_read", "1000/s by 100 members, 50 sends/s, websocket", "mark_p99_ms", 50.0),
    most("mark_read", "1000/s by 100 members, 50 sends/s, websocket", "send_p50_times_alone", 1.2),
    most("mark_read", "1000/s by 500 members, 50 sends/s, websocket", "mark_p99_ms", 50.0),
    most("mark_read", "1000/s by 500 members, 50 sends/s, websocket", "send_p50_times_alone", 1.2),
    most("rest", "history of 100, 16 closed-loop callers, REST", "p99_ms", 5.0),
    most("hooks", "100 invitations/s to 200 people", "screen_p50_ms", 50.0),
    most("hooks", "100 invitations/s to 200 people", "screen_p99_ms", 200.0),
    Aim {
        scenario: "hooks",
        variant: "20000 users, 64 in flight",
        figure: "events_per_s",
        most: None,
        least: Some(5_000.0),
    },
    most("herd", "1000 clients in 10 rooms, 20 missed, websocket", "all_caught_up_ms", 150.0),
    most("restart", "1000000 stored messages", "accepting_ms", 300.0),
    most("nodes", "two nodes, CQL and Redis: older history", "store_reads_per_1000_pages", 2.0),
    Aim {
        scenario: "nodes",
        variant: "two nodes, CQL and Redis: older history",
        figure: "page_hit_rate_percent",
        most: None,
        least: Some(95.0),
    },
];

/// Everything that was measured.
pub(crate) struct Report {
    quick: bool,
    cells: Vec<Cell>,
}

impl Report {
    pub(crate) fn new(quick: bool) -> Self {
        Self { quick, cells: Vec::new() }
    }

    pub(crate) fn add(&mut self, cells: Vec<Cell>) {
        self.cells.extend(cells);
    }

    /// One cell for each scenario and variant, with the median of each figure.
    pub(crate) fn medians(&self) -> Vec<Cell> {
        let mut medians: Vec<Cell> = Vec::new();
        for cell in &self.cells {
            let known = |other: &&Cell| same(other, cell);
            if medians.iter().any(|other| known(&other)) {
                continue;
            }
            let runs: Vec<&Cell> = self.cells.iter().filter(known).collect();
            let mut figures = Figures::new();
            for name in cell.figures.keys() {
                let mut values: Vec<f64> =
                    runs.iter().filter_map(|run| run.figures.get(name).copied()).collect();
                values.sort_by(f64::total_cmp);
                figures.insert(name, values[values.len() / 2]);
            }
            medians.push(Cell { figures, ..cell.clone() });
        }
        medians
    }

    /// Everything: machine, settings, each run and the medians.
    pub(crate) fn json(&self, medians: &[Cell]) -> serde_json::Value {
        let settings: std::collections::BTreeMap<_, _> = SETTINGS.iter().copied().collect();
        json!({
            "command": std::env::args().skip(1).collect::<Vec<_>>(),
            "commit": commit(),
            "machine": usage::machine(),
            "quick": self.quick,
            "settings": settings,
            "medians": medians,
            "runs": self.cells,
        })
    }
}

fn same(one: &Cell, other: &Cell) -> bool {
    one.scenario == other.scenario && one.variant == other.variant
}

fn commit() -> String {
    let output = std::process::Command::new("git").args(["rev-parse", "--short", "HEAD"]).output();
    output.map_or_else(
        |_| String::new(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

/// A number with its significant digits.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 || value.fract() == 0.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// The figures as text, one block per cell.
pub(crate) fn table(cells: &[Cell]) -> String {
    let mut text = String::from("Settings that differ from the defaults:");
    for (name, value) in SETTINGS {
        let _ = write!(text, " {name}={value}");
    }
    text.push('\n');
    for cell in cells {
        let _ = writeln!(text, "\n{}: {}", cell.scenario, cell.variant);
        for (name, value) in &cell.figures {
            let _ = writeln!(text, "  {name:<32} {:>12}", number(*value));
        }
    }
    text
}

/// The aims and the results, as a Markdown table.
pub(crate) fn aims(cells: &[Cell]) -> String {
    let mut text = String::from("| cell | figure | aim | reached | |\n|---|---|---|---|---|\n");
    for aim in AIMS {
        let cell =
            cells.iter().find(|cell| cell.scenario == aim.scenario && cell.variant == aim.variant);
        let Some(reached) = cell.and_then(|cell| cell.figures.get(aim.figure)) else { continue };
        let (sign, bound, met) = match (aim.most, aim.least) {
            (Some(most), _) => ("≤", most, *reached <= most),
            (None, least) => {
                let least = least.unwrap_or_default();
                ("≥", least, *reached >= least)
            }
        };
        let verdict = if met { "met" } else { "not met" };
        let (bound, reached) = (number(bound), number(*reached));
        let (scenario, variant, figure) = (aim.scenario, aim.variant, aim.figure);
        let _ = writeln!(
            text,
            "| {scenario}: {variant} | {figure} | {sign} {bound} | {reached} | {verdict} |"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(reached: f64) -> Cell {
        let figures = Figures::from([("all_caught_up_ms", reached)]);
        let variant = "1000 clients in 10 rooms, 20 missed, websocket".to_owned();
        Cell { scenario: "herd", variant, figures }
    }

    #[test]
    fn the_median_of_the_runs_counts_and_is_held_to_the_aim() {
        let mut report = Report::new(false);
        for reached in [900.0, 149.0, 100.0] {
            report.add(vec![cell(reached)]);
        }
        let medians = report.medians();
        assert_eq!(medians.len(), 1);
        assert!(aims(&medians).contains("| ≤ 150 | 149 | met |"), "{}", aims(&medians));
        assert!(aims(&[cell(151.0)]).contains("not met"));
    }
}
