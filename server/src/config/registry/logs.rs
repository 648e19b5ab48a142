//! How logs are written, and where traces go.

use crate::config::{
    field::{Field, Number},
    setting::{Group, Setting, setting},
    valid::{is_collector, is_filter},
};

const GROUP: Group = Group::Logs;

pub(super) const SETTINGS: &[Setting] = &[
    setting("log_format", GROUP, "The format of the logs", Field::LogFormat(|c| &mut c.log_format)),
    setting(
        "log_filter",
        GROUP,
        "The filter of the logs",
        Field::Text(
            |c| &mut c.log_filter,
            is_filter,
            "a level (error, warn, info, debug, trace) or directives such as info,caffis_core=debug",
        ),
    ),
    setting(
        "traces_collector",
        GROUP,
        "The address to which traces are sent by OTLP over HTTP, such as http://127.0.0.1:4318; empty: nowhere",
        Field::Maybe(|c| &mut c.traces_collector, is_collector, "an http:// or https:// address"),
    ),
    setting(
        "traces_one_in",
        GROUP,
        "Of how many commands one is traced; 1 traces all",
        Field::Count(|c| Number::U32(&mut c.traces_one_in), 1, 1_000_000),
    ),
];
