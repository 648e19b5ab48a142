//! Whom the chat tells what happens.
//!
//! An endpoint is named in lists: `hook_out_urls` has `name:https://…`; `hook_out_secrets` has `name:whsec_…`, two
//! while a secret is replaced; `hook_out_kinds` has `name:kind`; `hook_out_contexts` has `name:type`.

use caffis_core::outgoing::{is_context_type, is_kind_pattern};
use caffis_schema::endpoints::ENDPOINTS;
use reqwest::Url;

use super::{
    error::ConfigError,
    hooks::named,
    model::{HookSettings, Secret},
};

/// Whom the chat tells what happens.
#[derive(Clone, Debug)]
pub struct HookEndpoint {
    /// Its name: by it the store knows what it was told.
    pub name: String,
    /// Where it is.
    pub url: Url,
    /// Each of these signs.
    pub secrets: Vec<Secret>,
    /// `chat.message.created`, `room.*` or `*`.
    pub kinds: Vec<String>,
    /// The types of contexts of whose rooms it is told; none: of all rooms.
    pub contexts: Vec<String>,
}

/// The items of a list about one endpoint.
fn of<'a>(list: &'a [String], name: &str) -> impl Iterator<Item = &'a str> {
    list.iter()
        .filter_map(move |item| item.split_once(':').filter(|(n, _)| *n == name))
        .map(|i| i.1)
}

impl HookSettings {
    /// The endpoints, in the order of their names.
    ///
    /// # Errors
    /// An endpoint without secrets or without kinds, or with two addresses, or something about none.
    pub fn endpoints(&self) -> Result<Vec<HookEndpoint>, ConfigError> {
        let refuse = |sentence: String| Err(ConfigError::Conflict(sentence));
        let out = &self.out;
        let secrets: Vec<String> = out.secrets.iter().map(|secret| secret.0.clone()).collect();
        let mut endpoints: Vec<HookEndpoint> = Vec::new();
        for item in &out.urls {
            let Some((name, url)) = item.split_once(':') else { continue };
            let Ok(url) = Url::parse(url) else { continue };
            if endpoints.iter().any(|other| other.name == name) {
                return refuse(format!(
                    "hook_out_urls has two addresses for {name}: leave one out"
                ));
            }
            let own = |list| of(list, name).map(str::to_owned).collect::<Vec<_>>();
            let endpoint = HookEndpoint {
                name: name.to_owned(),
                url,
                secrets: own(&secrets).into_iter().map(Secret).collect(),
                kinds: own(&out.kinds),
                contexts: own(&out.contexts),
            };
            if endpoint.secrets.is_empty() {
                return refuse(format!(
                    "hook_out_urls has an endpoint {name} and hook_out_secrets has nothing for it: add \
                     {name}:whsec_…"
                ));
            }
            if endpoint.kinds.is_empty() {
                return refuse(format!(
                    "hook_out_urls has an endpoint {name} and hook_out_kinds does not say what it is \
                     told: add {name}:chat.* or the like"
                ));
            }
            endpoints.push(endpoint);
        }
        if endpoints.len() > ENDPOINTS {
            return refuse(format!("hook_out_urls has more than {ENDPOINTS} endpoints"));
        }
        let lists = [
            ("hook_out_secrets", &secrets),
            ("hook_out_kinds", &out.kinds),
            ("hook_out_contexts", &out.contexts),
        ];
        for (key, list) in lists {
            let names = list.iter().filter_map(|item| item.split_once(':')).map(|item| item.0);
            for name in names {
                if !endpoints.iter().any(|endpoint| endpoint.name == name) {
                    return refuse(format!(
                        "{key} has something for {name}, and hook_out_urls has no such endpoint: add \
                         {name}:https://…, or leave it out"
                    ));
                }
            }
        }
        endpoints.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(endpoints)
    }
}

/// `name:https://…`.
pub(super) fn is_url(item: &str) -> bool {
    named(item).is_some_and(|url| endpoint_url(url).is_some())
}

/// The address of an endpoint, if it is one: HTTP or HTTPS, without a login and a fragment.
#[must_use]
pub fn endpoint_url(url: &str) -> Option<Url> {
    Url::parse(url).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.host_str().is_some_and(|host| !host.is_empty())
            && url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none()
    })
}

/// `name:kind`, where the kind may end in `*`.
pub(super) fn is_kind(item: &str) -> bool {
    named(item).is_some_and(is_kind_pattern)
}

/// `name:type`, where the type is that of a context.
pub(super) fn is_context(item: &str) -> bool {
    named(item).is_some_and(is_context_type)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::HookOutSettings;

    const SECRET: &str = "push:whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    const URL: &str = "push:https://push.example.org/chat?tenant=1";

    fn settings(
        urls: &[&str],
        secrets: &[&str],
        kinds: &[&str],
        contexts: &[&str],
    ) -> HookSettings {
        let owned = |list: &[&str]| list.iter().map(|item| (*item).to_owned()).collect();
        let secrets: Vec<String> = owned(secrets);
        let out = HookOutSettings {
            urls: owned(urls),
            secrets: secrets.into_iter().map(Secret).collect(),
            kinds: owned(kinds),
            contexts: owned(contexts),
            ..HookOutSettings::default()
        };
        HookSettings { out, ..HookSettings::default() }
    }

    #[test]
    fn an_endpoint_has_what_the_lists_say_of_it() {
        let kinds = ["push:chat.*", "push:member.left", "audit:*"];
        let other = ["audit:http://10.0.0.7:8080/", "audit:whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"];
        let found = settings(&[URL, other[0]], &[SECRET, other[1]], &kinds, &["push:booking"]);
        let found = found.endpoints().unwrap();
        assert_eq!((found.len(), &*found[0].name, &*found[1].name), (2, "audit", "push"));
        assert_eq!(found[1].url.as_str(), "https://push.example.org/chat?tenant=1");
        assert_eq!((found[1].kinds.len(), found[1].contexts.len()), (2, 1));
        assert!(found[1].secrets[0].0.starts_with("whsec_C2FV"));
        assert!(settings(&[], &[], &[], &[]).endpoints().unwrap().is_empty());
    }

    #[test]
    fn half_an_endpoint_stops_the_start() {
        for (settings, part) in [
            (settings(&[URL], &[], &["push:*"], &[]), "hook_out_secrets has nothing"),
            (settings(&[URL], &[SECRET], &[], &[]), "hook_out_kinds does not say"),
            (settings(&[URL, URL], &[SECRET], &["push:*"], &[]), "two addresses"),
            (settings(&[], &[SECRET], &[], &[]), "no such endpoint"),
            (settings(&[URL], &[SECRET], &["push:*"], &["pull:cafe"]), "something for pull"),
        ] {
            let message = settings.endpoints().unwrap_err().to_string();
            assert!(message.contains(part) && !message.contains("C2FV"), "{message}");
        }
    }

    #[test]
    fn items_look_as_they_should() {
        assert!(is_url(URL) && is_url("a:http://[::1]:80/x") && is_url("a:http://10.0.0.1"));
        for bad in
            ["", "push", "push:", "push:ftp://a", "Push:https://a", "push:https://u:p@a", "a:b"]
        {
            assert!(!is_url(bad), "{bad}");
        }
        assert!(!is_url("push:https://a/#b"));
        assert!(is_kind("push:*") && is_kind("push:chat.*") && is_kind("push:user.presence"));
        for bad in ["*", "push:", "push:chat*", "push:user.upserted", "push:room.erased"] {
            assert!(!is_kind(bad), "{bad}");
        }
        assert!(is_context("push:booking") && !is_context("push:") && !is_context("push:a b"));
    }
}
