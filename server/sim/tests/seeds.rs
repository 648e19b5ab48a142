//! A few lives. More of them: `cargo xtask sim --runs 1000 --quiet`.

use caffis_sim::{Length, run};

/// Lives that every run of the tests plays.
const SEEDS: u64 = 100;

#[test]
fn the_promises_are_kept() {
    let (mut acknowledged, mut faults, mut restarts) = (0, 0, 0);
    for seed in 1..=SEEDS {
        let outcome = run(seed, Length::default()).expect("a runtime");
        let last = outcome.trace.len().saturating_sub(60);
        assert!(
            outcome.broken.is_empty(),
            "seed {seed} broke {:#?}\nafter\n{}",
            outcome.broken,
            outcome.trace[last..].join("\n")
        );
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
fn a_seed_gives_the_same_trace_twice() {
    let length = Length { steps: 400 };
    let first = run(7, length).expect("a runtime");
    let second = run(7, length).expect("a runtime");
    for (one, other) in first.trace.iter().zip(&second.trace) {
        assert_eq!(one, other);
    }
    assert_eq!(first, second);
    let other = run(8, length).expect("a runtime");
    assert_ne!(first.trace, other.trace);
}
