//! Delivery while 3 % of all packets are lost, in a network namespace of its own that is gone
//! afterwards.

use std::{
    fs::File,
    os::fd::AsFd as _,
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail, ensure};
use rustix::{
    process::geteuid,
    thread::{LinkNameSpaceType, move_into_link_name_space},
};

use super::{
    Cell, Plan,
    links::{self, Load, TRANSPORTS, TYPISTS},
};
use crate::server::Start;

/// Of a hundred packets, how many are lost, in each direction.
const LOST: u8 = 3;

pub(super) async fn run(plan: &Plan) -> anyhow::Result<Vec<Cell>> {
    let _namespace = Namespace::enter()?;
    let mut cells = Vec::new();
    for transport in TRANSPORTS {
        for typing in [false, true] {
            let receivers = plan.count(20);
            let what = match typing {
                true => format!("{TYPISTS} of {receivers} typing"),
                false => format!("10/s, 1 to {receivers}"),
            };
            let variant = format!("{LOST} % lost, {what}, {transport}");
            if !plan.wants(&variant) {
                continue;
            }
            let load = Load { receivers, rate: 10, time: plan.time(15), typing };
            let server = Start::new(&plan.server).listening()?;
            let figures = links::measure(&server, transport, load).await?;
            cells.push(Cell { scenario: "loss", variant, figures });
        }
    }
    Ok(cells)
}

/// A network namespace whose loopback loses packets. This thread is in it, with the processes that it
/// starts, until the value is dropped.
struct Namespace {
    name: String,
    home: File,
}

impl Namespace {
    fn enter() -> anyhow::Result<Self> {
        if !geteuid().is_root() {
            bail!("losing packets takes a network namespace: run this scenario as root");
        }
        for program in ["ip", "nft"] {
            let found = Command::new(program).arg("-V").stdout(Stdio::null()).status();
            ensure!(
                found.is_ok_and(|status| status.success()),
                "losing packets takes the program {program}: install iproute2 and nftables"
            );
        }
        let home = File::open("/proc/thread-self/ns/net")?;
        let name = format!("caffis-bench-{}", std::process::id());
        run_program("ip", &["netns", "add", &name])?;
        // From here on the namespace goes with the value.
        let namespace = Self { name, home };
        let inside = File::open(format!("/run/netns/{}", namespace.name))?;
        move_into_link_name_space(inside.as_fd(), Some(LinkNameSpaceType::Network))
            .context("the network namespace cannot be entered")?;
        run_program("ip", &["link", "set", "lo", "up"])?;
        run_program("nft", &["add", "table", "inet", "loss"])?;
        let hook = "{ type filter hook input priority 0 ; }";
        run_program("nft", &["add", "chain", "inet", "loss", "input", hook])?;
        let lost = LOST.to_string();
        let rule = ["add", "rule", "inet", "loss", "input", "iifname", "lo"];
        let random = ["numgen", "random", "mod", "100", "<", &lost, "drop"];
        run_program("nft", &[&rule[..], &random[..]].concat())?;
        Ok(namespace)
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let network = Some(LinkNameSpaceType::Network);
        // What cannot be undone ends with the process, but for the name.
        let _ = move_into_link_name_space(self.home.as_fd(), network);
        let _ = run_program("ip", &["netns", "delete", &self.name]);
    }
}

fn run_program(program: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{program} cannot be started"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program} {}: {}", arguments.join(" "), said.trim());
    Ok(())
}
