//! Where Redis is, and how to get in.

use std::{fmt, str::FromStr};

use percent_encoding::percent_decode_str;

/// The port of a server for which none is given.
const PORT: u16 = 6379;

/// The name of a cluster for which none is given.
const NAME: &str = "caffis";

/// The most bytes of a cluster's name.
pub const MAX_NAME_BYTES: usize = 64;

/// The most servers of a URL.
const MAX_SERVERS: usize = 64;

/// A server, as it is reached.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Address {
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// Where Redis is, and how to get in:
/// `redis://[user[:password]@]host[:port][,host[:port]…][/name]`, or `rediss://…` for TLS.
///
/// The servers are tried in their order. Of a Redis Cluster a few are enough: the others are found. The
/// name is that of this cluster of nodes, `caffis` if none is given: clusters with different names may
/// share a server.
#[derive(Clone, PartialEq, Eq)]
pub struct Options {
    pub(crate) servers: Vec<Address>,
    pub(crate) tls: bool,
    pub(crate) authority: Option<Vec<u8>>,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) name: String,
}

/// A URL that is not one of a bus.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    /// Something else than Redis.
    #[error("it must begin with redis:// or rediss://")]
    Scheme,
    /// No server, or too many.
    #[error("it must name 1 to {MAX_SERVERS} servers")]
    Servers,
    /// A server that is none.
    #[error("`{0}` is not a server: write host or host:port")]
    Server(String),
    /// A name that cannot be a part of a channel.
    #[error("`{0}` is not a name: up to {MAX_NAME_BYTES} letters, digits, `-`, `_` and `.`")]
    Name(String),
    /// The user or the password.
    #[error("the user or the password is not percent-encoded UTF-8")]
    Encoding,
}

impl Options {
    /// With this user instead of that of the URL.
    #[must_use]
    pub fn with_user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// With this password instead of that of the URL.
    #[must_use]
    pub fn with_password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// With TLS certificates from this authority, in PEM, instead of those that the system trusts.
    #[must_use]
    pub fn with_authority(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.authority = Some(pem.into());
        self
    }

    /// Whether the connections are encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.tls
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("servers", &self.servers)
            .field("tls", &self.tls)
            .field("user", &self.user)
            .field("password", &self.password.as_ref().map(|_| "…"))
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl FromStr for Options {
    type Err = OptionsError;

    fn from_str(url: &str) -> Result<Self, OptionsError> {
        let (scheme, rest) = url.split_once("://").ok_or(OptionsError::Scheme)?;
        let tls = match scheme {
            "redis" => false,
            "rediss" => true,
            _ => return Err(OptionsError::Scheme),
        };
        // A password may hold anything but a slash, which is encoded.
        let (place, name) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, servers) = match place.rsplit_once('@') {
            Some((login, servers)) => (Some(login), servers),
            None => (None, place),
        };
        let (user, password) = match login.map(|login| login.split_once(':')) {
            None => (None, None),
            Some(None) => (login, None),
            Some(Some((user, password))) => (Some(user), Some(password)),
        };
        let name = if name.is_empty() { NAME } else { name };
        let servers: Vec<_> = servers.split(',').map(address).collect::<Result<_, _>>()?;
        if servers.len() > MAX_SERVERS {
            return Err(OptionsError::Servers);
        }
        Ok(Self {
            servers,
            tls,
            authority: None,
            user: decoded(user)?,
            password: decoded(password)?,
            name: checked(name)?,
        })
    }
}

fn address(server: &str) -> Result<Address, OptionsError> {
    if server.is_empty() {
        return Err(OptionsError::Servers);
    }
    let wrong = || OptionsError::Server(server.to_owned());
    let (host, port) = match server.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or_else(wrong)?;
            (
                host,
                if port.is_empty() {
                    None
                } else {
                    Some(port.strip_prefix(':').ok_or_else(wrong)?)
                },
            )
        }
        None => match server.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (server, None),
        },
    };
    let port = match port {
        Some(port) => port.parse().ok().filter(|port| *port != 0).ok_or_else(wrong)?,
        None => PORT,
    };
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'%');
    if host.is_empty() || !host.bytes().all(fits) {
        return Err(wrong());
    }
    Ok(Address { host: host.to_owned(), port })
}

fn checked(name: &str) -> Result<String, OptionsError> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    if name.len() > MAX_NAME_BYTES || !name.bytes().all(fits) {
        return Err(OptionsError::Name(name.to_owned()));
    }
    Ok(name.to_owned())
}

fn decoded(text: Option<&str>) -> Result<Option<String>, OptionsError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let text = percent_decode_str(text).decode_utf8().map_err(|_| OptionsError::Encoding)?;
    Ok(Some(text.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> Options {
        url.parse().unwrap()
    }

    fn at(host: &str, port: u16) -> Address {
        Address { host: host.to_owned(), port }
    }

    #[test]
    fn a_url_says_where_and_as_whom() {
        let options = parsed("redis://localhost");
        assert_eq!(options.servers, [at("localhost", 6379)]);
        assert_eq!((options.tls, options.user, options.password), (false, None, None));
        assert_eq!(options.name, "caffis");
        let options = parsed("rediss://caffis:p%40s%2Fs:w@one:7000,[2001:db8::1]:7001,[::1]/blue");
        assert_eq!(options.servers, [at("one", 7000), at("2001:db8::1", 7001), at("::1", 6379)]);
        assert!(options.is_encrypted());
        assert_eq!(options.user.as_deref(), Some("caffis"));
        assert_eq!(options.password.as_deref(), Some("p@s/s:w"));
        assert_eq!(options.name, "blue");
        let options = parsed("redis://:secret@h/").with_user("other").with_password("new");
        assert_eq!(options.user.as_deref(), Some("other"));
        assert_eq!(options.password.as_deref(), Some("new"));
        assert_eq!(parsed("redis://alice@h").user.as_deref(), Some("alice"));
    }

    #[test]
    fn what_is_no_url_is_refused_with_the_reason() {
        let server = |text: &str| OptionsError::Server(text.to_owned());
        let wrong = [
            ("localhost:6379", OptionsError::Scheme),
            ("http://localhost", OptionsError::Scheme),
            ("redis://", OptionsError::Servers),
            ("redis://one,", OptionsError::Servers),
            ("redis://one:", server("one:")),
            ("redis://one:0", server("one:0")),
            ("redis://one:70000", server("one:70000")),
            ("redis://:7000", server(":7000")),
            ("redis://[::1", server("[::1")),
            ("redis://[::1]7", server("[::1]7")),
            ("redis://o ne", server("o ne")),
            ("redis://h/a/b", OptionsError::Name("a/b".to_owned())),
            ("redis://h/{a}", OptionsError::Name("{a}".to_owned())),
            ("redis://%ff@h", OptionsError::Encoding),
        ];
        for (url, error) in wrong {
            assert_eq!(url.parse::<Options>(), Err(error), "{url}");
        }
        let many = vec!["h"; MAX_SERVERS + 1].join(",");
        assert_eq!(format!("redis://{many}").parse::<Options>(), Err(OptionsError::Servers));
    }

    #[test]
    fn a_password_is_not_printed() {
        let options = parsed("redis://u:secret@h");
        assert!(!format!("{options:?}").contains("secret"));
    }
}
