//! When a certificate is requested.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::time::{sleep, timeout};

use super::{
    authority::{Authority, renewal},
    error::AcmeError,
};
use crate::Certificates;

/// The first and the longest wait when the authority cannot be reached.
const PASSING: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10 * 60));

/// The same after a refusal: Let's Encrypt allows five failed proofs of a name in an hour.
const REFUSED: (Duration, Duration) = (Duration::from_secs(5 * 60), Duration::from_secs(6 * 3600));

/// The most by which a wait is extended at random, so that servers that failed together do not retry
/// together.
const JITTER: f64 = 0.25;

/// The longest sleep: the wall clock may be changed during it.
const MAX_SLEEP: Duration = Duration::from_secs(3600);

/// Waits longer with each failure since the last success, counted for each kind of failure by itself:
/// after an outage of the authority the wait for refusals is still short.
#[derive(Debug, Default)]
struct BackOff {
    passing: u32,
    refused: u32,
}

impl BackOff {
    /// How long to wait after this failure; an authority that asks for longer gets it.
    fn after(&mut self, error: &AcmeError, retry_after: Option<Duration>) -> Duration {
        let ((first, longest), failures) = match error.is_passing() {
            true => (PASSING, &mut self.passing),
            false => (REFUSED, &mut self.refused),
        };
        let wait = first.saturating_mul(2_u32.saturating_pow(*failures)).min(longest);
        *failures = failures.saturating_add(1);
        wait.mul_f64(rand::random_range(1.0..1.0 + JITTER)).max(retry_after.unwrap_or_default())
    }
}

/// Obtains certificates when they are due and puts them to use, until the task is aborted.
pub(crate) async fn keep(
    certificates: Certificates,
    authority: Arc<Authority>,
    clock: impl Fn() -> SystemTime,
) {
    let mut back_off = BackOff::default();
    loop {
        let now = clock();
        let due = certificates.next_renewal().unwrap_or(now);
        if let Ok(wait) = due.duration_since(now)
            && !wait.is_zero()
        {
            // A request that comes during the attempt finds that nothing is due.
            let _ = timeout(wait.min(MAX_SLEEP), authority.wanted.notified()).await;
            continue;
        }
        let domains = authority.settings.domains.join(",");
        tracing::info!(
            domains,
            directory = authority.settings.directory,
            "a certificate is asked for"
        );
        let failure = match obtain(&certificates, &authority, &clock).await {
            Ok(()) => {
                back_off = BackOff::default();
                continue;
            }
            Err(error) => error,
        };
        let wait = back_off.after(&failure, authority.http.take_retry_after());
        let left = certificates.status().map(|status| left(status.not_after, clock()));
        tracing::error!(
            error = %failure,
            domains,
            retry.seconds = wait.as_secs(),
            certificate.days_left = left,
            "no certificate was obtained; the server asks again, or at once on SIGHUP"
        );
        tokio::select! {
            () = sleep(wait) => {}
            () = authority.wanted.notified() => {}
        }
    }
}

async fn obtain(
    certificates: &Certificates,
    authority: &Authority,
    clock: &impl Fn() -> SystemTime,
) -> Result<(), AcmeError> {
    let identity = authority.obtain(clock).await?;
    if renewal(&identity) <= clock() {
        return Err(AcmeError::Strange("its certificate is due as soon as it comes".to_owned()));
    }
    certificates.replace(&identity)?;
    let days = left(identity.not_after, clock());
    tracing::info!(
        names = identity.names.join(","),
        certificate.days_left = days,
        "another certificate is in use"
    );
    Ok(())
}

/// Whole days until then.
fn left(end: SystemTime, now: SystemTime) -> u64 {
    end.duration_since(now).unwrap_or_default().as_secs() / 86_400
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(error: &AcmeError, times: usize) -> Vec<u64> {
        let mut back_off = BackOff::default();
        (0..times).map(|_| back_off.after(error, None).as_secs()).collect()
    }

    #[test]
    fn waits_grow_to_a_bound() {
        let unreachable = waits(&AcmeError::Unreachable(String::new()), 40);
        assert_eq!(unreachable[0], 1);
        assert!((8..=10).contains(&unreachable[3]), "{unreachable:?}");
        assert!((600..=750).contains(&unreachable[39]), "{unreachable:?}");
        let refused = waits(&AcmeError::Refused(String::new()), 40);
        assert!((300..=375).contains(&refused[0]), "{refused:?}");
        // No more than five in an hour.
        assert!(refused[..5].iter().sum::<u64>() > 3_600, "{refused:?}");
        assert!((21_600..=27_000).contains(&refused[39]), "{refused:?}");
    }

    #[test]
    fn an_authority_that_wants_to_be_left_alone_is() {
        let day = Duration::from_secs(86_400);
        let mut back_off = BackOff::default();
        assert_eq!(back_off.after(&AcmeError::Unreachable(String::new()), Some(day)), day);
    }
}
