//! Who may send webhooks, with what secrets, and what about.
//!
//! A source is named in three lists: `hook_secrets` has `name:whsec_…`, twice or more while a secret is
//! replaced; `hook_kinds` has `name:kind`; `hook_rates` has `name:number`.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use caffis_core::ports::entropy::{self, Entropy};
use caffis_schema::hooks::HookEvent;

use super::{
    error::ConfigError,
    model::{HookSettings, Secret},
};

/// Events a second of a source that has no rate of its own.
const DEFAULT_RATE: u32 = 1_000;

/// The highest rate of a source.
const MAX_RATE: u32 = 1_000_000;

/// The longest name of a source, in bytes.
const NAME_BYTES: usize = 32;

/// What secrets begin with.
const PREFIX: &str = "whsec_";

/// Who may send webhooks.
#[derive(Clone, Debug)]
pub struct HookSource {
    /// Its name, as in the address.
    pub name: String,
    /// Each of these signs.
    pub secrets: Vec<Secret>,
    /// `user.upserted`, `user.*` or `*`.
    pub kinds: Vec<String>,
    /// Events a second.
    pub rate: u32,
}

impl HookSource {
    /// Whether it may send events of a kind.
    #[must_use]
    pub fn may_send(&self, kind: &str) -> bool {
        self.kinds.iter().any(|pattern| covers(pattern, kind))
    }
}

impl HookSettings {
    /// The sources.
    ///
    /// # Errors
    /// A source without secrets or without kinds, or with two rates.
    pub fn sources(&self) -> Result<Vec<HookSource>, ConfigError> {
        let refuse = |sentence: String| Err(ConfigError::Conflict(sentence));
        let mut sources: BTreeMap<&str, HookSource> = BTreeMap::new();
        for secret in &self.secrets {
            let Some((name, secret)) = secret.0.split_once(':') else { continue };
            let source = sources.entry(name).or_insert_with(|| HookSource {
                name: name.to_owned(),
                secrets: Vec::new(),
                kinds: Vec::new(),
                rate: 0,
            });
            source.secrets.push(Secret(secret.to_owned()));
        }
        for (key, list) in [("hook_kinds", &self.kinds), ("hook_rates", &self.rates)] {
            for (name, value) in list.iter().filter_map(|item| item.split_once(':')) {
                let Some(source) = sources.get_mut(name) else {
                    return refuse(format!(
                        "{key} has `{name}:{value}`, and hook_secrets has nothing for {name}: add \
                         {name}:whsec_…, or leave it out"
                    ));
                };
                match value.parse() {
                    Ok(_) if source.rate != 0 => {
                        return refuse(format!("{key} has two rates for {name}: leave one out"));
                    }
                    Ok(rate) => source.rate = rate,
                    Err(_) => source.kinds.push(value.to_owned()),
                }
            }
        }
        if let Some(name) = sources.values().find(|s| s.kinds.is_empty()).map(|s| &s.name) {
            return refuse(format!(
                "hook_secrets has a source {name} and hook_kinds does not say what it may send: add \
                 {name}:user.* or the like"
            ));
        }
        let with_rate = |source: HookSource| HookSource {
            rate: if source.rate == 0 { DEFAULT_RATE } else { source.rate },
            ..source
        };
        Ok(sources.into_values().map(with_rate).collect())
    }
}

/// Whether a kind is one that a pattern means.
fn covers(pattern: &str, kind: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => kind.starts_with(prefix),
        None => pattern == kind,
    }
}

/// What follows `name:`, if the name is one.
pub(super) fn named(item: &str) -> Option<&str> {
    let (name, value) = item.split_once(':')?;
    let letters = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    ((1..=NAME_BYTES).contains(&name.len()) && name.bytes().all(letters)).then_some(value)
}

/// `name:whsec_…`.
pub(super) fn is_secret(item: &str) -> bool {
    named(item).is_some_and(is_webhook_secret)
}

/// `whsec_…`: 24 to 64 bytes in base64, as the specification says.
#[must_use]
pub fn is_webhook_secret(text: &str) -> bool {
    let bytes = text.strip_prefix(PREFIX);
    let bytes = bytes.and_then(|secret| BASE64_STANDARD.decode(secret).ok());
    bytes.is_some_and(|bytes| (24..=64).contains(&bytes.len()))
}

/// A new secret: 256 random bits.
#[must_use]
pub fn new_webhook_secret(entropy: &dyn Entropy) -> String {
    let bits: [u8; 32] = entropy::bytes(entropy);
    format!("{PREFIX}{}", BASE64_STANDARD.encode(bits))
}

/// `name:kind`, where the kind may end in `*`.
pub(super) fn is_kind(item: &str) -> bool {
    named(item).is_some_and(|pattern| {
        let shape = pattern == "*" || pattern.ends_with(".*") || !pattern.contains('*');
        shape && HookEvent::KINDS.iter().any(|kind| covers(pattern, kind))
    })
}

/// `name:number`.
pub(super) fn is_rate(item: &str) -> bool {
    let rate = named(item).and_then(|rate| rate.parse::<u32>().ok());
    rate.is_some_and(|rate| (1..=MAX_RATE).contains(&rate))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "main:whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    fn settings(secrets: &[&str], kinds: &[&str], rates: &[&str]) -> HookSettings {
        let owned = |list: &[&str]| list.iter().map(|item| (*item).to_owned()).collect();
        HookSettings {
            secrets: secrets.iter().map(|secret| Secret((*secret).to_owned())).collect(),
            kinds: owned(kinds),
            rates: owned(rates),
            ..HookSettings::default()
        }
    }

    #[test]
    fn a_source_has_all_of_its_secrets_and_kinds() {
        let secrets = [SECRET, "main:whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"];
        let found = settings(&secrets, &["main:user.*"], &["main:7"]).sources().unwrap();
        assert_eq!((found.len(), found[0].secrets.len(), found[0].rate), (1, 2, 7));
        assert!(found[0].may_send("user.deleted") && !found[0].may_send("cafe.opened"));
        let found = settings(&secrets[..1], &["main:user.deleted"], &[]).sources().unwrap();
        assert!(found[0].may_send("user.deleted") && !found[0].may_send("user.upserted"));
        assert_eq!(found[0].rate, DEFAULT_RATE);
        assert!(settings(&[], &[], &[]).sources().unwrap().is_empty());
    }

    #[test]
    fn half_a_source_stops_the_start() {
        for (settings, part) in [
            (settings(&[SECRET], &[], &[]), "hook_kinds does not say"),
            (settings(&[], &["main:user.*"], &[]), "nothing for main"),
            (settings(&[SECRET], &["main:*"], &["other:1"]), "nothing for other"),
            (settings(&[SECRET], &["main:*"], &["main:1", "main:2"]), "two rates"),
        ] {
            let message = settings.sources().unwrap_err().to_string();
            assert!(message.contains(part) && !message.contains("C2FV"), "{message}");
        }
    }

    #[test]
    fn items_look_as_they_should() {
        assert!(is_secret(SECRET));
        for bad in ["", "main", "main:", "main:whsec_", "main:whsec_c2hvcnQ=", "Main:whsec_AAAA"] {
            assert!(!is_secret(bad), "{bad}");
        }
        for good in ["main:*", "main:user.*", "map-2:user.deleted"] {
            assert!(is_kind(good), "{good}");
        }
        for bad in ["*", "main:", "main:user*", "main:users.*", "main:user.renamed", ":user.*"] {
            assert!(!is_kind(bad), "{bad}");
        }
        assert!(is_rate("main:1") && !is_rate("main:0") && !is_rate("main:-1") && !is_rate("1"));
    }
}
