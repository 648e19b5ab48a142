//! Reading the settings from file, environment and flags.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    check,
    error::ConfigError,
    model::Config,
    registry::settings,
    setting::{PREFIX, Setting},
};

/// Variables of this program that are not settings.
const OTHER_VARIABLES: [&str; 2] = ["CAFFIS_CONFIG", "CAFFIS_CHAT_TOKEN"];

/// The largest configuration file, in bytes.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// The furthest a mistyped key may be from the one that is suggested.
const MAX_TYPOS: usize = 3;

/// Where settings come from, besides the defaults.
#[derive(Debug, Default)]
pub struct Sources {
    /// The configuration file.
    pub file: Option<PathBuf>,
    /// The variables of the environment.
    pub environment: Vec<(String, String)>,
    /// Keys and values from flags.
    pub flags: Vec<(String, String)>,
}

/// The configuration from these sources, checked as a whole.
///
/// # Errors
/// The first thing that is wrong.
pub fn load(sources: &Sources) -> Result<Config, ConfigError> {
    let mut config = Config::default();
    if let Some(path) = &sources.file {
        for (key, value) in read_file(path)? {
            let origin = format!("key `{key}` in {}", path.display());
            set(&mut config, &key, value, origin)?;
        }
    }
    for (name, value) in &sources.environment {
        // Other programs may use the prefix too: only names of settings count.
        if let Some(setting) = settings().find(|setting| setting.variable() == *name) {
            let origin = format!("environment variable {name}");
            set(&mut config, setting.key, Some(value.clone()), origin)?;
        }
    }
    for (key, value) in &sources.flags {
        let origin = format!("flag --{}", key.replace('_', "-"));
        set(&mut config, key, Some(value.clone()), origin)?;
    }
    if config.hosts == Config::default().hosts && !config.acme.domains.is_empty() {
        config.hosts = config.acme.domains.clone();
    }
    check::together(&config)?;
    Ok(config)
}

/// Variables that look like settings and are none, each with what may have been meant.
#[must_use]
pub fn unknown_variables(sources: &Sources) -> Vec<(&str, Option<String>)> {
    let names = sources.environment.iter().map(|(name, _)| name.as_str());
    let unknown = names.filter(|name| {
        name.starts_with(PREFIX)
            && !OTHER_VARIABLES.contains(name)
            && !settings().any(|setting| setting.variable() == *name)
    });
    let meant =
        |name: &str| Some(format!("{PREFIX}{}", nearest(&name[PREFIX.len()..])?.to_uppercase()));
    unknown.map(|name| (name, meant(name))).collect()
}

fn set(
    config: &mut Config,
    key: &str,
    value: Option<String>,
    origin: String,
) -> Result<(), ConfigError> {
    let Some(setting) = settings().find(|setting| setting.key == key) else {
        return Err(ConfigError::UnknownKey { origin, suggestion: nearest(key) });
    };
    let shown = if setting.field.hidden() {
        "(hidden)".to_owned()
    } else {
        value.as_ref().map_or("of another type".to_owned(), |value| format!("`{value}`"))
    };
    if value.is_some_and(|value| setting.field.set(config, &value)) {
        Ok(())
    } else {
        Err(ConfigError::Value { origin, value: shown, allowed: setting.field.allowed() })
    }
}

/// Keys with their values as text, or none for a value of a type that no setting has.
fn read_file(path: &Path) -> Result<Vec<(String, Option<String>)>, ConfigError> {
    let unreadable = |reason| ConfigError::File { path: path.to_owned(), reason };
    let size = fs::metadata(path).map_err(|error| unreadable(error.to_string()))?.len();
    if size > MAX_FILE_BYTES {
        return Err(unreadable(format!("it has {size} bytes, more than {MAX_FILE_BYTES}")));
    }
    let text = fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        // The message alone: the excerpt that comes with it may show a secret.
        let line = error.span().map(|span| 1 + text[..span.start].matches('\n').count());
        unreadable(match line {
            Some(line) => format!("line {line}: {}", error.message()),
            None => error.message().to_owned(),
        })
    })?;
    Ok(table.into_iter().map(|(key, value)| (key, as_text(&value))).collect())
}

fn as_text(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(truth) => Some(truth.to_string()),
        toml::Value::Array(items) => {
            let items = items.iter().map(|item| match item {
                toml::Value::String(text) if !text.contains(',') => Some(text.clone()),
                _ => None,
            });
            Some(items.collect::<Option<Vec<_>>>()?.join(","))
        }
        _ => None,
    }
}

/// The key that was probably meant.
fn nearest(key: &str) -> Option<&'static str> {
    let key = key.replace('-', "_").to_ascii_lowercase();
    let distances = settings().map(|setting: &Setting| (distance(setting.key, &key), setting));
    let (typos, setting) = distances.min_by_key(|(typos, _)| *typos)?;
    (typos <= MAX_TYPOS).then_some(setting.key)
}

