//! Fuzzing of every decoder, on a stable compiler and without cargo-fuzz: the coverage flags are
//! the ones that libFuzzer needs, and the targets are plain programs.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context, Result, bail};

use crate::{options::Tier, results::Results, workspace::Workspace};

/// The fuzz targets are a workspace of their own: they are built with other flags.
pub(crate) const MANIFEST: &str = "schema/fuzz/Cargo.toml";

const FLAGS: [&str; 6] = [
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];
const SMOKE: Duration = Duration::from_secs(10);
const LONG: Duration = Duration::from_secs(300);
/// What a target may take beyond its time: start, corpus, last input.
const OVERHEAD: Duration = Duration::from_secs(60);
/// The longest input that libFuzzer makes; above every frame limit's interesting part.
const MAX_INPUT: &str = "-max_len=8192";

/// Builds the targets and runs each of them.
pub(crate) fn run(workspace: &Workspace, tier: Tier, results: &mut Results) -> Result<()> {
    let time = if tier == Tier::Long { LONG } else { SMOKE };
    let host = host(workspace)?;
    let folder = workspace.target().join("fuzz");
    // Naming the target keeps the flags away from build scripts and procedural macros.
    workspace
        .cargo(["build", "--release", "--locked", "--manifest-path", MANIFEST, "--bins"])
        .arguments(["--target", &host])
        .env("CARGO_TARGET_DIR", &folder)
        .env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\u{1f}"))
        .run()?;
    let mut failures = Vec::new();
    for name in targets(workspace)? {
        let program = folder.join(&host).join("release").join(&name);
        match fuzz(workspace, &program, &folder, &name, time) {
            Ok(executions) => {
                println!("fuzz {name}: {executions} executions in {} s", time.as_secs());
                results.tally.passed += 1;
            }
            Err(error) => {
                failures.push(format!("{name}: {error:#}"));
                results.tally.failed += 1;
            }
        }
    }
    match failures.is_empty() {
        true => Ok(()),
        false => bail!("{} (inputs in {}/crashes)", failures.join("; "), folder.display()),
    }
}

/// Runs one target on its committed corpus; what it finds stays outside the checkout.
fn fuzz(
    workspace: &Workspace,
    program: &Path,
    folder: &Path,
    name: &str,
    time: Duration,
) -> Result<u64> {
    let committed = workspace.path("schema/fuzz/corpus").join(name);
    let found = folder.join("found").join(name);
    let crashes = folder.join("crashes").join(name);
    fs::create_dir_all(&found)?;
    fs::create_dir_all(&crashes)?;
    let mut output = String::new();
    workspace
        .program(program)
        .arguments([&found, &committed])
        .arguments([format!("-max_total_time={}", time.as_secs())])
        .arguments([format!("-artifact_prefix={}/", crashes.display())])
        .arguments([MAX_INPUT, "-print_final_stats=1", "-verbosity=0", "-timeout=10"])
        .limit(time + OVERHEAD)
        .stream(|line| output.push_str(&String::from_utf8_lossy(line)))
        .inspect_err(|_| println!("{output}"))?;
    match output.lines().find_map(executed) {
        Some(executions @ 1..) => Ok(executions),
        _ => bail!("nothing was executed"),
    }
}

/// The number in libFuzzer's `stat::number_of_executed_units: 12345`.
fn executed(line: &str) -> Option<u64> {
    line.strip_prefix("stat::number_of_executed_units:")?.trim().parse().ok()
}

/// The names of the fuzz programs, from their manifest.
fn targets(workspace: &Workspace) -> Result<Vec<String>> {
    let metadata = workspace
        .cargo(["metadata", "--no-deps", "--format-version=1", "--manifest-path", MANIFEST])
        .read()?;
    let metadata: serde_json::Value =
        serde_json::from_str(&metadata).context("cargo metadata is not JSON")?;
    let targets = metadata["packages"][0]["targets"].as_array().context("no fuzz targets")?;
    Ok(targets
        .iter()
        .filter(|target| target["kind"][0] == "bin")
        .filter_map(|target| target["name"].as_str().map(str::to_owned))
        .collect())
}

fn host(workspace: &Workspace) -> Result<String> {
    let version = workspace.program("rustc").arguments(["-vV"]).read()?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc -vV names no host")
}

#[cfg(test)]
mod tests {
    use super::executed;

    #[test]
    fn reads_libfuzzers_count() {
        assert_eq!(executed("stat::number_of_executed_units: 1048576\n"), Some(1_048_576));
        assert_eq!(executed("stat::average_exec_per_sec:     95325"), None);
    }
}
