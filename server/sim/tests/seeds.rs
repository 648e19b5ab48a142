//! A few lives. More of them: `cargo xtask sim --hours 100 --quiet`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
    time::Duration,
};

use caffis_sim::{NODES, Options, Outcome, Planted, run};

/// Lives of three nodes that every run of the tests plays.
const SEEDS: u64 = 25;

/// Lives of a process alone.
const ALONE: u64 = 50;

/// Lives in which a backup is restored.
const RESTORED: u64 = 10;

/// The same of several nodes.
const RESTORED_OF_SEVERAL: u64 = 3;

/// Lives in which a planted bug has to be found at the latest.
const PLANTED: u64 = 100;

/// Plays a life that keeps every promise.
fn keeps(seed: u64, options: Options) -> Outcome {
    let outcome = run(seed, options).expect("a runtime");
    let last = outcome.trace.len().saturating_sub(60);
    assert!(
        outcome.broken.is_empty(),
        "seed {seed} broke {:#?}\nafter\n{}\nreplay with `cargo xtask sim --seed {seed} --nodes {} --steps {}{}`",
        outcome.broken,
        outcome.trace[last..].join("\n"),
        options.nodes,
        options.steps,
        if options.restores { " --restores" } else { "" },
    );
    outcome
}

/// Plays lives that keep every promise, and in which much happens.
fn keep(seeds: u64, options: Options) {
    let (mut acknowledged, mut faults, mut restarts) = (0, 0, 0);
    for seed in 1..=seeds {
        let outcome = keeps(seed, options);
        acknowledged += outcome.acknowledged as u64;
        faults += outcome.faults;
        restarts += u64::from(outcome.restarts);
    }
    // A simulation in which nothing happens would keep every promise.
    assert!(acknowledged > seeds * 20, "only {acknowledged} messages");
    assert!(faults > seeds * 4, "only {faults} faults");
    assert!(restarts > seeds * 2, "only {restarts} restarts");
}

#[test]
fn several_nodes_keep_the_promises() {
    keep(SEEDS, Options::default());
}

#[test]
fn a_process_alone_keeps_the_promises() {
    keep(ALONE, Options { nodes: 1, ..Options::default() });
}

/// A number that changes with each change of the core, and not from run to run: so each state of the core plays lives
/// that nobody has played before, and the same ones whenever it is tested.
fn seed_of_the_core() -> u64 {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for item in fs::read_dir(folder).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    files.iter().for_each(|file| fs::read(file).unwrap().hash(&mut hasher));
    // Short enough to type.
    hasher.finish() % 1_000_000_000
}

#[test]
fn lives_that_nobody_has_played_keep_the_promises() {
    let seed = seed_of_the_core();
    println!("seed {seed}");
    for nodes in [1, 3] {
        keeps(seed, Options { nodes, ..Options::default() });
    }
}

#[test]
fn the_promises_are_kept_when_a_backup_is_restored() {
    for seed in 1..=RESTORED {
        keeps(seed, Options { nodes: 1, steps: 300, restores: true, ..Options::default() });
    }
    for seed in 1..=RESTORED_OF_SEVERAL {
        keeps(seed, Options { steps: 300, restores: true, ..Options::default() });
    }
}

/// Finds a bug in one of the first lives: one that keeps every promise without it.
fn finds(planted: Planted) {
    finds_among(NODES, planted);
}

/// The same with so many nodes.
fn finds_among(nodes: usize, planted: Planted) {
    let sound = Options { nodes, ..Options::default() };
    let options = Options { planted: Some(planted), ..sound };
    let mut time = Duration::ZERO;
    for seed in 1..=PLANTED {
        let life = run(seed, options).expect("a runtime");
        time += life.time;
        let Some(broken) = life.broken.first() else { continue };
        if run(seed, sound).expect("a runtime").broken.is_empty() {
            println!("{planted:?}: seed {seed}, after {} s: {broken}", time.as_secs());
            return;
        }
    }
    panic!("{planted:?} was not found in {PLANTED} lives");
}

#[test]
fn planted_bugs_of_stores_and_clocks_are_found() {
    for planted in [
        Planted::AcknowledgesEarly,
        Planted::TellsEarly,
        Planted::ForgetsSent,
        Planted::OutlivesLease,
        Planted::SharesBuckets,
        Planted::LeavesTail,
        Planted::KeepsWords,
        Planted::KeepsVoidMembers,
        Planted::LosesMarkers,
        Planted::SkipsActivity,
    ] {
        finds(planted);
    }
}

#[test]
fn planted_bugs_of_features_are_found() {
    for planted in [
        Planted::ForgetsSettings,
        Planted::KeepsCancelled,
        Planted::ForgetsVotes,
        Planted::LosesFollowers,
        Planted::LosesMentions,
        Planted::ForgetsRemovals,
        Planted::ForgetsStars,
        Planted::ForgetsDrafts,
        Planted::ForgetsWords,
        Planted::ForgetsReports,
        Planted::ForgetsPeople,
    ] {
        finds(planted);
    }
}

#[test]
fn planted_bugs_of_rights_and_times_are_found() {
    for planted in [
        Planted::ForgetsRoles,
        Planted::ForgetsClosing,
        Planted::ForgetsExpiry,
        Planted::ForgetsUses,
        Planted::ForgetsImports,
        Planted::ForgetsMutes,
        Planted::ForwardsOthers,
    ] {
        finds(planted);
    }
}

#[test]
fn planted_bugs_of_clients_are_found() {
    for planted in [
        Planted::SkipsEntries,
        Planted::RepeatsEntries,
        Planted::ResumesNothing,
        Planted::HearsAfterRemoval,
        Planted::HidesPeople,
        Planted::OverfillsQueues,
    ] {
        finds(planted);
    }
}

#[test]
fn a_seed_gives_the_same_trace_twice() {
    for nodes in [1, 3] {
        let options = Options { nodes, steps: 400, ..Options::default() };
        let first = run(7, options).expect("a runtime");
        let second = run(7, options).expect("a runtime");
        for (one, other) in first.trace.iter().zip(&second.trace) {
            assert_eq!(one, other);
        }
        assert_eq!(first, second);
        let other = run(8, options).expect("a runtime");
        assert_ne!(first.trace, other.trace);
    }
}
