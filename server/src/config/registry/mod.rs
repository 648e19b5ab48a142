//! Every setting, declared once: a file for each group.

mod cluster;
mod general;
mod hooks;
mod limits;
mod logs;
mod network;
mod relay;
mod store;
mod times;
mod tokens;
mod units;

use super::setting::Setting;

/// The settings of all groups, in the order of the help.
const GROUPS: [&[Setting]; 10] = [
    general::SETTINGS,
    network::SETTINGS,
    tokens::SETTINGS,
    hooks::SETTINGS,
    store::SETTINGS,
    cluster::SETTINGS,
    logs::SETTINGS,
    limits::SETTINGS,
    times::SETTINGS,
    relay::SETTINGS,
];

/// All settings.
pub fn settings() -> impl Iterator<Item = &'static Setting> {
    GROUPS.into_iter().flatten()
}
