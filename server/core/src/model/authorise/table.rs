//! What people may do in rooms: the one table.
//!
//! `docs/protocol.md` prints it, and a test tries each of its cells over the protocol and over REST. What depends on
//! more than role and place, such as who wrote a message, stands with the actions.

use caffis_schema::{
    Error, ErrorCode,
    room::{Role, RoomClass},
};

use super::forbidden;
use crate::model::{invites::INVITES_FROM, room::RoomState};

/// Something that people may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Reading, typing signals, hiding messages from oneself.
    Read,
    /// Sending texts.
    Write,
    /// Reacting to messages.
    React,
    /// Voting in polls.
    Vote,
    /// Editing one's own messages.
    EditOwn,
    /// Deleting one's own messages for everyone.
    DeleteOwn,
    /// Reporting messages of others.
    Report,
    /// Keeping markers, muting, following threads, and placing the room in one's own list.
    KeepMarkers,
    /// Pinning messages.
    Pin,
    /// Deleting messages of others.
    DeleteAny,
    /// Seeing what messages of others said before.
    SeeRevisions,
    /// Writing in a room that is frozen or for announcements, and without the waits of slow mode.
    WriteAnyway,
    /// Mentioning everybody in the room at once.
    MentionRoom,
    /// Removing members.
    RemoveMembers,
    /// Adding members.
    AddMembers,
    /// Making, seeing and revoking links by which people join.
    InviteByLink,
    /// Changing how people write.
    ChangeSettings,
    /// Changing the name, the description and what later members see.
    ChangeInfo,
    /// Giving and taking roles below owner.
    SetRoles,
    /// Giving and taking the role of owner.
    MakeOwners,
    /// Making another member the owner in one's place.
    Transfer,
    /// Leaving.
    Leave,
}

/// Where somebody wants to do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A group, or a room of a context.
    Group,
    /// A room of evidence.
    Evidence,
    /// A conversation of two.
    Direct,
    /// A public room, which the person has open.
    Public,
}

impl Place {
    /// Where a room belongs.
    #[must_use]
    pub fn of(room: &RoomState) -> Self {
        match room.meta.class {
            RoomClass::Public => Self::Public,
            RoomClass::Evidence => Self::Evidence,
            RoomClass::Social if room.meta.is_direct() => Self::Direct,
            RoomClass::Social => Self::Group,
        }
    }
}

/// A cell of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Yes.
    Allowed,
    /// Not for this role: `forbidden`.
    Forbidden,
    /// For nobody in such rooms: `room_class`.
    NotHere,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// What is wanted.
    pub permission: Permission,
    /// In words.
    pub name: &'static str,
    /// The least role that may.
    pub from: Role,
    /// Places where it is otherwise, for all roles.
    pub elsewhere: &'static [(Place, Verdict)],
    /// How far roles get that may not do it to everybody, in words.
    pub reach: &'static [(Role, &'static str)],
    /// The right with which a service may, in words.
    pub service: &'static str,
}

use Permission as P;
use Place::{Direct, Evidence, Public};
use Role::{Admin, Guest, Member, Moderator, Owner};
use Verdict::{Allowed, Forbidden, NotHere};

/// The members of such rooms are fixed.
const NO_MEMBERS: &[(Place, Verdict)] = &[(Direct, NotHere), (Public, NotHere)];

/// The table, in the order of [`Permission`]. People who walked into a public room count as members there.
pub static RULES: &[Rule] = &[
    row(P::Read, "read, delete messages for themselves", Guest).by("see below"),
    row(P::Write, "send text, type", Member),
    row(P::React, "react to messages", Guest),
    row(P::Vote, "vote in polls, close their own", Guest),
    row(P::EditOwn, "edit their own messages", Member).but(&[(Evidence, NotHere)]),
    row(P::DeleteOwn, "delete their own messages, unread or for a time", Guest),
    row(P::Report, "report messages of others", Guest),
    row(P::KeepMarkers, "keep markers, mute, follow threads, place the room in their list", Guest)
        .but(&[(Public, Forbidden)]),
    row(P::Pin, "pin messages", Moderator)
        .but(&[(Direct, Allowed)])
        .by("`members`, in rooms of contexts"),
    row(P::DeleteAny, "delete anybody's messages, close anybody's polls", Moderator)
        .by("`members`, in rooms of contexts"),
    row(P::SeeRevisions, "see what anybody's message said before", Moderator).by("`history`"),
    row(P::WriteAnyway, "write where others may not, without slow mode", Moderator)
        .but(&[(Direct, NotHere)]),
    row(P::MentionRoom, "mention everybody in the room", Moderator)
        .but(&[(Direct, NotHere), (Public, NotHere)])
        .by("`members`, in rooms of contexts"),
    row(P::RemoveMembers, "remove a member", Moderator)
        .but(NO_MEMBERS)
        .up_to(&[(Moderator, "guests and members"), (Admin, "all but owners")])
        .by("`members`"),
    row(P::AddMembers, "add members", Admin).but(NO_MEMBERS).by("`members`"),
    row(P::InviteByLink, "make, list and revoke invite links of groups", INVITES_FROM).but(&[
        (Evidence, NotHere),
        (Direct, NotHere),
        (Public, NotHere),
    ]),
    row(P::ChangeSettings, "set slow mode, freeze, announcements only", Admin)
        .but(&[(Direct, NotHere)])
        .by("`members`, in rooms of contexts"),
    row(P::ChangeInfo, "change name and description, and what later members see", Admin)
        .but(&[(Direct, NotHere)])
        .by("`members`, in rooms of contexts"),
    row(P::SetRoles, "give and take roles", Admin)
        .but(NO_MEMBERS)
        .up_to(&[(Admin, "all but `owner`")])
        .by("`members`"),
    row(P::MakeOwners, "give and take `owner`", Owner).but(NO_MEMBERS).by("`members`"),
    row(P::Transfer, "hand the room over", Owner).but(NO_MEMBERS),
    row(P::Leave, "leave", Guest).but(NO_MEMBERS).by("–"),
];

