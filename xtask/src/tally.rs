//! Counts tests in what runners print. Never here: running anything.
//! To add a runner: its closing line in [`Tally::read_line`], a row in the test.

/// How many passed and failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tally {
    /// Passed.
    pub(crate) passed: u64,
    /// Failed.
    pub(crate) failed: u64,
}

impl Tally {
    /// Takes one line of a runner's output: libtest's and nextest's summaries, and `ok - …` / `not ok - …` of scripts.
    pub(crate) fn read_line(&mut self, line: &str) {
        let line = line.trim();
        if line.starts_with("test result: ") {
            self.passed += number_before(line, " passed");
            self.failed += number_before(line, " failed");
        } else if line.starts_with("Summary [") && line.contains(" run: ") {
            self.passed += number_before(line, " passed");
            self.failed += number_before(line, " failed") + number_before(line, " timed out");
        } else if line.starts_with("ok - ") {
            self.passed += 1;
        } else if line.starts_with("not ok - ") {
            self.failed += 1;
        }
    }

    /// Adds a step that ended well or not and may have counted nothing itself: every step counts at least once.
    #[must_use]
    pub(crate) fn closed(mut self, well: bool) -> Self {
        if !well && self.failed == 0 {
            self.failed = 1;
        } else if well && self.passed == 0 {
            self.passed = 1;
        }
        self
    }

    /// Both together.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

fn number_before(line: &str, word: &str) -> u64 {
    let Some((before, _)) = line.split_once(word) else {
        return 0;
    };
    let digits = before.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap_or("");
    digits.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_of_every_runner_are_counted() {
        let count = |line| {
            let mut tally = Tally::default();
            tally.read_line(line);
            (tally.passed, tally.failed)
        };
        for (line, wanted) in [
            ("test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured", (12, 0)),
            ("test result: FAILED. 3 passed; 2 failed; 0 ignored", (3, 2)),
            ("     Summary [   0.5s] 12 tests run: 11 passed, 1 failed, 0 skipped", (11, 1)),
            (
                "     Summary [   9.5s] 3 tests run: 2 passed (1 slow), 1 timed out, 0 skipped",
                (2, 1),
            ),
            ("ok - reads a file", (1, 0)),
            ("not ok - reads a file: 12 passed", (0, 1)),
            ("12 passed, 3 failed in prose", (0, 0)),
        ] {
            assert_eq!(count(line), wanted, "{line}");
        }
    }

    #[test]
    fn a_step_counts_at_least_once_and_a_silent_failure_is_one() {
        assert_eq!(Tally::default().closed(true), Tally { passed: 1, failed: 0 });
        assert_eq!(Tally::default().closed(false), Tally { passed: 0, failed: 1 });
        assert_eq!(Tally { passed: 3, failed: 0 }.closed(false), Tally { passed: 3, failed: 1 });
        assert_eq!(Tally { passed: 3, failed: 2 }.closed(false), Tally { passed: 3, failed: 2 });
    }
}