/// How many letters have to change, come or go (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let change = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use std::{io::Write, time::Duration};

    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    fn from_file(text: &str) -> Result<Config, ConfigError> {
        let file = file(&format!("dev = true\n{text}"));
        load(&Sources { file: Some(file.path().to_owned()), ..Sources::default() })
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_flag_beats_the_environment_beats_the_file_beats_the_default() {
        let file = file("dev = true\nroom_queue = 11\nidle_rooms = 11\nopen_rooms = 11");
        let sources = Sources {
            file: Some(file.path().to_owned()),
            environment: pairs(&[("CAFFIS_ROOM_QUEUE", "22"), ("CAFFIS_IDLE_ROOMS", "22")]),
            flags: pairs(&[("room_queue", "33")]),
        };
        let config = load(&sources).unwrap();
        assert_eq!(config.core.room_queue, 33);
        assert_eq!(config.core.idle_rooms, 22);
        assert_eq!(config.core.open_rooms, 11);
        assert_eq!(config.core.ring_entries, Config::default().core.ring_entries);
    }

    #[test]
    fn values_of_every_type_are_read_from_a_file() {
        let config = from_file(
            "hello_timeout = \"250ms\"\nstore_reserve = \"1GiB\"\nlisten = [\"127.0.0.1:0\"]\n\
             trusted_proxies = \"10.0.0.0/8, ::1\"\nlog_format = \"json\"",
        )
        .unwrap();
        assert_eq!(config.core.hello_timeout, Duration::from_millis(250));
        assert_eq!(config.store_reserve, 1 << 30);
        assert_eq!(config.listen, ["127.0.0.1:0".parse().unwrap()]);
        assert_eq!(config.trusted_proxies.len(), 2);
    }

    #[test]
    fn an_unknown_key_is_refused_with_a_suggestion() {
        let message = from_file("hello_timeot = \"1s\"").unwrap_err().to_string();
        assert!(message.contains("`hello_timeot`"), "{message}");
        assert!(message.contains("did you mean hello_timeout?"), "{message}");
    }

    #[test]
    fn a_bad_value_is_refused_with_key_value_and_what_is_allowed() {
        for (line, parts) in [
            ("open_rooms = 0", ["`open_rooms`", "`0`", "from 1 to"]),
            ("hello_timeout = \"10\"", ["`hello_timeout`", "`10`", "such as 500ms"]),
            (
                "resend_window = \"1500ms\"",
                ["`resend_window`", "`1500ms`", "whole seconds from 1s"],
            ),
            ("entry_retention = \"999ms\"", ["`entry_retention`", "`999ms`", "whole seconds"]),
            ("resend_window = \"0s\"", ["`resend_window`", "`0s`", "whole seconds from 1s"]),
            ("hello_timeout = \"0s\"", ["`hello_timeout`", "`0s`", "from 100ms to 10m"]),
            ("idle_timeout = \"100000d\"", ["`idle_timeout`", "`100000d`", "to 1h"]),
            ("log_format = \"xml\"", ["`log_format`", "`xml`", "text or json"]),
            ("listen = [5002]", ["`listen`", "another type", "127.0.0.1:5002"]),
            ("origins = \"example.org\"", ["`origins`", "`example.org`", "https://"]),
        ] {
            let message = from_file(line).unwrap_err().to_string();
            for part in parts {
                assert!(message.contains(part), "{message} lacks {part}");
            }
        }
    }

    #[test]
    fn variables_that_are_no_settings_are_found() {
        let environment = pairs(&[("CAFFIS_OPEN_ROMS", "7"), ("CAFFIS_CONFIG", ""), ("HOME", "")]);
        let sources = Sources { environment, ..Sources::default() };
        let meant = Some("CAFFIS_OPEN_ROOMS".to_owned());
        assert_eq!(unknown_variables(&sources), [("CAFFIS_OPEN_ROMS", meant)]);
    }

    #[test]
    fn no_error_shows_a_secret() {
        for line in ["token_secret = \"hunter2\"", "token_secret = \"hunter2"] {
            let message = from_file(line).unwrap_err().to_string();
            assert!(!message.contains("hunter2"), "{message}");
        }
    }

    #[test]
    fn every_default_is_allowed_and_comes_back_as_it_is_shown() {
        let defaults = Config::default();
        for setting in settings() {
            let shown = setting.default();
            let mut config = Config::default();
            assert!(setting.field.set(&mut config, &shown), "{} = {shown}", setting.key);
            assert_eq!(setting.field.show(&config), shown, "{}", setting.key);
            assert_eq!(config.core, defaults.core, "{}", setting.key);
        }
    }
}