const fn row(permission: Permission, name: &'static str, from: Role) -> Rule {
    Rule { permission, name, from, elsewhere: &[], reach: &[], service: "no" }
}

impl Rule {
    const fn but(self, elsewhere: &'static [(Place, Verdict)]) -> Self {
        Self { elsewhere, ..self }
    }

    const fn up_to(self, reach: &'static [(Role, &'static str)]) -> Self {
        Self { reach, ..self }
    }

    const fn by(self, service: &'static str) -> Self {
        Self { service, ..self }
    }

    /// The cell of a place and a role; none for people who walked in.
    #[must_use]
    pub fn verdict(&self, place: Place, role: Option<Role>) -> Verdict {
        let elsewhere = self.elsewhere.iter().find(|(other, _)| *other == place);
        match elsewhere {
            Some((_, verdict)) => *verdict,
            None if role.unwrap_or(Member) >= self.from => Allowed,
            None => Forbidden,
        }
    }
}

/// Whether a person may do something in a room.
///
/// # Errors
/// `forbidden` for this role, `room_class` where nobody may.
pub(super) fn may(
    permission: Permission,
    role: Option<Role>,
    room: &RoomState,
) -> Result<(), Error> {
    let rule = &RULES[permission as usize];
    let place = Place::of(room);
    match rule.verdict(place, role) {
        Allowed => Ok(()),
        Forbidden => forbidden(&format!("This role may not {}.", rule.name)),
        NotHere => {
            let sentence = match place {
                Direct => "A direct conversation keeps its two people, who both write.",
                Public => "A public room has no members: people walk in and out.",
                Place::Group | Evidence => "Nothing in this room is ever changed.",
            };
            Err(Error::refused(ErrorCode::RoomClass, sentence))
        }
    }
}

/// Whether somebody of a role may remove a member of another.
#[must_use]
pub(super) fn outranks(role: Option<Role>, target: Option<Role>) -> bool {
    match role {
        Some(Owner) => true,
        Some(Admin) => target < Some(Owner),
        Some(Moderator) => target < Some(Moderator),
        Some(Member | Guest) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn each_permission_has_its_row() {
        for (place, rule) in RULES.iter().enumerate() {
            assert_eq!(rule.permission as usize, place, "{}", rule.name);
        }
        assert_eq!(P::Leave as usize + 1, RULES.len());
    }

    fn cell(rule: &Rule, place: Place, role: Option<Role>) -> &'static str {
        let reach = rule.reach.iter().find(|(limited, _)| Some(*limited) == role);
        match (rule.verdict(place, role), reach) {
            (Allowed, Some((_, reach))) => reach,
            (Allowed, None) => "yes",
            (Forbidden | NotHere, _) => "no",
        }
    }

    /// The table as `docs/protocol.md` has it.
    fn printed() -> String {
        let mut text = String::new();
        text.push_str("| | guest | member | moderator | admin | owner | in `evidence` | in a direct conversation | in a public room, while open | service |\n");
        text.push_str("|---|---|---|---|---|---|---|---|---|---|\n");
        for rule in RULES {
            let roles = Role::ALL.map(|role| cell(rule, Place::Group, Some(role))).join(" | ");
            let same = Role::ALL.iter().all(|role| {
                rule.verdict(Evidence, Some(*role)) == rule.verdict(Place::Group, Some(*role))
            });
            let evidence = if same { "the same" } else { "no" };
            let direct = cell(rule, Direct, Some(Member));
            let public = cell(rule, Public, None);
            let Rule { name, service, .. } = rule;
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "| {name} | {roles} | {evidence} | {direct} | {public} | {service} |"
            );
        }
        text
    }

    #[test]
    fn the_documentation_has_the_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../docs/protocol.md");
        let page = std::fs::read_to_string(path).expect("the page");
        let table = printed();
        assert!(page.contains(&table), "docs/protocol.md lacks this table:\n\n{table}");
    }
}
