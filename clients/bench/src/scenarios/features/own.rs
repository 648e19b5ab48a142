//! People: presence, status, preferences, profiles.

use caffis_schema::{
    Command, List, Reply, Text,
    command::{Profiles, SetPreferences, SetPresence},
    room::Availability,
};

use super::{
    feature::{Feature, feature},
    place::{MEMBERS, user},
};

pub(super) const FEATURES: &[Feature] = &[
    feature("away, or online", |_, n| {
        let availability = match n % 2 {
            0 => Availability::Away,
            _ => Availability::Online,
        };
        Command::SetPresence(SetPresence { availability, status: None })
    }),
    feature("status", |_, n| {
        let status = Some(Text::cut(&format!("status {n}")));
        Command::SetPresence(SetPresence { availability: Availability::Online, status })
    }),
    feature("private receipts, or no longer", |_, n| {
        Command::SetPreferences(SetPreferences { private_receipts: n.is_multiple_of(2) })
    }),
    feature("profiles of ten", |_, _| {
        Command::Profiles(Profiles { users: List::cut((0..MEMBERS).map(user).collect()) })
    })
    .check(|reply| matches!(reply, Reply::Profiles(list) if list.profiles.len() == MEMBERS)),
];
