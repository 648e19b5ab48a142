//! Where the store is that several nodes share.

use std::collections::BTreeMap;

use caffis_scylla::Loss;

/// The most servers of an address.
const MAX_HOSTS: usize = 64;

/// The most copies of a row.
const MAX_COPIES: u8 = 9;

/// An address of CQL servers: `scylla://[user[:password]@]host[:port][,host…]/keyspace`.
#[derive(Clone, PartialEq, Eq)]
pub struct SharedStore {
    /// Some of the servers, each as `host` or `host:port`.
    pub hosts: Vec<String>,
    /// The keyspace.
    pub keyspace: String,
    /// Who connects.
    pub user: Option<String>,
    /// With what password.
    pub password: Option<String>,
}

impl SharedStore {
    /// Reads an address; none if it is not one.
    #[must_use]
    pub fn parse(address: &str) -> Option<Self> {
        let rest = address.strip_prefix("scylla://")?;
        let (place, keyspace) = rest.split_once('/')?;
        let (login, hosts) = match place.rsplit_once('@') {
            Some((login, hosts)) => (login, hosts),
            None => ("", place),
        };
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let hosts: Vec<String> = hosts.split(',').map(str::to_owned).collect();
        let letter = keyspace.starts_with(|c: char| c.is_ascii_lowercase());
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let good = hosts.len() <= MAX_HOSTS
            && hosts.iter().all(|host| is_server(host))
            && letter
            && keyspace.len() <= 48
            && keyspace.chars().all(fits);
        let user = decoded(user)?;
        let password = decoded(password)?;
        good.then(|| Self { hosts, keyspace: keyspace.to_owned(), user, password })
    }
}

fn is_server(server: &str) -> bool {
    let (host, port) = match server.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, Some(port)),
        _ => (server, None),
    };
    let fits =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    !host.is_empty()
        && host.chars().all(fits)
        && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port != 0))
}

/// A text whose special characters are percent-encoded; none within if it is empty.
fn decoded(text: &str) -> Option<Option<String>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    let text = String::from_utf8(bytes).ok()?;
    Some(Some(text).filter(|text| !text.is_empty()))
}

pub(super) fn is_store(address: &str) -> bool {
    SharedStore::parse(address).is_some()
}

pub(super) fn is_bus(address: &str) -> bool {
    address.parse::<caffis_redis::Options>().is_ok()
}

/// One item of `store_replication`: a number, or a data centre and a number.
pub(super) fn is_copies(item: &str) -> bool {
    let (centre, copies) = item.rsplit_once(':').unwrap_or(("any", item));
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !centre.is_empty()
        && centre.chars().all(fits)
        && copies.parse::<u8>().is_ok_and(|copies| (1..=MAX_COPIES).contains(&copies))
}

/// One item of `accept_loss`.
pub(super) fn is_loss(item: &str) -> bool {
    Loss::ALL.iter().any(|loss| loss.name() == item)
}

/// The copies of each row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Copies {
    /// So many in each data centre.
    Everywhere(u8),
    /// So many in these data centres.
    In(BTreeMap<String, u8>),
}

impl Copies {
    /// Reads `store_replication`; none if it is neither one number nor numbers with data centres.
    #[must_use]
    pub fn parse(items: &[String]) -> Option<Self> {
        if let [copies] = items
            && !copies.contains(':')
        {
            return copies.parse().ok().map(Self::Everywhere);
        }
        let centres = items.iter().map(|item| {
            let (centre, copies) = item.rsplit_once(':')?;
            Some((centre.to_owned(), copies.parse().ok()?))
        });
        let centres: BTreeMap<_, _> = centres.collect::<Option<_>>()?;
        (!centres.is_empty()).then_some(Self::In(centres))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_where_and_as_whom() {
        let store = SharedStore::parse("scylla://one,two:9043,[::1]:9042/chat").unwrap();
        assert_eq!(store.hosts, ["one", "two:9043", "[::1]:9042"]);
        assert_eq!((store.keyspace.as_str(), store.user, store.password), ("chat", None, None));
        let store = SharedStore::parse("scylla://chat:p%40ss@one/chat_2").unwrap();
        assert_eq!(store.user.as_deref(), Some("chat"));
        assert_eq!(store.password.as_deref(), Some("p@ss"));
        for wrong in [
            "cassandra://one/chat",
            "scylla://one",
            "scylla://one/",
            "scylla:///chat",
            "scylla://one,/chat",
            "scylla://one:0/chat",
            "scylla://one/Chat",
            "scylla://one/9chat",
            "scylla://one/chat/more",
            "scylla://%f@one/chat",
        ] {
            assert!(SharedStore::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn copies_are_a_number_or_one_for_each_data_centre() {
        let copies = |items: &[&str]| {
            let items: Vec<_> = items.iter().map(|item| (*item).to_owned()).collect();
            assert!(items.iter().all(|item| is_copies(item)), "{items:?}");
            Copies::parse(&items)
        };
        assert_eq!(copies(&["3"]), Some(Copies::Everywhere(3)));
        let centres = BTreeMap::from([("milan".to_owned(), 3), ("rome".to_owned(), 2)]);
        assert_eq!(copies(&["milan:3", "rome:2"]), Some(Copies::In(centres)));
        assert_eq!(copies(&["3", "2"]), None);
        assert_eq!(copies(&["3", "rome:2"]), None);
        assert_eq!(Copies::parse(&[]), None);
        assert!(is_loss("replication") && is_loss("commit_log") && !is_loss("all"));
        for wrong in ["", "0", "10", "x", "rome:", ":3", "ro me:3"] {
            assert!(!is_copies(wrong), "{wrong}");
        }
    }
}
