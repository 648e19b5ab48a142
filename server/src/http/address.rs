//! Whose request it is: the client's address, also behind reverse proxies.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName};

use crate::config::Network;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Addresses that are looked at in a chain of proxies.
const MAX_HOPS: usize = 32;

/// The client's address: the last one in the chain that is no trusted proxy.
///
/// Each proxy appends the address that it saw, so only what trusted proxies appended is true; what
/// stands further left may be invented by the client.
pub(super) fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let peer = peer.to_canonical();
    let mut client = peer;
    let lines = headers.get_all(FORWARDED_FOR).iter().rev();
    let hops = lines.flat_map(|line| line.to_str().unwrap_or("?").rsplit(',')).take(MAX_HOPS);
    for hop in hops {
        if !is_trusted(client) {
            break;
        }
        // A trusted proxy that writes something other than an address hides the client.
        let Some(address) = parse(hop.trim()) else { break };
        client = address;
    }
    client
}

/// An address, with or without a port.
fn parse(text: &str) -> Option<IpAddr> {
    let address = text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<std::net::SocketAddr>().ok().map(|address| address.ip());
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    address.or_else(with_port).or_else(bracketed).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn behind(peer: &str, chain: &[&str]) -> String {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let mut headers = HeaderMap::new();
        for line in chain {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        client(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(behind("192.0.2.1", &[]), "192.0.2.1");
        assert_eq!(behind("192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(behind("10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(behind("::ffff:10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(behind("10.0.0.1", &["198.51.100.7, 10.9.9.9"]), "198.51.100.7");
        assert_eq!(behind("10.0.0.1", &["198.51.100.7", "fd00::1"]), "198.51.100.7");
    }

    #[test]
    fn what_the_client_invented_is_not_believed() {
        assert_eq!(behind("10.0.0.1", &["1.1.1.1, 198.51.100.7"]), "198.51.100.7");
        assert_eq!(behind("10.0.0.1", &["1.1.1.1", "198.51.100.7, 10.2.2.2"]), "198.51.100.7");
        assert_eq!(behind("10.0.0.1", &["10.3.3.3, 198.51.100.7"]), "198.51.100.7");
    }

    #[test]
    fn what_is_no_address_ends_the_chain() {
        assert_eq!(behind("10.0.0.1", &["unknown"]), "10.0.0.1");
        assert_eq!(behind("10.0.0.1", &["198.51.100.7, unknown, 10.2.2.2"]), "10.2.2.2");
        assert_eq!(behind("10.0.0.1", &[""]), "10.0.0.1");
    }

    #[test]
    fn ports_and_brackets_are_understood() {
        assert_eq!(behind("10.0.0.1", &["198.51.100.7:4711"]), "198.51.100.7");
        assert_eq!(behind("10.0.0.1", &["[2001:db8::7]:4711"]), "2001:db8::7");
        assert_eq!(behind("10.0.0.1", &["[2001:db8::7]"]), "2001:db8::7");
    }
}
