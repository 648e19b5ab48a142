//! Arguments that several subcommands have: settings as flags, and what is read from a line.

use std::{env, path::PathBuf, time::Duration};

use anyhow::Context as _;
use caffis_schema::UserId;
use clap::{Arg, ArgMatches, Command, value_parser};

use crate::config::{Group, Setting, Sources, settings};

/// The settings of these groups as flags of a subcommand.
pub(super) fn with_settings(mut command: Command, groups: &[Group]) -> Command {
    let file = Arg::new("config")
        .long("config")
        .env("CAFFIS_CONFIG")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .help("Configuration file (TOML)");
    command = command.arg(file);
    for setting in settings().filter(|setting| groups.contains(&setting.group)) {
        command = command.arg(flag(setting));
    }
    command
}

fn flag(setting: &'static Setting) -> Arg {
    let default = setting.default();
    let shown = if default.is_empty() { "none" } else { &default };
    let help = format!(
        "{}: {} [{}] [default: {shown}]",
        setting.help,
        setting.field.allowed(),
        setting.variable()
    );
    let flag = Arg::new(setting.key)
        .long(setting.flag())
        .value_name("VALUE")
        .help_heading(setting.group.heading())
        .hide_env_values(true)
        .help(help);
    if setting.field.is_switch() {
        flag.num_args(0..=1).require_equals(true).default_missing_value("true")
    } else {
        flag
    }
}

pub(super) fn sources(arguments: &ArgMatches) -> Sources {
    let given = settings().filter_map(|setting| {
        let value = arguments.try_get_one::<String>(setting.key).ok().flatten()?;
        Some((setting.key.to_owned(), value.clone()))
    });
    let environment = env::vars_os().filter_map(|(name, value)| {
        Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
    });
    Sources {
        file: arguments.get_one::<PathBuf>("config").cloned(),
        environment: environment.collect(),
        flags: given.collect(),
    }
}

pub(super) fn required(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).required(true).value_parser(parse_user).help(help)
}

pub(super) fn path(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).required(true).value_parser(value_parser!(PathBuf)).help(help)
}

pub(super) fn number(name: &'static str, default: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).default_value(default).value_parser(value_parser!(u64)).help(help)
}

pub(super) fn user(arguments: &ArgMatches) -> anyhow::Result<UserId> {
    arguments.get_one::<UserId>("user").cloned().context("no user")
}

pub(super) fn file(arguments: &ArgMatches, name: &str) -> anyhow::Result<PathBuf> {
    arguments.get_one::<PathBuf>(name).cloned().context("no file")
}

pub(super) fn parse_user(text: &str) -> Result<UserId, String> {
    UserId::new(text).map_err(|error| error.to_string())
}

pub(super) fn parse_time(text: &str) -> Result<Duration, String> {
    crate::config::parse_time(text).ok_or_else(|| "a time such as 30m or 12h".to_owned())
}
