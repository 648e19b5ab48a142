//! `cargo xtask test`: the stages, in the order that finds a mistake soonest.

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

use crate::{
    commands, fuzz, node,
    options::{ChaosOptions, TestOptions, Tier},
    process,
    report::{Record, Report, clock},
    results::Results,
    setup,
    workspace::Workspace,
};

/// One stage of a test run.
struct Stage {
    name: &'static str,
    /// The smallest tier that runs it.
    tier: Tier,
    run: fn(&Run<'_>, &mut Results) -> Result<()>,
}

/// What a stage knows of the run.
struct Run<'a> {
    workspace: &'a Workspace,
    tier: Tier,
}

const STAGES: [Stage; 11] = [
    Stage { name: "setup", tier: Tier::Quick, run: install },
    Stage { name: "fmt", tier: Tier::Quick, run: fmt },
    Stage { name: "rules", tier: Tier::Quick, run: rules },
    Stage { name: "web", tier: Tier::Quick, run: web },
    Stage { name: "clippy", tier: Tier::Quick, run: clippy },
    Stage { name: "build", tier: Tier::Quick, run: build },
    Stage { name: "unit", tier: Tier::Quick, run: unit },
    Stage { name: "servers", tier: Tier::Normal, run: servers },
    Stage { name: "browsers", tier: Tier::Normal, run: browsers },
    Stage { name: "fuzz", tier: Tier::Normal, run: fuzz_all },
    Stage { name: "deny", tier: Tier::Normal, run: deny },
];

/// Longer than any limit inside the tests, which explain themselves better.
const TEST_LIMIT: Duration = Duration::from_secs(40 * 60);
const LONG_TEST_LIMIT: Duration = Duration::from_secs(120 * 60);
/// Some thousand faults.
const CHAOS_LIMIT: Duration = Duration::from_secs(12 * 60 * 60);
/// A first build on two slow cores.
const BUILD_LIMIT: Duration = Duration::from_secs(40 * 60);

