//! TCP connections per address, so that one address cannot take all places.
//!
//! Links are counted by core, by the client's real address. This counts sockets, before anything is
//! read from them; it is wider, since pages need some connections besides their link.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use caffis_transport::admit::{Admit, Permit};

use crate::{
    config::Network,
    meters::{Admitted, Meters},
};

/// Connections besides links that one address may have.
const BESIDES_LINKS: u32 = 100;

/// Counts the connections of each address; the map holds only those that have some.
struct Crowd {
    most: u32,
    trusted: Vec<Network>,
    counts: Mutex<BTreeMap<IpAddr, u32>>,
}

/// A place in the crowd, given back by Drop.
struct Place {
    crowd: Arc<Crowd>,
    address: IpAddr,
}

/// Admits as many connections from one address as its links may be, and some besides. Trusted
/// proxies carry everybody and are not counted.
pub(super) fn admit(
    connections_per_address: u32,
    trusted: Vec<Network>,
    meters: Arc<Meters>,
) -> Admit {
    let most = connections_per_address.saturating_add(BESIDES_LINKS);
    let crowd = Arc::new(Crowd { most, trusted, counts: Mutex::default() });
    Admit::new(move |address| {
        let permit = enter(&crowd, address);
        if permit.is_none() {
            meters.admitted(Admitted::TooManySockets);
        }
        permit
    })
}

fn enter(crowd: &Arc<Crowd>, address: IpAddr) -> Option<Permit> {
    if crowd.trusted.iter().any(|network| network.contains(address)) {
        return Some(Box::new(()));
    }
    let address = group(address);
    let mut counts = crowd.counts.lock().unwrap_or_else(PoisonError::into_inner);
    let count = counts.entry(address).or_default();
    if *count >= crowd.most {
        tracing::debug!(%address, "too many TCP connections from one address");
        return None;
    }
    *count += 1;
    Some(Box::new(Place { crowd: crowd.clone(), address }))
}

/// Of IPv6 the network: a person has a /64 of addresses.
fn group(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) >> 64 << 64).into()),
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.crowd.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_has_so_many_places_and_gives_them_back() {
        let trusted = vec!["10.0.0.0/8".parse().unwrap()];
        let crowd = Arc::new(Crowd { most: 2, trusted, counts: Mutex::default() });
        let enter = |address: &str| enter(&crowd, address.parse().unwrap());
        let first = enter("2001:db8::1");
        let _second = enter("2001:db8::2");
        assert!(first.is_some());
        assert!(enter("2001:db8::3").is_none());
        assert!(enter("2001:db8:0:1::1").is_some());
        drop(first);
        assert!(enter("2001:db8::3").is_some());
        let proxied: Vec<_> = (0..10).map(|_| enter("10.0.0.1")).collect();
        assert!(proxied.iter().all(Option::is_some));
        drop(proxied);
        assert_eq!(crowd.counts.lock().unwrap().len(), 1);
    }
}
