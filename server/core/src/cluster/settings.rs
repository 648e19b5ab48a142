//! Settings and limits of leases and handovers.

use std::time::Duration;

/// The most nodes of a cluster, those that ended within [`LISTED_FOR`] included.
pub const NODES: usize = 1_000;

/// The most shards that are handed over at the same time. Their rooms have no owner for that moment.
pub const HANDOVERS: usize = 16;

/// How long a node stays listed after it last listed itself; whole seconds.
pub const LISTED_FOR: Duration = Duration::from_secs(60);

/// How often a node lists itself.
pub const LISTING: Duration = Duration::from_secs(20);

/// How many lease times ahead of its clock a node reserves stamps. More than one, so that a lease that is
/// not renewed ends before its stamps do.
pub const STAMPS_AHEAD: u32 = 2;

/// After a failed call, and during a handover, the next attempt follows after this fraction of the renewal
/// time.
pub const HURRY: u32 = 10;

/// Leases of others that a node reads at the same time.
pub const CALLS: usize = 16;

/// Times of the lease. All nodes of a cluster must have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseSettings {
    /// How long a lease lasts without a renewal, by the holder's clock. The rooms of a crashed node wait
    /// about as long.
    pub lease_time: Duration,
    /// How often it is renewed, and how long a call to the store may take for it.
    pub lease_renewal: Duration,
    /// How far the clocks of two nodes may drift apart within one lease time. Claimers wait this much
    /// longer than the lease time.
    pub lease_drift: Duration,
}

impl Default for LeaseSettings {
    fn default() -> Self {
        Self {
            lease_time: Duration::from_secs(5),
            lease_renewal: Duration::from_secs(1),
            lease_drift: Duration::from_millis(500),
        }
    }
}

/// The times do not fit each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeaseSettingsError {
    /// One failed renewal would cost the lease.
    #[error("lease_time must be at least three times lease_renewal")]
    RenewalTooRare,
    /// Renewals would follow each other without a pause.
    #[error("lease_renewal must be at least 10 ms")]
    RenewalTooOften,
    /// No two clocks are the same.
    #[error("lease_drift must be at least a hundredth of lease_time")]
    NoDrift,
}

impl LeaseSettings {
    /// Checks that the times fit each other.
    ///
    /// # Errors
    /// What does not fit.
    pub fn check(&self) -> Result<(), LeaseSettingsError> {
        if self.lease_renewal < Duration::from_millis(10) {
            return Err(LeaseSettingsError::RenewalTooOften);
        }
        if self.lease_time < self.lease_renewal.saturating_mul(3) {
            return Err(LeaseSettingsError::RenewalTooRare);
        }
        if self.lease_drift < self.lease_time / 100 {
            return Err(LeaseSettingsError::NoDrift);
        }
        Ok(())
    }

    /// How long a claimer waits after it has read a beat (rule 4).
    #[must_use]
    pub fn silence(&self) -> Duration {
        self.lease_time + self.lease_drift
    }

    /// The pause before a look that others have asked for.
    pub(super) fn gather(&self) -> Duration {
        self.hurry() / HURRY
    }

    /// The pause before something is tried again.
    pub(super) fn hurry(&self) -> Duration {
        self.lease_renewal / HURRY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_do_not_fit_are_refused() {
        let good = LeaseSettings::default();
        assert_eq!(good.check(), Ok(()));
        let rare = LeaseSettings { lease_renewal: Duration::from_secs(2), ..good };
        assert_eq!(rare.check(), Err(LeaseSettingsError::RenewalTooRare));
        let often = LeaseSettings { lease_renewal: Duration::from_millis(9), ..good };
        assert_eq!(often.check(), Err(LeaseSettingsError::RenewalTooOften));
        let exact = LeaseSettings { lease_drift: Duration::from_millis(49), ..good };
        assert_eq!(exact.check(), Err(LeaseSettingsError::NoDrift));
    }
}
