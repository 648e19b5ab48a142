//! How often each person and each service may use the REST API of this node.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use caffis_core::hub::{people::rate_limited, rate::TokenBucket};
use caffis_schema::{Error, ErrorCode, UserId};
use tokio::time::Instant;

/// Callers that are remembered; quiet ones are forgotten when there are more.
const CALLERS: usize = 20_000;

/// How long a caller waits when too many others are remembered, in milliseconds.
const CROWDED_MS: u32 = 1_000;

/// What is counted for itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Counted {
    /// The requests of a person.
    Person(UserId),
    /// The messages that a person sends.
    Messages(UserId),
    /// The requests of a service.
    Service(UserId),
    /// The requests of an address that were not let in.
    Refused(IpAddr),
    /// What an address sends to streams that there are not.
    Stray(IpAddr),
}

/// What a caller may still do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left {
    /// Requests in a second.
    pub(super) rate: u32,
    /// Requests now.
    pub(super) left: u32,
}

/// How often the REST API is used, and by whom.
#[derive(Debug, Default)]
pub struct Rates(Mutex<BTreeMap<Counted, TokenBucket>>);

impl Rates {
    /// Counts one against a rate in a second.
    ///
    /// # Errors
    /// `rate_limited` with the time to wait.
    pub(super) fn take(&self, counted: Counted, rate: u32) -> Result<Left, Error> {
        self.with(counted, rate, |bucket, now| {
            let taken = bucket.take(now);
            taken.map_err(|wait| rate_limited("Too many requests in a second.", wait))
        })
    }

    /// Whether one more would be let through, without counting it.
    ///
    /// # Errors
    /// As [`Rates::take`].
    pub(super) fn look(&self, counted: Counted, rate: u32) -> Result<Left, Error> {
        self.with(counted, rate, |bucket, now| match bucket.left(now) {
            0 => Err(rate_limited("Too many requests in a second.", Duration::from_secs(1))),
            _ => Ok(()),
        })
    }

    fn with(
        &self,
        counted: Counted,
        rate: u32,
        done: impl FnOnce(&mut TokenBucket, Instant) -> Result<(), Error>,
    ) -> Result<Left, Error> {
        let now = Instant::now();
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= CALLERS && !buckets.contains_key(&counted) {
            buckets.retain(|_, bucket| !bucket.is_full(now));
            if buckets.len() >= CALLERS {
                let sentence = "Too many callers at the same time.";
                return Err(Error::later(ErrorCode::RateLimited, sentence, CROWDED_MS));
            }
        }
        let bucket = buckets.entry(counted).or_insert_with(|| TokenBucket::new(rate, now));
        done(bucket, now).map(|()| Left { rate, left: bucket.left(now) })
    }
}

/// The address that counts: of IPv6 its /64 network, since one caller has all of it.
pub(super) fn group(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) >> 64 << 64).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_caller_has_a_rate_and_quiet_ones_are_forgotten() {
        let rates = Rates::default();
        let person = |name: &str| Counted::Person(UserId::new(name).unwrap());
        assert_eq!(rates.take(person("giulia"), 2), Ok(Left { rate: 2, left: 1 }));
        assert!(rates.look(person("giulia"), 2).is_ok());
        assert_eq!(rates.take(person("giulia"), 2), Ok(Left { rate: 2, left: 0 }));
        assert_eq!(rates.take(person("giulia"), 2).unwrap_err().code, ErrorCode::RateLimited);
        assert!(rates.look(person("giulia"), 2).is_err());
        assert!(rates.take(person("marco"), 2).is_ok());
        for number in 0..CALLERS * 2 {
            // A full bucket is as good as none.
            rates.look(person(&number.to_string()), 2).unwrap();
        }
        assert!(rates.0.lock().unwrap().len() <= CALLERS);
        assert_eq!(group("2001:db8::7".parse().unwrap()), "2001:db8::".parse::<IpAddr>().unwrap());
    }
}
