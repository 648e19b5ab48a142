//! What kind of value a setting takes: how it is read, shown and explained.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use super::{
    model::{Config, LogFormat, Secret},
    network::Network,
    values::{parse_size, parse_time, show_size, show_time},
};

/// The most items in a list.
const MAX_ITEMS: usize = 64;

/// The shortest shared secret: as long as the hash of HS256.
pub(super) const SECRET_BYTES: usize = 32;

/// Where a number lies in the configuration.
pub enum Number<'a> {
    /// A small one.
    U32(&'a mut u32),
    /// A large one.
    U64(&'a mut u64),
    /// One that counts things in memory.
    Usize(&'a mut usize),
}

impl Number<'_> {
    fn get(&self) -> u64 {
        match self {
            Self::U32(number) => u64::from(**number),
            Self::U64(number) => **number,
            Self::Usize(number) => **number as u64,
        }
    }

    fn set(&mut self, value: u64) -> bool {
        match self {
            Self::U32(number) => u32::try_from(value).map(|value| **number = value).is_ok(),
            Self::U64(number) => {
                **number = value;
                true
            }
            Self::Usize(number) => usize::try_from(value).map(|value| **number = value).is_ok(),
        }
    }
}

/// The kind of a setting's value, with the way to it.
pub enum Field {
    /// Yes or no.
    Switch(fn(&mut Config) -> &mut bool),
    /// A whole number between two bounds.
    Count(fn(&mut Config) -> Number<'_>, u64, u64),
    /// A number of bytes between two bounds.
    Size(fn(&mut Config) -> Number<'_>, u64, u64),
    /// A time between two bounds in milliseconds.
    Time(fn(&mut Config) -> &mut Duration, u64, u64),
    /// A time of whole seconds, between two bounds in milliseconds.
    Seconds(fn(&mut Config) -> &mut Duration, u64, u64),
    /// A folder.
    Folder(fn(&mut Config) -> &mut PathBuf),
    /// A file, or none.
    File(fn(&mut Config) -> &mut Option<PathBuf>),
    /// Socket addresses.
    Addresses(fn(&mut Config) -> &mut Vec<SocketAddr>),
    /// Networks.
    Networks(fn(&mut Config) -> &mut Vec<Network>),
    /// Words, each of them checked, with what is allowed.
    Words(fn(&mut Config) -> &mut Vec<String>, fn(&str) -> bool, &'static str),
    /// A text, checked, with what is allowed.
    Text(fn(&mut Config) -> &mut String, fn(&str) -> bool, &'static str),
    /// A text or none, checked, with what is allowed.
    Maybe(fn(&mut Config) -> &mut Option<String>, fn(&str) -> bool, &'static str),
    /// A secret of at least so many bytes, or none.
    Secret(fn(&mut Config) -> &mut Option<Secret>, usize),
    /// Secrets, each of them checked, with what is allowed.
    Secrets(fn(&mut Config) -> &mut Vec<Secret>, fn(&str) -> bool, &'static str),
    /// An address that may hold a password, checked, with what is allowed; or none.
    Address(fn(&mut Config) -> &mut Option<Secret>, fn(&str) -> bool, &'static str),
    /// The format of the logs.
    LogFormat(fn(&mut Config) -> &mut LogFormat),
}

impl Field {
    /// Reads a value into the configuration; says no when it is not allowed.
    #[must_use]
    pub fn set(&self, config: &mut Config, text: &str) -> bool {
        self.read(config, text).is_some()
    }

    fn read(&self, config: &mut Config, text: &str) -> Option<()> {
        match self {
            Self::Switch(at) => *at(config) = text.parse().ok()?,
            Self::Count(at, from, to) => {
                let number = text.parse().ok().filter(|number| (from..=to).contains(&number))?;
                return at(config).set(number).then_some(());
            }
            Self::Size(at, from, to) => {
                let number = parse_size(text).filter(|number| (from..=to).contains(&number))?;
                return at(config).set(number).then_some(());
            }
            Self::Time(at, from, to) => {
                let bounds = Duration::from_millis(*from)..=Duration::from_millis(*to);
                *at(config) = parse_time(text).filter(|time| bounds.contains(time))?;
            }
            Self::Seconds(at, from, to) => {
                let whole = parse_time(text).filter(|time| time.subsec_nanos() == 0)?;
                let bounds = Duration::from_millis(*from)..=Duration::from_millis(*to);
                *at(config) = bounds.contains(&whole).then_some(whole)?;
            }
            Self::Folder(at) => *at(config) = (!text.is_empty()).then(|| text.into())?,
            Self::File(at) => *at(config) = (!text.is_empty()).then(|| text.into()),
            Self::Addresses(at) => *at(config) = list(text, |item| item.parse().ok())?,
            Self::Networks(at) => *at(config) = list(text, |item| item.parse().ok())?,
            Self::Words(at, good, _) => {
                *at(config) = list(text, |item| good(item).then(|| item.to_owned()))?;
            }
            Self::Text(at, good, _) => *at(config) = good(text).then(|| text.to_owned())?,
            Self::Maybe(at, good, _) => {
                *at(config) = match text {
                    "" => None,
                    text => Some(good(text).then(|| text.to_owned())?),
                };
            }
            Self::Secret(at, least) => {
                *at(config) = match text {
                    "" => None,
                    text => Some((text.len() >= *least).then(|| Secret(text.to_owned()))?),
                };
            }
            Self::Secrets(at, good, _) => {
                *at(config) = list(text, |item| good(item).then(|| Secret(item.to_owned())))?;
            }
            Self::Address(at, good, _) => {
                *at(config) = match text {
                    "" => None,
                    text => Some(good(text).then(|| Secret(text.to_owned()))?),
                };
            }
            Self::LogFormat(at) => {
                *at(config) = match text {
                    "text" => LogFormat::Text,
                    "json" => LogFormat::Json,
                    _ => return None,
                };
            }
        }
        Some(())
    }

    /// The value in a configuration; nothing when there is none.
    #[must_use]
    pub fn show(&self, config: &Config) -> String {
        let config = &mut config.clone();
        match self {
            Self::Switch(at) => at(config).to_string(),
            Self::Count(at, ..) => at(config).get().to_string(),
            Self::Size(at, ..) => show_size(at(config).get()),
            Self::Time(at, ..) | Self::Seconds(at, ..) => show_time(*at(config)),
            Self::Folder(at) => at(config).display().to_string(),
            Self::File(at) => {
                at(config).as_ref().map(|path| path.display().to_string()).unwrap_or_default()
            }
            Self::Addresses(at) => join(at(config)),
            Self::Networks(at) => join(at(config)),
            Self::Words(at, ..) => join(at(config)),
            Self::Text(at, ..) => at(config).clone(),
            Self::Maybe(at, ..) => at(config).clone().unwrap_or_default(),
            Self::Secret(at, _) => {
                at(config).as_ref().map(|_| "(hidden)".to_owned()).unwrap_or_default()
            }
            Self::Secrets(at, ..) => {
                if at(config).is_empty() {
                    String::new()
                } else {
                    "(hidden)".to_owned()
                }
            }
            Self::Address(at, ..) => {
                at(config).as_ref().map(|address| without_password(&address.0)).unwrap_or_default()
            }
            Self::LogFormat(at) => match at(config) {
                LogFormat::Text => "text".to_owned(),
                LogFormat::Json => "json".to_owned(),
            },
        }
    }

    /// The allowed values, in words.
    #[must_use]
    pub fn allowed(&self) -> String {
        match self {
            Self::Switch(_) => "true or false".to_owned(),
            Self::Count(_, from, to) => format!("a whole number from {from} to {to}"),
            Self::Size(_, from, to) => {
                format!("a size from {} to {}, such as 64MiB", show_size(*from), show_size(*to))
            }
            Self::Time(_, from, to) => format!(
                "a time from {} to {}, such as 500ms, 10s, 5m, 2h or 3d",
                show_time(Duration::from_millis(*from)),
                show_time(Duration::from_millis(*to))
            ),
            Self::Seconds(_, from, to) => format!(
                "a time of whole seconds from {} to {}, such as 10s, 5m, 2h or 3d",
                show_time(Duration::from_millis(*from)),
                show_time(Duration::from_millis(*to))
            ),
            Self::Folder(_) => "a folder".to_owned(),
            Self::File(_) => "a file".to_owned(),
            Self::Addresses(_) => {
                format!(
                    "up to {MAX_ITEMS} addresses with ports, such as 127.0.0.1:5002 or [::]:5002"
                )
            }
            Self::Networks(_) => {
                format!("up to {MAX_ITEMS} networks, such as 10.0.0.0/8 or 2001:db8::/32")
            }
            Self::Words(.., allowed) | Self::Secrets(.., allowed) => {
                format!("up to {MAX_ITEMS}: {allowed}")
            }
            Self::Text(.., allowed) | Self::Maybe(.., allowed) | Self::Address(.., allowed) => {
                (*allowed).to_owned()
            }
            Self::Secret(_, 1) => "a text".to_owned(),
            Self::Secret(_, least) => format!("at least {least} bytes"),
            Self::LogFormat(_) => "text or json".to_owned(),
        }
    }

    /// Whether the value must not be shown.
    #[must_use]
    pub fn hidden(&self) -> bool {
        matches!(self, Self::Secret(..) | Self::Secrets(..) | Self::Address(..))
    }

    /// Whether a flag may stand without a value.
    #[must_use]
    pub fn is_switch(&self) -> bool {
        matches!(self, Self::Switch(_))
    }
}

/// The items of a comma-separated list, or none if one is bad or there are too many.
fn list<T>(text: &str, item: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    let items = text.split(',').map(str::trim).filter(|text| !text.is_empty());
    let items: Vec<T> = items.map(item).collect::<Option<_>>()?;
    (items.len() <= MAX_ITEMS).then_some(items)
}

/// An address with `…` in place of its password.
fn without_password(address: &str) -> String {
    let login = address.split_once("://").and_then(|(scheme, rest)| {
        let (login, place) = rest.rsplit_once('@')?;
        let (user, _) = login.split_once(':')?;
        Some(format!("{scheme}://{user}:…@{place}"))
    });
    login.unwrap_or_else(|| address.to_owned())
}

fn join(items: &[impl ToString]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}
