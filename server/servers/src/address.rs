//! Loopback addresses that nobody else uses.

use std::{
    hash::{BuildHasher, RandomState},
    net::{Ipv4Addr, TcpListener},
};

/// The port that is held for as long as an address is in use.
const LOCK_PORT: u16 = 9040;

/// How often an address is looked for.
const TRIES: usize = 100;

/// A loopback address, held until it is dropped.
pub(crate) struct Address {
    pub(crate) address: Ipv4Addr,
    _lock: TcpListener,
}

impl Address {
    /// An address on which all of the ports are free.
    pub(crate) fn take(ports: &[u16]) -> Self {
        for _ in 0..TRIES {
            let [_, a, b, c, ..] = RandomState::new().hash_one(0).to_be_bytes();
            // Not among the first ones, which people use by hand.
            let address = Ipv4Addr::new(127, a.max(1), b, c.clamp(1, 254));
            let Ok(lock) = TcpListener::bind((address, LOCK_PORT)) else { continue };
            if ports.iter().all(|port| TcpListener::bind((address, *port)).is_ok()) {
                return Self { address, _lock: lock };
            }
        }
        panic!("no loopback address has the ports {ports:?} free");
    }
}

/// A port that is free on 127.0.0.1 now.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_differ_and_are_free() {
        let taken: Vec<Address> = (0..20).map(|_| Address::take(&[9041])).collect();
        for one in &taken {
            assert_eq!(taken.iter().filter(|other| other.address == one.address).count(), 1);
            assert!(TcpListener::bind((one.address, LOCK_PORT)).is_err(), "it is held");
        }
    }
}
