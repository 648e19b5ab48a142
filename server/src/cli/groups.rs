//! Subcommands that have subcommands.

use caffis_core::{cluster::SHARDS, model::caller::Rights};
use clap::{Arg, ArgAction, Command, value_parser};

use super::flags::{parse_time, with_settings};
use crate::config::Group;

/// The keys of services.
pub(super) fn keys() -> Command {
    const GROUPS: &[Group] = &[Group::General, Group::Store];
    let action = |name: &'static str, about: &'static str| {
        with_settings(Command::new(name).about(about), GROUPS)
    };
    let name = || Arg::new("name").required(true).help("What the key is called");
    Command::new("keys")
        .about("Make, list, rotate and revoke the keys with which services use the REST API")
        .subcommand_required(true)
        .subcommand(
            action("create", "Make a key and print it: it is shown this once")
                .arg(name().long("name").help("What the key is called: 1 to 32 of a-z, 0-9 and -"))
                .arg(
                    Arg::new("scope")
                        .long("scope")
                        .required(true)
                        .action(ArgAction::Append)
                        .value_delimiter(',')
                        .value_parser(Rights::NAMES)
                        .help("What it may do, such as rooms,members"),
                )
                .arg(
                    Arg::new("expires")
                        .long("expires")
                        .value_parser(parse_time)
                        .help("How long it is good, such as 90d [default: until it is revoked]"),
                ),
        )
        .subcommand(action("list", "Show the keys, what they may do, and when they were used last"))
        .subcommand(
            action("rotate", "Give a key a new secret and print it: it is shown this once")
                .arg(name())
                .arg(
                    Arg::new("grace")
                        .long("grace")
                        .default_value("24h")
                        .value_parser(parse_time)
                        .help("How long the old secret is still good; 0s if it has leaked"),
                ),
        )
        .subcommand(action("revoke", "End a key for good").arg(name()))
}

/// The nodes of a cluster, and what one of them can be told to do.
pub(super) fn cluster() -> Command {
    let action = |name: &'static str, about: &'static str| {
        with_settings(Command::new(name).about(about), &[Group::General])
    };
    let shard = Arg::new("shard").required(true).value_parser(value_parser!(u64).range(..SHARDS));
    let to = Arg::new("to").long("to").value_name("NODE");
    action("cluster", "Show the nodes, their leases and their shards")
        .args_conflicts_with_subcommands(true)
        .subcommand(action(
            "leave",
            "Hand the rooms of the node that runs here over to others, drain and end it",
        ))
        .subcommand(
            action("hand-over", "Hand one shard of the node that runs here over to another node")
                .arg(shard.help("The shard's number"))
                .arg(to.help(
                    "The node that gets it, by id or name [default: the one with the fewest shards]",
                )),
        )
}

/// Webhooks to other services, and what became of them.
pub(super) fn hooks() -> Command {
    let action = |name: &'static str, about: &'static str| {
        with_settings(Command::new(name).about(about), &[Group::General])
    };
    let endpoint =
        || Arg::new("endpoint").long("endpoint").value_name("NAME").help("Of this endpoint only");
    let id = || Arg::new("id").value_name("ID").help("The webhook-id of a dead letter");
    action("hooks", "Show the endpoints of webhooks, and what became of these")
        .args_conflicts_with_subcommands(true)
        .subcommand(action("list", "Show the endpoints of webhooks, and what became of these"))
        .subcommand(
            action("dead", "Show the oldest webhooks that were given up, of all nodes")
                .arg(endpoint()),
        )
        .subcommand(
            action("show", "Show a webhook that was given up, with its body")
                .arg(id().required(true)),
        )
        .subcommand(
            action(
                "redrive",
                "Send webhooks that were given up again, those of all nodes, until one is not taken",
            )
            .arg(id())
            .arg(endpoint()),
        )
}

/// The search index.
pub(super) fn search() -> Command {
    let action = |name: &'static str, about: &'static str| {
        with_settings(Command::new(name).about(about), &[Group::General])
    };
    action("search", "Show how far the last rebuild of the search index is")
        .args_conflicts_with_subcommands(true)
        .subcommand(action("status", "Show how far the last rebuild of the search index is"))
        .subcommand(action(
            "rebuild",
            "Make the search index again, room by room, on all nodes; it goes on after a restart",
        ))
}

/// The relay of users from PostgreSQL.
pub(super) fn pg_relay() -> Command {
    const GROUPS: &[Group] = &[Group::Logs, Group::Relay];
    let switch = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
    };
    let action = |name: &'static str, about: &'static str| {
        with_settings(Command::new(name).about(about), GROUPS)
    };
    action("pg-relay", "Mirror the users of the main application's PostgreSQL until a signal")
        .args_conflicts_with_subcommands(true)
        .subcommand(
            action(
                "install",
                "Print the statements that make the outbox, its triggers and the relay's role",
            )
            .arg(switch("apply", "Apply them, as the owner of the table")),
        )
        .subcommand(
            action("uninstall", "Print the statements that remove all of it")
                .arg(switch("apply", "Apply them")),
        )
        .subcommand(
            action(
                "resync",
                "Compare the users with what the receiver acknowledged, and send what differs",
            )
            .arg(switch(
                "everything",
                "Send everything: the receiver has lost what it acknowledged",
            ))
            .arg(switch("dead", "Also send what the receiver has refused: it would accept it now")),
        )
        .subcommand(
            action(
                "status",
                "Show the first fill, what waits and for how long, and what was refused",
            )
            .arg(switch("json", "As one line of JSON")),
        )
}
