//! Which addresses webhooks may go to: whoever names an endpoint does not reach what is only for this network.

use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{Arc, LazyLock},
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::config::Network;

/// Addresses of IPv4 that are not on the internet (RFC 6890 and those that update it).
const NOT_PUBLIC_V4: [&str; 15] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
];

/// Where the internet is in IPv6.
const PUBLIC_V6: &str = "2000::/3";

/// What is not, of that: among it ways into IPv4 (Teredo, 6to4).
const NOT_PUBLIC_V6: [&str; 4] = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

/// What webhooks never go to unless it is allowed.
static CLOSED: LazyLock<Vec<Network>> = LazyLock::new(|| {
    let all = NOT_PUBLIC_V4.iter().chain(&NOT_PUBLIC_V6);
    all.filter_map(|network| network.parse().ok()).collect()
});

static INTERNET_V6: LazyLock<Option<Network>> = LazyLock::new(|| PUBLIC_V6.parse().ok());

/// Looks names up.
pub(super) trait Lookup: Send + Sync + 'static {
    /// The addresses of a name.
    fn lookup(&self, name: String) -> Found;
}

/// Addresses, to come.
pub(super) type Found = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Names as the system knows them.
pub(super) struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, name: String) -> Found {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Says which addresses are allowed.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    /// Networks that are allowed although they are not on the internet.
    pub(super) allowed: Vec<Network>,
}

impl Guard {
    /// Whether webhooks may go to an address.
    pub(super) fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        if self.allowed.iter().any(|network| network.contains(address)) {
            return true;
        }
        let on_internet = address.is_ipv4()
            || INTERNET_V6.as_ref().is_some_and(|internet| internet.contains(address));
        on_internet && !CLOSED.iter().any(|network| network.contains(address))
    }

    /// The addresses of a name to which webhooks may go.
    ///
    /// # Errors
    /// There is none, and why.
    pub(super) fn sort(&self, name: &str, found: &[IpAddr]) -> Result<Vec<IpAddr>, String> {
        let allowed = found.iter().copied().filter(|address| self.allows(*address));
        let allowed: Vec<_> = allowed.collect();
        match (allowed.is_empty(), found.first()) {
            (true, Some(address)) => Err(refused(name, *address)),
            (true, None) => Err(format!("{name} has no address")),
            (false, _) => Ok(allowed),
        }
    }
}

/// Why an address is not used.
pub(super) fn refused(place: &str, address: IpAddr) -> String {
    format!("{place} is at {address}, which is not a public address: hook_out_networks allows it")
}

/// Looks names up, and gives only what is allowed. Connections go to what was checked here: no name is looked
/// up between the check and the connection.
pub(super) struct Guarded {
    pub(super) guard: Guard,
    pub(super) lookup: Arc<dyn Lookup>,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (guard, found) = (self.guard.clone(), self.lookup.lookup(name.as_str().to_owned()));
        Box::pin(async move {
            let allowed = guard.sort(name.as_str(), &found.await?)?;
            let allowed = allowed.into_iter().map(|address| SocketAddr::from((address, 0)));
            Ok(Box::new(allowed) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(allowed: &[&str], address: &str) -> bool {
        let allowed = allowed.iter().map(|network| network.parse().unwrap()).collect();
        Guard { allowed }.allows(address.parse().unwrap())
    }

    #[test]
    fn only_the_internet_is_allowed() {
        assert_eq!(CLOSED.len(), NOT_PUBLIC_V4.len() + NOT_PUBLIC_V6.len());
        for public in ["8.8.8.8", "1.1.1.1", "172.32.0.1", "2a00:1450::1", "2606:4700::1111"] {
            assert!(allows(&[], public), "{public}");
        }
        for internal in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
            "2002:7f00:1::1",
        ] {
            assert!(!allows(&[], internal), "{internal}");
        }
    }

    #[test]
    fn what_is_allowed_is_allowed_and_nothing_beside_it() {
        let allowed = ["10.0.3.0/24", "fd00::/8"];
        assert!(allows(&allowed, "10.0.3.7") && allows(&allowed, "::ffff:10.0.3.7"));
        assert!(allows(&allowed, "fd12::1") && allows(&allowed, "8.8.8.8"));
        assert!(!allows(&allowed, "10.0.4.7") && !allows(&allowed, "127.0.0.1"));
    }
}
