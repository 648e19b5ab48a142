//! Log lines for refused hellos.

use std::{mem, net::IpAddr, sync::Mutex};

use caffis_link::Kind;
use caffis_schema::ErrorCode;
use tokio::time::Instant;

use crate::{hub::rate::TokenBucket, sync::lock};

/// The most refused hellos that are logged per second, so that they cannot fill the disk.
const REFUSALS_LOGGED: u32 = 10;

/// Logs refused hellos, up to a limit.
#[derive(Debug)]
pub(crate) struct Refusals(Mutex<Measured>);

#[derive(Debug)]
struct Measured {
    rate: TokenBucket,
    unlogged: u64,
}

impl Measured {
    fn new(now: Instant) -> Self {
        Self { rate: TokenBucket::new(REFUSALS_LOGGED, now), unlogged: 0 }
    }

    /// How many were left out since the last line, or none if this one is left out too.
    fn take(&mut self, now: Instant) -> Option<u64> {
        if self.rate.take(now).is_err() {
            self.unlogged += 1;
            return None;
        }
        Some(mem::take(&mut self.unlogged))
    }
}

impl Refusals {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Measured::new(Instant::now())))
    }

    /// Logs why one was refused, by its code only: its content is neither trusted nor kept.
    pub(crate) fn log(&self, code: ErrorCode, kind: Kind, address: Option<IpAddr>) {
        let Some(unlogged) = lock(&self.0).take(Instant::now()) else { return };
        tracing::info!(
            error.code = code.name(),
            link.kind = %kind,
            address = address.map(tracing::field::display),
            unlogged,
            "hello refused"
        );
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn refused_hellos_are_logged_at_a_measured_pace_and_the_rest_is_counted() {
        let start = Instant::now();
        let mut refusals = Measured::new(start);
        let logged = (0..1_000).filter_map(|_| refusals.take(start)).collect::<Vec<_>>();
        assert_eq!(logged, [0; REFUSALS_LOGGED as usize]);
        assert_eq!(refusals.take(start + Duration::from_secs(1)), Some(990));
        assert_eq!(refusals.take(start + Duration::from_secs(1)), Some(0));
    }
}
