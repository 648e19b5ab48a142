//! Mode and data folder.

use crate::config::{
    field::Field,
    setting::{Group, Setting, setting},
};

const GROUP: Group = Group::General;

pub(super) const SETTINGS: &[Setting] = &[
    setting(
        "dev",
        GROUP,
        "Development: built-in secret, demo users and rooms, loopback only",
        Field::Switch(|c| &mut c.dev),
    ),
    setting(
        "data",
        GROUP,
        "The folder of the store and the control socket",
        Field::Folder(|c| &mut c.data),
    ),
];
