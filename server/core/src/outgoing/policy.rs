//! What an answer means, and when to try again: pure functions.

use std::time::Duration;

use caffis_schema::Timestamp;

use crate::ports::webhooks::Answer;

/// The wait after the first failure.
pub(super) const FIRST: Duration = Duration::from_secs(5);

/// The longest wait between attempts of one event.
pub(super) const LONGEST: Duration = Duration::from_secs(15 * 60);

/// How long an event is tried.
pub(super) const TRIED_FOR: Duration = Duration::from_secs(86_400);

/// Doublings after which a wait is the longest in any case.
const MAX_DOUBLINGS: u32 = 20;

/// What an attempt means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The receiver has it.
    Delivered,
    /// The receiver will never take it as it is.
    Refused(String),
    /// It may work later.
    Later {
        /// Why it did not.
        reason: String,
        /// How long the receiver wants to be left alone.
        after: Option<Duration>,
        /// Whether everything else would fail for the same reason; else it may be about this event.
        all: bool,
    },
}

/// What an answer means.
pub(super) fn verdict(answer: Answer) -> Verdict {
    let (status, retry_after, reason) = match answer {
        Answer::Said { status, retry_after, reason } => (status, retry_after, reason),
        Answer::Late => {
            let reason = "no answer in time".to_owned();
            return Verdict::Later { reason, after: None, all: false };
        }
        Answer::Unreachable(reason) => return Verdict::Later { reason, after: None, all: true },
    };
    let reason = match status {
        300..=399 => format!("{status}: redirects are not followed"),
        _ if reason.is_empty() => status.to_string(),
        _ => format!("{status}: {reason}"),
    };
    match status {
        200..=299 => Verdict::Delivered,
        400 | 413 | 415 | 422 => Verdict::Refused(reason),
        _ => {
            let after = retry_after.map(|after| after.min(TRIED_FOR));
            // Busy, or a setting is wrong.
            let all = matches!(status, 300..=399 | 401 | 403..=405 | 429 | 503) || after.is_some();
            Verdict::Later { reason, after, all }
        }
    }
}

/// The wait after so many failures: doubled each time up to the longest, and a random part of the second half of
/// it, so that what failed together does not come back together.
pub(super) fn wait(failures: u64, longest: Duration, random: u64) -> Duration {
    let doublings = u32::try_from(failures.saturating_sub(1)).unwrap_or(MAX_DOUBLINGS);
    let whole = FIRST.saturating_mul(1 << doublings.min(MAX_DOUBLINGS)).min(longest);
    let half = whole / 2;
    let part = u64::try_from(half.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
    half + Duration::from_millis(random % part)
}

/// Whether an event has been tried for long enough. `since` is when its room began to fail.
pub(super) fn is_over(happened: Timestamp, since: Timestamp, now: Timestamp) -> bool {
    let begun = happened.max(since);
    u128::from(now.since(begun)) >= TRIED_FOR.as_millis()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status: u16, retry_after: Option<u64>) -> Verdict {
        let retry_after = retry_after.map(Duration::from_secs);
        verdict(Answer::Said { status, retry_after, reason: "why".to_owned() })
    }

    fn later(verdict: Verdict) -> (Option<Duration>, bool) {
        match verdict {
            Verdict::Later { after, all, .. } => (after, all),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn answers_mean_what_the_documentation_says() {
        for status in [200, 202, 204, 299] {
            assert_eq!(said(status, None), Verdict::Delivered);
        }
        for status in [400, 413, 415, 422] {
            assert_eq!(said(status, None), Verdict::Refused(format!("{status}: why")));
        }
        for status in [302, 308, 401, 403, 404, 405, 429, 503] {
            assert_eq!(later(said(status, None)), (None, true), "{status}");
        }
        for status in [408, 409, 410, 425, 500, 502, 504, 599] {
            assert_eq!(later(said(status, None)), (None, false), "{status}");
        }
        assert_eq!(later(verdict(Answer::Late)), (None, false));
        assert_eq!(later(verdict(Answer::Unreachable("refused".to_owned()))), (None, true));
        assert_eq!(later(said(429, Some(7))), (Some(Duration::from_secs(7)), true));
        assert_eq!(later(said(500, Some(7))), (Some(Duration::from_secs(7)), true));
        assert_eq!(later(said(503, Some(10_000_000))), (Some(TRIED_FOR), true));
    }

    #[test]
    fn waits_double_from_five_seconds_to_the_longest() {
        let cases = [(0, 5), (1, 5), (2, 10), (4, 40), (8, 640), (9, 900), (u64::MAX, 900)];
        for (failures, most) in cases {
            let most = Duration::from_secs(most);
            for random in [0, 1, 12_345_678, u64::MAX] {
                let wait = wait(failures, LONGEST, random);
                assert!(wait >= most / 2 && wait <= most, "{failures}: {wait:?}");
            }
        }
    }

    #[test]
    fn an_event_is_tried_for_a_day_since_it_could_be() {
        let day = 86_400_000;
        for (happened, since, now, over) in [
            (0, 0, day - 1, false),
            (0, 0, day, true),
            // It happened while its room was failing already.
            (500, 0, day, false),
            (500, 0, day + 500, true),
            // The endpoint was taken out for a week, and is there again.
            (0, 7 * day, 7 * day + 5, false),
            // The clock was set back.
            (day, day, 0, false),
        ] {
            let over_now = is_over(Timestamp(happened), Timestamp(since), Timestamp(now));
            assert_eq!(over_now, over, "{happened}, {since}, {now}");
        }
    }
}
