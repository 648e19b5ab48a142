//! Who gives a command, and with what rights.

use caffis_schema::UserId;
use serde::{Deserialize, Serialize};

/// What a service of the business may do. None of it includes what people write to each other:
/// `read_history` is a right of its own that no service has unless its token names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rights {
    /// Make the room of any context, with any people.
    pub make_rooms: bool,
    /// Add and remove members and change roles, in rooms of contexts.
    pub manage_members: bool,
    /// Write notices, in rooms of contexts.
    pub write_notices: bool,
    /// Read what a room is and who is in it, in rooms of contexts.
    pub read_states: bool,
    /// Read what people write, in every room.
    pub read_history: bool,
    /// Ask about people: who may write to whom, who shares a room, who is connected, what is unread. What
    /// needs it is answered where it is asked, so other nodes do not hear of it.
    #[serde(skip)]
    pub ask_about_people: bool,
    /// See the endpoints of webhooks and their dead letters, which have what people write, and send those again.
    #[serde(skip)]
    pub manage_webhooks: bool,
    /// Read which messages people reported.
    #[serde(skip)]
    pub read_reports: bool,
    /// Import rooms and messages of the past, into every room and in the name of everybody.
    #[serde(skip)]
    pub import: bool,
    /// Close the conversation of two people who are kept apart. No token grants it.
    pub keep_apart: bool,
}

impl Rights {
    /// What a service may do whose token names no right of its own.
    pub const USUAL: Self = Self {
        make_rooms: true,
        manage_members: true,
        write_notices: true,
        read_states: true,
        read_history: false,
        ask_about_people: false,
        manage_webhooks: false,
        read_reports: false,
        import: false,
        keep_apart: false,
    };

    /// What closes the conversation of two people, and sees nothing of it.
    pub const KEEP_APART: Self = Self {
        make_rooms: false,
        manage_members: false,
        write_notices: false,
        read_states: false,
        read_history: false,
        ask_about_people: false,
        manage_webhooks: false,
        read_reports: false,
        import: false,
        keep_apart: true,
    };

    /// What imports messages into a room, and sees nothing of it.
    pub const IMPORT: Self = Self { import: true, keep_apart: false, ..Self::KEEP_APART };

    /// The names of the rights.
    pub const NAMES: [&str; 9] = [
        "rooms", "members", "notices", "states", "history", "people", "webhooks", "reports",
        "import",
    ];

    /// Adds a right by its name; false when there is none of this name.
    pub fn grant(&mut self, name: &str) -> bool {
        let Some(index) = Self::NAMES.iter().position(|known| *known == name) else { return false };
        *self.each()[index] = true;
        true
    }

    /// The names of the rights that are granted.
    pub fn granted(mut self) -> impl Iterator<Item = &'static str> {
        let granted = self.each().map(|right| *right);
        Self::NAMES.into_iter().zip(granted).filter_map(|(name, granted)| granted.then_some(name))
    }

    fn each(&mut self) -> [&mut bool; 9] {
        [
            &mut self.make_rooms,
            &mut self.manage_members,
            &mut self.write_notices,
            &mut self.read_states,
            &mut self.read_history,
            &mut self.ask_about_people,
            &mut self.manage_webhooks,
            &mut self.read_reports,
            &mut self.import,
        ]
    }
}

/// The one who gives a command, as far as rules need to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The person, or the service's own name.
    pub user: UserId,
    /// The rights of a service, which is in no room itself; none for a person.
    pub service: Option<Rights>,
    /// The person has the room open in the session that gave the command: what counts in rooms that
    /// one walks into.
    pub attending: bool,
}

impl Caller {
    /// A person.
    #[must_use]
    pub fn person(user: UserId, attending: bool) -> Self {
        Self { user, service: None, attending }
    }

    /// As the author of entries: none for a service.
    #[must_use]
    pub fn author(&self) -> Option<UserId> {
        self.service.is_none().then(|| self.user.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_granted_by_name() {
        let mut rights = Rights::default();
        assert!(rights.grant("notices") && rights.grant("history") && !rights.grant("everything"));
        assert!(rights.granted().eq(["notices", "history"]));
        assert!(rights.grant("people") && rights.ask_about_people);
        assert!(Rights::USUAL.granted().eq(["rooms", "members", "notices", "states"]));
    }
}
