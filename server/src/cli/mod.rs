//! The command line.

mod flags;
mod groups;

use std::time::Duration;

use anyhow::Context as _;
use caffis_core::model::caller::Rights;
use caffis_relay::Resync;
use caffis_schema::Timestamp;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, value_parser};

use self::{
    flags::{file, number, parse_time, parse_user, path, required, sources, user, with_settings},
    groups::{cluster, hooks, keys, pg_relay, search},
};
use crate::{
    chat::{self, ChatArgs},
    commands,
    config::{Group, explain, load, unknown_variables},
    logs,
    relay::{Action, relay},
    serve,
};

/// The command line's grammar. Settings come from the registry of the configuration.
#[must_use]
pub fn grammar() -> Command {
    Command::new("caffis-chat")
        .about("A realtime chat server")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(with_settings(
            Command::new("serve").about("Serve chat; --dev needs nothing else"),
            Group::ALL,
        ))
        .subcommand(with_settings(
            Command::new("config").about("Explain every setting, with its current value"),
            Group::ALL,
        ))
        .subcommand(with_settings(
            Command::new("token")
                .about("Make a token, signed with token_secret or, with --dev, with the built-in secret")
                .arg(required("user", "The user id in the token"))
                .arg(Arg::new("name").long("name").help("The name shown"))
                .arg(
                    Arg::new("ttl")
                        .long("ttl")
                        .default_value("12h")
                        .value_parser(parse_time)
                        .help("How long it is valid, such as 30m or 12h"),
                )
                .arg(
                    Arg::new("service")
                        .long("service")
                        .action(ArgAction::SetTrue)
                        .help("A token of a service, not of a person, with the usual rights"),
                )
                .arg(
                    Arg::new("right")
                        .long("right")
                        .action(ArgAction::Append)
                        .value_parser(Rights::NAMES)
                        .help("A token of a service with this right only; may be repeated"),
                ),
            &[Group::General, Group::Tokens],
        ))
        .subcommand(with_settings(
            Command::new("revoke")
                .about("End a user's sessions and refuse tokens from before a given time")
                .arg(Arg::new("user").required(true).value_parser(parse_user).help("The user id"))
                .arg(
                    Arg::new("before")
                        .long("before")
                        .value_parser(value_parser!(u64))
                        .help("Milliseconds since 1970 [default: now]"),
                ),
            &[Group::General, Group::Store],
        ))
        .subcommand(with_settings(
            Command::new("backup")
                .about("Write the whole store to one file, also while the server runs")
                .arg(path("out", "The file to write; it must not exist")),
            &[Group::General, Group::Store],
        ))
        .subcommand(with_settings(
            Command::new("restore")
                .about("Restore a backup into a data folder without a store")
                .arg(path("in", "The file to read")),
            &[Group::General, Group::Store],
        ))
        .subcommand(with_settings(
            Command::new("migrate")
                .about("Bring the tables of a shared store to this version, as a start does")
                .arg(
                    Arg::new("dry-run")
                        .long("dry-run")
                        .action(ArgAction::SetTrue)
                        .help("Only print the statements, as CQL"),
                ),
            &[Group::General, Group::Store, Group::Cluster],
        ))
        .subcommand(with_settings(
            Command::new("seed")
                .about("Fill a development store with rooms and messages")
                .arg(number("rooms", "20", "Rooms"))
                .arg(number("messages", "2000", "Messages in all rooms together"))
                .arg(number("seed", "1", "The same seed gives the same store")),
            &[Group::General, Group::Store],
        ))
        .subcommand(with_settings(
            Command::new("health")
                .about("Fail unless the server of this data folder answers, for health checks of containers"),
            &[Group::General],
        ))
        .subcommand(keys())
        .subcommand(cluster())
        .subcommand(hooks())
        .subcommand(search())
        .subcommand(pg_relay())
        .subcommand(ChatArgs::augment_args(Command::new("chat").about("Chat in the terminal")))
}

