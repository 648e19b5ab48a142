//! What a relay has to know.

use std::{path::PathBuf, str::FromStr, time::Duration};

use reqwest::Url;
use standardwebhooks::Webhook;

/// The shortest key of a signature, in bytes: what Standard Webhooks recommends.
const KEY_BYTES: usize = 24;
/// The longest name in PostgreSQL.
const NAME_BYTES: usize = 63;
/// How the text of a secret may begin.
const PREFIX: &str = "whsec_";

/// Everything that `run` needs.
#[derive(Clone)]
pub struct Settings {
    /// Where PostgreSQL is.
    pub database: DatabaseSettings,
    /// The schema of the outbox.
    pub schema: String,
    /// Where events go.
    pub endpoint: EndpointSettings,
    /// How fast, and how patient.
    pub limits: Limits,
}

/// Where PostgreSQL is.
#[derive(Clone)]
pub struct DatabaseSettings {
    /// `postgresql://user@host/database?sslmode=require`.
    pub url: String,
    /// The password, instead of one in the address.
    pub password: Option<String>,
    /// Roots (PEM) for the server's certificate; none: the machine's.
    pub ca: Option<PathBuf>,
}

/// Where events go.
#[derive(Clone)]
pub struct EndpointSettings {
    /// `https://chat.example.org/api/chat/hooks/main`.
    pub url: String,
    /// What signs, in the form of Standard Webhooks; each event is signed with all of them.
    pub secrets: Vec<String>,
    /// Roots (PEM) for the receiver's certificate besides the machine's.
    pub ca: Option<PathBuf>,
}

/// How fast, and how patient.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Events that are being sent at once.
    pub in_flight: usize,
    /// How long one attempt may take.
    pub request_timeout: Duration,
    /// For how long a taken user belongs to its relay; after a crash another relay takes it then.
    pub lease: Duration,
    /// The wait after the first failed attempt; each further one doubles it.
    pub retry_first: Duration,
    /// The longest of these waits.
    pub retry_longest: Duration,
    /// How often the outbox is looked at without being woken.
    pub poll: Duration,
    /// Users that the first fill takes in a second, all relays together.
    pub fill_rate: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            in_flight: 64,
            request_timeout: Duration::from_secs(10),
            lease: Duration::from_secs(30),
            retry_first: Duration::from_secs(1),
            retry_longest: Duration::from_secs(300),
            poll: Duration::from_secs(2),
            fill_rate: 10_000,
        }
    }
}

/// Which columns of which table hold what; what is none is not mirrored.
#[derive(Clone, Debug)]
pub struct Map {
    /// The table, with or without its schema.
    pub table: String,
    /// The user's id.
    pub key: String,
    /// The name that is shown; without one, the id.
    pub name: Option<String>,
    /// The address of the picture.
    pub picture: Option<String>,
    /// The language (BCP 47).
    pub locale: Option<String>,
    /// The time zone (IANA).
    pub time_zone: Option<String>,
    /// The roles: an array, or a text with commas.
    pub roles: Option<String>,
    /// When quiet hours begin.
    pub quiet_start: Option<String>,
    /// When they end.
    pub quiet_end: Option<String>,
}

impl Map {
    /// The mapped columns besides the key, each with the field that it becomes.
    pub(crate) fn fields(&self) -> Vec<(&'static str, &str)> {
        let all = [
            ("name", &self.name),
            ("picture", &self.picture),
            ("locale", &self.locale),
            ("time_zone", &self.time_zone),
            ("roles", &self.roles),
            ("quiet_start", &self.quiet_start),
            ("quiet_end", &self.quiet_end),
        ];
        all.into_iter().filter_map(|(field, column)| Some((field, column.as_deref()?))).collect()
    }
}

/// Whether a text is the address of a PostgreSQL database.
#[must_use]
pub fn is_database(text: &str) -> bool {
    (text.starts_with("postgresql://") || text.starts_with("postgres://"))
        && tokio_postgres::Config::from_str(text).is_ok_and(|config| !config.get_hosts().is_empty())
}

/// Whether events may be posted to an address.
#[must_use]
pub fn is_endpoint(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none()
    })
}

/// Whether a text may name something in PostgreSQL. A dollar could end the text of a function, and an at sign is that
/// of our placeholders.
#[must_use]
pub fn is_name(text: &str) -> bool {
    (1..=NAME_BYTES).contains(&text.len())
        && !text.chars().any(|c| c.is_control() || matches!(c, '$' | '@'))
}

/// Whether a text is a secret in the form of Standard Webhooks, and long enough.
#[must_use]
pub fn is_secret(text: &str) -> bool {
    let bytes = text.strip_prefix(PREFIX).unwrap_or(text).trim_end_matches('=').len() * 3 / 4;
    bytes >= KEY_BYTES && Webhook::new(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_postgresql_takes() {
        assert!(is_name("users") && is_name("Full \"Name\"") && is_name(&"n".repeat(63)));
        for bad in ["", "a$b", "a@b", "a\nb", &"n".repeat(64)] {
            assert!(!is_name(bad), "{bad}");
        }
    }

    #[test]
    fn good_and_bad_values_are_told_apart() {
        for good in ["postgresql://u:p@db:5432/app", "postgres://db/app?sslmode=require"] {
            assert!(is_database(good), "{good}");
        }
        for bad in ["", "mysql://db/app", "postgresql:///app", "host=db", "postgresql://db?x=y"] {
            assert!(!is_database(bad), "{bad}");
        }
        for good in ["http://127.0.0.1:5002/api/chat/hooks/main", "https://chat.example.org/x"] {
            assert!(is_endpoint(good), "{good}");
        }
        for bad in ["", "ftp://a/b", "https://user:pass@a/b", "/api", "https://a/b#c"] {
            assert!(!is_endpoint(bad), "{bad}");
        }
        let good = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
        assert!(is_secret(good));
        for bad in ["", "whsec_", "whsec_short", "whsec_not base64 not base64 not base64", "a,b"] {
            assert!(!is_secret(bad), "{bad}");
        }
    }
}