/// Runs the stages asked for; the others go on after one has failed.
pub(crate) fn test(workspace: &Workspace, options: &TestOptions) -> Result<ExitCode> {
    let run = Run { workspace, tier: options.tier };
    let mut report = Report::default();
    for stage in chosen(options)? {
        println!("\n=== {} ===", stage.name);
        let started = Instant::now();
        let mut results = Results::default();
        let failure = (stage.run)(&run, &mut results).err().map(|error| format!("{error:#}"));
        let time = started.elapsed();
        if process::interrupted() {
            bail!("interrupted in {}", stage.name);
        }
        match &failure {
            None => println!("=== {}: ok, {} ===", stage.name, clock(time)),
            Some(failure) => println!("=== {}: FAILED, {}: {failure} ===", stage.name, clock(time)),
        }
        let stop = stage.name == "setup" && failure.is_some();
        let Results { tally, failures, .. } = results;
        report.add(Record { name: stage.name, time, tally, failures, failure });
        if stop {
            break;
        }
    }
    println!();
    report.lines().iter().for_each(|line| println!("{line}"));
    Ok(if report.succeeded() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn chosen(options: &TestOptions) -> Result<Vec<&'static Stage>> {
    for name in &options.only {
        if !STAGES.iter().any(|stage| stage.name == name) {
            let names: Vec<_> = STAGES.iter().map(|stage| stage.name).collect();
            bail!("no stage `{name}`; there are {}", names.join(", "));
        }
    }
    let wanted = |stage: &&Stage| match options.only.is_empty() {
        true => stage.tier <= options.tier,
        false => options.only.iter().any(|name| name == stage.name),
    };
    Ok(STAGES.iter().filter(wanted).collect())
}

fn install(run: &Run<'_>, _: &mut Results) -> Result<()> {
    setup::for_tier(run.workspace, run.tier)
}

fn fmt(run: &Run<'_>, _: &mut Results) -> Result<()> {
    run.workspace.cargo(["fmt", "--all", "--check"]).run()?;
    run.workspace.cargo(["fmt", "--manifest-path", fuzz::MANIFEST, "--check"]).run()
}

/// The import rules, and the tests of this program itself.
fn rules(run: &Run<'_>, results: &mut Results) -> Result<()> {
    cargo_test(run, &["--package", "xtask"], results)
}

/// Before the server is built, because it carries the page. A script goes on after another failed.
fn web(run: &Run<'_>, results: &mut Results) -> Result<()> {
    node::check(run.workspace)?;
    let mut failures = Vec::new();
    for package in node::packages(run.workspace) {
        package.install()?;
        for script in ["lint", "build", "test"] {
            if package.has(script)?
                && let Err(error) = package.script(script, |npm| npm, results)
            {
                failures.push(format!("{error:#}"));
            }
        }
    }
    none_of(&failures)
}

fn clippy(run: &Run<'_>, _: &mut Results) -> Result<()> {
    run.workspace
        .cargo(["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])
        .limit(BUILD_LIMIT)
        .run()
}

/// All targets at once, so that the tests and the program that browsers talk to share one build.
fn build(run: &Run<'_>, _: &mut Results) -> Result<()> {
    run.workspace
        .cargo(["build", "--workspace", "--all-targets", "--locked"])
        .limit(BUILD_LIMIT)
        .run()
}

fn unit(run: &Run<'_>, results: &mut Results) -> Result<()> {
    cargo_test(run, &["--workspace", "--exclude", "xtask"], results)
}

/// Tests whose servers take little, or that mostly wait: two at a time.
const SMALL_SERVERS: &[&str] = &["redis", "postgres", "alerts"];
/// One after the other: a ring and another server at once would make two cores time out.
const LARGE_SERVERS: &[&str] = &["cql", "mirror", "several", "demo", "kits"];

/// The tests that need real servers: they are ignored elsewhere, and nothing else is in their files.
fn servers(run: &Run<'_>, results: &mut Results) -> Result<()> {
    let lib = setup::servers(run.workspace)?;
    let python = setup::python(run.workspace)?;
    let schemathesis = setup::schemathesis(run.workspace)?;
    let mut failures = Vec::new();
    for (names, at_once) in [(SMALL_SERVERS, "2"), (LARGE_SERVERS, "1")] {
        let ran = run
            .workspace
            .cargo(["test", "--locked", "--workspace", "--no-fail-fast"])
            .arguments(names.iter().flat_map(|name| ["--test", *name]))
            .arguments(["--", "--ignored", "--test-threads", at_once])
            .env("CAFFIS_TEST_TIER", run.tier.name())
            .env("CAFFIS_CASSANDRA_LIB", &lib)
            .env("CAFFIS_EXAMPLES_PYTHON", &python)
            .env("CAFFIS_SCHEMATHESIS", &schemathesis)
            .limit(TEST_LIMIT)
            .run_lines(|line| results.read(line));
        failures.extend(ran.err().map(|error| format!("{error:#}")));
    }
    none_of(&failures)
}

/// One run of the test that breaks everything, as long as it takes.
pub(crate) fn chaos(workspace: &Workspace, options: ChaosOptions) -> Result<()> {
    let lib = setup::servers(workspace)?;
    let mut test = workspace
        .cargo(["test", "--locked", "--workspace", "--test", "several", "--"])
        .arguments(["--ignored", "--nocapture", "nothing_is_lost_whatever_goes_wrong"])
        .env("CAFFIS_CASSANDRA_LIB", lib)
        .limit(CHAOS_LIMIT);
    let ChaosOptions { seed, faults, only } = options;
    for (name, value) in [
        ("CAFFIS_CHAOS_SEED", seed.map(|number| number.to_string())),
        ("CAFFIS_CHAOS_FAULTS", faults.map(|number| number.to_string())),
        ("CAFFIS_CHAOS_ONLY", only),
    ] {
        if let Some(value) = value {
            test = test.env(name, value);
        }
    }
    test.run()
}

fn browsers(run: &Run<'_>, results: &mut Results) -> Result<()> {
    let python = setup::python(run.workspace)?;
    let mut failures = Vec::new();
    for package in node::packages(run.workspace) {
        if package.has("test:browser")? {
            package.install()?;
            let server = run.workspace.built("caffis-chat");
            let adapt = |npm: process::Program| {
                npm.env("CAFFIS_CHAT_BIN", server)
                    .env("CAFFIS_TEST_TIER", run.tier.name())
                    .env("CAFFIS_EXAMPLES_PYTHON", &python)
            };
            let ran = package.script("test:browser", adapt, results);
            failures.extend(ran.err().map(|error| format!("{error:#}")));
        }
    }
    none_of(&failures)
}

fn fuzz_all(run: &Run<'_>, results: &mut Results) -> Result<()> {
    fuzz::run(run.workspace, run.tier, results)
}

fn deny(run: &Run<'_>, _: &mut Results) -> Result<()> {
    commands::deny(run.workspace, &["licenses", "bans", "sources"])
}

fn none_of(failures: &[String]) -> Result<()> {
    match failures.is_empty() {
        true => Ok(()),
        false => bail!("{}", failures.join("; ")),
    }
}

fn cargo_test(run: &Run<'_>, packages: &[&str], results: &mut Results) -> Result<()> {
    let limit = if run.tier == Tier::Long { LONG_TEST_LIMIT } else { TEST_LIMIT };
    run.workspace
        .cargo(["test", "--locked", "--no-fail-fast"])
        .arguments(packages)
        .env("CAFFIS_TEST_TIER", run.tier.name())
        .limit(limit)
        .run_lines(|line| results.read(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(tier: Tier, only: &[&str]) -> Vec<&'static str> {
        let only = only.iter().map(|name| (*name).to_owned()).collect();
        chosen(&TestOptions { tier, only }).unwrap().iter().map(|stage| stage.name).collect()
    }

    #[test]
    fn quick_has_no_browsers_and_no_servers() {
        assert!(names(Tier::Quick, &[]).contains(&"unit"));
        assert!(!names(Tier::Quick, &[]).contains(&"browsers"));
        assert!(!names(Tier::Quick, &[]).contains(&"servers"));
        assert_eq!(names(Tier::Normal, &[]).len(), STAGES.len());
    }

    #[test]
    fn only_keeps_the_order_of_the_stages() {
        assert_eq!(names(Tier::Normal, &["rules", "fmt"]), ["fmt", "rules"]);
    }

    #[test]
    fn an_unknown_stage_is_named() {
        let options = TestOptions { tier: Tier::Normal, only: vec!["unti".into()] };
        assert!(chosen(&options).err().unwrap().to_string().contains("unti"));
    }
}
