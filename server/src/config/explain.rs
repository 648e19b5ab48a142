//! `caffis-chat config`: every setting with its current value.

use std::fmt::Write as _;

use super::{model::Config, registry::settings, setting::Group};

/// Explains every setting: what it does, how to set it, what is allowed, its default and its value.
#[must_use]
pub fn explain(config: &Config) -> String {
    let mut out = String::from(
        "A flag beats an environment variable, which beats the file (--config), which beats the \
         default. In the file, lists may be arrays of strings.\n",
    );
    for group in Group::ALL {
        let _ = writeln!(out, "\n# {}", group.heading());
        for setting in settings().filter(|setting| setting.group == *group) {
            let (default, value) = (setting.default(), setting.field.show(config));
            let now =
                if value == default { String::new() } else { format!("; now {}", or_none(&value)) };
            let _ = writeln!(
                out,
                "\n{key}  (--{flag}, {variable})\n    {help}\n    allowed: {allowed}\n    default: {default}{now}",
                key = setting.key,
                flag = setting.flag(),
                variable = setting.variable(),
                help = setting.help,
                allowed = setting.field.allowed(),
                default = or_none(&default),
            );
        }
    }
    out
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

#[cfg(test)]
mod tests {
    use super::{super::model::Secret, *};

    #[test]
    fn every_setting_is_explained_and_no_secret_shown() {
        let mut config = Config::default();
        config.tokens.secret = Some(Secret("a secret that must not be shown".to_owned()));
        config.cluster.bus = Some(Secret("redis://chat:must not be shown@one/blue".to_owned()));
        config.cluster.bus_password = Some(Secret("must not be shown".to_owned()));
        let text = explain(&config);
        for setting in settings() {
            assert!(text.contains(&setting.variable()), "{}", setting.key);
        }
        assert!(!text.contains("must not be shown"));
        assert!(text.contains("now redis://chat:…@one/blue"), "{text}");
    }
}
