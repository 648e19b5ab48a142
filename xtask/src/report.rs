//! What a test run prints when it ends.

use std::time::Duration;

use crate::tally::Tally;

/// One stage that has ended.
pub(crate) struct Record {
    pub(crate) name: &'static str,
    pub(crate) time: Duration,
    pub(crate) tally: Tally,
    /// Which tests failed.
    pub(crate) failures: Vec<String>,
    /// Why the stage failed.
    pub(crate) failure: Option<String>,
}

/// The stages of a run, in the order in which they ended.
#[derive(Default)]
pub(crate) struct Report {
    records: Vec<Record>,
}

impl Report {
    /// Adds a stage. One that failed without a failed test (a lint, a build) counts as one failed.
    pub(crate) fn add(&mut self, mut record: Record) {
        if record.failure.is_some() && record.tally.failed == 0 {
            record.tally.failed = 1;
        }
        if record.failure.is_none() && record.tally.failed > 0 {
            record.failure = Some(format!("{} tests failed", record.tally.failed));
        }
        self.records.push(record);
    }

    /// Whether every stage succeeded.
    pub(crate) fn succeeded(&self) -> bool {
        self.records.iter().all(|record| record.failure.is_none())
    }

    /// The table of stages, the failures, and as its last line the counts alone.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut sum = Tally::default();
        let mut time = Duration::ZERO;
        for record in &self.records {
            let state = if record.failure.is_some() { "FAILED" } else { "ok" };
            let counts = match record.tally.total() {
                0 => String::new(),
                _ => record.tally.to_string(),
            };
            let line =
                format!("{:<12} {:>9}  {state:<7} {counts}", record.name, clock(record.time));
            lines.push(line.trim_end().to_owned());
            sum += record.tally;
            time += record.time;
        }
        lines.push(format!("{:<12} {:>9}", "total", clock(time)));
        for record in &self.records {
            if let Some(failure) = &record.failure {
                lines.push(format!("failed stage: {}: {failure}", record.name));
                let told = record.failures.iter();
                lines.extend(told.map(|failure| format!("  {failure}")));
            }
        }
        lines.push(sum.to_string());
        lines
    }
}

/// A duration for people: `4.2 s`, `3 min 07 s`.
pub(crate) fn clock(time: Duration) -> String {
    match time.as_secs() {
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &'static str, passed: u64, failed: u64, failure: Option<&str>) -> Record {
        Record {
            name,
            time: Duration::from_millis(1500),
            tally: Tally { passed, failed, skipped: 0 },
            failures: Vec::new(),
            failure: failure.map(str::to_owned),
        }
    }

    #[test]
    fn sums_and_closes_with_the_counts() {
        let mut report = Report::default();
        report.add(record("fmt", 0, 0, None));
        report.add(record("unit", 12, 0, None));
        assert!(report.succeeded());
        let lines = report.lines();
        assert_eq!(lines.last().unwrap(), "12 passed, 0 failed");
        assert!(lines[0].starts_with("fmt ") && lines[0].ends_with("ok"), "{lines:?}");
    }

    #[test]
    fn a_failed_stage_is_never_zero_failed() {
        let mut report = Report::default();
        report.add(record("clippy", 0, 0, Some("cargo clippy: exit status 101")));
        report.add(record("unit", 3, 0, None));
        assert!(!report.succeeded());
        let lines = report.lines();
        assert_eq!(lines.last().unwrap(), "3 passed, 1 failed");
        assert!(lines.contains(&"failed stage: clippy: cargo clippy: exit status 101".to_owned()));
    }

    #[test]
    fn failed_tests_fail_the_stage_even_if_the_runner_says_success() {
        let mut report = Report::default();
        report.add(record("web", 3, 2, None));
        assert!(!report.succeeded());
    }

    #[test]
    fn tests_that_failed_are_named_with_their_stage() {
        let mut report = Report::default();
        let failures = vec!["back.test.ts > it closes".to_owned()];
        report.add(Record { failures, ..record("browsers", 3, 1, Some("exit status 1")) });
        let lines = report.lines();
        let stage = lines.iter().position(|line| line.starts_with("failed stage: browsers"));
        assert_eq!(lines[stage.unwrap() + 1], "  back.test.ts > it closes");
        assert_eq!(lines.last().unwrap(), "3 passed, 1 failed");
    }

    #[test]
    fn durations() {
        assert_eq!(clock(Duration::from_millis(4_210)), "4.2 s");
        assert_eq!(clock(Duration::from_secs(187)), "3 min 07 s");
    }
}
