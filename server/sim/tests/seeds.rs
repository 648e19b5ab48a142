//! A few lives. More of them: `cargo xtask sim --runs 1000 --quiet`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use caffis_sim::{Options, Outcome, Planted, run};

/// Lives that every run of the tests plays.
const SEEDS: u64 = 100;

/// Lives in which a backup is restored.
const RESTORED: u64 = 20;

/// Lives in which a planted bug has to be found at the latest.
const PLANTED: u64 = 10;

/// Plays a life that keeps every promise.
fn keeps(seed: u64, options: Options) -> Outcome {
    let outcome = run(seed, options).expect("a runtime");
    let last = outcome.trace.len().saturating_sub(60);
    assert!(
        outcome.broken.is_empty(),
        "seed {seed} broke {:#?}\nafter\n{}",
        outcome.broken,
        outcome.trace[last..].join("\n")
    );
    outcome
}

#[test]
fn the_promises_are_kept() {
    let (mut acknowledged, mut faults, mut restarts) = (0, 0, 0);
    for seed in 1..=SEEDS {
        let outcome = keeps(seed, Options::default());
        acknowledged += outcome.acknowledged;
        faults += outcome.faults;
        restarts += outcome.restarts;
    }
    // A simulation in which nothing happens would keep every promise.
    assert!(acknowledged > 1_000, "only {acknowledged} messages");
    assert!(faults > 200, "only {faults} faults");
    assert!(restarts > u32::try_from(SEEDS).expect("few") * 2, "only {restarts} restarts");
}

#[test]
fn the_promises_are_kept_when_a_backup_is_restored() {
    for seed in 1..=RESTORED {
        keeps(seed, Options { steps: 300, restores: true, ..Options::default() });
    }
}

#[test]
fn planted_bugs_are_found() {
    for planted in [Planted::SkipsEntries, Planted::RepeatsEntries, Planted::ResumesNothing] {
        let options = Options { planted: Some(planted), ..Options::default() };
        let mut lives = (1..=PLANTED).map(|seed| run(seed, options).expect("a runtime"));
        assert!(lives.any(|life| !life.broken.is_empty()), "{planted:?} was not found");
    }
}

#[test]
fn a_seed_gives_the_same_trace_twice() {
    let options = Options { steps: 400, ..Options::default() };
    let first = run(7, options).expect("a runtime");
    let second = run(7, options).expect("a runtime");
    for (one, other) in first.trace.iter().zip(&second.trace) {
        assert_eq!(one, other);
    }
    assert_eq!(first, second);
    let other = run(8, options).expect("a runtime");
    assert_ne!(first.trace, other.trace);
}
