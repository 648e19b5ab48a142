//! Who acts.

use caffis_schema::UserId;

/// The one who gave a command, as far as rules need to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The person, or the service's own name.
    pub user: UserId,
    /// A service of the business: in no room, and may do what no person may.
    pub service: bool,
    /// The person has this room open in the session that gave the command: what counts in rooms that
    /// one walks into.
    pub attending: bool,
}

impl Actor {
    /// A person.
    #[must_use]
    pub fn person(user: UserId, attending: bool) -> Self {
        Self { user, service: false, attending }
    }

    /// As the author of entries: none for a service.
    #[must_use]
    pub fn author(&self) -> Option<UserId> {
        (!self.service).then(|| self.user.clone())
    }
}
