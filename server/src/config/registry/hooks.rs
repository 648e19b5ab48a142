//! Who may send webhooks.

use crate::config::{
    field::Field,
    hooks::{is_kind, is_rate, is_secret},
    setting::{Group, Setting, setting},
};

const GROUP: Group = Group::Hooks;

pub(super) const SETTINGS: &[Setting] = &[
    setting(
        "hook_secrets",
        GROUP,
        "Secrets of those who may send webhooks; two of one source while its secret changes",
        Field::Secrets(
            |c| &mut c.hooks.secrets,
            is_secret,
            "source:whsec_ and 24 to 64 bytes in base64, such as main:whsec_…",
        ),
    ),
    setting(
        "hook_kinds",
        GROUP,
        "The kinds of events that each source may send",
        Field::Words(
            |c| &mut c.hooks.kinds,
            is_kind,
            "source:kind, such as main:user.*, map:meetup.updated or main:*",
        ),
    ),
    setting(
        "hook_rates",
        GROUP,
        "Events that a source may send per second on one node; 1000 if it is not listed",
        Field::Words(
            |c| &mut c.hooks.rates,
            is_rate,
            "source:number from 1 to 1000000, such as main:5000",
        ),
    ),
];
