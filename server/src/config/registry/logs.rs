//! How logs are written.

use crate::config::{
    field::Field,
    setting::{Group, Setting, setting},
    valid::is_filter,
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
];
