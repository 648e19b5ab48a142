//! Counts of tests, read line by line from what the test runners print.

use std::{fmt, ops::AddAssign};

/// How many tests passed, failed and were skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Tally {
    /// The counts that one line of output states; zero for a line that states none.
    ///
    /// Understood are the closing lines of libtest, Vitest and `node --test`, and the plain
    /// `N passed, N failed[, N skipped]` that our own runners print.
    pub(crate) fn from_line(line: &str) -> Self {
        let line = without_colour(line);
        let line = line.trim();
        libtest(line)
            .or_else(|| vitest(line))
            .or_else(|| node(line))
            .or_else(|| plain(line))
            .unwrap_or_default()
    }

    /// All tests that were counted.
    pub(crate) fn total(self) -> u64 {
        self.passed + self.failed + self.skipped
    }

    fn count(&mut self, word: &str, number: u64) -> Option<()> {
        match word {
            "passed" | "pass" => self.passed += number,
            "failed" | "fail" | "cancelled" => self.failed += number,
            "skipped" | "ignored" | "todo" => self.skipped += number,
            _ => return None,
        }
        Some(())
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        match self.skipped {
            0 => Ok(()),
            skipped => write!(f, ", {skipped} skipped"),
        }
    }
}

/// `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s`
fn libtest(line: &str) -> Option<Tally> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let mut tally = Tally::default();
    for part in counts.split("; ") {
        if let Some((number, word)) = pair(part) {
            // "measured" and "filtered out" are no results of ours.
            let _ = tally.count(word, number);
        }
    }
    Some(tally)
}

/// `Tests  1 failed | 11 passed | 2 skipped (14)`
fn vitest(line: &str) -> Option<Tally> {
    let (counts, _total) = line.strip_prefix("Tests  ")?.rsplit_once(" (")?;
    let mut tally = Tally::default();
    for part in counts.split(" | ") {
        let (number, word) = pair(part.trim())?;
        tally.count(word, number)?;
    }
    Some(tally)
}

/// `ℹ pass 12` (the spec reporter) or `# pass 12` (TAP), one count a line.
fn node(line: &str) -> Option<Tally> {
    let (word, number) =
        line.strip_prefix("ℹ ").or_else(|| line.strip_prefix("# "))?.split_once(' ')?;
    let mut tally = Tally::default();
    match word {
        "pass" | "fail" | "cancelled" | "skipped" | "todo" => {
            tally.count(word, number.parse().ok()?)?
        }
        _ => return None,
    }
    Some(tally)
}

/// `12 passed, 0 failed` with or without `, 1 skipped`, and nothing else on the line.
fn plain(line: &str) -> Option<Tally> {
    let mut tally = Tally::default();
    let mut words = Vec::new();
    for part in line.split(", ") {
        let (number, word) = pair(part)?;
        tally.count(word, number)?;
        words.push(word);
    }
    matches!(words.as_slice(), ["passed", "failed"] | ["passed", "failed", "skipped"])
        .then_some(tally)
}

fn pair(part: &str) -> Option<(u64, &str)> {
    let (number, word) = part.split_once(' ')?;
    Some((number.parse().ok()?, word))
}

/// The line without terminal escapes such as `ESC[32m`.
pub(crate) fn without_colour(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            characters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(character);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(passed: u64, failed: u64, skipped: u64) -> Tally {
        Tally { passed, failed, skipped }
    }

    #[test]
    fn reads_libtest() {
        let line = "test result: FAILED. 5 passed; 2 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.05s";
        assert_eq!(Tally::from_line(line), tally(5, 2, 1));
        let line = "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out";
        assert_eq!(Tally::from_line(line), tally(1, 0, 0));
    }

    #[test]
    fn reads_coloured_libtest() {
        let line = "test result: \u{1b}[32mok\u{1b}[m. 7 passed; 0 failed; 0 ignored; 0 measured";
        assert_eq!(Tally::from_line(line), tally(7, 0, 0));
    }

    #[test]
    fn reads_vitest() {
        assert_eq!(Tally::from_line("      Tests  12 passed (12)"), tally(12, 0, 0));
        let line = "\u{1b}[2m      Tests \u{1b}[22m \u{1b}[31m1 failed\u{1b}[39m | 11 passed | 2 skipped | 3 todo (17)";
        assert_eq!(Tally::from_line(line), tally(11, 1, 5));
        assert_eq!(Tally::from_line(" Test Files  2 passed (2)"), Tally::default());
    }

    #[test]
    fn reads_node() {
        let lines =
            "ℹ tests 9\nℹ suites 2\nℹ pass 5\nℹ fail 1\nℹ cancelled 1\nℹ skipped 1\nℹ todo 1";
        let mut sum = Tally::default();
        lines.lines().for_each(|line| sum += Tally::from_line(line));
        assert_eq!(sum, tally(5, 2, 2));
        assert_eq!(Tally::from_line("# pass 3"), tally(3, 0, 0));
    }

    #[test]
    fn reads_its_own_form() {
        for expected in [tally(3, 0, 0), tally(0, 4, 0), tally(1, 2, 3)] {
            assert_eq!(Tally::from_line(&expected.to_string()), expected);
        }
    }

    #[test]
    fn ignores_everything_else() {
        for line in [
            "",
            "running 3 tests",
            "test a::b ... ok",
            "3 passed",
            "we saw 3 passed, 1 failed there",
            "# pass the salt",
            "Tests are fun (3)",
            "2 failed, 1 passed",
            "ℹ duration_ms 12.5",
        ] {
            assert_eq!(Tally::from_line(line), Tally::default(), "{line}");
        }
    }
}