/// Parses the command line, loads the configuration and runs.
///
/// # Errors
/// What went wrong, in words for the person at the terminal.
pub fn run() -> anyhow::Result<()> {
    let matches = grammar().get_matches();
    let Some((name, arguments)) = matches.subcommand() else { return Ok(()) };
    if name == "chat" {
        let arguments = ChatArgs::from_arg_matches(arguments)?;
        return block_on(chat::run(arguments));
    }
    // Only `cluster`, `hooks`, `keys`, `pg-relay` and `search` have one.
    let (below, arguments) = match arguments.subcommand() {
        Some((below, arguments)) => (Some(below), arguments),
        None => (None, arguments),
    };
    let sources = sources(arguments);
    let config = load(&sources)?;
    let given = |key| arguments.get_one::<String>(key);
    match name {
        "serve" => {
            let _last_lines = logs::start_with_traces(&config)?;
            for (name, meant) in unknown_variables(&sources) {
                tracing::warn!(name, meant, "this variable looks like a setting and is none");
            }
            block_on(serve::run(config))
        }
        "config" => commands::print(&explain(&config)),
        "token" => {
            let user = user(arguments)?;
            let lifetime = *arguments.get_one::<Duration>("ttl").context("no ttl")?;
            let mut service = arguments.get_flag("service").then_some(Rights::USUAL);
            for right in arguments.get_many::<String>("right").into_iter().flatten() {
                service.get_or_insert_default().grant(right);
            }
            commands::token(&config, user, given("name").cloned(), lifetime, service)
        }
        "revoke" => {
            let before = arguments.get_one::<u64>("before").copied().map(Timestamp);
            block_on(commands::revoke(config, user(arguments)?, before))
        }
        "backup" => block_on(commands::backup(config, file(arguments, "out")?)),
        "health" => commands::health(&config),
        "pg-relay" => {
            let _last_lines = below.is_none().then(|| logs::start(&config));
            block_on(relay(config, relay_action(below, arguments)))
        }
        "keys" => {
            let name = || given("name").cloned().context("no name");
            let time = |key| arguments.get_one::<Duration>(key).copied();
            match below {
                Some("create") => {
                    let rights = arguments.get_many::<String>("scope").into_iter().flatten();
                    let rights = rights.cloned().collect();
                    block_on(commands::create_key(config, name()?, rights, time("expires")))
                }
                Some("rotate") => {
                    let grace = time("grace").context("no grace")?;
                    block_on(commands::rotate_key(config, name()?, grace))
                }
                Some("revoke") => block_on(commands::revoke_key(config, name()?)),
                _ => block_on(commands::list_keys(config)),
            }
        }
        "cluster" if below == Some("leave") => commands::cluster_leave(&config),
        "cluster" if below == Some("hand-over") => {
            let shard = *arguments.get_one::<u64>("shard").context("no shard")?;
            commands::cluster_hand_over(&config, shard, given("to").cloned())
        }
        "cluster" => commands::cluster_status(&config),
        "hooks" => match below {
            Some("dead") => commands::hooks_dead(&config, given("endpoint")),
            Some("show") => commands::hooks_show(&config, given("id").cloned().context("no id")?),
            Some("redrive") => {
                commands::hooks_redrive(&config, given("endpoint").cloned(), given("id").cloned())
            }
            _ => commands::hooks_list(&config),
        },
        "search" if below == Some("rebuild") => commands::search_rebuild(&config),
        "search" => commands::search_status(&config),
        "migrate" => block_on(commands::migrate(config, arguments.get_flag("dry-run"))),
        "restore" => commands::restore(&config, &file(arguments, "in")?),
        _ => {
            let number = |key| arguments.get_one::<u64>(key).copied().unwrap_or_default();
            block_on(commands::seed(config, number("rooms"), number("messages"), number("seed")))
        }
    }
}

fn relay_action(name: Option<&str>, arguments: &ArgMatches) -> Action {
    let has = |switch| arguments.get_flag(switch);
    match name {
        Some("install") => Action::Install { apply: has("apply") },
        Some("uninstall") => Action::Uninstall { apply: has("apply") },
        Some("resync") => {
            Action::Resync(Resync { everything: has("everything"), dead: has("dead") })
        }
        Some(_) => Action::Status { json: has("json") },
        None => Action::Run,
    }
}

/// Runs on all cores, and does not wait for threads that are still busy at the end.
fn block_on<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(future);
    runtime.shutdown_timeout(Duration::from_secs(1));
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Sources, settings};

    #[test]
    fn the_grammar_is_sound() {
        grammar().debug_assert();
    }

    #[test]
    fn every_setting_is_a_flag_of_serve() {
        let grammar = grammar();
        let serve = grammar.find_subcommand("serve").unwrap();
        for setting in settings() {
            assert!(
                serve.get_arguments().any(|arg| arg.get_id() == setting.key),
                "{}",
                setting.key
            );
        }
    }

    #[test]
    fn flags_reach_the_configuration() {
        let line = ["caffis-chat", "serve", "--dev", "--open-rooms", "7", "--listen", "[::1]:0"];
        let matches = grammar().try_get_matches_from(line).unwrap();
        let (_, arguments) = matches.subcommand().unwrap();
        let sources = Sources { environment: Vec::new(), ..sources(arguments) };
        let config = load(&sources).unwrap();
        assert!(config.dev);
        assert_eq!(config.core.open_rooms, 7);
        assert_eq!(config.listen, ["[::1]:0".parse().unwrap()]);
    }
}
