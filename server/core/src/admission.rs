//! Connections and commands of one address.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    ops::Bound,
    sync::{Arc, Mutex},
};

use caffis_schema::{Error, ErrorCode};
use tokio::time::Instant;

use crate::{
    hub::{people::rate_limited, rate::TokenBucket},
    settings::Settings,
    sync::lock,
};

/// Addresses that are remembered. Beyond it quiet ones are forgotten, and if there is none, new ones
/// have to wait.
const ADDRESSES: usize = 100_000;

/// Addresses that are looked at for each new one, once too many are remembered.
const SWEPT: usize = 64;

#[derive(Debug)]
struct Address {
    connections: u32,
    connects: TokenBucket,
    commands: TokenBucket,
}

/// The addresses that are connected or were a moment ago.
#[derive(Debug)]
pub struct Addresses {
    settings: Arc<Settings>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    map: BTreeMap<IpAddr, Address>,
    /// Up to where addresses were looked at.
    swept: Option<IpAddr>,
}

impl Known {
    /// Looks at the next few addresses and forgets those that are quiet.
    fn sweep(&mut self, now: Instant) {
        let from = self.swept.map_or(Bound::Unbounded, Bound::Excluded);
        let next = self.map.range((from, Bound::Unbounded)).take(SWEPT);
        let looked: Vec<(IpAddr, bool)> = next
            .map(|(address, a)| (*address, a.connections == 0 && a.connects.is_full(now)))
            .collect();
        self.swept = looked.last().map(|(address, _)| *address).filter(|_| looked.len() == SWEPT);
        for (address, _) in looked.iter().filter(|(_, quiet)| *quiet) {
            self.map.remove(address);
        }
    }
}

/// The address that limits count: for IPv6 its /64 network, since one person has all of it.
pub(crate) fn group(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let network = u128::from(address) >> 64 << 64;
            IpAddr::V6(network.into())
        }
    }
}

impl Addresses {
    pub(crate) fn new(settings: Arc<Settings>) -> Arc<Self> {
        Arc::new(Self { settings, known: Mutex::default() })
    }

    /// Admits a connection, unless the address has too many or connects too often.
    ///
    /// # Errors
    /// `limit_reached` and `rate_limited`, with the time to wait.
    pub fn admit(self: &Arc<Self>, address: IpAddr) -> Result<Admission, Error> {
        let address = group(address);
        let now = Instant::now();
        let mut known = lock(&self.known);
        if known.map.len() >= ADDRESSES && !known.map.contains_key(&address) {
            known.sweep(now);
            if known.map.len() >= ADDRESSES {
                let sentence = "Too many addresses are connected.";
                return Err(Error::later(ErrorCode::LimitReached, sentence, 5_000));
            }
        }
        let entry = known.map.entry(address).or_insert_with(|| Address {
            connections: 0,
            connects: TokenBucket::new(self.settings.address_connects_per_second, now),
            commands: TokenBucket::new(self.settings.address_commands_per_second, now),
        });
        if entry.connections >= self.settings.connections_per_address {
            let sentence = "Too many connections from this address.";
            return Err(Error::later(ErrorCode::LimitReached, sentence, 5_000));
        }
        entry
            .connects
            .take(now)
            .map_err(|wait| rate_limited("This address connects too often.", wait))?;
        entry.connections += 1;
        Ok(Admission { addresses: self.clone(), address })
    }

    /// Takes a command out of the address's rate.
    ///
    /// # Errors
    /// `rate_limited` with the time to wait.
    pub(crate) fn take_command(&self, address: IpAddr) -> Result<(), Error> {
        let mut known = lock(&self.known);
        let Some(entry) = known.map.get_mut(&group(address)) else { return Ok(()) };
        let taken = entry.commands.take(Instant::now());
        taken.map_err(|wait| rate_limited("Too many commands from this address.", wait))
    }
}

/// A connection that was admitted; dropping it frees its place.
#[derive(Debug)]
pub struct Admission {
    addresses: Arc<Addresses>,
    address: IpAddr,
}

impl Admission {
    /// The address that counts.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.address
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        if let Some(entry) = lock(&self.addresses.known).map.get_mut(&self.address) {
            entry.connections = entry.connections.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_count_by_address_and_come_back() {
        let settings = Settings { connections_per_address: 2, ..Settings::default() };
        let addresses = Addresses::new(Arc::new(settings));
        let address: IpAddr = "2001:db8::1".parse().expect("an address");
        let neighbour: IpAddr = "2001:db8::2".parse().expect("an address");
        let other: IpAddr = "2001:db8:0:1::1".parse().expect("an address");
        let first = addresses.admit(address).expect("the first");
        let _second = addresses.admit(neighbour).expect("the second of the same network");
        let error = addresses.admit(address).expect_err("one too many");
        assert_eq!(error.code, ErrorCode::LimitReached);
        assert!(addresses.admit(other).is_ok());
        drop(first);
        assert!(addresses.admit(address).is_ok());
    }

    #[test]
    fn ipv4_counts_the_same_in_both_notations() {
        let settings = Settings { connections_per_address: 1, ..Settings::default() };
        let addresses = Addresses::new(Arc::new(settings));
        let _first = addresses.admit("127.0.0.1".parse().expect("an address")).expect("the first");
        assert!(addresses.admit("::ffff:127.0.0.1".parse().expect("an address")).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn quiet_addresses_are_forgotten_a_few_at_a_time() {
        let addresses = Addresses::new(Arc::new(Settings::default()));
        let address = |number: u32| IpAddr::V4(number.into());
        for number in 0..ADDRESSES as u32 {
            drop(addresses.admit(address(number)).expect("there is a place"));
        }
        let known = || lock(&addresses.known).map.len();
        assert!(addresses.admit(address(u32::MAX)).is_err(), "all of them came just now");
        tokio::time::advance(std::time::Duration::from_secs(2)).await;
        for number in 1..=3 {
            let _there = addresses.admit(address(u32::MAX - number)).expect("a place was found");
        }
        assert!((ADDRESSES - SWEPT..ADDRESSES).contains(&known()), "{}", known());
    }
}
