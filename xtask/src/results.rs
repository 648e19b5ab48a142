//! What is kept of the output of test runners: the counts, and which tests failed.

use crate::tally::{Tally, without_colour};

/// Failures of a stage that are told again at the end. The rest is in its output.
const TOLD: usize = 20;

/// The longest line of them, in characters.
const LONGEST: usize = 240;

/// What the tests of a stage came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Results {
    pub(crate) tally: Tally,
    /// Which tests failed, and why as far as one line says it.
    pub(crate) failures: Vec<String>,
    /// The last failure waits for the line that says why.
    waits: bool,
}

impl Results {
    /// Takes a line of output.
    pub(crate) fn read(&mut self, line: &str) {
        self.tally += Tally::from_line(line);
        let line = without_colour(line);
        let line = line.trim();
        if let Some(failure) = vitest(line).or_else(|| panicked(line)) {
            self.waits = self.add(failure);
        } else if self.waits && !line.is_empty() {
            self.waits = false;
            if let Some(last) = self.failures.last_mut() {
                *last = short(&format!("{last}: {line}"));
            }
        }
    }

    fn add(&mut self, failure: &str) -> bool {
        let there = self.failures.len() < TOLD;
        if there {
            self.failures.push(short(failure));
        }
        there
    }
}

fn short(line: &str) -> String {
    line.chars().take(LONGEST).collect()
}

/// ` FAIL  |journeys| journeys/back.test.ts > back closes a window`
fn vitest(line: &str) -> Option<&str> {
    line.strip_prefix("FAIL ").map(str::trim_start)
}

/// `thread 'a_test' (12847) panicked at server/tests/seeds.rs:27:5:`
fn panicked(line: &str) -> Option<&str> {
    let thread = line.strip_suffix(':')?.strip_prefix("thread ")?;
    thread.contains(" panicked at ").then_some(thread)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &str) -> Results {
        let mut results = Results::default();
        lines.lines().for_each(|line| results.read(line));
        results
    }

    #[test]
    fn a_failed_test_is_told_with_its_reason() {
        let libtest = "test a ... FAILED\n\nthread 'a' (7) panicked at b.rs:1:2:\nseed 9 broke it\nnote: run with";
        assert_eq!(read(libtest).failures, ["'a' (7) panicked at b.rs:1:2: seed 9 broke it"]);
        let vitest = " FAIL  a.test.ts > it opens\n\u{1b}[41m FAIL \u{1b}[49m a.test.ts > it closes\nError: no such element\n ❯ a";
        let expected = ["a.test.ts > it opens", "a.test.ts > it closes: Error: no such element"];
        assert_eq!(read(vitest).failures, expected);
    }

    #[test]
    fn what_is_told_has_an_end() {
        let many = "FAIL x\nlong ".to_owned() + &"reason ".repeat(100) + "\n";
        let results = read(&many.repeat(TOLD + 5));
        assert_eq!(results.failures.len(), TOLD);
        assert!(results.failures.iter().all(|failure| failure.chars().count() == LONGEST));
    }

    #[test]
    fn what_passes_tells_nothing() {
        let results = read("test a ... ok\n ✓ b\ntest result: ok. 1 passed; 0 failed");
        assert_eq!((results.failures, results.tally.passed), (vec![], 1));
    }
}
