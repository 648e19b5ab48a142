//! `user.presence`.

use postcard_schema::Schema;
use serde::Serialize;

use crate::{hooks::values::Moment, ids::UserId, room::Availability};

/// A person can be reached, or not any more. Unlike all other events it does not follow from a room's log: the
/// newest counts, and one may be missed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Schema)]
pub struct UserPresence {
    /// Who.
    pub user: UserId,
    /// Whether they can be reached, on any of their devices.
    pub availability: Availability,
    /// When they were last connected; null while they are.
    pub last_seen: Option<Moment>,
}
